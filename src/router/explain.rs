//! Explain: the path of a run for one record, keeping what lost.
//!
//! The same compiled tests are evaluated side by side instead of as one CASE, so that those after the first match show
//! as well; the same allocation is asked who is next, and how the others stand.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use pgrx::prelude::*;

use crate::clock;
use crate::error::{Result, error_hint};
use crate::router::compiler::rule_test;
use crate::router::exclusion;
use crate::router::expression::Expression;
use crate::router::intent::{Intent, Ruleset};
use crate::router::mover::{Kind, Mover};
use crate::router::outlook::{self, Record, Verdict};
use crate::router::places;
use crate::router::plan::{self, Plan};
use crate::router::questions::{Answers, Asked, Questions, answers, ask};
use crate::router::session::with_settings;
use crate::router::situation::books;
use crate::router::statement::column;
use crate::router::subject::Subject;
use crate::router::trust::check_writers;

/// One line of an explanation.
pub struct Line {
    /// record, transfer, automation, candidate, exclusion, rule, distribution rule, rep, or outcome.
    pub stage: &'static str,
    /// What is looked at.
    pub item: String,
    /// What came of it.
    pub outcome: String,
    /// Why.
    pub detail: Option<String>,
}

/// A line without a why.
pub fn line(stage: &'static str, item: impl Into<String>, outcome: impl Into<String>) -> Line {
    Line {
        stage,
        item: item.into(),
        outcome: outcome.into(),
        detail: None,
    }
}

impl Line {
    /// The same, with why.
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into()).filter(|text: &String| !text.is_empty());
        self
    }
}

/// Explains what would become of one record: by a transfer, by a ruleset, or by every transfer of its object. Also what
/// each of them came to, in one word.
///
/// # Errors
/// 42704 for an object, transfer or ruleset that does not exist; P0002 for a record that does not.
pub fn explain(
    object: &str,
    subject: Subject<'_>,
    transfer: Option<&str>,
    ruleset: Option<&str>,
    about: DateTime<Utc>,
) -> Result<(Vec<Line>, Vec<Verdict>)> {
    let as_of = clock::literal(about);
    let (mut lines, mut verdicts) = (Vec::new(), Vec::new());
    if let (Some(transfer), Some(ruleset)) = (transfer, ruleset) {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("both transfer '{transfer}' and ruleset '{ruleset}' are given"),
            "Name one of them; a transfer brings its ruleset along.",
        ));
    }
    with_settings(about, || {
        if let Some(name) = ruleset {
            let intent = Intent::of_ruleset(name)?;
            let plan = plan::of_ruleset(&intent, name, &as_of)?;
            let verdict = one(object, subject, &intent, &plan, Some(name), about, &mut lines)?;
            verdicts.push(Verdict {
                by: format!("ruleset {name}"),
                ..verdict
            });
            return Ok(());
        }
        let movers = match transfer {
            Some(name) => vec![Mover::transfer(name)],
            None => movers_of(object)?,
        };
        if movers.is_empty() {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("dist.object '{object}': no transfer and no automation is about it"),
                "Name a ruleset, or make a transfer.",
            ));
        }
        for mover in movers {
            let intent = Intent::of_mover(&mover)?;
            let plan = plan::of_transfer(&intent, &as_of)?;
            let ruleset = intent
                .transfer
                .as_ref()
                .and_then(|transfer| transfer.to_ruleset.as_deref());
            let (stage, name) = (mover.kind.table(), &mover.name);
            lines.push(line(stage, name, "looked at"));
            let verdict = one(object, subject, &intent, &plan, ruleset, about, &mut lines)?;
            verdicts.push(Verdict {
                by: format!("{stage} {name}"),
                ..verdict
            });
        }
        Ok(())
    })?;
    Ok((lines, verdicts))
}

