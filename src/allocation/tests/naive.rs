//! The method written down literally, a look at every member at every turn, and the fast one compared with it.

use std::cmp::Reverse;

use proptest::prelude::*;

use super::*;

/// The pool as the definition has it.
#[derive(Default)]
struct Naive {
    total: i128,
    deficits: BTreeMap<String, i128>,
}

fn ceil(a: i128, b: i128) -> i128 {
    -(-a).div_euclid(b)
}

impl Naive {
    /// Weights, membership or absences have changed; nothing happens while nobody is active.
    fn set(&mut self, members: &[Member]) {
        let active: Vec<i128> = members.iter().filter(|m| m.active).map(units).collect();
        if active.is_empty() {
            return;
        }
        let divisor = common_divisor(members);
        let total = active.iter().sum::<i128>() / divisor;
        let kept = |m: &Member| self.deficits.get(&m.key).copied().unwrap_or(0);
        let left = -members.iter().map(kept).sum::<i128>();
        if self.total == 0 {
            self.total = total;
        }
        // Numerators over the old total.
        let exact: Vec<i128> = members
            .iter()
            .map(|m| kept(m) * total + if m.active { left * units(m) / divisor } else { 0 })
            .collect();
        let mut rounded: Vec<i128> = exact.iter().map(|e| e.div_euclid(self.total)).collect();
        let mut line: Vec<usize> = (0..members.len()).collect();
        line.sort_by_key(|&m| {
            (
                Reverse(exact[m].rem_euclid(self.total)),
                members[m].position,
                &members[m].key,
            )
        });
        let missing = usize::try_from(-rounded.iter().sum::<i128>()).unwrap();
        for &m in &line[..missing] {
            rounded[m] += 1;
        }
        self.total = total;
        self.deficits = members.iter().map(|m| m.key.clone()).zip(rounded).collect();
    }

    /// One turn.
    fn next(&mut self, members: &[Member]) -> Option<usize> {
        let divisor = common_divisor(members);
        let whole = self.total * GRAIN;
        let active = || (0..members.len()).filter(|&m| members[m].active);
        let pace = |m: usize| units(&members[m]) / divisor * GRAIN;
        let deficit = |m: usize| self.deficits[&members[m].key];
        let claim = |m: usize| deficit(m) + pace(m);
        let tie = |m: usize| (Reverse(claim(m)), members[m].position, &members[m].key);
        let winner = active()
            .filter(|&m| claim(m) > 0)
            .min_by_key(|&m| (ceil(whole - deficit(m), pace(m)), tie(m)))
            .or_else(|| active().min_by_key(|&m| tie(m)))?;
        let gains: Vec<(usize, i128)> = active().map(|m| (m, pace(m))).collect();
        for (m, gain) in gains {
            *self.deficits.get_mut(&members[m].key).unwrap() += gain;
        }
        *self.deficits.get_mut(&members[winner].key).unwrap() -= whole;
        Some(winner)
    }
}

fn common_divisor(members: &[Member]) -> i128 {
    let mut divisor = 0;
    for member in members.iter().filter(|m| m.active) {
        let mut weight = units(member);
        while weight != 0 {
            (divisor, weight) = (weight, divisor % weight);
        }
    }
    divisor
}

/// A time in the life of a pool: who is a member, at what weight, who is active, and how many turns are taken.
#[derive(Debug, Clone)]
struct Phase {
    members: Vec<Member>,
    turns: usize,
}

fn phases() -> impl Strategy<Value = Vec<Phase>> {
    let row = (weight(), any::<bool>(), 0..10_u8, 0..10_u8);
    let phase = (prop::collection::vec(row, 1..9), 0..60_usize);
    prop::collection::vec(phase, 1..7).prop_map(|phases| {
        let stable: Vec<u64> = phases[0].0.iter().map(|row| row.0).collect();
        let phase = |(rows, turns): (Vec<(u64, bool, u8, u8)>, usize)| {
            let members = rows.into_iter().enumerate().filter(|(_, row)| row.2 > 0);
            let member = |(i, (weight, change, _, away)): (usize, (u64, bool, u8, u8))| Member {
                key: format!("m{i}"),
                // Half of the time a weight stays what it was, so that phases differ in absences alone.
                weight: text(if change {
                    weight
                } else {
                    *stable.get(i).unwrap_or(&weight)
                }),
                position: (i % 3) as i64,
                active: away > 2,
            };
            Phase {
                members: members.map(member).collect(),
                turns,
            }
        };
        phases.into_iter().map(phase).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// X3: through weights, absences and members that change, every turn is the one that the definition gives, absent
    /// members receive nothing, and deficits sum to zero.
    #[test]
    fn the_fast_method_is_the_literal_one(phases in phases()) {
        let mut naive = Naive::default();
        let mut state = PoolState::default();
        for Phase { members, turns } in phases {
            let mut quota = Quota::new(&members, &state).unwrap();
            naive.set(&members);
            for t in 0..turns {
                let expected = if members.iter().any(|m| m.active) { naive.next(&members) } else { None };
                let winner = quota.next();
                prop_assert_eq!(winner, expected, "turn {} of {:?}", t, members);
                prop_assert!(winner.is_none_or(|m| members[m].active));
            }
            state = quota.state();
            prop_assert!(sums_to_zero(&state));
            prop_assert_eq!(state.total_weight, naive.total);
            prop_assert_eq!(&state.deficits, &naive.deficits);
        }
    }

    /// The same when so much is owed to an absent member that nobody is released for long, as after an undo.
    #[test]
    fn nobody_released_is_literal_too(members in members(8), owed in 1..12_u64, turns in 1..150_usize) {
        let mut members = members;
        members.push(member("absent", "1.5"));
        let mut quota = fresh(&members);
        quota.give_back(&BTreeMap::from([("absent".to_owned(), owed)])).unwrap();
        let state = quota.state();
        let last = members.len() - 1;
        members[last].active = false;
        let mut naive = Naive { total: state.total_weight, deficits: state.deficits.clone() };
        naive.set(&members);
        let mut quota = Quota::new(&members, &state).unwrap();
        for _ in 0..turns {
            let foretold = quota.standings()[0].member;
            let winner = quota.next();
            prop_assert_eq!(winner, naive.next(&members));
            prop_assert_eq!(winner, Some(foretold));
        }
        prop_assert_eq!(quota.state().deficits, naive.deficits);
    }
}

/// Many members of many weights, where the tree of matches is deep.
#[test]
fn two_hundred_weights_are_literal() {
    let members: Vec<Member> = (0..200_u64)
        .map(|i| member(&format!("m{i:03}"), &text(900 + i * i % 211)))
        .collect();
    let mut naive = Naive::default();
    naive.set(&members);
    let mut quota = fresh(&members);
    for _ in 0..700 {
        assert_eq!(quota.next(), naive.next(&members));
    }
}
