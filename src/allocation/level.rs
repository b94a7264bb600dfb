//! Levelling: each record to whoever stands lowest.
//!
//! - *load*: greedy on (L + k)/w, k = 1.., which minimises the sum over all of (L + x)(L + x + 1)/(2w), hence also the largest
//!   load among receivers. Exchange condition: x_i > 0 and i' not full imply (L_i + x_i)/w_i <= (L_i' + x_i' + 1)/w_i'.
//! - *value*: each record, in descending value, to the lowest L/w.
//! - *top-off*: greedy on (L + k)/T while L + k <= T, so that fill ratios are as equal as whole records allow.
//! - *fixed*: everybody the k-th before anybody the next, until it has n or its book is full.
//!
//! Loads only rise within a run, so a heap whose entries are looked at again when they come to the top gives each record
//! in O(log R). Ties go to the larger deficit for one's weight, then position, then key: not always to the same.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::decimal::ONE;
use super::limit::GRAIN;
use super::stand::{Ranks, Stand, bits};

/// What is levelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Load,
    Value,
    TopOff,
    /// So many for each.
    Fixed(u64),
}

/// What this run has given so far, by rep, through whatever leaf: a rep in two pools has one load.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub count: Vec<u64>,
    /// Sum of the values, in millionths.
    pub value: Vec<i128>,
    /// Of records in a segment that some pool fills, by segment.
    pub segments: Vec<Vec<u64>>,
}

impl Given {
    /// Records that a rep was given: of a segment, or of any.
    pub fn of(&self, segment: Option<u32>, rep: u32) -> u64 {
        let counts = match segment {
            None => Some(&self.count),
            Some(segment) => self.segments.get(segment as usize),
        };
        counts.and_then(|counts| counts.get(rep as usize)).copied().unwrap_or(0)
    }
}

/// One who takes part.
#[derive(Debug, Clone)]
pub(super) struct Runner {
    /// Index in the dictionary of reps.
    pub rep: u32,
    /// What it held when the run began, in millionths.
    pub load: i128,
    /// What the load is divided by.
    pub weight: i128,
    /// What it shall hold at most, in millionths.
    pub target: Option<i128>,
    /// How many records its whole book has room for when the run begins.
    pub room: Option<u64>,
    /// Records it was given through this pool.
    pub given: u64,
    /// Its place by position, then key.
    pub rank: u32,
    /// Deficit per weight, in grains of a round in which everybody receives its weight: larger goes first in a tie.
    pub owed: Owed,
}

/// (D - x W S) / share, rounded down, and what remains: the part of a deficit that changes with one's own turns only.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Owed {
    quotient: i128,
    remainder: i128,
    stride: i128,
    stride_remainder: i128,
    share: i128,
}

impl Owed {
    /// Of a member with this deficit and share, one turn being `total` shares.
    pub fn new(deficit: i128, share: i128, total: i128) -> Owed {
        if share == 0 {
            return Owed::default();
        }
        Owed {
            quotient: deficit.div_euclid(share),
            remainder: deficit.rem_euclid(share),
            stride: (total * GRAIN).div_euclid(share),
            stride_remainder: (total * GRAIN).rem_euclid(share),
            share,
        }
    }

    /// It took a turn.
    pub fn pay(&mut self) {
        self.quotient -= self.stride;
        self.remainder -= self.stride_remainder;
        if self.remainder < 0 {
            self.remainder += self.share;
            self.quotient -= 1;
        }
    }

    /// What ties are broken by.
    pub fn measure(&self) -> i128 {
        self.quotient
    }
}

/// All who take part, and a line of them for each set of reps that records are limited to.
#[derive(Debug, Clone)]
pub(super) struct Levels {
    pub rule: Rule,
    /// What is levelled is of this segment; None = of any.
    pub segment: Option<u32>,
    pub runners: Vec<Runner>,
    /// The line of everybody, then one for each set; made when first asked for.
    lines: Vec<Option<Line>>,
    /// Kept while one pool decides about all its records.
    ranks: Option<Ranks>,
}

/// Those who may have records of one kind.
#[derive(Debug, Clone)]
struct Line {
    runners: Vec<u32>,
    /// The same as bits.
    inside: Vec<u64>,
    /// As they stood when they were last looked at: none stands lower by now.
    heap: BinaryHeap<Reverse<Stand>>,
}

