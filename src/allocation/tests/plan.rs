//! The pass over the records: every one moved once or left with a reason.

use proptest::prelude::*;

use super::super::{
    AllocationError, Eligibility, Member, Outcome, Pool, Presence, Reason, Request, Seat, Strategy as Way, Target,
    distribute,
};
use super::*;
use crate::allocation::absence::Missed;

const UNOWNED: i32 = -1;
const STRANGER: i32 = -2;

/// A pool that goes by turns, of members whose reps have these numbers.
fn pool(members: &[Member], reps: &[u32]) -> Pool {
    let seat = |(member, &rep): (&Member, &u32)| Seat {
        key: member.key.clone(),
        own: rep,
        rep,
        stand_in: false,
        weight: member.weight.clone(),
        position: member.position,
        presence: if member.active {
            Presence::Present
        } else {
            Presence::Away {
                why: Reason::NobodyActive,
                missed: Missed::Lost,
            }
        },
        load: "0".to_owned(),
        target: None,
        room: None,
    };
    Pool::new(Way::Turns, members.iter().zip(reps).map(seat).collect())
}

/// The outcome, and the pools as the run left them.
fn allocate(
    leaves: &[i32],
    targets: &[Target],
    reassign: &[bool],
    owned: &[i32],
    pools: &[Pool],
) -> Result<(Outcome, Vec<Pool>), AllocationError> {
    let report = distribute(&Request {
        leaves,
        targets,
        named: &[],
        reassign,
        owned,
        reps: 20,
        pools,
        caps: &[],
        eligibility: &Eligibility::default(),
        class_of: &[],
        values: &[],
        decimals: 0,
        segments: &[],
        hashes: &[],
        previous: &[],
        matched: &[],
        now: 0,
    })?;
    let after = pools.iter().zip(report.pools).map(|(pool, told)| Pool {
        state: told.state,
        ..pool.clone()
    });
    Ok((report.outcome, after.collect()))
}

/// Codes as counted.
fn reasons(outcome: &Outcome) -> Vec<&'static str> {
    outcome.reason.iter().map(|&code| Reason::from(code).as_str()).collect()
}

#[test]
fn what_matched_nothing_takes_the_default() {
    let left = allocate(
        &[0, 0],
        &[Target::leave(Reason::Unmatched)],
        &[false],
        &[UNOWNED, 3],
        &[],
    )
    .unwrap()
    .0;
    assert_eq!(reasons(&left), ["unmatched", "unmatched"]);
    assert_eq!((left.rep, left.seq, left.moved), (vec![-1, -1], vec![0, 0], 0));

    let moved = allocate(&[0], &[Target::Rep(4)], &[false], &[UNOWNED], &[]).unwrap().0;
    assert_eq!(
        (moved.rep, moved.reason, moved.seq, moved.moved),
        (vec![4], vec![0], vec![1], 1)
    );
}

#[test]
fn direct_targets_and_owners() {
    let targets = [
        Target::leave(Reason::Unmatched),
        Target::Rep(1),
        Target::Rep(1),
        Target::Unowned,
        Target::leave(Reason::RepInactive),
        Target::leave(Reason::NoDestination),
    ];
    let reassign = [false, false, true, true, true, false];
    let leaves = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 5];
    let owned = [
        UNOWNED, 1, STRANGER, 0, 1, STRANGER, UNOWNED, 0, STRANGER, 0, UNOWNED, 0,
    ];
    let outcome = allocate(&leaves, &targets, &reassign, &owned, &[]).unwrap().0;
    assert_eq!(
        reasons(&outcome),
        [
            "moved",
            "already_owned",
            "already_owned",
            "moved",
            "same_owner",
            "moved",
            "already_unowned",
            "moved",
            "moved",
            "rep_inactive",
            "no_destination",
            "already_owned",
        ]
    );
    assert_eq!(outcome.rep, [1, -1, -1, 1, -1, 1, -1, -2, -2, -1, -1, -1]);
    assert_eq!(outcome.seq, [1, 0, 0, 2, 0, 3, 0, 4, 5, 0, 0, 0]);
}

/// X3: a record that is left uses no turn, so those that are moved alternate all the same.
#[test]
fn turns_are_used_by_moved_records_alone() {
    let members = [member("a", "1"), member("b", "1")];
    let pools = [pool(&members, &[7, 5])];
    let targets = [Target::leave(Reason::Unmatched), Target::Pool(0), Target::Pool(0)];
    let owned = [UNOWNED, 5, UNOWNED, UNOWNED, 7, UNOWNED];
    let outcome = allocate(&[1, 1, 0, 1, 2, 1], &targets, &[false, false, true], &owned, &pools)
        .unwrap()
        .0;
    assert_eq!(outcome.rep, [7, -1, -1, 5, 7, 5]);
    assert_eq!(outcome.seq, [1, 0, 0, 2, 3, 4]);
    assert_eq!(reasons(&outcome)[1..3], ["already_owned", "unmatched"]);
}

