//! Schedules' recurrences between SQL and the pure module: a row in, instants out.

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use serde_json::Value;

use crate::error::{Place, Result, error_hint, internal};
use crate::recurrence::{Fields, Spec, SpecError};

/// At most so many instants are listed at once.
const MOST_RUNS: i32 = 100_000;

/// The recurrence of a schedule's row.
///
/// # Errors
/// 22023 naming the row, the column and the value.
pub fn spec(plan: &Value) -> Result<Spec> {
    let fields: Fields = serde_json::from_value(plan.clone()).map_err(|problem| {
        error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("{}: {problem}", shown(plan)),
            "See docs/scheduling.md for the columns of a recurrence.",
        )
    })?;
    Spec::parse(&fields).map_err(|problem| refuse(plan, &problem))
}

fn shown(plan: &Value) -> String {
    match plan.get("name").and_then(Value::as_str) {
        Some(row) => Place { table: "schedule", row }.to_string(),
        None => "the recurrence".to_owned(),
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
        problem
            .hint
            .clone()
            .unwrap_or_else(|| "See docs/scheduling.md.".to_owned()),
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
