//! The text of a row of intent: criteria, predicate, ranking, value, fields to set, each compiled as a run would.

use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::check::object_named;
use crate::check::parse::{is_number, is_one_expression, no_moving_dates, parses, ranks};
use crate::check::values::{field_value, nulls_fit};
use crate::clock;
use crate::error::{Place, Result, error_hint, internal};
use crate::router::expression::{self, RECORD};
use crate::router::session::with_settings;
use crate::router::statement;

const RANKING: &str = "ranking is an ORDER BY list over the record r, such as: r.score desc nulls last, r.created_at";

/// The columns of intent tables that hold text to be compiled.
#[derive(Deserialize)]
struct TextRow {
    criteria: Option<Value>,
    predicate: Option<String>,
    ranking: Option<String>,
    value: Option<String>,
    set_fields: Option<Value>,
    /// Whether the predicate may speak of a clock c beside the record.
    clock: Option<bool>,
}

/// Checks criteria, predicate, ranking, value and set_fields of a row about an object.
///
/// # Errors
/// What is wrong, with the place and a HINT.
pub fn row(place: &Place<'_>, object: &str, row: Value) -> Result<()> {
    // With the settings of a run, so that 03/02/2031 is refused here and not read one way now and another way then.
    with_settings(chrono::Utc::now(), || compiles(place, object, row))
}

fn compiles(place: &Place<'_>, object: &str, row: Value) -> Result<()> {
    let row: TextRow = serde_json::from_value(row).map_err(internal)?;
    let object = object_named(object)?;
    let relation = object.relation()?;
    let mut table = relation.sql();
    if row.clock == Some(true) {
        table =
            format!("(select null::pg_catalog.timestamptz as started_at, null::text as rep) as c cross join {table}");
    }
    let as_of = clock::literal(chrono::Utc::now());
    if row.criteria.is_some() {
        let compiled = expression::compile(place, relation, row.criteria.as_ref(), None, &as_of)?;
        parses(
            place,
            "criteria",
            &format!("select from {table} as {RECORD} where {}", compiled.sql),
        )?;
    }
    if let Some(text) = &row.predicate {
        let dates = expression::scan(place, "predicate", text)?;
        is_one_expression(place, "predicate", &table, text, "::boolean[]", |text| text.to_owned())?;
        no_moving_dates(place, "predicate", text, &dates, |text| {
            format!("select from {table} as {RECORD} where ({text}\n)")
        })?;
    }
    if let Some(text) = &row.value {
        let dates = expression::scan(place, "value", text)?;
        // In a WHERE there are no aggregates and no sets.
        is_one_expression(place, "value", &table, text, "", |text| format!("{text} is null"))?;
        is_number(place, &table, text)?;
        no_moving_dates(place, "value", text, &dates, |text| {
            format!("select from {table} as {RECORD} where ({text}\n) is null")
        })?;
    }
    if let Some(text) = &row.ranking {
        let dates = expression::scan(place, "ranking", text)?;
        let key = statement::column(&object.key()?.name);
        // A window's ORDER BY takes nothing but sort keys: no LIMIT, no FOR UPDATE, no output columns by name.
        let in_window =
            |text: &str| format!("select row_number() over (order by {text}\n, {key}) from {table} as {RECORD}");
        ranks(place, &in_window(text), RANKING)?;
        one_value_per_record(
            place,
            &format!("select from {table} as {RECORD} order by {text}\n, {key}"),
        )?;
        no_moving_dates(place, "ranking", text, &dates, in_window)?;
    }
    match row.set_fields {
        None => {}
        Some(Value::Object(fields)) => {
            for (name, literal) in statement::set_fields(place, &object, Some(&fields))? {
                let quoted = crate::criteria::quote_ident(&name);
                let value = fields.get(&name).unwrap_or(&Value::Null);
                if let Some(column) = relation.column(&name) {
                    field_value(place, "set_fields", column, value)?;
                }
                parses(
                    place,
                    "set_fields",
                    &format!("update {table} as {RECORD} set {quoted} = {literal} where false"),
                )?;
            }
            nulls_fit(place, "set_fields", relation, &fields)?;
        }
        Some(other) => {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("{place}: set_fields: {other} is not a JSON object"),
                "Write {\"column\": value, ...}.",
            ));
        }
    }
    Ok(())
}

/// A ranking gives one value per record: what FOR UPDATE is refused for would make of many records one, or of one many.
/// And with nothing selected, there is no output column that a number could mean.
fn one_value_per_record(place: &Place<'_>, sql: &str) -> Result<()> {
    ranks(place, sql, RANKING)?;
    ranks(place, &format!("{sql} for update of {RECORD}"), RANKING)
}
