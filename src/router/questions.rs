//! What an explanation asks of the record: single values, all read in one statement.

use pgrx::prelude::*;

use crate::error::{Result, error_hint, internal};
use crate::router::expression::Expression;
use crate::router::plan::Plan;
use crate::router::subject::Subject;

/// The single values that explanation reads of the record, in one row of texts.
#[derive(Default)]
pub struct Questions {
    sql: Vec<String>,
}

impl Questions {
    /// Asks one; its number.
    pub fn ask(&mut self, sql: impl Into<String>) -> usize {
        self.sql.push(sql.into());
        self.sql.len() - 1
    }
}

/// An expression with the numbers of its questions.
pub struct Asked<'a> {
    expression: &'a Expression,
    /// Whether all of it holds.
    pub whole: usize,
    /// Of each test in it: whether it holds, and what is there instead.
    tests: Vec<(usize, Option<usize>)>,
}

/// Asks whether an expression holds, and each test in it.
pub fn ask<'a>(questions: &mut Questions, expression: &'a Expression) -> Asked<'a> {
    Asked {
        whole: questions.ask(&expression.sql),
        tests: expression
            .tests
            .iter()
            .map(|test| {
                (
                    questions.ask(&test.sql),
                    test.actual.as_ref().map(|actual| questions.ask(actual)),
                )
            })
            .collect(),
        expression,
    }
}

/// What the record said, by question.
pub struct Answers(Vec<Option<String>>);

impl Answers {
    /// The value, as text.
    pub fn text(&self, question: usize) -> Option<&str> {
        self.0.get(question).and_then(|text| text.as_deref())
    }

    /// Whether it is true, and not false or null.
    pub fn is_true(&self, question: usize) -> bool {
        self.text(question) == Some("true")
    }

    /// The tests that did not hold, in words.
    pub fn failures(&self, asked: &Asked<'_>) -> String {
        let tests_that = |hold: bool| -> Vec<String> {
            asked
                .expression
                .tests
                .iter()
                .zip(&asked.tests)
                .filter(|(_, (holds, _))| self.is_true(*holds) == hold)
                .map(|(test, (_, actual))| match actual {
                    Some(actual) => format!("{} (it is {})", test.description, self.text(*actual).unwrap_or("null")),
                    None => test.description.clone(),
                })
                .collect()
        };
        let failed = tests_that(false);
        if !failed.is_empty() {
            return format!("does not hold: {}", failed.join("; "));
        }
        // Every test holds, and yet the whole does not: it is a negation that fails.
        let held = tests_that(true);
        if held.is_empty() || self.is_true(asked.whole) {
            String::new()
        } else {
            format!("holds, and must not: {}", held.join("; "))
        }
    }
}

/// Evaluates all questions over the record in one statement.
///
/// # Errors
/// P0002 when there is no such record, and what the user's expressions raise.
pub fn answers(plan: &Plan, subject: Subject<'_>, questions: &Questions) -> Result<Answers> {
    let list: Vec<String> = questions.sql.iter().map(|sql| format!("({sql})::text")).collect();
    let sql = format!("select array[{}] {}", list.join(", "), subject.from(&plan.object)?);
    Spi::connect(|client| {
        let rows = client.select(sql.as_str(), Some(1), &[]).map_err(internal)?;
        if rows.is_empty() {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_NO_DATA_FOUND,
                format!(
                    "dist.object '{}': there is no record with key '{}' in {}",
                    plan.object.name,
                    subject.name(None),
                    plan.object.relation()?.sql()
                ),
                "Give the key as it stands in the key column, in its text form.",
            ));
        }
        let answers = rows
            .first()
            .get_one::<Vec<Option<String>>>()
            .map_err(internal)?
            .unwrap_or_default();
        Ok(Answers(answers))
    })
}
