//! What PostgreSQL could not store of a JSON value, refused before it gets there; and names for its kinds.

use serde_json::Value;

use super::error::{CriteriaError, ErrorKind, below};

/// Deep enough for any real document, shallow enough for every stack.
const MAX_DEPTH: usize = 64;
/// Digits of a number; `numeric` would take more, nobody means them.
const MAX_DIGITS: usize = 1_000;
/// Powers of ten either way.
const MAX_EXPONENT: i64 = 1_000;

/// The kind of a value, with its article, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The name in `{"var": "name"}`, where a value is that.
pub fn variable(value: &Value) -> Option<&str> {
    match value {
        Value::Object(object) if object.len() == 1 => object.get("var")?.as_str(),
        _ => None,
    }
}

/// Refuses the NUL character, numbers beyond reason and nesting beyond reason.
pub(super) fn admissible(value: &Value, path: &str) -> Result<(), CriteriaError> {
    walk(value, path, 0)
}

fn walk(value: &Value, path: &str, depth: usize) -> Result<(), CriteriaError> {
    let bad = |message: String| Err(CriteriaError::new(ErrorKind::BadValue, path, message));
    if depth > MAX_DEPTH {
        return bad(format!("the value is nested more than {MAX_DEPTH} deep"));
    }
    match value {
        Value::String(s) => text(s, path),
        Value::Number(n) => match exponent(&n.to_string()) {
            Some(_) => Ok(()),
            None => bad("the number is out of range".to_owned()),
        },
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(i, item)| walk(item, &format!("{path}[{i}]"), depth + 1)),
        Value::Object(object) => object.iter().try_for_each(|(key, item)| {
            text(key, path)?;
            walk(item, &below(path, key), depth + 1)
        }),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn text(s: &str, path: &str) -> Result<(), CriteriaError> {
    if s.contains('\0') {
        let message = "the NUL character cannot be stored in PostgreSQL";
        return Err(CriteriaError::new(ErrorKind::BadValue, path, message));
    }
    Ok(())
}

/// The power of ten of a number's text, or none where the number is beyond reason.
fn exponent(number: &str) -> Option<i64> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    (mantissa.len() <= MAX_DIGITS && exponent.abs() <= MAX_EXPONENT).then_some(exponent)
}

/// The digits of a whole number, however it is written (`500`, `500.0`, `5e2`); none where it has a fraction.
pub(super) fn whole(number: &str) -> Option<i128> {
    let power = exponent(number)?;
    let mantissa = number.split(['e', 'E']).next()?;
    let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{integer}{fraction}");
    let mut power = power - i64::try_from(fraction.len()).ok()?;
    if digits.trim_start_matches('-').bytes().all(|b| b == b'0') {
        return Some(0);
    }
    while power < 0 {
        (digits.pop()? == '0').then_some(())?;
        power += 1;
    }
    digits.extend(std::iter::repeat_n('0', usize::try_from(power).ok()?));
    digits.parse().ok()
}
