//! What each member holds as its rule counts it, what it weighs by performance, and what records are worth.
//!
//! What is counted is compiled with the plan; each run counts anew. Records that the run itself is going to move count
//! where they are when it begins.

use std::borrow::Cow;

use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::allocation::performance::{self, Record, Shrink};
use crate::allocation::{self, Target};
use crate::error::{Place, Result, error_hint, internal};
use crate::router::decide::{Candidates, Texts};
use crate::router::distribution_rule::DistributionRule;
use crate::router::expression;
use crate::router::intent::{Intent, Object};
use crate::router::plan::Plan;
use crate::router::situation::allocation_error;
use crate::router::situation::count::{Amount, At, Counts, Numbers};

/// Decimals of the candidates' values.
pub const DECIMALS: u32 = 6;

/// What performance goes by where the rule does not say.
const PRIOR: u32 = 10;
const FLOOR: &str = "0.05";
const CEILING: &str = "1";

/// What distribution rules count, as intent has it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Measures {
    /// Rows of `dist.measure`.
    pub rows: Vec<MeasureRow>,
    /// The objects they name.
    pub objects: BTreeMap<String, Object>,
}

/// A row of `dist.measure`.
#[derive(Debug, Clone, Deserialize)]
pub struct MeasureRow {
    /// The rule.
    pub distribution_rule: String,
    /// load, value, wins or handled.
    pub measure: String,
    /// Tells rows apart.
    pub position: i32,
    /// Whose records are counted.
    pub object: String,
    /// Which of them, as a tree.
    pub criteria: Option<Value>,
    /// Which of them, as SQL.
    pub predicate: Option<String>,
    /// What is added up, as SQL.
    pub value: Option<String>,
    /// Who wrote the row.
    pub written_by: String,
}

impl MeasureRow {
    /// The row as messages name it.
    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.distribution_rule, self.measure, self.position)
    }
}

/// What is counted for one pool.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    load: Vec<At>,
    wins: Vec<At>,
    handled: Vec<At>,
    /// Which of the candidates' numbers is their value here.
    value: Option<usize>,
}

/// The measures of a rule over the objects they name.
struct Rows<'a> {
    measures: &'a Measures,
    rule: &'a DistributionRule,
    /// Its members, and who can come to stand in for them.
    reps: Vec<&'a str>,
    as_of: &'a str,
}

impl Rows<'_> {
    /// What the rows of a measure ask for.
    fn want(&self, measure: &str, counts: &mut Counts) -> Result<Vec<At>> {
        let mut found = Vec::new();
        for row in self.of(measure) {
            let name = row.name();
            let place = Place {
                table: "measure",
                row: &name,
            };
            let object = self.measures.objects.get(&row.object);
            let object = object.ok_or_else(|| internal("measure without an object"))?;
            let narrowed = row.criteria.is_some() || row.predicate.is_some();
            let test = expression::compile(
                &place,
                object.relation()?,
                row.criteria.as_ref(),
                row.predicate.as_deref(),
                self.as_of,
            )?;
            let amount = Amount {
                test: narrowed.then_some(test.sql),
                value: value(&place, row)?,
            };
            found.push(counts.want(object, amount, self.reps.iter().copied()));
        }
        Ok(found)
    }

    fn of<'b>(&'b self, measure: &'b str) -> impl Iterator<Item = &'b MeasureRow> {
        let rows = self.measures.rows.iter();
        rows.filter(move |row| row.distribution_rule == self.rule.name && row.measure == measure)
    }

    /// Performance needs both of its measures.
    fn required(&self, measure: &str, counts: &mut Counts) -> Result<Vec<At>> {
        let found = self.want(measure, counts)?;
        if found.is_empty() {
            return Err(lacking(
                self.rule,
                format!("it has no measure {measure}"),
                format!("Insert into dist.measure which records count as {measure}."),
            ));
        }
        Ok(found)
    }
}

fn value(place: &Place<'_>, row: &MeasureRow) -> Result<Option<String>> {
    let value = row.value.as_deref();
    value.map(|text| expression::number(place, "value", text)).transpose()
}

