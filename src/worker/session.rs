//! What one run leaves behind in its session must not reach the next: what DISCARD ALL does, call by call, because
//! DISCARD ALL itself is refused inside a transaction and parses seven statements.
#![allow(unsafe_code)]

use pgrx::prelude::*;

use super::txn::{self, Failure};

/// Not in PostgreSQL's headers that pgrx reads, but exported by the server since long before 15.
mod server {
    unsafe extern "C-unwind" {
        /// Forgets cached values and `lastval` of sequences. Raises no error.
        pub fn ResetSequenceCaches();
    }
}

/// Puts the session back into the state it was in when it connected: role, settings, cursors, prepared statements,
/// session locks, sequences, temporary tables.
///
/// # Errors
/// What PostgreSQL raised; the session is then not to be used again.
pub fn reset() -> Result<(), Failure> {
    txn::transaction(|| {
        // SAFETY: the body of PostgreSQL's DiscardAll, in its order, inside a transaction as there. LISTEN is left
        // out, for a background worker cannot do it; so are cached plans, which depend on nothing of a session.
        unsafe {
            pg_sys::PortalHashTableDeleteAll();
            pg_sys::SetPGVariable(c"session_authorization".as_ptr(), std::ptr::null_mut(), false);
            pg_sys::SetPGVariable(c"role".as_ptr(), std::ptr::null_mut(), false);
            pg_sys::ResetAllOptions();
            pg_sys::DropAllPreparedStatements();
            pg_sys::LockReleaseAll(pg_sys::USER_LOCKMETHOD as _, true);
            pg_sys::ResetTempTableNamespace();
            server::ResetSequenceCaches();
        }
        Ok(())
    })
}
