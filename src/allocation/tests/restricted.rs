//! Restricted eligibility in whole runs (X12): in each class and in total, over time, with caps and preferences.

use proptest::prelude::*;

use super::super::restricted::Method;
use super::super::{Cap, Class as Kind, Pool, Strategy as Way};
use super::world::{World, bits, seats};
use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// A whole run of turns with classes and nothing scarce: bounds by class and in total, and within a class after every record.
    #[test]
    fn a_run_is_fair_in_each_class_and_in_total(
        weights in prop::collection::vec(1..5_000_u64, 6),
        masks in prop::collection::vec(1..64_u32, 1..5),
        picks in prop::collection::vec(0..4_usize, 1..150),
    ) {
        let mut world = World::of(Pool::new(Way::Turns, seats(&weights)), picks.len());
        let numbers: Vec<u32> = masks.iter().map(|&mask| {
            let set = Some(world.eligibility.set(bits(mask)));
            world.eligibility.class(Kind { set, ..Kind::default() })
        }).collect();
        world.class_of = picks.iter().map(|&pick| numbers[pick % numbers.len()]).collect();
        let report = world.run();
        prop_assert_eq!(report.outcome.moved, picks.len());
        let everybody = masks.iter().take(picks.iter().max().map_or(0, |m| m + 1)).all(|&mask| mask == 63);
        prop_assert_eq!(report.pools[0].method == Method::InOrder, everybody || world.class_of.iter().all(|&c| masks[numbers.iter().position(|&n| n == c).unwrap()] == 63));
        let weight = |rep: u32| i128::from(weights[rep as usize]);
        for (&number, &mask) in numbers.iter().zip(&masks) {
            let total: i128 = bits(mask).into_iter().map(weight).sum();
            let mine: Vec<i32> = (0..picks.len()).filter(|&r| world.class_of[r] == number).map(|r| report.outcome.rep[r]).collect();
            let mut given = [0_i128; 6];
            for (t, &rep) in (1..).zip(&mine) {
                prop_assert!(mask >> rep & 1 == 1);
                given[rep as usize] += 1;
                for rep in bits(mask) {
                    let x = given[rep as usize] * total - t * weight(rep);
                    // Within one of its part of the cell, which is within one of the share.
                    prop_assert!(x.abs() < 2 * total);
                }
            }
            for rep in bits(mask) {
                prop_assert!((given[rep as usize] * total - mine.len() as i128 * weight(rep)).abs() < total);
            }
        }
        // What is booked is what was entitled less what was received, and sums to zero.
        prop_assert!(sums_to_zero(&report.pools[0].state));
        for (rep, seat) in (0..).zip(&report.pools[0].seats) {
            let share = |&class: &u32| {
                let mask = masks[numbers.iter().position(|&n| n == class).unwrap()];
                let total: i128 = bits(mask).into_iter().map(weight).sum();
                if mask >> rep & 1 == 1 { weight(rep) as f64 / total as f64 } else { 0.0 }
            };
            let entitled: f64 = world.class_of.iter().map(share).sum();
            prop_assert!((entitled - seat.received as f64 - seat.deficit_after).abs() < 1e-4, "{entitled} {seat:?}");
            prop_assert!(seat.deficit_after.abs() < 1.0 + 1e-9);
        }
    }

    /// One record at a time, of classes that overlap: deficits kept between runs hold everybody near what is theirs.
    #[test]
    fn one_at_a_time_stays_fair(weights in prop::collection::vec(1..4_u64, 4), picks in prop::collection::vec(0..4_usize, 60)) {
        let weights: Vec<u64> = weights.into_iter().map(|w| w * 1000).collect();
        let mut world = World::of(Pool::new(Way::Turns, seats(&weights)), 1);
        let numbers: Vec<u32> = [3, 6, 12, 15].iter().map(|&mask| {
            let set = Some(world.eligibility.set(bits(mask)));
            world.eligibility.class(Kind { set, ..Kind::default() })
        }).collect();
        for pick in picks {
            world.class_of = vec![numbers[pick]];
            let report = world.run();
            world.keep(&report);
            prop_assert!(report.pools[0].seats.iter().all(|seat| seat.deficit_after.abs() < 2.5), "{:?}", report.pools[0].seats);
        }
    }

    /// Greedy above the size: nobody beyond a cap or outside a class, nobody left while somebody has room, and the run says so.
    #[test]
    fn greedy_says_so(picks in prop::collection::vec(0..3_usize, 1..60), left in 0..20_u64) {
        let mut world = World::of(Pool::new(Way::Load, seats(&[1000, 1000, 2000])), picks.len());
        world.pools[0].exact_cells = 0;
        world.caps = vec![Cap { left, reps: vec![0, 1], pool: None }];
        let numbers: Vec<u32> = [1, 3, 6].iter().map(|&mask| {
            let set = Some(world.eligibility.set(bits(mask)));
            world.eligibility.class(Kind { set, ..Kind::default() })
        }).collect();
        world.class_of = picks.iter().map(|&pick| numbers[pick]).collect();
        let report = world.run();
        if left > 0 {
            prop_assert_eq!(report.pools[0].method, Method::GreedyAsLarge);
        }
        prop_assert!(report.pools[0].seats[0].received + report.pools[0].seats[1].received <= left);
        let lost = report.outcome.moved < picks.len();
        prop_assert!(!lost || report.caps_left[0] == 0);
    }
}

