//! What becomes of runs that were cut off: the scheduler has each of them recorded before it starts any runner, so that a
//! schedule that brings the server down again and again is quarantined rather than run once more.

use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;

use super::backoff::{Backoff, SECOND};
use super::mark::{self, Begun};
use super::process;
use super::scheduler::PRESENCE;
use super::txn::{self, Failure};
use crate::error::internal;

/// After so many failures to record a cut-off run it is given up, for nothing else runs meanwhile.
const ATTEMPTS: u32 = 6;

const OWNERLESS: &str = "select dist._fire_ownerless($1::text::name)";
const RECORD: &str = "select dist._interrupted($1, $2, $3, $4, $5)";

/// The cut-off runs that a scheduler still has to record.
#[derive(Default)]
pub struct Backlog {
    waiting: Vec<Begun>,
    failures: u32,
    backoff: Backoff,
}

impl Backlog {
    /// Records what there is; returns until when to wait before anything is started, where not all could be recorded.
    pub fn record(&mut self, database: pg_sys::Oid) -> Option<i64> {
        self.waiting.extend(mark::take(database.to_u32()));
        while let Some(begun) = self.waiting.first() {
            let now = process::now();
            if let Some(later) = self.backoff.wait_until(now) {
                return Some(later);
            }
            match record(begun) {
                Ok(()) => {}
                Err(failure) if self.failures < ATTEMPTS => {
                    // Somebody has the schedule's state: the process that was ended, for a moment.
                    self.failures += 1;
                    failure.note(&mut self.backoff, SECOND, "recording an interrupted run");
                    continue;
                }
                Err(failure) => failure.log(&format!("an interrupted run of {} is not recorded", begun.told())),
            }
            self.waiting.remove(0);
            self.failures = 0;
            self.backoff.succeeded();
        }
        None
    }
}

/// Has what is due of a role that is gone fail and go into quarantine.
///
/// # Errors
/// What PostgreSQL raised.
pub fn fire_ownerless(role: &str) -> Result<(), Failure> {
    txn::transaction(|| {
        Spi::connect(|client| client.select(OWNERLESS, None, &[role.into()]).map(drop)).map_err(internal)
    })
}

fn record(begun: &Begun) -> Result<(), Failure> {
    let args: [DatumWithOid<'_>; 5] = [
        begun.target.into(),
        process::instant(begun.due).into(),
        begun.attempt.into(),
        process::instant(begun.started).into(),
        begun.end.told().into(),
    ];
    txn::transaction(|| {
        Spi::connect(|client| {
            if !client.select(PRESENCE, Some(1), &[])?.is_empty() {
                client.select(RECORD, None, &args)?;
            }
            Ok(())
        })
        .map_err(|error: pgrx::spi::Error| internal(error))
    })
}