fn movers_of(object: &str) -> Result<Vec<Mover>> {
    crate::catalogue::read::<Option<Vec<Mover>>>(
        "select case when exists (select from dist.object where name = $1) then \
         (select coalesce(jsonb_agg(jsonb_build_object('kind', 'transfer', 'name', t.name) order by t.kind, t.name collate \"C\"), '[]') \
            from dist.transfer t where t.object = $1 and not t.is_template) || \
         (select coalesce(jsonb_agg(jsonb_build_object('kind', 'automation', 'name', a.name) order by a.position, a.name collate \"C\"), '[]') \
            from dist.automation a where a.object = $1 and a.active) end",
        &[object.to_owned().into()],
    )?
    .flatten()
    .ok_or_else(|| crate::check::no_such("object", object))
}

fn one(
    object: &str,
    subject: Subject<'_>,
    intent: &Intent,
    plan: &Plan,
    ruleset: Option<&str>,
    about: DateTime<Utc>,
    lines: &mut Vec<Line>,
) -> Result<Verdict> {
    check_writers(&intent.writers())?;
    check_writers(&plan.limits.writers())?;
    if plan.object.name != object {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            match (&intent.transfer, ruleset) {
                (Some(transfer), _) => format!(
                    "transfer '{}' is about object '{}', not '{object}'",
                    transfer.name, plan.object.name
                ),
                (None, name) => format!(
                    "ruleset '{}' is about object '{}', not '{object}'",
                    name.unwrap_or_default(),
                    plan.object.name
                ),
            },
            "Name a transfer or ruleset of the record's object.",
        ));
    }
    let tests = rule_tests(intent, &clock::literal(about))?;
    let mut questions = Questions::default();
    let key = questions.ask(format!("{}::text", column(&plan.object.key()?.name)));
    let owner = questions.ask(format!("{}::text", column(&plan.object.owner()?.name)));
    let leaf = questions.ask(plan.leaf.as_deref().unwrap_or("0"));
    let numbers: Vec<_> = plan.numbers.iter().map(|number| questions.ask(number)).collect();
    let texts: Vec<_> = plan.texts.iter().map(|text| questions.ask(text)).collect();
    // What is not stored may have no key yet.
    let asked = |(name, _): &&(String, Expression)| subject.is_stored() || name != "key";
    let filters = plan.filters.iter().filter(asked);
    let filters: Vec<_> = filters
        .map(|(name, filter)| (name, ask(&mut questions, filter)))
        .collect();
    let rules: HashMap<_, _> = tests
        .iter()
        .map(|((set, position), test)| ((set.as_str(), *position), ask(&mut questions, test)))
        .collect();
    let kept_out = kept_out(intent, plan, &clock::literal(about))?;
    let kept_out: Vec<_> = kept_out
        .iter()
        .map(|(name, test)| (name, ask(&mut questions, test)))
        .collect();
    let answers = answers(plan, subject, &questions)?;
    let key = answers.text(key);
    lines.push(
        line("record", subject.name(key), plan.object.relation()?.sql()).because(
            answers
                .text(owner)
                .map_or("nobody owns it".to_owned(), |owner| format!("owned by {owner}")),
        ),
    );
    let mut candidate = true;
    for (name, asked) in &filters {
        let holds = answers.is_true(asked.whole);
        candidate &= holds;
        lines.push(
            line(
                "candidate",
                name.as_str(),
                if holds { "holds" } else { "does not hold" },
            )
            .because(if holds { String::new() } else { answers.failures(asked) }),
        );
    }
    if let (true, Subject::Stored(key)) = (candidate, subject) {
        candidate = places::tell(plan, key, about, lines)?;
    }
    for (name, asked) in &kept_out {
        let (stage, item, wanted) = match name {
            Some(name) => ("exclusion", name.as_str(), false),
            None => ("candidate", "criteria", true),
        };
        let holds = answers.is_true(asked.whole);
        let outcome = if holds { "holds" } else { "does not hold" };
        let why = if wanted && !holds {
            answers.failures(asked)
        } else {
            String::new()
        };
        lines.push(line(stage, item, outcome).because(why));
    }
    if let Some(name) = ruleset {
        let mut walk = Walk {
            intent,
            rules: &rules,
            answers: &answers,
            decided: false,
            lines,
        };
        walk.ruleset(name, 0, None);
    }
    let number = answers
        .text(leaf)
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(0);
    let whole = |question: &usize| answers.text(*question).and_then(|text| text.parse().ok());
    let record = Record {
        key,
        owner: answers.text(owner),
        leaf: number,
        texts: texts.iter().map(|question| answers.text(*question)).collect(),
        numbers: numbers.iter().map(|question| whole(question).unwrap_or(0)).collect(),
        candidate,
    };
    outlook::tell(plan, &record, about, lines)
}

