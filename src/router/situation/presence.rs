//! Who of a rule's members is there at the instant of a run, and who stands in.
//!
//! Where it is about turns, whoever stands in takes the turns of who is away. Where loads are levelled, a stand-in who takes
//! part himself is level with the others already, and does not take part twice. A book is filled for its owner alone.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use crate::allocation::{Missed, Presence, Reason};
use crate::router::distribution_rule::DistributionRule;
use crate::router::goal::reason;
use crate::router::plan::Plan;
use crate::working::Standing;

/// How it stands with one member.
pub struct There {
    /// Whether it, or who stands in, can receive.
    pub presence: Presence,
    /// Who receives in its place: an index into the dictionary of reps.
    pub stand_in: Option<u32>,
}

impl There {
    fn present(stand_in: Option<u32>) -> Self {
        Self {
            presence: Presence::Present,
            stand_in,
        }
    }

    fn away(why: Reason, missed: Missed) -> Self {
        Self {
            presence: Presence::Away { why, missed },
            stand_in: None,
        }
    }
}

/// The members of a rule, in order.
pub fn of_rule(plan: &Plan, rule: &DistributionRule, about: DateTime<Utc>) -> Vec<There> {
    let standings: Vec<Option<Standing<'_>>> = rule
        .members
        .iter()
        .map(|member| member.active.then(|| plan.people.standing(&member.rep, about)))
        .collect();
    let levels = matches!(rule.strategy.as_str(), "load" | "value");
    let books = matches!(rule.strategy.as_str(), "top_off" | "fixed");
    let mut receives: HashSet<&str> = HashSet::new();
    for (member, standing) in rule.members.iter().zip(&standings) {
        if levels && *standing == Some(Standing::AtWork) {
            receives.insert(&member.rep);
        }
    }
    let missed = missed(rule);
    let mut there: Vec<There> = Vec::with_capacity(standings.len());
    for standing in &standings {
        there.push(match standing {
            None => There::away(Reason::NobodyActive, Missed::Lost),
            Some(Standing::AtWork) => There::present(None),
            Some(Standing::Away { why, stand_in }) => {
                let name = stand_in
                    .filter(|_| !books)
                    .filter(|name| !levels || receives.insert(name));
                match name.and_then(|name| plan.rep_numbers.get(name)) {
                    Some(&rep) => There::present(Some(rep)),
                    None => There::away(reason(*why), missed),
                }
            }
        });
    }
    let nobody = there.iter().all(|there| there.presence != Presence::Present);
    if nobody && rule.if_unavailable == "assign_anyway" {
        for (there, standing) in there.iter_mut().zip(&standings) {
            if standing.is_some() {
                *there = There::present(None);
            }
        }
    }
    there
}

/// What becomes of the turns that members miss.
fn missed(rule: &DistributionRule) -> Missed {
    match rule.missed.as_str() {
        "catch_up" => Missed::CatchUp {
            most: rule.missed_max.unwrap_or(0),
            expiry: rule.missed_expiry,
        },
        "keep_turn" => Missed::KeepTurn,
        _ => Missed::Lost,
    }
}

/// Why a rep is away, until when and who stands in, in words; None where he is there.
pub fn told(plan: &Plan, rep: &str, about: DateTime<Utc>) -> Option<String> {
    let away = plan.people.away(rep, about)?;
    let mut told = away.told();
    match away.until {
        Some(until) => told.push_str(&format!(", until {}", until.format("%Y-%m-%d %H:%M UTC"))),
        None => told.push_str(", until further notice"),
    }
    if let Some(stand_in) = &away.stand_in {
        told.push_str(&format!(", {stand_in} stands in"));
    }
    Some(told)
}
