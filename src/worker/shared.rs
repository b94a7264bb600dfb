//! Who is there: the table in shared memory by which the worker's processes, and sessions that edit schedules, find
//! and wake each other.
//!
//! It is only an address book. What is due is in `dist.schedule_state`, so losing the whole table loses nothing. A
//! process takes itself off when it exits for whatever reason; the one way to die without that, a crash, makes the
//! postmaster restart everything with fresh shared memory. The lock is held for a few loads and stores, and never
//! while anything that could raise an error or wait is called.
//!
//! The one protocol that matters is how to leave without losing a call. A caller sets `called` and the latch under
//! the lock; who wants to leave does so under the lock only where `called` is not set. So either the call is
//! answered, or the caller sees that nobody is there and has a new process started.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicUsize, Ordering};

use pgrx::prelude::*;
use pgrx::{PGRXSharedMemory, PgLwLock};

/// More processes than any server's max_worker_processes leaves for us.
const CAPACITY: usize = 512;
/// Databases that may ask for a scheduler before the launcher looks.
const REQUESTS: usize = 64;

/// The table and its lock.
// SAFETY: the name is ours alone.
pub static TABLE: PgLwLock<Table> = unsafe { PgLwLock::new(c"pg_dist_workers") };

/// What a process is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The one that starts schedulers.
    Launcher,
    /// The one that watches a database's schedules.
    Scheduler,
    /// One that runs an owner's schedules.
    Runner,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Live,
    /// It left because there was nothing for it to do; its parent has not taken notice yet.
    Left,
}

/// A process.
#[derive(Clone, Copy)]
pub struct Entry {
    state: State,
    /// What it is.
    pub kind: Kind,
    /// The database it is connected to.
    pub database: pg_sys::Oid,
    /// The owner whose schedules it runs.
    pub role: pg_sys::Oid,
    /// Its process.
    pub pid: i32,
    latch: *mut pg_sys::Latch,
    /// Somebody wants it to look again.
    called: bool,
    /// A plan was edited: what was put off may have been mended.
    edited: bool,
    /// A runner: is to make room for another owner's.
    yielding: bool,
    /// A runner: has nothing to run at the moment. A scheduler: wants to hear when a runner has nothing to run.
    pub idle: bool,
    /// A runner: since when it has been going through what is due.
    pub busy_since: i64,
    /// A runner: when it began with the run that it is at.
    pub run_since: i64,
    /// When it started.
    pub started_at: i64,
    /// One that starts others: since when there is no free process for them; 0 = there is.
    pub short_since: i64,
}

const FREE: Entry = Entry {
    state: State::Free,
    kind: Kind::Launcher,
    database: pg_sys::InvalidOid,
    role: pg_sys::InvalidOid,
    pid: 0,
    latch: std::ptr::null_mut(),
    called: false,
    edited: false,
    yielding: false,
    idle: false,
    busy_since: i64::MAX,
    run_since: i64::MAX,
    started_at: 0,
    short_since: 0,
};

/// The processes, and the databases that ask for a scheduler.
#[derive(Clone, Copy)]
pub struct Table {
    entries: [Entry; CAPACITY],
    requests: [pg_sys::Oid; REQUESTS],
    requested: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            entries: [FREE; CAPACITY],
            requests: [pg_sys::InvalidOid; REQUESTS],
            requested: 0,
        }
    }
}

// SAFETY: plain data. The latches that it points to lie in PostgreSQL's own shared memory, in the array of all
// processes, which lies at the same address everywhere and is never freed; a latch whose process has changed hands
// wakes somebody who did not expect it, which every user of a latch allows for.
unsafe impl PGRXSharedMemory for Table {}

impl Table {
    fn position(&self, state: State, kind: Kind, database: pg_sys::Oid, role: pg_sys::Oid) -> Option<usize> {
        self.entries
            .iter()
            .position(|e| e.state == state && e.kind == kind && e.database == database && e.role == role)
    }

    fn latch_of(&self, kind: Kind, database: pg_sys::Oid) -> Option<*mut pg_sys::Latch> {
        self.position(State::Live, kind, database, pg_sys::InvalidOid)
            .and_then(|at| self.entries.get(at))
            .map(|entry| entry.latch)
    }
}

fn set(latch: Option<*mut pg_sys::Latch>) {
    if let Some(latch) = latch {
        // SAFETY: see PGRXSharedMemory above.
        unsafe { pg_sys::SetLatch(latch) }
    }
}

