//! The one form in which pg_dist refuses something: SQLSTATE, what is wrong, and how to mend it.

use pgrx::PgSqlErrorCode;
use pgrx::pg_sys::panic::{CaughtError, ErrorReport, ErrorReportWithLevel};

/// What functions that can fail return; becomes an SQL error with its SQLSTATE, DETAIL and HINT kept.
pub type Result<T> = std::result::Result<T, ErrorReport>;

/// An error with a SQLSTATE and a message.
pub fn error(code: PgSqlErrorCode, message: impl Into<String>) -> ErrorReport {
    ErrorReport::new(code, message.into(), "pg_dist")
}

/// The same with a HINT.
pub fn error_hint(code: PgSqlErrorCode, message: impl Into<String>, hint: impl Into<String>) -> ErrorReport {
    error(code, message).set_hint(hint.into())
}

/// Something that cannot be unless pg_dist itself is wrong (XX000).
pub fn internal(message: impl std::fmt::Display) -> ErrorReport {
    error(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, format!("pg_dist: {message}"))
}

/// A row of intent, as error messages name it.
pub struct Place<'a> {
    /// Table in schema dist.
    pub table: &'a str,
    /// Name of the row.
    pub row: &'a str,
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "dist.{} '{}'", self.table, self.row.replace('\'', "''"))
    }
}

/// What was raised.
pub const fn raised(caught: &CaughtError) -> &ErrorReportWithLevel {
    let (CaughtError::PostgresError(report)
    | CaughtError::ErrorReport(report)
    | CaughtError::RustPanic { ereport: report, .. }) = caught;
    report
}

/// Puts the place and the column in front of an error that PostgreSQL raised about a user's text.
pub fn at(place: &Place<'_>, column: &str, caught: &CaughtError, hint: &str) -> ErrorReport {
    let report = raised(caught);
    let mut placed = error(
        report.sql_error_code(),
        format!("{place}: {column}: {}", report.message()),
    )
    .set_hint(match report.hint() {
        // The style is the same in every run, whatever the session's.
        Some(theirs) if theirs.to_lowercase().contains("datestyle") => {
            "Write dates as ISO 8601, such as 2031-12-31.".to_owned()
        }
        Some(theirs) => theirs.to_owned(),
        None => hint.to_owned(),
    });
    if let Some(detail) = report.detail() {
        placed = placed.set_detail(detail.to_owned());
    }
    placed
}

/// Runs `work`; what it returns as an error, and what PostgreSQL raises in it, goes on upwards with a DETAIL that says where
/// it happened.
///
/// # Errors
/// Those of `work`.
pub fn noting<T>(note: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let noted = |detail: Option<&str>| detail.map_or_else(|| note.to_owned(), |detail| format!("{detail} {note}"));
    let done = pgrx::PgTryBuilder::new(std::panic::AssertUnwindSafe(|| Ok(work())))
        // Of locks nothing is told by where it happened; but whoever gives way has to see that it was raised.
        .catch_when(PgSqlErrorCode::ERRCODE_T_R_DEADLOCK_DETECTED, |caught| caught.rethrow())
        .catch_when(PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE, |caught| caught.rethrow())
        .catch_others(|caught| {
            let report = raised(&caught);
            let placed = error(report.sql_error_code(), report.message().to_owned()).set_detail(noted(report.detail()));
            Err(match report.hint() {
                Some(hint) => placed.set_hint(hint.to_owned()),
                None => placed,
            })
        })
        .execute()?;
    done.map_err(|report| {
        let detail = noted(report.detail());
        report.set_detail(detail)
    })
}
