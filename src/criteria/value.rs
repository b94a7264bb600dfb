//! From a JSON value to the text of a literal, or the reason why the value does not fit the column.

use serde_json::Value;

use super::clock;
use super::error::{CriteriaError, ErrorKind};
use super::json;
use super::types::{Kind, Type};

/// What is being compared, for messages.
pub(super) struct Place<'a> {
    pub(super) field: &'a str,
    pub(super) path: &'a str,
}

impl Place<'_> {
    fn wrong(&self, column: &Type, wanted: &str, value: &Value) -> CriteriaError {
        let message = format!(
            "\"{}\" is {}: it takes {wanted}, not {}",
            self.field,
            column.shown,
            json::kind(value)
        );
        let error = CriteriaError::new(ErrorKind::WrongType, self.path, message);
        match value {
            Value::String(s)
                if wanted == "a number" && serde_json::from_str::<serde_json::Number>(s.trim()).is_ok() =>
            {
                error.hint(format!("Write the number without quotes: {}", s.trim()))
            }
            Value::String(s) if wanted == "a boolean" && matches!(s.as_str(), "true" | "false") => {
                error.hint(format!("Write {s} without quotes."))
            }
            Value::Number(_) | Value::Bool(_) if column.example().is_some() => {
                error.hint(format!("Write it like {}.", column.example().unwrap_or_default()))
            }
            Value::Number(n) if wanted == "a string" => error.hint(format!("Write it in quotes: \"{n}\"")),
            Value::Bool(b) if wanted == "a string" => error.hint(format!("Write it in quotes: \"{b}\"")),
            _ => error,
        }
    }

    fn bad(&self, message: impl Into<String>) -> CriteriaError {
        CriteriaError::new(ErrorKind::BadValue, self.path, message)
    }
}

/// The text of the literal, unquoted; the caller quotes it and casts it to the column's [`Type::sql`].
pub(super) fn literal(column: &Type, value: &Value, place: &Place<'_>) -> Result<String, CriteriaError> {
    let number = || match value {
        Value::Number(n) => Ok(n.to_string()),
        _ => Err(place.wrong(column, "a number", value)),
    };
    match column.kind {
        Kind::Whole(least, most) => whole(&number()?, least, most, place),
        Kind::Decimal => number(),
        Kind::Float(double) => float(number()?, double, place),
        Kind::Text | Kind::Opaque | Kind::Other => string(column, value, place),
        Kind::Boolean => boolean(column, value, place),
        Kind::Date | Kind::Time | Kind::TimeTz | Kind::Timestamp | Kind::TimestampTz => {
            time(column, &string(column, value, place)?, place)
        }
        Kind::Interval => interval(&string(column, value, place)?, place),
        Kind::Uuid => uuid(&string(column, value, place)?, place),
        Kind::Json => Ok(value.to_string()),
    }
}

/// A string, whatever the column holds: patterns and pieces of text.
pub(super) fn string(column: &Type, value: &Value, place: &Place<'_>) -> Result<String, CriteriaError> {
    match value {
        Value::String(s) => Ok(s.clone()),
        _ => Err(place.wrong(column, "a string", value)),
    }
}

/// A pattern of `like`.
pub(super) fn pattern(text: String, place: &Place<'_>) -> Result<String, CriteriaError> {
    let trailing = text.chars().rev().take_while(|c| *c == '\\').count();
    if trailing % 2 == 1 {
        return Err(place
            .bad("the pattern ends with the escape character \\")
            .hint("Double the backslash, or use \"suffix\", which takes its value literally."));
    }
    Ok(text)
}

/// A piece of text to look for.
pub(super) fn piece(text: String, place: &Place<'_>) -> Result<String, CriteriaError> {
    if text.is_empty() {
        return Err(place
            .bad("an empty text is found in every text")
            .hint("Use \"is not null\" if that is meant."));
    }
    Ok(text)
}

