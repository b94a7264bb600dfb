//! The places in shared memory that say what is running: each written by one process, read by all, without a lock and
//! without allocating. What is written when is in [`super::running`].
#![allow(unsafe_code)]

use std::sync::atomic::{
    AtomicBool, AtomicI32, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

use pgrx::prelude::*;
use pgrx::{PGRXSharedMemory, PgAtomic};

/// Runs that can be seen at the same time.
const CAPACITY: usize = 256;
/// Bytes of a transfer's name that are shown.
const NAME: usize = 120;
/// What an instant is that is not known.
pub const NEVER: i64 = i64::MIN;

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

/// A run in progress. Only its own process writes it, but for `asked`.
pub struct Slot {
    /// Its process; 0 = the slot is free, negative = it is being taken.
    pub pid: AtomicI32,
    /// Odd while fields change that belong together.
    version: AtomicU32,
    /// Which run in this slot it is.
    pub number: AtomicU32,
    /// The run that is to stop (upper half), and the role that asked for it.
    pub asked: AtomicU64,
    /// Its database.
    pub database: AtomicU32,
    /// The role that is connected.
    pub role: AtomicU32,
    /// Whether its process is a runner of the worker.
    pub is_runner: AtomicBool,
    /// Who asked for it: a place in `Trigger::NAMES`.
    pub trigger: AtomicU8,
    /// What it is busy with: a place in `Phase::NAMES`.
    pub phase: AtomicU8,
    /// `dist.schedule.id`; 0 = none.
    pub schedule: AtomicI32,
    /// The step that it is at, from 1; 0 = it has no locks yet.
    pub step: AtomicI32,
    /// How many steps it has.
    pub steps: AtomicI32,
    /// `dist.run.id`; 0 = not drawn yet.
    pub run: AtomicI64,
    /// Records that were looked at.
    pub candidates: AtomicI64,
    /// Records that have moved.
    pub moved: AtomicI64,
    /// The instant that it is for; NEVER = none.
    pub due_at: AtomicI64,
    /// When it began.
    pub started_at: AtomicI64,
    name_length: AtomicUsize,
    name: [AtomicU8; NAME],
}

/// A slot as somebody else sees it at one moment.
pub struct Seen {
    /// Its process.
    pub pid: i32,
    /// Which run in its slot it is.
    pub number: u32,
    /// Its database.
    pub database: u32,
    /// The role that is connected.
    pub role: u32,
    /// Whether its process is a runner of the worker.
    pub is_runner: bool,
    /// Who asked for it: a place in `Trigger::NAMES`.
    pub trigger: usize,
    /// What it is busy with: a place in `Phase::NAMES`.
    pub phase: usize,
    /// `dist.schedule.id`; 0 = none.
    pub schedule: i32,
    /// The step that it is at, from 1; 0 = it has no locks yet.
    pub step: i32,
    /// How many steps it has.
    pub steps: i32,
    /// `dist.run.id`; 0 = not drawn yet.
    pub run: i64,
    /// Records that were looked at.
    pub candidates: i64,
    /// Records that have moved.
    pub moved: i64,
    /// The instant that it is for; NEVER = none.
    pub due_at: i64,
    /// When it began.
    pub started_at: i64,
    /// The transfer or function that its step is about.
    pub transfer: String,
}

impl Slot {
    /// Nothing runs in it.
    pub const fn free() -> Self {
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
    pub fn change(&self, change: impl FnOnce(&Self)) {
        self.version.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
        change(self);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Shows what its step is about, cut where it is long.
    pub fn set_name(&self, name: &str) {
        let length = name.len().min(NAME);
        for (to, from) in self.name.iter().zip(name.bytes()) {
            to.store(from, Ordering::Relaxed);
        }
        self.name_length.store(length, Ordering::Relaxed);
    }

    /// What it says; None where nothing runs in it.
    pub fn seen(&self) -> Option<Seen> {
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
    pub fn ask(&self, seen: &Seen, role: pg_sys::Oid) -> bool {
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
/// Where this process looks for a free slot first.
static HINT: AtomicUsize = AtomicUsize::new(0);

/// A free slot, taken for this process.
pub fn claim(pid: i32) -> &'static Slot {
    let slots = shared_slots();
    let hint = HINT.load(Ordering::Relaxed);
    for turn in 0..slots.len() {
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
    &PRIVATE
}

/// The slots in shared memory; none where the library is not preloaded.
pub fn shared_slots() -> &'static [Slot] {
    if super::preloaded() { &SLOTS.get().0 } else { &[] }
}

/// All runs that this session can see.
pub fn all_seen() -> Vec<Seen> {
    shared_slots().iter().chain([&PRIVATE]).filter_map(Slot::seen).collect()
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