/// A worked example: a and b share one territory, b and c another. Without caps everybody has half of each; with a cap on c
/// the rest goes to b, not to a, and nothing is left lying.
#[test]
fn two_territories() {
    let mut world = World::of(Pool::new(Way::Turns, seats(&[1000, 1000, 1000])), 200);
    let numbers: Vec<u32> = [3, 6]
        .iter()
        .map(|&mask| {
            let set = Some(world.eligibility.set(bits(mask)));
            world.eligibility.class(Kind { set, ..Kind::default() })
        })
        .collect();
    world.class_of = (0..200).map(|r| numbers[r % 2]).collect();
    let received = |world: &World| -> (Vec<u64>, Method) {
        let report = world.run();
        (
            report.pools[0].seats.iter().map(|s| s.received).collect(),
            report.pools[0].method,
        )
    };
    assert_eq!(received(&world), (vec![50, 100, 50], Method::Shares));
    world.caps = vec![Cap {
        left: 20,
        reps: vec![2],
        pool: None,
    }];
    assert_eq!(received(&world), (vec![60, 120, 20], Method::Levels));
    world.pools[0].strategy = Way::Load;
    assert_eq!(received(&world), (vec![90, 90, 20], Method::Levels));
    // Caps that cross: a with b, b with c.
    world.caps = vec![
        Cap {
            left: 60,
            reps: vec![0, 1],
            pool: None,
        },
        Cap {
            left: 60,
            reps: vec![1, 2],
            pool: None,
        },
    ];
    assert_eq!(received(&world).1, Method::GreedyAsCrossing);
}

/// Preferences decide where everything else is equal.
#[test]
fn preferences() {
    for way in [Way::Turns, Way::Load] {
        let mut world = World::of(Pool::new(way, seats(&[1000, 1000])), 2);
        let first = world.eligibility.class(Kind {
            costs: vec![(0, 5)],
            ..Kind::default()
        });
        let second = world.eligibility.class(Kind {
            costs: vec![(1, 5)],
            ..Kind::default()
        });
        world.class_of = vec![first, second];
        assert_eq!(world.run().outcome.rep, [1, 0]);
        world.class_of = vec![second, first];
        assert_eq!(world.run().outcome.rep, [0, 1]);
    }
}

/// Where not all of a class can be placed, the last in rank order are left.
#[test]
fn the_last_are_left() {
    let mut world = World::of(Pool::new(Way::Turns, seats(&[1000, 1000])), 6);
    let set = Some(world.eligibility.set(vec![0]));
    let limited = world.eligibility.class(Kind { set, ..Kind::default() });
    let free = world.eligibility.class(Kind::default());
    world.class_of = vec![limited, free, limited, limited, limited, free];
    world.caps = vec![Cap {
        left: 2,
        reps: vec![0],
        pool: None,
    }];
    assert_eq!(world.run().outcome.rep, [0, 1, 0, -1, -1, 1]);
}

/// Greedy, classes with the fewest reps first: who can go to one only does not find it taken.
#[test]
fn greedy_begins_with_the_scarce() {
    let mut world = World::of(Pool::new(Way::Load, seats(&[1000, 1000])), 2);
    world.pools[0].exact_cells = 0;
    let set = Some(world.eligibility.set(vec![0]));
    let limited = world.eligibility.class(Kind { set, ..Kind::default() });
    let free = world.eligibility.class(Kind::default());
    world.class_of = vec![free, limited];
    world.caps = (0..2)
        .map(|rep| Cap {
            left: 1,
            reps: vec![rep],
            pool: None,
        })
        .collect();
    let report = world.run();
    assert_eq!(report.outcome.rep, [1, 0]);
    assert_eq!(report.pools[0].method, Method::GreedyAsLarge);
}
