//! How far the one big UPDATE of a run is: its count of rows, looked at by the run's timer.
//!
//! The statement itself is as it would be without: nobody is called per row. Only while records move in numbers that
//! take their time, two of the executor's hooks are ours, to learn where that statement keeps its count and when it
//! forgets it. They are taken off again at once, so that no other statement of the server ever passes through them.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::sync::atomic::{AtomicPtr, Ordering};

use pgrx::prelude::*;

type StartHook = unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc, i32);
type EndHook = unsafe extern "C-unwind" fn(*mut pg_sys::QueryDesc);

thread_local! {
    /// The hooks that were there before ours, while ours are.
    static START_BEFORE: Cell<Option<Option<StartHook>>> = const { Cell::new(None) };
    static END_BEFORE: Cell<Option<Option<EndHook>>> = const { Cell::new(None) };
}

/// The UPDATE in progress; null where there is none.
static STATEMENT: AtomicPtr<pg_sys::QueryDesc> = AtomicPtr::new(std::ptr::null_mut());

/// The next UPDATE that this process begins is the one.
pub fn watch() {
    forget();
    if START_BEFORE.get().is_some() || END_BEFORE.get().is_some() {
        return;
    }
    // SAFETY: hooks are called on this thread only; what was there is kept, called, and put back.
    unsafe {
        START_BEFORE.set(Some(pg_sys::ExecutorStart_hook));
        pg_sys::ExecutorStart_hook = Some(on_start);
        END_BEFORE.set(Some(pg_sys::ExecutorEnd_hook));
        pg_sys::ExecutorEnd_hook = Some(on_end);
    }
}

/// It is over, or has been taken back. Raises no error.
pub fn forget() {
    STATEMENT.store(std::ptr::null_mut(), Ordering::Relaxed);
    no_more_starts();
    // SAFETY: as in no_more_starts.
    unsafe {
        let ours = pg_sys::ExecutorEnd_hook.is_some_and(|hook| std::ptr::fn_addr_eq(hook, on_end as EndHook));
        if let Some(before) = END_BEFORE.get().filter(|_| ours) {
            pg_sys::ExecutorEnd_hook = before;
            END_BEFORE.set(None);
        }
    }
}

/// Where somebody else has put a hook over ours since (which takes a LOAD within the statement), ours stays below it,
/// only hands on, and there is no second one.
fn no_more_starts() {
    // SAFETY: as in watch.
    unsafe {
        let ours = pg_sys::ExecutorStart_hook.is_some_and(|hook| std::ptr::fn_addr_eq(hook, on_start as StartHook));
        if let Some(before) = START_BEFORE.get().filter(|_| ours) {
            pg_sys::ExecutorStart_hook = before;
            START_BEFORE.set(None);
        }
    }
}

/// Rows that it has written so far. Called within a signal handler.
pub fn rows() -> Option<i64> {
    // SAFETY: the statement is known from when it has begun to just before its end, or the abort of the transaction
    // around it, forgets it; all that time its state stands, and the count is a word that only this process writes.
    unsafe {
        let estate = STATEMENT.load(Ordering::Relaxed).as_ref()?.estate.as_ref()?;
        i64::try_from(std::ptr::read_volatile(&raw const estate.es_processed)).ok()
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_start(statement: *mut pg_sys::QueryDesc, flags: i32) {
    // SAFETY: called by the executor with what it would call its own function with; that has no state before it has begun.
    unsafe {
        match START_BEFORE.get().flatten() {
            Some(before) => before(statement, flags),
            None => pg_sys::standard_ExecutorStart(statement, flags),
        }
        if (*statement).operation == pg_sys::CmdType::CMD_UPDATE && STATEMENT.load(Ordering::Relaxed).is_null() {
            no_more_starts();
            STATEMENT.store(statement, Ordering::Relaxed);
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn on_end(statement: *mut pg_sys::QueryDesc) {
    let before = END_BEFORE.get().flatten();
    if STATEMENT.load(Ordering::Relaxed) == statement {
        forget();
    }
    // SAFETY: as in on_start.
    unsafe {
        match before {
            Some(before) => before(statement),
            None => pg_sys::standard_ExecutorEnd(statement),
        }
    }
}
