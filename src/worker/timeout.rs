//! How a run is stopped that takes too long, or that somebody cancels: by the server's own timeouts, in the process
//! that runs it, and only while it runs.
//!
//! A timer ticks a few times a second while a run is in progress. Its handler looks at the clock and at the word of the
//! run's slot by which others ask it to stop ([`super::running`]), and then cancels as `pg_cancel_backend` does. Because
//! nobody else sends a signal, and the timer is disarmed before the run ends, what is cancelled is this run: never a
//! later one, and never a statement of the session's own.
#![allow(unsafe_code)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use pgrx::prelude::*;
use serde_json::Value;

use super::running::{self, Trigger};
use super::{process, shared};
use crate::error::{Result, error_hint};

/// Not in PostgreSQL's headers that pgrx reads, but the same in all versions from 15.
mod server {
    use pgrx::pg_sys;

    /// Any id from the first free one upwards asks for a new one.
    pub const ANY: u32 = 64;

    unsafe extern "C-unwind" {
        pub fn RegisterTimeout(id: u32, handler: unsafe extern "C-unwind" fn()) -> u32;
        pub fn enable_timeout_every(id: u32, fin_time: pg_sys::TimestampTz, delay_ms: i32);
        pub fn disable_timeout(id: u32, keep_indicator: bool);
    }
}

/// Milliseconds between two looks.
const TICK: i32 = 200;

/// The timer's id; 0 = not registered yet (that one is PostgreSQL's own).
static TIMER: AtomicU32 = AtomicU32::new(0);
static ARMED: AtomicBool = AtomicBool::new(false);
/// The clock that nobody sets.
static BEGINNING: OnceLock<Instant> = OnceLock::new();
/// When the run is to be stopped, in microseconds of that clock; MAX = never.
static DEADLINE: AtomicU64 = AtomicU64::new(u64::MAX);
/// The same for the step that it is at.
static STEP_DEADLINE: AtomicU64 = AtomicU64::new(u64::MAX);
/// The step's timeout in milliseconds.
static STEP_ALLOWED: AtomicU64 = AtomicU64::new(0);
/// The run's timeout in milliseconds.
static ALLOWED: AtomicU64 = AtomicU64::new(0);
/// Why it was told to stop.
static STOPPED: AtomicU8 = AtomicU8::new(GOES_ON);
const GOES_ON: u8 = 0;
const TOO_LONG: u8 = 1;
const CANCELLED: u8 = 2;
const STEP_TOO_LONG: u8 = 3;
/// Who cancelled it.
static BY: AtomicU32 = AtomicU32::new(0);

fn micros() -> u64 {
    let elapsed = BEGINNING.get().map_or(Duration::ZERO, Instant::elapsed);
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

/// Lets the run that has just begun go on for so long.
fn arm(allowed: Option<Duration>) {
    STOPPED.store(GOES_ON, Ordering::Relaxed);
    if allowed.is_none() && !super::preloaded() {
        // Nobody could ask it to stop, or look at it.
        return;
    }
    BEGINNING.get_or_init(Instant::now);
    let allowed = allowed.map(|allowed| u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX));
    ALLOWED.store(allowed.unwrap_or(0), Ordering::Relaxed);
    let deadline = allowed.map_or(u64::MAX, |ms| micros().saturating_add(ms.saturating_mul(1000)));
    DEADLINE.store(deadline, Ordering::Relaxed);
    let first = allowed
        .map_or(i64::from(TICK), |ms| i64::try_from(ms).unwrap_or(i64::MAX))
        .clamp(1, i64::from(TICK));
    ARMED.store(true, Ordering::Relaxed);
    // SAFETY: the process has a timeout module, for it has a transaction; the handler is one that it can call within
    // its signal handler. The id is registered once, and stays.
    unsafe {
        if TIMER.load(Ordering::Relaxed) == 0 {
            TIMER.store(server::RegisterTimeout(server::ANY, tick), Ordering::Relaxed);
        }
        let at = pg_sys::GetCurrentTimestamp().saturating_add(first * 1000);
        server::enable_timeout_every(TIMER.load(Ordering::Relaxed), at, TICK);
    }
}

/// For as long as it lives, the run in progress is at a step that may take so long.
pub struct StepLimit;

