//! A row of `dist.activity_plan`, and the parts of statements that it is compiled to: for the check when it is written, and for
//! the run, so that the two cannot differ.

use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::activity::{Piece, parse};
use crate::catalogue::{Column, Relation};
use crate::check::column_hint;
use crate::criteria::quote_literal;
use crate::error::{Place, Result, error_hint};
use crate::router::expression;
use crate::router::intent::Object;
use crate::router::statement::column;

/// Which activities the records of a segment get.
#[derive(Deserialize)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Whether it is active.
    pub active: bool,
    /// What each is called.
    pub subject: String,
    /// How many minutes each takes.
    pub minutes: i32,
    /// The second of the local day before which none begins.
    pub earliest: u32,
    /// The second of the local day by which each is over.
    pub latest: u32,
    /// responsible, owner or reps.
    pub assign: String,
    /// Who is responsible for the segment.
    pub responsible: Option<String>,
    /// With reps: who.
    pub reps: Option<Vec<String>>,
    /// How many days after the first they may lie.
    pub spread_days: u32,
    /// How many may begin on a day.
    pub per_day: Option<u32>,
    /// Who comes first has the earlier time.
    pub ranking: Option<String>,
    /// Whether they are written to a table of the user's own.
    #[serde(rename = "into")]
    pub elsewhere: bool,
    /// That table, where it is still there.
    pub relation: Option<Relation>,
    /// What its columns have.
    pub column_map: Option<Map<String, Value>>,
    /// Which of its rows are still to be done.
    pub open_predicate: Option<String>,
    /// Who wrote the row.
    pub written_by: String,
}

impl Plan {
    /// What is checked of a plan before it is stored: the table that it is about.
    pub fn of_table(name: String, map: Map<String, Value>, open_predicate: Option<String>, relation: Relation) -> Self {
        Self {
            name,
            active: true,
            subject: String::new(),
            minutes: 1,
            earliest: 0,
            latest: 0,
            assign: String::new(),
            responsible: None,
            reps: None,
            spread_days: 0,
            per_day: None,
            ranking: None,
            elsewhere: true,
            relation: Some(relation),
            column_map: Some(map),
            open_predicate,
            written_by: String::new(),
        }
    }
}

/// What an activity is called, as SQL over the record.
///
/// # Errors
/// 22023 for a text that is no such text, 42703 for a column that is not there.
pub fn subject(place: &Place<'_>, text: &str, relation: &Relation) -> Result<String> {
    let pieces = parse(text).map_err(|problem| {
        error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("{place}: subject: {problem}"),
            "Write {column} for the value of a column, such as: Call {name}. A brace itself is written twice.",
        )
    })?;
    let mut parts = vec!["''::text".to_owned()];
    for piece in &pieces {
        parts.push(match piece {
            Piece::Text(text) => format!("{}::text", quote_literal(text)),
            Piece::Field(name) => {
                known(place, "subject", relation, name)?;
                format!("coalesce({}::text, '')", column(name))
            }
        });
    }
    Ok(format!("({})", parts.join(" || ")))
}

/// In which order records are served, as an ORDER BY list; it ends with the key.
///
/// # Errors
/// What is wrong with the text.
pub fn order(place: &Place<'_>, ranking: Option<&str>, object: &Object) -> Result<String> {
    let key = object.key()?;
    let collate = if key.collatable { " collate \"C\"" } else { "" };
    let last = format!("{}{collate}", column(&key.name));
    let Some(text) = ranking else { return Ok(last) };
    expression::scan(place, "ranking", text)?;
    // The line break ends a comment that the text may end with.
    Ok(format!("{text}\n, {last}"))
}

/// The column of that name.
///
/// # Errors
/// 42703 where there is none, with the nearest as HINT.
pub fn known<'a>(place: &Place<'_>, field: &str, relation: &'a Relation, name: &str) -> Result<&'a Column> {
    relation.column(name).ok_or_else(|| {
        error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            format!(
                "{place}: {field}: column \"{name}\" does not exist in {}",
                relation.sql()
            ),
            column_hint(relation, name),
        )
    })
}
