//! The started mark: which run a runner is in the middle of, kept where it outlives a crash of the server.
//!
//! A schedule (or task) whose run takes the server down is due again when the server is back, and would take it down again. So
//! each runner writes a record into its own place of a small file before it runs anything, and wipes it out afterwards:
//! two writes into the operating system's cache, neither of them brought to disk, and no transaction. What is still
//! there when the launcher starts after a crash is evidence ([`super::evidence`] acts on it).
//!
//! The evidence has to be good, for a schedule that is interrupted some times in a row is quarantined. So whoever is
//! merely told to go wipes its mark out: at SIGQUIT, which is how the postmaster ends all others when one process has
//! died and at an immediate shutdown; and when it notices that the postmaster is gone. What remains is
//!
//! - a process that died by itself in the middle of a run: a crash in its code, the kernel's out-of-memory killer. The
//!   server was up before and after, so that one process is the cause, and it alone is marked;
//! - a machine or a container that went down as a whole: everything that was running is marked. To tell the guilty from
//!   those beside it, a suspect is not run while another suspect is: at the next time only one of them can be marked
//!   again, and the others complete a run, which clears them;
//! - a process that was ended in the middle of a run while the server went on (SIGTERM: `pg_terminate_backend`, also of
//!   itself). At a shutdown nobody is left to act on it, and it does not count.
//!
//! The file lies where PostgreSQL keeps files that belong to the running server and to no backup.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::{PGRXSharedMemory, PgLwLock};

use super::process;

/// Where the marks are, below the data directory.
const PATH: &str = "pg_stat_tmp/pg_dist.marks";
/// Bytes of a mark.
const SIZE: usize = 64;
/// The first eight of them.
const MAGIC: u64 = u64::from_le_bytes(*b"pgdist01");
/// So many cut-off runs can wait for their schedulers; beyond that the oldest are forgotten.
const CAPACITY: usize = 128;

/// How a run was cut off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Its process died, and the server restarted because of that.
    Died,
    /// The whole server went down without being stopped.
    ServerDown,
    /// Its process was ended while the server went on.
    Ended,
}

impl End {
    /// As the run's row and the log say it.
    pub fn told(self) -> &'static str {
        match self {
            Self::Died => "the process that ran it died, and the server had to recover",
            Self::ServerDown => "the server went down while it ran",
            Self::Ended => "the process that ran it was ended",
        }
    }
}

/// A run that has begun and was cut off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Begun {
    /// Its database.
    pub database: u32,
    /// `dist.schedule.id`; of a task `dist.task.id` as a negative number.
    pub target: i32,
    /// Which attempt it was.
    pub attempt: i32,
    /// The instant it is for.
    pub due: i64,
    /// When it began.
    pub started: i64,
    /// How it ended, as far as is known.
    pub end: End,
}

impl Begun {
    /// What it was, for the log.
    pub fn told(&self) -> String {
        match self.target {
            task @ ..0 => format!("task {}", task.unsigned_abs()),
            schedule => format!("schedule {schedule}"),
        }
    }
}

/// What is known of cut-off runs, shared by all processes.
#[derive(Clone, Copy)]
pub struct Evidence {
    /// The marks left from before have been read since the server has come up.
    read: bool,
    /// Process that is running a suspect, 0 = none.
    suspect_runs_in: i32,
    /// Ring of runs that their schedulers have not been told of yet.
    ring: [Option<Begun>; CAPACITY],
    next: usize,
}

impl Default for Evidence {
    fn default() -> Self {
        Self {
            read: false,
            suspect_runs_in: 0,
            ring: [None; CAPACITY],
            next: 0,
        }
    }
}

// SAFETY: plain data.
unsafe impl PGRXSharedMemory for Evidence {}

/// The evidence and its lock.
// SAFETY: the name is ours alone.
pub static EVIDENCE: PgLwLock<Evidence> = unsafe { PgLwLock::new(c"pg_dist_evidence") };