/// An interval, spelled out.
pub(super) fn interval(text: &str, place: &Place<'_>) -> Result<String, CriteriaError> {
    clock::interval(text).ok_or_else(|| {
        place
            .bad(format!("cannot read \"{text}\" as an interval"))
            .hint("Write it like \"30 days\", \"1 year 6 months\", \"90 minutes\" or \"1 day 02:30\"; never negative.")
    })
}

fn whole(number: &str, least: i64, most: i64, place: &Place<'_>) -> Result<String, CriteriaError> {
    match json::whole(number) {
        Some(n) if (i128::from(least)..=i128::from(most)).contains(&n) => Ok(n.to_string()),
        _ => Err(place.bad(format!(
            "{number} does not fit \"{}\", which holds whole numbers from {least} to {most}",
            place.field
        ))),
    }
}

fn float(number: String, double: bool, place: &Place<'_>) -> Result<String, CriteriaError> {
    let zero = number
        .split(['e', 'E'])
        .next()
        .is_some_and(|m| !m.bytes().any(|b| (b'1'..=b'9').contains(&b)));
    let fits = if double {
        number.parse::<f64>().is_ok_and(|f| f.is_finite() && (zero || f != 0.0))
    } else {
        number.parse::<f32>().is_ok_and(|f| f.is_finite() && (zero || f != 0.0))
    };
    if fits {
        Ok(number)
    } else {
        Err(place.bad(format!("{number} is out of range for \"{}\"", place.field)))
    }
}

fn boolean(column: &Type, value: &Value, place: &Place<'_>) -> Result<String, CriteriaError> {
    match value {
        Value::Bool(b) => Ok(b.to_string()),
        _ => Err(place.wrong(column, "a boolean", value)),
    }
}

fn time(column: &Type, text: &str, place: &Place<'_>) -> Result<String, CriteriaError> {
    let (form, example) = match column.kind {
        Kind::Date => ("a date", "2026-01-31"),
        Kind::Time => ("a time of day", "06:30"),
        Kind::TimeTz => ("a time of day", "06:30+01:00"),
        Kind::Timestamp => ("a date and time without a zone", "2026-01-31 06:30"),
        _ => ("a date and time", "2026-01-31 06:30+01:00"),
    };
    let written = clock::read(text).unwrap_or_default();
    let midnight = || "00:00:00".to_owned();
    // What has no zone is UTC, said in the literal so that the session's zone has no part in it.
    let utc = || "+00:00".to_owned();
    let literal = match (column.kind, written.date, written.time, written.zone) {
        (Kind::Date, Some(date), None, _) => Some(date),
        (Kind::Time, None, Some(time), None) => Some(time),
        (Kind::TimeTz, None, Some(time), zone) => Some(format!("{time}{}", zone.unwrap_or_else(utc))),
        (Kind::Timestamp, Some(date), time, None) => Some(format!("{date} {}", time.unwrap_or_else(midnight))),
        (Kind::TimestampTz, Some(date), time, zone) => Some(format!(
            "{date} {}{}",
            time.unwrap_or_else(midnight),
            zone.unwrap_or_else(utc)
        )),
        _ => None,
    };
    literal.ok_or_else(|| {
        place
            .bad(format!("cannot read \"{text}\" as {form} for \"{}\"", place.field))
            .hint(format!(
                "Write it like \"{example}\"; for times relative to the run use \"older than\" or \"newer than\"."
            ))
    })
}

fn uuid(text: &str, place: &Place<'_>) -> Result<String, CriteriaError> {
    let bare = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
    let groups: Vec<usize> = bare.split('-').map(str::len).collect();
    let shaped = groups == [8, 4, 4, 4, 12] || groups == [32];
    if shaped && bare.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        Ok(bare.to_ascii_lowercase())
    } else {
        Err(place.bad(format!("cannot read \"{text}\" as a uuid")))
    }
}
