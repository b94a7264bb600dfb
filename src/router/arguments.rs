//! A step's arguments as SQL: each value as a literal of its parameter's type, converted by PostgreSQL from JSON.

use std::collections::BTreeMap;

use pgrx::prelude::*;
use serde_json::Value;

use crate::criteria::{quote_ident, quote_literal};
use crate::error::{Place, Result, at, error_hint, internal};
use crate::router::each::Subject;
use crate::router::{expression, variables};
use crate::signature::{Function, Given, Param, type_for};
use crate::xact::trial;

/// A step's arguments, with what stands for something else replaced.
#[derive(Default)]
pub struct Filled {
    /// The values: each `{"var": "name"}` is what the variable is now, each `{"literal": value}` the value.
    pub values: Option<Value>,
    /// SQL of what stands for something of a segment, which is null among the values; by name, or by place from 1.
    placed: BTreeMap<String, String>,
    listed: bool,
    /// Whether one of them is the cursor.
    pub reads_cursor: bool,
    /// Whether one of them is the array of keys.
    pub reads_keys: bool,
}

impl Filled {
    /// From arguments as they were written.
    ///
    /// # Errors
    /// 42704 for a variable that is not there; what is wrong with what stands for something of the segment.
    pub fn of(place: &Place<'_>, args: Option<&Value>, subject: Option<&Subject>) -> Result<Self> {
        let mut filled = Self::default();
        let mut one = |key: String, value: &Value| -> Result<Value> {
            if let Some(name) = variables::named(value) {
                return variables::json(place, "args", name);
            }
            if let Some(subject) = subject
                && let Some(sql) = subject.argument(place, value)?
            {
                filled.reads_cursor |= value.get("cursor").is_some();
                filled.reads_keys |= value.get("keys").is_some();
                filled.placed.insert(key, sql);
                return Ok(Value::Null);
            }
            Ok(match value {
                Value::Object(object) if object.len() == 1 => object.get("literal").unwrap_or(value).clone(),
                _ => value.clone(),
            })
        };
        let values = match args {
            Some(Value::Object(named)) => {
                let values = named
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), one(name.clone(), value)?)));
                Some(Value::Object(values.collect::<Result<_>>()?))
            }
            Some(Value::Array(list)) => {
                let values = list.iter().zip(1_usize..).map(|(value, n)| one(n.to_string(), value));
                Some(Value::Array(values.collect::<Result<_>>()?))
            }
            other => other.cloned(),
        };
        filled.listed = matches!(values, Some(Value::Array(_)));
        filled.values = values;
        Ok(filled)
    }

    /// The SQL that is given for a parameter; none where it is a value.
    fn placed(&self, n: usize, param: &Param) -> Option<&String> {
        if self.listed {
            self.placed.get(&n.to_string())
        } else {
            self.placed.get(&param.name)
        }
    }
}

/// The literal of each parameter that takes a value, with its type; the expression of its default where none is given.
///
/// # Errors
/// 0A000 for what JSON has no value of, and for dates that move; else why a value does not convert.
pub fn values(place: &Place<'_>, function: &Function, given: &Given<'_>, filled: &Filled) -> Result<Vec<String>> {
    let for_any: Vec<&Value> = function
        .inputs()
        .zip(given)
        .filter(|((n, param), _)| param.pseudo.is_some() && filled.placed(*n, param).is_none())
        .filter_map(|(_, (_, value))| *value)
        .collect();
    let mut typed: Vec<(usize, &Param, &Value, String)> = Vec::new();
    for ((n, param), (_, value)) in function.inputs().zip(given) {
        let (Some(value), None) = (value, filled.placed(n, param)) else {
            continue;
        };
        let type_sql = match &param.pseudo {
            None => param.type_sql.clone(),
            // Of VARIADIC "any" the call has the array.
            Some(pseudo) => {
                type_for(if param.mode == 'v' { "anyarray" } else { pseudo }, value, &for_any).map_err(|misfit| {
                    error_hint(
                        PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                        format!(
                            "{place}: argument {} of {}: {}",
                            param.shown(n),
                            function.signature(),
                            misfit.message
                        ),
                        misfit.hint,
                    )
                })?
            }
        };
        if param.dated {
            no_moving_dates(place, function, n, param, value)?;
        }
        typed.push((n, param, value, type_sql));
    }
    let literals = literals(place, function, &typed)?;
    let mut literals = typed.iter().zip(literals);
    Ok(function
        .inputs()
        .zip(given)
        .map(|((n, param), (_, value))| {
            let expression = match (value, &param.default) {
                _ if let Some(sql) = filled.placed(n, param) => match &param.pseudo {
                    None => format!("({sql})::{}", param.type_sql),
                    Some(_) => sql.clone(),
                },
                (Some(_), _) => literals
                    .next()
                    .map(|((_, _, _, type_sql), literal)| format!("{literal}::{type_sql}"))
                    .unwrap_or_default(),
                (None, Some(default)) if param.pseudo.is_none() => format!("({default})::{}", param.type_sql),
                (None, default) => default.clone().unwrap_or_default(),
            };
            if param.mode == 'v' {
                format!("variadic {expression}")
            } else {
                expression
            }
        })
        .collect())
}

