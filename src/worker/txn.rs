//! The one place where the worker opens and ends transactions, and where errors that nobody else catches end.
//!
//! A backend has PostgreSQL's main loop to clean up after an error; a background worker has only what is here.
#![allow(unsafe_code)]

use std::panic::AssertUnwindSafe;

use pgrx::pg_sys::panic::{CaughtError, ErrorReportable};
use pgrx::prelude::*;

use super::backoff::Backoff;
use super::process;
use crate::error::{Result, raised};

/// An error that ended a transaction.
#[derive(Debug)]
pub struct Failure {
    /// SQLSTATE.
    pub code: PgSqlErrorCode,
    /// What was wrong.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
}

impl From<CaughtError> for Failure {
    fn from(caught: CaughtError) -> Self {
        let report = raised(&caught);
        Self {
            code: report.sql_error_code(),
            message: report.message().to_owned(),
            detail: report.detail().map(ToOwned::to_owned),
        }
    }
}

impl Failure {
    /// Whether it is only that somebody held a lock, or that the transaction was cancelled.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.code,
            PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE
                | PgSqlErrorCode::ERRCODE_QUERY_CANCELED
                | PgSqlErrorCode::ERRCODE_T_R_DEADLOCK_DETECTED
                | PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE
        )
    }

    /// Whether DROP EXTENSION may have come in between: the extension was still seen, and its tables no more.
    fn may_be_a_drop(&self) -> bool {
        matches!(
            self.code,
            PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE
                | PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION
                | PgSqlErrorCode::ERRCODE_INVALID_SCHEMA_NAME
        )
    }

    /// Notes it, and writes it to the log once per incident: not what passes by itself, and what a DROP EXTENSION explains
    /// only when it is still so a while later.
    pub fn note(&self, backoff: &mut Backoff, longest: i64, doing: &str) {
        let now = process::now();
        backoff.failed(now, longest);
        if !self.is_transient() && backoff.is_worth_a_line(now, self.may_be_a_drop()) {
            self.log(doing);
        }
    }

    /// Writes it to the server's log.
    pub fn log(&self, doing: &str) {
        let line = format!("pg_dist: {doing}: {}", self.message);
        match &self.detail {
            Some(detail) => ereport!(WARNING, self.code, line, detail.clone()),
            None => ereport!(WARNING, self.code, line),
        }
    }
}

/// Runs `work` in a transaction of its own with a snapshot taken at its start. An error, wherever it comes from, also
/// from the commit itself, rolls the transaction back and is returned.
///
/// # Errors
/// What `work` returned, what PostgreSQL raised, or a Rust panic.
pub fn transaction<T>(work: impl FnOnce() -> Result<T>) -> std::result::Result<T, Failure> {
    guarded(|| {
        // SAFETY: the worker's only thread, outside any transaction; the calls are paired below, or undone together
        // by AbortCurrentTransaction.
        unsafe {
            pg_sys::SetCurrentStatementStartTimestamp();
            pg_sys::StartTransactionCommand();
            pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
        }
        let value = work().unwrap_or_report();
        // SAFETY: as above.
        unsafe {
            pg_sys::PopActiveSnapshot();
            pg_sys::CommitTransactionCommand();
        }
        value
    })
}

/// Runs `work`, and leaves no transaction open when it raises an error.
///
/// # Errors
/// What PostgreSQL raised, or a Rust panic.
pub fn guarded<T>(work: impl FnOnce() -> T) -> std::result::Result<T, Failure> {
    let outcome = PgTryBuilder::new(AssertUnwindSafe(|| Ok(work())))
        .catch_rust_panic(|caught| Err(Failure::from(caught)))
        .catch_others(|caught| Err(Failure::from(caught)))
        .execute();
    if outcome.is_err() {
        // SAFETY: as PostgreSQL's own main loop does after an error; without a transaction it does nothing. An error
        // raised by Rust leaves the counter that PostgreSQL's own errors reset.
        unsafe {
            pg_sys::AbortCurrentTransaction();
            pg_sys::InterruptHoldoffCount = 0;
        }
    }
    outcome
}
