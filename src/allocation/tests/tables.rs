//! Tables and flows by themselves (X12): the bounds, and brute force as the oracle.

use proptest::prelude::*;

use super::super::spread::{Group, Slot, cells, levelled, spread};
use super::super::table::{Class, Column, Shares, rounded};
use super::world::bits;

const ONE: i128 = 1_000_000;

/// Classes over so many columns: (supply, the columns as bits).
fn classes(columns: u32, most: u64) -> impl Strategy<Value = Vec<Class>> {
    let class = (0..=most, 1..1_u32 << columns);
    prop::collection::vec(class, 1..5).prop_map(|rows| {
        let class = |(supply, mask): (u64, u32)| Class {
            supply,
            columns: bits(mask),
            costs: Vec::new(),
        };
        rows.into_iter().map(class).collect()
    })
}

/// E by column as an exact fraction over one denominator, for weights so small that there is one.
fn entitlements(classes: &[Class], weights: &[i128]) -> (Vec<i128>, i128) {
    let total = |class: &Class| class.columns.iter().map(|&c| weights[c as usize]).sum::<i128>();
    let common: i128 = classes.iter().map(total).product();
    let mut sums = vec![0; weights.len()];
    for class in classes {
        for &column in &class.columns {
            sums[column as usize] += i128::from(class.supply) * weights[column as usize] * (common / total(class));
        }
    }
    (sums, common)
}

/// Every way to give the records of the classes to the slots, some left, as sums by slot.
fn all_sums(classes: &[Class], slots: &[Slot], groups: &[Group]) -> std::collections::BTreeSet<Vec<u64>> {
    let mut sums = std::collections::BTreeSet::from([vec![0; slots.len()]]);
    for class in classes {
        for _ in 0..class.supply {
            let mut next = sums.clone();
            for sum in &sums {
                for &column in &class.columns {
                    let mut more = sum.clone();
                    more[column as usize] += 1;
                    let own = slots[column as usize]
                        .cap
                        .is_none_or(|cap| more[column as usize] <= cap);
                    let shared = groups
                        .iter()
                        .all(|g| g.slots.iter().map(|&s| more[s as usize]).sum::<u64>() <= g.cap);
                    if own && shared {
                        next.insert(more);
                    }
                }
            }
            sums = next;
        }
    }
    sums
}

/// The sum of (L + k)/w over all units, and the levels after each unit from the highest down, over one denominator.
fn measure(slots: &[Slot], given: &[u64]) -> (i128, Vec<i128>) {
    let common: i128 = slots.iter().map(|slot| slot.weight).product();
    let mut levels = Vec::new();
    for (slot, &x) in slots.iter().zip(given) {
        levels.extend((1..=i128::from(x)).map(|k| (slot.load + k * ONE) * (common / slot.weight)));
    }
    levels.sort_unstable_by_key(|&level| std::cmp::Reverse(level));
    (levels.iter().sum(), levels)
}

fn slots(count: usize) -> impl Strategy<Value = Vec<Slot>> {
    let slot = (0..5_i128, 1..4_i128, prop::option::of(0..4_u64), 0..3_i128);
    let slot = slot.prop_map(|(load, weight, cap, owed)| Slot {
        load: load * ONE,
        weight,
        cap,
        owed,
    });
    prop::collection::vec(slot, count)
}

