//! Values that have to fit a column: what set_fields sets, keys and records that somebody asks about, reps as owners.

use pgrx::prelude::*;
use serde_json::Value;

use crate::catalogue::{Column, Relation, read};
use crate::check::object_named;
use crate::check::parse::no_moving_dates;
use crate::criteria::quote_literal;
use crate::error::{Place, Result, at, error_hint, internal};
use crate::router::expression;
use crate::xact::trial;

/// Checks a value that a field is set to against its column as it was declared, and refuses dates that move.
///
/// # Errors
/// What PostgreSQL says of it; 0A000 for a date that moves.
pub fn field_value(place: &Place<'_>, what: &str, column: &Column, value: &Value) -> Result<()> {
    let literal = match value {
        Value::Null => return Ok(()),
        Value::String(text) if !matches!(column.base.as_str(), "json" | "jsonb") => quote_literal(text),
        other => quote_literal(&other.to_string()),
    };
    let hint = format!(
        "Give a value that column \"{}\" of type {} can hold.",
        column.name, column.declared
    );
    fits(place, what, column, &literal, &hint)?;
    // Text and documents may speak of today; a date or a range that does would be read by the clock.
    let dated =
        matches!(column.category, 'D' | 'R') || column.base.starts_with("_date") || column.base.starts_with("_time");
    if dated {
        let dates = expression::scan(place, what, &literal)?;
        no_moving_dates(place, what, &literal, &dates, |literal| {
            format!("select {literal}::{}", column.type_sql)
        })?;
    }
    Ok(())
}

/// Refuses a value that cannot be assigned to a column. An explicit cast cuts what is too long, where an assignment
/// would be refused: so what was cut is looked for.
fn fits(place: &Place<'_>, what: &str, column: &Column, literal: &str, hint: &str) -> Result<()> {
    let declared = &column.declared;
    if let Some(caught) = trial(|| run(&format!("select {literal}::{declared}"))) {
        return Err(at(place, what, &caught, hint));
    }
    let whole = format!("select rtrim({literal}::text) = rtrim({literal}::{declared}::text)");
    if column.category == 'S' && Spi::get_one::<bool>(&whole).map_err(internal)? == Some(false) {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
            format!("{place}: {what}: {literal} is too long for type {declared}"),
            hint,
        ));
    }
    Ok(())
}

/// Refuses null for a column that is NOT NULL.
///
/// # Errors
/// 23502 with the HINT.
pub fn nulls_fit(
    place: &Place<'_>,
    what: &str,
    relation: &Relation,
    fields: &serde_json::Map<String, Value>,
) -> Result<()> {
    let nulls: Vec<String> = fields
        .iter()
        .filter(|(_, value)| value.is_null())
        .map(|(name, _)| name.clone())
        .collect();
    let refused: Option<String> = read(
        "select to_jsonb(min(a.attname::text)) from pg_attribute a \
          where a.attrelid = $1::regclass and a.attnotnull and a.attname::text = any ($2)",
        &[relation.sql().into(), nulls.into()],
    )?;
    refused.map_or(Ok(()), |name| {
        Err(error_hint(
            PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION,
            format!("{place}: {what}: column \"{name}\" cannot be null"),
            "The column is NOT NULL: give it a value, or leave it out.",
        ))
    })
}

/// Checks that a key that somebody asks for can be one.
///
/// # Errors
/// 22P02 and kin, naming the object and the key.
pub fn key(object: &str, column: &Column, key: &str) -> Result<()> {
    let place = Place {
        table: "object",
        row: object,
    };
    let hint = format!(
        "Give the key as it stands in column \"{}\" of type {}, in its text form.",
        column.name, column.declared
    );
    match trial(|| run(&format!("select {}::{}", quote_literal(key), column.type_sql))) {
        None => Ok(()),
        Some(caught) => Err(at(&place, "record_key", &caught, &hint)),
    }
}

/// Checks that the values of a record that somebody asks about fit its columns; `record` is SQL that gives it.
///
/// # Errors
/// 22P02 and kin, naming the object.
pub fn record(place: &Place<'_>, record: &str) -> Result<()> {
    match trial(|| run(&format!("select from {record}"))) {
        None => Ok(()),
        Some(caught) => Err(at(
            place,
            "record",
            &caught,
            "Give each value as jsonb has it for a column of that type.",
        )),
    }
}

/// Checks that reps are values of the object's owner column.
///
/// # Errors
/// 22P02 and kin, naming the rep.
pub fn reps(place: &Place<'_>, object: &str, reps: &[String]) -> Result<()> {
    let object = object_named(object)?;
    let owner = object.owner()?;
    let declared = &owner.declared;
    let unlike = |reps: &[String]| {
        let quoted: Vec<String> = reps.iter().map(|rep| quote_literal(rep)).collect();
        format!(
            "select count(*) from unnest(array[{}]::text[]) as rep where rep::{declared}::text is distinct from rep",
            quoted.join(", ")
        )
    };
    let whole = unlike(reps);
    if trial(|| run(&whole)).is_none() && Spi::get_one::<i64>(&whole).map_err(internal)? == Some(0) {
        return Ok(());
    }
    let hint = format!(
        "dist.rep.rep is the text form of a value of \"{}\", the owner column of object '{}', of type {declared}.",
        owner.name, object.name
    );
    for rep in reps {
        fits(
            place,
            &format!("rep '{rep}'"),
            owner,
            &format!("{}::text", quote_literal(rep)),
            &hint,
        )?;
        if Spi::get_one::<i64>(&unlike(std::slice::from_ref(rep))).map_err(internal)? != Some(0) {
            // The audit has reps, the table has values: 007 and 7 would never be found to be the same.
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION,
                format!("{place}: rep '{rep}': a value of type {declared} is not written so"),
                hint,
            ));
        }
    }
    Ok(())
}

fn run(sql: &str) {
    Spi::connect(|client| {
        drop(client.select(sql, None, &[]));
    });
}
