//! Intent compiled into leaves: one CASE expression over the record that yields the number of the destination it
//! reaches, and for each such number what is to be done.

use std::collections::BTreeMap;

use pgrx::prelude::*;

use crate::allocation::Reason;
use crate::criteria::{Conjunct, quote_literal};
use crate::error::{Place, Result, error_hint, internal};
use crate::router::caps::PlannedCap;
use crate::router::compiler::Compiler;
use crate::router::distribution_rule::DistributionRule;
use crate::router::exclusion;
use crate::router::expression::{self, Expression};
use crate::router::goal::{Goal, Single};
use crate::router::hopper::{self, Source};
use crate::router::intent::{Intent, Object, Transfer};
use crate::router::mover::Kind;
use crate::router::segment;
use crate::router::situation::books;
use crate::router::situation::eligibility::{self, Limits};
use crate::router::situation::holdings::Holdings;
use crate::router::situation::match_plan::Matching;
use crate::router::situation::protection;
use crate::router::statement;
use crate::working::Roster;

/// What becomes of the records that reach one place of the ruleset.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The assignment rule that matched.
    pub rule: Option<String>,
    /// The distribution rule that takes it.
    pub distribution_rule: Option<String>,
    /// Why a record moves: the strategy, default, or retrieval.
    pub reason: String,
    /// What a person said about it.
    pub note: Option<String>,
    /// Where to, as far as intent says.
    pub goal: Goal,
    /// Whether a record that has an owner moves as well.
    pub reassign: bool,
    /// The hopper that it comes into.
    pub hopper: Option<String>,
}

/// A transfer, or a ruleset, ready to be turned into statements.
pub struct Plan {
    /// What it was compiled from, as messages name it.
    pub source: String,
    /// The transfer's name; empty for a ruleset by itself.
    pub source_name: String,
    /// The object.
    pub object: Object,
    /// Which records are candidates: one SQL boolean expression over `r`.
    pub filter: String,
    /// The parts of the filter, for explain: what it is, and its expression.
    pub filters: Vec<(String, Expression)>,
    /// Which hopper the candidates come from.
    pub from_hopper: Source,
    /// Only what has expired there.
    pub only_expired: bool,
    /// ORDER BY list over `r`.
    pub order: String,
    /// The leaves of what is excluded.
    pub excluded: Vec<usize>,
    /// The excluded ones that are no candidates, because only so many are taken: one SQL boolean expression over `r`.
    pub beyond: Option<String>,
    /// At most so many candidates.
    pub row_limit: Option<i64>,
    /// SQL integer expression over `r`: the number of the leaf; None where there is but leaf 0.
    pub leaf: Option<String>,
    /// What each number means; 0 is what no rule matches.
    pub leaves: Vec<Leaf>,
    /// The dictionary of reps: every rep that a record can go to.
    pub reps: Vec<String>,
    /// The pools, as `Target::Pool` numbers them.
    pub pools: Vec<DistributionRule>,
    /// Whether what a run is asked is kept for a replay.
    pub keep_decisions: bool,
    /// For each pool, its members' numbers in the dictionary of reps.
    pub pool_reps: Vec<Vec<u32>>,
    /// For each pool, where a record goes that nobody in it can have.
    pub pool_fallbacks: Vec<Option<Goal>>,
    /// The distribution rules of one rep.
    pub singles: Vec<Single>,
    /// Everybody's working hours.
    pub people: Roster,
    /// The reps' numbers in their dictionary.
    pub rep_numbers: BTreeMap<String, u32>,
    /// The caps that hold for those whom it can give to.
    pub caps: Vec<PlannedCap>,
    /// At most so many candidates of each owner.
    pub limit_per_rep: Option<i32>,
    /// What else is read of each candidate, as SQL expressions of type bigint over `r`.
    pub numbers: Vec<String>,
    /// What else is read of each candidate, as SQL expressions of type text over `r`.
    pub texts: Vec<String>,
    /// What the candidates are matched with.
    pub matching: Matching,
    /// What is counted of what the pools' members hold.
    pub holdings: Holdings,
    /// Which of the reps may have which records.
    pub limits: Limits,
    /// Nothing goes back to whom a service level has just taken it from, nor to those before him.
    pub not_back: bool,
    /// Columns to set: name, typed value.
    pub set_fields: Vec<(String, String)>,
}

impl Plan {
    /// Candidates are the records that pass all of the filters (what comes from one hopper is joined).
    pub fn filter_all(&mut self) {
        let by_join = |name: &str| name == hopper::FROM;
        let filters = self.filters.iter().filter(|(name, _)| !by_join(name));
        let filters: Vec<&str> = filters.map(|(_, filter)| filter.sql.as_str()).collect();
        self.filter = filters.join(" and ");
    }
}

