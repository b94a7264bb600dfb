//! What becomes of due instants: which of them a schedule runs, which it gives up and why, and where it stands afterwards.
//!
//! This is pure: instants in, instants out. A firing asks twice: [`Firing::choose`] before the run, [`Firing::advance`]
//! after it. In between the run may take its time, fail, or not take place because nothing was chosen.
//!
//! - **Missed** are the instants from the one that is due up to now. `one` runs the latest of them, `all` each of the
//!   latest `misfire_max`, `skip` none once the first is late by more than the grace. None is run later than its window.
//! - **Overlapped** are the instants that pass between the claim and the end of the run (and of its retries): skipped,
//!   or the latest of them queued.
//! - **Failed**: the same instant again after a wait that doubles each time, until the attempts are used up.
//!
//! What is given up is returned as ranges with a cause, one row of history each, however many instants lie in it.

use chrono::{DateTime, Duration, Utc};

use crate::recurrence::Spec;

mod instants;
pub mod order;
#[cfg(test)]
mod tests;

/// An instant.
type Instant = DateTime<Utc>;

/// How a schedule deals with what does not go by plan; policies are filled in.
#[derive(Debug, Clone)]
pub struct Terms {
    /// What becomes of missed instants.
    pub misfire: Misfire,
    /// A run that is late by no more is not a misfire for [`Misfire::Skip`]; None = never late.
    pub grace: Option<Duration>,
    /// No instant is run later than this; None = however late.
    pub window: Option<Duration>,
    /// [`Misfire::All`] runs so many missed instants at most; None = all of them.
    pub most: Option<usize>,
    /// Whether the latest instant that passes during a run is run afterwards.
    pub queue_one: bool,
    /// It ends after so many regular runs.
    pub max_runs: Option<i32>,
    /// How often one instant is attempted.
    pub attempts: i32,
    /// The wait before the second attempt.
    pub retry_after: Duration,
    /// The longest wait before an attempt; None = it doubles without end.
    pub retry_most: Option<Duration>,
    /// It stops after so many failed instants in a row.
    pub pause_after: Option<i32>,
}

/// What becomes of missed instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfire {
    /// One run for all of them.
    One,
    /// No run.
    Skip,
    /// One run for each.
    All,
}

/// Where a schedule stands: its row of `dist.schedule_state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// When it is tried next.
    pub next: Option<Instant>,
    /// The instant of its plan that it is tried for.
    pub due: Option<Instant>,
    /// Which attempt at that instant the next one is.
    pub attempt: i32,
    /// The instant passed during the schedule's own run.
    pub queued: bool,
    /// Steps of the instant have been committed, each by itself: the rest follows, whatever has passed since.
    pub begun: bool,
    /// Regular runs so far.
    pub runs: i32,
    /// Instants in a row at which it failed.
    pub failures: i32,
    /// Why there is no next run.
    pub ended: Option<Ended>,
}

/// Why a schedule has no next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its plan is at its end.
    Done,
    /// It runs once and has failed, or failed too often in a row.
    Failed,
    /// It cannot run as it stands.
    Quarantined,
}

/// Why instants were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Too late, or made up for by a later one.
    Misfire,
    /// Passed during the schedule's own run.
    Overlap,
}

/// Instants that were given up: the first and the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// The first.
    pub from: Instant,
    /// The last.
    pub to: Instant,
    /// Why.
    pub cause: Cause,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Succeeded,
    /// It had run at that instant before.
    Repeated,
    /// Badly, and it may be tried again.
    Failed,
    /// Badly, and trying again is of no use.
    Broken,
    /// Somebody stopped it.
    Cancelled,
}

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The instant; None = nothing, all that was due is given up.
    pub run: Option<Instant>,
    /// What is given up before it.
    pub skipped: Option<Skipped>,
}

/// A schedule that is due.
pub struct Firing<'a> {
    /// Its recurrence.
    pub spec: &'a Spec,
    /// How it deals with what does not go by plan.
    pub terms: &'a Terms,
    /// Varies the waits of schedules that fail together; the same for the same attempt.
    pub seed: u64,
}

