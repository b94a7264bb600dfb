//! An error as PostgreSQL raises it: on its way through Rust it loses its CONTEXT and a SQLSTATE of the user's own. It
//! serves all sessions; it stands here because the unsafe code does.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::CStr;
use std::thread::LocalKey;

use pgrx::prelude::*;

/// An error as PostgreSQL raised it.
#[derive(Clone)]
pub struct Raised {
    /// SQLSTATE, packed as PostgreSQL does.
    pub code: i32,
    /// What was wrong.
    pub message: String,
    /// DETAIL.
    pub detail: String,
    /// HINT.
    pub hint: String,
    /// CONTEXT, up to where it was watched from.
    pub context: String,
}

thread_local! {
    static RAISED: RefCell<Option<Raised>> = const { RefCell::new(None) };
    static OF_RUN: RefCell<Option<Raised>> = const { RefCell::new(None) };
}

type Callback = unsafe extern "C-unwind" fn(*mut std::ffi::c_void);

/// Runs `work` and notes the last error that is raised in it, as it is raised: on its way through Rust it loses its
/// CONTEXT and a SQLSTATE of the user's own. [`last_raised`] has it afterwards.
pub fn watching_errors<T>(work: impl FnOnce() -> T) -> T {
    RAISED.with_borrow_mut(|raised| *raised = None);
    watched(on_error, work)
}

/// The same for a run as a whole, around all that is watched inside of it: [`last_of_run`].
pub fn watching_run<T>(work: impl FnOnce() -> T) -> T {
    OF_RUN.with_borrow_mut(|raised| *raised = None);
    watched(on_error_of_run, work)
}

fn watched<T>(callback: Callback, work: impl FnOnce() -> T) -> T {
    struct Pushed(Box<pg_sys::ErrorContextCallback>);
    impl Drop for Pushed {
        fn drop(&mut self) {
            // SAFETY: takes off what was pushed; whatever was pushed above it is gone by now.
            unsafe { pg_sys::error_context_stack = self.0.previous }
        }
    }
    // SAFETY: the callback stays where it is until it is taken off again, also while an error unwinds.
    let mut pushed = Pushed(Box::new(pg_sys::ErrorContextCallback {
        previous: unsafe { pg_sys::error_context_stack },
        callback: Some(callback),
        arg: std::ptr::null_mut(),
    }));
    // SAFETY: as above.
    unsafe { pg_sys::error_context_stack = &raw mut *pushed.0 };
    let done = work();
    drop(pushed);
    done
}

/// The error that [`watching_errors`] noted, forgotten once it is read.
pub fn last_raised() -> Option<Raised> {
    RAISED.with_borrow_mut(Option::take)
}

/// The error that [`watching_run`] noted, forgotten once it is read.
pub fn last_of_run() -> Option<Raised> {
    OF_RUN.with_borrow_mut(Option::take)
}

/// Called while an error (or a mere notice) is being raised, to add to its CONTEXT; this one only looks.
unsafe extern "C-unwind" fn on_error(_arg: *mut std::ffi::c_void) {
    // SAFETY: called by PostgreSQL while it raises an error.
    unsafe { note(&RAISED) }
}

/// The same.
unsafe extern "C-unwind" fn on_error_of_run(_arg: *mut std::ffi::c_void) {
    // SAFETY: as above.
    unsafe { note(&OF_RUN) }
}

/// Notes what is being raised, if it is an error.
///
/// # Safety
/// To be called while PostgreSQL raises an error.
unsafe fn note(into: &'static LocalKey<RefCell<Option<Raised>>>) {
    // SAFETY: PostgreSQL's error is complete but for the outer lines of its CONTEXT; it is copied, read and freed.
    let raised = unsafe {
        let context = pg_sys::MemoryContextSwitchTo(pg_sys::TopTransactionContext);
        let copy = pg_sys::CopyErrorData();
        let text = |text: *const std::ffi::c_char| {
            if text.is_null() {
                return String::new();
            }
            CStr::from_ptr(text).to_string_lossy().into_owned()
        };
        let raised = ((*copy).elevel == PgLogLevel::ERROR as i32).then(|| Raised {
            code: (*copy).sqlerrcode,
            message: text((*copy).message),
            detail: text((*copy).detail),
            hint: text((*copy).hint),
            context: text((*copy).context),
        });
        pg_sys::FreeErrorData(copy);
        pg_sys::MemoryContextSwitchTo(context);
        raised
    };
    if raised.is_some() {
        let _ = into.try_with(|last| last.try_borrow_mut().map(|mut last| *last = raised));
    }
}
