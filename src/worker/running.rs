//! What is running now: a slot of shared memory for each run in progress, in whatever session, worker or not.
//!
//! A run writes a few numbers of its own slot as it goes, without a lock and without allocating, so that anybody can
//! see how far it is. And it looks at one word of the slot, by which others ask it to stop ([`super::timeout`]).
//! Nothing depends on the slots: a run for which there is none (they are taken, or the library is not preloaded)
//! writes to memory of its own, is seen by its own session only, and cannot be cancelled by name.
//!
//! A run inside a run (a trigger on the records that move) belongs to the outer one.
#![allow(unsafe_code)]

use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicI64, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

use pgrx::prelude::*;
use pgrx::{PGRXSharedMemory, PgAtomic};

use super::{progress, shared, timeout};

/// Runs that can be seen at the same time.
const CAPACITY: usize = 256;
/// Bytes of a transfer's name that are shown.
const NAME: usize = 120;
/// Records whose move takes long enough to be watched.
const MANY: usize = 10_000;
/// What an instant is that is not known.
const NEVER: i64 = i64::MIN;

/// The slots.
// SAFETY: the name is ours alone.
pub static SLOTS: PgAtomic<Slots> = unsafe { PgAtomic::new(c"pg_dist_running") };

/// As many as there are.
pub struct Slots([Slot; CAPACITY]);

impl Default for Slots {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Slot::free()))
    }
}

// SAFETY: atomics, and nothing that points anywhere.
unsafe impl PGRXSharedMemory for Slots {}

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
}

impl Trigger {
    const NAMES: [&str; 4] = ["execute", "schedule", "manual", "undo"];
}

/// A run in progress. Only its own process writes it, but for `asked`.
pub struct Slot {
    /// Its process; 0 = the slot is free, negative = it is being taken.
    pid: AtomicI32,
    /// Odd while fields change that belong together.
    version: AtomicU32,
    /// Which run in this slot it is.
    number: AtomicU32,
    /// The run that is to stop (upper half), and the role that asked for it.
    asked: AtomicU64,
    database: AtomicU32,
    role: AtomicU32,
    is_runner: AtomicBool,
    trigger: AtomicU8,
    phase: AtomicU8,
    schedule: AtomicI32,
    step: AtomicI32,
    steps: AtomicI32,
    run: AtomicI64,
    candidates: AtomicI64,
    moved: AtomicI64,
    due_at: AtomicI64,
    started_at: AtomicI64,
    name_length: AtomicUsize,
    name: [AtomicU8; NAME],
}

/// A slot as somebody else sees it at one moment.
pub struct Seen {
    pid: i32,
    number: u32,
    database: u32,
    role: u32,
    is_runner: bool,
    trigger: usize,
    phase: usize,
    schedule: i32,
    step: i32,
    steps: i32,
    run: i64,
    candidates: i64,
    moved: i64,
    due_at: i64,
    started_at: i64,
    transfer: String,
}

impl Slot {
    const fn free() -> Self {
        Self {
            pid: AtomicI32::new(0),
            version: AtomicU32::new(0),
            number: AtomicU32::new(0),
            asked: AtomicU64::new(0),
            database: AtomicU32::new(0),
            role: AtomicU32::new(0),
            is_runner: AtomicBool::new(false),
            trigger: AtomicU8::new(0),
            phase: AtomicU8::new(0),
            schedule: AtomicI32::new(0),
            step: AtomicI32::new(0),
            steps: AtomicI32::new(0),
            run: AtomicI64::new(0),
            candidates: AtomicI64::new(0),
            moved: AtomicI64::new(0),
            due_at: AtomicI64::new(NEVER),
            started_at: AtomicI64::new(NEVER),
            name_length: AtomicUsize::new(0),
            name: [const { AtomicU8::new(0) }; NAME],
        }
    }

    /// Changes fields that belong together: who reads meanwhile reads again. Nothing in `change` can fail or wait.
    fn change(&self, change: impl FnOnce(&Self)) {
        self.version.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
        change(self);
        self.version.fetch_add(1, Ordering::Release);
    }

    fn set_name(&self, name: &str) {
        let length = name.len().min(NAME);
        for (to, from) in self.name.iter().zip(name.bytes()) {
            to.store(from, Ordering::Relaxed);
        }
        self.name_length.store(length, Ordering::Relaxed);
    }

    /// What it says; None where nothing runs in it.
    fn seen(&self) -> Option<Seen> {
        // A writer is done within nanoseconds, unless it has lost the processor: then this run is left out.
        for _ in 0..1000 {
            let version = self.version.load(Ordering::Acquire);
            let pid = self.pid.load(Ordering::Acquire);
            if pid <= 0 {
                return None;
            }
            if version.is_multiple_of(2) {
                let seen = self.read(pid);
                fence(Ordering::Acquire);
                if self.version.load(Ordering::Relaxed) == version && self.pid.load(Ordering::Relaxed) == pid {
                    return Some(seen);
                }
            }
            std::hint::spin_loop();
        }
        None
    }