/// Copies of the live processes' entries.
pub fn live() -> Vec<Entry> {
    // The copy is made outside the lock's scope, so that nothing is allocated while it is held.
    let table = *TABLE.share();
    table
        .entries
        .into_iter()
        .filter(|entry| entry.state == State::Live)
        .collect()
}

/// Whether there is such a process.
pub fn is_live(kind: Kind, database: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    TABLE.share().position(State::Live, kind, database, role).is_some()
}

/// Asks a process, or all runners of a role, to look again, because of an edit or for another reason; false where there
/// is none.
pub fn call(kind: Kind, database: pg_sys::Oid, role: pg_sys::Oid, edited: bool) -> bool {
    poke(
        |entry| entry.kind == kind && entry.database == database && entry.role == role,
        |entry| {
            entry.called = true;
            entry.edited |= edited;
        },
    )
}

/// Asks a runner to leave after the run it is busy with.
pub fn ask_to_yield(runner: &Entry) {
    poke(
        |entry| entry.kind == Kind::Runner && entry.pid == runner.pid,
        |entry| entry.yielding = true,
    );
}

/// Notes something about each such live process and wakes it; false where there is none.
fn poke(is_meant: impl Fn(&Entry) -> bool, mut note: impl FnMut(&mut Entry)) -> bool {
    let mut any = false;
    for at in 0..CAPACITY {
        // One at a time, for a latch is set outside of the lock.
        let latch = {
            let mut table = TABLE.exclusive();
            let entry = table.entries.get_mut(at);
            entry
                .filter(|entry| entry.state == State::Live && is_meant(entry))
                .map(|entry| {
                    note(entry);
                    entry.latch
                })
        };
        set(latch);
        any |= latch.is_some();
    }
    any
}

/// Asks the launcher for a scheduler in a database.
pub fn request_scheduler(database: pg_sys::Oid) {
    let latch = {
        let mut table = TABLE.exclusive();
        let used = table.requested.min(REQUESTS);
        if !table.requests.iter().take(used).any(|db| *db == database) {
            if let Some(free) = table.requests.get_mut(used) {
                *free = database;
            }
            // One more than there is room for means: look everywhere.
            table.requested = (used + 1).min(REQUESTS + 1);
        }
        table.latch_of(Kind::Launcher, pg_sys::InvalidOid)
    };
    set(latch);
}

/// The databases that asked for a scheduler since the last call; None = too many to remember.
pub fn take_requests() -> Option<Vec<pg_sys::Oid>> {
    let (requests, requested) = {
        let mut table = TABLE.exclusive();
        let requested = std::mem::take(&mut table.requested);
        (table.requests, requested)
    };
    (requested <= REQUESTS).then(|| requests.into_iter().take(requested).collect())
}

/// Whether a process has left because there was nothing for it to do. Forgets it.
pub fn take_left(kind: Kind, database: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    let mut table = TABLE.exclusive();
    let at = table.position(State::Left, kind, database, role);
    at.and_then(|at| table.entries.get_mut(at))
        .map(|entry| *entry = FREE)
        .is_some()
}

/// This process's own entry. There is one per process, and it goes when the process does.
pub struct Registration(usize);

impl Registration {
    /// Enters this process; None where there is no room, or one like it already. Runners of a role there can be several.
    pub fn new(kind: Kind, database: pg_sys::Oid, role: pg_sys::Oid) -> Option<Self> {
        // SAFETY: reads this process's own variables.
        let (pid, latch) = unsafe { (pg_sys::MyProcPid, pg_sys::MyLatch) };
        let started_at = super::process::now();
        let at = {
            let mut table = TABLE.exclusive();
            if kind != Kind::Runner && table.position(State::Live, kind, database, role).is_some() {
                return None;
            }
            let with = |state| table.entries.iter().position(|e| e.state == state);
            // That another runner of the role has left, its parent is still to hear.
            let former = (kind != Kind::Runner).then(|| table.position(State::Left, kind, database, role));
            let at = former
                .flatten()
                .or_else(|| with(State::Free))
                .or_else(|| with(State::Left))?;
            *table.entries.get_mut(at)? = Entry {
                state: State::Live,
                kind,
                database,
                role,
                pid,
                latch,
                started_at,
                ..FREE
            };
            at
        };
        MINE.store(at, Ordering::Relaxed);
        // SAFETY: the callback has the signature that is asked for, and the library stays loaded.
        unsafe { pg_sys::before_shmem_exit(Some(on_exit), pg_sys::Datum::from(0)) };
        Some(Self(at))
    }

