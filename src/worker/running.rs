//! What is running now: a slot of shared memory for each run in progress, in whatever session, worker or not.
//!
//! A run writes a few numbers of its own slot as it goes, without a lock and without allocating, so that anybody can
//! see how far it is. And it looks at one word of the slot, by which others ask it to stop ([`super::timeout`]).
//! Nothing depends on the slots: a run for which there is none (they are taken, or the library is not preloaded)
//! writes to memory of its own, is seen by its own session only, and cannot be cancelled by name.
//!
//! A run inside a run (a trigger on the records that move) belongs to the outer one.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicPtr, Ordering};

use pgrx::prelude::*;

use super::slots::{self, NEVER, Slot};
use super::{progress, shared, timeout};

/// `dist._running_key()`.
const KEY: i32 = 1_684_632_436;
/// Records whose move takes long enough to be watched.
const MANY: usize = 10_000;

/// What a run is busy with.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Phase {
    /// For its object and its pools.
    Waiting,
    /// Candidates.
    Reading,
    /// Who gets what.
    Allocating,
    /// The records.
    Moving,
    /// The audit.
    Recording,
    /// A function of the user's.
    Calling,
}

impl Phase {
    const NAMES: [&str; 6] = [
        "waiting for locks",
        "reading",
        "allocating",
        "moving",
        "recording",
        "calling a function",
    ];
}

/// Who asked for a run.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Trigger {
    /// `dist.execute`.
    Execute,
    /// Its schedule.
    Schedule,
    /// `dist.run_now`.
    Manual,
    /// `dist.undo`.
    Undo,
    /// `dist.return_record`.
    Return,
    /// An automation.
    Automation,
    /// A service level.
    Sla,
    /// What expires in a hopper.
    Expiry,
    /// A release.
    Release,
}

impl Trigger {
    const NAMES: [&str; 9] = [
        "execute",
        "schedule",
        "manual",
        "undo",
        "return",
        "automation",
        "sla",
        "expiry",
        "release",
    ];
}

/// The slot of the run in progress; null where there is none.
static CURRENT: AtomicPtr<Slot> = AtomicPtr::new(std::ptr::null_mut());
/// The transaction's nesting level at which it began.
static LEVEL: AtomicI32 = AtomicI32::new(0);
/// Candidates of the steps before the one that it is at.
static BEFORE: AtomicI64 = AtomicI64::new(0);
/// Records that these steps have moved.
static MOVED_BEFORE: AtomicI64 = AtomicI64::new(0);
/// Whether the callbacks are registered, which lasts as long as the session.
static REGISTERED: AtomicBool = AtomicBool::new(false);

fn current() -> Option<&'static Slot> {
    // SAFETY: null, or one of the slots, which are never freed.
    unsafe { CURRENT.load(Ordering::Relaxed).as_ref() }
}

/// A run begins, in the transaction and at the nesting level in which this is called; at that level it has to end.
/// False where it is inside of another, of which it is a part.
pub fn begin(trigger: Trigger, schedule: Option<(i32, Option<i64>)>) -> bool {
    if current().is_some() {
        return false;
    }
    if !REGISTERED.swap(true, Ordering::Relaxed) {
        // SAFETY: the callbacks have the signatures that are asked for, and the library stays loaded.
        unsafe {
            pg_sys::RegisterXactCallback(Some(at_end_of_transaction), std::ptr::null_mut());
            pg_sys::RegisterSubXactCallback(Some(at_end_of_subtransaction), std::ptr::null_mut());
        }
    }
    // SAFETY: reads variables of this process, and the clock.
    let (pid, database, role, is_runner, now, level) = unsafe {
        (
            pg_sys::MyProcPid,
            pg_sys::MyDatabaseId,
            pg_sys::GetSessionUserId(),
            shared::is_one_of_us(),
            pg_sys::GetCurrentTimestamp(),
            pg_sys::GetCurrentTransactionNestLevel(),
        )
    };
    let slot = slots::claim(pid);
    slot.change(|slot| {
        slot.number.fetch_add(1, Ordering::Relaxed);
        slot.database.store(database.to_u32(), Ordering::Relaxed);
        slot.role.store(role.to_u32(), Ordering::Relaxed);
        slot.is_runner.store(is_runner, Ordering::Relaxed);
        slot.trigger.store(trigger as u8, Ordering::Relaxed);
        slot.phase.store(Phase::Waiting as u8, Ordering::Relaxed);
        slot.schedule.store(schedule.map_or(0, |(id, _)| id), Ordering::Relaxed);
        slot.step.store(0, Ordering::Relaxed);
        slot.steps.store(0, Ordering::Relaxed);
        slot.run.store(0, Ordering::Relaxed);
        slot.candidates.store(0, Ordering::Relaxed);
        slot.moved.store(0, Ordering::Relaxed);
        let due_at = schedule.and_then(|(_, due_at)| due_at).unwrap_or(NEVER);
        slot.due_at.store(due_at, Ordering::Relaxed);
        slot.started_at.store(now, Ordering::Relaxed);
        slot.set_name("");
        slot.pid.store(pid, Ordering::Release);
    });
    LEVEL.store(level, Ordering::Relaxed);
    CURRENT.store(std::ptr::from_ref(slot).cast_mut(), Ordering::Relaxed);
    true
}

