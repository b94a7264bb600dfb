//! Whom a destination leads to: the numbers of reps and pools, and where a record goes that nobody there can have.

use super::Compiler;
use crate::allocation::{Reason, Target};
use crate::error::Result;
use crate::router::distribution_rule::DistributionRule;
use crate::router::goal::{Goal, Single};

impl Compiler<'_> {
    pub(super) fn rep_target(&mut self, rep: &str) -> Target {
        if self.intent.reps.get(rep).copied().unwrap_or(false) {
            Target::Rep(self.rep(rep))
        } else {
            Target::leave(Reason::RepInactive)
        }
    }

    pub(super) fn rep(&mut self, rep: &str) -> u32 {
        let next = self.reps.len() as u32;
        let number = *self.rep_numbers.entry(rep.to_owned()).or_insert(next);
        if number == next {
            self.reps.push(rep.to_owned());
        }
        number
    }

    fn pool(&mut self, rule: &DistributionRule) -> Result<u32> {
        let next = self.pools.len() as u32;
        let number = *self.pool_numbers.entry(rule.name.clone()).or_insert(next);
        if number == next {
            let numbers = rule.members.iter().map(|member| self.rep(&member.rep)).collect();
            self.pool_reps.push(numbers);
            self.pools.push(rule.clone());
            self.pool_fallbacks.push(None);
            let fallback = self.fallback(rule)?;
            if let Some(slot) = self.pool_fallbacks.get_mut(number as usize) {
                *slot = fallback;
            }
        }
        Ok(number)
    }

    /// Where a pool's records go that nobody in it can have. (A circle of fallbacks, which writing refuses, is found when
    /// the records are given out.)
    fn fallback(&mut self, rule: &DistributionRule) -> Result<Option<Goal>> {
        if let Some(rep) = &rule.fallback_to_rep {
            return Ok(Some(Goal::of(self.rep_target(rep))));
        }
        let Some(name) = &rule.fallback_to_distribution_rule else {
            return Ok(None);
        };
        let next = *self
            .rules
            .get(name.as_str())
            .ok_or_else(|| crate::check::no_such("distribution_rule", name))?;
        self.rule_goal(next).map(Some)
    }

    pub(super) fn rule_goal(&mut self, rule: &DistributionRule) -> Result<Goal> {
        Ok(match &rule.rep {
            Some(rep) => Goal {
                target: self.rep_target(rep),
                single: Some(self.single(rule)?),
            },
            None => Goal::of(Target::Pool(self.pool(rule)?)),
        })
    }

    fn single(&mut self, rule: &DistributionRule) -> Result<u32> {
        let next = self.singles.len() as u32;
        let number = *self.single_numbers.entry(rule.name.clone()).or_insert(next);
        if number == next {
            self.singles.push(Single {
                name: rule.name.clone(),
                anyway: rule.if_unavailable == "assign_anyway",
                fallback: None,
            });
            let fallback = self.fallback(rule)?;
            if let Some(single) = self.singles.get_mut(number as usize) {
                single.fallback = fallback;
            }
        }
        Ok(number)
    }

    /// Who can come to stand in for a rep of the dictionary is in it as well.
    pub(super) fn stand_ins(&mut self) {
        let mut next = 0;
        while let Some(rep) = self.reps.get(next).cloned() {
            for name in self.intent.people.stand_ins(&rep) {
                self.rep(name);
            }
            next += 1;
        }
    }
}
