//! All intent that a run can reach, read once (sql/catalogue.sql): what moves records by itself ([`reach`](super::reach)), and what it
//! can reach from its destination, in one query.

use std::collections::BTreeMap;

use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::catalogue::{Column, Relation, read_text};
use crate::error::{Place, Result, error_hint, internal};
use crate::router::caps::CapRows;
use crate::router::clocks::SlaRow;
use crate::router::distribution_rule::DistributionRule;
use crate::router::exclusion::ExclusionRow;
use crate::router::hopper::HopperRow;
use crate::router::mover::{Kind, Mover};
use crate::router::reach::{Destination, Said};
use crate::router::segment;
use crate::router::situation::books::{self, Books};
use crate::router::situation::eligibility::EligibilityRow;
use crate::router::situation::load::Measures;
use crate::router::situation::match_plan::MatchIntent;
use crate::router::situation::protection::{self, ProtectionRow};
use crate::working::Roster;

/// What the intent tables say about one transfer, or about one ruleset.
#[derive(Debug, Clone, Deserialize)]
pub struct Intent {
    /// The transfer; None where only a ruleset is looked at, or a destination.
    #[serde(default)]
    pub transfer: Option<Transfer>,
    /// The object whose records move.
    pub object: Option<Object>,
    /// The rulesets that can be reached.
    pub rulesets: Vec<Ruleset>,
    /// The distribution rules that can be reached.
    pub distribution_rules: Vec<DistributionRule>,
    /// What the distribution rules count.
    pub measures: Measures,
    /// The object's books; None where no rule fills books.
    pub books: Option<Books>,
    /// The hoppers that records of the object can lie in.
    pub hoppers: Vec<HopperRow>,
    /// What is kept out.
    pub exclusions: Vec<ExclusionRow>,
    /// What its records are matched with; None = nothing.
    pub matches: Option<MatchIntent>,
    /// Which records of the object some reps may have.
    pub eligibility: Vec<EligibilityRow>,
    /// Which of its records are protected; None = nobody asks.
    pub protections: Option<Vec<ProtectionRow>>,
    /// Working hours, absences and stand-ins.
    pub people: Roster,
    /// Reps named directly, and whether they are active.
    pub reps: BTreeMap<String, bool>,
    /// The caps that hold for the object and the distribution rules.
    pub caps: CapRows,
    /// The kinds of events about the object that somebody wants to be told of.
    pub events: Vec<String>,
    /// The service levels of the object.
    pub slas: Vec<SlaRow>,
    /// Who wrote the segments that it is limited to.
    pub segments: Vec<segment::Writer>,
    /// Policy: how many rows a run may write to `dist.unassigned`.
    pub unassigned_rows: i64,
    /// Policy: whether what a run is asked is kept for a replay.
    pub keep_decisions: bool,
    /// Policy: how many records a run may move; None = any number.
    pub rows_per_run: Option<i64>,
}

/// A row of `dist.object` with its table.
#[derive(Debug, Clone, Deserialize)]
pub struct Object {
    /// Its name.
    pub name: String,
    /// Column that identifies a record.
    pub key_column: String,
    /// Column that says who owns it.
    pub owner_column: String,
    /// Who wrote the row.
    pub written_by: String,
    /// The table; None when it has been dropped.
    pub relation: Option<Relation>,
}

impl Object {
    /// The table.
    ///
    /// # Errors
    /// 42P01 when it has been dropped.
    pub fn relation(&self) -> Result<&Relation> {
        self.relation.as_ref().ok_or_else(|| {
            error_hint(
                PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
                format!("{}: its table no longer exists", self.place()),
                "Set relation to the table that has the records now.",
            )
        })
    }

    /// The key column.
    ///
    /// # Errors
    /// 42703 when it has been dropped.
    pub fn key(&self) -> Result<&Column> {
        self.column(&self.key_column, "key_column")
    }

    /// The owner column.
    ///
    /// # Errors
    /// 42703 when it has been dropped.
    pub fn owner(&self) -> Result<&Column> {
        self.column(&self.owner_column, "owner_column")
    }

