//! Whole runs at random: pools of every strategy, caps, classes, absences, hand-ons, owned as one value.

use proptest::prelude::*;

use super::super::{
    Cap, Class, Eligibility, Missed, Pool, Presence, Reason, Report, Request, Seat, Strategy as Way, Target, distribute,
};
use super::text;

/// All that a request borrows.
#[derive(Debug, Clone)]
pub struct World {
    pub leaves: Vec<i32>,
    pub targets: Vec<Target>,
    pub named: Vec<Option<u32>>,
    pub reassign: Vec<bool>,
    pub owned: Vec<i32>,
    pub reps: usize,
    pub pools: Vec<Pool>,
    pub caps: Vec<Cap>,
    pub eligibility: Eligibility,
    pub class_of: Vec<u32>,
    pub values: Vec<i64>,
    pub hashes: Vec<u64>,
    pub previous: Vec<i32>,
    pub matched: Vec<i32>,
    pub segments: Vec<i64>,
    pub now: i64,
}

impl World {
    /// So many unowned records for one pool.
    pub fn of(pool: Pool, records: usize) -> World {
        World {
            leaves: vec![0; records],
            targets: vec![Target::Pool(0)],
            named: Vec::new(),
            reassign: vec![false],
            owned: vec![-1; records],
            reps: pool.seats.iter().map(|seat| seat.rep as usize + 1).max().unwrap_or(0),
            pools: vec![pool],
            caps: Vec::new(),
            eligibility: Eligibility::default(),
            class_of: Vec::new(),
            values: (0..records as i64).map(|r| r * 7 % 31).collect(),
            hashes: (0..records as u64)
                .map(|r| super::super::record_hash(&r.to_string()))
                .collect(),
            previous: Vec::new(),
            matched: Vec::new(),
            segments: Vec::new(),
            now: 0,
        }
    }

    pub fn request(&self) -> Request<'_> {
        Request {
            leaves: &self.leaves,
            targets: &self.targets,
            named: &self.named,
            reassign: &self.reassign,
            owned: &self.owned,
            reps: self.reps,
            pools: &self.pools,
            caps: &self.caps,
            eligibility: &self.eligibility,
            class_of: &self.class_of,
            values: &self.values,
            decimals: 2,
            segments: &self.segments,
            hashes: &self.hashes,
            previous: &self.previous,
            matched: &self.matched,
            now: self.now,
        }
    }

    pub fn run(&self) -> Report {
        distribute(&self.request()).unwrap()
    }

    /// Keeps what a run left: state, credits, caps, and loads where they count.
    pub fn keep(&mut self, report: &Report) {
        for (pool, after) in self.pools.iter_mut().zip(&report.pools) {
            pool.state = after.state.clone();
            pool.credits = after.credits.clone();
            for (seat, after) in pool.seats.iter_mut().zip(&after.seats) {
                seat.load = after.load_after.clone();
            }
        }
        for (cap, &left) in self.caps.iter_mut().zip(&report.caps_left) {
            cap.left = left;
        }
    }

    /// The same world with only these records.
    pub fn only(&self, range: std::ops::Range<usize>) -> World {
        let mut part = self.clone();
        part.leaves = self.leaves[range.clone()].to_vec();
        part.owned = self.owned[range.clone()].to_vec();
        part.values = self.values[range.clone()].to_vec();
        part.hashes = self.hashes[range.clone()].to_vec();
        part.previous = self.previous.get(range.clone()).unwrap_or(&[]).to_vec();
        part.matched = self.matched.get(range.clone()).unwrap_or(&[]).to_vec();
        part.class_of = self.class_of.get(range).unwrap_or(&[]).to_vec();
        part
    }

    /// Caps that count what a rep receives through a pool, or named directly.
    pub fn caps_over(&self, rep: u32, pool: Option<u32>) -> impl Iterator<Item = usize> + '_ {
        let counts = move |cap: &Cap| cap.reps.contains(&rep) && (cap.pool.is_none() || cap.pool == pool);
        (0..self.caps.len()).filter(move |&cap| counts(&self.caps[cap]))
    }
}

/// A seat with weight 1 and nothing held, whose rep has the same number.
pub fn seat(rep: u32) -> Seat {
    Seat {
        key: format!("rep {rep}"),
        own: rep,
        rep,
        stand_in: false,
        weight: "1".to_owned(),
        position: 0,
        presence: Presence::Present,
        load: "0".to_owned(),
        target: None,
        room: None,
    }
}

/// Seats of weights in thousandths.
pub fn seats(weights: &[u64]) -> Vec<Seat> {
    let seat = |(rep, &weight): (usize, &u64)| Seat {
        weight: text(weight),
        ..seat(rep as u32)
    };
    weights.iter().enumerate().map(seat).collect()
}