impl Evidence {
    fn add(&mut self, begun: Begun) {
        if let Some(place) = self.ring.get_mut(self.next % CAPACITY) {
            *place = Some(begun);
        }
        self.next = (self.next + 1) % CAPACITY;
    }
}

// This process's own mark: its file, where in it, and what it says at the moment.
static FILE: OnceLock<File> = OnceLock::new();
static OFFSET: AtomicUsize = AtomicUsize::new(0);
static MARKED: AtomicBool = AtomicBool::new(false);
static SUSPECT: AtomicBool = AtomicBool::new(false);

fn open(create: bool) -> std::io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(create)
        .mode(0o600)
        .open(PATH)
}

fn encode(begun: &Begun, server: i64) -> [u8; SIZE] {
    let words = [
        MAGIC,
        server as u64,
        u64::from(begun.database),
        begun.target as u64,
        begun.attempt as u64,
        begun.due as u64,
        begun.started as u64,
    ];
    let mut bytes = [0; SIZE];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words.iter().chain([&check_of(&words)])) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// None where nothing is marked, or only half of it came to disk. `server` is the one that is running now.
fn decode(bytes: &[u8], server: i64) -> Option<Begun> {
    let mut words = [0; SIZE / 8];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_le_bytes(bytes.try_into().ok()?);
    }
    let [marked @ .., check] = words;
    let [magic, by, database, target, attempt, due, started] = marked;
    (magic == MAGIC && check == check_of(&marked)).then_some(Begun {
        database: database as u32,
        target: target as i32,
        attempt: attempt as i32,
        due: due as i64,
        started: started as i64,
        end: if by as i64 == server {
            End::Died
        } else {
            End::ServerDown
        },
    })
}

fn check_of(words: &[u64]) -> u64 {
    words.iter().fold(!MAGIC, |sum, word| {
        sum.rotate_left(9).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ word
    })
}

/// When the postmaster came up: it stays the same when the server restarts because one process has died.
fn this_server() -> i64 {
    // SAFETY: a variable that the postmaster sets before it has any children.
    unsafe { pg_sys::PgStartTime }
}

/// The launcher, at its start: takes what is left from before a crash as evidence. Marks of runs that are going on now
/// are not touched: they are all younger than the first launcher.
pub fn read_what_is_left() {
    if std::mem::replace(&mut EVIDENCE.exclusive().read, true) {
        return;
    }
    let Ok(file) = open(false) else {
        return;
    };
    let mut bytes = [0; SIZE];
    let mut offset = 0;
    while file.read_exact_at(&mut bytes, offset).is_ok() {
        if let Some(begun) = decode(&bytes, this_server()) {
            EVIDENCE.exclusive().add(begun);
        }
        offset += SIZE as u64;
    }
    if let Err(error) = file.set_len(0) {
        ereport!(
            WARNING,
            PgSqlErrorCode::ERRCODE_IO_ERROR,
            format!("pg_dist: cannot clear {PATH}: {error}")
        );
    }
}

/// A runner, at its start: gets ready to mark its runs in a place of its own.
pub fn prepare(place: usize) {
    #[cfg(not(feature = "pg18"))]
    use pg_sys::pqsignal;
    #[cfg(feature = "pg18")]
    use pg_sys::pqsignal_be as pqsignal;
    // Without the file nothing is marked, and nothing else is different.
    let Ok(file) = open(true) else {
        return;
    };
    OFFSET.store(place * SIZE, Ordering::Relaxed);
    if FILE.set(file).is_err() {
        return;
    }
    // SAFETY: the callback has the signature that is asked for, and the library stays loaded; the handler does what
    // a handler may do.
    unsafe {
        pg_sys::before_shmem_exit(Some(on_exit), pg_sys::Datum::from(0));
        pqsignal(pg_sys::SIGQUIT as c_int, Some(on_quit));
    }
}