fn lacking(rule: &DistributionRule, problem: String, hint: String) -> pgrx::pg_sys::panic::ErrorReport {
    let place = Place {
        table: "distribution_rule",
        row: &rule.name,
    };
    error_hint(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{place}: {problem}"),
        hint,
    )
}

/// What is counted for a rule whose pool fills no books; the numbers that it wants of each candidate go to `numbers`.
///
/// # Errors
/// What is wrong with the text of a measure; a strategy that lacks one.
pub fn compile(
    intent: &Intent,
    rule: &DistributionRule,
    as_of: &str,
    counts: &mut Counts,
    numbers: &mut Vec<String>,
) -> Result<Counted> {
    let rows = Rows {
        measures: &intent.measures,
        rule,
        reps: intent
            .people
            .with_stand_ins(rule.members.iter().map(|member| member.rep.as_str())),
        as_of,
    };
    let mut counted = Counted::default();
    match rule.strategy.as_str() {
        "load" => {
            counted.load = rows.want("load", counts)?;
            if counted.load.is_empty() {
                let all = Amount {
                    test: None,
                    value: None,
                };
                let reps = rows.reps.iter().copied();
                counted.load.push(counts.want(intent.object()?, all, reps));
            }
        }
        "value" => {
            counted.load = rows.want("value", counts)?;
            let object = &intent.object()?.name;
            let row = rows.of("value").find(|row| row.object == *object).ok_or_else(|| {
                lacking(
                    rule,
                    format!("it has no measure value for object '{object}'"),
                    format!("Insert into dist.measure what a record of '{object}' is worth."),
                )
            })?;
            let name = row.name();
            let place = Place {
                table: "measure",
                row: &name,
            };
            let value = value(&place, row)?.ok_or_else(|| internal("measure value without a value"))?;
            // Once evaluated: what is below zero becomes -1, and what is too large (or no number) the largest.
            let number = format!(
                "least(greatest(coalesce(round({value} * 1000000), 0), -1), {})",
                i64::MAX
            );
            let known = numbers.iter().position(|known| *known == number);
            counted.value = Some(known.unwrap_or(numbers.len()));
            if known.is_none() {
                numbers.push(number);
            }
        }
        "performance" => {
            counted.wins = rows.required("wins", counts)?;
            counted.handled = rows.required("handled", counts)?;
        }
        _ => {}
    }
    Ok(counted)
}

/// What a rep of a rule has done, and what that makes it weigh.
pub struct Standing {
    /// Won.
    pub wins: String,
    /// Of so much.
    pub handled: String,
    /// The weight.
    pub weight: String,
}

impl Counted {
    /// What a rep holds: a numeric's text.
    ///
    /// # Errors
    /// A number that no load can be.
    pub fn load(&self, rule: &DistributionRule, rep: &str, numbers: &Numbers) -> Result<String> {
        added("load", rule, rep, &self.load, numbers)
    }

    /// What the members of a rule by performance have done and weigh, in their order; None for other rules.
    ///
    /// # Errors
    /// Numbers that make no sense.
    pub fn standings(&self, rule: &DistributionRule, numbers: &Numbers) -> Result<Option<Vec<Standing>>> {
        if self.handled.is_empty() {
            return Ok(None);
        }
        let refused = |problem| allocation_error(&rule.name, &problem);
        let mut done = Vec::with_capacity(rule.members.len());
        let mut records = Vec::with_capacity(rule.members.len());
        for member in &rule.members {
            let wins = added("wins", rule, &member.rep, &self.wins, numbers)?;
            let handled = added("handled", rule, &member.rep, &self.handled, numbers)?;
            records.push(Record::new(&member.rep, &wins, &handled).map_err(refused)?);
            done.push((wins, handled));
        }
        // The mean is that of those who take part: who has left tells nothing of whom is chosen among now.
        let team: Vec<Record> = rule
            .members
            .iter()
            .zip(&records)
            .filter(|(member, _)| member.active)
            .map(|(_, record)| *record)
            .collect();
        let (wins, losses) = performance::team_prior(&team, rule.prior.unwrap_or(PRIOR));
        let text = |given: &Option<String>, or: &str| given.clone().unwrap_or_else(|| or.to_owned());
        let shrink = Shrink {
            wins,
            losses,
            floor: text(&rule.floor, FLOOR),
            ceiling: text(&rule.ceiling, CEILING),
        };
        let weights = performance::weights(&records, &shrink).map_err(refused)?;
        let standing = |((wins, handled), weight)| Standing { wins, handled, weight };
        Ok(Some(done.into_iter().zip(weights).map(standing).collect()))
    }
}