    fn place(&self) -> Place<'_> {
        Place {
            table: "object",
            row: &self.name,
        }
    }

    fn column(&self, name: &str, field: &str) -> Result<&Column> {
        let relation = self.relation()?;
        relation.column(name).ok_or_else(|| {
            error_hint(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!(
                    "{}: {field} \"{name}\" does not exist in {}",
                    self.place(),
                    relation.sql()
                ),
                crate::check::column_hint(relation, name),
            )
        })
    }
}

/// A row of `dist.transfer`.
#[derive(Debug, Clone, Deserialize)]
pub struct Transfer {
    /// Its name.
    pub name: String,
    /// distribution or retrieval.
    pub kind: String,
    /// unowned, owned or any; None = by kind.
    pub source: Option<String>,
    /// The reps whose records are meant; None = anybody's. Not in the row: [`Said`] has it.
    #[serde(skip)]
    pub sources: Option<Vec<String>>,
    /// Which records, as a tree.
    pub criteria: Option<Value>,
    /// Which records, as SQL.
    pub predicate: Option<String>,
    /// Which records: the members of this segment.
    pub segment: Option<String>,
    /// And of this one, which the step of a schedule names.
    #[serde(default)]
    pub within: Option<String>,
    /// Destination: a rep.
    pub to_rep: Option<String>,
    /// Destination: a distribution rule.
    pub to_distribution_rule: Option<String>,
    /// Destination: a ruleset.
    pub to_ruleset: Option<String>,
    /// Destination: a hopper.
    pub to_hopper: Option<String>,
    /// The hopper they are in; None = in none.
    pub from_hopper: Option<String>,
    /// skip or reassign.
    pub on_owned: Option<String>,
    /// ORDER BY list.
    pub ranking: Option<String>,
    /// At most so many candidates.
    pub row_limit: Option<i64>,
    /// At most so many candidates of each owner.
    pub limit_per_rep: Option<i32>,
    /// Columns to set.
    pub set_fields: Option<serde_json::Map<String, Value>>,
    /// Templates are never run.
    pub is_template: bool,
    /// What it really is. Known to who reads it.
    #[serde(skip)]
    pub mover: Kind,
    /// Who wrote the row.
    pub written_by: String,
}

impl Transfer {
    /// Where it stands.
    pub fn place(&self) -> Place<'_> {
        Place {
            table: self.mover.table(),
            row: &self.name,
        }
    }
}

/// A row of `dist.ruleset` with its rules in order.
#[derive(Debug, Clone, Deserialize)]
pub struct Ruleset {
    /// Its name.
    pub name: String,
    /// Who receives what nothing matches.
    pub default_to_rep: Option<String>,
    /// Which distribution rule receives what nothing matches.
    pub default_to_distribution_rule: Option<String>,
    /// Which hopper receives what nothing matches.
    pub default_to_hopper: Option<String>,
    /// The rules, passive ones included.
    pub rules: Vec<Rule>,
}

impl Ruleset {
    /// Whether it says where to what nothing matches goes.
    pub const fn has_default(&self) -> bool {
        self.default_to_rep.is_some() || self.default_to_distribution_rule.is_some() || self.default_to_hopper.is_some()
    }
}

/// A row of `dist.assignment_rule`.
#[derive(Debug, Clone, Deserialize)]
pub struct Rule {
    /// Order in the ruleset.
    pub position: i32,
    /// Its name.
    pub name: Option<String>,
    /// The test as a tree.
    pub criteria: Option<Value>,
    /// The test as SQL.
    pub predicate: Option<String>,
    /// skip or reassign.
    pub on_owned: Option<String>,
    /// Destination: a rep.
    pub to_rep: Option<String>,
    /// Destination: a distribution rule.
    pub to_distribution_rule: Option<String>,
    /// Destination: a ruleset.
    pub to_ruleset: Option<String>,
    /// Destination: a hopper.
    pub to_hopper: Option<String>,
    /// A passive rule matches nothing.
    pub active: bool,
    /// Who wrote the row.
    pub written_by: String,
}

impl Rule {
    /// Its name in the audit.
    pub fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| format!("rule {}", self.position))
    }
}

impl Intent {
    /// Reads what a transfer, or what acts as one, can reach.
    ///
    /// # Errors
    /// 42704 when there is no such row.
    pub fn of_mover(mover: &Mover) -> Result<Self> {
        let said = Said::of(mover, false)?.ok_or_else(|| crate::check::no_such(mover.kind.table(), &mover.name))?;
        let reached = Self::reached_from(&said.destination())?;
        Ok(reached.of(said))
    }

