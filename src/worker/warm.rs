//! What a runner makes ready before it runs it: while it waits for an instant, what is due then; and while it runs, what comes next.
//!
//! The first run of a transfer in a session costs more than those after it, and the very first run as much as fifty of them. A
//! runner that is started for an instant has some time until then: it reads, compiles and prepares what its share will need, in
//! short transactions of their own, and runs nothing. What goes wrong is left to the run, which meets it again and reports it; what
//! changes meanwhile, the run reads anew.

use std::collections::HashSet;

use pgrx::prelude::*;

use super::invalidate;
use super::process;
use super::shares::{Due, Work};
use super::txn;
use crate::clock;
use crate::error::{Result, internal};
use crate::prepared;
use crate::router::foresight;
use crate::xact;

/// What so many schedules run is read together.
pub const TOGETHER: usize = 250;
/// Fewer may as well read their own.
const FEW: usize = 3;
/// Whoever has locked a table is hardly waited for.
const LOCK_TIMEOUT: &str = "select pg_catalog.set_config('lock_timeout', '10ms', true)";

/// What has been made ready.
#[derive(Default)]
pub struct Warm {
    /// Schedules whose transfers were read, and the generation in which they were.
    foreseen: (u64, HashSet<i32>),
    /// The generation in which all was made ready for an instant.
    ready: Option<u64>,
}

impl Warm {
    /// Reads together what the first ones of these run.
    pub fn foresee(&mut self, due: &[&Due]) {
        let generation = invalidate::generation();
        if self.foreseen.0 != generation {
            self.foreseen = (generation, HashSet::new());
        }
        let known = &mut self.foreseen.1;
        let new: Vec<i32> = schedules(due).take(TOGETHER).filter(|id| known.insert(*id)).collect();
        if new.len() >= FEW {
            quietly(|_| foresight::read(&new));
        }
    }

    /// Whether nothing was made ready yet, or some of it may not be valid any more.
    pub fn is_cold(&self) -> bool {
        self.ready != Some(invalidate::generation())
    }

    /// Makes ready what these run at an instant, in their order, for as long as there is time. False where it was broken off since
    /// there was no reason to `go_on`.
    pub fn up(&mut self, due: &[&Due], at: i64, go_on: impl Fn() -> bool) -> bool {
        let ids: Vec<i32> = schedules(due).collect();
        let transfers = quietly(|_| {
            foresight::read(&ids)?;
            foresight::transfers_of(&ids)
        });
        let generation = invalidate::generation();
        let mut took = 0;
        for transfer in transfers.unwrap_or_default() {
            process::obey();
            let began = process::now();
            if !go_on() {
                return false;
            }
            if began + took >= at {
                break;
            }
            quietly(|role| {
                let about = clock::from_pg(process::instant(at))?;
                xact::as_role(role, || foresight::prepare(&transfer, about))
            });
            took = process::now() - began;
        }
        self.ready = Some(generation);
        true
    }
}

/// The schedules among what is due.
fn schedules(due: &[&Due]) -> impl Iterator<Item = i32> {
    due.iter().filter_map(|one| match one.work {
        Work::Schedule(id) => Some(id),
        Work::Task { .. } => None,
    })
}

/// Does `work`, which is told the runner's role, in a transaction with the rights of the extension's owner; nothing where it fails.
fn quietly<T>(work: impl FnOnce(pg_sys::Oid) -> Result<T>) -> Option<T> {
    let done = txn::transaction(|| {
        let role = xact::current_role();
        let Some(owner) = xact::extension_owner() else {
            return Ok(None);
        };
        xact::as_trusted(owner, || {
            Spi::connect(|client| prepared::select(client, LOCK_TIMEOUT, &[]).map(|_| ())).map_err(internal)?;
            work(role).map(Some)
        })
    });
    done.ok().flatten()
}
