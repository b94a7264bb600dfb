//! What must be refused rather than overflow, panic or be guessed at.

use proptest::prelude::*;

use super::super::{AllocationError, limit};
use super::*;

fn refusal(members: &[Member], state: &PoolState) -> AllocationError {
    let error = Quota::new(members, state).unwrap_err();
    assert!(!error.to_string().is_empty() && error.hint().ends_with('.'));
    error
}

#[test]
fn weights_that_are_no_positive_numbers() {
    for value in [
        "", "0", "0.000", "-1", "-0", "+1", "NaN", "Infinity", "1e3", " 1", "1.", ".5", "1.2.3", "1,5", "x", "٣",
    ] {
        let error = refusal(&[member("a", value)], &PoolState::default());
        assert!(matches!(error, AllocationError::BadWeight { .. }), "{value}: {error}");
        assert!(error.to_string().contains("\"a\""));
    }
}

#[test]
fn weights_out_of_bounds() {
    let digits = "9".repeat(200);
    for value in ["1000000000.000001", "1000000001", digits.as_str()] {
        let error = refusal(&[member("a", value)], &PoolState::default());
        assert!(
            matches!(error, AllocationError::WeightTooLarge { .. }),
            "{value}: {error}"
        );
    }
    for value in ["1.0000001", "0.33333333333333333333"] {
        let error = refusal(&[member("a", value)], &PoolState::default());
        assert!(
            matches!(error, AllocationError::WeightTooPrecise { .. }),
            "{value}: {error}"
        );
    }
    // Trailing zeros are not decimals, and a weight of an inactive member is read too.
    fresh(&[member("a", "0001.5000000000000000"), member("b", "1000000000.0")]);
    let off = Member {
        active: false,
        ..member("b", "0")
    };
    refusal(&[member("a", "1"), off], &PoolState::default());
}

#[test]
fn weights_too_far_apart_together() {
    let mut members: Vec<Member> = (0..1200).map(|i| member(&i.to_string(), "1000000000")).collect();
    members.push(member("tiny", "0.000001"));
    let error = refusal(&members, &PoolState::default());
    assert_eq!(error, AllocationError::WeightsTooFarApart);
    members.pop();
    fresh(&members);
}

#[test]
fn a_key_that_comes_twice() {
    let error = refusal(&[member("a", "1"), member("a", "2")], &PoolState::default());
    assert_eq!(error, AllocationError::DuplicateMember { member: "a".to_owned() });
}

#[test]
fn a_state_that_no_pool_can_have_reached() {
    let members = [member("a", "1"), member("b", "1")];
    let state = |total_weight, a| PoolState {
        total_weight,
        scale: 0,
        deficits: BTreeMap::from([("a".to_owned(), a)]),
    };
    for (total, a) in [(-1, 0), (limit::TOTAL + 1, 0), (i128::MAX, 1), (i128::MIN, 1), (0, 5)] {
        let error = refusal(&members, &state(total, a));
        assert_eq!(error, AllocationError::BadTotalWeight { value: total });
    }
    for (total, a) in [(2, i128::MAX), (2, i128::MIN), (limit::TOTAL, i128::MIN)] {
        assert_eq!(refusal(&members, &state(total, a)), AllocationError::DeficitsTooLarge);
    }
    // It is refused at night too, rather than in the morning.
    let off = [Member {
        active: false,
        ..member("a", "1")
    }];
    refusal(&off, &state(2, i128::MAX));
}

#[test]
fn more_turns_back_than_can_be_owed() {
    let members = [member("a", "1"), member("b", "1")];
    let mut quota = fresh(&members);
    quota.take(7);
    let state = quota.state();
    for count in [u64::MAX, limit::TURNS as u64 + 1] {
        let counts = BTreeMap::from([("a".to_owned(), count), ("b".to_owned(), count)]);
        assert!(matches!(
            quota.give_back(&counts),
            Err(AllocationError::TooManyTurns { .. })
        ));
        assert_eq!(quota.state(), state);
    }
    // Each time accepted, until too much is owed; refused, it leaves the books as they were.
    let most = BTreeMap::from([("a".to_owned(), limit::TURNS as u64)]);
    quota.give_back(&most).unwrap();
    let state = quota.state();
    assert_eq!(quota.give_back(&most), Err(AllocationError::DeficitsTooLarge));
    assert_eq!(quota.state(), state);
    assert_eq!(quota.take(3), [0, 0, 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the kept state is, opening a pool on it and using it ends in turns or in an error; never in an overflow,
    /// which debug builds of this test would turn into a panic.
    #[test]
    fn garbage_does_not_overflow(
        total in prop_oneof![any::<i128>(), 0..=limit::TOTAL, Just(limit::TOTAL), 1..100_i128],
        deficits in prop::collection::vec((any::<i128>(), 0..127_u32), 0..4),
        weights in prop::collection::vec((1..=1_000_000_000_000_000_u64, any::<bool>()), 0..6),
        back in 0..=(limit::TURNS as u64),
    ) {
        let deficits = deficits.into_iter().enumerate().map(|(i, (d, bits))| (i.to_string(), d >> bits)).collect();
        let state = PoolState { total_weight: total, scale: 0, deficits };
        let members: Vec<Member> = weights
            .into_iter()
            .enumerate()
            .map(|(i, (units, active))| Member {
                active,
                ..member(&i.to_string(), &format!("{}.{:06}", units / 1_000_000, units % 1_000_000))
            })
            .collect();
        if let Ok(mut quota) = Quota::new(&members, &state) {
            quota.take(20);
            let _ = quota.give_back(&BTreeMap::from([("0".to_owned(), back)]));
            quota.take(20);
            quota.standings();
            if members.iter().any(|m| m.active) {
                prop_assert!(sums_to_zero(&quota.state()));
            }
        }
    }
}
