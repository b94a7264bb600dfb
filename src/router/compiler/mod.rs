//! The walk through rules and destinations that makes a plan: each way through the rulesets ends in a numbered leaf, each
//! rep and pool gets its number.

use std::collections::BTreeMap;

use pgrx::prelude::*;

use crate::allocation::{Reason, Target};
use crate::criteria::{self, Conjunct};
use crate::error::{Place, Result, error_hint};
use crate::router::branches::{Branch, first_match};
use crate::router::caps;
use crate::router::distribution_rule::DistributionRule;
use crate::router::exclusion;
use crate::router::expression::{self, Expression};
use crate::router::goal::{Goal, Single};
use crate::router::hopper::Source;
use crate::router::intent::{Intent, Object, Rule, Ruleset, Transfer};
use crate::router::plan::{Leaf, Plan};
use crate::router::situation::books::{self, Segments};
use crate::router::situation::eligibility::Limits;
use crate::router::situation::holdings::Holdings;
use crate::router::situation::match_plan;
use crate::router::statement;
use crate::xact;

mod goals;

/// More destinations than this are a ruleset that reaches others along very many paths.
const MOST_LEAVES: usize = 100_000;
/// Rulesets that lead to one another in a longer line than this would nest deeper than PostgreSQL reads expressions.
const MOST_NESTED: usize = 100;

/// What walks through the rules and collects the leaves.
pub struct Compiler<'a> {
    intent: &'a Intent,
    object: &'a Object,
    as_of: &'a str,
    on_owned: Option<String>,
    /// The segments of books.
    pub segments: Segments,
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
    excluded: Vec<usize>,
}

/// A destination as rules, transfers and defaults name it.
struct Destination<'a> {
    rule: Option<String>,
    rep: Option<&'a str>,
    distribution_rule: Option<&'a str>,
    hopper: Option<&'a str>,
    on_owned: Option<&'a str>,
    reason: Option<&'a str>,
}