/// The run in progress is over, however it went.
pub fn end() {
    timeout::disarm();
    progress::forget();
    if let Some(slot) = current() {
        CURRENT.store(std::ptr::null_mut(), Ordering::Relaxed);
        slot.pid.store(0, Ordering::Release);
    }
}

/// Takes the advisory lock by which other sessions see that a schedule is running (`dist._running_schedules`), for the rest of the
/// transaction. Nobody waits for it, nor for whoever else may have it.
pub fn show_to_others(schedule: i32) {
    // SAFETY: PostgreSQL's function, with the arguments that it has.
    let _got = unsafe {
        pgrx::direct_function_call::<bool>(
            pg_sys::pg_try_advisory_xact_lock_int4,
            &[KEY.into_datum(), schedule.into_datum()],
        )
    };
}

/// The run in progress has its locks, and its number.
pub fn numbered(run: i64) {
    if let Some(slot) = current() {
        slot.run.store(run, Ordering::Relaxed);
    }
}

/// The run in progress comes to one of its steps.
pub fn step(step: usize, steps: usize, name: &str) {
    if let Some(slot) = current() {
        BEFORE.store(slot.candidates.load(Ordering::Relaxed), Ordering::Relaxed);
        MOVED_BEFORE.store(slot.moved.load(Ordering::Relaxed), Ordering::Relaxed);
        slot.change(|slot| {
            slot.step
                .store(i32::try_from(step).unwrap_or(i32::MAX), Ordering::Relaxed);
            slot.steps
                .store(i32::try_from(steps).unwrap_or(i32::MAX), Ordering::Relaxed);
            slot.set_name(name);
        });
    }
}

/// The run in progress comes to something else.
pub fn phase(phase: Phase) {
    if let Some(slot) = current() {
        slot.phase.store(phase as u8, Ordering::Relaxed);
    }
}

/// The run in progress has read its step's candidates, and comes to allocating them.
pub fn allocating(candidates: usize) {
    if let Some(slot) = current() {
        // Set and not added: they are read once more where others have changed some of them meanwhile.
        let now = i64::try_from(candidates).unwrap_or(0);
        slot.candidates
            .store(BEFORE.load(Ordering::Relaxed) + now, Ordering::Relaxed);
        slot.phase.store(Phase::Allocating as u8, Ordering::Relaxed);
    }
}

/// The run in progress comes to moving so many records.
pub fn moving(records: usize) {
    if let Some(slot) = current() {
        slot.moved
            .store(MOVED_BEFORE.load(Ordering::Relaxed), Ordering::Relaxed);
        slot.phase.store(Phase::Moving as u8, Ordering::Relaxed);
        if records >= MANY {
            progress::watch();
        }
    }
}

/// The run in progress has moved so many records in its step.
pub fn moved(records: usize) {
    progress::forget();
    show_moved(i64::try_from(records).unwrap_or(0));
}

/// Shows how far the move is. Called within a signal handler.
pub fn look_at_progress() {
    if let Some(rows) = progress::rows() {
        show_moved(rows);
    }
}

