//! Tells another system of a segment's records, or of what changed among them, through the outbox.

use pgrx::prelude::*;
use serde_json::Value;

use crate::action::args::Args;
use crate::action::{Context, Did, Told};
use crate::error::{Place, Result, error_hint};

/// Refuses a step that could not be run as it is written.
///
/// # Errors
/// What is wrong with its arguments.
pub fn check(place: &Place<'_>, _segment: &str, args: Option<&Value>) -> Result<()> {
    let args = Args::new(place, args, &["what", "kind", "chunk"])?;
    args.word("what", &["all", "changes"])?;
    args.word("kind", &["record", "idle"])?;
    args.count("chunk")?;
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
        format!("{place}: action emit is not there yet"),
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
