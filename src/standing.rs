//! Due schedules between SQL and the pure module `firing`: rows in, words out.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Result, internal};
use crate::firing::{Cause, Choice, Ended, Firing, Misfire, Outcome, Skipped, Standing, Terms};
use crate::recurrence::Spec;
use crate::router::inside::runs_here;
use crate::timing;

/// When so many are kept, those go whose run an error took back, or that could not run then.
const MOST_KEPT: usize = 1000;

thread_local! {
    /// Schedules whose runs have been chosen and not been brought to their end: they are read once for both questions.
    static RUNNING: RefCell<HashMap<i32, Due>> = RefCell::default();
}

/// A schedule that is due: its row, its row of `dist.schedule_state`, and the policies where the former leaves them open.
pub struct Due {
    spec: Rc<Spec>,
    terms: Terms,
    seed: u64,
    /// Where it stands.
    pub standing: Standing,
}

/// What of the schedule's row matters here.
#[derive(Deserialize)]
struct TermsRow {
    misfire: String,
    misfire_max: Option<usize>,
    overlap: String,
    max_runs: Option<i32>,
    attempts: i32,
    pause_after: Option<i32>,
}

/// What of it are intervals, in seconds.
pub struct Spans {
    /// `misfire_window`.
    pub misfire_window: Option<f64>,
    /// `retry_after`.
    pub retry_after: f64,
}

/// The policies.
#[derive(Deserialize)]
struct Limits {
    misfire_grace: Option<f64>,
    misfire_window: Option<f64>,
    misfire_max: Option<usize>,
    retry_max: Option<f64>,
}

#[derive(Deserialize)]
struct StandingRow {
    schedule_id: i32,
    next_run_at: Option<DateTime<Utc>>,
    due_at: Option<DateTime<Utc>>,
    attempt: i32,
    queued: bool,
    runs: i32,
    failures: i32,
    crashes: i32,
    /// Steps of the instant have been committed.
    #[serde(default)]
    begun: bool,
}

impl Due {
    /// Reads the two rows and the policies.
    ///
    /// # Errors
    /// 22023 for a recurrence that is wrong.
    pub fn read(schedule: &Value, spans: &Spans, state: &Value, limits: &Value) -> Result<Self> {
        let row = TermsRow::deserialize(schedule).map_err(internal)?;
        let limits = Limits::deserialize(limits).map_err(internal)?;
        let state = StandingRow::deserialize(state).map_err(internal)?;
        let mut hasher = DefaultHasher::new();
        (state.schedule_id, state.due_at, state.attempt).hash(&mut hasher);
        Ok(Self {
            spec: timing::spec(schedule)?,
            terms: Terms {
                misfire: match row.misfire.as_str() {
                    "skip" => Misfire::Skip,
                    "all" => Misfire::All,
                    _ => Misfire::One,
                },
                grace: limits.misfire_grace.map(seconds),
                window: spans.misfire_window.or(limits.misfire_window).map(seconds),
                most: row.misfire_max.or(limits.misfire_max),
                queue_one: row.overlap == "queue_one",
                max_runs: row.max_runs,
                attempts: row.attempts,
                retry_after: seconds(spans.retry_after),
                retry_most: limits.retry_max.map(seconds),
                pause_after: row.pause_after,
            },
            seed: hasher.finish(),
            standing: Standing {
                next: state.next_run_at,
                // Else the two do not differ, and a state whose instant was moved by hand keeps making sense. After an
                // interruption it waits as it does for a retry.
                due: if state.attempt > 1 || state.queued || state.crashes > 0 || state.begun {
                    state.due_at
                } else {
                    state.next_run_at
                },
                attempt: state.attempt,
                queued: state.queued,
                begun: state.begun,
                runs: state.runs,
                failures: state.failures,
                ended: None,
            },
        })
    }

    /// Keeps it until its run has ended.
    pub fn keep(self, schedule: i32) {
        RUNNING.with_borrow_mut(|running| {
            if running.len() >= MOST_KEPT {
                running.retain(|id, _| runs_here(*id, true));
            }
            running.insert(schedule, self);
        });
    }

    /// The one that was kept.
    ///
    /// # Errors
    /// When there is none.
    pub fn kept(schedule: i32) -> Result<Self> {
        RUNNING
            .with_borrow_mut(|running| running.remove(&schedule))
            .ok_or_else(|| internal(format!("schedule {schedule} has not been asked what it runs")))
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

/// The choice that was made before the run: the instant, and the last of those that were given up.
pub fn choice(run: Option<DateTime<Utc>>, given_up: Option<DateTime<Utc>>) -> Choice {
    Choice {
        run,
        skipped: given_up.map(|at| Skipped {
            from: at,
            to: at,
            cause: Cause::Misfire,
        }),
    }
}

/// How a run ended, by its word.
///
/// # Errors
/// For a word that is none.
pub fn outcome(word: &str) -> Result<Outcome> {
    Ok(match word {
        "succeeded" | "none" => Outcome::Succeeded,
        "repeated" => Outcome::Repeated,
        "failed" => Outcome::Failed,
        "broken" => Outcome::Broken,
        "cancelled" => Outcome::Cancelled,
        _ => return Err(internal(format!("no such outcome: {word}"))),
    })
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
