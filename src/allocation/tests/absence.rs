//! What becomes of missed turns (X8), and of those of members who are full (X9).

use proptest::prelude::*;

use super::super::{Cap, Missed, Pool, Presence, Reason, Strategy as Way, Target};
use super::world::{World, seats};
use super::*;

fn away(missed: Missed) -> Presence {
    Presence::Away {
        why: Reason::Absent,
        missed,
    }
}

/// Runs so many records with the first rep as it is said, and keeps what the run left.
fn live(world: &mut World, first: Presence, records: usize) -> Vec<i32> {
    world.pools[0].seats[0].presence = first;
    let mut part = World {
        pools: world.pools.clone(),
        caps: world.caps.clone(),
        now: world.now,
        ..World::of(world.pools[0].clone(), records)
    };
    let report = part.run();
    part.keep(&report);
    (world.pools, world.caps) = (part.pools, part.caps);
    report.outcome.rep
}

fn deficit(world: &World) -> f64 {
    let state = &world.pools[0].state;
    state.deficits["rep 0"] as f64 / whole(state) as f64
}

fn weights() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(weight(), 2..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// A credit grows while its rep is away, never beyond what is allowed, and is used up on return: no more turns in a
    /// row than the credit and the one that is due anyway. Deficits sum to zero all the time.
    #[test]
    fn credit_is_bounded(weights in weights(), before in 0..40_usize, gone in 0..200_usize, most in 1..6_u16) {
        let mut world = World::of(Pool::new(Way::Turns, seats(&weights)), 0);
        live(&mut world, Presence::Present, before);
        let even = deficit_or_zero(&world);
        let given = live(&mut world, away(Missed::CatchUp { most, expiry: None }), gone);
        prop_assert!(!given.contains(&0));
        prop_assert!(gone == 0 || sums_to_zero(&world.pools[0].state));
        let share = weights[0] as f64 / weights.iter().sum::<u64>() as f64;
        let earned = (even + gone as f64 * share).min(f64::from(most));
        prop_assert!((deficit_or_zero(&world) - earned).abs() < 1e-3, "{} {earned}", deficit_or_zero(&world));
        let back = live(&mut world, Presence::Present, 60);
        // Credit c pays for the first turns; after t records it is c + t w/W less the turns had.
        let mut had = 0.0;
        for (t, &rep) in (1..).zip(&back) {
            had += f64::from(u8::from(rep == 0));
            prop_assert!(had - earned - f64::from(t) * share < 1.0 + 1e-3);
        }
        prop_assert!(sums_to_zero(&world.pools[0].state));
    }

    /// Away in one run or in many: the same turns and the same counters.
    #[test]
    fn absence_may_be_cut(weights in weights(), parts in prop::collection::vec(0..20_usize, 1..6), most in 0..4_u16) {
        let missed = Missed::CatchUp { most, expiry: None };
        let mut cut = World::of(Pool::new(Way::Turns, seats(&weights)), 0);
        let mut once = cut.clone();
        let mut turns = Vec::new();
        for &part in &parts {
            turns.extend(live(&mut cut, away(missed), part));
        }
        prop_assert_eq!(turns, live(&mut once, away(missed), parts.iter().sum()));
        prop_assert_eq!(live(&mut cut, Presence::Present, 30), live(&mut once, Presence::Present, 30));
        prop_assert_eq!(&cut.pools[0].state, &once.pools[0].state);
    }

    /// Keep turn: on return it is next if its due date passed meanwhile, and that once; else where it stood.
    #[test]
    fn one_turn_is_kept(reps in 2..6_usize, before in 0..12_usize, gone in 0..40_usize) {
        let mut world = World::of(Pool::new(Way::Turns, seats(&vec![1000; reps])), 0);
        live(&mut world, Presence::Present, before);
        live(&mut world, away(Missed::KeepTurn), gone);
        let back = live(&mut world, Presence::Present, 2 * reps);
        // Of equal weights it is due in the round that is open, or in the next if it had its turn.
        let due = if before % reps > 0 { 2 * reps - before % reps } else { reps };
        if gone >= due {
            prop_assert_eq!(back[0], 0);
        }
        let mut had = 0;
        for (t, &rep) in (1..).zip(&back) {
            had += usize::from(rep == 0);
            prop_assert!(had * reps < 2 * reps + t, "{back:?}");
        }
        prop_assert!(gone == 0 && before == 0 || deficit(&world).abs() < 1.0);
    }

    /// Lost: as if the time away had not been.
    #[test]
    fn lost_turns_are_lost(reps in 2..6_usize, before in 0..12_usize, rounds in 0..9_usize) {
        let mut world = World::of(Pool::new(Way::Turns, seats(&vec![1000; reps])), 0);
        live(&mut world, Presence::Present, before * reps);
        live(&mut world, away(Missed::Lost), rounds * (reps - 1));
        let order: Vec<i32> = (0..reps as i32).collect();
        prop_assert_eq!(live(&mut world, Presence::Present, reps), order);
    }

    /// X9: a hundred runs of one are one run of a hundred, with caps that fill up on the way, shared ones too.
    #[test]
    fn caps_may_be_cut(weights in weights(), lefts in prop::collection::vec(0..12_u64, 3)) {
        let mut world = World::of(Pool::new(Way::Turns, seats(&weights)), 0);
        world.caps = vec![
            Cap { left: lefts[0], reps: vec![0], pool: None },
            Cap { left: lefts[1], reps: vec![1], pool: Some(0) },
            Cap { left: lefts[2] + 3, reps: vec![0, 1, 2], pool: None },
        ];
        let mut once = world.clone();
        let all = live(&mut once, Presence::Present, 40);
        let single: Vec<i32> = (0..40).flat_map(|_| live(&mut world, Presence::Present, 1)).collect();
        prop_assert_eq!(single, all);
        prop_assert_eq!(&world.caps, &once.caps);
    }

    /// Who is full is not owed what it could not take: when the cap is gone nobody is flooded.
    #[test]
    fn the_full_are_not_owed(weights in weights(), left in 0..5_u64, n in 0..80_usize) {
        let mut world = World::of(Pool::new(Way::Turns, seats(&weights)), 0);
        world.caps = vec![Cap { left, reps: vec![0], pool: None }];
        live(&mut world, Presence::Present, n);
        prop_assert!(deficit_or_zero(&world) < 1.0 + 1e-6);
    }
}

