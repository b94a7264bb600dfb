//! A runner: connected as an owner of schedules and other intent, it fires what of theirs is due, one transaction each.
//!
//! Connected as the owner, not merely switched to that role: whatever a run's text does, RESET ROLE and its kin lead
//! back to the owner and no further. It calls `dist._fire`, which claims the schedule, runs its steps in a
//! subtransaction, writes the outcome and advances the schedule, all in the one transaction that it commits here; and
//! `dist._do_task`, which is the same for what is no schedule.
#![allow(unsafe_code)]

use std::collections::HashSet;

use pgrx::prelude::*;
use pgrx::spi::{self, SpiClient};

use super::attempt::{Outcome, Queries};
use super::backoff::{Backoff, SECOND, earlier};
use super::look::{self, Looked, Sight};
use super::mark;
use super::obstacles::Obstacles;
use super::process;
use super::scheduler::AHEAD;
use super::session;
use super::shared::{Kind, Registration};
use super::shares::{Due, Taken, Work, has_share, share};
use super::txn::{self, Failure};
use super::warm::{self, Warm};
use crate::error::internal;
use crate::xact;

/// So long before an instant at which something is due it looks what that is, so that the look does not make it late.
const EARLY: i64 = SECOND / 200;
/// While many are due, how long a commit may wait to be brought to disk together with those after it. A crash takes
/// away whole runs, with their advance, so they are due again: none is lost or doubled. And whatever another session
/// commits that builds on such a run comes after it in the log, so it cannot outlive it.
const FLUSH_TOGETHER: i64 = SECOND / 50;
/// The longest wait before another attempt at something that raises an error.
const PATIENCE: i64 = 300 * SECOND;

/// Main function of a runner's process.
#[unsafe(no_mangle)]
#[pg_guard]
pub extern "C-unwind" fn pg_dist_runner_main(argument: pg_sys::Datum) {
    let database = process::database_of(argument);
    let role = process::role_of_extra();
    process::obey_signals();
    process::connect(database, role);
    let Some(registration) = Registration::new(Kind::Runner, database, role) else {
        return;
    };
    mark::prepare(registration.slot());
    for (name, value) in [
        ("application_name", "pg_dist runner"),
        // What a run promises about locks and snapshots holds at this level, and it writes.
        ("default_transaction_isolation", "read committed"),
        ("default_transaction_read_only", "off"),
        // How long a run may wait is said by its timeout.
        ("lock_timeout", "0"),
    ] {
        if let Err(failure) = process::pin_setting(name, value) {
            failure.log("setting up a runner");
            return;
        }
    }
    let mut runner = Runner {
        registration,
        queries: None,
        obstacles: Obstacles::default(),
        looking: Backoff::default(),
        sight: Sight::default(),
        unflushed: false,
        until: 0,
        awaits: None,
        warm: Warm::default(),
        early: EARLY,
    };
    runner.stay();
    while let Some(next) = runner.round() {
        process::sleep_until(next);
    }
    process::report_statistics(true);
}

struct Runner {
    registration: Registration,
    queries: Option<Queries>,
    obstacles: Obstacles,
    looking: Backoff,
    sight: Sight,
    /// A run has been committed and not been brought to disk.
    unflushed: bool,
    /// When it leaves unless there is more to run.
    until: i64,
    /// The next instant at which something is due, as far as it has looked.
    awaits: Option<i64>,
    /// What it has made ready.
    warm: Warm,
    /// So long before the next instant it looks what is due then.
    early: i64,
}

