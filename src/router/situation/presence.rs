//! Who of a rule's members is there at the instant of a run, and who stands in.

use chrono::{DateTime, Utc};

use crate::allocation::{Missed, Presence, Reason};
use crate::error::Result;
use crate::router::intent::DistributionRule;
use crate::router::plan::Plan;

/// How it stands with one member.
pub struct There {
    /// Whether it, or who stands in, can receive.
    pub presence: Presence,
    /// Who receives in its place: an index into the dictionary of reps.
    pub stand_in: Option<u32>,
}

/// The members of a rule, in order.
///
/// # Errors
/// When a calendar cannot be read.
pub fn of_rule(_plan: &Plan, rule: &DistributionRule, _about: DateTime<Utc>) -> Result<Vec<There>> {
    let there = |active: bool| There {
        presence: if active {
            Presence::Present
        } else {
            Presence::Away {
                why: Reason::NobodyActive,
                missed: Missed::Lost,
            }
        },
        stand_in: None,
    };
    Ok(rule.members.iter().map(|member| there(member.active)).collect())
}
