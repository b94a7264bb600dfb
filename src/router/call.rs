//! The call of a function as a step: about nothing but its arguments, or about a segment ([`each`](super::each)).

use chrono::Utc;
use pgrx::prelude::*;
use serde_json::Value;

use crate::error::{Place, Result, error_hint, internal};
use crate::router::each::{self, Per, Subject};
use crate::router::failure::{self, compiling};
use crate::router::function::{Call, may_call, resolve};
use crate::router::steps::{Done, Step};
use crate::worker::running::{self, Phase};
use crate::worker::timeout;
use crate::xact::{as_role, with_users_search_path};

/// Calls a step's function as `owner`, the role that is the current one. Settings that it changes are as they were
/// afterwards; it finds names by the search_path of the owner's sessions, unless it has one of its own.
///
/// # Errors
/// That the function cannot be called any more, that the segment has too many members, or what it raised, as it raised it.
pub fn call(schedule: &str, step: &Step, run: i64, owner: pg_sys::Oid) -> Result<Done> {
    let started = Utc::now();
    running::phase(Phase::Calling);
    let row = format!("{schedule}/{}", step.position);
    let place = Place {
        table: "step",
        row: &row,
    };
    let (call, subject) = compiling(|| {
        let subject = subject(step, run)?;
        if let Some(subject) = &subject {
            subject.segment.check_writers()?;
        }
        Ok((
            resolve(&place, &step.target, step.args.as_ref(), subject.as_ref())?,
            subject,
        ))
    })?;
    may_call(&place, &call)?;
    let members = match &subject {
        Some(subject) => Some(few_enough(&place, step, subject)?),
        None => None,
    };
    each::begin();
    let answer = {
        let _limit = step.timeout.map(timeout::limit_step);
        as_role(owner, || {
            let keys = match subject.as_ref().filter(|_| call.reads_keys) {
                Some(subject) => Some(subject.keys(&place)?),
                None => None,
            };
            let cursor = subject.as_ref().filter(|_| call.reads_cursor);
            cursor.map_or(Ok(()), |subject| subject.open(&place))?;
            let answer = with_users_search_path(|| execute(&place, &call, keys))?;
            cursor.map_or(Ok(()), Subject::close)?;
            Ok(answer)
        })?
    };
    // It may have called for runs of its own, and have come to terms with their failure.
    failure::begin();
    let count = answer
        .as_deref()
        .filter(|_| call.counts)
        .and_then(|count| count.parse().ok());
    let rows = match &subject {
        Some(subject) if subject.per == Per::Record => count.or(members),
        Some(subject) if subject.per == Per::Set => members,
        _ => count,
    };
    Ok(Done::function(
        step,
        call.signature,
        started,
        rows,
        answer.filter(|_| !call.counts),
    ))
}

/// What a step's function is called about; none where that is nothing but its arguments.
///
/// # Errors
/// 42704 for a segment that is not there.
pub fn subject(step: &Step, run: i64) -> Result<Option<Subject>> {
    let cursor = format!("pg_dist {run}/{}", step.position);
    let named = |name: &String| Subject::of(name, step.per.as_deref(), &cursor);
    step.segment.as_ref().map(named).transpose()
}

/// Refuses a segment with more members than the step allows; how many it has.
fn few_enough(place: &Place<'_>, step: &Step, subject: &Subject) -> Result<i64> {
    let members = subject.members()?;
    match step.max_rows {
        Some(most) if members > most => Err(error_hint(
            PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            format!(
                "{place}: segment '{}' has {members} members, and the step is for at most {most}",
                subject.segment.name
            ),
            "Raise max_rows, or narrow the segment down.",
        )),
        _ => Ok(members),
    }
}

fn execute(place: &Place<'_>, call: &Call, keys: Option<Vec<String>>) -> Result<Option<String>> {
    let statement = "select pg_catalog.left(result, 1000), failure from dist._users_statement($1, $2, $3)";
    let args = [
        call.sql.clone().into(),
        call.answer.map(ToOwned::to_owned).into(),
        keys.into(),
    ];
    let (result, failure) = Spi::connect_mut(|client| {
        client
            .update(statement, None, &args)?
            .first()
            .get_two::<String, pgrx::JsonB>()
    })
    .map_err(internal)?;
    match failure {
        None => Ok(result),
        Some(failure) => Err(failure::raise(explained(place, failure.0))),
    }
}

/// Says which step it was, for which record, and what PostgreSQL means by a transaction that cannot be terminated.
fn explained(place: &Place<'_>, mut failure: Value) -> Value {
    let text_of = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let context = text_of(failure.get("context"));
    let ends_transaction = text_of(failure.get("sqlstate")) == "2D000" && text_of(failure.get("hint")).is_empty();
    if let Some(fields) = failure.as_object_mut() {
        if let Some(key) = each::last() {
            let detail = text_of(fields.get("detail"));
            let record = format!("It was called for record '{}'.", key.replace('\'', "''"));
            fields.insert("detail".to_owned(), format!("{detail}\n{record}").trim_start().into());
        }
        fields.insert("context".to_owned(), format!("{context}\n{place}").trim_start().into());
        if ends_transaction {
            let hint = "A step is part of its run's transaction: what it calls can neither commit nor roll back.";
            fields.insert("hint".to_owned(), hint.into());
        }
    }
    failure
}
