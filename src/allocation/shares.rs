//! What a run gave whom in each segment, and what each was entitled to there.
//!
//! A segment is what the records of a pool have in common that decides for longer than a run: which of its members may have
//! them, by criteria. Whom a cool-down keeps from single records is taken into account in what the others are entitled to.

use std::collections::BTreeMap;

use super::decimal;
use super::limit;
use super::plan::{Outcome, Target};
use super::pool::{Pool, Presence, Strategy};
use super::report::Report;
use super::request::Request;

/// The class of records that everybody may have, where a run has no classes.
const EVERYBODY: u32 = u32::MAX;

/// What a member of a pool received in one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The pool, as the request numbers them.
    pub pool: u32,
    /// The members who were there and might have its records: places among the pool's seats, ascending.
    pub segment: Vec<u32>,
    /// The member.
    pub seat: u32,
    /// How many records of the segment it received, or whoever stood in for it.
    pub received: u64,
    /// How many it was entitled to by its weight, in millionths of a record; None where weights entitle to nothing.
    pub entitled: Option<u64>,
}

/// What a member was given and entitled to.
#[derive(Default, Clone, Copy)]
struct Sum {
    received: u64,
    entitled: i128,
}

/// The shares of all members in all segments of which a pool gave something.
pub fn shares(request: &Request<'_>, report: &Report) -> Vec<Share> {
    // Records of one class are alike: what they entitle to is asked once for all of them.
    let mut given: BTreeMap<(u32, u32), BTreeMap<u32, u64>> = BTreeMap::new();
    for (record, pool, seat) in turns(request, &report.outcome) {
        let class = request.class_of.get(record).copied().unwrap_or(EVERYBODY);
        *given.entry((pool, class)).or_default().entry(seat).or_default() += 1;
    }
    let mut sums: BTreeMap<(u32, Vec<u32>), BTreeMap<u32, Sum>> = BTreeMap::new();
    for ((pool, class), counts) in given {
        let spec = &request.pools[pool as usize];
        let class = request.eligibility.classes.get(class as usize);
        let segment = present(spec, |rep| {
            class
                .and_then(|class| class.set)
                .is_none_or(|set| request.eligibility.has(set, rep))
        });
        let barred = |rep| class.is_some_and(|class| class.bars(rep));
        let weights: Vec<(u32, i128)> = segment
            .iter()
            .filter(|&&seat| !barred(spec.seats[seat as usize].rep))
            .map(|&seat| (seat, weight(spec, seat)))
            .collect();
        let total: i128 = weights.iter().map(|(_, weight)| weight).sum();
        let placed: u64 = counts.values().sum();
        let seats = segment.iter().map(|&seat| (seat, Sum::default())).collect();
        let sums = sums.entry((pool, segment)).or_insert_with(|| seats);
        for (seat, weight) in weights {
            sums.entry(seat).or_default().entitled += part(placed, weight, total);
        }
        for (seat, received) in counts {
            sums.entry(seat).or_default().received += received;
        }
    }
    let share = |((pool, segment), sums): ((u32, Vec<u32>), BTreeMap<u32, Sum>)| {
        let by_weight = by_weight(request.pools[pool as usize].strategy);
        sums.into_iter().map(move |(seat, sum)| Share {
            pool,
            segment: segment.clone(),
            seat,
            received: sum.received,
            entitled: by_weight.then(|| u64::try_from(sum.entitled).unwrap_or(u64::MAX)),
        })
    };
    sums.into_iter().flat_map(share).collect()
}

/// The records that were moved by a turn: the record's place, the pool, and whose turn it was.
fn turns<'a>(request: &'a Request<'_>, outcome: &'a Outcome) -> impl Iterator<Item = (usize, u32, u32)> + 'a {
    let diverted: BTreeMap<u32, Option<(u32, u32)>> = outcome.diverted.iter().map(|d| (d.record, d.turn)).collect();
    let seats: Vec<BTreeMap<u32, u32>> = request
        .pools
        .iter()
        .map(|pool| {
            pool.seats
                .iter()
                .zip(0..)
                .filter(|(seat, _)| !seat.stand_in)
                .map(|(seat, at)| (seat.rep, at))
                .collect()
        })
        .collect();
    (0..)
        .zip(&outcome.rep)
        .enumerate()
        .filter_map(move |(record, (number, &rep))| {
            let rep = u32::try_from(rep).ok()?;
            if let Some(turn) = diverted.get(&number) {
                return turn.map(|(pool, seat)| (record, pool, seat));
            }
            let leaf = usize::try_from(request.leaves[record]).ok()?;
            match request.targets.get(leaf)? {
                Target::Pool(pool) => Some((record, *pool, *seats[*pool as usize].get(&rep)?)),
                _ => None,
            }
        })
}

/// Who of a pool is there, of those whose reps may.
fn present(pool: &Pool, may: impl Fn(u32) -> bool) -> Vec<u32> {
    let seats = pool.seats.iter().zip(0..);
    seats
        .filter(|(seat, _)| seat.presence == Presence::Present && may(seat.rep))
        .map(|(_, at)| at)
        .collect()
}

fn by_weight(strategy: Strategy) -> bool {
    matches!(strategy, Strategy::Turns | Strategy::Sticky | Strategy::Random { .. })
}

/// A member's weight in millionths. It was read when the records were given out; what cannot be read weighs nothing.
fn weight(pool: &Pool, seat: u32) -> i128 {
    decimal::parse(&pool.seats[seat as usize].weight, limit::WEIGHT).map_or(0, |weight| weight.units)
}

/// A part of the records in millionths, rounded to the nearest.
fn part(placed: u64, weight: i128, total: i128) -> i128 {
    match total {
        0 => 0,
        _ => (i128::from(placed) * decimal::ONE * weight * 2 + total) / (total * 2),
    }
}
