//! Whether the server would let a runner in as the owner of schedules: asked before one is started, for what the server
//! refuses it reports at each attempt.

use pgrx::prelude::*;

use crate::error::error_hint;

/// What is in the way of an owner's runner, until an administrator lets the role in again.
pub fn obstacle(can_login: bool, can_connect: bool) -> Option<(&'static str, &'static str)> {
    let needs_login = cfg!(not(any(feature = "pg17", feature = "pg18")));
    if needs_login && !can_login {
        Some((
            "is not permitted to log in",
            "ALTER ROLE ... LOGIN (a password is not needed), or change dist.schedule.owner.",
        ))
    } else if !can_connect {
        Some((
            "is not permitted to connect to this database",
            "GRANT CONNECT ON DATABASE ..., or change dist.schedule.owner.",
        ))
    } else {
        None
    }
}

/// Says that an owner's schedules stay due.
pub fn report(owner: &str, (problem, hint): (&str, &str)) {
    error_hint(
        PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
        format!("pg_dist: schedules of \"{owner}\" are due and cannot run: the role {problem}"),
        hint,
    )
    .report(PgLogLevel::WARNING);
}