fn deficit_or_zero(world: &World) -> f64 {
    if world.pools[0].state.total_weight == 0 {
        0.0
    } else {
        deficit(world)
    }
}

/// A credit lapses when it was not used for so long since the last turn was missed; what was owed goes to the others.
#[test]
fn credit_lapses() {
    let missed = Missed::CatchUp {
        most: 3,
        expiry: Some(100),
    };
    let mut world = World::of(Pool::new(Way::Turns, seats(&[1000, 1000])), 0);
    live(&mut world, away(missed), 10);
    assert_eq!(world.pools[0].credits["rep 0"], 100);
    assert_eq!(deficit(&world), 3.0);
    world.now = 50;
    live(&mut world, away(missed), 1);
    assert_eq!(
        world.pools[0].credits["rep 0"], 100,
        "nothing more was missed: the credit was full"
    );
    let mut early = world.clone();
    early.now = 99;
    // Three turns behind, of which it gains half a turn with each that it has.
    assert_eq!(live(&mut early, Presence::Present, 8), [0, 0, 0, 0, 0, 0, 0, 1]);
    assert!(early.pools[0].credits.is_empty(), "used up");
    world.now = 100;
    assert_eq!(live(&mut world, Presence::Present, 4), [0, 1, 0, 1]);
    assert!(world.pools[0].credits.is_empty());
    assert!(sums_to_zero(&world.pools[0].state));
}

/// A worked example: three equal reps, one away for six records; catching up two turns, they come first.
#[test]
fn two_turns_are_caught_up() {
    let mut world = World::of(Pool::new(Way::Turns, seats(&[1000, 1000, 1000])), 0);
    assert_eq!(
        live(&mut world, away(Missed::CatchUp { most: 9, expiry: None }), 6),
        [1, 2, 1, 2, 1, 2]
    );
    assert_eq!(deficit(&world), 2.0);
    // Three make everybody even; then a round begins as any does.
    assert_eq!(live(&mut world, Presence::Present, 6), [0, 0, 0, 0, 1, 2]);
}

/// What a rep owns who is named and away stays his, whoever stands in or is handed the others; and that only where owned
/// records move at all.
#[test]
fn what_the_named_owns_stays() {
    let mut world = World::of(Pool::new(Way::Turns, seats(&[1000, 1000, 1000])), 6);
    world.targets = vec![Target::Rep(1), Target::Pool(0), Target::leave(Reason::Absent)];
    world.named = vec![Some(0); 3];
    world.reassign = vec![true; 3];
    world.leaves = vec![0, 0, 0, 1, 2, 2];
    world.owned = vec![0, 2, -1, 0, 0, 1];
    let report = world.run();
    let why: Vec<Reason> = report.outcome.reason.iter().map(|&code| Reason::from(code)).collect();
    let (same, moved) = (Reason::SameOwner, Reason::Moved);
    assert_eq!(why, [same, moved, moved, same, same, Reason::Absent]);
    assert_eq!(report.outcome.rep[1..3], [1, 1]);
    assert!(report.pools[0].seats.iter().all(|seat| seat.received == 0));
}

/// Sticky: what an absent rep held goes to who stands in for him, in his place; what the stand-in held himself, in his own.
#[test]
fn former_owners_have_seats_of_their_own() {
    let mut two = seats(&[1000, 1000, 1000]);
    (two[2].rep, two[2].stand_in) = (1, true);
    (two[0].rep, two[0].stand_in) = (1, true);
    let mut world = World::of(Pool::new(Way::Sticky, two), 3);
    world.previous = vec![0, 1, 2];
    let outcome = world.run().outcome;
    assert_eq!(outcome.rep, [1, 1, 1]);
    let turns: Vec<_> = outcome.diverted.iter().map(|it| (it.record, it.turn)).collect();
    assert_eq!(turns, [(0, Some((0, 0))), (2, Some((0, 2)))]);
}
