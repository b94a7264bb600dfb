//! One attempt at a schedule's run: its steps in a subtransaction, and what is left of a failure, which is the failed run's row and
//! nothing else.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReportable;
use pgrx::prelude::*;
use serde_json::Value;

use crate::error::{Result, internal, raised};
use crate::firing::Outcome;
use crate::prepared;
use crate::router::run::{self, Occasion, Planned};
use crate::router::run_row::started_now;
use crate::router::steps::{self, Step};
use crate::router::{failure, give_way};
use crate::worker::raised::{last_of_run, watching_run};
use crate::worker::timeout;
use crate::xact;

/// How it went.
pub struct Attempted {
    /// The run; none where nothing was done.
    pub run_id: Option<i64>,
    /// None where something the run needs is locked, and it is to stay due.
    pub outcome: Option<Outcome>,
    /// What it failed of.
    pub message: Option<String>,
}

impl Attempted {
    /// Nothing was done.
    const PUT_OFF: Self = Self {
        run_id: None,
        outcome: None,
        message: None,
    };
}

/// The word in `dist.run.status`, or broken.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Repeated => "repeated",
        Outcome::Failed => "failed",
        Outcome::Broken => "broken",
        Outcome::Cancelled => "cancelled",
    }
}

/// A run that somebody asked for.
///
/// # Errors
/// As below.
pub fn by_hand(row: &Planned, as_of: TimestampWithTimeZone) -> Result<Attempted> {
    let occasion = Occasion {
        trigger: "manual",
        due_at: None,
        as_of,
        attempt: 1,
        nowait: false,
    };
    attempt(row, occasion, || steps::of_schedule(&row.name))
}

/// Runs the schedule's steps, or the one that is meant, with the rights of the extension's owner around them.
///
/// # Errors
/// What keeps the failed run's row from being written; and a run inside of another that was told to stop.
pub fn attempt(row: &Planned, occasion: Occasion, steps: impl FnOnce() -> Result<Vec<Step>>) -> Result<Attempted> {
    let started = started_now()?;
    let due_at = occasion.due_at;
    let outermost = timeout::run_begins(row.id, &row.name, occasion.trigger, due_at, row.run_timeout)?;
    let outcome = watching_run(|| {
        xact::attempt(|| {
            drop(failure::take());
            // Raised and not returned, so that all that can go wrong comes the same way.
            let run = steps()
                .and_then(|steps| run::run_steps(row, steps, occasion))
                .unwrap_or_report();
            match run {
                Some(_) => timeout::run_done(outermost).map(drop),
                None => timeout::ended(outermost).map(drop),
            }
            .unwrap_or_report();
            (run, true)
        })
    });
    match outcome {
        Ok(None) => Ok(Attempted::PUT_OFF),
        Ok(run_id) => Ok(Attempted {
            run_id,
            outcome: Some(Outcome::Succeeded),
            message: None,
        }),
        Err(caught) => {
            let report = raised(&caught);
            let error = Failed {
                sqlstate: failure::sqlstate(report.sql_error_code() as i32),
                message: report.message().to_owned(),
                detail: report.detail().map(ToOwned::to_owned),
                hint: report.hint().map(ToOwned::to_owned),
                context: None,
            };
            failed(row, occasion, started, outermost, error)
        }
    }
}

/// An error as the run's row has it.
struct Failed {
    sqlstate: String,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
    context: Option<String>,
}

/// What it did has been taken back.
fn failed(
    row: &Planned,
    occasion: Occasion,
    started: TimestampWithTimeZone,
    outermost: bool,
    mut error: Failed,
) -> Result<Attempted> {
    // Somebody else held one of its records: it stays due, as where a lock of ours is held.
    if occasion.nowait && error.sqlstate == "55P03" && give_way::gave_way() {
        timeout::ended(outermost)?;
        return Ok(Attempted::PUT_OFF);
    }
    error.context = last_of_run()
        .filter(|raised| raised.message == error.message)
        .map(|raised| raised.context);
    if let Some(original) = failure::take() {
        let text = |key: &str| original.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
        if text("message").as_ref() == Some(&error.message) {
            error.sqlstate = text("sqlstate").unwrap_or_default();
            error.context = text("context");
        }
    }
    let mut outcome = Outcome::Failed;
    // Stopped for its timeout, or because somebody cancelled it. What it failed of in that same moment is its own.
    if let Some(stop) = timeout::ended(outermost)?
        && error.sqlstate == "57014"
    {
        if stop.status == "cancelled" {
            outcome = Outcome::Cancelled;
        }
        error.message = stop.message;
        error.hint = Some(stop.hint.to_owned());
    }
    let message = error.message.clone();
    let run_id = record(row, occasion, started, outcome, error)?;
    if outcome == Outcome::Failed && failure::failed_to_compile() {
        outcome = Outcome::Broken;
    }
    Ok(Attempted {
        run_id,
        outcome: Some(outcome),
        message: Some(message),
    })
}

/// Writes the failed run's row, and tells of it.
fn record(
    row: &Planned,
    occasion: Occasion,
    started: TimestampWithTimeZone,
    outcome: Outcome,
    error: Failed,
) -> Result<Option<i64>> {
    let args = [
        row.id.into(),
        row.name.clone().into(),
        row.owner.clone().into(),
        row.step.into(),
        occasion.trigger.into(),
        occasion.due_at.into(),
        occasion.as_of.into(),
        occasion.attempt.into(),
        started.into(),
        word(outcome).into(),
        error.sqlstate.into(),
        error.message.into(),
        error.detail.into(),
        error.hint.into(),
        error.context.into(),
    ];
    let query = "select dist._failed($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let ask = || Spi::connect_mut(|client| prepared::update(client, query, &args)?.first().get_one::<i64>());
    xact::as_extension_owner(ask)?.map_err(internal)
}
