//! What a run is asked: arrays and descriptions, and whether they belong together.
//!
//! Everything that could contradict itself is found here, before the first record is given.

use super::caps::Cap;
use super::eligibility::{Class, Eligibility};
use super::error::AllocationError;
use super::limit;
use super::plan::{self, Target};
use super::pool::{Pool, Strategy};

/// Everything that decides about a run. Arrays "by record" are in rank order; those that are optional may be empty.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// By record, the leaf it reached; 0 = it matched nothing.
    pub leaves: &'a [i32],
    /// By leaf, where it goes.
    pub targets: &'a [Target],
    /// By leaf, a rep whose own records stay his, whoever they would go to: the one it names, who may be away. Empty = none.
    pub named: &'a [Option<u32>],
    /// By leaf, whether records that have an owner may be given to another.
    pub reassign: &'a [bool],
    /// By record, the owner's index in the dictionary of reps, -1 for none, -2 for one that is not in it.
    pub owned: &'a [i32],
    /// How many reps the dictionary has.
    pub reps: usize,
    /// What [`Target::Pool`] numbers.
    pub pools: &'a [Pool],
    /// What reps may still take.
    pub caps: &'a [Cap],
    /// What `class_of` numbers.
    pub eligibility: &'a Eligibility,
    /// By record, its class; empty = every rep may have every record.
    pub class_of: &'a [u32],
    /// By record, its value, for pools by value: from zero up, in units of 10^-`decimals`.
    pub values: &'a [i64],
    /// At most 6.
    pub decimals: u32,
    /// By record, the segment of books that it is in, below zero for none; empty = no pool asks.
    pub segments: &'a [i64],
    /// By record, [`super::record_hash`] of its key, for sticky and random pools.
    pub hashes: &'a [u64],
    /// By record, the index of the rep who had it before, or below zero, for sticky pools. Empty = nobody.
    pub previous: &'a [i32],
    /// By record, the index of the rep who owns what matches it, or below zero: he has it if he can, before anybody it would
    /// go to. Empty = none match.
    pub matched: &'a [i32],
    /// The instant of the run in seconds since 1970, for turns that lapse.
    pub now: i64,
}

/// The class of everybody.
static EVERYBODY: Class = Class {
    set: None,
    except: Vec::new(),
    costs: Vec::new(),
};

impl<'a> Request<'a> {
    /// The segment that a record is in.
    pub(super) fn segment(&self, record: usize) -> Option<u32> {
        let segment = self.segments.get(record).copied();
        segment.and_then(|segment| u32::try_from(segment).ok())
    }

    /// The class of a record.
    pub(super) fn class(&self, record: usize) -> &'a Class {
        let class = self.class_of.get(record);
        class.map_or(&EVERYBODY, |&class| &self.eligibility.classes[class as usize])
    }
}

/// Refuses arguments that contradict each other; the leaves as indexes into the targets.
pub(super) fn check(request: &Request<'_>) -> Result<Vec<usize>, AllocationError> {
    let records = request.leaves.len();
    plan::check_length("reassign", request.reassign.len(), request.targets.len())?;
    plan::check_target_list(request.targets, request.reps, request.pools.len())?;
    if !request.named.is_empty() {
        plan::check_length("named", request.named.len(), request.targets.len())?;
    }
    let leaves = plan::check_leaves(request.leaves, request.targets.len(), request.owned.len())?;
    for (what, found, needed) in [
        ("class_of", request.class_of.len(), false),
        ("previous", request.previous.len(), false),
        ("matched", request.matched.len(), false),
        ("values", request.values.len(), uses(request, |s| s == Strategy::Value)),
        ("hashes", request.hashes.len(), uses(request, by_hash)),
        (
            "segments",
            request.segments.len(),
            request.pools.iter().any(|pool| pool.segment.is_some()),
        ),
    ] {
        if needed || found > 0 {
            plan::check_length(what, found, records)?;
        }
    }
    let unknown = |&rep: &i32| usize::try_from(rep).is_ok_and(|rep| rep >= request.reps);
    if let Some(record) = request.matched.iter().position(unknown) {
        return Err(AllocationError::BadMatch { record });
    }
    let eligibility = request.eligibility;
    let known = |class: &u32| (*class as usize) < eligibility.classes.len();
    if let Some(&class) = request.class_of.iter().find(|class| !known(class)) {
        return Err(AllocationError::ClassOutOfRange { class });
    }
    for (class, it) in (0_u32..).zip(&eligibility.classes) {
        if it.set.is_some_and(|set| set as usize >= eligibility.sets.len()) {
            return Err(AllocationError::ClassOutOfRange { class });
        }
    }
    check_values(request)?;
    for (pool, it) in request.pools.iter().enumerate() {
        let inside = |rep: u32| (rep as usize) < request.reps;
        let seated = it.seats.iter().filter(|seat| inside(seat.rep)).count();
        plan::check_length("reps of seats", seated, it.seats.len())?;
        plan::check_target_list(it.otherwise.as_slice(), request.reps, request.pools.len())?;
        let mut next = Some(Target::Pool(u32::try_from(pool).unwrap_or(u32::MAX)));
        for _ in 0..=request.pools.len() {
            let Some(Target::Pool(at)) = next else { break };
            next = request.pools[at as usize].otherwise;
        }
        if let Some(Target::Pool(_)) = next {
            return Err(AllocationError::CircularFallback { pool });
        }
    }
    Ok(leaves)
}

fn uses(request: &Request<'_>, strategy: impl Fn(Strategy) -> bool) -> bool {
    request.pools.iter().any(|pool| strategy(pool.strategy))
}

fn by_hash(strategy: Strategy) -> bool {
    matches!(strategy, Strategy::Sticky | Strategy::Random { .. })
}

fn check_values(request: &Request<'_>) -> Result<(), AllocationError> {
    if request.decimals > limit::DECIMALS {
        return Err(AllocationError::BadSetting {
            what: "decimals of values",
            value: request.decimals.to_string(),
        });
    }
    if let Some(record) = request.values.iter().position(|&value| value < 0) {
        return Err(AllocationError::BadValue { record });
    }
    // At most 2^31 records below 2^63 each: the sum cannot overflow before it is compared.
    let sum: i128 = request.values.iter().map(|&value| i128::from(value)).sum();
    if sum > limit::VALUES / 10_i128.pow(limit::DECIMALS - request.decimals) {
        return Err(AllocationError::ValuesTooLarge);
    }
    Ok(())
}