pub fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        3 => Just(Way::Turns),
        2 => Just(Way::Load),
        1 => Just(Way::Value),
        1 => Just(Way::TopOff),
        1 => (0..5_u64).prop_map(|each| Way::Fixed { each }),
        1 => Just(Way::Sticky),
        1 => (0..9_u64).prop_map(|seed| Way::Random { seed }),
    ]
}

fn presence() -> impl Strategy<Value = Presence> {
    let away = (
        prop_oneof![
            Just(Reason::Absent),
            Just(Reason::OutOfHours),
            Just(Reason::NobodyActive)
        ],
        prop_oneof![
            Just(Missed::Lost),
            Just(Missed::KeepTurn),
            (0..4_u16, prop::option::of(0..9_u32)).prop_map(|(most, expiry)| Missed::CatchUp { most, expiry })
        ],
    );
    prop_oneof![
        3 => Just(Presence::Present),
        1 => away.prop_map(|(why, missed)| Presence::Away { why, missed }),
    ]
}

/// A pool of some of six reps.
pub fn pool(way: impl Strategy<Value = Way>) -> impl Strategy<Value = Pool> {
    let row = (
        any::<bool>(),
        super::weight(),
        0..3_i64,
        presence(),
        0..9_u64,
        0..12_u64,
    );
    (way, prop::collection::vec(row, 6)).prop_map(|(way, rows)| {
        let seats = rows.into_iter().enumerate().filter(|(_, row)| row.0);
        let seat =
            |(rep, (_, weight, position, presence, load, target)): (usize, (bool, u64, i64, Presence, u64, u64))| {
                Seat {
                    weight: text(weight),
                    position,
                    presence,
                    load: load.to_string(),
                    target: Some(target.to_string()),
                    ..seat(rep as u32)
                }
            };
        Pool::new(way, seats.map(seat).collect())
    })
}

/// Reps as the bits of a number.
pub fn bits(mask: u32) -> Vec<u32> {
    (0..6).filter(|rep| mask >> rep & 1 == 1).collect()
}

prop_compose! {
    /// Three pools of six reps, each handing on to a later one or nowhere; leaves of every kind; some records limited.
    pub fn world()(
        pools in prop::collection::vec(pool(way()), 3),
        hand_on in prop::collection::vec(0..4_u8, 3),
        records in prop::collection::vec((0..6_i32, -2..6_i32, 0..4_u32, 0..90_i64, -1..6_i32), 0..60),
        reassign in prop::collection::vec(any::<bool>(), 6),
        caps in prop::collection::vec((0..8_u64, 1..64_u32, prop::option::of(0..3_u32)), 0..5),
        classes in prop::collection::vec((prop::option::of(0..64_u32), 0..64_u32, any::<bool>()), 4),
        limited in any::<bool>(),
        exact in prop_oneof![Just(0_usize), Just(1_000_000)],
        now in 0..20_i64,
    ) -> World {
        let mut eligibility = Eligibility::default();
        let numbers: Vec<u32> = classes.into_iter().map(|(set, except, costly)| {
            let set = set.map(|mask| eligibility.set(bits(mask)));
            let costs = if costly { vec![(1, 3), (4, 1)] } else { Vec::new() };
            eligibility.class(Class { set, except: bits(except & except >> 1), costs })
        }).collect();
        let mut pools = pools;
        for (at, pool) in pools.iter_mut().enumerate() {
            pool.exact_cells = exact;
            pool.otherwise = match hand_on[at] {
                0 if at > 0 => Some(Target::Pool(at as u32 - 1)),
                1 => Some(Target::Rep(3)),
                2 => Some(Target::leave(Reason::NoDestination)),
                _ => None,
            };
        }
        World {
            leaves: records.iter().map(|r| r.0).collect(),
            targets: vec![
                Target::leave(Reason::Unmatched), Target::Rep(2), Target::Pool(0), Target::Pool(1), Target::Pool(2), Target::Unowned,
            ],
            named: Vec::new(),
            reassign,
            owned: records.iter().map(|r| r.1).collect(),
            reps: 6,
            pools,
            caps: caps.into_iter().map(|(left, mask, pool)| Cap { left, reps: bits(mask), pool }).collect(),
            eligibility,
            class_of: if limited { records.iter().map(|r| numbers[r.2 as usize]).collect() } else { Vec::new() },
            values: records.iter().map(|r| r.3).collect(),
            hashes: records.iter().enumerate().map(|(n, _)| super::super::record_hash(&n.to_string())).collect(),
            previous: records.iter().map(|r| r.4).collect(),
            matched: Vec::new(),
            segments: Vec::new(),
            now,
        }
    }
}
