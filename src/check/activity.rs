//! A row of `dist.activity_plan`: what it says of the record and of the user's own table compiles, as a run would compile it.

use pgrx::prelude::*;
use serde_json::{Value, json};

use crate::action::create_activities::plan::{self, Plan};
use crate::action::create_activities::table::{Source, Table};
use crate::catalogue::{Relation, read};
use crate::check::object::users_table;
use crate::check::parse::{is_one_expression, no_moving_dates, parses};
use crate::check::{object_named, text, values};
use crate::error::{Place, Result, error_hint, internal};
use crate::router::expression::{self, RECORD};
use crate::router::session::with_settings;

/// The columns of the row that are compiled.
#[derive(serde::Deserialize)]
struct Row {
    segment: String,
    name: String,
    subject: String,
    ranking: Option<String>,
    column_map: Option<Value>,
    open_predicate: Option<String>,
}

/// Checks subject, ranking, column_map and open_predicate.
///
/// # Errors
/// What is wrong, with the place and a HINT.
pub fn row(place: &Place<'_>, object: &str, row: Value, into: Option<pg_sys::Oid>) -> Result<()> {
    let row: Row = serde_json::from_value(row).map_err(internal)?;
    text::row(place, object, json!({"ranking": row.ranking}))?;
    let object = object_named(object)?;
    plan::subject(place, &row.subject, object.relation()?)?;
    let Some(into) = into else { return Ok(()) };
    let relation: Relation = read("select dist._relation($1)", &[into.into()])?.ok_or_else(|| {
        error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
            format!("{place}: into_relation {} does not exist", into.to_u32()),
            "Give the table's name, with its schema.",
        )
    })?;
    users_table(place, &relation)?;
    let Some(Value::Object(map)) = row.column_map else {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!(
                "{place}: column_map {} is not a JSON object",
                row.column_map.unwrap_or_default()
            ),
            "Write {\"column\": \"key\", \"other column\": \"starts_at\", ...}.",
        ));
    };
    let table_sql = relation.sql();
    let plan = Plan::of_table(row.name, map, row.open_predicate, relation);
    with_settings(chrono::Utc::now(), || {
        let Some(table) = Table::of(place, &plan)? else {
            return Ok(());
        };
        for (column, source) in &table.columns {
            let value = plan
                .column_map
                .as_ref()
                .and_then(|map| map.get(&column.name)?.get("value"));
            if let (Source::Constant(_), Some(value)) = (source, value) {
                values::field_value(place, "column_map", column, value)?;
            }
        }
        filled(place, &table, into)?;
        if let Some(text) = &plan.open_predicate {
            let dates = expression::scan(place, "open_predicate", text)?;
            is_one_expression(place, "open_predicate", &table_sql, text, "::boolean[]", |text| {
                text.to_owned()
            })?;
            no_moving_dates(place, "open_predicate", text, &dates, |text| {
                format!("select from {table_sql} as {RECORD} where ({text}\n)")
            })?;
        }
        // Parsed with nulls of the parameters' types in their place.
        let insert = table.insert(&plan, &row.segment, 0).unwrap_or_default();
        let insert = (1..=6).fold(insert, |sql, n| sql.replace(&format!("${n}::"), "null::"));
        parses(place, "column_map", &insert)
    })
}

/// Refuses a map that leaves out what an INSERT must give.
fn filled(place: &Place<'_>, table: &Table<'_>, into: pg_sys::Oid) -> Result<()> {
    let given: Vec<String> = table.columns.iter().map(|(column, _)| column.name.clone()).collect();
    let lacking: Vec<String> = read(
        "select to_jsonb(dist._unfilled_columns($1, $2))",
        &[into.into(), given.into()],
    )?
    .unwrap_or_default();
    let Some(first) = lacking.first() else { return Ok(()) };
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION,
        format!(
            "{place}: column_map: column \"{first}\" of {} would be null",
            table.relation.sql()
        ),
        "It is NOT NULL and has no default: say what it has, such as {\"value\": constant}.",
    ))
}
