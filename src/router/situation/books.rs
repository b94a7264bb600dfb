//! How many records each member's book shall hold, what it holds, and what it has room for.
//!
//! A record is in the first segment, by position, that it matches, and in no other. A rule that fills a segment is held
//! by two numbers: what the segment lacks of its target, and what the whole book lacks of its own.

use std::collections::HashMap;

use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::criteria::{Conjunct, Test};
use crate::error::{Place, Result, error_hint, internal};
use crate::router::distribution_rule::DistributionRule;
use crate::router::expression::{self, Expression};
use crate::router::intent::Intent;
use crate::router::segment;
use crate::router::situation::count::{Amount, At, Counts, Numbers};

/// The books of an object, as intent has them.
#[derive(Debug, Clone, Deserialize)]
pub struct Books {
    /// The object's segments, in order.
    pub segments: Vec<SegmentRow>,
    /// What whole books shall hold, by rep.
    pub wholes: HashMap<String, u32>,
    /// What a segment of them shall hold, by segment and rep.
    pub parts: HashMap<String, HashMap<String, u32>>,
    /// Rules that name no team.
    pub everybody: Vec<String>,
    /// Who wrote the segments of `dist.segment` that the object's segments are limited to.
    pub writers: Vec<segment::Writer>,
}

/// A row of `dist.book_segment`.
#[derive(Debug, Clone, Deserialize)]
pub struct SegmentRow {
    /// Its name.
    pub name: String,
    /// Which records, as a tree.
    pub criteria: Option<Value>,
    /// Which records, as SQL.
    pub predicate: Option<String>,
    /// Which records: the members of this segment of `dist.segment`.
    pub segment: Option<String>,
    /// Who wrote the row.
    pub written_by: String,
}

/// What is known of the books of one pool before anything is counted.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// The segment that is filled, as the candidates' segments are numbered.
    pub segment: Option<u32>,
    held: Option<At>,
    held_in_all: Option<At>,
    /// By member.
    targets: Vec<Option<u32>>,
    wholes: Vec<Option<u32>>,
}

/// Segments with their tests, in order.
pub type Segments = Vec<(String, Expression)>;

/// The segments of an object compiled, in order.
///
/// # Errors
/// What is wrong with their text.
pub fn segments(intent: &Intent, as_of: &str) -> Result<Segments> {
    let Some(books) = &intent.books else {
        return Ok(Vec::new());
    };
    let object = intent.object()?;
    let relation = object.relation()?;
    let compile = |row: &SegmentRow| {
        let place = Place {
            table: "book_segment",
            row: &row.name,
        };
        let test = expression::compile(&place, relation, row.criteria.as_ref(), row.predicate.as_deref(), as_of)?;
        Ok((
            row.name.clone(),
            segment::limited_to(object, row.segment.as_deref(), test)?,
        ))
    };
    books.segments.iter().map(compile).collect()
}

/// The test of records that a distribution rule takes, where it fills one segment only.
pub fn narrowed(intent: &Intent, segments: &Segments, rule: Option<&str>) -> Option<Expression> {
    let rule = intent
        .distribution_rules
        .iter()
        .find(|known| Some(known.name.as_str()) == rule)?;
    let segment = rule.segment.as_deref()?;
    let sql = within(segments, segment)?;
    Some(Expression {
        conjuncts: vec![Conjunct::plain(sql.clone())],
        tests: vec![Test {
            path: "segment".to_owned(),
            description: format!("in segment '{segment}'"),
            sql: sql.clone(),
            actual: None,
        }],
        sql,
    })
}

/// Whether a record is in a segment, which is the first that it matches.
pub fn within(segments: &[(String, Expression)], name: &str) -> Option<String> {
    let place = segments.iter().position(|(known, _)| known == name)?;
    let tests = segments.iter().take(place + 1).enumerate().map(|(n, (_, test))| {
        let is = if n == place { "is true" } else { "is not true" };
        format!("{} {is}", test.sql)
    });
    Some(format!("({})", tests.collect::<Vec<_>>().join(" and ")))
}

/// The number of the segment that a record is in, -1 for none.
pub fn number(segments: &[(String, Expression)]) -> String {
    let whens = segments
        .iter()
        .enumerate()
        .map(|(n, (_, test))| format!(" when {} then {n}", test.sql));
    format!("case{} else -1 end", whens.collect::<String>())
}

