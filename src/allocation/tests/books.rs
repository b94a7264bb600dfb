//! Books by segment (G16): a record counts in its own segment only, whatever leaf gives it; the whole book's room binds
//! besides; what is in another segment, or in none, is left.

use proptest::prelude::*;

use super::super::{Class, Pool, Reason, Strategy as Way, Target};
use super::world::{World, seat};

/// Held and target in each of two segments, and room in all.
type Row = ((u64, u64), (u64, u64), u64);

fn world(rows: &[Row], records: &[(i32, i64)], limited: bool) -> World {
    let pool = |segment: u32| {
        let of = |row: &Row| if segment == 0 { row.0 } else { row.1 };
        let seat = |(rep, row): (u32, &Row)| super::super::Seat {
            load: of(row).0.to_string(),
            target: Some(of(row).1.to_string()),
            room: Some(row.2),
            ..seat(rep)
        };
        Pool {
            segment: Some(segment),
            ..Pool::new(Way::TopOff, (0..).zip(rows).map(seat).collect())
        }
    };
    let mut world = World::of(pool(0), records.len());
    world.pools.push(pool(1));
    world.targets = vec![Target::Pool(0), Target::Pool(1), Target::Rep(0)];
    world.reassign = vec![false; 3];
    world.leaves = records.iter().map(|record| record.0).collect();
    world.segments = records.iter().map(|record| record.1).collect();
    if limited {
        let all = (0..rows.len() as u32).collect();
        let set = Some(world.eligibility.set(all));
        let all = world.eligibility.class(Class {
            set,
            ..Class::default()
        });
        let set = Some(world.eligibility.set(vec![0]));
        let first = world.eligibility.class(Class {
            set,
            ..Class::default()
        });
        world.class_of = (0..records.len())
            .map(|n| if n % 2 == 0 { all } else { first })
            .collect();
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn segments_and_books_are_never_overfull(
        rows in prop::collection::vec(((0..6_u64, 0..6_u64), (0..6_u64, 0..6_u64), 0..9_u64), 1..5),
        records in prop::collection::vec((0..3_i32, -1..3_i64), 0..40),
        limited in any::<bool>(),
    ) {
        let outcome = world(&rows, &records, limited).run().outcome;
        let mut given = vec![[0_u64; 2]; rows.len()];
        let mut direct = vec![[0_u64; 2]; rows.len()];
        let mut in_all = vec![0; rows.len()];
        for (n, &(leaf, segment)) in records.iter().enumerate() {
            let moved = outcome.seq[n] > 0;
            if leaf < 2 && i64::from(leaf) != segment {
                prop_assert_eq!(outcome.reason[n], i16::from(Reason::OtherSegment));
            } else if moved {
                let rep = outcome.rep[n] as usize;
                in_all[rep] += u64::from(leaf < 2);
                if let Some(count) = usize::try_from(segment).ok().and_then(|s| given[rep].get_mut(s)) {
                    *count += 1;
                    direct[rep][segment as usize] += u64::from(leaf == 2);
                }
            }
        }
        for (rep, row) in rows.iter().enumerate() {
            for (segment, (held, target)) in [row.0, row.1].into_iter().enumerate() {
                // What a leaf gave a rep by name passes the target, and then the pool gives nothing more.
                let through = given[rep][segment] - direct[rep][segment];
                prop_assert!(through == 0 || held + through <= target);
                prop_assert!(direct[rep][segment] > 0 || held + given[rep][segment] <= target.max(held));
            }
            prop_assert!(in_all[rep] <= row.2);
        }
        // What a pool left for fullness, nobody who may have it had room for.
        for (n, &(leaf, segment)) in records.iter().enumerate() {
            if outcome.reason[n] == i16::from(Reason::BooksFull) {
                let who = if limited && n % 2 == 1 { 1 } else { rows.len() };
                for (rep, row) in rows.iter().enumerate().take(who) {
                    let (held, target) = if leaf == 0 { row.0 } else { row.1 };
                    let all: u64 = in_all[rep] + (0..records.len()).filter(|&m| records[m].0 == 2 && outcome.seq[m] > 0 && outcome.rep[m] as usize == rep).count() as u64;
                    prop_assert!(held + given[rep][segment as usize] >= target || all >= row.2);
                }
            }
        }
    }
}

#[test]
fn a_record_by_another_leaf_fills_the_segment_it_is_in() {
    let rows = [((0, 2), (0, 2), 9)];
    // By name two records of the first segment: its pool has nothing left to fill, the other's has.
    let outcome = world(&rows, &[(2, 0), (2, 0), (0, 0), (1, 1), (1, 1), (1, 1)], false)
        .run()
        .outcome;
    let full = i16::from(Reason::BooksFull);
    assert_eq!(outcome.reason, [0, 0, full, 0, 0, full]);
}

#[test]
fn the_book_overrules_its_segments() {
    let rows = [((1, 5), (0, 5), 3)];
    let outcome = world(&rows, &[(0, 0), (1, 1), (0, 0), (1, 1)], false).run().outcome;
    assert_eq!(outcome.moved, 3);
}
