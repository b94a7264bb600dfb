//! How the members of a pool that levels stand, and all of them in that order.

use std::cmp::Ordering;

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
}

impl PartialEq for Stand {
    fn eq(&self, other: &Stand) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Stand {}

impl Ord for Stand {
    fn cmp(&self, other: &Stand) -> Ordering {
        // Three roundings are off by less than 1e-15 of it; levels are never below zero.
        let apart = self.near - other.near;
        if apart.abs() > (self.near + other.near) * 1e-12 {
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
/// soon as it is mended, and this is not: who takes a record goes up past a few.
#[derive(Debug, Clone)]
pub(super) struct Ranks {
    /// By runner.
    stands: Vec<Stand>,
    /// Runners, lowest first.
    order: Vec<u32>,
}

impl Ranks {
    /// By runner, how it stands.
    pub fn new(stands: Vec<Stand>) -> Ranks {
        let mut order: Vec<u32> = (0..).take(stands.len()).collect();
        order.sort_unstable_by_key(|&runner| stands[runner as usize]);
        Ranks { stands, order }
    }

    /// One stands higher than before.
    pub fn rise(&mut self, now: Stand) {
        let (stands, runner) = (&self.stands, now.runner as usize);
        let before = stands[runner];
        let from = self.order.partition_point(|&other| stands[other as usize] < before);
        let past = self.order[from + 1..].partition_point(|&other| stands[other as usize] < now);
        self.order[from..=from + past].rotate_left(1);
        self.stands[runner] = now;
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
