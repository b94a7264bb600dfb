//! What the worker's processes do alike: signals, connecting, sleeping, starting one another.
#![allow(unsafe_code)]

use std::ffi::{CString, c_int};
use std::time::Duration;

use pgrx::bgworkers::BackgroundWorkerBuilder;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use super::txn::{self, Failure};

/// PostgreSQL's own signal handlers, as plain function addresses. With `die` a query in progress ends at SIGTERM as
/// in any session; SIGINT stays as it is, so that a run can be cancelled.
mod handler {
    unsafe extern "C-unwind" {
        pub fn die(signal: std::ffi::c_int);
        pub fn SignalHandlerForConfigReload(signal: std::ffi::c_int);
    }
}

/// Makes this process obey SIGTERM and SIGHUP. The first thing each of them does.
pub fn obey_signals() {
    #[cfg(not(feature = "pg18"))]
    use pg_sys::pqsignal;
    #[cfg(feature = "pg18")]
    use pg_sys::pqsignal_be as pqsignal;
    // SAFETY: a new process that has not unblocked signals yet; the handlers are PostgreSQL's own for this purpose.
    unsafe {
        pqsignal(pg_sys::SIGTERM as c_int, Some(handler::die));
        pqsignal(pg_sys::SIGHUP as c_int, Some(handler::SignalHandlerForConfigReload));
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

/// Connects to a database as a role; without a role as the bootstrap superuser, without a database only to what all
/// databases share. Ends the process where that is not possible.
pub fn connect(database: pg_sys::Oid, role: pg_sys::Oid) {
    // Where the server can, a role needs no LOGIN to have its schedules run.
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    let flags = pg_sys::BGWORKER_BYPASS_ROLELOGINCHECK;
    #[cfg(not(any(feature = "pg17", feature = "pg18")))]
    let flags = 0;
    // SAFETY: called once, at the start of a background worker that asked for a database connection.
    unsafe {
        if database == pg_sys::InvalidOid {
            pg_sys::BackgroundWorkerInitializeConnection(std::ptr::null(), std::ptr::null(), flags);
        } else {
            pg_sys::BackgroundWorkerInitializeConnectionByOid(database, role, flags);
        }
    }
}

/// Sets a setting so that it holds for the whole life of this process, whatever the role or the database has set and
/// whatever RESET ALL resets.
///
/// # Errors
/// When there is no such setting or value.
pub fn pin_setting(name: &str, value: &str) -> Result<(), Failure> {
    let (Ok(name), Ok(value)) = (CString::new(name), CString::new(value)) else {
        return Ok(());
    };
    // In a transaction, for what some settings check looks into catalogues.
    txn::transaction(|| {
        // SAFETY: both strings live until the call returns, which copies them.
        unsafe {
            pg_sys::SetConfigOption(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_OVERRIDE,
            );
        }
        Ok(())
    })
}

/// Shows in pg_stat_activity what this process is doing; None = nothing.
pub fn show(activity: Option<&str>) {
    let text = activity.and_then(|text| CString::new(text).ok());
    let state = if text.is_some() {
        pg_sys::BackendState::STATE_RUNNING
    } else {
        pg_sys::BackendState::STATE_IDLE
    };
    // SAFETY: the string lives until the call returns, which copies it.
    unsafe {
        pg_sys::pgstat_report_activity(state, text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr()));
    }
}

/// Hands over what this process counted, so that autovacuum sees what it wrote. Rarely, unless `all`.
pub fn report_statistics(all: bool) {
    // SAFETY: called outside a transaction, as it must be.
    unsafe {
        pg_sys::pgstat_report_stat(all);
    }
}

/// The wall clock, in PostgreSQL's microseconds.
pub fn now() -> i64 {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}

/// Brings what this process has committed to disk.
pub fn flush_commits() {
    // SAFETY: reads this process's own variable; the call waits for a write.
    let flushed = txn::guarded(|| unsafe { pg_sys::XLogFlush(pg_sys::XactLastCommitEnd) });
    if let Err(failure) = flushed {
        failure.log("flushing the log");
    }
}

/// Such microseconds as an argument of a query.
pub fn instant(micros: i64) -> TimestampWithTimeZone {
    TimestampWithTimeZone::try_from(micros).unwrap_or_else(|_| TimestampWithTimeZone::positive_infinity())
}

/// Sleeps until an instant, or until this process's latch is set, and not at all where the instant has passed. Obeys
/// what has been signalled meanwhile: may not return.
pub fn sleep_until(instant: i64) {
    let millis = instant.saturating_sub(now()).max(0) / 1000;
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: waits on this process's own latch.
    let woken = unsafe {
        let woken = pg_sys::WaitLatch(
            pg_sys::MyLatch,
            events as c_int,
            millis.min(i64::from(i32::MAX)) as _,
            pg_sys::PG_WAIT_EXTENSION,
        );
        pg_sys::ResetLatch(pg_sys::MyLatch);
        woken
    };
    obey();
    // A latch is waited for in whole milliseconds. What is left of the last one is too short for anybody to wait for.
    let left = instant.saturating_sub(now());
    if woken as u32 & pg_sys::WL_LATCH_SET == 0 && (1..1000).contains(&left) {
        std::thread::sleep(Duration::from_micros(left.unsigned_abs()));
    }
}

/// Does what signals asked for: ends, takes part in barriers, reads the configuration again.
pub fn obey() {
    // A cancel that comes while nothing runs is an error that cancels nothing.
    let _nothing_to_cancel = txn::guarded(|| {
        pgrx::check_for_interrupts!();
        // SAFETY: a flag that the signal handler sets; the file is read where PostgreSQL itself would, between
        // transactions.
        unsafe {
            if pg_sys::ConfigReloadPending != 0 {
                pg_sys::ConfigReloadPending = 0;
                pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP);
            }
        }
    });
}

