//! The caps that a plan can come to, compiled: whom of those that it gives to each covers, what counts when, and how it
//! is told what is open.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Place, Result, error_hint};
use crate::router::distribution_rule::DistributionRule;
use crate::router::expression;
use crate::router::intent::{Intent, Object};
use crate::window::Per;

/// What intent says about caps.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct CapRows {
    /// The active ones of the object and its distribution rules, by name.
    pub rows: Vec<CapRow>,
    /// The reps' zones, where a cap goes by them; who is not in it has UTC.
    pub zones: Option<BTreeMap<String, String>>,
}

/// A row of `dist.cap`.
#[derive(Debug, Clone, Deserialize)]
pub struct CapRow {
    /// Its name.
    pub name: String,
    /// Whom it covers; None = everybody.
    pub reps: Option<Vec<String>>,
    /// Counts only what comes through this rule.
    pub distribution_rule: Option<String>,
    /// Whether reps are counted together.
    pub together: bool,
    /// hour, day, week, month, open.
    pub per: String,
    /// The limit.
    pub most: u64,
    /// Whether the window rolls.
    pub rolling: bool,
    /// The calendar's zone; None = the rep's own.
    pub time_zone: Option<String>,
    /// What is open, as a tree.
    pub criteria: Option<Value>,
    /// What is open, as SQL.
    pub predicate: Option<String>,
    /// Who wrote the row.
    pub written_by: String,
}

impl CapRow {
    /// Whether it has text that is executed.
    pub const fn has_text(&self) -> bool {
        self.criteria.is_some() || self.predicate.is_some()
    }
}

/// A cap of a plan.
pub struct PlannedCap {
    /// Its name.
    pub name: String,
    /// The limit.
    pub most: u64,
    /// Whom it covers: indexes into the dictionary of reps.
    pub reps: Vec<u32>,
    /// Counts only what comes through this pool.
    pub pool: Option<u32>,
    /// Whether reps are counted together.
    pub together: bool,
    /// What counts.
    pub counts: Counts,
}

/// What a cap counts.
pub enum Counts {
    /// What was received in a window.
    Received {
        /// How long that is.
        per: Per,
        /// The zone of each of `reps`; None where it rolls.
        zones: Option<Vec<Tz>>,
    },
    /// What is held.
    Open {
        /// Which records: one SQL boolean expression over `r`; None = all.
        test: Option<String>,
        /// Whom it covers, be they in the dictionary or not, where they are counted together.
        holders: Vec<String>,
    },
}

impl PlannedCap {
    /// Whether a run locks it: what is open is kept from other runs by the lock on the object.
    pub const fn is_locked(&self) -> bool {
        matches!(self.counts, Counts::Received { .. })
    }
}

/// The caps that cover somebody of a plan's dictionary of reps.
///
/// # Errors
/// What is wrong with a cap's text or zone.
pub fn of_plan(
    intent: &Intent,
    object: &Object,
    reps: &[String],
    pools: &[DistributionRule],
    as_of: &str,
) -> Result<Vec<PlannedCap>> {
    let numbers: BTreeMap<&str, u32> = reps.iter().map(String::as_str).zip(0..).collect();
    let mut caps = Vec::new();
    for row in &intent.caps.rows {
        let pool = match &row.distribution_rule {
            None => None,
            Some(rule) => match (0..).zip(pools).find(|(_, pool)| pool.name == *rule) {
                Some((number, _)) => Some(number),
                None => continue,
            },
        };
        let covered: Vec<u32> = match &row.reps {
            None => numbers.values().copied().collect(),
            Some(names) => names
                .iter()
                .filter_map(|name| numbers.get(name.as_str()).copied())
                .collect(),
        };
        if covered.is_empty() {
            continue;
        }
        caps.push(PlannedCap {
            counts: counts(intent, object, reps, row, &covered, as_of)?,
            name: row.name.clone(),
            most: row.most,
            reps: covered,
            pool,
            together: row.together,
        });
    }
    Ok(caps)
}

/// Whether a rep's text is a value of an owner column of that type. Those to whom records go are checked to be; others
/// whom a cap covers may own records of other objects only.
pub fn can_own(base: &str, rep: &str) -> bool {
    match base {
        "int2" => rep.parse::<i16>().is_ok(),
        "int4" => rep.parse::<i32>().is_ok(),
        "int8" => rep.parse::<i64>().is_ok(),
        "uuid" => rep.len() == 36 && rep.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()),
        _ => true,
    }
}

fn counts(
    intent: &Intent,
    object: &Object,
    reps: &[String],
    row: &CapRow,
    covered: &[u32],
    as_of: &str,
) -> Result<Counts> {
    let place = Place {
        table: "cap",
        row: &row.name,
    };
    let Some(per) = Per::parse(&row.per) else {
        let compile = || {
            let relation = object.relation()?;
            expression::compile(&place, relation, row.criteria.as_ref(), row.predicate.as_deref(), as_of)
        };
        let test = row.has_text().then(compile).transpose()?;
        let base = &object.owner()?.base;
        let holders = row
            .reps
            .iter()
            .flatten()
            .filter(|rep| row.together && can_own(base, rep));
        return Ok(Counts::Open {
            test: test.map(|test| test.sql),
            holders: holders.cloned().collect(),
        });
    };
    if row.rolling {
        return Ok(Counts::Received { per, zones: None });
    }
    let zone_of = |rep: &u32| {
        let rep = reps.get(*rep as usize);
        let own = rep.and_then(|rep| intent.caps.zones.as_ref()?.get(rep));
        let name = row.time_zone.as_ref().or(own).map_or("UTC", String::as_str);
        name.parse::<Tz>().map_err(|_| {
            error_hint(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("{place}: time zone '{name}' is not known"),
                "Set time_zone of the cap, or of the rep, to an IANA time zone such as Europe/Berlin.",
            )
        })
    };
    let zones = covered.iter().map(zone_of).collect::<Result<_>>()?;
    Ok(Counts::Received {
        per,
        zones: Some(zones),
    })
}
