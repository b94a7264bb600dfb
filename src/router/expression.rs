//! A test over the record in both its forms, criteria and predicate, as one SQL expression; checked here for writing
//! and compiled here for running, so that the two cannot differ.

use pgrx::prelude::*;
use serde_json::Value;

use crate::catalogue::{Catalogue, Relation};
use crate::criteria::{self, Checked, Conjunct, CriteriaError, ErrorKind, Test};
use crate::error::{Place, Result, error, error_hint};
use crate::router::variables;

/// Name under which expressions know the record.
pub const RECORD: &str = "r";

/// A compiled test over the record.
pub struct Expression {
    /// One SQL boolean expression, in parentheses.
    pub sql: String,
    /// The same in parts that all have to hold, in order; at least one. Only the last can be a predicate.
    pub conjuncts: Vec<Conjunct>,
    /// Its single tests, for explain.
    pub tests: Vec<Test>,
}

/// Compiles criteria and predicate; with neither, every record passes.
///
/// # Errors
/// What is wrong with the text, with the place it stands at.
pub fn compile(
    place: &Place<'_>,
    relation: &Relation,
    criteria: Option<&Value>,
    predicate: Option<&str>,
    as_of: &str,
) -> Result<Expression> {
    let mut parts = Vec::new();
    let mut tests = Vec::new();
    let checked = match criteria {
        Some(value) => Some(check_criteria(place, "criteria", relation, value)?),
        None => None,
    };
    if let Some(checked) = &checked {
        parts.push(format!("({})", checked.to_sql(RECORD, as_of)));
        tests.extend(checked.tests(RECORD, as_of));
    }
    let predicate = scanned(place, predicate)?;
    if let Some((text, sql)) = &predicate {
        tests.push(Test {
            path: "predicate".to_owned(),
            description: text.trim().to_owned(),
            sql: sql.clone(),
            actual: None,
        });
        parts.push(sql.clone());
    }
    let conjuncts = in_parts(checked.as_ref(), predicate.map(|(_, sql)| sql), as_of);
    let sql = if parts.is_empty() {
        "true".to_owned()
    } else {
        format!("({})", parts.join(" and "))
    };
    Ok(Expression { sql, conjuncts, tests })
}

/// The parts of the same test, of which a ruleset of thousands of rules needs nothing else. `relation` is what the criteria
/// know of the table.
///
/// # Errors
/// As for [`compile`].
pub fn conjuncts(
    place: &Place<'_>,
    relation: &criteria::Relation,
    criteria: Option<&Value>,
    predicate: Option<&str>,
    as_of: &str,
) -> Result<Vec<Conjunct>> {
    let checked = match criteria {
        Some(value) => Some(checked(place, "criteria", relation, value)?),
        None => None,
    };
    let predicate = scanned(place, predicate)?.map(|(_, sql)| sql);
    Ok(in_parts(checked.as_ref(), predicate, as_of))
}

fn in_parts(checked: Option<&Checked>, predicate: Option<String>, as_of: &str) -> Vec<Conjunct> {
    let mut conjuncts = checked.map_or_else(Vec::new, |checked| checked.conjuncts(RECORD, as_of));
    conjuncts.extend(predicate.map(Conjunct::plain));
    if conjuncts.is_empty() {
        conjuncts.push(Conjunct::plain("true".to_owned()));
    }
    conjuncts
}

/// A predicate that has been looked over, and its SQL.
fn scanned<'a>(place: &Place<'_>, predicate: Option<&'a str>) -> Result<Option<(&'a str, String)>> {
    let Some(text) = predicate else { return Ok(None) };
    scan(place, "predicate", text)?;
    // The line break ends a comment that the text may end with.
    Ok(Some((text, format!("({text}\n)"))))
}

/// Compiles an expression that gives a number; its type is numeric.
///
/// # Errors
/// What is wrong with the text, with the place it stands at.
pub fn number(place: &Place<'_>, column: &str, text: &str) -> Result<String> {
    scan(place, column, text)?;
    // The line break ends a comment that the text may end with.
    Ok(format!("({text}\n)::numeric"))
}

/// Checks a tree that stands in a column.
///
/// # Errors
/// What is wrong with it, with the place it stands at.
pub fn check_criteria(place: &Place<'_>, column: &str, relation: &Relation, value: &Value) -> Result<Checked> {
    checked(place, column, &relation.for_criteria(), value)
}

fn checked(place: &Place<'_>, column: &str, relation: &criteria::Relation, value: &Value) -> Result<Checked> {
    criteria::parse(value)
        .and_then(|node| criteria::check(&node, relation, &Catalogue))
        .map_err(|problem| criteria_error(place, column, &problem))
}

fn criteria_error(place: &Place<'_>, column: &str, problem: &CriteriaError) -> pgrx::pg_sys::panic::ErrorReport {
    let code = match problem.kind {
        ErrorKind::Malformed => PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        ErrorKind::UnknownColumn => PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
        ErrorKind::UnknownRelation => PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
        ErrorKind::UnknownVariable => PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        ErrorKind::WrongType => PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
        ErrorKind::BadValue => PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION,
        ErrorKind::UnknownOperator => PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION,
    };
    error(code, format!("{place}: {column}: {}", problem.message))
        .set_detail(format!("At {} in {column}.", problem.path))
        .set_hint(
            problem
                .hint
                .clone()
                .unwrap_or_else(|| "See docs/criteria.md for the grammar of criteria.".to_owned()),
        )
}

/// The first look at a text of SQL: its tokens. Returns the literals that may be read as dates.
///
/// # Errors
/// 42601 (or 0A000 for the clock's functions) with the HINT.
pub fn scan(place: &Place<'_>, column: &str, text: &str) -> Result<Vec<std::ops::Range<usize>>> {
    let found = criteria::predicate::scan(text).map_err(|problem| {
        error_hint(
            if problem.reads_clock {
                PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED
            } else {
                PgSqlErrorCode::ERRCODE_SYNTAX_ERROR
            },
            format!("{place}: {column}: {}", problem.message),
            problem
                .hint
                .clone()
                .unwrap_or_else(|| format!("{column} is SQL over the record r.")),
        )
    })?;
    for name in &found.variables {
        variables::must_exist(place, column, name)?;
    }
    Ok(found.date_words)
}
