//! Rows of `dist.match`, compiled: which value of a candidate is compared, and the one statement that reads the others.

use std::collections::{BTreeMap, BTreeSet};

use pgrx::prelude::*;
use serde::Deserialize;

use crate::criteria::quote_ident;
use crate::error::{Place, Result};
use crate::router::distribution_rule::DistributionRule;
use crate::router::expression;
use crate::router::intent::{Intent, Object};
use crate::router::plan::Leaf;

/// Name under which rankings know the other record.
pub const OTHER: &str = "m";
/// How many are remembered: the first, the runner-up, and one more where the record itself is one of them.
pub const MOST: usize = 3;
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
    /// As `dist.match` has it.
    pub fn as_str(self) -> &'static str {
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
    /// The name that distribution rules name.
    pub name: String,
    /// Order among those of the name.
    pub position: i32,
    /// What is compared.
    pub kind: Kind,
    /// The least score, in thousandths.
    pub threshold: u32,
    /// The object among whose records is looked.
    pub other: String,
    /// Whether that is the object of the candidates.
    pub own_object: bool,
    /// Reads the others: `$1` the values that are wanted, `$2` whose records count.
    pub sql: String,
    /// Its value's place among the texts of a candidate.
    pub text: usize,
}

/// The matches of a plan.
#[derive(Default)]
pub struct Matching {
    /// In the order in which they are asked.
    pub rows: Vec<Planned>,
    /// By leaf, the rows that its distribution rule asks.
    pub of_leaf: Vec<std::ops::Range<usize>>,
    /// Who may own what is found.
    pub reps: Vec<String>,
    /// Mail domains behind which there is no company.
    pub public_domains: BTreeSet<String>,
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