/// JSON values as the types' own literals. PostgreSQL converts: arrays, composite types, domains and enums included.
fn literals(place: &Place<'_>, function: &Function, typed: &[(usize, &Param, &Value, String)]) -> Result<Vec<String>> {
    if typed.is_empty() {
        return Ok(Vec::new());
    }
    let all = conversion(typed, |n, _| n.to_string());
    let mut converted = Ok(None);
    // A time without a zone is UTC, whatever the session's; the trial takes the setting back.
    let convert = |sql: &str| {
        Spi::connect(|client| {
            client.select("select pg_catalog.set_config('TimeZone', 'UTC', true)", None, &[])?;
            client.select(sql, Some(1), &[])?.first().get_one::<Vec<String>>()
        })
    };
    let Some(refused) = trial(|| converted = convert(&all)) else {
        return converted
            .map_err(internal)?
            .ok_or_else(|| internal("the values became nothing"));
    };
    for one in typed {
        // PostgreSQL's HINT may name the key.
        let alone = conversion(std::slice::from_ref(one), |n, param| match param.name.as_str() {
            "" => n.to_string(),
            name => name.to_owned(),
        });
        if let Some(caught) = trial(|| drop(convert(&alone))) {
            let (n, param, value, _) = one;
            return Err(at(
                place,
                &format!("argument {} of {}: {value}", param.shown(*n), function.signature()),
                &caught,
                &format!("Give a value of type {}.", param.type_sql),
            ));
        }
    }
    // Each by itself converts: it was a cancel, say.
    Err(at(place, "args", &refused, ""))
}

/// The query that converts values, each under a key of its own.
fn conversion(typed: &[(usize, &Param, &Value, String)], key: impl Fn(usize, &Param) -> String) -> String {
    let keys: Vec<String> = typed.iter().map(|(n, param, _, _)| key(*n, param)).collect();
    let values = typed.iter().map(|(_, _, value, _)| (*value).clone());
    let document: serde_json::Map<String, Value> = keys.iter().cloned().zip(values).collect();
    let literals: Vec<String> = keys
        .iter()
        .map(|key| format!("pg_catalog.format('%L', v.{})", quote_ident(key)))
        .collect();
    let columns: Vec<String> = keys
        .iter()
        .zip(typed)
        .map(|(key, (_, _, _, type_sql))| format!("{} {type_sql}", quote_ident(key)))
        .collect();
    format!(
        "select array[{}] from pg_catalog.jsonb_to_record({}) as v({})",
        literals.join(", "),
        quote_literal(&Value::Object(document).to_string()),
        columns.join(", "),
    )
}

/// Refuses a date such as 'today': it would be that of the clock, and not of the instant that the run is about.
fn no_moving_dates(place: &Place<'_>, function: &Function, n: usize, param: &Param, value: &Value) -> Result<()> {
    match value {
        Value::Array(list) => list
            .iter()
            .try_for_each(|item| no_moving_dates(place, function, n, param, item)),
        Value::String(text) if !expression::scan(place, "args", &quote_literal(text))?.is_empty() => Err(error_hint(
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            format!(
                "{place}: argument {} of {}: \"{text}\" means the day on which it is read",
                param.shown(n),
                function.signature()
            ),
            "Give a fixed date, or let the function ask dist.as_of(): the instant the run is about.",
        )),
        _ => Ok(()),
    }
}
