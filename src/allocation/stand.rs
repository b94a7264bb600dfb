//! How the members of a pool that levels stand, and all of them in that order.

use std::cmp::Ordering;

/// More than three roundings of a level are off by, which is less than 1e-15 of it; levels are never below zero.
const ROUNDING: f64 = 1e-12;

/// How one would stand with the next record: least first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stand {
    /// The level, but for rounding: what most comparisons are decided by.
    near: f64,
    /// Divided by the weight it is the level.
    height: i128,
    weight: i128,
    owed: i128,
    rank: u32,
    pub runner: u32,
}

impl Stand {
    /// `height / weight` is the level; in a tie who is owed more goes first, then the lower rank.
    pub fn new(height: i128, weight: i128, owed: i128, (rank, runner): (u32, u32)) -> Stand {
        Stand {
            near: height as f64 / weight as f64,
            height,
            weight,
            owed,
            rank,
            runner,
        }
    }

    /// Whether its runner still stands so.
    pub fn is_of(&self, height: i128, owed: i128) -> bool {
        self.height == height && self.owed == owed
    }
}

impl PartialEq for Stand {
    fn eq(&self, other: &Stand) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Stand {}

impl Ord for Stand {
    fn cmp(&self, other: &Stand) -> Ordering {
        let apart = self.near - other.near;
        if apart.abs() > (self.near + other.near) * ROUNDING {
            return if apart < 0.0 { Ordering::Less } else { Ordering::Greater };
        }
        // Heights stay below 2^76, weights below 2^50: see `limit`.
        (self.height * other.weight)
            .cmp(&(other.height * self.weight))
            .then_with(|| other.owed.cmp(&self.owed))
            .then_with(|| self.rank.cmp(&other.rank))
    }
}

impl PartialOrd for Stand {
    fn partial_cmp(&self, other: &Stand) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// All runners in the order in which they stand. Where records of many kinds raise whom others see, a heap for each kind is stale as
/// soon as it is mended, and this is not: who takes a record goes up past a few. With some hundred runners it is quicker for one kind too.
#[derive(Debug, Clone)]
pub(super) struct Ranks {
    /// By runner.
    stands: Vec<Stand>,
    /// Runners, lowest first.
    order: Vec<u32>,
    /// Their levels, but for rounding, in that order: close together, as they are searched for each record.
    near: Vec<f64>,
}

impl Ranks {
    /// By runner, how it stands.
    pub fn new(stands: Vec<Stand>) -> Ranks {
        let mut order: Vec<u32> = (0..).take(stands.len()).collect();
        order.sort_unstable_by_key(|&runner| stands[runner as usize]);
        let near = order.iter().map(|&runner| stands[runner as usize].near).collect();
        Ranks { stands, order, near }
    }

    /// One stands higher than before.
    pub fn rise(&mut self, now: Stand) {
        // Who takes a record is among the lowest.
        let Some(from) = self.order.iter().position(|&other| other == now.runner) else {
            return;
        };
        // Surely lower by what is near; those who are neither surely lower nor higher are compared exactly.
        let lower = from + 1 + self.near[from + 1..].partition_point(|&near| near < now.near * (1.0 - 4.0 * ROUNDING));
        let higher = now.near * (1.0 + 4.0 * ROUNDING);
        let mut past = lower;
        if self.near.get(lower).is_some_and(|&near| near <= higher) {
            let alike = self.near[lower..].partition_point(|&near| near <= higher);
            let alike = &self.order[lower..lower + alike];
            past += alike.partition_point(|&other| self.stands[other as usize] < now);
        }
        self.order.copy_within(from + 1..past, from);
        self.near.copy_within(from + 1..past, from);
        self.order[past - 1] = now.runner;
        self.near[past - 1] = now.near;
        self.stands[now.runner as usize] = now;
    }

    /// The lowest of a line whose bits are `inside`.
    pub fn lowest(&self, line: &[u32], inside: &[u64], open: impl Fn(u32) -> bool) -> Option<u32> {
        // Those who stand lowest may be in few lines, or full: then the line itself is shorter.
        let steps = line.len() + 16;
        for &runner in self.order.iter().take(steps) {
            if has(inside, runner) && open(runner) {
                return Some(runner);
            }
        }
        if steps >= self.order.len() {
            return None;
        }
        let open = line.iter().filter(|&&runner| open(runner));
        open.min_by_key(|&&runner| self.stands[runner as usize]).copied()
    }
}

/// One bit for each runner, set for these.
pub(super) fn bits(runners: &[u32], all: usize) -> Vec<u64> {
    let mut bits = vec![0; all.div_ceil(64)];
    for &runner in runners {
        bits[runner as usize / 64] |= 1 << (runner % 64);
    }
    bits
}

fn has(bits: &[u64], runner: u32) -> bool {
    bits[runner as usize / 64] >> (runner % 64) & 1 == 1
}
