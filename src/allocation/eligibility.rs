//! Which reps a record may go to, said once for all records of a kind.
//!
//! A class is a set of reps (a territory, a skill; none = everybody) without a few (who held the record lately). Sets are kept
//! apart from classes, so that ten thousand classes that each leave out one rep share one list.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Records of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Class {
    /// The set of reps they are limited to, by criteria; None = all of the pool.
    pub set: Option<u32>,
    /// Reps they are kept from for a time (cool-down), ascending.
    pub except: Vec<u32>,
    /// Reps who are wanted less than others, ascending, with how much less: used where everything else is equal.
    pub costs: Vec<(u32, u16)>,
}

impl Class {
    /// What a record of the class costs at a rep.
    pub(super) fn cost(&self, rep: u32) -> u16 {
        self.costs
            .binary_search_by_key(&rep, |&(rep, _)| rep)
            .map_or(0, |at| self.costs[at].1)
    }

    /// Whether a rep is kept from its records for a time.
    pub(super) fn bars(&self, rep: u32) -> bool {
        self.except.binary_search(&rep).is_ok()
    }
}

/// All classes of a run.
#[derive(Debug, Clone, Default)]
pub struct Eligibility {
    /// Each an ascending list of indexes into the dictionary of reps.
    pub(super) sets: Vec<Vec<u32>>,
    pub(super) classes: Vec<Class>,
    known_sets: HashMap<Vec<u32>, u32>,
    known_classes: HashMap<Class, u32>,
}

impl Eligibility {
    /// Sets and classes that were numbered before.
    pub(super) fn of(sets: Vec<Vec<u32>>, classes: Vec<Class>) -> Eligibility {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Eligibility {
            known_sets: sets.iter().cloned().zip(0..).collect(),
            known_classes: classes
                .iter()
                .cloned()
                .enumerate()
                .map(|(n, class)| (class, number(n)))
                .collect(),
            sets,
            classes,
        }
    }

    /// Whether a set has a rep.
    pub(super) fn has(&self, set: u32, rep: u32) -> bool {
        self.sets[set as usize].binary_search(&rep).is_ok()
    }

    /// The number of a set of reps, the same for the same reps.
    pub fn set(&mut self, mut reps: Vec<u32>) -> u32 {
        reps.sort_unstable();
        reps.dedup();
        let next = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        *self.known_sets.entry(reps).or_insert_with_key(|reps| {
            self.sets.push(reps.clone());
            next
        })
    }

    /// The number of a class, the same for the same class.
    pub fn class(&mut self, mut class: Class) -> u32 {
        class.except.sort_unstable();
        class.except.dedup();
        class.costs.sort_unstable();
        class.costs.dedup_by_key(|&mut (rep, _)| rep);
        let next = u32::try_from(self.classes.len()).unwrap_or(u32::MAX);
        *self.known_classes.entry(class).or_insert_with_key(|class| {
            self.classes.push(class.clone());
            next
        })
    }

    /// Whether a rep is in a class's set.
    pub(super) fn within(&self, class: &Class, rep: u32) -> bool {
        let set = class.set.and_then(|set| self.sets.get(set as usize));
        class.set.is_none() || set.is_some_and(|set| set.binary_search(&rep).is_ok())
    }
}