    fn read(&self, pid: i32) -> Seen {
        let length = self.name_length.load(Ordering::Relaxed).min(NAME);
        let name: Vec<u8> = self
            .name
            .iter()
            .take(length)
            .map(|b| b.load(Ordering::Relaxed))
            .collect();
        Seen {
            pid,
            number: self.number.load(Ordering::Relaxed),
            database: self.database.load(Ordering::Relaxed),
            role: self.role.load(Ordering::Relaxed),
            is_runner: self.is_runner.load(Ordering::Relaxed),
            trigger: self.trigger.load(Ordering::Relaxed).into(),
            phase: self.phase.load(Ordering::Relaxed).into(),
            schedule: self.schedule.load(Ordering::Relaxed),
            step: self.step.load(Ordering::Relaxed),
            steps: self.steps.load(Ordering::Relaxed),
            run: self.run.load(Ordering::Relaxed),
            candidates: self.candidates.load(Ordering::Relaxed),
            moved: self.moved.load(Ordering::Relaxed),
            due_at: self.due_at.load(Ordering::Relaxed),
            started_at: self.started_at.load(Ordering::Relaxed),
            // Cut between bytes, perhaps within a character.
            transfer: String::from_utf8_lossy(&name).trim_end_matches('\u{fffd}').to_owned(),
        }
    }

    /// Asks the run to stop if it is still the one that was seen.
    fn ask(&self, seen: &Seen, role: pg_sys::Oid) -> bool {
        let wanted = u64::from(seen.number) << 32;
        loop {
            let asked = self.asked.load(Ordering::Acquire);
            if self.number.load(Ordering::Acquire) != seen.number || self.pid.load(Ordering::Acquire) != seen.pid {
                return false;
            }
            if asked >> 32 == u64::from(seen.number) {
                return true;
            }
            // Fails where somebody else has asked since, perhaps the next run of this slot.
            let ask = wanted | u64::from(role.to_u32());
            let exchanged = self
                .asked
                .compare_exchange(asked, ask, Ordering::AcqRel, Ordering::Acquire);
            if exchanged.is_ok() {
                return true;
            }
        }
    }
}

/// This process's own, where there is none in shared memory.
static PRIVATE: Slot = Slot::free();
/// The slot of the run in progress; null where there is none.
static CURRENT: AtomicPtr<Slot> = AtomicPtr::new(std::ptr::null_mut());
/// The transaction's nesting level at which it began.
static LEVEL: AtomicI32 = AtomicI32::new(0);
/// Candidates of the steps before the one that it is at.
static BEFORE: AtomicI64 = AtomicI64::new(0);
/// Records that these steps have moved.
static MOVED_BEFORE: AtomicI64 = AtomicI64::new(0);
/// Where this process looks for a free slot first.
static HINT: AtomicUsize = AtomicUsize::new(0);
/// Whether the callbacks are registered, which lasts as long as the session.
static REGISTERED: AtomicBool = AtomicBool::new(false);

fn current() -> Option<&'static Slot> {
    // SAFETY: null, or one of the slots, which are never freed.
    unsafe { CURRENT.load(Ordering::Relaxed).as_ref() }
}

/// A free slot, taken for this process.
fn claim(pid: i32) -> &'static Slot {
    if super::preloaded() {
        let slots = &SLOTS.get().0;
        let hint = HINT.load(Ordering::Relaxed);
        for turn in 0..CAPACITY {
            let at = (hint + turn) % CAPACITY;
            let Some(slot) = slots.get(at) else { continue };
            if slot.pid.load(Ordering::Relaxed) == 0
                && slot
                    .pid
                    .compare_exchange(0, -pid, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
            {
                HINT.store(at, Ordering::Relaxed);
                return slot;
            }
        }
    }
    &PRIVATE
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
    let slot = claim(pid);
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
    if !super::preloaded() {
        return false;
    }
    // SAFETY: reads a variable of this session.
    let database = unsafe { pg_sys::MyDatabaseId }.to_u32();
    SLOTS.get().0.iter().any(|slot| {
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
    let shared = if super::preloaded() { &SLOTS.get().0[..] } else { &[] };
    let seen: Vec<Seen> = shared.iter().chain([&PRIVATE]).filter_map(Slot::seen).collect();
    TableIterator::new(seen.into_iter().map(|seen| {
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

#[cfg(test)]
mod tests {
    use super::{Ordering, Slot};

    #[test]
    fn a_request_to_stop_is_for_the_run_that_was_seen() {
        let slot = Slot::free();
        slot.pid.store(7, Ordering::Relaxed);
        slot.number.store(3, Ordering::Relaxed);
        let role = pgrx::pg_sys::Oid::from(10);
        let seen = slot.seen().map(|seen| (slot.ask(&seen, role), seen));
        let Some((true, third)) = seen else {
            unreachable!("a run was there to be asked");
        };
        assert_eq!(slot.asked.load(Ordering::Relaxed), 3 << 32 | 10);
        slot.number.store(4, Ordering::Relaxed);
        assert!(!slot.ask(&third, role));
        slot.pid.store(0, Ordering::Relaxed);
        assert!(slot.seen().is_none());
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let slot = Slot::free();
        slot.pid.store(7, Ordering::Relaxed);
        slot.set_name(&"é".repeat(100));
        assert_eq!(slot.seen().map(|seen| seen.transfer), Some("é".repeat(60)));
        slot.set_name(&format!("a{}", "é".repeat(100)));
        assert_eq!(
            slot.seen().map(|seen| seen.transfer),
            Some(format!("a{}", "é".repeat(59)))
        );
    }
}
