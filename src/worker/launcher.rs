//! The launcher: every database that has the extension has a scheduler, without anybody configuring which.
//!
//! It is connected to no database, so it cannot tell which ones have the extension. It starts a scheduler in each
//! that can be connected to; a scheduler that finds no extension leaves, and the launcher then lets that database be
//! until a commit there asks for a scheduler ([`super::wake`]), as CREATE EXTENSION's does.
#![allow(unsafe_code)]

use std::collections::HashMap;

use pgrx::prelude::*;

use super::backoff::{Backoff, SECOND, earlier};
use super::mark;
use super::process::{self, Child};
use super::shared::{self, Kind, Registration};
use super::txn::{self, Failure};
use crate::error::error_hint;

/// How often it looks by itself: only a database that was copied from one with the extension needs that.
const NAP: i64 = 300 * SECOND;
/// How many schedulers may be on their way up at once, so that a start with many databases leaves room for others.
const STARTING_AT_ONCE: usize = 4;
/// The longest wait before another attempt at a scheduler that keeps failing.
const PATIENCE: i64 = 60 * SECOND;
/// The longest wait before another look for room in max_worker_processes.
const ROOM: i64 = 2 * SECOND;

/// What the launcher knows about a database.
#[derive(Default)]
struct Database {
    child: Option<Child>,
    started_at: i64,
    /// Its scheduler found no extension.
    absent: bool,
    /// Something asked for a scheduler while one was starting or leaving.
    again: bool,
    backoff: Backoff,
}

/// Main function of the launcher's process.
#[unsafe(no_mangle)]
#[pg_guard]
pub extern "C-unwind" fn pg_dist_launcher_main(_argument: pg_sys::Datum) {
    process::obey_signals();
    process::connect(pg_sys::InvalidOid, pg_sys::InvalidOid);
    if let Err(failure) = process::pin_setting("application_name", "pg_dist launcher") {
        failure.log("setting up the launcher");
    }
    let registration = Registration::new(Kind::Launcher, pg_sys::InvalidOid, pg_sys::InvalidOid);
    mark::read_what_is_left();
    let mut launcher = Launcher::default();
    loop {
        let next = launcher.round();
        if let Some(registration) = &registration {
            registration.is_short(launcher.room.is_failing().then(process::now));
        }
        process::show(None);
        process::sleep_until(next);
    }
}

#[derive(Default)]
struct Launcher {
    databases: HashMap<pg_sys::Oid, Database>,
    listing: Backoff,
    room: Backoff,
}

impl Launcher {
    /// Looks after all databases once; returns when to do it again at the latest.
    fn round(&mut self) -> i64 {
        process::show(Some("looking after schedulers"));
        // Taken first: what is asked for from here on wakes us again.
        let requests = shared::take_requests();
        let names = match connectable_databases() {
            Ok(names) => names,
            Err(failure) => return self.cannot_list(&failure, requests.as_deref()),
        };
        self.listing.succeeded();
        self.databases.retain(|oid, _| names.contains_key(oid));
        for oid in names.keys() {
            let database = self.databases.entry(*oid).or_default();
            if requests.as_ref().is_none_or(|asked| asked.contains(oid)) {
                database.absent = false;
                database.again = database.child.is_some();
            }
        }
        let now = process::now();
        let mut next = Some(now + NAP);
        let mut starting = 0;
        for (oid, name) in &names {
            let Some(database) = self.databases.get_mut(oid) else {
                continue;
            };
            let look_at = look_after(*oid, name, database, now, &mut starting, &mut self.room);
            next = earlier(next, look_at);
        }
        next.unwrap_or(now)
    }

    fn cannot_list(&mut self, failure: &Failure, requests: Option<&[pg_sys::Oid]>) -> i64 {
        for database in requests.unwrap_or_default() {
            shared::request_scheduler(*database);
        }
        if self.listing.failed(process::now(), PATIENCE) && !failure.is_transient() {
            failure.log("listing the databases");
        }
        let now = process::now();
        self.listing.wait_until(now).unwrap_or(now)
    }
}

/// Sees to one database; returns when to do so again, where nothing else will wake us for it.
fn look_after(
    oid: pg_sys::Oid,
    name: &str,
    database: &mut Database,
    now: i64,
    starting: &mut usize,
    room: &mut Backoff,
) -> Option<i64> {
    if shared::is_live(Kind::Scheduler, oid, pg_sys::InvalidOid) {
        database.again = false;
        return None;
    }
    if let Some(child) = &database.child {
        if !child.has_ended() {
            // On its way up or down; its end wakes us.
            *starting += 1;
            return None;
        }
        database.child = None;
        let left = shared::take_left(Kind::Scheduler, oid, pg_sys::InvalidOid);
        let again = std::mem::take(&mut database.again);
        if left {
            database.backoff.succeeded();
            database.absent = !again;
        } else if database.backoff.ended(database.started_at, now, PATIENCE) {
            log!("pg_dist: the scheduler of database \"{name}\" has ended; starting another");
        }
    } else if shared::take_left(Kind::Scheduler, oid, pg_sys::InvalidOid) {
        // One that a former launcher had started.
        database.absent = true;
    }
    if database.absent {
        return None;
    }
    if let Some(patience) = earlier(database.backoff.wait_until(now), room.wait_until(now)) {
        return Some(patience.max(room.wait_until(now).unwrap_or(patience)));
    }
    if *starting >= STARTING_AT_ONCE {
        return None;
    }
    database.child = Child::start(
        "pg_dist_scheduler_main",
        "pg_dist scheduler",
        name,
        oid,
        pg_sys::InvalidOid,
    );
    if database.child.is_some() {
        room.succeeded();
        *starting += 1;
        database.started_at = now;
        None
    } else {
        if room.failed(now, ROOM) {
            error_hint(
                PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
                format!(
                    "pg_dist: no free process for the scheduler of database \"{name}\": trying again until there is"
                ),
                "Consider raising max_worker_processes.",
            )
            .report(PgLogLevel::WARNING);
        }
        room.wait_until(now)
    }
}

/// Oid and name of each database that a scheduler can be started in, from a scan of the catalogue.
fn connectable_databases() -> Result<HashMap<pg_sys::Oid, String>, Failure> {
    txn::transaction(|| {
        let mut found = HashMap::new();
        // SAFETY: a catalogue scan as PostgreSQL's own launchers make it; tuples are only looked at while they are
        // current, and pg_database's fixed columns are those of the struct.
        unsafe {
            let table = pg_sys::table_open(pg_sys::DatabaseRelationId, pg_sys::AccessShareLock as _);
            let scan = pg_sys::table_beginscan_catalog(table, 0, std::ptr::null_mut());
            loop {
                let tuple = pg_sys::heap_getnext(scan, pg_sys::ScanDirection::ForwardScanDirection);
                if tuple.is_null() {
                    break;
                }
                let row = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_database>();
                // A connection limit of -2 marks a database whose DROP was interrupted.
                if row.datallowconn && !row.datistemplate && row.datconnlimit != -2 {
                    let name = std::ffi::CStr::from_ptr(row.datname.data.as_ptr());
                    found.insert(row.oid, name.to_string_lossy().into_owned());
                }
            }
            pg_sys::table_endscan(scan);
            pg_sys::table_close(table, pg_sys::AccessShareLock as _);
        }
        Ok(found)
    })
}
