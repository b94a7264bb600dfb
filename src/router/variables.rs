//! Variables (`dist.variable`): what a run reads of them when it starts, the one place that answers `dist.var`, and who speaks
//! of one.
//!
//! A run keeps to the values that it began with, whatever its own steps or others make of them meanwhile; so does everything
//! that looks ahead. The values are kept by each session until one changes, so that a run that uses none pays nothing.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use pgrx::prelude::*;
use serde_json::Value;

use crate::catalogue::{read, read_newest};
use crate::criteria::{self, nearest, predicate};
use crate::error::{Place, Result, at, error_hint, internal};
use crate::router::inside;
use crate::worker::invalidate::Kept;
use crate::xact;

type Values = HashMap<String, String>;

/// What a run has read.
struct Begun {
    /// The innermost run at that moment; none where something looks ahead.
    run: Option<i64>,
    values: Rc<Values>,
}

thread_local! {
    static KEPT: Kept<Values> = Kept::new(1);
    static BEGUN: RefCell<Vec<Begun>> = const { RefCell::new(Vec::new()) };
}

/// For as long as it lives, `dist.var` answers what was read when it was made; an error that unwinds ends it as well.
pub struct Reading;

impl Drop for Reading {
    fn drop(&mut self) {
        BEGUN.with_borrow_mut(Vec::pop);
    }
}

/// Reads the variables for a run, or for what looks ahead; within either, what it has read already.
///
/// # Errors
/// When they cannot be read.
pub fn begin() -> Result<Reading> {
    // Read with the caller's snapshot, which may be an old one, unless the transaction writes.
    begin_with(xact::is_writing())
}

/// The same for what is certain to write, though it may have written nothing yet: it goes by the newest values.
///
/// # Errors
/// When they cannot be read.
pub fn begin_newest() -> Result<Reading> {
    begin_with(true)
}

fn begin_with(newest: bool) -> Result<Reading> {
    let run = inside::run_id();
    let known = BEGUN.with_borrow(|begun| {
        begun
            .last()
            .filter(|last| last.run == run)
            .map(|last| Rc::clone(&last.values))
    });
    let values = match known {
        Some(values) => values,
        None => now(newest)?,
    };
    BEGUN.with_borrow_mut(|begun| begun.push(Begun { run, values }));
    Ok(Reading)
}

fn now(newest: bool) -> Result<Rc<Values>> {
    KEPT.with(|kept| {
        kept.get("", newest, || {
            let sql = "select dist._variables()";
            let values = if newest { read_newest(sql, &[]) } else { read(sql, &[]) };
            values?.ok_or_else(|| internal("no variables"))
        })
    })
}

/// `dist.var`: the value in the run that this is part of. Elsewhere it answers only who may read what pg_dist has.
///
/// # Errors
/// 42704 where there is no such variable, 42501 for others.
pub fn value(name: &str) -> Result<String> {
    let begun = BEGUN.with_borrow(|begun| begun.last().map(|last| last.values.get(name).cloned()));
    if let Some(found) = begun {
        return found.ok_or_else(|| unknown(format!("variable '{name}' does not exist"), name));
    }
    let reader = xact::role_named("dist_reader").is_some_and(|readers| {
        xact::current_role_name().is_ok_and(|role| xact::is_superuser_or_member(&role, readers))
    });
    if !reader {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!("variable '{name}' can be read here by members of dist_reader only"),
            "What a run calls can read it with whatever rights.",
        ));
    }
    let values: Values = read("select dist._variables()", &[])?.unwrap_or_default();
    values
        .get(name)
        .cloned()
        .ok_or_else(|| unknown(format!("variable '{name}' does not exist"), name))
}

/// The type of a variable as criteria see types; none where there is no such variable.
///
/// # Errors
/// When it cannot be read.
pub fn type_of(name: &str) -> Result<Option<criteria::Column>> {
    #[derive(serde::Deserialize)]
    struct Type {
        type_sql: String,
        category: char,
        base: String,
    }
    let known: Option<Type> = read("select dist._variable_type($1)", &[name.to_owned().into()])?;
    Ok(known.map(|known| criteria::Column {
        name: name.to_owned(),
        type_sql: known.type_sql,
        category: known.category,
        base: known.base,
    }))
}

/// Refuses a variable that is not there; else its type.
///
/// # Errors
/// 42704 with the nearest name as HINT.
pub fn must_exist(place: &Place<'_>, column: &str, name: &str) -> Result<criteria::Column> {
    type_of(name)?.ok_or_else(|| unknown(format!("{place}: {column}: variable '{name}' does not exist"), name))
}

/// The value of a variable as JSON has it, for the arguments of a function.
///
/// # Errors
/// 42704 where there is no such variable.
pub fn json(place: &Place<'_>, column: &str, name: &str) -> Result<Value> {
    let ty = must_exist(place, column, name)?;
    let text = value(name)?;
    // A time is written in UTC, whatever the session's zone; the trial takes the setting back.
    let mut converted = Ok(None);
    let convert = || {
        Spi::connect(|client| {
            client.select("select pg_catalog.set_config('TimeZone', 'UTC', true)", None, &[])?;
            let sql = format!("select pg_catalog.to_jsonb($1::{})", ty.type_sql);
            client
                .select(&sql, Some(1), &[text.into()])?
                .first()
                .get_one::<pgrx::JsonB>()
        })
    };
    match xact::trial(|| converted = convert()) {
        None => Ok(converted.map_err(internal)?.map_or(Value::Null, |json| json.0)),
        Some(caught) => Err(at(place, column, &caught, &format!("See variable '{name}'."))),
    }
}

/// The name in `{"var": "name"}`, where a value is that.
pub fn named(value: &Value) -> Option<&str> {
    criteria::variable(value)
}

/// The HINT for a variable that is not there.
pub fn hint(name: &str) -> String {
    let known: Values = read("select dist._variables()", &[]).ok().flatten().unwrap_or_default();
    nearest(name, known.keys().map(String::as_str)).map_or_else(
        || "Insert it into dist.variable first.".to_owned(),
        |near| format!("Perhaps you meant '{near}'."),
    )
}

fn unknown(message: String, name: &str) -> pgrx::pg_sys::panic::ErrorReport {
    error_hint(PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT, message, hint(name))
}

/// Whether a row of intent speaks of a variable: in `{"var": ...}`, or in SQL by `dist.var(...)`.
pub fn speaks_of(intent: &Value, name: &str) -> bool {
    match intent {
        Value::Object(_) if named(intent) == Some(name) => true,
        Value::Object(fields) => fields.values().any(|value| speaks_of(value, name)),
        Value::Array(list) => list.iter().any(|value| speaks_of(value, name)),
        Value::String(text) => predicate::variables(text).iter().any(|found| found == name),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
