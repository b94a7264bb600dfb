//! The two identities of a run and its subtransactions: the only glue outside the worker that needs unsafe code.
//!
//! What touches users' tables runs as the run's owner; what touches `dist.*` runs as the extension's owner. Both
//! switches are made here and nowhere else, the way a SECURITY DEFINER function makes them: for the extent of a
//! closure, with SET ROLE and SET SESSION AUTHORIZATION refused inside it.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::panic::AssertUnwindSafe;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;

use crate::error::{Result, internal};
use crate::worker::invalidate;

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
    // SAFETY: the name is a copy in the current memory context, and is copied once more at once.
    let name = unsafe {
        let name = pg_sys::GetUserNameFromId(pg_sys::GetUserId(), true);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    };
    name.ok_or_else(|| internal("there is no current role"))
}

/// Whether a role of that name exists and is a superuser or a member of another role.
pub fn is_superuser_or_member(name: &str, of: pg_sys::Oid) -> bool {
    role_named(name).is_some_and(|role| {
        // SAFETY: looks into catalogue caches.
        unsafe { pg_sys::superuser_arg(role) || pg_sys::is_member_of_role(role, of) }
    })
}

/// Whether the role whose rights hold at this moment is a member of the role of that name, or a superuser; false where there is
/// none of that name.
pub fn is_member_of(name: &CStr) -> bool {
    // SAFETY: looks into catalogue caches; the name outlives the call.
    unsafe {
        let role = pg_sys::get_role_oid(name.as_ptr(), true);
        role != pg_sys::InvalidOid && pg_sys::is_member_of_role(pg_sys::GetUserId(), role)
    }
}

/// The role of that name, where there is one.
pub fn role_named(name: &str) -> Option<pg_sys::Oid> {
    let name = CString::new(name).ok()?;
    // SAFETY: looks into a catalogue cache; the name outlives the call.
    let role = unsafe { pg_sys::get_role_oid(name.as_ptr(), true) };
    (role != pg_sys::InvalidOid).then_some(role)
}

/// Lets a setting hold until the transaction ends.
pub fn set_for_transaction(name: &CStr, value: &CStr) {
    // SAFETY: in a transaction; the texts outlive the call, which copies them.
    unsafe { set_how(name, value, pg_sys::GucAction::GUC_ACTION_LOCAL) }
}

/// The instant by clock_timestamp(), in PostgreSQL's microseconds.
pub fn clock() -> i64 {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
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
    let owner = extension_owner().ok_or_else(|| internal("the extension is not installed in this database"))?;
    Ok(as_trusted(owner, work))
}

thread_local! {
    /// The extension's owner, and the generation in which it was read.
    static OWNER: Cell<(u64, pg_sys::Oid)> = const { Cell::new((0, pg_sys::InvalidOid)) };
}

/// The extension's owner; none where the extension is not there. Its tables come and go and change owner with it, so a
/// message about one of them says when to look again.
pub fn extension_owner() -> Option<pg_sys::Oid> {
    let (generation, owner) = OWNER.get();
    if generation == invalidate::generation() {
        return Some(owner);
    }
    let may_keep = invalidate::receive();
    let ((watched, owner), generation) = invalidate::filling(|| {
        let stamp = invalidate::stamp();
        invalidate::watch_relation(stamp);
        let owner = Spi::connect(|client| {
            crate::prepared::select(
                client,
                "select extowner from pg_catalog.pg_extension where extname operator(pg_catalog.=) 'pg_dist'",
                &[],
            )
            .and_then(|rows| rows.first().get_one::<pg_sys::Oid>())
        });
        (stamp != pg_sys::InvalidOid, owner.ok().flatten())
    });
    // An extension that is made this very moment can be seen before its table is: nothing would tell of its end.
    if let (true, Some(owner), Some(generation)) = (may_keep && watched, owner, generation) {
        OWNER.set((generation, owner));
    }
    owner
}

/// The search_path with which names are PostgreSQL's own.
pub const TRUSTED_PATH: &CStr = c"pg_catalog, pg_temp";

