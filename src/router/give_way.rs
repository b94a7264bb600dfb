//! What writes many of the users' rows gives way: where somebody else holds one, it waits only so long that it cannot be
//! taken for half of a deadlock, lets go of all it has written, and tries again. So it is never the other who is ended.
//!
//! PostgreSQL looks for deadlocks once in each wait, after deadlock_timeout, and ends whoever looks. Our own look comes at
//! once, so that a circle that our wait closes ends us; and our wait is over before somebody whose wait closes the circle
//! looks.

use std::cell::Cell;

use pgrx::pg_sys::panic::CaughtError;
use pgrx::prelude::*;

use crate::error::{Result, error_hint, internal, raised};
use crate::worker::raised::last_raised;
use crate::xact;

/// So often, with longer and longer pauses.
const TRIES: u32 = 5;

thread_local! {
    static GAVE_WAY: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`, which takes back what it did where it fails, until it need not wait for anybody.
///
/// # Errors
/// 55P03 where somebody else holds a row for too long; an error of `work` itself comes as it was caught.
pub fn giving_way<T>(
    mut work: impl FnMut() -> std::result::Result<T, CaughtError>,
) -> Result<std::result::Result<T, CaughtError>> {
    GAVE_WAY.set(false);
    for n in 1..=TRIES {
        let outcome = xact::with_short_waits(&mut work);
        let Err(caught) = &outcome else { return Ok(outcome) };
        if !is_of_locks(caught) {
            return Ok(outcome);
        }
        drop(last_raised());
        if n < TRIES {
            let pause = format!("select pg_catalog.pg_sleep({})", 0.05 * f64::from(1 << n));
            Spi::run(&pause).map_err(internal)?;
        }
    }
    GAVE_WAY.set(true);
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
        "somebody else holds a record of the run, and the run has given way",
        "It is tried again; see pg_stat_activity for transactions that stay open.",
    ))
}

/// Whether the last of this session has given way in the end.
pub fn gave_way() -> bool {
    GAVE_WAY.get()
}

fn is_of_locks(caught: &CaughtError) -> bool {
    matches!(
        raised(caught).sql_error_code(),
        PgSqlErrorCode::ERRCODE_T_R_DEADLOCK_DETECTED | PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE
    )
}
