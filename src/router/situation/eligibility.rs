//! Which records each rep may have: rows of `dist.eligibility`, and who is kept from a record for a time. Records of a kind
//! are one class.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use crate::allocation::{Class, Eligibility};
use crate::error::{Place, Result};
use crate::router::decide::Candidates;
use crate::router::expression::{self, Expression};
use crate::router::intent::{Intent, Object};
use crate::router::plan::Plan;
use crate::router::situation::kinds::{Kinds, Row};
use crate::router::situation::previous::Held;

/// A row of `dist.eligibility`.
#[derive(Debug, Clone, Deserialize)]
pub struct EligibilityRow {
    /// Its name.
    pub name: String,
    /// The rep, or the members of the team.
    pub reps: Vec<String>,
    /// Which records, as a tree.
    pub criteria: Option<Value>,
    /// Which records, as SQL.
    pub predicate: Option<String>,
    /// Who wrote the row.
    pub written_by: String,
}

/// A row of `dist.eligibility` that limits somebody to whom the plan can give records.
pub struct Limit {
    /// Its name.
    pub name: String,
    /// The reps that it limits, by number in the dictionary.
    pub reps: Vec<u32>,
    /// Which records they may have.
    pub test: Expression,
    /// Who wrote it.
    pub written_by: String,
}

/// All rows that matter to a plan.
#[derive(Default)]
pub struct Limits {
    /// The rows, by name.
    pub rows: Vec<Limit>,
    kinds: Option<Kinds>,
    /// Where the numbers of the kinds begin among the plan's numbers, and how many they are.
    numbers: std::ops::Range<usize>,
}

impl Limits {
    /// Who wrote the rows: (table, row, writer). (Rows about reps whom the plan cannot reach are none of its business.)
    pub fn writers(&self) -> Vec<(&'static str, String, &str)> {
        let rows = self.rows.iter();
        rows.map(|row| ("eligibility", row.name.clone(), row.written_by.as_str()))
            .collect()
    }
}

/// Compiles the rows that matter to a plan, whose dictionary of reps is complete, and puts what they ask of a record
/// among its numbers.
///
/// # Errors
/// What is wrong with their text.
pub fn compile(intent: &Intent, object: &Object, plan: &mut Plan, as_of: &str) -> Result<()> {
    if intent.eligibility.is_empty() {
        return Ok(());
    }
    let relation = object.relation()?;
    let numbers: HashMap<&str, u32> = (0..)
        .zip(&plan.reps)
        .map(|(number, rep)| (rep.as_str(), number))
        .collect();
    let mut limits = Vec::new();
    for row in &intent.eligibility {
        let reps = row.reps.iter().filter_map(|rep| numbers.get(rep.as_str()).copied());
        let reps: Vec<u32> = reps.collect();
        if reps.is_empty() {
            continue;
        }
        let place = Place {
            table: "eligibility",
            row: &row.name,
        };
        let test = expression::compile(&place, relation, row.criteria.as_ref(), row.predicate.as_deref(), as_of)?;
        limits.push(Limit {
            name: row.name.clone(),
            reps,
            test,
            written_by: row.written_by.clone(),
        });
    }
    // Under a collation that takes different texts for the same, they cannot be told apart by number.
    let exact = !relation.columns.iter().any(|column| column.folds);
    let row = |limit: &Limit| Row {
        reps: limit.reps.clone(),
        tests: limit
            .test
            .conjuncts
            .iter()
            .map(|part| (part.sql.clone(), part.lookup.clone().filter(|_| exact)))
            .collect(),
    };
    let kinds = Kinds::new(limits.iter().map(row).collect(), plan.reps.len());
    let first = plan.numbers.len();
    plan.numbers.extend(kinds.iter().flat_map(Kinds::numbers));
    plan.limits = Limits {
        rows: limits,
        kinds,
        numbers: first..plan.numbers.len(),
    };
    Ok(())
}

/// By candidate, its class in `known`; empty = every rep may have every record.
///
/// # Errors
/// None yet.
pub fn classes(plan: &Plan, candidates: &Candidates, held: &Held, known: &mut Eligibility) -> Result<Vec<u32>> {
    let kinds = plan.limits.kinds.as_ref();
    if kinds.is_none() && held.bars.is_empty() {
        return Ok(Vec::new());
    }
    let columns = candidates.numbers.get(plan.limits.numbers.clone()).unwrap_or_default();
    // By kind, its set of reps and the class of those of its records that nobody is kept from.
    let mut of_kind: HashMap<Vec<i64>, (Option<u32>, u32)> = HashMap::new();
    let mut last: Option<(Vec<i64>, (Option<u32>, u32))> = None;
    let mut bars = held.bars.iter().peekable();
    let mut classes = Vec::with_capacity(candidates.count);
    let mut numbers = Vec::with_capacity(columns.len());
    for record in 0..candidates.leaves.len() {
        numbers.clear();
        numbers.extend(columns.iter().map(|column| column.get(record).copied().unwrap_or(0)));
        let (set, class) = match &last {
            Some((same, found)) if *same == numbers => *found,
            _ => {
                let found = match of_kind.get(&numbers) {
                    Some(found) => *found,
                    None => {
                        let who = kinds.and_then(|kinds| kinds.who(&numbers));
                        let set = who.map(|who| known.set(who));
                        let class = known.class(Class {
                            set,
                            ..Class::default()
                        });
                        of_kind.insert(numbers.clone(), (set, class));
                        (set, class)
                    }
                };
                last = Some((numbers.clone(), found));
                found
            }
        };
        let mut except = Vec::new();
        while let Some((_, rep)) = bars.next_if(|(barred, _)| *barred as usize == record) {
            except.push(*rep);
        }
        classes.push(if except.is_empty() {
            class
        } else {
            known.class(Class {
                set,
                except,
                ..Class::default()
            })
        });
    }
    Ok(classes)
}

/// The one record's reps who may not have it, and the names of their rows; for explain.
pub fn refused<'a>(plan: &'a Plan, candidates: &Candidates) -> Vec<(u32, Vec<&'a str>)> {
    let columns = candidates.numbers.get(plan.limits.numbers.clone()).unwrap_or_default();
    let numbers: Vec<i64> = columns
        .iter()
        .map(|column| column.first().copied().unwrap_or(0))
        .collect();
    let Some(who) = plan.limits.kinds.as_ref().and_then(|kinds| kinds.who(&numbers)) else {
        return Vec::new();
    };
    let refused = (0..)
        .take(plan.reps.len())
        .filter(|rep| who.binary_search(rep).is_err());
    let rows = |rep: u32| {
        let rows = plan.limits.rows.iter().filter(|limit| limit.reps.contains(&rep));
        rows.map(|limit| limit.name.as_str()).collect()
    };
    refused.map(|rep| (rep, rows(rep))).collect()
}
