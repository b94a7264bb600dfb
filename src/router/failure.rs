//! What is to be known of a run's failure beside its error.
//!
//! The error of the user's own code (a function, a trigger, a constraint), as PostgreSQL raised it: on its way
//! through Rust it loses its CONTEXT, and a SQLSTATE that is not PostgreSQL's own becomes XX000. So it is also kept
//! here, for whoever writes the failed run's row.
//!
//! And whether the run failed because its intent does not compile (any more), before any statement of the user's ran:
//! then it would fail again and again until somebody mends it, and is put into quarantine. Only a failure pays for
//! finding out.

use std::cell::RefCell;

use pgrx::pg_sys::panic::{ErrorReport, ErrorReportable};
use pgrx::prelude::*;
use serde_json::Value;

use crate::error::{Result, error, raised};
use crate::worker::raised::Raised;
use crate::xact;

/// Where the last run of this session failed.
#[derive(Clone)]
enum Stage {
    /// It has not failed, or in code of the user's.
    Elsewhere,
    /// While the intent was read, judged and compiled.
    Compiling,
    /// In this statement, as this role: while PostgreSQL parsed it, or while it ran.
    Statement(pg_sys::Oid, String),
}

thread_local! {
    static LAST: RefCell<Option<Value>> = const { RefCell::new(None) };
    static STAGE: RefCell<Stage> = const { RefCell::new(Stage::Elsewhere) };
}

fn note(stage: Stage) {
    STAGE.with_borrow_mut(|last| *last = stage);
}

/// A run begins: nothing has failed.
pub fn begin() {
    note(Stage::Elsewhere);
}

/// Runs `work`, which looks at intent and at nothing else: an error that it returns means that the intent does not
/// compile. (What PostgreSQL raises in it, such as a cancel, passes by.)
///
/// # Errors
/// Those of `work`.
pub fn compiling<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    work().inspect_err(|_| note(Stage::Compiling))
}

/// Notes that a statement compiled from intent has failed.
pub fn in_statement(sql: &str) {
    note(Stage::Statement(xact::current_role(), sql.to_owned()));
}

/// Whether the last run that began in this session failed because its intent does not compile. Where a statement failed
/// this parses it once more: if that fails as well, then not for anything that happened while it ran.
pub fn failed_to_compile() -> bool {
    match STAGE.with_borrow(Clone::clone) {
        Stage::Elsewhere => false,
        Stage::Compiling => true,
        Stage::Statement(role, sql) => xact::as_role(role, || xact::trial(|| parse(&sql)))
            .is_some_and(|caught| lasts(raised(&caught).sql_error_code())),
    }
}

fn parse(sql: &str) {
    let parsed = Spi::connect(|client| {
        client
            .prepare(sql, &[pg_sys::TEXTARRAYOID.into(), pg_sys::TIMESTAMPTZOID.into()])
            .map(drop)
    });
    parsed.map_err(crate::error::internal).unwrap_or_report();
}

/// Whether an error of parsing says that the text is wrong: not that somebody held a lock or cancelled, that there was no
/// memory, or that the role may not look into a schema, which a GRANT mends without anybody touching the schedule.
fn lasts(code: PgSqlErrorCode) -> bool {
    let class = code as i32 & 0xfff;
    code != PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE
        && [
            PgSqlErrorCode::ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION,
            PgSqlErrorCode::ERRCODE_DATA_EXCEPTION,
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            PgSqlErrorCode::ERRCODE_INVALID_SCHEMA_NAME,
            PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
        ]
        .iter()
        .any(|wrong| *wrong as i32 & 0xfff == class)
}

/// The same for one that was watched while it was raised.
pub fn raise_watched(raised: &Raised) -> ErrorReport {
    raise(serde_json::json!({
        "sqlstate": sqlstate(raised.code), "message": raised.message, "detail": raised.detail, "hint": raised.hint,
        "context": raised.context,
    }))
}

/// The error to return for a failure that `dist._users_statement` caught.
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
    // A run within the user's code (a trigger that calls dist.execute) may have failed otherwise: it is that code's.
    note(Stage::Elsewhere);
    report
}

/// The last failure, forgotten once it is read.
pub fn take() -> Option<Value> {
    LAST.with_borrow_mut(Option::take)
}

/// A SQLSTATE that PostgreSQL has packed.
pub fn sqlstate(code: i32) -> String {
    (0..5)
        .map(|n| char::from(u8::try_from((code >> (6 * n)) & 0x3f).unwrap_or(0) + b'0'))
        .collect()
}

/// A SQLSTATE as PostgreSQL packs it: six bits a character.
fn code(sqlstate: &str) -> PgSqlErrorCode {
    let packed = sqlstate.bytes().take(5).enumerate().fold(0_i32, |packed, (n, byte)| {
        packed | ((i32::from(byte.wrapping_sub(b'0')) & 0x3f) << (6 * n))
    });
    PgSqlErrorCode::from(packed as isize)
}
