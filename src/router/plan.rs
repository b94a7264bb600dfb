//! Intent compiled into leaves: one CASE expression over the record that yields the number of the destination it
//! reaches, and for each such number what is to be done.

use std::collections::BTreeMap;

use pgrx::prelude::*;

use crate::allocation::{Reason, Target};
use crate::criteria::quote_literal;
use crate::error::{Place, Result, error_hint, internal};
use crate::router::branches::{Branch, first_match};
use crate::router::caps::{self, PlannedCap};
use crate::router::expression::{self, Expression};
use crate::router::goal::{Goal, Single};
use crate::router::intent::{DistributionRule, Intent, Object, Rule, Ruleset, Transfer};
use crate::router::situation::books::{self, Segments};
use crate::router::situation::eligibility::{self, Limits};
use crate::router::situation::holdings::Holdings;
use crate::router::situation::protection;
use crate::router::statement;
use crate::working::Roster;

/// More destinations than this are a ruleset that reaches others along very many paths.
const MOST_LEAVES: usize = 100_000;
/// Rulesets that lead to one another in a longer line than this would nest deeper than PostgreSQL reads expressions.
const MOST_NESTED: usize = 100;

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
    /// ORDER BY list over `r`.
    pub order: String,
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
    /// What is counted of what the pools' members hold.
    pub holdings: Holdings,
    /// Which of the reps may have which records.
    pub limits: Limits,
    /// Columns to set: name, typed value.
    pub set_fields: Vec<(String, String)>,
}

