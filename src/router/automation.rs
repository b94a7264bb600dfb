//! A run of an automation: a transfer of the records that came in, limited to their keys.
//!
//! In the transaction that brings them it shares the object with others of its kind: nobody else sees records that are
//! being inserted, and records that are being changed are locked by who changes them, so that whoever else plans them waits
//! when he comes to move them, and decides anew.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use crate::clock;
use crate::error::{Place, Result, error_hint};
use crate::router::decide::Carried;
use crate::router::inside::enter;
use crate::router::lock::{Sharing, lock_transfer, next_run_id};
use crate::router::record::{Header, Totals, finish, started_now};
use crate::router::run::{not_locked, step, unseen};
use crate::router::session::with_settings;
use crate::worker::running::{self, Trigger};
use crate::worker::timeout::InProgress;
use crate::xact::{as_role, role_named};

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

/// What stands before its name where the router takes an automation for a transfer (`dist._as_transfer`).
pub const AUTOMATION: char = '\u{1}';

/// Routes what came to an automation; returns the run's id, or nothing where something it needs is locked and is not to be
/// waited for.
///
/// # Errors
/// Everything that keeps it from running; nothing is left then but what the caller's subtransaction takes back.
pub fn route(intake: Intake, nowait: bool, sharing: Sharing) -> Result<Option<i64>> {
    let started = started_now()?;
    let about = clock::from_pg(intake.as_of)?;
    let name = format!("{AUTOMATION}{}", intake.automation);
    let _in_progress = InProgress::new(Trigger::Automation, &intake.automation);
    let owner = role_named(&intake.owner).ok_or_else(|| {
        let place = Place {
            table: "automation",
            row: &intake.automation,
        };
        error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
            format!("{place}: role '{}' does not exist any more", intake.owner),
            "Set owner to a role that exists.",
        )
    })?;
    let Some(mut locked) = lock_transfer(&name, nowait, sharing)? else {
        return if nowait { Ok(None) } else { Err(not_locked()) };
    };
    let run = next_run_id()?;
    running::step(1, 1, &intake.automation);
    running::numbered(run);
    let _inside = enter(run, None);
    let mut totals = Totals::default();
    let keys = Carried::keys(intake.keys);
    as_role(owner, || {
        with_settings(about, || {
            step(&name, Some(keys), about, run, &mut locked, &mut totals, unseen)
        })
    })?;
    let header = Header {
        schedule: None,
        trigger: "automation".to_owned(),
        cause_name: Some(intake.automation),
        due_at: intake.due_at,
        as_of: intake.as_of,
        attempt: 1,
        undoes: None,
        run_by: intake.owner,
    };
    finish(run, &header, started, &totals)?;
    Ok(Some(run))
}
