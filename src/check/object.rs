//! A row of `dist.object`: its table and columns are there, and can be what the row says they are.

use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::catalogue::{Column, Relation, read};
use crate::check::column_hint;
use crate::error::{Place, Result, error_hint, internal};

/// Types that keys and owners can have.
const KEY_TYPES: [&str; 6] = ["int2", "int4", "int8", "uuid", "text", "varchar"];

/// A row of `dist.object` as the trigger has it.
#[derive(Deserialize)]
struct ObjectRow {
    name: String,
    relation: Value,
    key_column: String,
    owner_column: String,
}

/// Checks a row of `dist.object`; returns warnings.
///
/// # Errors
/// 42P01, 42809, 42703, 42804 with the HINT.
pub fn row(row: Value) -> Result<Vec<String>> {
    let row: ObjectRow = serde_json::from_value(row).map_err(internal)?;
    let place = Place {
        table: "object",
        row: &row.name,
    };
    // regclass becomes text in JSON: a name, or a number when there is no such table.
    let named = row
        .relation
        .as_str()
        .map_or_else(|| row.relation.to_string(), ToOwned::to_owned);
    // 0 is shown as a dash, which is the name of nothing.
    let found: Option<Relation> = if named == "-" {
        None
    } else {
        read("select dist._relation($1::regclass)", &[named.clone().into()])?
    };
    let relation = found.ok_or_else(|| {
        error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
            format!("{place}: relation {named} does not exist"),
            "Give the table's name, with its schema.",
        )
    })?;
    users_table(&place, &relation)?;
    for (field, name) in [("key_column", &row.key_column), ("owner_column", &row.owner_column)] {
        let column = key_like(&place, &relation, field, name)?;
        if field == "owner_column" && column.generated {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_INVALID_COLUMN_REFERENCE,
                format!("{place}: owner_column \"{name}\" is computed by PostgreSQL"),
                "Name the column that is written when a record changes hands.",
            ));
        }
    }
    if row.key_column == row.owner_column {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("{place}: key_column and owner_column are both \"{}\"", row.key_column),
            "The owner is another column than the key.",
        ));
    }
    let facts: Facts = read(
        include_str!("../router/sql/object_facts.sql"),
        &[
            named.into(),
            row.key_column.clone().into(),
            row.owner_column.clone().into(),
        ],
    )?
    .ok_or_else(|| internal("no facts about the table"))?;
    let mut warnings = Vec::new();
    if !facts.key_unique && relation.kind == 'r' {
        warnings.push(format!(
            "nothing keeps key_column \"{}\" unique; two records with one key cannot be told apart in the audit",
            row.key_column
        ));
    }
    if facts.owner_not_null {
        warnings.push(format!(
            "owner_column \"{}\" is NOT NULL: no record is ever unowned, and a retrieval needs a holding rep",
            row.owner_column
        ));
    }
    Ok(warnings)
}

/// Refuses what is no table that every session sees and that is the user's own.
///
/// # Errors
/// 42809 with the HINT.
pub fn users_table(place: &Place<'_>, relation: &Relation) -> Result<()> {
    if !matches!(relation.kind, 'r' | 'p') {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            format!("{place}: {} is not a table", relation.sql()),
            "Name a table or a partitioned table; a view has no records of its own.",
        ));
    }
    if matches!(relation.schema.as_str(), "dist" | "pg_catalog" | "information_schema")
        || relation.schema.starts_with("pg_temp_")
    {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            format!("{place}: {} is no table of the user's own", relation.sql()),
            "Name a table of your own that every session sees.",
        ));
    }
    Ok(())
}

/// The column that a field names, of a type that keys and owners can have.
///
/// # Errors
/// 42703, 42804 with the HINT.
pub fn key_like<'a>(place: &Place<'_>, relation: &'a Relation, field: &str, name: &str) -> Result<&'a Column> {
    let Some(column) = relation.column(name) else {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            format!("{place}: {field} \"{name}\" does not exist in {}", relation.sql()),
            column_hint(relation, name),
        ));
    };
    if !KEY_TYPES.contains(&column.base.as_str()) {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!("{place}: {field} \"{name}\" is of type {}", column.type_sql),
            "Keys and owners are smallint, integer, bigint, uuid, text or varchar.",
        ));
    }
    Ok(column)
}

#[derive(Deserialize)]
struct Facts {
    key_unique: bool,
    owner_not_null: bool,
}