impl Plan {
    /// Candidates are the records that pass all of the filters.
    pub fn filter_all(&mut self) {
        let filters: Vec<&str> = self.filters.iter().map(|(_, filter)| filter.sql.as_str()).collect();
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
    let place = Place {
        table: "transfer",
        row: &transfer.name,
    };
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
    let mut filters = filters(&place, object, transfer, as_of)?;
    let narrowed = books::narrowed(intent, &compiler.segments, transfer.to_distribution_rule.as_deref());
    filters.extend(narrowed.map(|test| ("segment".to_owned(), test)));
    filters.extend(protection::filters(intent, object, as_of)?);
    let mut plan = Plan {
        source: place.to_string(),
        source_name: transfer.name.clone(),
        filters,
        order: order(&place, object, transfer.ranking.as_deref())?,
        row_limit: transfer.row_limit,
        limit_per_rep: transfer.limit_per_rep,
        set_fields: statement::set_fields(&place, object, transfer.set_fields.as_ref())?,
        ..compiler.finish(leaf)?
    };
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
        conjuncts: vec![sql.clone()],
        lookups: vec![None],
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
    if transfer.criteria.is_some() || transfer.predicate.is_some() {
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
fn order(place: &Place<'_>, object: &Object, ranking: Option<&str>) -> Result<String> {
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

struct Compiler<'a> {
    intent: &'a Intent,
    object: &'a Object,
    as_of: &'a str,
    on_owned: Option<String>,
    segments: Segments,
    rulesets: BTreeMap<&'a str, &'a Ruleset>,
    rules: BTreeMap<&'a str, &'a DistributionRule>,
    leaves: Vec<Leaf>,
    reps: Vec<String>,
    rep_numbers: BTreeMap<String, u32>,
    pools: Vec<DistributionRule>,
    pool_reps: Vec<Vec<u32>>,
    pool_fallbacks: Vec<Option<Goal>>,
    singles: Vec<Single>,
    single_numbers: BTreeMap<String, u32>,
    pool_numbers: BTreeMap<String, u32>,
    path: Vec<&'a str>,
    visits: usize,
}

/// A destination as rules, transfers and defaults name it.
struct Destination<'a> {
    rule: Option<String>,
    rep: Option<&'a str>,
    distribution_rule: Option<&'a str>,
    on_owned: Option<&'a str>,
    reason: Option<&'a str>,
}

impl<'a> Compiler<'a> {
    fn new(intent: &'a Intent, object: &'a Object, as_of: &'a str, on_owned: Option<String>) -> Result<Self> {
        Ok(Self {
            intent,
            object,
            as_of,
            on_owned,
            segments: books::segments(intent, as_of)?,
            rulesets: intent
                .rulesets
                .iter()
                .map(|ruleset| (ruleset.name.as_str(), ruleset))
                .collect(),
            rules: intent
                .distribution_rules
                .iter()
                .map(|rule| (rule.name.as_str(), rule))
                .collect(),
            leaves: Vec::new(),
            reps: Vec::new(),
            rep_numbers: BTreeMap::new(),
            pools: Vec::new(),
            pool_reps: Vec::new(),
            pool_fallbacks: Vec::new(),
            singles: Vec::new(),
            single_numbers: BTreeMap::new(),
            pool_numbers: BTreeMap::new(),
            path: Vec::new(),
            visits: 0,
        })
    }

    fn finish(mut self, leaf: Option<String>) -> Result<Plan> {
        self.stand_ins();
        let mut numbers = Vec::new();
        let holdings = Holdings::compile(self.intent, &self.pools, &self.segments, self.as_of, &mut numbers)?;
        Ok(Plan {
            caps: caps::of_plan(self.intent, self.object, &self.reps, &self.pools, self.as_of)?,
            source: String::new(),
            source_name: String::new(),
            object: self.object.clone(),
            filter: "true".to_owned(),
            filters: Vec::new(),
            order: String::new(),
            row_limit: None,
            limit_per_rep: None,
            numbers,
            holdings,
            limits: Limits::default(),
            leaf,
            leaves: self.leaves,
            reps: self.reps,
            pools: self.pools,
            keep_decisions: self.intent.keep_decisions,
            pool_reps: self.pool_reps,
            pool_fallbacks: self.pool_fallbacks,
            singles: self.singles,
            people: self.intent.people.clone(),
            rep_numbers: self.rep_numbers,
            set_fields: Vec::new(),
        })
    }

    fn transfer(&mut self, transfer: &'a Transfer) -> Result<Option<String>> {
        if let Some(ruleset) = &transfer.to_ruleset {
            self.leave(Reason::Unmatched)?;
            let leaf = self.ruleset(ruleset, 0, None)?;
            return Ok(Some(leaf));
        }
        let retrieval = transfer.kind == "retrieval";
        if retrieval && transfer.to_rep.is_none() {
            self.push(Leaf {
                rule: None,
                distribution_rule: None,
                reason: "retrieval".to_owned(),
                note: None,
                goal: Goal::of(Target::Unowned),
                reassign: true,
            })?;
        } else {
            self.destination(&Destination {
                rule: None,
                rep: transfer.to_rep.as_deref(),
                distribution_rule: transfer.to_distribution_rule.as_deref(),
                on_owned: retrieval.then_some("reassign"),
                reason: retrieval.then_some("retrieval"),
            })?;
        }
        Ok(None)
    }

    /// The CASE expression of a ruleset; what nothing matches reaches its default, else `fallback`.
    fn ruleset(&mut self, name: &str, fallback: usize, on_owned: Option<&str>) -> Result<String> {
        let ruleset = *self
            .rulesets
            .get(name)
            .ok_or_else(|| crate::check::no_such("ruleset", name))?;
        self.enter(&ruleset.name)?;
        let fallback = if ruleset.default_to_rep.is_some() || ruleset.default_to_distribution_rule.is_some() {
            self.destination(&Destination {
                rule: None,
                rep: ruleset.default_to_rep.as_deref(),
                distribution_rule: ruleset.default_to_distribution_rule.as_deref(),
                on_owned,
                reason: Some("default"),
            })?
        } else {
            fallback
        };
        let mut branches = Vec::new();
        for rule in ruleset.rules.iter().filter(|rule| rule.active) {
            let test = rule_test(self.intent, &self.segments, name, rule, self.as_of)?;
            let inner_on_owned = rule.on_owned.as_deref().or(on_owned);
            let number = match &rule.to_ruleset {
                Some(inner) => self.ruleset(inner, fallback, inner_on_owned)?,
                None => self
                    .destination(&Destination {
                        rule: Some(rule.shown()),
                        rep: rule.to_rep.as_deref(),
                        distribution_rule: rule.to_distribution_rule.as_deref(),
                        on_owned: inner_on_owned,
                        reason: None,
                    })?
                    .to_string(),
            };
            branches.push(Branch {
                tests: test.conjuncts,
                number,
            });
        }
        self.path.pop();
        Ok(first_match(&branches, fallback))
    }

    /// Writing refuses a circle of rulesets, but two sessions can close one where the second cannot see what the first
    /// has written (repeatable read), and a restored dump is not checked at all.
    fn enter(&mut self, ruleset: &'a str) -> Result<()> {
        let place = Place {
            table: "ruleset",
            row: ruleset,
        };
        if self.path.contains(&ruleset) {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!(
                    "{place}: the rulesets form a circle: {} -> {ruleset}",
                    self.path.join(" -> ")
                ),
                "A ruleset must not lead back to itself: change one of its assignment rules.",
            ));
        }
        self.visits += 1;
        if self.path.len() >= MOST_NESTED || self.visits > MOST_LEAVES {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_STATEMENT_TOO_COMPLEX,
                format!("{place}: more than {MOST_NESTED} rulesets in a line, or {MOST_LEAVES} ways through them"),
                "Let fewer rules name other rulesets.",
            ));
        }
        self.path.push(ruleset);
        Ok(())
    }

    /// Adds the leaf of a destination that is no ruleset; returns its number.
    fn destination(&mut self, to: &Destination<'_>) -> Result<usize> {
        let said = to.on_owned.or(self.on_owned.as_deref());
        let mut leaf = Leaf {
            rule: to.rule.clone(),
            distribution_rule: to.distribution_rule.map(ToOwned::to_owned),
            reason: String::new(),
            note: None,
            goal: Goal::of(Target::leave(Reason::NoDestination)),
            // A destination that names a rep directly takes the record from its owner unless told otherwise; a default
            // is no such destination.
            reassign: said.map_or(to.rep.is_some() && to.reason != Some("default"), |said| {
                said == "reassign"
            }),
        };
        let mut reason = "rep";
        if let Some(rep) = to.rep {
            leaf.goal = Goal::of(self.rep_target(rep));
        } else if let Some(name) = to.distribution_rule {
            let rule = *self
                .rules
                .get(name)
                .ok_or_else(|| crate::check::no_such("distribution_rule", name))?;
            reason = &rule.strategy;
            leaf.goal = self.rule_goal(rule)?;
        }
        leaf.reason = to.reason.unwrap_or(reason).to_owned();
        self.push(leaf)
    }

    fn rep_target(&mut self, rep: &str) -> Target {
        if self.intent.reps.get(rep).copied().unwrap_or(false) {
            Target::Rep(self.rep(rep))
        } else {
            Target::leave(Reason::RepInactive)
        }
    }

    fn rep(&mut self, rep: &str) -> u32 {
        let next = self.reps.len() as u32;
        let number = *self.rep_numbers.entry(rep.to_owned()).or_insert(next);
        if number == next {
            self.reps.push(rep.to_owned());
        }
        number
    }

    fn pool(&mut self, rule: &DistributionRule) -> Result<u32> {
        let next = self.pools.len() as u32;
        let number = *self.pool_numbers.entry(rule.name.clone()).or_insert(next);
        if number == next {
            let numbers = rule.members.iter().map(|member| self.rep(&member.rep)).collect();
            self.pool_reps.push(numbers);
            self.pools.push(rule.clone());
            self.pool_fallbacks.push(None);
            let fallback = self.fallback(rule)?;
            if let Some(slot) = self.pool_fallbacks.get_mut(number as usize) {
                *slot = fallback;
            }
        }
        Ok(number)
    }

    /// Where a pool's records go that nobody in it can have. (A circle of fallbacks, which writing refuses, is found when
    /// the records are given out.)
    fn fallback(&mut self, rule: &DistributionRule) -> Result<Option<Goal>> {
        if let Some(rep) = &rule.fallback_to_rep {
            return Ok(Some(Goal::of(self.rep_target(rep))));
        }
        let Some(name) = &rule.fallback_to_distribution_rule else {
            return Ok(None);
        };
        let next = *self
            .rules
            .get(name.as_str())
            .ok_or_else(|| crate::check::no_such("distribution_rule", name))?;
        self.rule_goal(next).map(Some)
    }

    fn rule_goal(&mut self, rule: &DistributionRule) -> Result<Goal> {
        Ok(match &rule.rep {
            Some(rep) => Goal {
                target: self.rep_target(rep),
                single: Some(self.single(rule)?),
            },
            None => Goal::of(Target::Pool(self.pool(rule)?)),
        })
    }

    fn single(&mut self, rule: &DistributionRule) -> Result<u32> {
        let next = self.singles.len() as u32;
        let number = *self.single_numbers.entry(rule.name.clone()).or_insert(next);
        if number == next {
            self.singles.push(Single {
                name: rule.name.clone(),
                anyway: rule.if_unavailable == "assign_anyway",
                fallback: None,
            });
            let fallback = self.fallback(rule)?;
            if let Some(single) = self.singles.get_mut(number as usize) {
                single.fallback = fallback;
            }
        }
        Ok(number)
    }

    /// Who can come to stand in for a rep of the dictionary is in it as well.
    fn stand_ins(&mut self) {
        let mut next = 0;
        while let Some(rep) = self.reps.get(next).cloned() {
            for name in self.intent.people.stand_ins(&rep) {
                self.rep(name);
            }
            next += 1;
        }
    }

    fn leave(&mut self, reason: Reason) -> Result<usize> {
        self.push(Leaf {
            rule: None,
            distribution_rule: None,
            reason: reason.as_str().to_owned(),
            note: None,
            goal: Goal::of(Target::leave(reason)),
            reassign: true,
        })
    }

    fn push(&mut self, leaf: Leaf) -> Result<usize> {
        if self.leaves.len() >= MOST_LEAVES {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_STATEMENT_TOO_COMPLEX,
                format!("the rulesets reach more than {MOST_LEAVES} destinations"),
                "Let fewer rules name the same rulesets.",
            ));
        }
        self.leaves.push(leaf);
        Ok(self.leaves.len() - 1)
    }
}

/// The test of an assignment rule.
///
/// # Errors
/// What is wrong with its text.
pub fn rule_test(intent: &Intent, segments: &Segments, ruleset: &str, rule: &Rule, as_of: &str) -> Result<Expression> {
    let row = format!("{ruleset}/{}", rule.position);
    let mut test = expression::compile(
        &Place {
            table: "assignment_rule",
            row: &row,
        },
        intent.object()?.relation()?,
        rule.criteria.as_ref(),
        rule.predicate.as_deref(),
        as_of,
    )?;
    // A rule that hands on to what fills one segment is about records of that segment.
    if let Some(narrowed) = books::narrowed(intent, segments, rule.to_distribution_rule.as_deref()) {
        test.sql = format!("({} and {})", test.sql, narrowed.sql);
        // In front, for a predicate is the last.
        test.conjuncts.splice(0..0, narrowed.conjuncts);
        test.tests.extend(narrowed.tests);
    }
    Ok(test)
}