/// The same where the extension's owner is known already.
pub fn as_trusted<T>(owner: pg_sys::Oid, work: impl FnOnce() -> T) -> T {
    let _former = Identity::switch_to(owner);
    // SAFETY: reads a setting.
    if unsafe {
        !pg_sys::namespace_search_path.is_null() && CStr::from_ptr(pg_sys::namespace_search_path) == TRUSTED_PATH
    } {
        return work();
    }
    // SAFETY: as in as_role. The setting is what a function's SET clause would be: it goes with the level.
    let level = unsafe {
        let level = pg_sys::NewGUCNestLevel();
        set_search_path(TRUSTED_PATH);
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
    // SAFETY: as said.
    unsafe { set(c"search_path", path) }
}

/// Sets a setting until the current nesting level of settings ends.
///
/// # Safety
/// A level must have been opened for it.
unsafe fn set(name: &CStr, value: &CStr) {
    // SAFETY: as said.
    unsafe { set_how(name, value, pg_sys::GucAction::GUC_ACTION_SAVE) }
}

/// Sets a setting.
///
/// # Safety
/// Must be called in a transaction; for GUC_ACTION_SAVE a level must have been opened.
unsafe fn set_how(name: &CStr, value: &CStr, action: pg_sys::GucAction::Type) {
    // SAFETY: as said.
    unsafe { set_as(name, value, pg_sys::GucContext::PGC_USERSET, action) }
}

/// Sets a setting, as whoever may.
///
/// # Safety
/// As above.
unsafe fn set_as(name: &CStr, value: &CStr, who: pg_sys::GucContext::Type, action: pg_sys::GucAction::Type) {
    // SAFETY: the texts outlive the call, which copies them.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            who,
            pg_sys::GucSource::PGC_S_SESSION,
            action,
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

/// Runs `work` with other settings, which are as before when it returns; an error takes them back with everything else.
pub fn with_settings<T>(settings: &[(&CStr, CString)], work: impl FnOnce() -> T) -> T {
    // SAFETY: as in as_trusted.
    let level = unsafe {
        let level = pg_sys::NewGUCNestLevel();
        for (name, value) in settings {
            set(name, value);
        }
        level
    };
    let done = work();
    // SAFETY: as in as_role.
    unsafe { pg_sys::AtEOXact_GUC(true, level) };
    done
}

/// Runs `work`, which waits for others' locks no longer than half the time after which one of them would look for a
/// deadlock, and looks for one itself at once.
pub fn with_short_waits<T>(work: impl FnOnce() -> T) -> T {
    // SAFETY: as in as_trusted; reads backend-local variables. deadlock_timeout may be set by those who are trusted, as we are.
    let level = unsafe {
        let own = pg_sys::LockTimeout;
        let short = (pg_sys::DeadlockTimeout / 2).max(1);
        let wait = if own > 0 { own.min(short) } else { short };
        let level = pg_sys::NewGUCNestLevel();
        if let Ok(wait) = CString::new(format!("{wait}ms")) {
            set(c"lock_timeout", &wait);
        }
        set_as(
            c"deadlock_timeout",
            c"1ms",
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucAction::GUC_ACTION_SAVE,
        );
        level
    };
    let done = work();
    // SAFETY: as in as_role.
    unsafe { pg_sys::AtEOXact_GUC(true, level) };
    done
}

/// From here on the transaction, or the subtransaction that it is in, is one that writes: its statements see the newest rows, and
/// may lock them.
pub fn begin_writing() {
    // SAFETY: called inside a transaction; an error (too many of them) is raised as any other.
    unsafe { pg_sys::GetCurrentTransactionId() };
}

/// Whether the transaction has written or locked anything; from then on every statement sees the newest rows.
pub fn is_writing() -> bool {
    // SAFETY: reads backend-local state.
    unsafe { pg_sys::GetCurrentTransactionIdIfAny() != pg_sys::InvalidTransactionId }
}

/// Memory for a sort as it is set now, in kilobytes.
pub fn work_mem_kb() -> i32 {
    // SAFETY: reads a backend-local variable.
    unsafe { pg_sys::work_mem }
}

/// Whether the database holds texts in UTF-8, so that their bytes are in the order of ours.
pub fn is_utf8() -> bool {
    // SAFETY: reads a backend-local variable.
    let encoding = unsafe { pg_sys::GetDatabaseEncoding() };
    encoding == pg_sys::pg_enc::PG_UTF8 as i32
}

/// Runs `work` in a subtransaction that is rolled back whatever happens, and returns what PostgreSQL raised in it.
pub fn trial(work: impl FnOnce()) -> Option<CaughtError> {
    attempt(|| (work(), false)).err()
}

/// Runs `work` in a subtransaction that is rolled back unless `work` says that what it did is to stay.
///
/// The sequence is that of plpgsql's exception blocks: remember context and owner, begin, run, end, restore.
///
/// # Errors
/// What PostgreSQL raised in it, which is rolled back then.
pub fn attempt<T>(work: impl FnOnce() -> (T, bool)) -> std::result::Result<T, CaughtError> {
    // SAFETY: called on the backend's only thread inside a transaction; the subtransaction that is begun here is ended
    // below on every path, before what was current is restored.
    let (context, owner) = unsafe {
        let was = (pg_sys::CurrentMemoryContext, pg_sys::CurrentResourceOwner);
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(was.0);
        was
    };
    let outcome = PgTryBuilder::new(AssertUnwindSafe(|| Ok(work())))
        .catch_others(Err)
        .catch_rust_panic(Err)
        .execute();
    // SAFETY: as above.
    unsafe {
        if matches!(outcome, Ok((_, true))) {
            pg_sys::ReleaseCurrentSubTransaction();
        } else {
            pg_sys::RollbackAndReleaseCurrentSubTransaction();
        }
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::CurrentResourceOwner = owner;
    }
    outcome.map(|(value, _)| value)
}
