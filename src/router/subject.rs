//! Which record is explained: one that is stored, or one that is not (yet), whose values are given as jsonb.

use pgrx::prelude::*;
use serde_json::Value;

use crate::check;
use crate::criteria::quote_literal;
use crate::error::{Place, Result, error_hint};
use crate::router::expression::RECORD;
use crate::router::intent::Object;
use crate::router::statement::column;

/// A record by its key, or by its values.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// The record of this key.
    Stored(&'a str),
    /// What would be stored: a column that is not given is null, whatever its default is.
    Given(&'a Value),
}

impl Subject<'_> {
    /// Whether the record lies in the table.
    pub fn is_stored(&self) -> bool {
        matches!(self, Self::Stored(_))
    }

    /// What its values are read from: the rest of a SELECT, from FROM on.
    ///
    /// # Errors
    /// 22P02 and kin for a key or value that cannot be one, 42703 for a column that is not there.
    pub fn from(&self, object: &Object) -> Result<String> {
        let relation = object.relation()?;
        let table = relation.sql();
        let record = match self {
            Self::Stored(key) => {
                let key_column = object.key()?;
                check::values::key(&object.name, key_column, key)?;
                return Ok(format!(
                    "from {table} as {RECORD} where {} = {}::{} limit 1",
                    column(&key_column.name),
                    quote_literal(key),
                    key_column.type_sql,
                ));
            }
            Self::Given(record) => record,
        };
        let place = Place {
            table: "object",
            row: &object.name,
        };
        let Value::Object(fields) = record else {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("{place}: record: {record} is not a JSON object"),
                "Write {\"column\": value, ...}.",
            ));
        };
        if let Some(unknown) = fields.keys().find(|name| relation.column(name).is_none()) {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!("{place}: record: column \"{unknown}\" does not exist in {table}"),
                check::column_hint(relation, unknown),
            ));
        }
        // Of the table's own type: a predicate may hand the record as a whole to a function.
        let values = format!(
            "jsonb_populate_record(null::{table}, {}::jsonb)",
            quote_literal(&record.to_string())
        );
        check::values::record(&place, &values)?;
        Ok(format!("from {values} as {RECORD}"))
    }

    /// How it is named, once its key is known.
    pub fn name(&self, key: Option<&str>) -> String {
        match self {
            Self::Stored(key) => (*key).to_owned(),
            Self::Given(_) => key.map_or_else(|| "(not stored)".to_owned(), |key| format!("{key} (not stored)")),
        }
    }
}
