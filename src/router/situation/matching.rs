//! Who owns what matches each candidate: rows of `dist.match` ([`match_plan`]), asked in order, each with one statement for all
//! candidates together, whose distinct values are joined; never a search for each.
//!
//! What is alike (and not equal) is joined by `crate::matching::similar`, over the names of all others that an active rep owns.
//!
//! [`match_plan`]: super::match_plan

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde_json::{Value, json};

use crate::allocation::Target;
use crate::error::{Result, internal};
use crate::matching::{Wanted, company_name};
use crate::router::decide::{Candidates, texts};
use crate::router::goal::{self, Goal};
use crate::router::plan::Plan;
use crate::router::situation::match_plan::{Kind, MOST, Matching, Planned};

/// Another record that matches.
#[derive(Debug, Clone)]
pub struct Other {
    /// Its key.
    pub key: String,
    /// Who owns it.
    pub owner: String,
    /// How alike it is: 1 = equal.
    pub score: f64,
}

/// What a candidate matches.
#[derive(Debug, Clone)]
pub struct Hit {
    /// Which row found it.
    row: usize,
    /// The first, and the one that would be first without it.
    pub first: Other,
    /// The runner-up.
    pub second: Option<Other>,
}

/// What the candidates match; empty where no rule asks.
#[derive(Default)]
pub struct Matches {
    /// By candidate.
    hits: Vec<Option<Hit>>,
    /// By candidate, who is to have it: an index into the dictionary of reps, below zero for nobody.
    pub reps: Vec<i32>,
    /// By rep who owns something that was found: what it comes to at this instant.
    there: HashMap<String, (i32, bool)>,
}

/// Looks for what the candidates match.
///
/// # Errors
/// What the user's expressions raise; rights that are lacking.
pub fn of_candidates(
    client: &SpiClient<'_>,
    plan: &Plan,
    candidates: &Candidates,
    about: DateTime<Utc>,
) -> Result<Matches> {
    let matching = &plan.matching;
    let mut matches = Matches::default();
    if matching.rows.is_empty() || candidates.count == 0 {
        return Ok(matches);
    }
    let asks = |record: usize, row: usize| {
        let leaf = candidates
            .leaves
            .get(record)
            .and_then(|leaf| usize::try_from(*leaf).ok());
        let owned = candidates.owned.get(record).is_some_and(|owner| *owner != -1);
        leaf.is_some_and(|leaf| {
            matching.of_leaf.get(leaf).is_some_and(|rows| rows.contains(&row))
                && (!owned || plan.leaves.get(leaf).is_some_and(|leaf| leaf.reassign))
        })
    };
    matches.hits = vec![None; candidates.count];
    for (number, row) in matching.rows.iter().enumerate() {
        let open: Vec<usize> = (0..candidates.count)
            .filter(|record| matches.hits.get(*record).is_some_and(Option::is_none) && asks(*record, number))
            .collect();
        if open.is_empty() {
            continue;
        }
        let carried = candidates
            .texts
            .get(row.text)
            .ok_or_else(|| internal("text out of range"))?;
        let values = texts(client, *carried, candidates.count)?;
        let known = |value: &str| row.kind == Kind::Domain && matching.public_domains.contains(value);
        let (wanted, of_record) = distinct(values, open, known);
        if wanted.is_empty() {
            continue;
        }
        let found = match row.kind {
            Kind::Similar => similar(client, row, matching, &wanted)?,
            _ => equal(client, row, matching, &wanted)?,
        };
        let keys = match row.own_object {
            true => texts(client, candidates.keys, candidates.count)?,
            false => Vec::new(),
        };
        for (record, at) in of_record {
            let own = keys.get(record).and_then(Option::as_ref);
            let others = found.get(at).into_iter().flatten();
            let mut others = others.filter(|other| Some(&other.key) != own);
            if let (Some(first), Some(slot)) = (others.next(), matches.hits.get_mut(record)) {
                *slot = Some(Hit {
                    row: number,
                    first: first.clone(),
                    second: others.next().cloned(),
                });
            }
        }
    }
    for hit in &matches.hits {
        let rep = hit.as_ref().map_or(-1, |hit| {
            let owner = &hit.first.owner;
            if let Some((rep, _)) = matches.there.get(owner) {
                return *rep;
            }
            let there = there(plan, owner, about);
            matches.there.insert(owner.clone(), there);
            there.0
        });
        matches.reps.push(rep);
    }
    Ok(matches)
}

/// The values of these records, each once, and for each record which of them is its own. Left out are those that `say_nothing`.
fn distinct(
    mut values: Vec<Option<String>>,
    records: Vec<usize>,
    say_nothing: impl Fn(&str) -> bool,
) -> (Vec<String>, Vec<(usize, usize)>) {
    let mut wanted: Vec<String> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut of_record: Vec<(usize, usize)> = Vec::with_capacity(records.len());
    for record in records {
        let value = values.get_mut(record).and_then(Option::take);
        let Some(value) = value.filter(|value| !value.is_empty() && !say_nothing(value)) else {
            continue;
        };
        let next = wanted.len();
        let at = *known.entry(value).or_insert_with_key(|value| {
            wanted.push(value.clone());
            next
        });
        of_record.push((record, at));
    }
    (wanted, of_record)
}