/// `dist._mark()`: a run begins, or a task's work. False where it is a suspect and another suspect is running.
#[pg_extern(sql = false)]
pub fn mark(target: i32, due: TimestampWithTimeZone, attempt: i32, suspect: bool) -> bool {
    let Some(file) = FILE.get() else {
        return true;
    };
    if suspect {
        // SAFETY: reads this process's own variable.
        let pid = unsafe { pg_sys::MyProcPid };
        let mut evidence = EVIDENCE.exclusive();
        if ![0, pid].contains(&evidence.suspect_runs_in) {
            return false;
        }
        evidence.suspect_runs_in = pid;
        SUSPECT.store(true, Ordering::Relaxed);
    }
    let begun = Begun {
        // SAFETY: reads this process's own variable.
        database: unsafe { pg_sys::MyDatabaseId }.to_u32(),
        target,
        attempt,
        due: due.into(),
        started: process::now(),
        end: End::Died,
    };
    MARKED.store(true, Ordering::Release);
    // A mark that cannot be written is one that is missing: the run goes on.
    let _ = file.write_all_at(&encode(&begun, this_server()), OFFSET.load(Ordering::Relaxed) as u64);
    true
}

/// The run is over, well or not, and its transaction has ended.
pub fn clear() {
    if MARKED.swap(false, Ordering::AcqRel) {
        wipe();
    }
    if SUSPECT.swap(false, Ordering::Relaxed) {
        EVIDENCE.exclusive().suspect_runs_in = 0;
    }
}

/// Only what a signal handler may do.
fn wipe() {
    if let Some(file) = FILE.get() {
        let _ = file.write_all_at(&[0; SIZE], OFFSET.load(Ordering::Relaxed) as u64);
    }
}

/// The runs of a database that were cut off, each given out once.
pub fn take(database: u32) -> Vec<Begun> {
    let mut taken = [None; CAPACITY];
    {
        let mut evidence = EVIDENCE.exclusive();
        for (place, begun) in taken.iter_mut().zip(&mut evidence.ring) {
            if begun.is_some_and(|begun| begun.database == database) {
                std::mem::swap(place, begun);
            }
        }
    }
    taken.into_iter().flatten().collect()
}

/// This process ends in an orderly way. In the middle of a run that is the run's end too.
#[pg_guard]
unsafe extern "C-unwind" fn on_exit(_code: c_int, _arg: pg_sys::Datum) {
    if MARKED.load(Ordering::Acquire) {
        let mut bytes = [0; SIZE];
        let begun = FILE
            .get()
            .and_then(|file| {
                file.read_exact_at(&mut bytes, OFFSET.load(Ordering::Relaxed) as u64)
                    .ok()
            })
            .and_then(|()| decode(&bytes, this_server()));
        if let Some(begun) = begun {
            EVIDENCE.exclusive().add(Begun {
                end: End::Ended,
                ..begun
            });
        }
    }
    clear();
}

/// The postmaster ends everybody: this process is not the cause.
unsafe extern "C-unwind" fn on_quit(signal: c_int) {
    wipe();
    // SAFETY: PostgreSQL's own handler for this signal, which ends the process at once.
    unsafe { pg_sys::SignalHandlerForCrashExit(signal) }
}

#[cfg(test)]
mod tests {
    use super::{Begun, End, SIZE, decode, encode};

    const BEGUN: Begun = Begun {
        database: 4_000_000_000,
        target: -7,
        attempt: 2,
        due: -1,
        started: i64::MAX,
        end: End::Died,
    };

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let bytes = encode(&BEGUN, 42);
        assert_eq!(decode(&bytes, 42), Some(BEGUN));
        let elsewhere = Begun {
            end: End::ServerDown,
            ..BEGUN
        };
        assert_eq!(decode(&bytes, 43), Some(elsewhere));
    }

    #[test]
    fn half_a_mark_is_none() {
        let bytes = encode(&BEGUN, 42);
        for at in 0..SIZE {
            let mut torn = bytes;
            torn[at] ^= 1;
            assert_eq!(decode(&torn, 42), None);
            let mut cut = bytes;
            cut[at..].fill(0);
            assert_eq!(decode(&cut, 42), (cut == bytes).then_some(BEGUN));
        }
        assert_eq!(decode(&[0; SIZE], 42), None);
    }
}