/// A process that this one has started.
pub struct Child {
    handle: *mut pg_sys::BackgroundWorkerHandle,
}

impl Child {
    /// Starts a worker that serves a role in a database. This process's latch is set when it has started and when it
    /// has ended. None where there is no room in max_worker_processes.
    pub fn start(function: &str, kind: &str, name: &str, database: pg_sys::Oid, role: pg_sys::Oid) -> Option<Self> {
        // SAFETY: reads this process's own variable.
        let me = unsafe { pg_sys::MyProcPid };
        let builder = BackgroundWorkerBuilder::new(&shortened(&format!("{kind} {name}"), 95))
            .set_type(kind)
            .set_library("pg_dist")
            .set_function(function)
            .enable_spi_access()
            .set_argument(Some(pg_sys::Datum::from(database)))
            .set_extra(&role.to_u32().to_string())
            .set_notify_pid(me);
        let mut worker: pg_sys::BackgroundWorker = (&builder).into();
        let mut handle = std::ptr::null_mut();
        let started = txn::guarded(|| {
            // SAFETY: the handle is to outlive transactions; Drop frees it.
            unsafe {
                let was = pg_sys::MemoryContextSwitchTo(pg_sys::TopMemoryContext);
                let started = pg_sys::RegisterDynamicBackgroundWorker(&raw mut worker, &raw mut handle);
                pg_sys::MemoryContextSwitchTo(was);
                started
            }
        });
        matches!(started, Ok(true)).then(|| Self { handle })
    }

    /// Whether it has ended, or could not be started.
    pub fn has_ended(&self) -> bool {
        let mut pid = 0;
        // SAFETY: the handle is one that RegisterDynamicBackgroundWorker gave.
        let status = unsafe { pg_sys::GetBackgroundWorkerPid(self.handle, &raw mut pid) };
        !matches!(
            status,
            pg_sys::BgwHandleStatus::BGWH_STARTED | pg_sys::BgwHandleStatus::BGWH_NOT_YET_STARTED
        )
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: allocated in TopMemoryContext by start, freed only here.
        unsafe { pg_sys::pfree(self.handle.cast()) }
    }
}

/// The database that this process was started for.
pub fn database_of(argument: pg_sys::Datum) -> pg_sys::Oid {
    pg_sys::Oid::from(u32::try_from(argument.value()).unwrap_or_default())
}

/// The role that this process was started for.
pub fn role_of_extra() -> pg_sys::Oid {
    let extra = pgrx::bgworkers::BackgroundWorker::get_extra();
    pg_sys::Oid::from(extra.parse::<u32>().unwrap_or_default())
}

/// At most so many bytes of a text, cut between characters.
fn shortened(text: &str, bytes: usize) -> String {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn shortens_between_characters() {
        assert_eq!(shortened("abc", 5), "abc");
        assert_eq!(shortened("aéb", 2), "a");
    }
}
