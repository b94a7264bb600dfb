//! An error raised by the user's own code while records moved (a trigger, a constraint), kept as PostgreSQL raised it.
//!
//! On its way through Rust an error loses its CONTEXT, and a SQLSTATE that is not PostgreSQL's own becomes XX000. So it
//! is also kept here, for whoever writes the failed run's row.

use std::cell::RefCell;

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use serde_json::Value;

use crate::error::error;

thread_local! {
    static LAST: RefCell<Option<Value>> = const { RefCell::new(None) };
}

/// The error to return for a failure that `dist._move` caught.
pub fn raise(failure: Value) -> ErrorReport {
    let text = |key: &str| {
        failure
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(ToOwned::to_owned)
    };
    let mut report = error(
        code(&text("sqlstate").unwrap_or_default()),
        text("message").unwrap_or_default(),
    );
    if let Some(detail) = text("detail") {
        report = report.set_detail(detail);
    }
    if let Some(hint) = text("hint") {
        report = report.set_hint(hint);
    }
    LAST.with_borrow_mut(|last| *last = Some(failure));
    report
}

/// The last failure, forgotten once it is read.
pub fn take() -> Option<Value> {
    LAST.with_borrow_mut(Option::take)
}

/// A SQLSTATE as PostgreSQL packs it: six bits a character.
fn code(sqlstate: &str) -> PgSqlErrorCode {
    let packed = sqlstate.bytes().take(5).enumerate().fold(0_i32, |packed, (n, byte)| {
        packed | ((i32::from(byte.wrapping_sub(b'0')) & 0x3f) << (6 * n))
    });
    PgSqlErrorCode::from(packed as isize)
}
