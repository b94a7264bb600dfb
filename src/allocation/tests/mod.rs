//! The promises of allocation, held against random pools.
//!
//! `quota` states the promises of turns, `change` those about members, weights and absences that change, `naive` is the
//! method written down literally to compare with, `refused` what must be an error, `plan` the pass for turns alone.
//! `books` what segments of books promise.
//! `run` holds what is true of every strategy, on the random runs of `world`; `level`, `pick`, `performance`, `absence` and
//! `restricted` what each promises; `tables` compares flows with brute force.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

mod absence;
mod books;
mod change;
mod interleave;
mod level;
mod matched;
mod naive;
mod performance;
mod pick;
mod plan;
mod quota;
mod refused;
mod restricted;
mod run;
mod shares;
mod tables;
mod world;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::limit::GRAIN;
use super::{Member, PoolState, Quota};

/// An active member at position 0.
fn member(key: &str, weight: &str) -> Member {
    Member {
        key: key.to_owned(),
        weight: weight.to_owned(),
        position: 0,
        active: true,
    }
}

/// A pool that was never used.
fn fresh(members: &[Member]) -> Quota {
    Quota::new(members, &PoolState::default()).unwrap()
}

/// A number of thousandths as the text of a numeric.
fn text(thousandths: u64) -> String {
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

/// The weight of a member in millionths, read independently of the code under test.
fn units(member: &Member) -> i128 {
    let (whole, fraction) = member.weight.split_once('.').unwrap_or((&member.weight, ""));
    format!("{whole}{fraction:0<6}").parse().unwrap()
}

/// Weights in thousandths: small ones that tie often, whole ones, decimals, and a few far apart.
fn weight() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => (1..=4_u64).prop_map(|w| w * 1000),
        2 => (1..=40_u64).prop_map(|w| w * 500),
        1 => 1..=5_000_u64,
        1 => 1..=2_000_000_u64,
    ]
}

/// Up to `most` active members with different keys, any weights and positions that repeat.
fn members(most: usize) -> impl Strategy<Value = Vec<Member>> {
    prop::collection::vec((weight(), 0..3_i64), 1..=most).prop_map(|rows| {
        rows.into_iter()
            .enumerate()
            .map(|(i, (weight, position))| Member {
                key: format!("m{}", (i * 7) % 100),
                weight: text(weight),
                position,
                active: true,
            })
            .collect()
    })
}

/// The same members with every weight 1.
fn equal(mut members: Vec<Member>) -> Vec<Member> {
    for member in &mut members {
        member.weight = "1".to_owned();
    }
    members
}

/// Turns by member.
fn counts(turns: &[u32], members: usize) -> Vec<i128> {
    let mut counts = vec![0; members];
    for &turn in turns {
        counts[turn as usize] += 1;
    }
    counts
}

/// Turns by key.
fn by_key(turns: &[u32], members: &[Member]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for &turn in turns {
        *counts.entry(members[turn as usize].key.clone()).or_insert(0) += 1;
    }
    counts
}

/// The deficits of a state sum to zero exactly.
fn sums_to_zero(state: &PoolState) -> bool {
    state.deficits.values().sum::<i128>() == 0
}

/// One turn in the unit of a state.
fn whole(state: &PoolState) -> i128 {
    state.total_weight * GRAIN
}