    /// The number of this process's entry: no two live processes have the same.
    pub fn slot(&self) -> usize {
        self.0
    }

    fn with<T>(&self, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        TABLE.exclusive().entries.get_mut(self.0).map(change)
    }

    /// Takes the calls there were; whether any of them was about an edit. To be called before looking at what they
    /// may have meant.
    pub fn answer_calls(&self) -> bool {
        self.with(|entry| {
            entry.called = false;
            std::mem::take(&mut entry.edited)
        })
        .unwrap_or(false)
    }

    /// Whether there are calls that it has not taken yet.
    pub fn is_called(&self) -> bool {
        self.with(|entry| entry.called).unwrap_or(false)
    }

    /// Its place among the live runners of its role in its database, and how many they are.
    pub fn place(&self) -> (usize, usize) {
        let table = TABLE.share();
        let Some(own) = table.entries.get(self.0) else {
            return (0, 1);
        };
        let is_one = |entry: &&Entry| {
            entry.state == State::Live
                && entry.kind == own.kind
                && entry.database == own.database
                && entry.role == own.role
                && !entry.yielding
        };
        let before = table.entries.iter().take(self.0).filter(is_one).count();
        (before, table.entries.iter().filter(is_one).count().max(before + 1))
    }

    /// Whether a runner is asked to leave.
    pub fn is_yielding(&self) -> bool {
        self.with(|entry| entry.yielding).unwrap_or(false)
    }

    /// Notes that this runner is busy since then.
    pub fn is_busy(&self, since: i64) {
        self.with(|entry| {
            entry.busy_since = since;
            entry.run_since = since;
            entry.idle = false;
        });
    }

    /// Notes that this runner begins with another run.
    pub fn begins_run(&self, now: i64) {
        self.with(|entry| entry.run_since = now);
    }

    /// Notes that this scheduler wants to hear of runners with nothing to run, or not any more.
    pub fn wants_room(&self, wants: bool) {
        self.with(|entry| entry.idle = wants);
    }

    /// Notes since when there is no free process for those that it wants to start; None = there is, or it wants none.
    pub fn is_short(&self, since: Option<i64>) {
        self.with(|entry| {
            entry.short_since = match (since, entry.short_since) {
                (None, _) => 0,
                (Some(since), 0) => since,
                (Some(_), earlier) => earlier,
            };
        });
    }

    /// Notes that this runner has nothing to run, and tells the scheduler if it waits for that.
    pub fn is_idle(&self) {
        let latch = {
            let mut table = TABLE.exclusive();
            let Some(entry) = table.entries.get_mut(self.0) else {
                return;
            };
            entry.idle = true;
            let database = entry.database;
            table
                .position(State::Live, Kind::Scheduler, database, pg_sys::InvalidOid)
                .and_then(|at| table.entries.get(at))
                .filter(|scheduler| scheduler.idle)
                .map(|scheduler| scheduler.latch)
        };
        set(latch);
    }

    /// Takes this process off the table because there is nothing for it to do, unless somebody has called meanwhile:
    /// then false, and it has to look again.
    pub fn leave(&self) -> bool {
        self.with(|entry| {
            if entry.called {
                return false;
            }
            entry.state = State::Left;
            true
        })
        .unwrap_or(true)
    }
}

/// The place of this process's entry, for the exit callback; CAPACITY = none.
static MINE: AtomicUsize = AtomicUsize::new(CAPACITY);

/// Whether this process is one of the worker's.
pub fn is_one_of_us() -> bool {
    MINE.load(Ordering::Relaxed) != CAPACITY
}

/// However the process ends: takes it off the table and tells its parent.
#[pg_guard]
unsafe extern "C-unwind" fn on_exit(_code: i32, _arg: pg_sys::Datum) {
    // SAFETY: reads this process's own variable.
    let pid = unsafe { pg_sys::MyProcPid };
    let latch = {
        let mut table = TABLE.exclusive();
        let Some(entry) = table
            .entries
            .get_mut(MINE.load(Ordering::Relaxed))
            .filter(|entry| entry.pid == pid)
        else {
            return;
        };
        if entry.state == State::Live {
            entry.state = State::Free;
        }
        entry.pid = 0;
        match (entry.kind, entry.database) {
            (Kind::Launcher, _) => None,
            (Kind::Scheduler, _) => table.latch_of(Kind::Launcher, pg_sys::InvalidOid),
            (Kind::Runner, database) => table.latch_of(Kind::Scheduler, database),
        }
    };
    set(latch);
}
