//! What PostgreSQL's parser says of a piece of SQL that somebody wrote: whether it is one expression, a number, a ranking, and
//! does not mean another day tomorrow.

use pgrx::prelude::*;

use crate::criteria::quote_literal;
use crate::error::{Place, Result, at, error_hint, raised};
use crate::router::expression::RECORD;
use crate::xact::trial;

/// Lets PostgreSQL analyse a statement whose ORDER BY is a ranking.
///
/// # Errors
/// What PostgreSQL says, as about the ranking.
pub fn ranks(place: &Place<'_>, sql: &str, hint: &str) -> Result<()> {
    let Some(caught) = trial(|| prepare(sql)) else {
        return Ok(());
    };
    Err(
        match raised(&caught)
            .message()
            .strip_prefix("FOR UPDATE is not allowed with ")
        {
            Some(what) => error_hint(
                PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                format!("{place}: ranking: it takes no {what}"),
                hint,
            ),
            None => at(place, "ranking", &caught, hint),
        },
    )
}

/// A text is one expression if and only if it parses both between parentheses and between the brackets of an array:
/// what closes one kind of bracket early cannot close the other, a list is a row in the one and not of the wanted type,
/// and a bare SELECT does not stand in the other. `test` makes a boolean of it.
/// # Errors
/// 42601 and kin.
pub fn is_one_expression(
    place: &Place<'_>,
    column: &str,
    table: &str,
    text: &str,
    array: &str,
    test: impl Fn(&str) -> String,
) -> Result<()> {
    for sql in [format!("({text}\n)"), format!("(array[{text}\n]{array})[1]")] {
        let test = test(&sql);
        parses(place, column, &format!("select from {table} as {RECORD} where {test}"))?;
    }
    Ok(())
}

/// A number is what the parser lets stand for a float without being told to: no text, no date, no row.
///
/// # Errors
/// 42804 with the HINT.
pub fn is_number(place: &Place<'_>, table: &str, text: &str) -> Result<()> {
    let sql = format!("select from {table} as {RECORD} where pg_catalog.float8pl(({text}\n), 0) is null");
    match trial(|| prepare(&sql)) {
        None => Ok(()),
        Some(_) => Err(error_hint(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!("{place}: value: {} is no number", text.trim()),
            "value is one SQL expression over the record r that gives a number, such as: r.amount",
        )),
    }
}

/// Lets PostgreSQL parse and analyse a statement without running it.
/// # Errors
/// What PostgreSQL says.
pub fn parses(place: &Place<'_>, column: &str, sql: &str) -> Result<()> {
    match trial(|| prepare(sql)) {
        None => Ok(()),
        Some(caught) => Err(at(
            place,
            column,
            &caught,
            "It is SQL over the record r; names of functions, tables and types need their schema.",
        )),
    }
}

fn prepare(sql: &str) {
    Spi::connect(|client| {
        // What is wrong is raised as an error; the plan itself is not wanted.
        drop(client.prepare(sql, &[]));
    });
}

/// Refuses literals such as 'today' where they are read as a date: they would be frozen when the statement is parsed.
/// They are read so if and only if the same text with another word in their place no longer parses.
/// # Errors
/// 0A000 with the HINT.
pub fn no_moving_dates(
    place: &Place<'_>,
    column: &str,
    text: &str,
    literals: &[std::ops::Range<usize>],
    statement: impl Fn(&str) -> String,
) -> Result<()> {
    for literal in literals {
        let (Some(before), Some(word), Some(after)) = (
            text.get(..literal.start),
            text.get(literal.clone()),
            text.get(literal.end..),
        ) else {
            continue;
        };
        let other = format!("{before}{}{after}", quote_literal("pg_dist"));
        if trial(|| prepare(&statement(&other))).is_some() {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                format!("{place}: {column}: {word} as a date means the day on which it is read"),
                "Use dist.as_of(): the instant the run is about.",
            ));
        }
    }
    Ok(())
}