/// Who receives for a rep at an instant, and whether he stands in for him.
fn there(plan: &Plan, owner: &str, about: DateTime<Utc>) -> (i32, bool) {
    let Some(rep) = plan.rep_numbers.get(owner) else {
        return (-1, false);
    };
    let found = goal::find(plan, Goal::of(Target::Rep(*rep)), about);
    match found.target {
        Target::Rep(rep) => (i32::try_from(rep).unwrap_or(-1), found.in_place_of.is_some()),
        _ => (-1, false),
    }
}

/// By wanted value, the first others that have it too.
fn equal(client: &SpiClient<'_>, row: &Planned, matching: &Matching, wanted: &[String]) -> Result<Vec<Vec<Other>>> {
    let args = [wanted.to_vec().into(), matching.reps.clone().into()];
    let rows = client.select(row.sql.as_str(), None, &args).map_err(internal)?;
    let rows = rows.first();
    let numbers = rows.get::<Vec<i32>>(1).map_err(internal)?.unwrap_or_default();
    let keys = rows
        .get::<Vec<Option<String>>>(2)
        .map_err(internal)?
        .unwrap_or_default();
    let owners = rows.get::<Vec<String>>(3).map_err(internal)?.unwrap_or_default();
    let mut found = vec![Vec::new(); wanted.len()];
    for ((number, key), owner) in numbers.into_iter().zip(keys).zip(owners) {
        let at = usize::try_from(number - 1).map_err(internal)?;
        if let (Some(found), Some(key)) = (found.get_mut(at), key) {
            found.push(Other { key, owner, score: 1.0 });
        }
    }
    Ok(found)
}

/// By wanted name, the others that are most alike.
fn similar(client: &SpiClient<'_>, row: &Planned, matching: &Matching, wanted: &[String]) -> Result<Vec<Vec<Other>>> {
    let args = [wanted.to_vec().into(), matching.reps.clone().into()];
    let rows = client.select(row.sql.as_str(), None, &args).map_err(internal)?;
    let rows = rows.first();
    let array = |ordinal| rows.get::<Array<'_, &str>>(ordinal).map_err(internal);
    let (Some(names), Some(keys), Some(owners)) = (array(1)?, array(2)?, array(3)?) else {
        return Ok(vec![Vec::new(); wanted.len()]);
    };
    let mut index = Wanted::new(wanted, row.threshold, MOST);
    for (n, name) in names.iter().enumerate() {
        if n % 1024 == 0 {
            pgrx::check_for_interrupts!();
        }
        index.offer(&name.and_then(company_name).unwrap_or_default());
    }
    let found = index.found();
    // Only those that were found are copied.
    let mut others: HashMap<u32, Option<(String, String)>> =
        found.iter().flatten().map(|alike| (alike.other, None)).collect();
    for (n, (key, owner)) in keys.iter().zip(owners.iter()).enumerate() {
        if let Some(slot) = u32::try_from(n).ok().and_then(|n| others.get_mut(&n)) {
            *slot = key.zip(owner).map(|(key, owner)| (key.to_owned(), owner.to_owned()));
        }
    }
    let other = |alike: &crate::matching::similar::Alike| {
        let (key, owner) = others.get(&alike.other).cloned().flatten()?;
        Some(Other {
            key,
            owner,
            score: (alike.score() * 10_000.0).round() / 10_000.0,
        })
    };
    Ok(found
        .iter()
        .map(|alike| alike.iter().filter_map(other).collect())
        .collect())
}

impl Matches {
    /// What a candidate matches.
    pub fn hit(&self, candidate: usize) -> Option<&Hit> {
        self.hits.get(candidate)?.as_ref()
    }

    /// The owner of what a candidate matches, if somebody stands in for him.
    pub fn stood_in_for(&self, candidate: usize) -> Option<&str> {
        let owner = &self.hit(candidate)?.first.owner;
        self.there
            .get(owner)
            .filter(|(_, stands_in)| *stands_in)
            .map(|_| owner.as_str())
    }

    /// What each candidate matches, as the audit keeps it; None where no rule asks.
    pub fn told(&self, plan: &Plan) -> Option<Vec<Option<String>>> {
        let one = |hit: &Option<Hit>| Some(hit.as_ref()?.json(plan)?.to_string());
        (!self.hits.is_empty()).then(|| self.hits.iter().map(one).collect())
    }
}

impl Hit {
    /// Which row of `dist.match` found it, in words.
    pub fn by(&self, plan: &Plan) -> String {
        let row = plan.matching.rows.get(self.row);
        row.map_or_else(String::new, |row| {
            format!("{}/{} {}", row.name, row.position, row.kind.as_str())
        })
    }

    /// What it is, in words.
    pub fn told(&self, plan: &Plan) -> String {
        let object = plan.matching.rows.get(self.row).map_or("", |row| row.other.as_str());
        format!("{object} {}", self.first.key)
    }

    fn json(&self, plan: &Plan) -> Option<Value> {
        let row = plan.matching.rows.get(self.row)?;
        let other = |other: &Other| json!({"record": other.key, "owner": other.owner, "score": other.score});
        let mut told = json!({
            "match": row.name, "position": row.position, "kind": row.kind.as_str(), "object": row.other,
            "record": self.first.key, "owner": self.first.owner, "score": self.first.score,
        });
        if let (Some(second), Value::Object(fields)) = (&self.second, &mut told) {
            fields.insert("runner_up".to_owned(), other(second));
        }
        Some(told)
    }
}
