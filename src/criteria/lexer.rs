//! A lexer for PostgreSQL's SQL, after its own rules: just enough to see where literals end and names begin.
//!
//! It errs on the side of refusing: a text whose tokens would depend on a setting, or that it cannot read, is an error.

use std::ops::Range;

use super::literal::Escapes;

/// A token; comments and white space are not tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Its bytes in the text.
    pub(super) at: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or keyword, folded to lower case unless quoted.
    Word {
        name: String,
        quoted: bool,
    },
    /// A string literal in any of its forms, decoded.
    Literal(String),
    Number,
    /// `$1`
    Parameter,
    /// `( ) [ ] , ; . :` and the like
    Mark(char),
    Operator(String),
}

/// A text that cannot be split into tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LexError {
    pub(super) at: usize,
    pub(super) message: String,
    pub(super) hint: Option<&'static str>,
}

/// Splits a text into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, LexError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip()?;
        let start = lexer.at;
        match lexer.token()? {
            Some(kind) => tokens.push(Token {
                kind,
                at: start..lexer.at,
            }),
            None => return Ok(tokens),
        }
    }
}

/// The text and how far it has been read.
pub(super) struct Lexer<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c')
}

fn starts_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

pub(super) fn in_word(c: char) -> bool {
    starts_word(c) || c.is_ascii_digit() || c == '$'
}

fn is_operator(c: char) -> bool {
    "~!@#^&|`?+-*/%<>=".contains(c)
}

impl<'a> Lexer<'a> {
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn eat(&mut self, prefix: &str) -> bool {
        let found = self.rest().starts_with(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    pub(super) fn eat_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    pub(super) fn error<T>(
        &self,
        at: usize,
        message: impl Into<String>,
        hint: Option<&'static str>,
    ) -> Result<T, LexError> {
        Err(LexError {
            at,
            message: message.into(),
            hint,
        })
    }

    /// White space and comments; block comments nest.
    fn skip(&mut self) -> Result<(), LexError> {
        loop {
            self.eat_while(is_space);
            let start = self.at;
            if self.eat("--") {
                self.eat_while(|c| c != '\n' && c != '\r');
            } else if self.eat("/*") {
                let mut depth = 1_usize;
                while depth > 0 {
                    if self.eat("/*") {
                        depth += 1;
                    } else if self.eat("*/") {
                        depth -= 1;
                    } else if let Some(c) = self.peek() {
                        self.at += c.len_utf8();
                    } else {
                        return self.error(start, "unterminated comment", None);
                    }
                }
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Option<TokenKind>, LexError> {
        let Some(c) = self.peek() else {
            return Ok(None);
        };
        let start = self.at;
        let kind = match c {
            '\'' => self.string(start, 1, Escapes::None)?,
            '"' => self.quoted_name(start, false)?,
            '$' => self.dollar(start)?,
            '0'..='9' => self.number(start)?,
            _ if starts_word(c) => self.word(start)?,
            '(' | ')' | '[' | ']' | ',' | ';' | '.' | ':' => {
                self.at += 1;
                TokenKind::Mark(c)
            }
            _ if is_operator(c) => self.operator(),
            _ => return self.error(start, format!("unexpected character {c:?}"), None),
        };
        Ok(Some(kind))
    }

    fn word(&mut self, start: usize) -> Result<TokenKind, LexError> {
        let rest = self.rest();
        let prefix = |p: &str| rest.get(..p.len()).is_some_and(|head| head.eq_ignore_ascii_case(p));
        if prefix("e'") {
            return self.string(start, 2, Escapes::Backslash);
        }
        if prefix("n'") {
            return self.string(start, 2, Escapes::None);
        }
        if prefix("b'") || prefix("x'") {
            return self.string(start, 2, Escapes::Bits);
        }
        if prefix("u&'") {
            return self.string(start, 3, Escapes::Unicode);
        }
        if prefix("u&\"") {
            self.at += 2;
            return self.quoted_name(start, true);
        }
        let name = self.eat_while(in_word).to_ascii_lowercase();
        if name == "uescape" {
            return self.error(
                start,
                "UESCAPE is not supported",
                Some("Use the default escape, the backslash."),
            );
        }
        Ok(TokenKind::Word { name, quoted: false })
    }

    fn number(&mut self, start: usize) -> Result<TokenKind, LexError> {
        self.eat_while(|c| c.is_ascii_digit());
        if self.peek() == Some('.') {
            self.at += 1;
            self.eat_while(|c| c.is_ascii_digit());
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            if self.eat_while(|c| c.is_ascii_digit()).is_empty() {
                return self.error(start, "malformed number", None);
            }
        }
        // Versions differ in what they make of 1_000, 0x1F and 1a.
        match self.peek() {
            Some(c) if in_word(c) => self.error(start, "trailing junk after a number", Some("Write plain digits.")),
            _ => Ok(TokenKind::Number),
        }
    }

    fn operator(&mut self) -> TokenKind {
        let start = self.at;
        let run = self.eat_while(is_operator);
        let end = [run.find("--"), run.find("/*")]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(run.len());
        self.at = start + end;
        TokenKind::Operator(run.get(..end).unwrap_or_default().to_owned())
    }

    fn quoted_name(&mut self, start: usize, unicode: bool) -> Result<TokenKind, LexError> {
        self.at += 1;
        let mut name = String::new();
        loop {
            name.push_str(self.eat_while(|c| c != '"'));
            if self.eat("\"\"") {
                name.push('"');
            } else if self.eat("\"") {
                break;
            } else {
                return self.error(start, "unterminated quoted identifier", None);
            }
        }
        if name.is_empty() {
            return self.error(start, "zero-length quoted identifier", None);
        }
        if unicode {
            name = self.unicode(&name, start)?;
        }
        Ok(TokenKind::Word { name, quoted: true })
    }
}
