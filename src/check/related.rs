//! A row of `dist.segment_related`: its table and key are there, and its rows can be joined to the records.

use pgrx::prelude::*;
use serde_json::{Value, json};

use crate::catalogue::{Relation, read};
use crate::check::object::{key_like, users_table};
use crate::check::object_named;
use crate::error::{Place, Result, error_hint};
use crate::router::expression::check_criteria;

/// Checks what leads from a segment's records to the rows of another table.
///
/// # Errors
/// 42P01, 42809, 42703, 42804, 22023 with the HINT.
pub fn row(place: &Place<'_>, object: &str, related: pg_sys::Oid, key_column: &str, join_on: &Value) -> Result<()> {
    let found: Option<Relation> = read("select dist._relation($1)", &[related.into()])?;
    let relation = found.ok_or_else(|| {
        error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
            format!("{place}: relation {} does not exist", related.to_u32()),
            "Give the table's name, with its schema.",
        )
    })?;
    users_table(place, &relation)?;
    key_like(place, &relation, "key_column", key_column)?;
    if join_on.as_object().is_none_or(serde_json::Map::is_empty) {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("{place}: join_on {join_on} says no columns"),
            "Write {\"column of the related table\": \"column of the record\"}.",
        ));
    }
    // The same join as that of a related test in criteria.
    let test = json!({"related": relation.sql(), "on": join_on});
    let object = object_named(object)?;
    check_criteria(place, "join_on", object.relation()?, &test).map(|_| ())
}
