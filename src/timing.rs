//! Schedules' recurrences between SQL and the pure module: a row in, instants out.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Place, Result, error_hint, internal};
use crate::recurrence::{Fields, Spec, SpecError};

/// At most so many instants are listed at once.
const MOST_RUNS: i32 = 100_000;

/// Of so many recurrences a session keeps what it has read.
const KEPT: usize = 1024;

thread_local! {
    /// What has been read: a run asks for its recurrence more than once, and a runner fires the same schedules again.
    static READ: RefCell<HashMap<Fields, Rc<Spec>>> = RefCell::default();
}

/// The recurrence of a schedule's row.
///
/// # Errors
/// 22023 naming the row, the column and the value.
pub fn spec(plan: &Value) -> Result<Rc<Spec>> {
    let fields = Fields::deserialize(plan).map_err(|problem| unreadable(plan, &problem))?;
    kept_or_read(fields).map_err(|problem| refuse(plan, &problem))
}

/// The same of what has been read already; None where there is something wrong with it: [`spec`] says what.
pub fn spec_of(fields: Fields) -> Option<Rc<Spec>> {
    kept_or_read(fields).ok()
}

fn kept_or_read(fields: Fields) -> std::result::Result<Rc<Spec>, SpecError> {
    if let Some(kept) = READ.with_borrow(|read| read.get(&fields).cloned()) {
        return Ok(kept);
    }
    let spec = Rc::new(Spec::parse(&fields)?);
    READ.with_borrow_mut(|read| {
        // All of them go when there are too many: whoever comes by that many is not kept up by reading them again.
        if read.len() >= KEPT {
            read.clear();
        }
        read.insert(fields, Rc::clone(&spec));
    });
    Ok(spec)
}

/// What to say of a row that cannot be read.
fn unreadable(plan: &Value, problem: &serde_json::Error) -> pgrx::pg_sys::panic::ErrorReport {
    readable(plan).err().unwrap_or_else(|| {
        error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("{}: {problem}", shown(plan)),
            "See docs/scheduling.md for the columns of a recurrence.",
        )
    })
}

/// Refuses what PostgreSQL can hold and a calendar cannot, naming the column: infinity, years beyond it, nulls in lists.
fn readable(plan: &Value) -> Result<()> {
    let refuse = |column: &str, value: &Value, problem: &str, hint: &str| {
        let shown_value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!(
                "{}: {column} {}: {problem}",
                shown(plan),
                crate::criteria::quote_literal(&shown_value)
            ),
            hint,
        ))
    };
    for column in ["weekdays", "month_days", "months", "exdates"] {
        let list = plan.get(column).filter(|list| !list.is_null());
        if list.is_some_and(|list| list.as_array().is_none_or(|items| items.iter().any(Value::is_null))) {
            return refuse(
                column,
                list.unwrap_or(&Value::Null),
                "has a null in it",
                "Leave it out of the list.",
            );
        }
    }
    let beyond = "lies beyond the calendar";
    let finite = "Give a date within the next centuries, or null.";
    let exdates = plan.get("exdates").and_then(Value::as_array).into_iter().flatten();
    let times = exdates.map(|time| ("exdates", time));
    for (column, time) in times.chain(plan.get("start_at").map(|start| ("start_at", start))) {
        if !time.is_null() && serde_json::from_value::<chrono::NaiveDateTime>(time.clone()).is_err() {
            return refuse(column, time, beyond, finite);
        }
    }
    match plan.get("until").filter(|until| !until.is_null()) {
        Some(until) if serde_json::from_value::<chrono::NaiveDate>(until.clone()).is_err() => {
            refuse("until", until, beyond, finite)
        }
        _ => Ok(()),
    }
}

fn shown(plan: &Value) -> String {
    match plan.get("name").and_then(Value::as_str) {
        Some(row) => Place { table: "schedule", row }.to_string(),
        None => "the recurrence".to_owned(),
    }
}

/// What helps where the module that found the fault knows nothing better.
fn advice(problem: &SpecError) -> &'static str {
    match problem.column {
        "time_zone" => "Give an IANA time zone such as Europe/Berlin.",
        _ if problem.message == "never fires" => "No date fits all of it, or until lies before the first that does.",
        _ => "See docs/scheduling.md.",
    }
}

fn refuse(plan: &Value, problem: &SpecError) -> pgrx::pg_sys::panic::ErrorReport {
    error_hint(
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        format!(
            "{}: {} {}: {}",
            shown(plan),
            problem.column,
            crate::criteria::quote_literal(&problem.value),
            problem.message
        ),
        problem.hint.clone().unwrap_or_else(|| advice(problem).to_owned()),
    )
}

/// The next `n` instants strictly after one; None = from the start, or from now where there is no start.
///
/// # Errors
/// 22023 for a recurrence that is wrong, or an `n` out of range.
pub fn next_runs(plan: &Value, n: i32, after: Option<DateTime<Utc>>) -> Result<Vec<DateTime<Utc>>> {
    if !(0..=MOST_RUNS).contains(&n) {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("n {n} is out of range"),
            format!("Give a number from 0 to {MOST_RUNS}."),
        ));
    }
    let spec = spec(plan)?;
    let started = plan.get("start_at").is_some_and(|start| !start.is_null());
    let after = after.or_else(|| (!started).then(Utc::now));
    let count = usize::try_from(n).map_err(internal)?;
    Ok(spec.upcoming(after).take(count).collect())
}

/// Refuses a zone that is not one.
///
/// # Errors
/// 22023 with the nearest zone as HINT.
pub fn zone(place: &Place<'_>, zone: &str) -> Result<()> {
    if zone.trim().is_empty() {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("{place}: time_zone is empty"),
            "Give an IANA time zone such as Europe/Berlin.",
        ));
    }
    let fields = Fields {
        time_zone: Some(zone.to_owned()),
        cron: Some("* * * * *".to_owned()),
        ..Fields::default()
    };
    Spec::parse(&fields).map(|_| ()).map_err(|problem| {
        error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!(
                "{place}: {} {}: {}",
                problem.column,
                crate::criteria::quote_literal(&problem.value),
                problem.message
            ),
            problem
                .hint
                .unwrap_or_else(|| "Give an IANA time zone such as Europe/Berlin.".to_owned()),
        )
    })
}