impl Levels {
    pub fn new(rule: Rule, segment: Option<u32>, runners: Vec<Runner>) -> Levels {
        Levels {
            rule,
            segment,
            runners,
            lines: Vec::new(),
            ranks: None,
        }
    }

    /// Whether one's own book or number is full; caps apart.
    pub fn full(&self, runner: usize, given: &Given) -> bool {
        let it = &self.runners[runner];
        let held = it.load + i128::from(given.of(self.segment, it.rep)) * ONE;
        let book = it.target.is_some_and(|target| held + ONE > target)
            || it.room.is_some_and(|room| given.of(None, it.rep) >= room);
        match self.rule {
            Rule::Load | Rule::Value => false,
            Rule::TopOff => book,
            Rule::Fixed(each) => it.given >= each || book,
        }
    }

    /// Who is to have the next record: the lowest of the line `of`, which `members` fills when it is first asked for,
    /// without those who are `shut` (full, so for the rest of the run) or `barred` (from this record).
    pub fn next(
        &mut self,
        of: Option<u32>,
        members: impl FnOnce() -> Vec<u32>,
        given: &Given,
        shut: impl Fn(u32) -> bool,
        barred: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let of = of.map_or(0, |set| set as usize + 1);
        if self.lines.len() <= of {
            self.lines.resize(of + 1, None);
        }
        let mut line = match self.lines[of].take() {
            Some(line) => line,
            None => {
                let runners = members();
                let heap = runners.iter().map(|&m| Reverse(self.stand(m, given))).collect();
                let inside = bits(&runners, self.runners.len());
                Line { runners, inside, heap }
            }
        };
        let winner = match &self.ranks {
            None => self.lowest(&mut line.heap, given, shut, barred),
            Some(ranks) => {
                let open = |m: u32| !self.full(m as usize, given) && !shut(m) && !barred(m);
                ranks.lowest(&line.runners, &line.inside, open)
            }
        };
        self.lines[of] = Some(line);
        winner
    }

    fn lowest(
        &self,
        line: &mut BinaryHeap<Reverse<Stand>>,
        given: &Given,
        shut: impl Fn(u32) -> bool,
        barred: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let mut aside = Vec::new();
        let mut winner = None;
        while let Some(mut top) = line.peek_mut() {
            let runner = top.0.runner;
            if !top
                .0
                .is_of(self.height(runner, given), self.runners[runner as usize].owed.measure())
            {
                *top = Reverse(self.stand(runner, given));
                continue;
            }
            if self.full(runner as usize, given) || shut(runner) {
                PeekMut::pop(top);
            } else if barred(runner) {
                aside.push(PeekMut::pop(top));
            } else {
                winner = Some(runner);
                break;
            }
        }
        line.extend(aside);
        winner
    }

    /// From here to [`Levels::rank_no_more`] only this pool's records are given.
    pub fn rank(&mut self, given: &Given) {
        let stands = (0_u32..).take(self.runners.len()).map(|m| self.stand(m, given));
        self.ranks = Some(Ranks::new(stands.collect()));
    }

    pub fn rank_no_more(&mut self) {
        self.ranks = None;
    }

    /// One took a record, which is counted already.
    pub fn took(&mut self, runner: u32, given: &Given) {
        let it = &mut self.runners[runner as usize];
        it.given += 1;
        it.owed.pay();
        if self.ranks.is_some() {
            let now = self.stand(runner, given);
            self.ranks.iter_mut().for_each(|ranks| ranks.rise(now));
        }
    }

    /// The load one has now, in millionths.
    pub fn load(&self, runner: usize, given: &Given) -> i128 {
        let it = &self.runners[runner];
        it.load
            + match self.rule {
                Rule::Value => given.value[it.rep as usize],
                _ => i128::from(given.of(self.segment, it.rep)) * ONE,
            }
    }

    fn stand(&self, runner: u32, given: &Given) -> Stand {
        let it = &self.runners[runner as usize];
        let height = self.height(runner, given);
        Stand::new(height, it.weight, it.owed.measure(), (it.rank, runner))
    }

    fn height(&self, runner: u32, given: &Given) -> i128 {
        match self.rule {
            Rule::Value => self.load(runner as usize, given),
            Rule::Fixed(_) => i128::from(self.runners[runner as usize].given) + 1,
            Rule::Load | Rule::TopOff => self.load(runner as usize, given) + ONE,
        }
    }
}
