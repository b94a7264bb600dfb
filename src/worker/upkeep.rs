//! What the scheduler does when nothing else is to be done: it forgets history that is older than the policy allows, and
//! makes the next month's part of the audit before a run needs it (`sql/retention.sql`).
//!
//! A little at a time, each in a transaction of its own that takes milliseconds, and only while nothing is about to
//! become due: what is due then is no later for it.
#![allow(unsafe_code)]

use pgrx::prelude::*;

use super::backoff::{Backoff, SECOND};
use super::process;
use super::txn;
use crate::error::internal;

/// Runs, or records that they left, that are forgotten at a time.
const BATCH: i32 = 1000;
/// Between one batch and the next.
const PAUSE: i64 = SECOND / 10;
/// Nothing is to become due within this time.
const QUIET: i64 = SECOND;
/// How soon after its start a scheduler does it for the first time, how long it waits for quiet, and the longest wait
/// after an error.
const PATIENCE: i64 = 60 * SECOND;

/// When it is to be done next.
#[derive(Default)]
pub struct Upkeep {
    /// None = this scheduler has just started.
    next: Option<i64>,
    trouble: Backoff,
}

impl Upkeep {
    /// Does a part of it where it is time to; returns when to come back. `due`: when something else is to be done.
    pub fn tend(&mut self, now: i64, due: Option<i64>) -> i64 {
        let interval = i64::from(super::UPKEEP_INTERVAL.get()) * SECOND;
        let next = self.next.unwrap_or(now + interval.min(PATIENCE)).min(now + interval);
        self.next = Some(next);
        if now < next {
            return next;
        }
        if due.is_some_and(|due| due < now + QUIET) && now < next + PATIENCE {
            return now + QUIET;
        }
        process::show(Some("tidying up the history"));
        let next = match purge() {
            Ok(Progress::Some) => now + PAUSE,
            Ok(Progress::Blocked) => now + PATIENCE.min(interval),
            Ok(Progress::Done) => now + interval,
            Err(failure) => {
                failure.note(&mut self.trouble, PATIENCE, "tidying up the history");
                now + PATIENCE
            }
        };
        self.next = Some(next);
        next
    }
}

/// How far it has come.
enum Progress {
    /// There is nothing more to do.
    Done,
    /// There is more.
    Some,
    /// There is more, and somebody's lock is in the way.
    Blocked,
}

fn purge() -> std::result::Result<Progress, txn::Failure> {
    txn::transaction(|| {
        Spi::connect_mut(|client| {
            let row = client
                .update(
                    "select p.more, p.runs operator(pg_catalog.+) p.unassigned operator(pg_catalog.+) p.events operator(pg_catalog.>) 0 or p.dropped is not null \
                       from dist._purge($1) p",
                    Some(1),
                    &[BATCH.into()],
                )?
                .first();
            let (more, some) = row.get_two::<bool, bool>()?;
            Ok(match (more.unwrap_or(false), some.unwrap_or(false)) {
                (false, _) => Progress::Done,
                (true, true) => Progress::Some,
                (true, false) => Progress::Blocked,
            })
        })
        .map_err(|error: pgrx::spi::Error| internal(error))
    })
}
