//! Records that are not taken from their owner: rows of `dist.protection`, as parts of the filter of a retrieval.

use serde::Deserialize;
use serde_json::Value;

use crate::criteria::Test;
use crate::error::{Place, Result};
use crate::router::expression::{self, Expression};
use crate::router::intent::{Intent, Object};
use crate::router::plan::plain;

/// A row of `dist.protection`.
#[derive(Debug, Clone, Deserialize)]
pub struct ProtectionRow {
    /// Its name.
    pub name: String,
    /// Which records, as a tree.
    pub criteria: Option<Value>,
    /// Which records, as SQL.
    pub predicate: Option<String>,
    /// Who wrote the row.
    pub written_by: String,
}

/// Who wrote them: (table, row, writer).
pub fn writers(rows: Option<&[ProtectionRow]>) -> impl Iterator<Item = (&'static str, String, &str)> {
    let rows = rows.unwrap_or_default().iter();
    rows.map(|row| ("protection", row.name.clone(), row.written_by.as_str()))
}

/// What keeps protected records from being taken, each with its name.
///
/// # Errors
/// What is wrong with their text.
pub fn filters(intent: &Intent, object: &Object, as_of: &str) -> Result<Vec<(String, Expression)>> {
    let rows = intent.protections.iter().flatten();
    rows.map(|row| filter(row, object, as_of)).collect()
}

fn filter(row: &ProtectionRow, object: &Object, as_of: &str) -> Result<(String, Expression)> {
    let place = Place {
        table: "protection",
        row: &row.name,
    };
    let relation = object.relation()?;
    let protected = expression::compile(&place, relation, row.criteria.as_ref(), row.predicate.as_deref(), as_of)?;
    let tests: Vec<&str> = protected.tests.iter().map(|test| test.description.as_str()).collect();
    let test = Test {
        path: "protection".to_owned(),
        description: if tests.is_empty() {
            "every record".to_owned()
        } else {
            tests.join("; ")
        },
        sql: protected.sql.clone(),
        actual: None,
    };
    let filter = Expression {
        tests: vec![test],
        ..plain(format!("({} is not true)", protected.sql))
    };
    Ok((format!("not protected by {}", row.name), filter))
}