impl Firing<'_> {
    /// Which instant is run at `now`. None where nothing is due.
    pub fn choose(&self, standing: &Standing, now: Instant) -> Option<Choice> {
        let (due, tried_at) = (standing.due?, standing.next?);
        let misfire = |from, to| Skipped {
            from,
            to,
            cause: Cause::Misfire,
        };
        if standing.attempt > 1 || standing.queued || standing.begun {
            let given_up = self.too_late(tried_at, now);
            return Some(Choice {
                run: (!given_up).then_some(due),
                skipped: given_up.then(|| misfire(due, due)),
            });
        }
        let latest = instants::latest(self.spec, due, now);
        let none = Choice {
            run: None,
            skipped: Some(misfire(due, latest)),
        };
        let late = |grace: Duration| now.signed_duration_since(due) > grace;
        if self.too_late(latest, now) || self.terms.misfire == Misfire::Skip && self.terms.grace.is_some_and(late) {
            return Some(none);
        }
        let run = if self.terms.misfire == Misfire::All {
            let floor = self
                .terms
                .window
                .and_then(|window| now.checked_sub_signed(window))
                .filter(|floor| due < *floor);
            let first = match floor {
                Some(floor) => instants::from(self.spec, floor).unwrap_or(latest),
                None => due,
            };
            match self.terms.most {
                Some(most) => instants::among_last(self.spec, first, now, most.max(1)),
                None => first,
            }
        } else {
            latest
        };
        Some(Choice {
            run: Some(run),
            skipped: (run > due).then(|| misfire(due, instants::before(self.spec, due, run))),
        })
    }

    fn too_late(&self, at: Instant, now: Instant) -> bool {
        self.terms
            .window
            .is_some_and(|window| now.signed_duration_since(at) > window)
    }

    /// Where the schedule stands after a choice made at `claimed`, whose run ended at `finished`, and what is given up
    /// because of that run.
    pub fn advance(
        &self,
        was: &Standing,
        choice: &Choice,
        outcome: Outcome,
        claimed: Instant,
        finished: Instant,
    ) -> (Standing, Option<Skipped>) {
        let Some(run) = choice.run else {
            let last = choice.skipped.map(|skipped| skipped.to).or(was.due);
            return (self.goes_on(was.clone(), self.spec.next(last)), None);
        };
        if outcome == Outcome::Failed && was.attempt < self.terms.attempts {
            let retry = Standing {
                next: finished.checked_add_signed(self.wait(was.attempt)),
                due: Some(run),
                attempt: was.attempt + 1,
                ..was.clone()
            };
            return (retry, None);
        }
        let failed = matches!(outcome, Outcome::Failed | Outcome::Broken);
        let mut becomes = was.clone();
        becomes.runs += i32::from(outcome != Outcome::Repeated);
        becomes.failures = match outcome {
            Outcome::Succeeded => 0,
            _ => was.failures.saturating_add(i32::from(failed)),
        };
        let following = self.spec.next(Some(run));
        if outcome == Outcome::Broken {
            becomes.ended = Some(Ended::Quarantined);
        } else if failed && self.terms.pause_after.is_some_and(|most| becomes.failures >= most) {
            becomes.ended = Some(Ended::Failed);
        } else if self.terms.max_runs.is_some_and(|most| becomes.runs >= most) {
            becomes.ended = Some(Ended::Done);
        } else if failed && following.is_none() && !self.spec.is_recurring() {
            becomes.ended = Some(Ended::Failed);
        }
        if becomes.ended.is_some() {
            // Where it would have gone on is kept: whoever resumes it learns what has passed.
            let stopped = Standing {
                next: None,
                due: following,
                attempt: 1,
                queued: false,
                begun: false,
                ..becomes
            };
            return (stopped, None);
        }
        match following {
            // A backlog that is made up for is not an overlap.
            Some(first) if first <= finished && !(self.terms.misfire == Misfire::All && first <= claimed) => {
                let latest = instants::latest(self.spec, first, finished);
                let overlap = |to| Skipped {
                    from: first,
                    to,
                    cause: Cause::Overlap,
                };
                if self.terms.queue_one {
                    let skipped = (latest > first).then(|| overlap(instants::before(self.spec, first, latest)));
                    let mut queued = self.goes_on(becomes, Some(latest));
                    queued.queued = true;
                    (queued, skipped)
                } else {
                    (
                        self.goes_on(becomes, self.spec.next(Some(latest))),
                        Some(overlap(latest)),
                    )
                }
            }
            following => (self.goes_on(becomes, following), None),
        }
    }

    fn goes_on(&self, was: Standing, next: Option<Instant>) -> Standing {
        Standing {
            next,
            due: next,
            attempt: 1,
            queued: false,
            begun: false,
            ended: next.is_none().then_some(Ended::Done),
            ..was
        }
    }

    /// How long to wait after a failed attempt: twice as long each time, three quarters to five quarters of that.
    fn wait(&self, attempt: i32) -> Duration {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(30);
        let longest = self.terms.retry_most.unwrap_or(Duration::MAX);
        let plain = self
            .terms
            .retry_after
            .checked_mul(1_i32 << doublings)
            .unwrap_or(longest)
            .min(longest);
        let quarter = plain.num_milliseconds() / 4;
        if quarter <= 0 {
            return plain;
        }
        let spread = i64::try_from(self.seed % (2 * quarter.unsigned_abs() + 1)).unwrap_or(quarter);
        (plain - Duration::milliseconds(quarter) + Duration::milliseconds(spread)).min(longest)
    }
}
