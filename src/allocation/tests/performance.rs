//! By performance (L4): rates as weights, exact to the millionth, and the weighted promise for what was frozen.

use proptest::prelude::*;

use super::super::AllocationError;
use super::super::performance::{Record, Shrink, team_prior, weights};
use super::*;

fn shrink(wins: &str, losses: &str, floor: &str, ceiling: &str) -> Shrink {
    Shrink {
        wins: wins.to_owned(),
        losses: losses.to_owned(),
        floor: floor.to_owned(),
        ceiling: ceiling.to_owned(),
    }
}

/// Won and handled.
fn records() -> impl Strategy<Value = Vec<(u64, u64)>> {
    let record = (0..200_u64, 0..200_u64).prop_map(|(wins, lost)| (wins, wins + lost));
    prop::collection::vec(record, 1..8)
}

fn read(records: &[(u64, u64)]) -> Vec<Record> {
    let record = |(wins, handled): &(u64, u64)| Record::new("m", &wins.to_string(), &handled.to_string()).unwrap();
    records.iter().map(record).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// w = clamp(floor, ceiling, (a + wins) / (a + b + handled)) to the millionth, and the quota method keeps its promise for it.
    #[test]
    fn rates_become_weights(records in records(), a in 0..5_000_u64, b in 1..5_000_u64, floor in 1..300_u64, more in 0..900_u64) {
        let shrink = shrink(&text(a), &text(b), &text(floor), &text(floor + more));
        let weights = weights(&read(&records), &shrink).unwrap();
        let mut members = Vec::new();
        for (record, weight) in records.iter().zip(&weights) {
            // In thousandths.
            let rate = (a + 1000 * record.0) as f64 / (a + b + 1000 * record.1) as f64;
            let clamped = rate.clamp(floor as f64 / 1000.0, (floor + more) as f64 / 1000.0);
            prop_assert!((weight.parse::<f64>().unwrap() - clamped).abs() <= 0.51e-6);
            members.push(member(&format!("m{}", members.len()), weight));
        }
        let units: Vec<i128> = members.iter().map(units).collect();
        let total: i128 = units.iter().sum();
        let mut given = vec![0_i128; members.len()];
        let mut quota = fresh(&members);
        for t in 1..=60 {
            given[quota.next().unwrap()] += 1;
            prop_assert!(given.iter().zip(&units).all(|(x, w)| (x * total - t * w).abs() < total));
        }
    }

    /// The team's prior shrinks towards the team's mean: who has handled nothing weighs exactly that.
    #[test]
    fn newcomers_weigh_the_mean(records in records(), strength in 1..50_u32) {
        let (wins, losses) = team_prior(&read(&records), strength);
        let handled: u64 = records.iter().map(|r| r.1).sum();
        let mean = if handled == 0 { 0.5 } else { records.iter().map(|r| r.0).sum::<u64>() as f64 / handled as f64 };
        let weight = &weights(&[Record::default()], &shrink(&wins, &losses, "0.000001", "1")).unwrap()[0];
        prop_assert!((weight.parse::<f64>().unwrap() - mean.max(1e-6)).abs() < 2e-6);
        prop_assert_eq!(wins.parse::<f64>().unwrap() + losses.parse::<f64>().unwrap(), f64::from(strength));
    }
}

#[test]
fn a_worked_example() {
    let records = read(&[(0, 0), (5, 10), (90, 100), (0, 50)]);
    let weights = weights(&records, &shrink("2", "8", "0.1", "0.8")).unwrap();
    assert_eq!(weights, ["0.2", "0.35", "0.8", "0.1"]);
    // Halves go up.
    let third = super::super::performance::weights(&records[..1], &shrink("1", "63", "0.000001", "1")).unwrap();
    assert_eq!(third, ["0.015625"]);
    let rounded = super::super::performance::weights(&records[..1], &shrink("1", "127", "0.000001", "1")).unwrap();
    assert_eq!(rounded, ["0.007813"]);
}

#[test]
fn settings_that_make_no_sense() {
    for (bad, what) in [
        (shrink("0", "0", "0.1", "1"), "prior losses"),
        (shrink("-1", "1", "0.1", "1"), "prior wins"),
        (shrink("1", "1", "0", "1"), "floor"),
        (shrink("1", "1", "0.5", "0.4"), "ceiling"),
        (shrink("1", "1", "0.5", "much"), "ceiling"),
    ] {
        let error = weights(&[Record::default()], &bad).unwrap_err();
        assert!(
            matches!(error, AllocationError::BadSetting { what: it, .. } if it == what),
            "{error:?}"
        );
        assert!(!error.to_string().is_empty() && error.hint().ends_with('.'));
    }
}