impl Runner {
    /// Runs what is due; returns until when to sleep, or None to leave.
    fn round(&mut self) -> Option<i64> {
        loop {
            let edited = self.registration.answer_calls();
            let now = process::now();
            // The clock may have been set back.
            self.until = self.until.min(now + linger());
            self.registration.is_busy(now);
            let soon = self.awaits.take().filter(|at| (now..=now + self.early).contains(at));
            let as_of = soon.unwrap_or(now);
            let looked = if super::ENABLED.get() {
                self.look(as_of, 0)
            } else {
                Ok(Some(Looked::nothing()))
            };
            match looked {
                Ok(Some(mut looked)) => {
                    self.looking.succeeded();
                    if soon.is_some() {
                        process::sleep_until(as_of);
                        // Called by somebody: what is due may have changed.
                        if process::now() < as_of {
                            self.awaits = soon;
                            continue;
                        }
                    }
                    if looked.is_all {
                        self.obstacles.forget_all_but(&looked.due);
                    }
                    if edited {
                        self.obstacles.hurry();
                    }
                    let next = looked.next;
                    let (seen, staff) = (looked.due.len(), self.registration.place());
                    let is_helping = !has_share(&looked.due, staff.0, staff.1);
                    let ran = match self.drain(&mut looked.due) {
                        Ok(ran) => ran,
                        Err(Gone) => return None,
                    };
                    let left = looked.due.len();
                    if ran.is_behind || is_helping && left < seen {
                        self.sight.among_others();
                    } else {
                        self.sight.after(seen - left, left, staff.1, looked.is_all);
                    }
                    if ran.any {
                        self.stay();
                        self.obstacles.ran(ran.spent, looked.took);
                    }
                    // There may be more, of which something can be run.
                    let goes_on = (ran.any || ran.is_behind || !looked.is_all)
                        && !self.obstacles.crowded
                        && !self.registration.is_yielding();
                    if !goes_on {
                        let retry = self.obstacles.wait_until(process::now(), looked.took);
                        return self.rest(next, retry);
                    }
                }
                Ok(None) => return None,
                Err(failure) => {
                    self.queries = None;
                    failure.note(&mut self.looking, PATIENCE, "looking for due schedules");
                    self.stay();
                    return self.rest(None, self.looking.wait_until(process::now()));
                }
            }
        }
    }

    /// Starts the time that it lingers anew.
    fn stay(&mut self) {
        self.until = process::now() + linger();
    }

    /// Nothing to run now: sleeps until there is, or until it tries again, or leaves.
    fn rest(&mut self, next: Option<i64>, retry: Option<i64>) -> Option<i64> {
        process::show(None);
        self.registration.is_idle();
        if let Some(at) = next {
            self.warm_up(at);
        }
        process::report_statistics(true);
        let now = process::now();
        let due = next;
        let next = earlier(next.map(|at| at - self.early), retry);
        self.awaits = due;
        let may_leave = next.is_none() && now >= self.until;
        if (may_leave || self.registration.is_yielding()) && self.registration.leave() {
            return None;
        }
        Some(next.unwrap_or(self.until))
    }

    /// Makes ready what of the owner's is due at an instant, and is its share, as long as there is time until then.
    fn warm_up(&mut self, at: i64) {
        self.early = EARLY;
        while self.warm.is_cold() && process::now() + EARLY < at {
            let Ok(Some(looked)) = self.look(at, look::AHEAD_OF_TIME) else {
                self.queries = None;
                return;
            };
            // The next look will take about as long, or less.
            self.early = looked.took.clamp(EARLY, AHEAD / 4);
            let (registration, staff) = (&self.registration, self.registration.place());
            let is_wanted = || registration.is_called() || registration.is_yielding();
            let go_on = || !is_wanted() && registration.place() == staff;
            let done = self
                .warm
                .up(&share(&looked.due, staff.0, staff.1), at - self.early, go_on);
            // Shared anew where another has come meanwhile.
            if done || is_wanted() {
                return;
            }
        }
    }

    /// What is due, in order, as much as it sees or `at_least` so many, and when something is next; None where the extension is
    /// not there.
    fn look(&mut self, now: i64, at_least: usize) -> Result<Option<Looked>, Failure> {
        let began = process::now();
        let most = self.sight.most(self.registration.place().1).max(at_least);
        let queries = &mut self.queries;
        let until = self.until.max(now + 2 * AHEAD);
        in_extension(|client| {
            client.select(look::LOCK_TIMEOUT, None, &[])?;
            let queries = match queries {
                Some(queries) => queries,
                None => queries.insert(Queries::prepare(client)?),
            };
            let mut looked = queries.look.read(client, now, until, most)?;
            looked.took = process::now() - began;
            Ok(looked)
        })
    }

    /// Fires these schedules one after the other, brings all of it to disk, and tells how far it came. What is left over is due
    /// still, as far as it knows.
    fn drain(&mut self, due: &mut Vec<Due>) -> Result<Ran, Gone> {
        self.obstacles.crowded = false;
        let mut all = Ran::default();
        let outcome = loop {
            let staff = self.registration.place();
            let mut past = HashSet::new();
            let ran = self.fire_each(&share(due, staff.0, staff.1), staff, &mut past);
            due.retain(|one| !past.contains(&one.work));
            match ran {
                Ok(ran) => {
                    all.any |= ran.any;
                    all.spent += ran.spent;
                    all.is_behind = ran.is_behind;
                }
                Err(gone) => break Err(gone),
            }
            // Shared anew where another has come to help, or has left.
            if due.is_empty() || self.registration.place() == staff {
                break Ok(all);
            }
        };
        if std::mem::take(&mut self.unflushed) {
            process::flush_commits();
        }
        outcome
    }

