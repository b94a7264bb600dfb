//! Where a record goes: what intent says, and what that comes to at the instant of a run, when whoever is named may be away.
//!
//! Who is named and is away has a stand-in, or the distribution rule that names him says what becomes of the record. What he
//! owns stays his: [`Found::named`].

use chrono::{DateTime, Utc};

use crate::allocation::{Reason, Target};
use crate::router::plan::Plan;
use crate::working::{Standing, Why};

/// Where records go, as far as intent says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// Where to.
    pub target: Target,
    /// The distribution rule of one rep that says so: its number in [`Plan::singles`].
    pub single: Option<u32>,
}

impl Goal {
    /// One that no distribution rule of one rep names.
    pub fn of(target: Target) -> Self {
        Self { target, single: None }
    }

    /// The distribution rule it names.
    pub fn distribution_rule<'a>(&self, plan: &'a Plan) -> Option<&'a str> {
        if let Target::Pool(pool) = self.target {
            return plan.pools.get(pool as usize).map(|rule| rule.name.as_str());
        }
        let single = plan.singles.get(self.single? as usize)?;
        Some(&single.name)
    }
}

/// A distribution rule of one rep: what becomes of records that he cannot have.
#[derive(Debug, Clone)]
pub struct Single {
    /// Its name.
    pub name: String,
    /// He receives whether he is there or not.
    pub anyway: bool,
    /// Where they go; None = they are left.
    pub fallback: Option<Goal>,
}

/// Where they go at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Where to.
    pub target: Target,
    /// The rep that intent names, there or not.
    pub named: Option<u32>,
    /// The rep in whose place another one receives.
    pub in_place_of: Option<u32>,
    /// Where they have been handed on to.
    pub handed_on: Option<Goal>,
}

/// Why somebody cannot receive who is not at work.
pub fn reason(why: Why) -> Reason {
    match why {
        Why::Absent => Reason::Absent,
        Why::OutOfHours | Why::Holiday => Reason::OutOfHours,
    }
}

/// What a goal comes to at an instant.
pub fn find(plan: &Plan, goal: Goal, about: DateTime<Utc>) -> Found {
    let rep = |goal: Goal| match goal.target {
        Target::Rep(rep) => Some(rep),
        _ => None,
    };
    let mut found = Found {
        target: goal.target,
        named: rep(goal),
        in_place_of: None,
        handed_on: None,
    };
    let mut goal = goal;
    // A circle of fallbacks, which writing refuses, ends where each has been asked.
    for _ in 0..=plan.singles.len() {
        let single = goal.single.and_then(|single| plan.singles.get(single as usize));
        found.target = goal.target;
        let refused = match goal.target {
            Target::Rep(rep) => {
                let name = plan.reps.get(rep as usize).map_or("", String::as_str);
                match plan.people.standing(name, about) {
                    Standing::AtWork => return found,
                    Standing::Away {
                        stand_in: Some(name), ..
                    } if plan.rep_numbers.contains_key(name) => {
                        found.in_place_of = Some(rep);
                        found.target = plan.rep_numbers.get(name).map_or(goal.target, |&rep| Target::Rep(rep));
                        return found;
                    }
                    Standing::Away { .. } if single.is_some_and(|single| single.anyway) => return found,
                    Standing::Away { why, .. } => Target::leave(reason(why)),
                }
            }
            Target::Leave(_) => goal.target,
            Target::Pool(_) | Target::Unowned | Target::Place => return found,
        };
        match single.and_then(|single| single.fallback) {
            Some(fallback) => {
                goal = fallback;
                found.handed_on = Some(fallback);
            }
            None => {
                found.target = refused;
                return found;
            }
        }
    }
    found.target = Target::leave(Reason::NoDestination);
    found
}
