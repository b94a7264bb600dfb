//! Due schedules between SQL and the pure module `firing`: rows in, words out.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Result, internal};
use crate::firing::{Cause, Ended, Firing, Misfire, Standing, Terms};
use crate::recurrence::Spec;

/// A schedule that is due: what its row says, its row of `dist.schedule_state`, and the policies where the former leaves them open.
pub struct Due {
    spec: Rc<Spec>,
    terms: Terms,
    seed: u64,
    /// Where it stands.
    pub standing: Standing,
}

/// What of the schedule's row matters here, beside its recurrence. Times are in seconds.
pub struct TermsRow {
    /// `misfire`.
    pub misfire: String,
    /// `misfire_window`.
    pub misfire_window: Option<f64>,
    /// `misfire_max`.
    pub misfire_max: Option<i32>,
    /// Whether `overlap` is queue_one.
    pub queue_one: bool,
    /// `max_runs`.
    pub max_runs: Option<i32>,
    /// `attempts`.
    pub attempts: i32,
    /// `retry_after`.
    pub retry_after: f64,
    /// `pause_after`.
    pub pause_after: Option<i32>,
}

/// The policies.
#[derive(Deserialize)]
struct Limits {
    misfire_grace: Option<f64>,
    misfire_window: Option<f64>,
    misfire_max: Option<usize>,
    retry_max: Option<f64>,
}

/// Its row of `dist.schedule_state`.
pub struct StateRow {
    /// `next_run_at`, which has come.
    pub next_run_at: DateTime<Utc>,
    /// `due_at`.
    pub due_at: Option<DateTime<Utc>>,
    /// `attempt`.
    pub attempt: i32,
    /// `queued`.
    pub queued: bool,
    /// `runs`.
    pub runs: i32,
    /// `failures`.
    pub failures: i32,
    /// `crashes`.
    pub crashes: i32,
    /// `ran_until`.
    pub ran_until: Option<DateTime<Utc>>,
}

impl StateRow {
    /// Whether there can be a run at an instant in the history.
    pub fn may_have_run(&self, at: DateTime<Utc>) -> bool {
        self.ran_until.is_some_and(|until| at <= until)
    }
}

impl Due {
    /// Takes the two rows and the policies together. begun: steps of the instant have been committed.
    ///
    /// # Errors
    /// For policies that cannot be read.
    pub fn new(
        schedule_id: i32,
        spec: Rc<Spec>,
        row: &TermsRow,
        state: &StateRow,
        begun: bool,
        limits: &Value,
    ) -> Result<Self> {
        let limits = Limits::deserialize(limits).map_err(internal)?;
        let mut hasher = DefaultHasher::new();
        (schedule_id, state.due_at, state.attempt).hash(&mut hasher);
        Ok(Self {
            spec,
            terms: Terms {
                misfire: match row.misfire.as_str() {
                    "skip" => Misfire::Skip,
                    "all" => Misfire::All,
                    _ => Misfire::One,
                },
                grace: limits.misfire_grace.map(seconds),
                window: row.misfire_window.or(limits.misfire_window).map(seconds),
                most: row
                    .misfire_max
                    .and_then(|most| usize::try_from(most).ok())
                    .or(limits.misfire_max),
                queue_one: row.queue_one,
                max_runs: row.max_runs,
                attempts: row.attempts,
                retry_after: seconds(row.retry_after),
                retry_most: limits.retry_max.map(seconds),
                pause_after: row.pause_after,
            },
            seed: hasher.finish(),
            standing: Standing {
                next: Some(state.next_run_at),
                // Else the two do not differ, and a state whose instant was moved by hand keeps making sense. After an
                // interruption it waits as it does for a retry.
                due: if state.attempt > 1 || state.queued || state.crashes > 0 || begun {
                    state.due_at
                } else {
                    Some(state.next_run_at)
                },
                attempt: state.attempt,
                queued: state.queued,
                begun,
                runs: state.runs,
                failures: state.failures,
                ended: None,
            },
        })
    }

    /// What the pure module is asked.
    pub fn firing(&self) -> Firing<'_> {
        Firing {
            spec: &self.spec,
            terms: &self.terms,
            seed: self.seed,
        }
    }
}

fn seconds(seconds: f64) -> Duration {
    // A float beyond the whole numbers becomes the nearest of them, which is as good as without a limit.
    #[allow(clippy::cast_possible_truncation)]
    Duration::microseconds((seconds * 1e6) as i64)
}

/// The word in `dist.schedule_state.ended`.
pub fn ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Done => "done",
        Ended::Failed => "failed",
        Ended::Quarantined => "quarantined",
    }
}

/// The word in `dist.run.cause`.
pub fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Misfire => "misfire",
        Cause::Overlap => "overlap",
    }
}
