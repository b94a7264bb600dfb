//! Predicates: criteria written in SQL. A first look at their tokens, for clear errors.
//!
//! This is the first line of defence and not the last: PostgreSQL then has to parse the text, put where exactly one
//! expression fits. What is refused here is what would parse and yet mean something else (a bracket that closes one it
//! did not open), and what reads the clock: a preview of a future run would then not tell the truth.

use std::fmt;
use std::ops::Range;

use super::lexer::{Token, TokenKind, tokens};

/// What was found in a predicate that is otherwise fit to be handed on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PredicateScan {
    /// The bytes of string literals, in any form and with their quotes, that may mean the current time where they are
    /// read as a date: their text has `now`, `today`, `tomorrow` or `yesterday` at its start or at that of a word in it.
    /// The caller finds out whether they are read so.
    pub date_words: Vec<Range<usize>>,
    /// The variables that it reads by `dist.var('name')`.
    pub variables: Vec<String>,
}

/// Why a predicate was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PredicateError {
    /// The byte of the text at which the fault is.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// How to mend it, where that can be told.
    pub hint: Option<String>,
    /// Whether it would be SQL, but reads the clock.
    pub reads_clock: bool,
}

impl fmt::Display for PredicateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.message, self.at + 1)
    }
}

impl std::error::Error for PredicateError {}

/// Functions that read the clock.
const CLOCK_FUNCTIONS: [&str; 5] = [
    "now",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
];
/// Keywords that read the clock; reserved, so bare they are never columns.
const CLOCK_KEYWORDS: [&str; 5] = [
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
];
/// Words that mean the current time in a date literal; `epoch` and `infinity` are fixed.
const DATE_WORDS: [&str; 4] = ["now", "today", "tomorrow", "yesterday"];

const AS_OF: &str = "Use dist.as_of(): the instant the run is about.";

/// Looks at the tokens of a predicate, before PostgreSQL's own parser has the last word.
pub fn scan(text: &str) -> Result<PredicateScan, PredicateError> {
    let tokens = tokens(text).map_err(|error| PredicateError {
        at: error.at,
        message: error.message,
        hint: error.hint.map(str::to_owned),
        reads_clock: false,
    })?;
    if tokens.is_empty() {
        return refuse(0, "there is nothing in it", "Leave it out (null) if nothing is meant.");
    }
    brackets(&tokens)?;
    let mut found = PredicateScan::default();
    for (i, token) in tokens.iter().enumerate() {
        match &token.kind {
            TokenKind::Mark(';') => {
                return refuse(token.at.start, "\";\" has no place in an expression", "Take it out.");
            }
            TokenKind::Parameter => {
                let message = "parameters such as $1 have no value here";
                return refuse(token.at.start, message, "Write the value itself.");
            }
            TokenKind::Word { name, quoted } => {
                clock(&tokens, i, name, *quoted)?;
                if reads_variable(&tokens, i) {
                    let Some(variable) = variable(&tokens, i) else {
                        return refuse(
                            token.at.start,
                            "dist.var does not say which variable it reads",
                            "Write its name as a literal: dist.var('name').",
                        );
                    };
                    found.variables.push(variable);
                }
            }
            TokenKind::Literal(value) if names_a_day(value) => found.date_words.push(token.at.clone()),
            _ => {}
        }
    }
    Ok(found)
}

/// The variables that a text of SQL reads; none where it is no text that [`scan`] accepts.
pub fn variables(text: &str) -> Vec<String> {
    let tokens = tokens(text).unwrap_or_default();
    (0..tokens.len())
        .filter(|i| reads_variable(&tokens, *i))
        .filter_map(|i| variable(&tokens, i))
        .collect()
}

/// Whether the word at `i` is the name of a function that is called, and that is `dist.var`.
fn reads_variable(tokens: &[Token], i: usize) -> bool {
    let word = |i: Option<usize>, wanted: &str| {
        i.and_then(|i| tokens.get(i))
            .is_some_and(|token| matches!(&token.kind, TokenKind::Word { name, .. } if name == wanted))
    };
    word(Some(i), "var")
        && word(i.checked_sub(2), "dist")
        && mark(tokens, i.checked_sub(1)) == Some('.')
        && mark(tokens, Some(i + 1)) == Some('(')
}

