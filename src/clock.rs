//! PostgreSQL's instants as chrono's and back.

use chrono::{DateTime, Utc};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use crate::error::{Result, error_hint, internal};

/// Microseconds from 1970-01-01 to 2000-01-01, where PostgreSQL's timestamps begin.
const EPOCH_SHIFT: i64 = 946_684_800_000_000;

/// An instant that a user gave.
///
/// # Errors
/// 22008 when it is infinity or out of chrono's range.
pub fn from_pg(at: TimestampWithTimeZone) -> Result<DateTime<Utc>> {
    let micros: i64 = at.into();
    micros
        .checked_add(EPOCH_SHIFT)
        .filter(|_| micros != i64::MIN && micros != i64::MAX)
        .and_then(DateTime::from_timestamp_micros)
        .ok_or_else(|| {
            error_hint(
                PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW,
                "the instant is infinite, or beyond the calendar",
                "Give a date and time within the next centuries.",
            )
        })
}

/// Now: by the virtual clock where `pg_dist.clock` is set.
///
/// # Errors
/// 22023 when the setting is no instant.
pub fn now() -> Result<TimestampWithTimeZone> {
    let Some(text) = crate::settings::virtual_clock() else {
        return Ok(pgrx::datetime::clock_timestamp());
    };
    text.parse().map_err(|_| {
        error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("pg_dist.clock: '{text}' is no instant"),
            "Give one such as 2031-03-30 06:00:00+02, or RESET pg_dist.clock.",
        )
    })
}

/// An instant for PostgreSQL.
///
/// # Errors
/// When it is out of PostgreSQL's range.
pub fn to_pg(at: DateTime<Utc>) -> Result<TimestampWithTimeZone> {
    let micros = at
        .timestamp_micros()
        .checked_sub(EPOCH_SHIFT)
        .ok_or_else(|| internal("instant out of range"))?;
    TimestampWithTimeZone::try_from(micros).map_err(|_| internal("instant out of range"))
}

/// The instant as the text of a timestamptz literal, independent of any session setting.
pub fn literal(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string()
}
