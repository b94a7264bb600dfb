//! What a run was asked, kept so that it can be asked again: everything that decided, and nothing else.
//!
//! Arrays by record are kept beside it, as arrays; this is the rest. Of a ruleset with thousands of leaves only those are
//! kept that a record reached, and of pools that no record could come to only the place they have in the numbering.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::caps::Cap;
use super::eligibility::{Class, Eligibility};
use super::plan::Target;
use super::pool::Pool;
use super::request::Request;

/// A request without its arrays by record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    targets: Vec<Target>,
    /// Empty where no leaf names anybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    named: Vec<Option<u32>>,
    reassign: Vec<bool>,
    pools: Vec<Pool>,
    caps: Vec<Cap>,
    sets: Vec<Vec<u32>>,
    classes: Vec<Class>,
    decimals: u32,
    now: i64,
    reps: usize,
}

/// The arrays by record, each empty where the run had none.
#[derive(Debug, Clone, Default)]
pub struct Arrays {
    /// See [`Request::leaves`], as [`Recorded`] numbers them; empty = all reached the first.
    pub leaves: Vec<i32>,
    /// See [`Request::owned`]; empty = nobody owned any.
    pub owned: Vec<i32>,
    /// See [`Request::class_of`].
    pub class_of: Vec<i32>,
    /// See [`Request::values`].
    pub values: Vec<i64>,
    /// See [`Request::segments`].
    pub segments: Vec<i64>,
    /// See [`Request::hashes`], as PostgreSQL's bigint has them.
    pub hashes: Vec<i64>,
    /// See [`Request::previous`].
    pub previous: Vec<i32>,
    /// See [`Request::matched`].
    pub matched: Vec<i32>,
}

impl Recorded {
    /// A request as it is kept.
    pub fn of(request: &Request<'_>) -> (Recorded, Arrays) {
        let reached: BTreeSet<usize> = request
            .leaves
            .iter()
            .filter_map(|&leaf| usize::try_from(leaf).ok())
            .collect();
        let mut numbers = vec![0; request.targets.len()];
        for (number, &leaf) in (0..).zip(&reached) {
            numbers[leaf] = number;
        }
        let renumbered = |&leaf: &i32| usize::try_from(leaf).ok().and_then(|leaf| numbers.get(leaf)).copied();
        let mut open: BTreeSet<usize> = BTreeSet::new();
        for &leaf in &reached {
            let mut target = request.targets.get(leaf).copied();
            while let Some(Target::Pool(pool)) = target {
                if !open.insert(pool as usize) {
                    break;
                }
                target = request.pools.get(pool as usize).and_then(|pool| pool.otherwise);
            }
        }
        let pool = |(number, pool): (usize, &Pool)| match open.contains(&number) {
            true => pool.clone(),
            false => Pool::new(pool.strategy, Vec::new()),
        };
        let signed = |list: &[u32]| list.iter().map(|&n| i32::try_from(n).unwrap_or(-1)).collect();
        let recorded = Recorded {
            targets: reached.iter().map(|&leaf| request.targets[leaf]).collect(),
            named: match request.named.iter().all(Option::is_none) {
                true => Vec::new(),
                false => reached
                    .iter()
                    .map(|&leaf| request.named.get(leaf).copied().flatten())
                    .collect(),
            },
            reassign: reached.iter().map(|&leaf| request.reassign[leaf]).collect(),
            pools: request.pools.iter().enumerate().map(pool).collect(),
            caps: request.caps.to_vec(),
            sets: request.eligibility.sets.clone(),
            classes: request.eligibility.classes.clone(),
            decimals: request.decimals,
            now: request.now,
            reps: request.reps,
        };
        let arrays = Arrays {
            leaves: match reached.len() {
                0 | 1 => Vec::new(),
                _ => request
                    .leaves
                    .iter()
                    .map(|leaf| renumbered(leaf).unwrap_or(-1))
                    .collect(),
            },
            owned: match request.owned.iter().all(|&owner| owner == super::plan::NO_OWNER) {
                true => Vec::new(),
                false => request.owned.to_vec(),
            },
            class_of: signed(request.class_of),
            values: request.values.to_vec(),
            segments: request.segments.to_vec(),
            hashes: request.hashes.iter().map(|hash| hash.cast_signed()).collect(),
            previous: request.previous.to_vec(),
            matched: request.matched.to_vec(),
        };
        (recorded, arrays)
    }

    /// The pools as the run found them.
    pub fn pools(&self) -> &[Pool] {
        &self.pools
    }

    /// Whether a record could come to a pool; of the others nothing is kept.
    pub fn reached(&self, pool: usize) -> bool {
        self.pools.get(pool).is_some_and(|pool| !pool.seats.is_empty())
    }

    /// Asks again, of so many records, what `arrays` say of them.
    pub fn again<T>(&self, records: usize, arrays: Arrays, ask: impl FnOnce(&Request<'_>) -> T) -> T {
        let filled = |list: Vec<i32>, with: i32| match list.is_empty() {
            true => vec![with; records],
            false => list,
        };
        let eligibility = Eligibility::of(self.sets.clone(), self.classes.clone());
        let class_of: Vec<u32> = arrays.class_of.iter().map(|class| class.cast_unsigned()).collect();
        let hashes: Vec<u64> = arrays.hashes.iter().map(|hash| hash.cast_unsigned()).collect();
        ask(&Request {
            leaves: &filled(arrays.leaves, 0),
            targets: &self.targets,
            named: &self.named,
            reassign: &self.reassign,
            owned: &filled(arrays.owned, super::plan::NO_OWNER),
            reps: self.reps,
            pools: &self.pools,
            caps: &self.caps,
            eligibility: &eligibility,
            class_of: &class_of,
            values: &arrays.values,
            decimals: self.decimals,
            segments: &arrays.segments,
            hashes: &hashes,
            previous: &arrays.previous,
            matched: &arrays.matched,
            now: self.now,
        })
    }
}
