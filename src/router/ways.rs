//! How each record came to whom it went: what the leaf says that it reached, or what became of it on the way (its pool
//! handed it on, or somebody stood in). As numbers into a dictionary, for a million records share a handful of ways.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::allocation::Target;
use crate::router::decide::Decision;
use crate::router::goal::Found;
use crate::router::plan::Plan;

/// One way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Why it moved.
    pub reason: String,
    /// The assignment rule that matched.
    pub rule: Option<String>,
    /// The distribution rule whose turn it took.
    pub distribution_rule: Option<String>,
    /// The member whose turn it used, where somebody else stood in.
    pub turn_of: Option<String>,
    /// What a person said about it.
    pub note: Option<String>,
    /// The hopper that it was put into.
    pub hopper: Option<String>,
}

/// The dictionary, and each candidate's number in it.
pub struct Ways<'a> {
    /// By number: the plan's leaves first.
    pub ways: Vec<Way>,
    /// By candidate.
    pub of: Cow<'a, [i32]>,
}

impl<'a> Ways<'a> {
    /// The ways of a decision.
    pub fn of(plan: &Plan, decision: &'a Decision) -> Self {
        let leaf = |(leaf, found): (&crate::router::plan::Leaf, &Found)| Way {
            reason: match found.handed_on {
                Some(_) => "fallback".to_owned(),
                None => leaf.reason.clone(),
            },
            rule: leaf.rule.clone(),
            distribution_rule: match found.handed_on {
                Some(goal) => goal.distribution_rule(plan).map(ToOwned::to_owned),
                None => leaf.distribution_rule.clone(),
            },
            turn_of: found.in_place_of.and_then(|rep| plan.reps.get(rep as usize).cloned()),
            note: leaf.note.clone(),
            hopper: leaf.hopper.clone(),
        };
        let goals = &decision.situation.goals;
        let mut ways: Vec<Way> = plan.leaves.iter().zip(goals).map(leaf).collect();
        let mut of = Cow::Borrowed(decision.candidates.leaves.as_slice());
        let mut known: HashMap<(i32, Option<(u32, u32)>, Option<Option<&str>>), i32> = HashMap::new();
        for diverted in &decision.report.outcome.diverted {
            let Some(slot) = of.to_mut().get_mut(diverted.record as usize) else {
                continue;
            };
            let by_match = diverted
                .matched
                .then(|| decision.matches.stood_in_for(diverted.record as usize));
            let next = ways.len();
            let number = *known
                .entry((*slot, diverted.turn, by_match))
                .or_insert_with(|| next as i32);
            if number as usize == next {
                let mut way = usize::try_from(*slot).ok().and_then(|leaf| ways.get(leaf)).cloned();
                if let Some(way) = &mut way {
                    if diverted.matched {
                        way.reason = "match".to_owned();
                    } else if diverted.fallback {
                        way.reason = "fallback".to_owned();
                    }
                    let rule = diverted.turn.and_then(|(pool, _)| plan.pools.get(pool as usize));
                    way.distribution_rule = rule.map(|rule| rule.name.clone());
                    way.turn_of = match by_match {
                        Some(owner) => owner.map(ToOwned::to_owned),
                        None => match diverted.turn {
                            Some(turn) => stood_in_for(decision, turn),
                            None => at_the_end(plan, decision, *slot),
                        },
                    };
                }
                ways.extend(way);
            }
            *slot = number;
        }
        Self { ways, of }
    }

    /// A candidate's way.
    pub fn get(&self, candidate: usize) -> Option<&Way> {
        let number = self.of.get(candidate)?;
        self.ways.get(usize::try_from(*number).ok()?)
    }
}

fn stood_in_for(decision: &Decision, (pool, member): (u32, u32)) -> Option<String> {
    let seat = decision
        .situation
        .pools
        .get(pool as usize)?
        .seats
        .get(member as usize)?;
    seat.stand_in.then(|| seat.key.clone())
}

/// Who is stood in for where the pool of a leaf, or the last one that it hands on to, falls back to a rep.
fn at_the_end(plan: &Plan, decision: &Decision, leaf: i32) -> Option<String> {
    let situation = &decision.situation;
    let mut found = *situation.goals.get(usize::try_from(leaf).ok()?)?;
    // As many pools as there are, and each once.
    for _ in &situation.fallbacks {
        let Target::Pool(pool) = found.target else { break };
        found = (*situation.fallbacks.get(pool as usize)?)?;
    }
    plan.reps.get(found.in_place_of? as usize).cloned()
}