/// Compiles what a rule that fills books needs; nothing for other rules.
///
/// # Errors
/// When its segment is about another object, or nobody has a book.
pub fn compile(
    intent: &Intent,
    rule: &DistributionRule,
    segments: &[(String, Expression)],
    counts: &mut Counts,
) -> Result<Shelf> {
    let filling = rule.strategy == "top_off";
    if !filling && rule.strategy != "fixed" {
        return Ok(Shelf::default());
    }
    let object = intent.object()?;
    let books = intent.books.as_ref().ok_or_else(|| internal("rule without books"))?;
    let test = match &rule.segment {
        None => None,
        Some(segment) => Some(within(segments, segment).ok_or_else(|| {
            refused(
                rule,
                format!("segment '{segment}' is about another object than '{}'", object.name),
                "Name a segment of the transfer's object, or none.".to_owned(),
            )
        })?),
    };
    let none = HashMap::new();
    let of = |segment: &Option<String>| match segment {
        None => &books.wholes,
        Some(segment) => books.parts.get(segment).unwrap_or(&none),
    };
    // Without a team it is about those who have a book.
    let everybody = books.everybody.contains(&rule.name);
    let targets = of(&rule.segment);
    let target = |rep: &String| targets.get(rep).copied().or((filling || everybody).then_some(0));
    let reps: Vec<&String> = rule.members.iter().map(|member| &member.rep).collect();
    if filling && !reps.is_empty() && !reps.iter().any(|rep| targets.contains_key(*rep)) {
        return Err(refused(
            rule,
            match &rule.segment {
                None => format!("none of its reps has a book of object '{}'", object.name),
                Some(segment) => format!(
                    "none of its reps has a book of segment '{segment}' of object '{}'",
                    object.name
                ),
            },
            "Insert into dist.book how many records each shall hold.".to_owned(),
        ));
    }
    let mut shelf = Shelf {
        segment: None,
        held: None,
        held_in_all: None,
        targets: reps.iter().map(|rep| target(rep)).collect(),
        wholes: Vec::new(),
    };
    let names = || reps.iter().map(|rep| rep.as_str());
    if shelf.targets.iter().any(Option::is_some) {
        let amount = Amount {
            test: test.clone(),
            value: None,
        };
        shelf.held = Some(counts.want(object, amount, names()));
    }
    if let Some(segment) = &rule.segment {
        shelf.segment = segments
            .iter()
            .position(|(known, _)| known == segment)
            .and_then(|n| u32::try_from(n).ok());
        shelf.wholes = reps.iter().map(|rep| books.wholes.get(*rep).copied()).collect();
        if shelf.wholes.iter().any(Option::is_some) {
            let all = Amount {
                test: None,
                value: None,
            };
            shelf.held_in_all = Some(counts.want(object, all, names()));
        }
    }
    Ok(shelf)
}

fn refused(rule: &DistributionRule, problem: String, hint: String) -> pgrx::pg_sys::panic::ErrorReport {
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

impl Shelf {
    /// What a rep holds of what is filled; None where the rule fills no books.
    pub fn load(&self, rep: &str, numbers: &Numbers) -> Option<String> {
        self.held.map(|at| numbers.of(at, rep).to_owned())
    }

    /// A member's target: a numeric's text; None = no limit.
    pub fn target(&self, member: usize) -> Option<String> {
        self.targets
            .get(member)
            .copied()
            .flatten()
            .map(|target| target.to_string())
    }

    /// How many more records a member's book as a whole has room for; None = any number.
    pub fn room(&self, member: usize, rep: &str, numbers: &Numbers) -> Option<u64> {
        let whole = self.wholes.get(member).copied().flatten()?;
        let held = self
            .held_in_all
            .and_then(|at| numbers.of(at, rep).parse().ok())
            .unwrap_or(0);
        Some(u64::from(whole).saturating_sub(held))
    }
}

/// Who wrote the segments.
pub fn writers(books: Option<&Books>) -> impl Iterator<Item = (&'static str, String, &str)> {
    let rows = books.into_iter().flat_map(|books| &books.segments);
    let segments = books.into_iter().flat_map(|books| segment::writers(&books.writers));
    rows.map(|row| ("book_segment", row.name.clone(), row.written_by.as_str()))
        .chain(segments)
}
