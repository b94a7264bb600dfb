//! The two identities of a run and its subtransactions: the only glue outside the worker that needs unsafe code.
//!
//! What touches users' tables runs as the run's owner; what touches `dist.*` runs as the extension's owner. Both
//! switches are made here and nowhere else, the way a SECURITY DEFINER function makes them: for the extent of a
//! closure, with SET ROLE and SET SESSION AUTHORIZATION refused inside it.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;

use crate::error::{Result, internal};

/// Restores the former identity when it goes out of scope, also while an error unwinds.
struct Identity {
    role: pg_sys::Oid,
    context: i32,
}

impl Identity {
    fn switch_to(role: pg_sys::Oid) -> Self {
        let mut was = Self {
            role: pg_sys::InvalidOid,
            context: 0,
        };
        // SAFETY: plain reads and writes of backend-local variables; Drop undoes them, and so does an abort.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&raw mut was.role, &raw mut was.context);
            pg_sys::SetUserIdAndSecContext(role, was.context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32);
        }
        was
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        // SAFETY: as above; the values were read from the same variables.
        unsafe { pg_sys::SetUserIdAndSecContext(self.role, self.context) }
    }
}

/// Name of the role whose rights hold at this moment.
pub fn current_role_name() -> Result<String> {
    // Not by Spi::get_one, which draws a transaction id: on a standby there is none.
    Spi::connect(|client| {
        client
            .select("select current_user::text", Some(1), &[])
            .and_then(|rows| rows.first().get_one::<String>())
    })
    .map_err(internal)?
    .ok_or_else(|| internal("there is no current role"))
}

/// The role whose rights hold at this moment.
pub fn current_role() -> pg_sys::Oid {
    // SAFETY: reads a variable of this session.
    unsafe { pg_sys::GetUserId() }
}

/// Runs `work` with the rights of the role that a run belongs to. Settings that its code changes are as they were
/// afterwards: it must not choose, say, the search_path of whoever called.
///
/// In the session of somebody whose rights that role does not have (an administrator who calls `dist.tick`), its code
/// must also leave nothing behind that would later run with theirs: a trigger deferred to the commit, a temporary table.
/// PostgreSQL refuses such in a security-restricted operation, as it does in its own maintenance commands.
pub fn as_role<T>(role: pg_sys::Oid, work: impl FnOnce() -> T) -> T {
    let _former = Identity::switch_to(role);
    // SAFETY: looks up memberships and sets a backend-local variable, which Identity puts back.
    unsafe {
        if !pg_sys::is_member_of_role(role, pg_sys::GetOuterUserId()) {
            let (mut user, mut context) = (pg_sys::InvalidOid, 0);
            pg_sys::GetUserIdAndSecContext(&raw mut user, &raw mut context);
            pg_sys::SetUserIdAndSecContext(user, context | pg_sys::SECURITY_RESTRICTED_OPERATION as i32);
        }
    }
    // SAFETY: an error leaves the level to the abort of the (sub)transaction, as in PostgreSQL's own code.
    let level = unsafe { pg_sys::NewGUCNestLevel() };
    let done = work();
    // SAFETY: the level was opened above; levels that `work` opened have been closed by now.
    unsafe { pg_sys::AtEOXact_GUC(false, level) };
    done
}

/// Runs `work` with the rights of the extension's owner: for statements over `dist.*` only. Whatever the session's
/// search_path is (users' code may have changed it on the way), names and operators in them are PostgreSQL's own.
///
/// # Errors
/// When the extension is not installed in this database.
pub fn as_extension_owner<T>(work: impl FnOnce() -> T) -> Result<T> {
    let owner = Spi::connect(|client| {
        client
            .select(
                "select extowner from pg_catalog.pg_extension where extname operator(pg_catalog.=) 'pg_dist'",
                Some(1),
                &[],
            )
            .and_then(|rows| rows.first().get_one::<pg_sys::Oid>())
    })
    .ok()
    .flatten()
    .ok_or_else(|| internal("the extension is not installed in this database"))?;
    Ok(as_trusted(owner, work))
}

/// The same where the extension's owner is known already.
pub fn as_trusted<T>(owner: pg_sys::Oid, work: impl FnOnce() -> T) -> T {
    let _former = Identity::switch_to(owner);
    // SAFETY: as in as_role. The setting is what a function's SET clause would be: it goes with the level.
    let level = unsafe {
        let level = pg_sys::NewGUCNestLevel();
        set_search_path(c"pg_catalog, pg_temp");
        level
    };
    let done = work();
    // SAFETY: as in as_role.
    unsafe { pg_sys::AtEOXact_GUC(true, level) };
    done
}

/// Sets search_path until the current nesting level of settings ends.
///
/// # Safety
/// A level must have been opened for it.
unsafe fn set_search_path(path: &CStr) {
    // SAFETY: the texts outlive the call, which copies them.
    unsafe {
        pg_sys::set_config_option(
            c"search_path".as_ptr(),
            path.as_ptr(),
            pg_sys::GucContext::PGC_USERSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

/// Runs `work`, which writes the user's table, with the search_path that this session began with behind PostgreSQL's own
/// names: triggers on the table were written for it. Not where the caller could not become the current role anyway (in a
/// SECURITY DEFINER function of somebody else's), for then the caller's settings must not choose what such triggers find.
pub fn with_users_search_path<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: looks up memberships and reads a setting, whose text is copied at once.
    let path = unsafe {
        if !pg_sys::is_member_of_role(pg_sys::GetOuterUserId(), pg_sys::GetUserId()) {
            return work();
        }
        let text = pg_sys::GetConfigOptionResetString(c"search_path".as_ptr());
        if text.is_null() {
            return work();
        }
        CStr::from_ptr(text).to_owned()
    };
    let mut ours = b"pg_catalog".to_vec();
    if !path.is_empty() {
        ours.extend_from_slice(b", ");
        ours.extend_from_slice(path.as_bytes());
    }
    ours.extend_from_slice(b", pg_temp");
    let Ok(ours) = CString::new(ours) else {
        return work();
    };
    // SAFETY: as in as_trusted.
    let level = unsafe {
        let level = pg_sys::NewGUCNestLevel();
        set_search_path(&ours);
        level
    };
    let done = work();
    // SAFETY: as in as_role.
    unsafe { pg_sys::AtEOXact_GUC(false, level) };
    done
}

/// Runs `work` in a subtransaction that is rolled back whatever happens, and returns what PostgreSQL raised in it.
///
/// The sequence is that of plpgsql's exception blocks: remember context and owner, begin, run, roll back, restore.
pub fn trial(work: impl FnOnce()) -> Option<CaughtError> {
    // SAFETY: called on the backend's only thread inside a transaction; the subtransaction that is begun here is ended
    // below on every path, before what was current is restored.
    let (context, owner) = unsafe {
        let was = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(was.0);
        was
    };
    let raised = PgTryBuilder::new(AssertUnwindSafe(|| {
        work();
        None
    }))
    .catch_others(Some)
    .execute();
    // SAFETY: as above.
    unsafe {
        pg_sys::RollbackAndReleaseCurrentSubTransaction();
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
    }
    raised
}
