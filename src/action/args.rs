//! A step's arguments: a JSON object whose keys are all known.

use pgrx::prelude::*;
use serde_json::{Map, Value};

use crate::criteria::nearest;
use crate::error::{Place, Result, error_hint};

/// The arguments of a step, or of a part of them.
pub struct Args<'a> {
    place: &'a Place<'a>,
    given: Option<&'a Map<String, Value>>,
}

impl<'a> Args<'a> {
    /// Refuses what is no object, and keys that are not known.
    ///
    /// # Errors
    /// 22023, with the nearest known key as HINT.
    pub fn new(place: &'a Place<'a>, args: Option<&'a Value>, known: &'static [&'static str]) -> Result<Self> {
        let given = match args {
            None => None,
            Some(Value::Object(given)) => Some(given),
            Some(other) => {
                return Err(refuse(
                    place,
                    format!("{other} is not a JSON object"),
                    list("Its keys", known),
                ));
            }
        };
        if let Some(key) = given.and_then(|given| given.keys().find(|key| !known.contains(&key.as_str()))) {
            return Err(refuse(
                place,
                format!("key \"{key}\" is not known"),
                match nearest(key, known.iter().copied()) {
                    Some(near) => format!("Perhaps you meant \"{near}\"."),
                    None => list("Its keys", known),
                },
            ));
        }
        Ok(Self { place, given })
    }

    /// The value of a key; none where it is not given, or null.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.given
            .and_then(|given| given.get(key))
            .filter(|value| !value.is_null())
    }

    /// Whether the key is there, also with null.
    pub fn has(&self, key: &str) -> bool {
        self.given.is_some_and(|given| given.contains_key(key))
    }

    /// A text.
    ///
    /// # Errors
    /// 22023 for any other value.
    pub fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.typed(key, "a string", Value::as_str)
    }

    /// A truth; where it is not given, `otherwise`.
    ///
    /// # Errors
    /// 22023 for any other value.
    pub fn truth(&self, key: &str, otherwise: bool) -> Result<bool> {
        Ok(self.typed(key, "true or false", Value::as_bool)?.unwrap_or(otherwise))
    }

    /// A whole number above 0.
    ///
    /// # Errors
    /// 22023 for any other value.
    pub fn count(&self, key: &str) -> Result<Option<i64>> {
        self.typed(key, "a whole number above 0", |value| value.as_i64().filter(|n| *n > 0))
    }

    /// A list.
    ///
    /// # Errors
    /// 22023 for any other value.
    pub fn list(&self, key: &str) -> Result<Option<&'a Vec<Value>>> {
        self.typed(key, "a JSON array", Value::as_array)
    }

    /// One of some words; where it is not given, the first.
    ///
    /// # Errors
    /// 22023 for any other, with the nearest as HINT.
    pub fn word(&self, key: &str, words: &'static [&'static str]) -> Result<&'static str> {
        let Some(given) = self.text(key)? else {
            return Ok(words.first().copied().unwrap_or_default());
        };
        words.iter().copied().find(|word| *word == given).ok_or_else(|| {
            let near = nearest(given, words.iter().copied());
            let near = near
                .map(|near| format!("Perhaps you meant \"{near}\". "))
                .unwrap_or_default();
            self.refuse(
                format!("\"{key}\": \"{given}\" is not known"),
                format!("{near}{}", list("One of", words)),
            )
        })
    }

    /// Where they stand.
    pub const fn place(&self) -> &'a Place<'a> {
        self.place
    }

    /// Refuses something about the arguments.
    pub fn refuse(&self, problem: impl Into<String>, hint: impl Into<String>) -> pgrx::pg_sys::panic::ErrorReport {
        refuse(self.place, problem, hint)
    }

    fn typed<T>(&self, key: &str, what: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(self.refuse(
                format!("\"{key}\": {value} is not {what}"),
                format!("Give \"{key}\" as {what}, or leave it out."),
            )),
        }
    }
}

fn refuse(place: &Place<'_>, problem: impl Into<String>, hint: impl Into<String>) -> pgrx::pg_sys::panic::ErrorReport {
    error_hint(
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("{place}: args: {}", problem.into()),
        hint,
    )
}

fn list(what: &str, words: &[&str]) -> String {
    if words.is_empty() {
        return "This action takes no args.".to_owned();
    }
    format!("{what}: {}.", words.join(", "))
}