    /// Reads what can be reached from a destination; it becomes a transfer's by [`Intent::of`].
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reached_from(destination: &Destination) -> Result<Self> {
        let Destination {
            object,
            rep,
            distribution_rule,
            ruleset,
        } = destination;
        Self::read(
            ruleset.as_ref(),
            rep.as_ref(),
            distribution_rule.as_ref(),
            [None, Some(object)],
        )
    }

    /// What leads to the destination that it was read from.
    pub fn of(self, said: Said) -> Self {
        Self {
            transfer: Some(said.transfer),
            exclusions: said.exclusions,
            protections: said.protections,
            segments: said.segments,
            ..self
        }
    }

    /// Reads what a ruleset can reach.
    ///
    /// # Errors
    /// 42704 when there is no such ruleset.
    pub fn of_ruleset(name: &str) -> Result<Self> {
        let intent = Self::read(Some(&name.to_owned()), None, None, [None, None])?;
        if intent.object.is_none() {
            return Err(crate::check::no_such("ruleset", name));
        }
        Ok(intent)
    }

    /// Reads what matters where a record is taken from its owner by name.
    ///
    /// # Errors
    /// 42704 when there is no such object.
    pub fn of_object(name: &str) -> Result<Self> {
        let intent = Self::read(None, None, None, [Some(&name.to_owned()), None])?;
        if intent.object.is_none() {
            return Err(crate::check::no_such("object", name));
        }
        Ok(intent)
    }

    fn read(
        ruleset: Option<&String>,
        rep: Option<&String>,
        distribution_rule: Option<&String>,
        [alone, moving]: [Option<&String>; 2],
    ) -> Result<Self> {
        let arg = |name: Option<&String>| name.cloned().into();
        read_text(
            "select dist._intent($1, $2, $3, $4, $5)::text",
            &[arg(ruleset), arg(rep), arg(distribution_rule), arg(alone), arg(moving)],
        )?
        .ok_or_else(|| internal("intent is null"))
    }

    /// The object.
    ///
    /// # Errors
    /// Never for intent that was read by a transfer or ruleset that exists.
    pub fn object(&self) -> Result<&Object> {
        self.object.as_ref().ok_or_else(|| internal("intent without an object"))
    }

    /// Who wrote what this run would execute: (table, row, writer).
    pub fn writers(&self) -> Vec<(&'static str, String, &str)> {
        let mut writers = Vec::new();
        if let Some(object) = &self.object {
            writers.push(("object", object.name.clone(), object.written_by.as_str()));
        }
        if let Some(transfer) = &self.transfer {
            writers.push((
                transfer.mover.table(),
                transfer.name.clone(),
                transfer.written_by.as_str(),
            ));
        }
        for row in &self.exclusions {
            writers.push(("exclusion", row.name.clone(), row.written_by.as_str()));
        }
        for ruleset in &self.rulesets {
            for rule in ruleset.rules.iter().filter(|rule| rule.active) {
                writers.push((
                    "assignment_rule",
                    format!("{}/{}", ruleset.name, rule.position),
                    rule.written_by.as_str(),
                ));
            }
        }
        for object in self.measures.objects.values() {
            writers.push(("object", object.name.clone(), object.written_by.as_str()));
        }
        for row in &self.measures.rows {
            writers.push(("measure", row.name(), row.written_by.as_str()));
        }
        writers.extend(books::writers(self.books.as_ref()));
        for cap in self.caps.rows.iter().filter(|cap| cap.has_text()) {
            writers.push(("cap", cap.name.clone(), cap.written_by.as_str()));
        }
        writers.extend(self.matches.iter().flat_map(MatchIntent::writers));
        writers.extend(protection::writers(self.protections.as_deref()));
        writers.extend(segment::writers(&self.segments));
        let from = self
            .transfer
            .as_ref()
            .and_then(|transfer| transfer.from_hopper.as_ref());
        let from = self.hoppers.iter().filter(|hopper| Some(&hopper.name) == from);
        writers.extend(from.map(|hopper| ("hopper", hopper.name.clone(), hopper.written_by.as_str())));
        writers
    }
}
