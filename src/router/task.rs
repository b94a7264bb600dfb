//! Runs that nobody calls and no schedule plans: what has expired leaves its hopper, and a release lets records go. The path is
//! that of any run; where nothing moved, there was none.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use crate::error::{Place, Result, error_hint};
use crate::router::lock::{lock_movers, next_run_id};
use crate::router::mover::{Kind, Mover};
use crate::router::run::{Cause, Narrow, caused, owner_of};
use crate::router::run_row::started_now;
use crate::worker::running::Trigger;
use crate::worker::timeout::InProgress;

/// What is to be done.
#[derive(Clone, Copy)]
pub enum Work<'a> {
    /// What has expired leaves this hopper.
    Expiry(&'a str),
    /// A release lets its transfer move records, at most so many.
    Release(&'a str, &'a str, Option<i64>),
}

/// When, with whose rights, and whether locks are waited for.
pub struct How<'a> {
    /// The instant it is about.
    pub as_of: TimestampWithTimeZone,
    /// The role.
    pub owner: &'a str,
    /// Whoever holds a lock is not waited for.
    pub nowait: bool,
}

/// Does it; returns how many records moved.
///
/// # Errors
/// 55P03 where something is locked and is not to be waited for; those of a run.
pub fn run(work: Work<'_>, how: &How<'_>) -> Result<i64> {
    let started = started_now()?;
    let (trigger, shown, table, name, mover, most) = match work {
        Work::Expiry(name) => {
            let mover = Mover::new(Kind::Hopper, name);
            ("expiry", Trigger::Expiry, "hopper", name, mover, None)
        }
        Work::Release(name, transfer, most) => {
            let mover = Mover::transfer(transfer);
            ("release", Trigger::Release, "release", name, mover, most)
        }
    };
    let owner = owner_of(&Place { table, row: name }, how.owner)?;
    let _in_progress = InProgress::new(shown, name);
    let mut locked = lock_movers(std::slice::from_ref(&mover), how.nowait)?.ok_or_else(busy)?;
    let run = next_run_id()?;
    let cause = Cause {
        trigger,
        name,
        owner: (owner, how.owner),
        started,
        due_at: None,
        as_of: how.as_of,
    };
    let narrow = Narrow {
        keys: None,
        most,
        only_if_moved: true,
    };
    caused(&mover, narrow, cause, run, &mut locked)
}

fn busy() -> pgrx::pg_sys::panic::ErrorReport {
    error_hint(
        PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
        "a run is at it",
        "It is tried again.",
    )
}