/// Groups that lie within one another or apart: by halves of the columns.
fn groups() -> impl Strategy<Value = Vec<Group>> {
    let cap = || prop::option::of(0..6_u64);
    (cap(), cap(), cap()).prop_map(|caps| {
        let sets: [(Option<u64>, Vec<u32>); 3] =
            [(caps.0, vec![0, 1]), (caps.1, vec![2, 3]), (caps.2, vec![0, 1, 2, 3])];
        sets.into_iter()
            .filter_map(|(cap, slots)| cap.map(|cap| Group { cap, slots }))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Every row sums to n, every cell is the floor or ceiling of n w / W, every column that of E; and whoever could have
    /// been rounded up in place of another was owed less.
    #[test]
    fn rows_cells_and_columns(
        classes in classes(5, 40),
        weights in prop_oneof![Just(vec![1_i128; 5]), prop::collection::vec(1..9_i128, 5)],
        owed in prop::collection::vec(-9..9_i128, 5),
    ) {
        let columns: Vec<Column> = weights.iter().zip(owed).map(|(&weight, owed)| Column { weight, cap: None, owed: owed << 38 }).collect();
        let shares = Shares::new(&classes, &columns);
        let table = rounded(&classes, &columns, &shares).unwrap();
        let (entitled, common) = entitlements(&classes, &weights);
        let mut sums = [0_i128; 5];
        for (class, row) in classes.iter().zip(&table) {
            prop_assert_eq!(row.iter().sum::<u64>(), class.supply);
            let total: i128 = class.columns.iter().map(|&c| weights[c as usize]).sum();
            for (&column, &x) in class.columns.iter().zip(row) {
                let share = i128::from(class.supply) * weights[column as usize];
                prop_assert!((i128::from(x) * total - share).abs() < total, "cell {x} of {share}/{total}");
                sums[column as usize] += i128::from(x);
            }
        }
        for (&x, &entitled) in sums.iter().zip(&entitled) {
            prop_assert!((x * common - entitled).abs() < common, "column {x} of {entitled}/{common}");
        }
    }

    /// What is owed decides who is rounded up, where one class goes to all: the largest deficit and fraction first.
    #[test]
    fn the_owed_are_rounded_up(supply in 0..30_u64, weights in prop::collection::vec(1..9_i128, 5), owed in prop::collection::vec(-9..9_i128, 5)) {
        let columns: Vec<Column> = weights.iter().zip(&owed).map(|(&weight, &owed)| Column { weight, cap: None, owed: owed << 38 }).collect();
        let classes = [Class { supply, columns: bits(31), costs: Vec::new() }];
        let shares = Shares::new(&classes, &columns);
        let table = rounded(&classes, &columns, &shares).unwrap();
        let total: i128 = weights.iter().sum();
        // In quarters of a turn, times the total.
        let claim = |c: usize| owed[c] * total + 4 * (i128::from(supply) * weights[c]).rem_euclid(total);
        let up = |c: usize| i128::from(table[0][c]) * total > i128::from(supply) * weights[c];
        let ragged = |c: usize| i128::from(supply) * weights[c] % total != 0;
        for a in (0..5).filter(|&c| up(c)) {
            for b in (0..5).filter(|&c| ragged(c) && !up(c)) {
                prop_assert!(claim(a) >= claim(b));
            }
        }
    }

    /// With caps: as many placed as any way places, and among those the least sum of levels, which is at once the least
    /// highest level, and the least second highest ... With shared caps: as many, and the least highest level.
    #[test]
    fn most_placed_then_least_loads(classes in classes(4, 4), slots in slots(4), groups in groups(), shared in any::<bool>()) {
        let groups = if shared { groups } else { Vec::new() };
        let given = spread(&classes, &slots, &groups).unwrap();
        let all = all_sums(&classes, &slots, &groups);
        prop_assert!(all.contains(&given), "{given:?} cannot be");
        let most = all.iter().map(|sums| sums.iter().sum::<u64>()).max().unwrap();
        prop_assert_eq!(given.iter().sum::<u64>(), most);
        let best = all.iter().filter(|sums| sums.iter().sum::<u64>() == most).map(|sums| measure(&slots, sums));
        let found = measure(&slots, &given);
        for other in best {
            if groups.is_empty() {
                prop_assert!(found.0 <= other.0 && found.1 <= other.1, "{found:?} {other:?}");
            } else {
                prop_assert!(found.1.first() <= other.1.first(), "{found:?} {other:?}");
            }
        }
    }

    /// The cheapest table of given sums: brute force over all tables of two classes.
    #[test]
    fn cells_are_the_cheapest(
        supplies in (0..6_u64, 0..6_u64),
        costs in prop::collection::vec(0..3_u16, 6),
        fair in prop::collection::vec(0..3_u64, 6),
        split in prop::collection::vec(0..6_u64, 4),
    ) {
        let class = |supply: u64, costs: &[u16]| Class { supply, columns: vec![0, 1, 2], costs: costs.to_vec() };
        let classes = [class(supplies.0, &costs[..3]), class(supplies.1, &costs[3..])];
        let rows = |n: u64, a: u64, b: u64| { let a = a.min(n); let b = b.min(n - a); [a, b, n - a - b] };
        let (one, two) = (rows(supplies.0, split[0], split[1]), rows(supplies.1, split[2], split[3]));
        let sums: Vec<u64> = one.iter().zip(two).map(|(a, b)| a + b).collect();
        let fair = vec![fair[..3].to_vec(), fair[3..].to_vec()];
        let price = |table: &Vec<Vec<u64>>| -> u64 {
            let cell = |c: usize, r: usize| {
                let (x, free) = (table[c][r], fair[c][r]);
                x * 2 * u64::from(classes[c].costs[r]) + x.saturating_sub(free)
            };
            (0..2).flat_map(|c| (0..3).map(move |r| (c, r))).map(|(c, r)| cell(c, r)).sum()
        };
        let table = cells(&classes, &sums, &fair);
        for (row, supply) in table.iter().zip([supplies.0, supplies.1]) {
            prop_assert_eq!(row.iter().sum::<u64>(), supply);
        }
        for (column, &sum) in sums.iter().enumerate() {
            prop_assert_eq!(table[0][column] + table[1][column], sum);
        }
        for a in 0..=supplies.0.min(sums[0]) {
            for b in 0..=(supplies.0 - a).min(sums[1]) {
                let c = supplies.0 - a - b;
                if c <= sums[2] {
                    let other = vec![vec![a, b, c], vec![sums[0] - a, sums[1] - b, sums[2] - c]];
                    prop_assert!(price(&table) <= price(&other));
                }
            }
        }
    }

    /// Levelling in bulk is levelling one by one.
    #[test]
    fn bulk_is_one_by_one(slots in slots(6), records in 0..200_u64, spread in 1..2_000_000_i128) {
        let mut slots = slots;
        for slot in &mut slots {
            slot.load = slot.load * spread / 7;
            slot.weight = slot.weight * spread % 1_000 + 1;
            slot.cap = slot.cap.map(|cap| cap * 9);
        }
        let among: Vec<u32> = (0..6).collect();
        let mut given = vec![0_u64; 6];
        for _ in 0..records {
            let open = (0..6).filter(|&s| slots[s].cap.is_none_or(|cap| given[s] < cap));
            let level = |s: usize| (slots[s].load + (i128::from(given[s]) + 1) * ONE, slots[s].weight);
            let lowest = open.min_by(|&a, &b| {
                let ((ha, wa), (hb, wb)) = (level(a), level(b));
                (ha * wb).cmp(&(hb * wa)).then(slots[b].owed.cmp(&slots[a].owed)).then(a.cmp(&b))
            });
            let Some(lowest) = lowest else { break };
            given[lowest] += 1;
        }
        prop_assert_eq!(levelled(&slots, &among, records), given);
    }
}

/// Three thirds are one, which no rounding of thirds tells: such a column gets exactly its one, whatever it and others are owed.
#[test]
fn thirds_are_whole() {
    let class = |columns: [u32; 3]| Class {
        supply: 1,
        columns: columns.to_vec(),
        costs: Vec::new(),
    };
    let classes = [class([0, 1, 2]), class([0, 1, 2]), class([0, 3, 4])];
    for owed in [-5, 0, 5] {
        let column = |owed: i128| Column {
            weight: 1,
            cap: None,
            owed: owed << 40,
        };
        let columns: Vec<Column> = [owed, 0, 0, 0, 0].into_iter().map(column).collect();
        let table = rounded(&classes, &columns, &Shares::new(&classes, &columns)).unwrap();
        assert_eq!(table[0][0] + table[1][0] + table[2][0], 1, "{owed}");
    }
}

/// More records than there are stages: what a shared cap keeps from two goes to the other two evenly.
#[test]
fn a_team_cap_and_many_records() {
    let slot = |load: i128| Slot {
        load: load * ONE,
        weight: 1,
        cap: None,
        owed: 0,
    };
    let classes = [Class {
        supply: 1000,
        columns: vec![0, 1, 2, 3],
        costs: Vec::new(),
    }];
    let groups = [Group {
        cap: 100,
        slots: vec![0, 1],
    }];
    let slots = [slot(0), slot(20), slot(0), slot(7)];
    let given = spread(&classes, &slots, &groups).unwrap();
    assert_eq!(given[0] + given[1], 100);
    assert_eq!(given[2].abs_diff(given[3] + 7), 1, "{given:?}");
}