/// Compiles a transfer.
///
/// # Errors
/// What is wrong with the text of intent, with the place it stands at.
pub fn of_transfer(intent: &Intent, as_of: &str) -> Result<Plan> {
    let transfer = intent.transfer.as_ref().ok_or_else(|| internal("no transfer"))?;
    let object = intent.object()?;
    let place = transfer.place();
    if transfer.is_template {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("{place}: it is a template"),
            "Copy the template into a transfer of its own, and run that one.",
        ));
    }
    // Who names the reps whose records are meant means these records to move.
    let on_owned = transfer.on_owned.clone();
    let on_owned = on_owned.or_else(|| transfer.sources.as_ref().map(|_| "reassign".to_owned()));
    let mut compiler = Compiler::new(intent, object, as_of, on_owned)?;
    let leaf = compiler.transfer(transfer)?;
    let leaf = exclusion::of_transfer(&mut compiler, intent, (&place, transfer), leaf)?;
    let mut filters = filters(&place, object, transfer, as_of)?;
    let narrowed = books::narrowed(intent, &compiler.segments, transfer.to_distribution_rule.as_deref());
    filters.extend(narrowed.map(|test| ("segment".to_owned(), test)));
    filters.extend(protection::filters(intent, object, as_of)?);
    filters.extend(hopper::filter(intent, object, transfer.from_hopper.as_deref())?);
    let mut plan = Plan {
        source: place.to_string(),
        source_name: transfer.name.clone(),
        filters,
        from_hopper: transfer.from_hopper.clone().map_or(Source::Outside, Source::Hopper),
        order: match &transfer.from_hopper {
            Some(name) => hopper::order(intent, object, name, (&place, transfer.ranking.as_deref()))?,
            None => order(&place, object, transfer.ranking.as_deref())?,
        },
        not_back: transfer.mover == Kind::Sla,
        only_expired: transfer.mover == Kind::Hopper,
        row_limit: transfer.row_limit,
        limit_per_rep: transfer.limit_per_rep,
        set_fields: statement::set_fields(&place, object, transfer.set_fields.as_ref())?,
        ..compiler.finish(leaf)?
    };
    if plan.only_expired {
        plan.leaves
            .iter_mut()
            .for_each(|leaf| "expiry".clone_into(&mut leaf.reason));
    }
    exclusion::leave_room(&mut plan);
    plan.filter_all();
    eligibility::compile(intent, object, &mut plan, as_of)?;
    Ok(plan)
}

/// A plan by which every record reaches one leaf.
///
/// # Errors
/// When the intent is about no object.
pub fn to_one_leaf(intent: &Intent, leaf: Leaf) -> Result<Plan> {
    let mut compiler = Compiler::new(intent, intent.object()?, statement::AS_OF, None)?;
    compiler.push(leaf)?;
    compiler.finish(None)
}

/// A plan by which every record goes to one rep.
///
/// # Errors
/// When the intent is about no object; what is wrong with the text of caps.
pub fn to_rep(intent: &Intent, rep: &str) -> Result<Plan> {
    let mut compiler = Compiler::new(intent, intent.object()?, statement::AS_OF, None)?;
    compiler.name(rep)?;
    compiler.finish(None)
}

/// Compiles a ruleset by itself: every record is a candidate.
///
/// # Errors
/// As for [`of_transfer`].
pub fn of_ruleset(intent: &Intent, name: &str, as_of: &str) -> Result<Plan> {
    let object = intent.object()?;
    let mut compiler = Compiler::new(intent, object, as_of, None)?;
    compiler.leave(Reason::Unmatched)?;
    let leaf = compiler.ruleset(name, 0, None)?;
    let mut plan = compiler.finish(Some(leaf))?;
    eligibility::compile(intent, object, &mut plan, as_of)?;
    Ok(plan)
}

/// An expression of ours.
pub fn plain(sql: String) -> Expression {
    Expression {
        conjuncts: vec![Conjunct::plain(sql.clone())],
        sql,
        tests: Vec::new(),
    }
}

/// Which records are candidates: those with a key, of the source, that pass the transfer's own test.
fn filters(place: &Place<'_>, object: &Object, transfer: &Transfer, as_of: &str) -> Result<Vec<(String, Expression)>> {
    let key = statement::column(&object.key()?.name);
    let owner = statement::column(&object.owner()?.name);
    let mut filters = vec![("key".to_owned(), plain(format!("({key} is not null)")))];
    let owned = transfer.kind == "retrieval" || transfer.sources.is_some();
    let source = transfer
        .source
        .as_deref()
        .unwrap_or(if owned { "owned" } else { "unowned" });
    match source {
        "unowned" => filters.push(("source unowned".to_owned(), plain(format!("({owner} is null)")))),
        "owned" => filters.push(("source owned".to_owned(), plain(format!("({owner} is not null)")))),
        _ => {}
    }
    if let Some(reps) = &transfer.sources {
        let reps: Vec<String> = reps.iter().map(|rep| quote_literal(rep)).collect();
        let sql = format!("({owner}::text = any (array[{}]::text[]))", reps.join(", "));
        filters.push(("source reps".to_owned(), plain(sql)));
    }
    // What comes to an automation and does not meet its criteria, or is no member, is told so.
    if transfer.mover != Kind::Automation {
        for name in [&transfer.segment, &transfer.within].into_iter().flatten() {
            filters.push((format!("member of {name}"), segment::member_of(object, name)?));
        }
    }
    if transfer.mover != Kind::Automation && (transfer.criteria.is_some() || transfer.predicate.is_some()) {
        filters.push((
            "criteria".to_owned(),
            expression::compile(
                place,
                object.relation()?,
                transfer.criteria.as_ref(),
                transfer.predicate.as_deref(),
                as_of,
            )?,
        ));
    }
    Ok(filters)
}

/// The ranking, then the key: a total order, whatever the session's collation.
///
/// # Errors
/// What is wrong with the text; an object that has lost its key.
pub fn order(place: &Place<'_>, object: &Object, ranking: Option<&str>) -> Result<String> {
    let key = object.key()?;
    let collate = if key.collatable { " collate \"C\"" } else { "" };
    let by_key = format!("{}{collate}", statement::column(&key.name));
    Ok(match ranking {
        None => by_key,
        Some(text) => {
            expression::scan(place, "ranking", text)?;
            format!("{text}\n, {by_key}")
        }
    })
}