fn added(what: &'static str, rule: &DistributionRule, rep: &str, parts: &[At], numbers: &Numbers) -> Result<String> {
    let parts: Vec<&str> = parts.iter().map(|at| numbers.of(*at, rep)).collect();
    allocation::sum(what, rep, &parts, allocation::limit::LOAD)
        .map_err(|problem| allocation_error(&rule.name, &problem))
}

/// The candidates' values, for pools by value: each as the pool that it comes to counts it.
///
/// # Errors
/// 22003 naming the record whose value cannot be used.
pub fn values<'a>(client: &SpiClient<'_>, plan: &Plan, candidates: &'a Candidates) -> Result<Cow<'a, [i64]>> {
    let number_of_pool = |pool: u32| {
        plan.holdings
            .pools
            .get(pool as usize)
            .and_then(|pool| pool.counted.value)
    };
    let of_leaf: Vec<Option<usize>> = plan
        .leaves
        .iter()
        .map(|leaf| by_value(plan, leaf.goal.target, number_of_pool))
        .collect();
    if of_leaf.iter().all(Option::is_none) {
        return Ok(Cow::Borrowed(&[]));
    }
    let mut values = vec![0; candidates.leaves.len()];
    for (record, (leaf, value)) in candidates.leaves.iter().zip(&mut values).enumerate() {
        let number = usize::try_from(*leaf)
            .ok()
            .and_then(|leaf| of_leaf.get(leaf))
            .copied()
            .flatten();
        let Some(column) = number.and_then(|number| candidates.numbers.get(number)) else {
            continue;
        };
        *value = column.get(record).copied().unwrap_or(0);
        if *value < 0 || *value == i64::MAX {
            return Err(unusable(client, plan, candidates, record, *value < 0)?);
        }
    }
    Ok(Cow::Owned(values))
}

/// Which number is the value of what comes to a target, or is handed on from there.
fn by_value(plan: &Plan, target: Target, number_of_pool: impl Fn(u32) -> Option<usize>) -> Option<usize> {
    let mut next = Some(target);
    // A circle of fallbacks is refused when the records are given out.
    for _ in 0..=plan.pools.len() {
        let Some(Target::Pool(pool)) = next else { break };
        if let Some(number) = number_of_pool(pool) {
            return Some(number);
        }
        next = plan
            .pool_fallbacks
            .get(pool as usize)
            .copied()
            .flatten()
            .map(|goal| goal.target);
    }
    None
}

fn unusable(
    client: &SpiClient<'_>,
    plan: &Plan,
    candidates: &Candidates,
    record: usize,
    negative: bool,
) -> Result<pgrx::pg_sys::panic::ErrorReport> {
    let place = i32::try_from(record + 1).map_err(internal)?;
    let key = client
        .select(
            "select ($1::text[])[$2]",
            None,
            &[Texts(candidates.keys).into(), place.into()],
        )
        .map_err(internal)?
        .first()
        .get_one::<String>()
        .map_err(internal)?
        .unwrap_or_default();
    let problem = if negative {
        "is below zero"
    } else {
        "is too large, or no number"
    };
    Ok(error_hint(
        PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
        format!(
            "{}: the value of record '{key}' of object '{}' {problem}",
            plan.source, plan.object.name
        ),
        "Values are numbers from 0 to 9 000 000 000 000: mend the record, or the measure value of the distribution rule.",
    ))
}
