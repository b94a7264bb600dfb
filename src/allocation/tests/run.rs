//! What holds of every run, whatever its strategies (X3, X8, X9, X12, G16, G17).

use proptest::prelude::*;

use super::super::{
    AllocationError, Cap, Class, Method, Outcome, Pool, Presence, Recorded, Strategy as Way, distribute,
};
use super::super::{Missed, Reason, Target};
use super::world::{World, bits, seat, seats, world};
use super::*;

fn reasons(outcome: &Outcome) -> Vec<&'static str> {
    outcome.reason.iter().map(|&code| Reason::from(code).as_str()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Conservation, and who may never receive: every record is moved once or left with a reason; no cap is passed; nobody
    /// absent, not eligible or cooled down receives; no book is over-filled; the same again gives the same.
    /// Somebody may stand in for somebody else, also for several in one pool: that is one rep on several seats.
    #[test]
    fn every_run_keeps_its_promises(mut world in world(), stand_ins in prop::collection::vec((0..3_usize, 0..6_usize, 0..6_u32), 0..4)) {
        for (pool, seat, rep) in stand_ins {
            if let Some(seat) = world.pools[pool].seats.get_mut(seat) {
                (seat.rep, seat.stand_in) = (rep, true);
            }
        }
        let report = world.run();
        let outcome = &report.outcome;
        let mut places = 0;
        let mut used = vec![0_u64; world.caps.len()];
        for record in 0..world.leaves.len() {
            let moved = outcome.reason[record] == 0;
            places += i32::from(moved);
            prop_assert_eq!(outcome.seq[record], if moved { places } else { 0 });
            prop_assert_eq!(outcome.rep[record] == Outcome::LEFT, !moved);
            prop_assert_ne!(Reason::from(outcome.reason[record]), Reason::Unknown);
            let Ok(rep) = u32::try_from(outcome.rep[record]) else { continue };
            if let Some(&class) = world.class_of.get(record) {
                let class = &world.eligibility.classes[class as usize];
                prop_assert!(world.eligibility.within(class, rep) && !class.bars(rep));
            }
            for cap in world.caps_over(rep, None) {
                used[cap] += 1;
            }
        }
        prop_assert_eq!(outcome.moved as i32, places);
        for (pool, after) in (0..).zip(&report.pools) {
            for (seat, after) in world.pools[pool as usize].seats.iter().zip(&after.seats) {
                for cap in world.caps_over(seat.rep, Some(pool)) {
                    if world.caps[cap].pool.is_some() {
                        used[cap] += after.received;
                    }
                }
                prop_assert!(after.received == 0 || seat.presence == Presence::Present);
                if let Way::Fixed { each } = world.pools[pool as usize].strategy {
                    prop_assert!(after.received <= each);
                }
            }
            // While nobody can take a turn, what somebody is owed too much waits to be spread over the others.
            let open = after.seats.iter().any(|seat| seat.closed.is_none());
            prop_assert!(sums_to_zero(&after.state) || !open, "{:?}", after.state);
        }
        for (cap, used) in world.caps.iter().zip(used) {
            prop_assert!(used <= cap.left, "{cap:?} used {used}");
        }
        let total: u64 = report.pools.iter().map(|p| p.placed).sum();
        prop_assert!(total <= outcome.moved as u64);
        prop_assert_eq!(world.run(), report);
    }

    /// Left by a cap or a book means that everybody who could have had it is full at the end, by a cap in the first case.
    #[test]
    fn full_means_that_everybody_is(mut world in world()) {
        world.pools.iter_mut().for_each(|pool| pool.otherwise = None);
        let report = world.run();
        for (record, &code) in report.outcome.reason.iter().enumerate() {
            let Target::Pool(at) = world.targets[world.leaves[record] as usize] else { continue };
            let pool = &world.pools[at as usize];
            let class = world.class_of.get(record).map_or(Class::default(), |&c| world.eligibility.classes[c as usize].clone());
            let could: Vec<Option<Reason>> = pool.seats.iter().zip(&report.pools[at as usize].seats)
                .filter(|(seat, _)| seat.presence == Presence::Present)
                .filter(|(seat, _)| world.eligibility.within(&class, seat.rep) && !class.bars(seat.rep))
                .map(|(_, after)| after.closed)
                .collect();
            match Reason::from(code) {
                Reason::CapsFull => prop_assert!(could.iter().all(Option::is_some) && could.contains(&Some(Reason::CapsFull))),
                // Another leaf may since have filled a cap of theirs as well.
                Reason::BooksFull => prop_assert!(!could.is_empty() && could.iter().all(Option::is_some)),
                Reason::NoEligibleRep | Reason::CooledDown | Reason::Absent | Reason::OutOfHours | Reason::NobodyActive =>
                    prop_assert!(could.is_empty()),
                _ => {}
            }
        }
    }

    /// One run equals any split of it into two that keep state, caps and loads between them: for every strategy that gives
    /// one at a time, with caps, absences and hand-ons.
    #[test]
    fn cut_anywhere(world in world(), cut in 0..60_usize) {
        let mut world = world;
        world.class_of.clear();
        for pool in &mut world.pools {
            if matches!(pool.strategy, Way::Value | Way::Fixed { .. }) {
                // By value sees all records at once; a fixed amount is one of the run.
                pool.strategy = Way::Load;
            }
            for seat in &mut pool.seats {
                if let Presence::Away { missed: Missed::CatchUp { expiry, .. }, .. } = &mut seat.presence {
                    *expiry = None;
                }
            }
        }
        // Loads are kept by pool: what comes by other leaves is not in them.
        let last = world.pools.len() - 1;
        world.pools.drain(..last);
        world.pools[0].otherwise = None;
        world.targets = vec![Target::Pool(0); 6];
        for cap in &mut world.caps {
            cap.pool = None;
        }
        let cut = cut.min(world.leaves.len());
        let whole = world.run();
        let mut part = world.only(0..cut);
        let head = part.run();
        let mut rest = world.only(cut..world.leaves.len());
        rest.pools = part.pools.clone();
        part.keep(&head);
        (rest.pools, rest.caps) = (part.pools, part.caps);
        let tail = rest.run();
        let joined: Vec<i32> = head.outcome.rep.iter().chain(&tail.outcome.rep).copied().collect();
        prop_assert_eq!(&joined, &whole.outcome.rep);
        // A pool that placed nothing is not written.
        let last = if tail.pools[0].placed > 0 { tail } else { head };
        if last.pools[0].placed > 0 {
            prop_assert_eq!(&last.pools[0].state, &whole.pools[0].state);
        }
    }

    /// Kept as JSON and read back, a question has the same answer.
    #[test]
    fn what_was_kept_is_answered_the_same(world in world()) {
        let (recorded, arrays) = Recorded::of(&world.request());
        let text = serde_json::to_string(&recorded).unwrap();
        let read: Recorded = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &recorded);
        let again = read.again(world.leaves.len(), arrays, distribute).unwrap();
        prop_assert_eq!(again.outcome.rep, world.run().outcome.rep);
        prop_assert_eq!(again.outcome.reason, world.run().outcome.reason);
    }

    /// All weights times ten: the same for every strategy.
    #[test]
    fn weights_times_ten(world in world()) {
        let mut heavy = world.clone();
        for seat in heavy.pools.iter_mut().flat_map(|pool| &mut pool.seats) {
            let units = crate::allocation::decimal::parse(&seat.weight, u64::MAX).unwrap().units;
            seat.weight = crate::allocation::decimal::text(units * 10);
        }
        prop_assert_eq!(heavy.run().outcome, world.run().outcome);
    }
}

