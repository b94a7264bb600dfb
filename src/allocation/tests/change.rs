//! What stays true while members, weights and absences change (requirements X3, L4).

use proptest::prelude::*;

use super::*;

/// Goes through times in which some members are away, and returns the turns of each.
fn live(members: &[Member], times: &[(Vec<bool>, usize)]) -> (Vec<Vec<u32>>, PoolState) {
    let mut state = PoolState::default();
    let mut turns = Vec::new();
    for (present, n) in times {
        let mut now = members.to_vec();
        for (member, present) in now.iter_mut().zip(present) {
            member.active = *present;
        }
        let mut quota = Quota::new(&now, &state).unwrap();
        turns.push(quota.take(*n));
        state = quota.state();
    }
    (turns, state)
}

fn times() -> impl Strategy<Value = Vec<(Vec<bool>, usize)>> {
    prop::collection::vec((prop::collection::vec(any::<bool>(), 8), 0..30_usize), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// X3: all weights times ten, or a tenth, through absences and the roundings they bring: the same turns, and the
    /// same deficits.
    #[test]
    fn weights_times_ten_change_nothing(members in members(8), times in times()) {
        let scaled = |by: fn(i128) -> i128| -> Vec<Member> {
            let scale = |m: &Member| {
                let units = by(units(m));
                let weight = format!("{}.{:06}", units / 1_000_000, units % 1_000_000);
                Member { weight, ..m.clone() }
            };
            members.iter().map(scale).collect()
        };
        let (turns, state) = live(&members, &times);
        for others in [scaled(|u| u * 10), scaled(|u| u / 10)] {
            let (same, same_state) = live(&others, &times);
            prop_assert_eq!(&same, &turns);
            prop_assert_eq!(same_state.deficits, state.deficits.clone());
        }
    }

    /// A run at weights written with other decimals goes on where the one before stopped.
    #[test]
    fn the_scale_may_change_between_runs(members in members(8), n in 0..60_usize) {
        let mut precise = members.clone();
        for member in &mut precise {
            let units = units(member) / 100;
            member.weight = format!("{}.{:06}", units / 1_000_000, units % 1_000_000);
        }
        let mut quota = fresh(&members);
        let mut turns = quota.take(n);
        turns.extend(Quota::new(&precise, &quota.state()).unwrap().take(50));
        prop_assert_eq!(turns, fresh(&members).take(n + 50));
    }

    /// L4: who is not active receives nothing, and keeps its deficit but for the rounding of each change.
    #[test]
    fn absence_freezes(members in members(8), n in 0..50_usize, away in 0..8_usize, m in 0..100_usize) {
        let away = away % members.len();
        let mut quota = fresh(&members);
        quota.take(n);
        let before = quota.state();
        let mut now = members.clone();
        now[away].active = false;
        let mut quota = Quota::new(&now, &before).unwrap();
        prop_assert!(!quota.take(m).contains(&(away as u32)));
        prop_assert!(quota.standings().iter().all(|s| s.member != away));
        let after = quota.state();
        let key = &members[away].key;
        if members.len() == 1 {
            prop_assert_eq!(&after, &before);
        } else {
            // d = D / (W S): compared across both units, less than one of the new unit apart.
            let apart = after.deficits[key] * before.total_weight - before.deficits[key] * after.total_weight;
            prop_assert!(apart.abs() < before.total_weight);
        }
    }

    /// X3: deficits sum to zero whatever happens, and a night in which nobody is active leaves everything as it was.
    #[test]
    fn deficits_sum_to_zero(members in members(8), times in times()) {
        let (_, state) = live(&members, &times);
        prop_assert!(sums_to_zero(&state));
        let mut nobody = members.clone();
        nobody.iter_mut().for_each(|m| m.active = false);
        let mut night = Quota::new(&nobody, &state).unwrap();
        prop_assert_eq!(night.next(), None);
        prop_assert_eq!(night.state(), state);
    }

    /// X3: while one member comes and goes everybody stays within one turn of what they are entitled to, save for rare
    /// pools that pass it by a hair (1.004 turns in one of some fifty thousand): what an absent member holds is missing
    /// to the sum that the proof for a fixed membership rests on. Two turns would be a defect.
    #[test]
    fn one_who_comes_and_goes_hardly_disturbs_quota(
        members in members(8),
        who in 0..8_usize,
        times in prop::collection::vec((any::<bool>(), 0..25_usize), 1..25),
    ) {
        let mut state = PoolState::default();
        for (present, n) in times {
            let mut now = members.clone();
            now[who % members.len()].active = present;
            let mut quota = Quota::new(&now, &state).unwrap();
            for _ in 0..n {
                quota.take(1);
                state = quota.state();
                prop_assert!(state.deficits.values().all(|d| d.abs() < 2 * whole(&state)), "{state:?}");
            }
        }
    }

    /// X3: absences in turn, or several at once, can cost more than one turn (1.7 was the worst seen with one absent at a
    /// time), but everybody stays within three.
    #[test]
    fn absences_in_turn_stay_within_a_few(members in members(8), times in times()) {
        let (_, state) = live(&members, &times);
        prop_assert!(state.deficits.values().all(|d| d.abs() < 3 * whole(&state).max(1)), "{state:?}");
    }

    /// X3: a member who joins is not flooded with what it missed: at no time has it a whole turn more than its share
    /// of the turns since.
    #[test]
    fn a_newcomer_is_not_flooded(members in members(7), n in 0..300_usize, w in weight(), after in 1..200_usize) {
        let mut quota = fresh(&members);
        quota.take(n);
        let mut joined = members.clone();
        joined.push(member("new", &text(w)));
        let total: i128 = joined.iter().map(units).sum();
        let mut quota = Quota::new(&joined, &quota.state()).unwrap();
        let mut given = 0_i128;
        for t in 1..=after as i128 {
            given += i128::from(quota.next() == Some(members.len()));
            let ahead = given * total - t * units(&joined[members.len()]);
            prop_assert!(ahead < total);
        }
    }

    /// What a leaver was owed or had overdrawn goes to the rest in proportion to their weights.
    #[test]
    fn a_leaver_is_spread_over_the_rest(mut members in members(8), n in 0..100_usize) {
        members.push(member("stays", "1"));
        let mut quota = fresh(&members);
        quota.take(n);
        let before = quota.state();
        let rest = &members[1..];
        let after = Quota::new(rest, &before).unwrap().state();
        prop_assert!(sums_to_zero(&after));
        prop_assert!(!after.deficits.contains_key(&members[0].key));
        let left = before.deficits[&members[0].key] as f64 / whole(&before) as f64;
        let total: i128 = rest.iter().map(units).sum();
        for m in rest {
            let d = |s: &PoolState| s.deficits[&m.key] as f64 / whole(s) as f64;
            let expected = d(&before) + left * units(m) as f64 / total as f64;
            prop_assert!((d(&after) - expected).abs() <= 1.01 / whole(&after) as f64 + 1e-12);
        }
    }

    /// Opening a pool and taking nothing changes nothing that a second opening would change again.
    #[test]
    fn opening_twice_is_opening_once(members in members(8), times in times()) {
        let (_, state) = live(&members, &times);
        let once = Quota::new(&members, &state).unwrap().state();
        prop_assert_eq!(&Quota::new(&members, &once).unwrap().state(), &once);
    }
}

/// Turns of somebody who has left since are ignored, and named.
#[test]
fn unknown_keys_are_named() {
    let members = [member("a", "1"), member("b", "1")];
    let mut quota = fresh(&members);
    let state = quota.state();
    let counts = BTreeMap::from([("gone".to_owned(), 3), ("ghost".to_owned(), 0)]);
    assert_eq!(quota.give_back(&counts).unwrap(), ["ghost", "gone"]);
    assert_eq!(quota.state(), state);
}

/// After an undo the member gets its turns back, and is overdue until then.
#[test]
fn turns_given_back_are_owed() {
    let members = [member("a", "1"), member("b", "1")];
    let mut quota = fresh(&members);
    quota.take(10);
    quota.give_back(&BTreeMap::from([("b".to_owned(), 4)])).unwrap();
    let first = &quota.standings()[0];
    assert_eq!((first.member, first.deficit, first.deadline), (1, 2.0, 0));
    let turns = quota.take(8);
    assert_eq!(counts(&turns, 2), [2, 6]);
    assert_eq!(turns[..3], [1, 1, 1]);
}

/// An undo at night, when nobody is active: all members bear it, and in the morning it counts.
#[test]
fn turns_come_back_while_nobody_is_active() {
    let mut members = [member("a", "1"), member("b", "3")];
    for m in &mut members {
        m.active = false;
    }
    let mut night = fresh(&members);
    night.give_back(&BTreeMap::from([("a".to_owned(), 1)])).unwrap();
    let state = night.state();
    assert!(sums_to_zero(&state));
    assert_eq!(state.deficits["a"] * 4, 3 * whole(&state));
    for m in &mut members {
        m.active = true;
    }
    assert_eq!(counts(&Quota::new(&members, &state).unwrap().take(3), 2), [1, 2]);
    assert_eq!(night.next(), None);
}