/// What can keep a record out: the criteria of an automation, which have no name, then the exclusions.
fn kept_out(intent: &Intent, plan: &Plan, as_of: &str) -> Result<Vec<(Option<String>, Expression)>> {
    let mut tests = Vec::new();
    if let Some(transfer) = intent
        .transfer
        .as_ref()
        .filter(|transfer| transfer.mover == Kind::Automation)
    {
        let test = exclusion::of_automation(&transfer.place(), &plan.object, transfer, as_of)?;
        tests.push((None, test.unwrap_or_else(|| plan::plain("true".to_owned()))));
    }
    for row in &intent.exclusions {
        tests.push((Some(row.name.clone()), row.test(&plan.object, as_of)?));
    }
    Ok(tests)
}

type Tests = Vec<((String, i32), Expression)>;

fn rule_tests(intent: &Intent, as_of: &str) -> Result<Tests> {
    let mut tests = Vec::new();
    let segments = books::segments(intent, as_of)?;
    for ruleset in &intent.rulesets {
        for rule in ruleset.rules.iter().filter(|rule| rule.active) {
            tests.push((
                (ruleset.name.clone(), rule.position),
                rule_test(intent, &segments, &ruleset.name, rule, as_of)?,
            ));
        }
    }
    Ok(tests)
}

/// Goes through the rulesets as the CASE expression does, telling of every rule on the way.
struct Walk<'a> {
    intent: &'a Intent,
    rules: &'a HashMap<(&'a str, i32), Asked<'a>>,
    answers: &'a Answers,
    decided: bool,
    lines: &'a mut Vec<Line>,
}

impl Walk<'_> {
    /// `outer` is the ruleset whose default is taken where neither a rule nor a default of this one decides.
    fn ruleset(&mut self, name: &str, depth: usize, outer: Option<&str>) {
        let Some(ruleset) = self.intent.rulesets.iter().find(|set| set.name == name) else {
            return;
        };
        let ruleset: &Ruleset = ruleset;
        let has_default = ruleset.has_default();
        let default_of = if has_default { Some(name) } else { outer };
        for rule in &ruleset.rules {
            let item = format!("{name}/{} {}", rule.position, rule.shown());
            let Some(asked) = self.rules.get(&(name, rule.position)) else {
                self.lines.push(line("rule", item, "passive"));
                continue;
            };
            if !self.answers.is_true(asked.whole) {
                let why = self.answers.failures(asked);
                self.lines.push(line("rule", item, "not matched").because(why));
            } else if self.decided {
                self.lines
                    .push(line("rule", item, "matched, but too late").because("a rule above it decided"));
            } else {
                self.lines.push(line("rule", item, "matched"));
                match &rule.to_ruleset {
                    Some(inner) if depth < self.intent.rulesets.len() => {
                        self.ruleset(inner, depth + 1, default_of);
                        // Whatever the inner ruleset did, its default included, nothing below is asked any more.
                        self.decided = true;
                    }
                    _ => self.decided = true,
                }
            }
        }
        if let (false, Some(name)) = (self.decided, default_of) {
            self.lines.push(line("rule", format!("{name}/default"), "matched"));
        }
    }
}