    /// Until it is through with these, or the runners of its owner are others than those that they were shared among.
    fn fire_each(&mut self, due: &[&Due], staff: (usize, usize), past: &mut HashSet<Work>) -> Result<Ran, Gone> {
        let mut ran = Ran::default();
        let mut taken = Taken::default();
        let mut flushed_at = process::now();
        for (position, one) in due.iter().enumerate() {
            let work = &one.work;
            process::obey();
            if position % warm::TOGETHER == 0 {
                self.warm.foresee(due.get(position..).unwrap_or_default());
            }
            let now = process::now();
            if !super::ENABLED.get() || self.registration.is_yielding() || self.registration.place() != staff {
                break;
            }
            if self.obstacles.put_off(work, now) {
                continue;
            }
            if taken.holds_back(one) {
                self.obstacles.crowded |= one.waits;
                continue;
            }
            self.registration.begins_run(now);
            let flush_later = position + 1 < due.len() && now - flushed_at < FLUSH_TOGETHER;
            match self.fire_all(work, now, flush_later) {
                Ok(Outcome::Fired | Outcome::More) => {
                    self.obstacles.forget(work);
                    past.insert(work.clone());
                    taken.not();
                    ran.any = true;
                    ran.spent += process::now() - now;
                    self.unflushed = flush_later;
                    if !flush_later {
                        flushed_at = process::now();
                    }
                }
                Ok(Outcome::Past) => {
                    self.obstacles.forget(work);
                    past.insert(work.clone());
                    taken.before();
                }
                Ok(Outcome::PutOff) => {
                    if self.obstacles.is_busy(work, now) {
                        taken.by_others(one);
                    }
                }
                Ok(Outcome::Gone) => return Err(Gone),
                Err(failure) => {
                    let patience = self.obstacles.patience(work);
                    failure.note(patience, PATIENCE, &format!("{work} stays due"));
                    self.queries = None;
                }
            }
            process::report_statistics(false);
            if let Err(failure) = session::reset() {
                failure.log("resetting the session of a runner, which therefore ends");
                return Err(Gone);
            }
            if taken.is_enough() {
                ran.is_behind = true;
                break;
            }
        }
        Ok(ran)
    }

    /// One attempt at one schedule or task: where each step of a schedule has a transaction of its own, step after step.
    fn fire_all(&mut self, work: &Work, now: i64, flush_later: bool) -> Result<Outcome, Failure> {
        loop {
            let outcome = self.fire(work, now, flush_later)?;
            if !matches!(outcome, Outcome::More) {
                return Ok(outcome);
            }
            process::obey();
            if !super::ENABLED.get() || self.registration.is_yielding() {
                return Ok(Outcome::Fired);
            }
        }
    }

    /// One attempt at one schedule or task, in a transaction of its own.
    fn fire(&mut self, work: &Work, now: i64, flush_later: bool) -> Result<Outcome, Failure> {
        let queries = &mut self.queries;
        let outcome = in_extension(|client| {
            let queries = match queries {
                Some(queries) => queries,
                None => queries.insert(Queries::prepare(client)?),
            };
            if flush_later {
                // A later commit brings this one to disk.
                xact::set_for_transaction(c"synchronous_commit", c"off");
            }
            let outcome = queries.attempt(client, work, now)?;
            if matches!(outcome, Outcome::PutOff | Outcome::Past) {
                // Nothing was done: the disk is not waited for.
                xact::set_for_transaction(c"synchronous_commit", c"off");
            }
            Ok(outcome)
        });
        mark::clear();
        outcome.map(|outcome| outcome.unwrap_or(Outcome::Gone))
    }
}

/// How long it lingers.
fn linger() -> i64 {
    i64::from(super::RUNNER_LINGER.get()) * 1000
}

/// How far it came with what it saw.
#[derive(Default)]
struct Ran {
    /// Something ran, well or not.
    any: bool,
    /// For how long, together.
    spent: i64,
    /// Others are at all of it, or were there before: there is reason to look again.
    is_behind: bool,
}

/// The runner has nothing to stay for.
struct Gone;

/// Runs `work` in a transaction with the rights of the extension's owner; None where the extension is not there.
fn in_extension<T>(work: impl FnOnce(&SpiClient<'_>) -> spi::Result<T>) -> Result<Option<T>, Failure> {
    txn::transaction(|| {
        xact::extension_owner()
            .map(|owner| xact::as_trusted(owner, || Spi::connect(work)))
            .transpose()
            .map_err(internal)
    })
}
