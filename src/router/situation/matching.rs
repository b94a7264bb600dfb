//! Who owns what matches each candidate: rows of `dist.match`, asked in order, each with one statement for all candidates
//! together, whose distinct values are joined; never a search for each.
//!
//! What is alike (and not equal) is joined by `crate::matching::similar`, over the names of all others that an active rep owns.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::allocation::Target;
use crate::criteria::quote_ident;
use crate::error::{Place, Result, internal};
use crate::matching::{Wanted, company_name};
use crate::router::decide::{Candidates, texts};
use crate::router::expression;
use crate::router::goal::{self, Goal};
use crate::router::intent::{DistributionRule, Intent, Object};
use crate::router::plan::{Leaf, Plan};

/// Name under which rankings know the other record.
pub const OTHER: &str = "m";
/// How many are remembered: the first, the runner-up, and one more where the record itself is one of them.
const MOST: usize = 3;
/// The threshold of a row that names none, in thousandths.
const THRESHOLD: u32 = 600;

/// By what records are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Equal values.
    Key,
    /// Equal domains.
    Domain,
    /// Equal plain names.
    Name,
    /// Plain names with enough in common.
    Similar,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Domain => "domain",
            Self::Name => "name",
            Self::Similar => "similar",
        }
    }
}

/// The columns of `dist.match` that say what is compared.
#[derive(Debug, Clone, Deserialize)]
pub struct MatchText {
    /// The object whose records are routed.
    pub object: String,
    /// By what they are compared.
    pub kind: Kind,
    /// SQL over the record.
    pub own: String,
    /// Among whose records is looked.
    pub other_object: String,
    /// A column of its table.
    pub other_column: String,
    /// ORDER BY list over the other record.
    pub ranking: Option<String>,
}

/// A row of `dist.match`.
#[derive(Debug, Clone, Deserialize)]
pub struct MatchRow {
    /// The name that distribution rules name.
    pub name: String,
    /// Order among those of the name.
    pub position: i32,
    /// What is compared.
    #[serde(flatten)]
    pub text: MatchText,
    /// The least score.
    pub threshold: Option<serde_json::Number>,
    /// The object among whose records is looked.
    pub other: Object,
    /// Who wrote the row.
    pub written_by: String,
}

/// All that the distribution rules of a plan can ask for.
#[derive(Debug, Clone, Deserialize)]
pub struct MatchIntent {
    /// The active rows of the object, by name and position.
    pub rows: Vec<MatchRow>,
    /// Mail domains behind which there is no company.
    pub public_domains: BTreeSet<String>,
    /// Every active rep.
    pub reps: Vec<String>,
}

impl MatchIntent {
    /// Who wrote what is executed: (table, row, writer).
    pub fn writers(&self) -> Vec<(&'static str, String, &str)> {
        let mut writers = Vec::new();
        for row in &self.rows {
            let name = format!("{}/{}/{}", row.name, row.text.object, row.position);
            writers.push(("match", name, row.written_by.as_str()));
            writers.push(("object", row.other.name.clone(), row.other.written_by.as_str()));
        }
        writers
    }
}

/// A row, compiled.
pub struct Planned {
    name: String,
    position: i32,
    kind: Kind,
    threshold: u32,
    /// The object among whose records is looked, and whether it is that of the candidates.
    other: String,
    own_object: bool,
    /// Reads the others.
    sql: String,
    /// Its value's place among the texts of a candidate.
    text: usize,
}

/// The matches of a plan.
#[derive(Default)]
pub struct Matching {
    rows: Vec<Planned>,
    /// By leaf, the rows that its distribution rule asks.
    of_leaf: Vec<std::ops::Range<usize>>,
    /// Who may own what is found.
    reps: Vec<String>,
    public_domains: BTreeSet<String>,
}

/// Compiles the rows that the distribution rules of leaves name; their values are put among the texts that the plan reads.
///
/// # Errors
/// What is wrong with their text.
pub fn compile(
    intent: &Intent,
    rules: &BTreeMap<&str, &DistributionRule>,
    leaves: &[Leaf],
    texts: &mut Vec<String>,
) -> Result<Matching> {
    let Some(matches) = &intent.matches else {
        return Ok(Matching::default());
    };
    let rows = matches.rows.iter().map(|row| planned(intent, row, texts));
    let rows: Vec<Planned> = rows.collect::<Result<_>>()?;
    let of_leaf = |leaf: &Leaf| {
        let rule = leaf
            .distribution_rule
            .as_ref()
            .and_then(|rule| rules.get(rule.as_str()));
        let Some(name) = rule.and_then(|rule| rule.r#match.as_ref()) else {
            return 0..0;
        };
        let first = rows.partition_point(|row| row.name < *name);
        first..first + rows.iter().skip(first).take_while(|row| row.name == *name).count()
    };
    Ok(Matching {
        of_leaf: leaves.iter().map(of_leaf).collect(),
        reps: matches.reps.clone(),
        public_domains: matches.public_domains.clone(),
        rows,
    })
}

