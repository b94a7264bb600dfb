//! Makes activities for a segment's records, in the free time of those who are to do them.

use pgrx::prelude::*;
use serde_json::Value;

use crate::action::{Context, Did, Told};
use crate::error::{Place, Result, error_hint};

/// Refuses a step that could not be run as it is written.
///
/// # Errors
/// What is wrong with its arguments.
pub fn check(place: &Place<'_>, _segment: &str, _args: Option<&Value>) -> Result<()> {
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
        format!("{place}: action create_activities is not there yet"),
        "Leave the step out.",
    ))
}

/// Runs the step.
///
/// # Errors
/// What keeps it from running.
pub fn run(context: &Context<'_>) -> Result<Did> {
    let row = context.row();
    let place = Place {
        table: "step",
        row: &row,
    };
    check(&place, &context.step.target, context.step.args.as_ref()).map(|()| Did::default())
}

/// What it has done.
///
/// # Errors
/// When it cannot be read.
pub fn told(_context: &Context<'_>) -> Result<Vec<Told>> {
    Ok(Vec::new())
}