fn show_moved(in_step: i64) {
    if let Some(slot) = current() {
        slot.moved
            .store(MOVED_BEFORE.load(Ordering::Relaxed) + in_step, Ordering::Relaxed);
    }
}

/// Who asked the run in progress to stop. Called within a signal handler: looks at two words.
pub fn asked_to_stop() -> Option<pg_sys::Oid> {
    let slot = current()?;
    let asked = slot.asked.load(Ordering::Acquire);
    let role = u32::try_from(asked & u64::from(u32::MAX)).unwrap_or(0);
    (role != 0 && asked >> 32 == u64::from(slot.number.load(Ordering::Relaxed))).then(|| pg_sys::Oid::from(role))
}

/// Asks the run of a schedule of this database to stop; false where there is none that can be seen.
pub fn ask_to_stop(schedule: i32, role: pg_sys::Oid) -> bool {
    // SAFETY: reads a variable of this session.
    let database = unsafe { pg_sys::MyDatabaseId }.to_u32();
    slots::shared_slots().iter().any(|slot| {
        slot.seen()
            .is_some_and(|seen| seen.schedule == schedule && seen.database == database && slot.ask(&seen, role))
    })
}

/// `dist._running()`: the runs in progress in all databases. Where the library is not preloaded: this session's own.
#[pg_extern(sql = false)]
fn running() -> TableIterator<
    'static,
    (
        name!(pid, i32),
        name!(database_oid, pg_sys::Oid),
        name!(role_oid, pg_sys::Oid),
        name!(kind, &'static str),
        name!(trigger, Option<&'static str>),
        name!(schedule_id, Option<i32>),
        name!(transfer, Option<String>),
        name!(step, Option<i32>),
        name!(steps, Option<i32>),
        name!(phase, Option<&'static str>),
        name!(candidates, i64),
        name!(moved, i64),
        name!(run_id, Option<i64>),
        name!(due_at, Option<TimestampWithTimeZone>),
        name!(started_at, Option<TimestampWithTimeZone>),
    ),
> {
    TableIterator::new(slots::all_seen().into_iter().map(|seen| {
        let instant = |at: i64| (at != NEVER).then(|| super::process::instant(at));
        let some = |n: i32| (n != 0).then_some(n);
        (
            seen.pid,
            pg_sys::Oid::from(seen.database),
            pg_sys::Oid::from(seen.role),
            if seen.is_runner { "runner" } else { "session" },
            Trigger::NAMES.get(seen.trigger).copied(),
            some(seen.schedule),
            (!seen.transfer.is_empty()).then_some(seen.transfer),
            some(seen.step),
            some(seen.steps),
            Phase::NAMES.get(seen.phase).copied(),
            seen.candidates,
            seen.moved,
            (seen.run != 0).then_some(seen.run),
            instant(seen.due_at),
            instant(seen.started_at),
        )
    }))
}

/// Must not raise an error.
#[pg_guard]
unsafe extern "C-unwind" fn at_end_of_transaction(event: pg_sys::XactEvent::Type, _arg: *mut std::ffi::c_void) {
    if matches!(
        event,
        pg_sys::XactEvent::XACT_EVENT_ABORT
            | pg_sys::XactEvent::XACT_EVENT_COMMIT
            | pg_sys::XactEvent::XACT_EVENT_PREPARE
    ) && current().is_some()
    {
        end();
    }
}

/// Must not raise an error.
#[pg_guard]
unsafe extern "C-unwind" fn at_end_of_subtransaction(
    event: pg_sys::SubXactEvent::Type,
    _it: pg_sys::SubTransactionId,
    _parent: pg_sys::SubTransactionId,
    _arg: *mut std::ffi::c_void,
) {
    if event != pg_sys::SubXactEvent::SUBXACT_EVENT_ABORT_SUB || current().is_none() {
        return;
    }
    // Before anything of it is freed. (Not the whole move, if it is a block of some trigger's: then it is not watched on.)
    progress::forget();
    // SAFETY: reads a variable of this session.
    let level = unsafe { pg_sys::GetCurrentTransactionNestLevel() };
    let began = LEVEL.load(Ordering::Relaxed);
    if level <= began {
        end();
    } else if level == began + 1 {
        // The exception block around the run: what comes now is the record of its failure, which nothing is to stop.
        timeout::disarm();
    }
}
