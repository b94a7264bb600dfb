//! What is kept out of a distribution: records that an exclusion names, and what comes to an automation and does not meet
//! its criteria. They reach leaves of their own, so that each is counted and told with its reason.

use chrono::{DateTime, Utc};
use pgrx::spi::SpiClient;
use serde::Deserialize;
use serde_json::Value;

use crate::allocation::{Reason, Target};
use crate::clock;
use crate::error::{Place, Result, internal};
use crate::router::compiler::Compiler;
use crate::router::decide::Carried;
use crate::router::expression::{self, Expression};
use crate::router::goal::Goal;
use crate::router::intent::{Intent, Object, Transfer};
use crate::router::mover::Kind;
use crate::router::plan::{self, Leaf, Plan};
use crate::router::segment;
use crate::router::statement;

/// The filter that leaves the excluded ones out where only so many are taken: they must not use up the number.
pub const NOT_EXCLUDED: &str = "not excluded";

/// An active row of `dist.exclusion`.
#[derive(Debug, Clone, Deserialize)]
pub struct ExclusionRow {
    /// Its name.
    pub name: String,
    /// The ruleset it is about; None = the object, or the automation.
    pub ruleset: Option<String>,
    /// Which records, as a tree.
    pub criteria: Option<Value>,
    /// Which records, as SQL.
    pub predicate: Option<String>,
    /// Who wrote the row.
    pub written_by: String,
}

impl ExclusionRow {
    /// Its test.
    ///
    /// # Errors
    /// What is wrong with its text.
    pub fn test(&self, object: &Object, as_of: &str) -> Result<Expression> {
        let place = Place {
            table: "exclusion",
            row: &self.name,
        };
        let relation = object.relation()?;
        expression::compile(
            &place,
            relation,
            self.criteria.as_ref(),
            self.predicate.as_deref(),
            as_of,
        )
    }
}

/// The expression `inner` that numbers leaves, behind the exclusions that are about this ruleset, or about none.
///
/// # Errors
/// What is wrong with the text of exclusions.
pub fn before(compiler: &mut Compiler<'_>, intent: &Intent, ruleset: Option<&str>, inner: String) -> Result<String> {
    let mut branches = String::new();
    for row in intent.exclusions.iter().filter(|row| row.ruleset.as_deref() == ruleset) {
        let test = row.test(intent.object()?, compiler.as_of())?;
        let number = compiler.push(Leaf {
            rule: Some(row.name.clone()),
            distribution_rule: None,
            reason: Reason::Excluded.as_str().to_owned(),
            note: None,
            goal: Goal::of(Target::leave(Reason::Excluded)),
            reassign: true,
            hopper: None,
        })?;
        compiler.excludes(number);
        branches.push_str(&format!(" when {} then {number}", test.sql));
    }
    Ok(wrapped(&branches, inner))
}

/// The same for all that comes to a transfer or an automation.
///
/// # Errors
/// What is wrong with its criteria, and with the text of exclusions.
pub fn of_transfer(
    compiler: &mut Compiler<'_>,
    intent: &Intent,
    (place, transfer): (&Place<'_>, &Transfer),
    inner: Option<String>,
) -> Result<Option<String>> {
    let plain = inner.clone().unwrap_or_else(|| "0".to_owned());
    let mut leaf = plain.clone();
    if transfer.kind == "distribution" {
        leaf = before(compiler, intent, None, leaf)?;
    }
    if let Some(test) = of_automation(place, intent.object()?, transfer, compiler.as_of())? {
        let number = compiler.leave(Reason::NoMatch)?;
        leaf = wrapped(&format!(" when {} is not true then {number}", test.sql), leaf);
    }
    Ok(if leaf == plain { inner } else { Some(leaf) })
}

/// What a record that comes to an automation has to meet; none where it need not meet anything, and for a transfer, of which
/// it would be no candidate.
///
/// # Errors
/// What is wrong with its criteria.
pub fn of_automation(
    place: &Place<'_>,
    object: &Object,
    transfer: &Transfer,
    as_of: &str,
) -> Result<Option<Expression>> {
    let tests = transfer.criteria.is_some() || transfer.predicate.is_some() || transfer.segment.is_some();
    if transfer.mover != Kind::Automation || !tests {
        return Ok(None);
    }
    let (criteria, predicate) = (transfer.criteria.as_ref(), transfer.predicate.as_deref());
    let test = expression::compile(place, object.relation()?, criteria, predicate, as_of)?;
    segment::limited_to(object, transfer.segment.as_deref(), test).map(Some)
}

fn wrapped(branches: &str, inner: String) -> String {
    if branches.is_empty() {
        return inner;
    }
    format!("case{branches} else {inner} end")
}

/// Keeps what is excluded from using up a limit: it is no candidate then, and read by a statement of its own.
pub fn leave_room(plan: &mut Plan) {
    if plan.excluded.is_empty() || plan.row_limit.is_none() && plan.limit_per_rep.is_none() {
        return;
    }
    plan.filter_all();
    let is_excluded = |none: &str| {
        let leaf = plan.leaf.as_deref().unwrap_or("0");
        format!("(({leaf}) {none} ({}))", numbers(&plan.excluded))
    };
    plan.beyond = Some(format!("{} and {}", plan.filter, is_excluded("in")));
    let test = plan::plain(is_excluded("not in"));
    plan.filters.push((NOT_EXCLUDED.to_owned(), test));
}

/// What is excluded and no candidate.
pub struct Beyond {
    /// How many records.
    pub count: i64,
    /// Their keys.
    pub keys: Carried,
    /// The leaf each reaches.
    pub leaves: Vec<i32>,
}

/// Reads what is excluded and no candidate, where there can be such. To be called before anything moves.
///
/// # Errors
/// What the user's expressions raise.
pub fn read_beyond(client: &SpiClient<'_>, plan: &Plan, about: DateTime<Utc>) -> Result<Option<Beyond>> {
    let Some(filter) = &plan.beyond else {
        return Ok(None);
    };
    let sql = statement::beyond(plan, filter)?;
    let args = [plan.reps.clone().into(), clock::to_pg(about)?.into()];
    let row = client.select(sql.as_str(), None, &args).map_err(internal)?.first();
    Ok(Some(Beyond {
        count: row.get::<i64>(1).map_err(internal)?.unwrap_or(0),
        keys: Carried::read(&row, 2)?,
        leaves: row.get::<Vec<i32>>(3).map_err(internal)?.unwrap_or_default(),
    }))
}

fn numbers(leaves: &[usize]) -> String {
    leaves.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