impl<'a> Compiler<'a> {
    /// Before the first rule.
    ///
    /// # Errors
    /// What is wrong with the text of the books' segments.
    pub fn new(intent: &'a Intent, object: &'a Object, as_of: &'a str, on_owned: Option<String>) -> Result<Self> {
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
            excluded: Vec::new(),
        })
    }

    /// The instant, as its expressions say it.
    pub fn as_of(&self) -> &'a str {
        self.as_of
    }

    /// The records of that leaf are excluded.
    pub fn excludes(&mut self, leaf: usize) {
        self.excluded.push(leaf);
    }

    /// The plan of what was collected; `leaf` is the expression that numbers the leaves.
    ///
    /// # Errors
    /// What is wrong with the text of measures, caps and eligibility.
    pub fn finish(mut self, leaf: Option<String>) -> Result<Plan> {
        let mut texts = Vec::new();
        let matching = match_plan::compile(self.intent, &self.rules, &self.leaves, &mut texts)?;
        for rep in self.intent.matches.iter().flat_map(|matches| &matches.reps) {
            self.rep(rep);
        }
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
            from_hopper: Source::Outside,
            only_expired: false,
            order: String::new(),
            excluded: self.excluded,
            beyond: None,
            row_limit: None,
            limit_per_rep: None,
            numbers,
            texts,
            matching,
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
            not_back: false,
            set_fields: Vec::new(),
        })
    }

    /// The leaves of a transfer; returns the expression that numbers them, where there is more than one.
    ///
    /// # Errors
    /// What is wrong with the text of rules.
    pub fn transfer(&mut self, transfer: &'a Transfer) -> Result<Option<String>> {
        if let Some(ruleset) = &transfer.to_ruleset {
            self.leave(Reason::Unmatched)?;
            let leaf = self.ruleset(ruleset, 0, None)?;
            return Ok(Some(leaf));
        }
        let retrieval = transfer.kind == "retrieval";
        if retrieval && transfer.to_rep.is_none() && transfer.to_hopper.is_none() {
            self.push(Leaf {
                rule: None,
                distribution_rule: None,
                reason: "retrieval".to_owned(),
                note: None,
                // Out of a hopper it is a move for what has no owner, too.
                goal: Goal::of(match transfer.from_hopper {
                    Some(_) => Target::Place,
                    None => Target::Unowned,
                }),
                reassign: true,
                hopper: None,
            })?;
        } else {
            self.destination(&Destination {
                rule: None,
                rep: transfer.to_rep.as_deref(),
                distribution_rule: transfer.to_distribution_rule.as_deref(),
                hopper: transfer.to_hopper.as_deref(),
                on_owned: retrieval.then_some("reassign"),
                reason: retrieval.then_some("retrieval"),
            })?;
        }
        Ok(None)
    }

    /// The CASE expression of a ruleset; what nothing matches reaches its default, else `fallback`.
    ///
    /// # Errors
    /// What is wrong with the text of rules; a circle.
    pub fn ruleset(&mut self, name: &str, fallback: usize, on_owned: Option<&str>) -> Result<String> {
        let ruleset = *self
            .rulesets
            .get(name)
            .ok_or_else(|| crate::check::no_such("ruleset", name))?;
        self.enter(&ruleset.name)?;
        let fallback = if ruleset.has_default() {
            self.destination(&Destination {
                rule: None,
                rep: ruleset.default_to_rep.as_deref(),
                distribution_rule: ruleset.default_to_distribution_rule.as_deref(),
                hopper: ruleset.default_to_hopper.as_deref(),
                on_owned,
                reason: Some("default"),
            })?
        } else {
            fallback
        };
        let mut branches = Vec::new();
        let relation = self.object.relation()?;
        // What passes is told of texts as they are written: not where a collation takes different ones for the same.
        let exact = xact::is_utf8() && !relation.columns.iter().any(|column| column.folds);
        let known = relation.for_criteria();
        for rule in ruleset.rules.iter().filter(|rule| rule.active) {
            let mut tests = rule_parts((self.intent, &self.segments), name, rule, &known, self.as_of)?;
            let inner_on_owned = rule.on_owned.as_deref().or(on_owned);
            let number = match &rule.to_ruleset {
                Some(inner) => self.ruleset(inner, fallback, inner_on_owned)?,
                None => self
                    .destination(&Destination {
                        rule: Some(rule.shown()),
                        rep: rule.to_rep.as_deref(),
                        distribution_rule: rule.to_distribution_rule.as_deref(),
                        hopper: rule.to_hopper.as_deref(),
                        on_owned: inner_on_owned,
                        reason: None,
                    })?
                    .to_string(),
            };
            for test in &mut tests {
                test.passing.take_if(|passing| passing.text && !exact);
            }
            branches.push(Branch { tests, number });
        }
        self.path.pop();
        let leaf = first_match(&branches, fallback, &statement::prefix(relation));
        exclusion::before(self, self.intent, Some(name), leaf)
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
            hopper: to.hopper.map(ToOwned::to_owned),
        };
        let mut reason = if to.hopper.is_some() { "hopper" } else { "rep" };
        if let Some(rep) = to.rep {
            leaf.goal = Goal::of(self.rep_target(rep));
        } else if let Some(name) = to.distribution_rule {
            let rule = *self
                .rules
                .get(name)
                .ok_or_else(|| crate::check::no_such("distribution_rule", name))?;
            reason = &rule.strategy;
            leaf.goal = self.rule_goal(rule)?;
        } else if to.hopper.is_some() {
            leaf.goal = Goal::of(Target::Place);
        }
        leaf.reason = to.reason.unwrap_or(reason).to_owned();
        self.push(leaf)
    }

    /// Adds the leaf of a rep who is named directly.
    ///
    /// # Errors
    /// As for [`Self::push`].
    pub fn name(&mut self, rep: &'a str) -> Result<usize> {
        self.destination(&Destination {
            rule: None,
            rep: Some(rep),
            distribution_rule: None,
            hopper: None,
            on_owned: None,
            reason: None,
        })
    }

    /// Adds a leaf whose records are left.
    ///
    /// # Errors
    /// As for [`Self::push`].
    pub fn leave(&mut self, reason: Reason) -> Result<usize> {
        self.push(Leaf {
            rule: None,
            distribution_rule: None,
            reason: reason.as_str().to_owned(),
            note: None,
            goal: Goal::of(Target::leave(reason)),
            reassign: true,
            hopper: None,
        })
    }

    /// Adds a leaf; returns its number.
    ///
    /// # Errors
    /// 54001 when there are too many.
    pub fn push(&mut self, leaf: Leaf) -> Result<usize> {
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

/// The test of an assignment rule in parts that all have to hold.
fn rule_parts(
    (intent, segments): (&Intent, &Segments),
    ruleset: &str,
    rule: &Rule,
    known: &criteria::Relation,
    as_of: &str,
) -> Result<Vec<Conjunct>> {
    let row = format!("{ruleset}/{}", rule.position);
    let place = Place {
        table: "assignment_rule",
        row: &row,
    };
    let mut parts = expression::conjuncts(&place, known, rule.criteria.as_ref(), rule.predicate.as_deref(), as_of)?;
    if let Some(narrowed) = books::narrowed(intent, segments, rule.to_distribution_rule.as_deref()) {
        // In front, for a predicate is the last.
        parts.splice(0..0, narrowed.conjuncts);
    }
    Ok(parts)
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
