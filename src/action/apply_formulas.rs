//! Sets fields by stored formulas over the record.

use pgrx::prelude::*;
use serde_json::Value;

use crate::action::{Context, Did};
use crate::error::{Place, Result, error_hint};

/// Refuses a step that could not be run as it is written.
///
/// # Errors
/// What is wrong with its arguments.
pub fn check(place: &Place<'_>, _segment: &str, _args: Option<&Value>) -> Result<()> {
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
        format!("{place}: action apply_formulas is not there yet"),
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
