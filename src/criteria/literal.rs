//! The string literals of PostgreSQL's SQL, in all their forms: where each one ends and what it says.

use super::lexer::{LexError, Lexer, TokenKind, in_word, is_space};

const PLAIN_BACKSLASH: &str = "Write the literal as E'...' with every backslash doubled.";

/// Which escapes a literal takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    None,
    /// `B''` and `X''`: digits only.
    Bits,
    Backslash,
    Unicode,
}

impl Lexer<'_> {
    /// A dollar-quoted literal, or a parameter.
    pub(super) fn dollar(&mut self, start: usize) -> Result<TokenKind, LexError> {
        self.at += 1;
        if !self.eat_while(|c| c.is_ascii_digit()).is_empty() {
            return match self.peek() {
                Some(c) if in_word(c) => self.error(start, "trailing junk after a parameter", None),
                _ => Ok(TokenKind::Parameter),
            };
        }
        self.eat_while(|c| in_word(c) && c != '$');
        if !self.eat("$") {
            return self.error(start, "unexpected character '$'", None);
        }
        let tag = self.text.get(start..self.at).unwrap_or("$$");
        let rest = self.rest();
        match rest.find(tag) {
            Some(end) => {
                self.at += end + tag.len();
                Ok(TokenKind::Literal(rest.get(..end).unwrap_or_default().to_owned()))
            }
            None => self.error(start, "unterminated dollar-quoted string", None),
        }
    }

    /// A literal in single quotes; one that goes on after a line break is one literal, as the standard has it.
    pub(super) fn string(&mut self, start: usize, opening: usize, escapes: Escapes) -> Result<TokenKind, LexError> {
        self.at += opening;
        let mut value = String::new();
        loop {
            let part = self.eat_while(|c| c != '\'' && c != '\\');
            value.push_str(part);
            match (self.peek(), escapes) {
                (None, _) => return self.error(start, "unterminated string literal", None),
                (Some('\\'), Escapes::Backslash) => self.backslash(&mut value, start)?,
                (Some('\\'), _) => {
                    self.at += 1;
                    value.push('\\');
                    if escapes == Escapes::None && self.peek() == Some('\'') {
                        // With standard_conforming_strings off, the literal would not end here.
                        return self.error(start, "a backslash before a quote is ambiguous", Some(PLAIN_BACKSLASH));
                    }
                }
                _ if self.eat("''") => value.push('\''),
                _ => {
                    self.at += 1;
                    if !self.continued() {
                        break;
                    }
                }
            }
        }
        // In these, a doubled quote is no quote but the start of another literal.
        if escapes == Escapes::Bits && !value.bytes().all(|b| b.is_ascii_hexdigit()) {
            return self.error(start, "malformed bit string", None);
        }
        let value = if escapes == Escapes::Unicode {
            self.unicode(&value, start)?
        } else {
            value
        };
        Ok(TokenKind::Literal(value))
    }

    /// Whether the literal goes on: white space with a line break in it (line comments allowed), then a quote.
    fn continued(&mut self) -> bool {
        let end = self.at;
        let mut broken = false;
        loop {
            let space = self.eat_while(is_space);
            broken |= space.contains(['\n', '\r']);
            if self.rest().starts_with("--") {
                self.eat_while(|c| c != '\n' && c != '\r');
            } else {
                break;
            }
        }
        if broken && self.eat("'") {
            return true;
        }
        self.at = end;
        false
    }

    /// One escape of an `E''` literal.
    fn backslash(&mut self, value: &mut String, start: usize) -> Result<(), LexError> {
        self.at += 1;
        let Some(c) = self.peek() else {
            return self.error(start, "unterminated string literal", None);
        };
        self.at += c.len_utf8();
        let code = match c {
            'b' => Some(8),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'u' => self.code(4, 16),
            'U' => self.code(8, 16),
            'x' if self.peek().is_some_and(|c| c.is_ascii_hexdigit()) => self.short_code(2, 16),
            '0'..='7' => {
                self.at -= 1;
                self.short_code(3, 8)
            }
            other => Some(u32::from(other)),
        };
        // Bytes above 127 are pieces of characters in some encoding; no one needs to write them so.
        let short = matches!(c, 'x' | '0'..='7');
        match code
            .filter(|code| *code != 0 && (!short || *code < 128))
            .and_then(char::from_u32)
        {
            Some(decoded) => {
                value.push(decoded);
                Ok(())
            }
            None => self.error(
                start,
                "unsupported escape in a string literal",
                Some("Write the character itself."),
            ),
        }
    }

    /// Exactly this many digits.
    fn code(&mut self, length: usize, radix: u32) -> Option<u32> {
        let digits = self
            .rest()
            .get(..length)
            .filter(|d| d.chars().all(|c| c.is_digit(radix)))?;
        self.at += length;
        u32::from_str_radix(digits, radix).ok()
    }

    /// Up to this many digits.
    fn short_code(&mut self, most: usize, radix: u32) -> Option<u32> {
        let length = self.rest().chars().take(most).take_while(|c| c.is_digit(radix)).count();
        self.code(length, radix)
    }

    /// Decodes `\0041` and `\+000041`.
    pub(super) fn unicode(&self, raw: &str, start: usize) -> Result<String, LexError> {
        let mut decoder = Lexer { text: raw, at: 0 };
        let mut out = String::new();
        loop {
            out.push_str(decoder.eat_while(|c| c != '\\'));
            if !decoder.eat("\\") {
                return Ok(out);
            }
            if decoder.eat("\\") {
                out.push('\\');
                continue;
            }
            let length = if decoder.eat("+") { 6 } else { 4 };
            match decoder
                .code(length, 16)
                .filter(|code| *code != 0)
                .and_then(char::from_u32)
            {
                Some(c) => out.push(c),
                None => {
                    return self.error(start, "unsupported Unicode escape", Some("Write the character itself."));
                }
            }
        }
    }
}
