//! The worker: fires schedules when they are due. Everything else in pg_dist works without it.
//!
//! Three kinds of process, each started by the one before it and each replaceable at any moment, because all that
//! matters is in tables:
//!
//! - the **launcher** ([`launcher`]), started by the postmaster, sees to it that every database that has the extension
//!   has a scheduler;
//! - a **scheduler** per such database ([`scheduler`]) sleeps until the next due instant or until an edit wakes it
//!   ([`wake`]), and sees to it that whoever owns something due has a runner;
//! - a **runner** ([`runner`]) is connected as an owner of schedules, fires what is due of theirs, one transaction each,
//!   and lingers a little for more; where an owner's runners are all busy, and there is room, it is given one more, and
//!   they share what is due ([`look`], [`shares`], [`obstacles`], [`attempt`]), which they make ready before its instant ([`warm`]).
//!
//! What runs, here or in other sessions, can be seen and stopped ([`running`], [`slots`], [`timeout`]).
//!
//! They know of each other through a small table in shared memory ([`shared`]); [`process`] and [`txn`] hold what all
//! three do alike. What a crash must not take along lies in a small file ([`mark`], [`evidence`]). [`per_row`] is no part of
//! the worker: it is here because unsafe code is.
#![allow(unsafe_code)]

mod admission;
mod attempt;
mod backoff;
mod evidence;
mod home;
pub mod invalidate;
mod launcher;
mod look;
pub mod mark;
mod obstacles;
mod per_row;
mod process;
mod progress;
pub mod raised;
mod runner;
pub mod running;
mod scheduler;
mod session;
mod shared;
mod shares;
mod slots;
mod staffing;
pub mod timeout;
mod txn;
mod upkeep;
mod wake;
mod warm;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgrx::bgworkers::{BackgroundWorkerBuilder, BgWorkerStartTime};
use pgrx::prelude::*;
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, pg_shmem_init};

use mark::EVIDENCE;
use shared::{Kind, TABLE};
use slots::SLOTS;

/// Whether anything fires: `pg_dist.enabled`.
static ENABLED: GucSetting<bool> = GucSetting::<bool>::new(true);
/// How many runners there are at once in one database: `pg_dist.max_runners`.
static MAX_RUNNERS: GucSetting<i32> = GucSetting::<i32>::new(4);
/// How long a runner with nothing to do waits for more, in milliseconds: `pg_dist.runner_linger`.
static RUNNER_LINGER: GucSetting<i32> = GucSetting::<i32>::new(10_000);

/// How often the history is tidied up, in seconds: `pg_dist.upkeep_interval`.
static UPKEEP_INTERVAL: GucSetting<i32> = GucSetting::<i32>::new(3600);

/// Whether the library was preloaded, so that there are shared memory and a launcher.
static PRELOADED: AtomicBool = AtomicBool::new(false);

/// Defines the worker's settings and, where the library is being preloaded, its shared memory and its launcher.
/// To be called from `_PG_init`.
pub fn init() {
    define_settings();
    // SAFETY: reads two variables that the postmaster sets before it loads libraries.
    let preloading = unsafe { pg_sys::process_shared_preload_libraries_in_progress && !pg_sys::IsBinaryUpgrade };
    if !preloading {
        return;
    }
    pg_shmem_init!(TABLE);
    pg_shmem_init!(EVIDENCE);
    pg_shmem_init!(SLOTS);
    PRELOADED.store(true, Ordering::Relaxed);
    BackgroundWorkerBuilder::new("pg_dist launcher")
        .set_library("pg_dist")
        .set_function("pg_dist_launcher_main")
        .enable_spi_access()
        // On a standby nothing starts before promotion.
        .set_start_time(BgWorkerStartTime::RecoveryFinished)
        .set_restart_time(Some(Duration::from_secs(1)))
        .load();
}

fn define_settings() {
    GucRegistry::define_bool_guc(
        c"pg_dist.enabled",
        c"Whether schedules fire.",
        c"When off, the workers idle and nothing becomes lost: what is due then is a misfire.",
        &ENABLED,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"pg_dist.max_runners",
        c"How many schedules run at the same time in one database.",
        c"Each takes one of max_worker_processes while it runs and a little longer.",
        &MAX_RUNNERS,
        1,
        64,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"pg_dist.runner_linger",
        c"How long a process that ran an owner's schedules waits for more of them.",
        c"A longer time saves process starts; the process keeps one of max_worker_processes meanwhile.",
        &RUNNER_LINGER,
        0,
        3_600_000,
        GucContext::Sighup,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"pg_dist.upkeep_interval",
        c"How often history that the policy history_days does not keep is forgotten, and the audit's next part made.",
        c"It is done a little at a time, while nothing is about to become due.",
        &UPKEEP_INTERVAL,
        1,
        86_400,
        GucContext::Sighup,
        GucFlags::UNIT_S,
    );
}

/// Whether this server has a worker at all.
fn preloaded() -> bool {
    PRELOADED.load(Ordering::Relaxed)
}

/// `dist._preloaded()`: whether the library was loaded when the server started.
#[pg_extern(sql = false)]
fn is_preloaded() -> bool {
    preloaded()
}

/// `dist._workers()`: the worker's live processes. Empty where the library is not preloaded.
#[pg_extern(sql = false)]
fn workers() -> TableIterator<
    'static,
    (
        name!(kind, &'static str),
        name!(database_oid, Option<pg_sys::Oid>),
        name!(role_oid, Option<pg_sys::Oid>),
        name!(pid, i32),
        name!(started_at, TimestampWithTimeZone),
        name!(short_since, Option<TimestampWithTimeZone>),
        name!(wants_room, bool),
    ),
> {
    let live = if preloaded() { shared::live() } else { Vec::new() };
    TableIterator::new(live.into_iter().map(|entry| {
        let oid = |value: pg_sys::Oid| (value != pg_sys::InvalidOid).then_some(value);
        let kind = match entry.kind {
            Kind::Launcher => "launcher",
            Kind::Scheduler => "scheduler",
            Kind::Runner => "runner",
        };
        (
            kind,
            oid(entry.database),
            oid(entry.role),
            entry.pid,
            process::instant(entry.started_at),
            (entry.short_since != 0).then(|| process::instant(entry.short_since)),
            entry.kind == Kind::Scheduler && entry.idle,
        )
    }))
}
