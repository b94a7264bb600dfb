//! What round robin and weighted promise of one membership (requirements X3, L4).

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// X3: |x - t w/W| < 1 for every member after every single record, in exact arithmetic.
    #[test]
    fn every_prefix_keeps_quota(members in members(9), n in 1..400_usize) {
        let weights: Vec<i128> = members.iter().map(units).collect();
        let total: i128 = weights.iter().sum();
        let mut given = vec![0_i128; members.len()];
        let mut quota = fresh(&members);
        for t in 1..=n as i128 {
            given[quota.next().unwrap()] += 1;
            for (x, w) in given.iter().zip(&weights) {
                prop_assert!((x * total - t * w).abs() < total, "t={t} x={given:?} w={weights:?}");
            }
        }
        prop_assert!(sums_to_zero(&quota.state()));
    }

    /// L4: one run of n equals any split of it into runs that put their state away and open it again.
    #[test]
    fn batches_split_anywhere(members in members(7), batches in prop::collection::vec(0..40_usize, 1..12)) {
        let once = fresh(&members).take(batches.iter().sum());
        let mut state = PoolState::default();
        let mut split = Vec::new();
        for batch in batches {
            let mut quota = Quota::new(&members, &state).unwrap();
            split.extend(quota.take(batch));
            state = quota.state();
        }
        prop_assert_eq!(split, once);
    }

    /// L4: one at a time through the state, as a trigger on each new record would do.
    #[test]
    fn a_hundred_runs_of_one(members in members(6)) {
        let mut state = PoolState::default();
        let mut single = Vec::new();
        for _ in 0..100 {
            let mut quota = Quota::new(&members, &state).unwrap();
            single.extend(quota.take(1));
            state = quota.state();
        }
        prop_assert_eq!(single, fresh(&members).take(100));
    }

    /// X3: at equal weights counts differ by one at most after every record, so nobody has a second before everybody
    /// had one, and the first round goes by position, then key.
    #[test]
    fn round_robin_spreads_by_one_at_most(members in members(9)) {
        let members = equal(members);
        let turns = fresh(&members).take(5 * members.len() + 3);
        let mut given = vec![0; members.len()];
        for &turn in &turns {
            given[turn as usize] += 1;
            let (least, most) = (given.iter().min(), given.iter().max());
            prop_assert!(most.unwrap() - least.unwrap() <= 1);
        }
        let mut first: Vec<usize> = (0..members.len()).collect();
        first.sort_by_key(|&m| (members[m].position, members[m].key.clone()));
        for (turn, expected) in turns.iter().zip(first) {
            prop_assert_eq!(*turn as usize, expected);
        }
    }

    /// X3: more records never take one away: a shorter run is the beginning of a longer one.
    #[test]
    fn more_records_take_none_away(members in members(9), n in 0..150_usize, more in 0..50_usize) {
        let short = fresh(&members).take(n);
        let long = fresh(&members).take(n + more);
        prop_assert_eq!(&short[..], &long[..n]);
    }

    /// The order in which the members are read decides nothing.
    #[test]
    fn reading_order_is_irrelevant(
        (members, shuffled) in members(9).prop_flat_map(|m| (Just(m.clone()), Just(m).prop_shuffle())),
    ) {
        let (mut one, mut other) = (fresh(&members), fresh(&shuffled));
        for _ in 0..100 {
            let a = &members[one.next().unwrap()].key;
            let b = &shuffled[other.next().unwrap()].key;
            prop_assert_eq!(a, b);
        }
        prop_assert_eq!(one.state(), other.state());
    }

    /// The standings of the next turn name its winner first, and every active member once.
    #[test]
    fn standings_foretell_the_next_turn(members in members(8), n in 0..100_usize) {
        let mut quota = fresh(&members);
        quota.take(n);
        let standings = quota.standings();
        let mut named: Vec<usize> = standings.iter().map(|s| s.member).collect();
        prop_assert_eq!(Some(named[0]), quota.next());
        named.sort_unstable();
        prop_assert_eq!(named, (0..members.len()).collect::<Vec<_>>());
        prop_assert!(standings.iter().all(|s| s.deficit.abs() <= 1.0 && s.deadline > 0));
        let unreleased_last = standings.windows(2).all(|s| s[0].released || !s[1].released);
        prop_assert!(unreleased_last && standings[0].released);
    }

    /// Turns given back are as if never taken.
    #[test]
    fn giving_back_is_the_inverse(members in members(8), before in 0..60_usize, n in 0..60_usize) {
        let mut quota = fresh(&members);
        quota.take(before);
        let state = quota.state();
        let turns = quota.take(n);
        let unknown = quota.give_back(&by_key(&turns, &members)).unwrap();
        prop_assert!(unknown.is_empty());
        prop_assert_eq!(&quota.state(), &state);
        prop_assert_eq!(quota.take(n), turns);
    }

    /// Giving back some turns of a run in the middle keeps the sum at zero and the books consistent: what a pool goes
    /// on with is what it would go on with after a restart.
    #[test]
    fn giving_back_some_survives_a_restart(members in members(6), n in 1..60_usize, k in 0..60_usize) {
        let mut quota = fresh(&members);
        let turns = quota.take(n);
        quota.give_back(&by_key(&turns[..k.min(n)], &members)).unwrap();
        let state = quota.state();
        prop_assert!(sums_to_zero(&state));
        prop_assert_eq!(quota.take(50), Quota::new(&members, &state).unwrap().take(50));
    }
}

/// Large integer weights at the limits neither overflow nor break quota.
#[test]
fn extreme_weights_keep_quota() {
    let members = [
        member("big", "1000000000"),
        member("odd", "999999999.999999"),
        member("tiny", "0.000001"),
    ];
    let weights: Vec<i128> = members.iter().map(units).collect();
    let total: i128 = weights.iter().sum();
    let mut quota = fresh(&members);
    let mut given = [0_i128; 3];
    for t in 1..=2000 {
        given[quota.next().unwrap()] += 1;
        for (x, w) in given.iter().zip(&weights) {
            assert!((x * total - t * w).abs() < total);
        }
    }
}

#[test]
fn no_members_and_no_records() {
    let mut nobody = fresh(&[]);
    assert_eq!(nobody.next(), None);
    assert!(nobody.take(5).is_empty());
    assert!(nobody.standings().is_empty());
    assert_eq!(nobody.state(), PoolState::default());

    let mut somebody = fresh(&[member("a", "1"), member("b", "2")]);
    let state = somebody.state();
    assert!(somebody.take(0).is_empty());
    assert_eq!(somebody.state(), state);
}

#[test]
fn one_rep_receives_everything() {
    let members = [member("a", "2.5")];
    let mut quota = fresh(&members);
    assert_eq!(quota.take(4), [0, 0, 0, 0]);
    assert_eq!(quota.state().deficits["a"], 0);
}

/// X3: fewer records than reps: nobody receives two, the first by position do, and the rest are first the next time.
#[test]
fn fewer_records_than_reps() {
    let mut members = [member("a", "1"), member("b", "1"), member("c", "1")];
    members[0].position = 9;
    let mut quota = fresh(&members);
    assert_eq!(quota.take(2), [1, 2]);
    let mut quota = Quota::new(&members, &quota.state()).unwrap();
    assert_eq!(quota.take(2), [0, 1]);
}

/// A worked example: two to one.
#[test]
fn two_to_one() {
    let members = [member("a", "2"), member("b", "1")];
    assert_eq!(fresh(&members).take(6), [0, 1, 0, 0, 1, 0]);
}