/// G17, L9: what one pool cannot place goes to the next, in rank order, at once or after a pool that sees all its records.
#[test]
fn hand_on() {
    for first in [Way::Turns, Way::Value] {
        let mut world = World::of(Pool::new(first, seats(&[1000])), 4);
        world.pools[0].otherwise = Some(Target::Pool(1));
        world.pools.push(Pool::new(Way::Load, vec![seat(1), seat(2)]));
        world.reps = 3;
        world.values = vec![1, 9, 1, 1];
        world.caps = vec![
            Cap {
                left: 1,
                reps: vec![0],
                pool: None,
            },
            Cap {
                left: 2,
                reps: vec![1, 2],
                pool: Some(1),
            },
        ];
        let report = world.run();
        let expected = if first == Way::Turns {
            [0, 1, 2, -1]
        } else {
            [1, 0, 2, -1]
        };
        assert_eq!(report.outcome.rep, expected);
        assert_eq!(reasons(&report.outcome)[3], "caps_full");
        assert_eq!(report.outcome.moved, 3);
        assert_eq!(report.caps_left, [0, 0]);
    }
}

/// X8, X9, X12: each reason for which nobody takes a record, the nearest to a remedy first.
#[test]
fn reasons_name_what_is_missing() {
    let away = |why| Presence::Away {
        why,
        missed: Missed::Lost,
    };
    let mut world = World::of(Pool::new(Way::Turns, seats(&[1000, 1000, 1000])), 5);
    world.pools[0].seats[1].presence = away(Reason::Absent);
    world.pools[0].seats[2].presence = away(Reason::OutOfHours);
    let classes: Vec<u32> = [(0, 0), (1, 1), (2, 0), (6, 0), (3, 1)]
        .into_iter()
        .map(|(set, except)| {
            let set = Some(world.eligibility.set(bits(set)));
            world.eligibility.class(Class {
                set,
                except: bits(except),
                ..Class::default()
            })
        })
        .collect();
    world.class_of = classes;
    let left = ["no_eligible_rep", "cooled_down", "absent", "out_of_hours", "absent"];
    assert_eq!(reasons(&world.run().outcome), left);
    world.class_of.clear();
    world.caps = vec![Cap {
        left: 2,
        reps: vec![0, 0],
        pool: None,
    }];
    assert_eq!(
        reasons(&world.run().outcome),
        ["moved", "moved", "caps_full", "caps_full", "caps_full"]
    );
    world.pools[0].seats.clear();
    assert_eq!(reasons(&world.run().outcome), ["nobody_active"; 5]);
}

