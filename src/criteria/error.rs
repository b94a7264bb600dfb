//! What is wrong with a criterion: where it is, what it is, and how to mend it.

use std::fmt;

/// A criterion that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriteriaError {
    /// Where in the JSON, such as `$.all[1].value`.
    pub path: String,
    /// The kind of fault, which decides the SQLSTATE.
    pub kind: ErrorKind,
    /// What is wrong.
    pub message: String,
    /// How to mend it, where that can be told.
    pub hint: Option<String>,
}

/// The kinds of fault, each with the SQLSTATE it is raised as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Not a node of the grammar (22023).
    Malformed,
    /// The relation has no such column (42703).
    UnknownColumn,
    /// There is no such relation (42P01).
    UnknownRelation,
    /// There is no such variable (42704).
    UnknownVariable,
    /// The value, or the column, is of a type that does not fit (42804).
    WrongType,
    /// The value is of the right type but cannot be read as one (22P02).
    BadValue,
    /// No such operator, or none for this column's type (42883).
    UnknownOperator,
}

impl CriteriaError {
    pub(super) fn new(kind: ErrorKind, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            kind,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for CriteriaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at {})", self.message, self.path)
    }
}

impl std::error::Error for CriteriaError {}

/// The name most like the wanted one, if any is like it enough to be worth a hint. Of equals, the first.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = wanted.to_lowercase();
    // A slip in every third letter is still a slip; more than that is another word.
    let limit = (folded.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for name in names {
        let distance = strsim::damerau_levenshtein(&folded, &name.to_lowercase());
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// `Did you mean "x"?` for the nearest name, else the list of what there is, as long as it stays readable.
pub(super) fn suggest<'a>(wanted: &str, what: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    const SHOWN: usize = 12;
    if let Some(name) = nearest(wanted, names.clone()) {
        return format!("Did you mean \"{name}\"?");
    }
    let list: Vec<&str> = names.clone().take(SHOWN).collect();
    let end = if names.count() > SHOWN { ", ..." } else { "." };
    format!("{what}: {}{end}", list.join(", "))
}

/// The path of a key below a node: `$.on.lead_id`, or `$.on["lead id"]` where the key is no plain word.
pub(super) fn below(path: &str, key: &str) -> String {
    let plain = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !key.is_empty();
    if plain {
        format!("{path}.{key}")
    } else {
        format!("{path}[{}]", serde_json::Value::from(key))
    }
}
