//! What levelling promises (L4, G16): load, value, top-off, fixed amount.

use proptest::prelude::*;

use super::super::{Pool, Reason, Report, Strategy as Way};
use super::world::{World, seats};

/// Reps with weights, loads and targets.
fn rows() -> impl Strategy<Value = Vec<(u64, u64, u64)>> {
    prop::collection::vec((1..4_u64, 0..9_u64, 0..12_u64), 1..6)
}

/// One pool of them, without positions.
fn world(way: Way, rows: &[(u64, u64, u64)], records: usize) -> World {
    let mut pool = Pool::new(way, seats(&rows.iter().map(|row| row.0 * 1000).collect::<Vec<_>>()));
    for (seat, row) in pool.seats.iter_mut().zip(rows) {
        seat.load = row.1.to_string();
        seat.target = Some(row.2.to_string());
    }
    World::of(pool, records)
}

fn received(report: &Report) -> Vec<u64> {
    report.pools[0].seats.iter().map(|seat| seat.received).collect()
}

/// Every way to give so many to so many.
fn compositions(records: u64, reps: usize) -> Vec<Vec<u64>> {
    if reps == 1 {
        return vec![vec![records]];
    }
    let mut all = Vec::new();
    for first in 0..=records {
        for mut rest in compositions(records - first, reps - 1) {
            rest.insert(0, first);
            all.push(rest);
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// The exchange condition, after every record: nobody who received stands higher than another would with one more.
    #[test]
    fn exchange(rows in rows(), records in 0..60_usize) {
        let report = world(Way::Load, &rows, records).run();
        let mut x = vec![0_u64; rows.len()];
        for &rep in &report.outcome.rep {
            x[rep as usize] += 1;
            for (i, a) in rows.iter().enumerate().filter(|&(i, _)| x[i] > 0) {
                for (j, b) in rows.iter().enumerate() {
                    prop_assert!((a.1 + x[i]) * b.0 <= (b.1 + x[j] + 1) * a.0, "{i} {j} {x:?}");
                }
            }
        }
    }

    /// Brute force: no other way has a smaller sum of (L + x)(L + x + 1)/(2w).
    #[test]
    fn the_least_sum(rows in prop::collection::vec((1..4_u64, 0..6_u64, Just(0_u64)), 1..4), records in 0..9_u64) {
        let found = received(&world(Way::Load, &rows, records as usize).run());
        let cost = |x: &[u64]| -> u64 {
            // Twice twelve times the sum: every weight divides twelve.
            rows.iter().zip(x).map(|(row, x)| (row.1 + x) * (row.1 + x + 1) * (12 / row.0)).sum()
        };
        for other in compositions(records, rows.len()) {
            prop_assert!(cost(&found) <= cost(&other), "{found:?} {other:?}");
        }
    }

    /// Top-off: enough supply fills every book exactly and over-full books get nothing; else nobody who received is fuller,
    /// for its target, than another would be with one more.
    #[test]
    fn top_off(rows in rows(), records in 0..60_usize) {
        let report = world(Way::TopOff, &rows, records).run();
        let x = received(&report);
        let gap = |row: &(u64, u64, u64)| row.2.saturating_sub(row.1);
        let gaps: u64 = rows.iter().map(gap).sum();
        prop_assert_eq!(x.iter().sum::<u64>(), gaps.min(records as u64));
        for (i, a) in rows.iter().enumerate() {
            prop_assert!(x[i] <= gap(a));
            for (j, b) in rows.iter().enumerate().filter(|&(j, b)| x[j] < gap(b)) {
                prop_assert!(x[i] == 0 || (a.1 + x[i]) * b.2 <= (b.1 + x[j] + 1) * a.2, "{i} {j} {x:?}");
            }
        }
        let left = report.outcome.reason.iter().filter(|&&code| Reason::from(code) == Reason::BooksFull).count();
        prop_assert_eq!(left as u64, (records as u64).saturating_sub(gaps));
    }

    /// Fixed amount: at most n and the gap, and nobody the next before everybody who can had as many.
    #[test]
    fn fixed(rows in rows(), records in 0..60_usize, each in 0..6_u64) {
        let x = received(&world(Way::Fixed { each }, &rows, records).run());
        let most: Vec<u64> = rows.iter().map(|row| row.2.saturating_sub(row.1).min(each)).collect();
        prop_assert_eq!(x.iter().sum::<u64>(), most.iter().sum::<u64>().min(records as u64));
        for i in 0..x.len() {
            prop_assert!(x[i] <= most[i]);
            prop_assert!((0..x.len()).all(|j| x[j] == most[j] || x[i] <= x[j] + 1));
        }
    }

    /// By value: the most valuable first, each to the lowest at that time; compared with the rule written down.
    #[test]
    fn by_value(rows in rows(), values in prop::collection::vec(0..40_i64, 0..40)) {
        let mut world = world(Way::Value, &rows, values.len());
        world.values = values.clone();
        let report = world.run();
        let mut line: Vec<usize> = (0..values.len()).collect();
        line.sort_by_key(|&record| std::cmp::Reverse(values[record]));
        // In hundredths, as the values are.
        let mut held: Vec<i64> = rows.iter().map(|row| 100 * row.1 as i64).collect();
        for record in line {
            let rep = report.outcome.rep[record] as usize;
            for other in 0..rows.len() {
                prop_assert!(held[rep] * rows[other].0 as i64 <= held[other] * rows[rep].0 as i64);
            }
            held[rep] += values[record];
        }
        for (seat, held) in report.pools[0].seats.iter().zip(held) {
            let shown = crate::allocation::decimal::parse(&seat.load_after, u64::MAX).unwrap().units;
            prop_assert_eq!(shown, i128::from(held) * 10_000);
        }
    }

    /// By value among sets of reps, where another way of finding the lowest is used: the same as looking at all.
    #[test]
    fn by_value_in_classes(rows in rows(), records in prop::collection::vec((0..40_i64, 0..3_usize), 0..40)) {
        let mut world = world(Way::Value, &rows, records.len());
        let masks = [21_u32, 63, 10];
        let numbers: Vec<u32> = masks.iter().map(|&mask| {
            let reps = super::world::bits(mask).into_iter().filter(|&rep| (rep as usize) < rows.len()).collect();
            let set = Some(world.eligibility.set(reps));
            world.eligibility.class(super::super::Class { set, ..Default::default() })
        }).collect();
        world.values = records.iter().map(|r| r.0).collect();
        world.class_of = records.iter().map(|r| numbers[r.1]).collect();
        let report = world.run();
        let mut line: Vec<usize> = (0..records.len()).collect();
        line.sort_by_key(|&record| std::cmp::Reverse(records[record].0));
        let mut held: Vec<i64> = rows.iter().map(|row| 100 * row.1 as i64).collect();
        for record in line {
            let may = |rep: usize| masks[records[record].1] >> rep & 1 == 1;
            let rep = report.outcome.rep[record];
            prop_assert_eq!(rep < 0, !(0..rows.len()).any(may));
            if rep >= 0 {
                let rep = rep as usize;
                prop_assert!(may(rep));
                for other in (0..rows.len()).filter(|&rep| may(rep)) {
                    prop_assert!(held[rep] * rows[other].0 as i64 <= held[other] * rows[rep].0 as i64);
                }
                held[rep] += records[record].0;
            }
        }
    }

    /// One at a time, loads and counters kept between, is all at once.
    #[test]
    fn one_at_a_time(rows in rows(), records in 1..30_usize) {
        let mut world = world(Way::Load, &rows, records);
        let all = world.run();
        let mut single = Vec::new();
        for record in 0..records {
            let mut one = world.only(record..record + 1);
            let report = one.run();
            single.extend(report.outcome.rep.iter().copied());
            one.keep(&report);
            world.pools = one.pools;
        }
        prop_assert_eq!(single, all.outcome.rep);
        prop_assert_eq!(&world.pools[0].state, &all.pools[0].state);
    }

    /// Ties do not always go to the same: where loads are taken away again after each record, everybody has its share.
    #[test]
    fn ties_take_turns(reps in 1..7_usize, rounds in 1..8_usize) {
        let mut world = World::of(Pool::new(Way::Load, seats(&vec![1000; reps])), 1);
        let mut given = vec![0; reps];
        for _ in 0..rounds * reps {
            let report = world.run();
            given[report.outcome.rep[0] as usize] += 1;
            world.keep(&report);
            world.pools[0].seats.iter_mut().for_each(|seat| seat.load = "0".to_owned());
        }
        prop_assert_eq!(given, vec![rounds; reps]);
    }
}

/// Who holds nothing is served first; fractions of loads count exactly.
#[test]
fn nothing_held_first() {
    let mut world = world(Way::Load, &[(1, 3, 0), (1, 0, 0), (1, 2, 0)], 4);
    // At 3 the one who has received nothing yet goes first.
    assert_eq!(world.run().outcome.rep, [1, 1, 2, 1]);
    world.pools[0].seats[1].load = "2.5".to_owned();
    // 3 stands at 4, 2.5 at 3.5, 2 at 3; then 3.5, 4 and 4, of which the first has the larger deficit.
    assert_eq!(world.run().outcome.rep, [2, 1, 0, 2]);
}

/// A rep in two pools has one load: what one pool gives counts in the other at once.
#[test]
fn one_load_over_all_leaves() {
    let mut world = world(Way::Load, &[(1, 0, 0), (1, 0, 0)], 4);
    world.targets = vec![Target::Pool(0), Target::Rep(0)];
    world.reassign = vec![false; 2];
    world.leaves = vec![1, 1, 0, 0];
    assert_eq!(world.run().outcome.rep, [0, 0, 1, 1]);
    assert_eq!(world.run().pools[0].seats[0].load_after, "2");
}

use super::super::Target;