/// Limits how long the step that begins may take.
#[must_use]
pub fn limit_step(allowed: Duration) -> StepLimit {
    if !ARMED.load(Ordering::Relaxed) {
        // Nothing else needed the timer; it is a run that will be disarmed, as only runs of schedules have such steps.
        arm(Some(Duration::from_secs(u64::from(u32::MAX))));
    }
    let allowed = u64::try_from(allowed.as_millis()).unwrap_or(u64::MAX);
    STEP_ALLOWED.store(allowed, Ordering::Relaxed);
    STEP_DEADLINE.store(micros().saturating_add(allowed.saturating_mul(1000)), Ordering::Relaxed);
    StepLimit
}

impl Drop for StepLimit {
    fn drop(&mut self) {
        STEP_DEADLINE.store(u64::MAX, Ordering::Relaxed);
    }
}

/// Called within a signal handler: nothing but loads and stores.
unsafe extern "C-unwind" fn tick() {
    if !ARMED.load(Ordering::Relaxed) {
        return;
    }
    running::look_at_progress();
    if STOPPED.load(Ordering::Relaxed) == GOES_ON {
        if let Some(role) = running::asked_to_stop() {
            BY.store(role.to_u32(), Ordering::Relaxed);
            STOPPED.store(CANCELLED, Ordering::Relaxed);
        } else if micros() >= DEADLINE.load(Ordering::Relaxed) {
            STOPPED.store(TOO_LONG, Ordering::Relaxed);
        } else if micros() >= STEP_DEADLINE.load(Ordering::Relaxed) {
            STOPPED.store(STEP_TOO_LONG, Ordering::Relaxed);
        } else {
            return;
        }
    }
    // Again at each tick: code of the user's may have caught it.
    // SAFETY: flags that signal handlers are there to set. The latch has been set by PostgreSQL's handler.
    unsafe {
        pg_sys::QueryCancelPending = 1;
        pg_sys::InterruptPending = 1;
    }
}

/// From here on nothing is stopped. What was told to and has not happened yet will not.
pub fn disarm() {
    if !ARMED.swap(false, Ordering::Relaxed) {
        return;
    }
    // SAFETY: the timer has been registered. After the call its handler does not run any more.
    unsafe {
        server::disable_timeout(TIMER.load(Ordering::Relaxed), false);
        if STOPPED.load(Ordering::Relaxed) != GOES_ON {
            pg_sys::QueryCancelPending = 0;
        }
    }
}

/// Why the run was told to stop.
pub struct Stop {
    /// How it has ended by that: failed or cancelled.
    pub status: &'static str,
    /// In words.
    pub message: String,
    /// What can be done about it.
    pub hint: &'static str,
}

fn stopped() -> Option<Stop> {
    match STOPPED.load(Ordering::Relaxed) {
        GOES_ON => None,
        TOO_LONG => Some(Stop {
            status: "failed",
            message: format!(
                "the run took longer than its timeout of {}",
                spelled(ALLOWED.load(Ordering::Relaxed))
            ),
            hint: "Raise run_timeout of dist.schedule or, for schedules that have none, the policy run_timeout.",
        }),
        STEP_TOO_LONG => Some(Stop {
            status: "failed",
            message: format!(
                "a step took longer than its timeout of {}",
                spelled(STEP_ALLOWED.load(Ordering::Relaxed))
            ),
            hint: "Raise timeout of dist.step, or let the function do less.",
        }),
        _ => Some(Stop {
            status: "cancelled",
            message: format!(
                "cancelled by {}",
                role_name(pg_sys::Oid::from(BY.load(Ordering::Relaxed)))
            ),
            hint: "The schedule goes on with its next instant; dist.run_now runs it at once.",
        }),
    }
}

fn role_name(role: pg_sys::Oid) -> String {
    // SAFETY: a catalogue look-up in a transaction; the text is copied before anything else happens.
    unsafe {
        let name = pg_sys::GetUserNameFromId(role, true);
        if name.is_null() {
            "a role that is gone".to_owned()
        } else {
            std::ffi::CStr::from_ptr(name).to_string_lossy().into_owned()
        }
    }
}

