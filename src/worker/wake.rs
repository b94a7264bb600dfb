//! How an edit reaches the scheduler: when the transaction that made it commits, and not before.
//!
//! Triggers on `dist.schedule` and `dist.step` call `dist._wake()`, and so does the installation. It costs a flag; at
//! commit it is one latch, whatever the number of edits. A transaction that is prepared (two phases) wakes nobody: the
//! scheduler sees its plans when it next looks by itself.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use pgrx::prelude::*;

use super::shared::{self, Kind};

/// Whether the callback is registered, which lasts as long as the session.
static REGISTERED: AtomicBool = AtomicBool::new(false);
/// Whether the transaction in progress has edited a plan.
static EDITED: AtomicBool = AtomicBool::new(false);

/// `dist._wake()`: at commit, tells this database's scheduler to look at its plans.
#[pg_extern(sql = false)]
fn wake() {
    if !super::preloaded() {
        return;
    }
    if !REGISTERED.swap(true, Ordering::Relaxed) {
        // SAFETY: the callback has the signature that is asked for, and the library stays loaded.
        unsafe { pg_sys::RegisterXactCallback(Some(at_end_of_transaction), std::ptr::null_mut()) };
    }
    EDITED.store(true, Ordering::Relaxed);
}

/// Must not raise an error: at commit that would bring the whole server down.
#[pg_guard]
unsafe extern "C-unwind" fn at_end_of_transaction(event: pg_sys::XactEvent::Type, _arg: *mut std::ffi::c_void) {
    match event {
        pg_sys::XactEvent::XACT_EVENT_COMMIT if EDITED.swap(false, Ordering::Relaxed) => {
            // SAFETY: reads a variable of this session.
            let database = unsafe { pg_sys::MyDatabaseId };
            if !shared::call(Kind::Scheduler, database, pg_sys::InvalidOid, true) {
                shared::request_scheduler(database);
            }
        }
        pg_sys::XactEvent::XACT_EVENT_ABORT | pg_sys::XactEvent::XACT_EVENT_PREPARE => {
            EDITED.store(false, Ordering::Relaxed);
        }
        _ => {}
    }
}