fn planned(intent: &Intent, row: &MatchRow, texts: &mut Vec<String>) -> Result<Planned> {
    let name = format!("{}/{}/{}", row.name, row.text.object, row.position);
    let place = Place {
        table: "match",
        row: &name,
    };
    let (text, other) = (&row.text, &row.other);
    let relation = other.relation()?;
    let column = relation.column(&text.other_column).ok_or_else(|| {
        crate::error::error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            format!(
                "{place}: other_column \"{}\" does not exist in {}",
                text.other_column,
                relation.sql()
            ),
            crate::check::column_hint(relation, &text.other_column),
        )
    })?;
    expression::scan(&place, "own", &text.own)?;
    if let Some(ranking) = &text.ranking {
        expression::scan(&place, "ranking", ranking)?;
    }
    // The line break ends a comment that the text may end with.
    let own = format!("({}\n)", text.own);
    let theirs = format!("{OTHER}.{}", quote_ident(&column.name));
    texts.push(match text.kind {
        Kind::Key => format!("({own}::{})::text", column.type_sql),
        Kind::Domain => format!("dist.mail_domain({own}::text)"),
        Kind::Name | Kind::Similar => format!("dist.company_name({own}::text)"),
    });
    let (key, owner) = (other.key()?, other.owner()?);
    let collate = if key.collatable { " collate \"C\"" } else { "" };
    let ranking = text
        .ranking
        .as_ref()
        .map(|text| format!("{text}\n, "))
        .unwrap_or_default();
    let order = format!("{ranking}{OTHER}.{}{collate}", quote_ident(&key.name));
    let (key, owner) = (
        format!("{OTHER}.{}::text", quote_ident(&key.name)),
        format!("{OTHER}.{}::text", quote_ident(&owner.name)),
    );
    let table = relation.sql();
    let equal = match text.kind {
        Kind::Key => Some(format!("{theirs} = w.\"dist.value\"::{}", column.type_sql)),
        Kind::Domain => Some(format!("dist.mail_domain({theirs}::text) = w.\"dist.value\"")),
        Kind::Name => Some(format!("dist.company_name({theirs}::text) = w.\"dist.value\"")),
        Kind::Similar => None,
    };
    Ok(Planned {
        name: row.name.clone(),
        position: row.position,
        kind: text.kind,
        threshold: row
            .threshold
            .as_ref()
            .and_then(serde_json::Number::as_f64)
            .map_or(THRESHOLD, |least| (least * 1000.0).round() as u32),
        other: other.name.clone(),
        own_object: intent.object.as_ref().is_some_and(|object| object.name == other.name),
        // Behind a subselect the planner takes the values for a few: it hashes them, or looks each up where there is an index, and
        // never sorts the others' table.
        sql: match equal {
            Some(equal) => format!(
                "select array_agg(n order by n, place), array_agg(key order by n, place), array_agg(owner order by n, place) \
                   from (select w.\"dist.n\"::integer as n, {key} as key, {owner} as owner, \
                                row_number() over (partition by w.\"dist.n\" order by {order}) as place \
                           from unnest((select $1::text[])) with ordinality as w (\"dist.value\", \"dist.n\") \
                           join {table} as {OTHER} on {equal} \
                          where {owner} = any ($2::text[])) as found \
                  where place <= {MOST}"
            ),
            None => format!(
                "select array_agg(name), array_agg(key), array_agg(owner) \
                   from (select {theirs}::text as name, {key} as key, {owner} as owner from {table} as {OTHER} \
                          where {theirs} is not null and {owner} = any ($2::text[]) order by {order}) as others \
                  where $1::text[] is not null"
            ),
        },
        text: texts.len() - 1,
    })
}

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
        let mut values = texts(client, *carried, candidates.count)?;
        // Each value once.
        let mut wanted: Vec<String> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut of_record: Vec<(usize, usize)> = Vec::with_capacity(open.len());
        for record in open {
            let Some(value) = values
                .get_mut(record)
                .and_then(Option::take)
                .filter(|value| !value.is_empty())
            else {
                continue;
            };
            if row.kind == Kind::Domain && matching.public_domains.contains(&value) {
                continue;
            }
            let next = wanted.len();
            let at = *known.entry(value).or_insert_with_key(|value| {
                wanted.push(value.clone());
                next
            });
            of_record.push((record, at));
        }
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
