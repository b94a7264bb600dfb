//! A run of an automation: a transfer of the records that came in, limited to their keys.
//!
//! In the transaction that brings them it shares the object with others of its kind: nobody else sees records that are
//! being inserted, and records that are being changed are locked by who changes them, so that whoever else plans them waits
//! when he comes to move them, and decides anew.

use pgrx::datum::TimestampWithTimeZone;

use crate::error::Result;
use crate::router::decide::Carried;
use crate::router::lock::{Sharing, lock_mover, next_run_id};
use crate::router::mover::{Kind, Mover};
use crate::router::run::{Cause, Narrow, caused, not_locked, owner_of};
use crate::router::run_row::started_now;
use crate::worker::running::Trigger;
use crate::worker::timeout::InProgress;

/// An automation and what has come to it.
pub struct Intake {
    /// Its name.
    pub automation: String,
    /// The role with whose rights it runs.
    pub owner: String,
    /// The records' keys.
    pub keys: Vec<String>,
    /// When they were due; None where they did not wait.
    pub due_at: Option<TimestampWithTimeZone>,
    /// The instant the run is about.
    pub as_of: TimestampWithTimeZone,
}

/// Routes what came to an automation; returns the run's id, or nothing where something it needs is locked and is not to be
/// waited for.
///
/// # Errors
/// Everything that keeps it from running; nothing is left then but what the caller's subtransaction takes back.
pub fn route(intake: Intake, nowait: bool, sharing: Sharing) -> Result<Option<i64>> {
    let started = started_now()?;
    let mover = Mover::new(Kind::Automation, &intake.automation);
    let _in_progress = InProgress::new(Trigger::Automation, &intake.automation);
    let owner = owner_of(&mover.place(), &intake.owner)?;
    let Some(mut locked) = lock_mover(&mover, nowait, sharing)? else {
        return if nowait { Ok(None) } else { Err(not_locked()) };
    };
    let run = next_run_id()?;
    let cause = Cause {
        trigger: "automation",
        name: &intake.automation,
        owner: (owner, &intake.owner),
        started,
        due_at: intake.due_at,
        as_of: intake.as_of,
    };
    let narrow = Narrow {
        keys: Some(Carried::keys(intake.keys)),
        ..Narrow::default()
    };
    caused(&mover, narrow, cause, run, &mut locked)?;
    Ok(Some(run))
}
