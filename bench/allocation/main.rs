//! How long the allocation alone takes: seconds of CPU for one million records, by strategy and number of reps.
//!
//!     cargo run --release --example allocation            200 reps, then 10 000
//!     cargo run --release --example allocation -- 200     only so many
//!     cargo run --release --example allocation -- load    only what has the word in its name
//!
//! Each figure is the least of three, of deciding everything about records that are there as arrays: opening the pools
//! on kept counters, all turns, caps, the outcome. Nothing of PostgreSQL takes part.

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on should fail")]

use std::time::Instant;

#[allow(dead_code, unused_imports, reason = "what the engine needs and this does not")]
#[path = "../../src/allocation/mod.rs"]
mod allocation;

use allocation::{
    Cap, Class, Eligibility, Method, Pool, Presence, Report, Request, Seat, Strategy, Target, distribute, record_hash,
};

const RECORDS: usize = 1_000_000;
const CLASSES: usize = 400;
/// Classes where there are thousands of reps, so that cells stay below what is solved exactly.
const FEW_CLASSES: usize = 40;

/// A number that looks random, the same every time.
fn noise(n: usize) -> usize {
    let mut x = (n as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 16) as usize
}

fn seats(reps: usize, equal: bool) -> Vec<Seat> {
    let seat = |rep: usize| Seat {
        key: format!("rep {rep:05}"),
        own: rep as u32,
        rep: rep as u32,
        stand_in: false,
        weight: if equal {
            "1".to_owned()
        } else {
            format!("{}.{:02}", 1 + rep % 7, rep * 37 % 100)
        },
        position: 0,
        presence: Presence::Present,
        load: (noise(rep) % 500).to_string(),
        room: None,
        target: Some((RECORDS / reps + noise(rep) % 900).to_string()),
    };
    (0..reps).map(seat).collect()
}

struct Case {
    name: &'static str,
    strategy: Strategy,
    equal: bool,
    caps: bool,
    classes: bool,
}

/// CPU seconds of this process so far.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after
        .split(' ')
        .skip(12)
        .take(2)
        .filter_map(|t| t.parse().ok())
        .collect();
    ticks.iter().sum::<f64>() / 100.0
}

fn measure(case: &Case, reps: usize, records: &Records) {
    let pools = [Pool::new(case.strategy, seats(reps, case.equal))];
    let mut caps = Vec::new();
    if case.caps {
        // A tenth of the reps are full at half of what would be theirs, and teams of twenty have room for a little more than that.
        caps.extend((0..reps).map(|rep| Cap {
            left: (RECORDS / reps * if rep % 10 == 0 { 1 } else { 4 } / 2) as u64,
            reps: vec![rep as u32],
            pool: None,
        }));
        caps.extend((0..reps / 20).map(|team| Cap {
            left: (RECORDS / reps * 21) as u64,
            reps: (team * 20..team * 20 + 20).map(|rep| rep as u32).collect(),
            pool: None,
        }));
    }
    let mut eligibility = Eligibility::default();
    let count = if reps > 1000 { FEW_CLASSES } else { CLASSES };
    for class in 0..count {
        // Every rep has a territory or two of twenty reps and half of all skills.
        let set = eligibility.set(
            (0..reps)
                .filter(|rep| noise(class * reps + rep).is_multiple_of(2))
                .map(|r| r as u32)
                .collect(),
        );
        eligibility.class(Class {
            set: Some(set),
            ..Class::default()
        });
    }
    let class_of: Vec<u32> = (0..RECORDS)
        .map(|r| (noise(r) % count * (noise(r + 7) % count) / count) as u32)
        .collect();
    let request = Request {
        leaves: &records.leaves,
        targets: &[Target::Pool(0)],
        named: &[],
        reassign: &[true],
        owned: &records.owned,
        reps,
        pools: &pools,
        caps: &caps,
        eligibility: &eligibility,
        class_of: if case.classes { &class_of } else { &[] },
        values: &records.values,
        decimals: 2,
        segments: &[],
        hashes: &records.hashes,
        previous: &[],
        matched: &[],
        now: 0,
    };
    let mut best = (f64::INFINITY, f64::INFINITY);
    let mut report: Option<Report> = None;
    for _ in 0..3 {
        let (clock, began) = (Instant::now(), cpu());
        report = Some(distribute(&request).unwrap());
        best = (best.0.min(cpu() - began), best.1.min(clock.elapsed().as_secs_f64()));
    }
    let report = report.unwrap();
    let how = match report.pools[0].method {
        Method::InOrder => "",
        Method::Shares => "shares",
        Method::Levels => "levels",
        Method::GreedyAsLarge | Method::GreedyAsCrossing => "greedy",
    };
    println!(
        "{:44} {reps:6} {:8.2} {:8.3} {:9} {how}",
        case.name, best.0, best.1, report.outcome.moved
    );
}

struct Records {
    leaves: Vec<i32>,
    owned: Vec<i32>,
    values: Vec<i64>,
    hashes: Vec<u64>,
}

fn main() {
    let (numbers, words): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|arg| arg.parse::<usize>().is_ok());
    let wanted: Vec<usize> = numbers.iter().filter_map(|arg| arg.parse().ok()).collect();
    let records = Records {
        leaves: vec![0; RECORDS],
        owned: vec![-1; RECORDS],
        values: (0..RECORDS).map(|r| (noise(r) % 5_000_000) as i64).collect(),
        hashes: (0..RECORDS).map(|r| record_hash(&r.to_string())).collect(),
    };
    let each = |reps: usize| Strategy::Fixed {
        each: (RECORDS / reps * 2) as u64,
    };
    println!(
        "{:44} {:>6} {:>8} {:>8} {:>9}",
        "1 000 000 records", "reps", "CPU s", "clock s", "moved"
    );
    for reps in if wanted.is_empty() { vec![200, 10_000] } else { wanted } {
        for (name, strategy, equal, caps, classes) in [
            ("round robin", Strategy::Turns, true, false, false),
            ("weighted, by performance", Strategy::Turns, false, false, false),
            ("load", Strategy::Load, false, false, false),
            ("value", Strategy::Value, false, false, false),
            ("top-off", Strategy::TopOff, false, false, false),
            ("fixed amount", each(reps), true, false, false),
            ("sticky, nobody before", Strategy::Sticky, false, false, false),
            ("random", Strategy::Random { seed: 1 }, false, false, false),
            ("round robin, caps", Strategy::Turns, true, true, false),
            ("weighted, caps", Strategy::Turns, false, true, false),
            ("load, caps", Strategy::Load, false, true, false),
            ("weighted, classes", Strategy::Turns, false, false, true),
            ("weighted, classes, caps", Strategy::Turns, false, true, true),
            ("load, classes", Strategy::Load, false, false, true),
            ("load, classes, caps", Strategy::Load, false, true, true),
            ("top-off, classes", Strategy::TopOff, false, false, true),
            ("value, classes", Strategy::Value, false, false, true),
            ("sticky, classes", Strategy::Sticky, false, false, true),
            ("random, classes", Strategy::Random { seed: 1 }, false, false, true),
        ] {
            if !words.is_empty() && !words.iter().any(|word| name.contains(word.as_str())) {
                continue;
            }
            measure(
                &Case {
                    name,
                    strategy,
                    equal,
                    caps,
                    classes,
                },
                reps,
                &records,
            );
        }
    }
}