/// A rep who is named directly is bound by caps, criteria and cool-down as well.
#[test]
fn named_directly() {
    let mut world = World::of(Pool::new(Way::Turns, seats(&[1000])), 4);
    world.targets = vec![Target::Rep(0)];
    world.reassign = vec![true];
    world.caps = vec![
        Cap {
            left: 1,
            reps: vec![0],
            pool: None,
        },
        Cap {
            left: 0,
            reps: vec![0],
            pool: Some(0),
        },
    ];
    let all = world.eligibility.class(Class::default());
    let none = world.eligibility.set(Vec::new());
    let none = world.eligibility.class(Class {
        set: Some(none),
        ..Class::default()
    });
    let cooled = world.eligibility.class(Class {
        except: vec![0],
        ..Class::default()
    });
    world.class_of = vec![none, cooled, all, all];
    assert_eq!(
        reasons(&world.run().outcome),
        ["no_eligible_rep", "cooled_down", "moved", "caps_full"]
    );
    world.owned[2] = 0;
    assert_eq!(reasons(&world.run().outcome)[2..], ["same_owner", "moved"]);
}

/// Nothing to give, nobody to give to, and both.
#[test]
fn empty_runs() {
    for way in [
        Way::Turns,
        Way::Load,
        Way::Value,
        Way::Sticky,
        Way::Fixed { each: 2 },
        Way::TopOff,
    ] {
        for (reps, records) in [(0, 0), (0, 3), (3, 0)] {
            let mut pool = Pool::new(way, seats(&vec![1000; reps]));
            pool.seats
                .iter_mut()
                .for_each(|seat| seat.target = Some("5".to_owned()));
            let report = World::of(pool, records).run();
            assert_eq!((report.outcome.moved, report.outcome.rep.len()), (0, records));
            assert_eq!(report.pools[0].method, Method::InOrder);
        }
    }
}

/// What contradicts itself is refused with a text and a hint, before anything is given.
#[test]
fn contradictions() {
    let good = World::of(Pool::new(Way::TopOff, seats(&[1000, 2000])), 3);
    let refused = |change: fn(&mut World)| {
        let mut world = good.clone();
        world.pools[0]
            .seats
            .iter_mut()
            .for_each(|seat| seat.target = Some("9".to_owned()));
        distribute(&world.request()).unwrap();
        change(&mut world);
        let error = distribute(&world.request()).unwrap_err();
        assert!(!error.to_string().is_empty() && error.hint().ends_with('.'));
        error
    };
    let length = |what, found, expected| AllocationError::LengthMismatch { what, found, expected };
    let amount = |what, value: &str| AllocationError::BadAmount {
        what,
        member: "rep 0".to_owned(),
        value: value.to_owned(),
    };
    assert_eq!(refused(|w| w.pools[0].seats[0].target = None), amount("target", ""));
    assert_eq!(
        refused(|w| w.pools[0].seats[0].target = Some("many".to_owned())),
        amount("target", "many")
    );
    assert_eq!(
        refused(|w| w.pools[0].seats[0].load = "-1".to_owned()),
        amount("load", "-1")
    );
    assert_eq!(
        refused(|w| w.pools[0].seats[0].load = "1e3".to_owned()),
        amount("load", "1e3")
    );
    assert_eq!(refused(|w| w.values[1] = -1), AllocationError::BadValue { record: 1 });
    assert_eq!(
        refused(|w| w.values = vec![i64::MAX; 3]),
        AllocationError::ValuesTooLarge
    );
    assert_eq!(
        refused(|w| w.class_of = vec![0; 3]),
        AllocationError::ClassOutOfRange { class: 0 }
    );
    assert_eq!(refused(|w| w.previous = vec![0]), length("previous", 1, 3));
    assert_eq!(refused(|w| w.values = vec![1]), length("values", 1, 3));
    assert_eq!(refused(|w| w.pools[0].seats[1].rep = 2), length("reps of seats", 1, 2));
    assert_eq!(
        refused(|w| w.targets[0] = Target::Rep(2)),
        AllocationError::BadTarget { leaf: 0 }
    );
    assert_eq!(
        refused(|w| w.pools[0].otherwise = Some(Target::Pool(0))),
        AllocationError::CircularFallback { pool: 0 }
    );
    assert!(matches!(
        refused(|w| w.pools[0].seats[1].weight = "0".to_owned()),
        AllocationError::BadWeight { .. }
    ));
    let hashless = |way| {
        let mut world = World::of(Pool::new(way, seats(&[1000])), 2);
        (world.hashes, world.values) = (Vec::new(), Vec::new());
        distribute(&world.request()).unwrap_err()
    };
    assert_eq!(hashless(Way::Sticky), length("hashes", 0, 2));
    assert_eq!(hashless(Way::Value), length("values", 0, 2));
}