/// A length of time in the largest unit that divides it.
fn spelled(millis: u64) -> String {
    let (unit, length) = [
        ("day", 86_400_000),
        ("hour", 3_600_000),
        ("minute", 60_000),
        ("second", 1000),
    ]
    .into_iter()
    .find(|(_, length)| millis != 0 && millis.is_multiple_of(*length))
    .unwrap_or(("millisecond", 1));
    let count = millis / length;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `dist._run_begins()`: a run of a schedule, or the work of a task (schedule 0), begins, and may last so many seconds, or else as many as the policy
/// run_timeout says. False where it is inside another.
///
/// # Errors
/// When the policies cannot be read.
#[pg_extern(sql = false)]
pub fn run_begins(
    schedule: i32,
    name: &str,
    trigger: &str,
    due_at: Option<TimestampWithTimeZone>,
    seconds: Option<f64>,
) -> Result<bool> {
    let policy = || crate::router::kept::limits().map(|limits| limits.get("run_timeout").and_then(Value::as_f64));
    let seconds = match seconds {
        Some(seconds) => Some(seconds),
        None => policy()?,
    };
    let (trigger, what) = match trigger {
        "manual" => (Trigger::Manual, "schedule"),
        "schedule" => (Trigger::Schedule, "schedule"),
        // The kinds of tasks.
        "hopper" => (Trigger::Expiry, "hopper"),
        "release" => (Trigger::Release, "release"),
        "sla" => (Trigger::Sla, "sla"),
        kind => (Trigger::Automation, kind),
    };
    crate::router::failure::begin();
    let outermost = running::begin(trigger, Some((schedule, due_at.map(i64::from))));
    if outermost {
        if shared::is_one_of_us() {
            process::show(Some(&format!(
                "running {what} {}",
                crate::criteria::quote_literal(name)
            )));
        }
        arm(seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()));
    }
    Ok(outermost)
}

/// `dist._run_done()`: its steps are done; true.
///
/// # Errors
/// 57014 when it was told to stop before that: code of the user's may have caught it.
#[pg_extern(sql = false)]
pub fn run_done(outermost: bool) -> Result<bool> {
    if outermost {
        disarm();
    }
    if let Some(stop) = stopped() {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_QUERY_CANCELED,
            stop.message,
            stop.hint,
        ));
    }
    if outermost {
        running::end();
    }
    Ok(true)
}

/// The run has ended with an error; returns whether and why it had been told to stop.
///
/// # Errors
/// 57014 for a run inside one that was told to stop: the outer one is to end as well.
pub fn ended(outermost: bool) -> Result<Option<Stop>> {
    let stop = stopped();
    if outermost {
        running::end();
    } else if let Some(stop) = stop {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_QUERY_CANCELED,
            stop.message,
            stop.hint,
        ));
    }
    Ok(stop)
}

/// `dist._run_ends()`: it has ended with an error; returns whether and why it had been told to stop.
///
/// # Errors
/// 57014 for a run inside one that was told to stop: the outer one is to end as well.
#[pg_extern(sql = false)]
fn run_ends(
    outermost: bool,
) -> Result<
    TableIterator<
        'static,
        (
            name!(status, &'static str),
            name!(message, String),
            name!(hint, &'static str),
        ),
    >,
> {
    let stop = ended(outermost)?;
    Ok(TableIterator::new(
        stop.into_iter().map(|stop| (stop.status, stop.message, stop.hint)),
    ))
}

/// `dist._ask_to_stop()`: asks the run of a schedule to stop, in the name of a role.
#[pg_extern(sql = false)]
fn ask_to_stop(schedule: i32, role: pg_sys::Oid) -> bool {
    running::ask_to_stop(schedule, role)
}

/// For a run that is not a schedule's and has no timeout: it is in progress until this goes.
pub struct InProgress(bool);

impl InProgress {
    /// It begins.
    pub fn new(trigger: Trigger, name: &str) -> Self {
        let outermost = running::begin(trigger, None);
        if outermost {
            // It is not stopped, but it is looked at.
            arm(None);
            running::step(1, 1, name);
        }
        Self(outermost)
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        if self.0 {
            running::end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::spelled;

    #[test]
    fn spells_a_length_of_time_as_people_do() {
        assert_eq!(spelled(300_000), "5 minutes");
        assert_eq!(spelled(60_000), "1 minute");
        assert_eq!(spelled(90_000), "90 seconds");
        assert_eq!(spelled(1500), "1500 milliseconds");
        assert_eq!(spelled(7_200_000), "2 hours");
        assert_eq!(spelled(0), "0 milliseconds");
    }
}