#[test]
fn an_empty_pool_leaves_records() {
    let mut off = member("a", "1");
    off.active = false;
    let pools = [pool(&[off], &[0]), pool(&[], &[])];
    let targets = [Target::Pool(1), Target::Pool(0)];
    let outcome = allocate(&[0, 1], &targets, &[true, true], &[UNOWNED, 0], &pools)
        .unwrap()
        .0;
    assert_eq!(reasons(&outcome), ["nobody_active", "nobody_active"]);
    assert_eq!(outcome.moved, 0);
}

#[test]
fn contradictions_are_errors() {
    let members = [member("a", "1"), member("b", "1")];
    let to_pool = [Target::Pool(0)];
    let run = |leaves: &[i32], targets: &[Target], reassign: &[bool], owned: &[i32], reps: &[u32]| {
        let error = allocate(leaves, targets, reassign, owned, &[pool(&members, reps)]).unwrap_err();
        assert!(!error.to_string().is_empty() && error.hint().ends_with('.'));
        error
    };
    let length = |what, found, expected| AllocationError::LengthMismatch { what, found, expected };
    let beyond = |record, leaf| AllocationError::LeafOutOfRange { record, leaf };
    assert_eq!(run(&[0, 1], &to_pool, &[true], &[-1, -1], &[0, 1]), beyond(1, 1));
    assert_eq!(run(&[0, -1], &to_pool, &[true], &[-1, -1], &[0, 1]), beyond(1, -1));
    assert_eq!(run(&[0], &[], &[], &[-1], &[0, 1]), beyond(0, 0));
    assert_eq!(run(&[0], &to_pool, &[], &[-1], &[0, 1]), length("reassign", 0, 1));
    assert_eq!(run(&[0], &to_pool, &[true], &[], &[0, 1]), length("owned", 0, 1));
    assert_eq!(
        run(&[0], &to_pool, &[true], &[-1], &[0, 20]),
        length("reps of seats", 1, 2)
    );
    for bad in [
        Target::Pool(1),
        Target::Rep(20),
        Target::Leave(0),
        Target::Leave(999),
        Target::Leave(u16::MAX),
    ] {
        assert_eq!(
            run(&[0], &[bad], &[true], &[-1], &[0, 1]),
            AllocationError::BadTarget { leaf: 0 }
        );
    }
}

#[test]
fn reasons_survive_their_codes() {
    for code in 0..=16 {
        assert_eq!(i16::from(Reason::from(code)), code);
        assert_ne!(Reason::from(code), Reason::Unknown);
    }
    assert_eq!(Reason::from(17), Reason::Unknown);
    assert_eq!(Reason::from(-7), Reason::Unknown);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// X3, L4: every record is moved once or left with a reason, places are without gaps in rank order, a pool's turns
    /// go to its records in rank order whatever lies between them, and cutting the run in two changes nothing.
    #[test]
    fn conservation(
        records in prop::collection::vec((0..6_i32, -2..5_i32), 0..120),
        reassign in prop::collection::vec(any::<bool>(), 6),
        one in members(5),
        two in members(5),
        cut in 0..120_usize,
    ) {
        let targets = [
            Target::leave(Reason::Unmatched), Target::Rep(2), Target::Pool(0), Target::Unowned, Target::Pool(1), Target::Pool(0),
        ];
        let (leaves, owned): (Vec<i32>, Vec<i32>) = records.into_iter().unzip();
        let (reps_one, reps_two): (Vec<u32>, Vec<u32>) = ((0..one.len() as u32).collect(), (10..10 + two.len() as u32).collect());
        let pools = [pool(&one, &reps_one), pool(&two, &reps_two)];
        let cut = cut.min(leaves.len());
        let (mut head, between) = allocate(&leaves[..cut], &targets, &reassign, &owned[..cut], &pools).unwrap();
        let (tail, _) = allocate(&leaves[cut..], &targets, &reassign, &owned[cut..], &between).unwrap();
        head.rep.extend(tail.rep);
        head.reason.extend(tail.reason);
        let (outcome, _) = allocate(&leaves, &targets, &reassign, &owned, &pools).unwrap();
        prop_assert_eq!(&head.rep, &outcome.rep);
        prop_assert_eq!(&head.reason, &outcome.reason);

        let mut places = 0;
        for k in 0..leaves.len() {
            let moved = outcome.reason[k] == 0;
            places += i32::from(moved);
            prop_assert_eq!(outcome.seq[k], if moved { places } else { 0 });
            prop_assert_eq!(outcome.rep[k] == Outcome::LEFT, !moved);
        }
        prop_assert_eq!(outcome.moved as i32, places);
        for (leaf_of, quota, reps) in [([2, 5], fresh(&one), &reps_one), ([4, 4], fresh(&two), &reps_two)] {
            let mut quota = quota;
            let got: Vec<i32> = (0..leaves.len())
                .filter(|&k| leaf_of.contains(&leaves[k]) && outcome.reason[k] == 0)
                .map(|k| outcome.rep[k])
                .collect();
            let turns: Vec<i32> = quota.take(got.len()).into_iter().map(|m| reps[m as usize] as i32).collect();
            prop_assert_eq!(got, turns);
        }
    }
}
