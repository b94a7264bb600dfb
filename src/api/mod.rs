//! The functions that SQL calls: each only converts. Their DDL is written by hand in `sql/`.

mod checks;
mod looks;
mod matching;
mod runs;
mod time;
mod variables;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use crate::error::Result;

fn named<'a>(argument: &str, value: Option<&'a str>) -> Result<&'a str> {
    value.ok_or_else(|| missing(argument))
}

fn instant(as_of: Option<TimestampWithTimeZone>) -> Result<TimestampWithTimeZone> {
    as_of.ok_or_else(|| missing("as_of"))
}

fn missing(argument: &str) -> pgrx::pg_sys::panic::ErrorReport {
    crate::error::error_hint(
        PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
        format!("{argument} is null"),
        format!("Give {argument}."),
    )
}
