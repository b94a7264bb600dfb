//! A distribution rule as the router reads it: its row, its members and whose turn it is.

use std::collections::BTreeMap;

use pgrx::prelude::*;
use serde::Deserialize;

use crate::allocation::PoolState;
use crate::error::{Result, error_hint};

/// A row of `dist.distribution_rule` with its members and whose turn it is.
#[derive(Debug, Clone, Deserialize)]
pub struct DistributionRule {
    /// Its name.
    pub name: String,
    /// See [`Strategy`]; `rep` is no pool.
    pub strategy: String,
    /// The rep of strategy rep.
    pub rep: Option<String>,
    /// Strategy fixed: so many for each.
    pub each: Option<u32>,
    /// The segment of the book that is filled; None = the whole book.
    pub segment: Option<String>,
    /// Performance: what the team's mean weighs, in records.
    pub prior: Option<u32>,
    /// Performance: the least weight.
    pub floor: Option<String>,
    /// Performance: the greatest weight.
    pub ceiling: Option<String>,
    /// lost, catch_up or keep_turn.
    pub missed: String,
    /// catch_up: so many turns may be owed.
    pub missed_max: Option<u16>,
    /// catch_up: seconds after which they lapse.
    pub missed_expiry: Option<u32>,
    /// hold, fall_back or assign_anyway.
    pub if_unavailable: String,
    /// Where records go that nobody can have: a rep.
    pub fallback_to_rep: Option<String>,
    /// Where records go that nobody can have: another rule.
    pub fallback_to_distribution_rule: Option<String>,
    /// Whose records come first to who owns what they match.
    pub r#match: Option<String>,
    /// Not back to who held it within this interval: an interval's text.
    pub cool_down: Option<String>,
    /// Not back to the last so many who held it.
    pub cool_down_holders: Option<i32>,
    /// Up to so many cells restricted eligibility is solved exactly.
    pub exact_cells: Option<u32>,
    /// Who takes part.
    pub members: Vec<MemberRow>,
    /// The kept deficits when the intent was read; None before the first run. A run goes by what it locks.
    pub pool: Option<PoolRow>,
}

/// A row of `dist.team_member`, its rep's state folded in.
#[derive(Debug, Clone, Deserialize)]
pub struct MemberRow {
    /// The rep.
    pub rep: String,
    /// A numeric's text.
    pub weight: String,
    /// Lower goes first among equals.
    pub position: i64,
    /// Whether it takes part now.
    pub active: bool,
}

/// A row of `dist.pool`.
#[derive(Debug, Clone, Deserialize)]
pub struct PoolRow {
    /// W: sum of the weights.
    pub total_weight: String,
    /// Decimals of the weights.
    pub scale: u32,
    /// Rep to deficit.
    pub deficits: BTreeMap<String, serde_json::Number>,
    /// Rep to when the turns it missed lapse, in seconds since 1970.
    pub credits: BTreeMap<String, i64>,
    /// Turns taken so far.
    pub turns: i64,
}

impl PoolRow {
    /// Deficits that are refused when they are looked at.
    pub fn unreadable() -> BTreeMap<String, serde_json::Number> {
        BTreeMap::from([(
            String::new(),
            serde_json::Number::from_string_unchecked("0.5".to_owned()),
        )])
    }

    /// The row as the allocation wants it.
    ///
    /// # Errors
    /// XX001 when it is not what pg_dist wrote.
    pub fn state(&self, rule: &str) -> Result<PoolState> {
        let broken = || {
            error_hint(
                PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
                format!("dist.pool '{rule}': not whole numbers"),
                "Delete the row: the rule then starts afresh.",
            )
        };
        Ok(PoolState {
            total_weight: self.total_weight.parse().map_err(|_| broken())?,
            scale: self.scale,
            deficits: self
                .deficits
                .iter()
                .map(|(rep, deficit)| {
                    deficit
                        .to_string()
                        .parse()
                        .map(|deficit| (rep.clone(), deficit))
                        .map_err(|_| broken())
                })
                .collect::<Result<_>>()?,
        })
    }
}

impl DistributionRule {
    /// What a member weighs, where its performance does not say: in a round robin, and where books or numbers say how
    /// much each receives, all weigh the same.
    pub fn weight(&self, member: &MemberRow) -> String {
        match self.strategy.as_str() {
            "weighted" | "load" | "value" | "sticky" | "random" => member.weight.clone(),
            _ => "1".to_owned(),
        }
    }
}