/// The variable that the call of `dist.var` at `i` names.
fn variable(tokens: &[Token], i: usize) -> Option<String> {
    match (&tokens.get(i + 2)?.kind, mark(tokens, Some(i + 3))) {
        (TokenKind::Literal(name), Some(',' | ')')) => Some(name.clone()),
        _ => None,
    }
}

fn refuse<T>(at: usize, message: impl Into<String>, hint: &str) -> Result<T, PredicateError> {
    Err(PredicateError {
        at,
        message: message.into(),
        hint: Some(hint.to_owned()),
        reads_clock: false,
    })
}

fn reads_clock(at: usize, what: &str, hint: &str) -> Result<(), PredicateError> {
    Err(PredicateError {
        at,
        message: format!("{what} reads the clock"),
        hint: Some(hint.to_owned()),
        reads_clock: true,
    })
}

fn mark(tokens: &[Token], i: Option<usize>) -> Option<char> {
    match tokens.get(i?)?.kind {
        TokenKind::Mark(c) => Some(c),
        _ => None,
    }
}

/// Every bracket closes the one opened last; so the text cannot close the brackets that are put around it.
fn brackets(tokens: &[Token]) -> Result<(), PredicateError> {
    let mut open: Vec<(char, usize)> = Vec::new();
    for token in tokens {
        let TokenKind::Mark(c) = token.kind else {
            continue;
        };
        let at = token.at.start;
        match c {
            '(' | '[' => open.push((c, at)),
            ')' | ']' => {
                let partner = if c == ')' { '(' } else { '[' };
                match open.pop() {
                    Some((opened, _)) if opened == partner => {}
                    _ => {
                        return refuse(at, format!("\"{c}\" closes nothing"), "Balance the brackets.");
                    }
                }
            }
            _ => {}
        }
    }
    match open.pop() {
        Some((c, at)) => refuse(at, format!("\"{c}\" is never closed"), "Balance the brackets."),
        None => Ok(()),
    }
}

/// Refuses the word where it reads the clock.
fn clock(tokens: &[Token], i: usize, name: &str, quoted: bool) -> Result<(), PredicateError> {
    let at = tokens.get(i).map_or(0, |token| token.at.start);
    let dotted = mark(tokens, i.checked_sub(1)) == Some('.');
    if !quoted && !dotted && CLOCK_KEYWORDS.contains(&name) {
        return reads_clock(at, name, AS_OF);
    }
    let called = mark(tokens, Some(i + 1)) == Some('(');
    if !called || !(CLOCK_FUNCTIONS.contains(&name) || name == "age") {
        return Ok(());
    }
    if dotted && !is_pg_catalog(tokens, i) {
        return Ok(());
    }
    if name != "age" {
        return reads_clock(at, &format!("{name}()"), AS_OF);
    }
    if arguments(tokens, i + 1) == 1 {
        return reads_clock(
            at,
            "age() of one argument",
            "Use age(dist.as_of(), ...) with both arguments.",
        );
    }
    Ok(())
}

/// Whether the dotted name that ends at `i` is one of `pg_catalog`; a function of the user's own schema is their own.
fn is_pg_catalog(tokens: &[Token], i: usize) -> bool {
    match i.checked_sub(2).and_then(|at| tokens.get(at)).map(|token| &token.kind) {
        Some(TokenKind::Word { name, .. }) => name == "pg_catalog",
        _ => false,
    }
}

/// How many arguments stand between the bracket at `open` and its partner.
fn arguments(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    let mut count = 1;
    for token in tokens.iter().skip(open) {
        match token.kind {
            TokenKind::Mark('(' | '[') => depth += 1,
            TokenKind::Mark(')' | ']') => depth = depth.saturating_sub(1),
            TokenKind::Mark(',') if depth == 1 => count += 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    count
}

/// Whether one of the words begins the text or a word in it: `today`, ` Now`, `12:00 tomorrow`, `[today,tomorrow)`.
fn names_a_day(text: &str) -> bool {
    let text = text.to_lowercase();
    DATE_WORDS.iter().any(|word| {
        text.match_indices(word)
            .any(|(at, _)| !text[..at].chars().next_back().is_some_and(char::is_alphabetic))
    })
}
