//! From the leaf that each record reached to who gets it: one pass in rank order.
//!
//! This is where it is decided that a record is moved, or why it is left, so that every candidate has exactly one of the
//! two. A pool's turn is used only by a record that is moved.
//!
//! This pass knows pools that go by turns only; `run` is the one that knows all strategies, caps and eligibility.

use super::error::AllocationError;
use super::quota::Quota;
use super::reason::Reason;

/// Where a record may go, by leaf of the compiled ruleset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One rep: an index into the run's dictionary of reps.
    Rep(u32),
    /// Whoever has the next turn of a pool: an index into the run's pools.
    Pool(u32),
    /// Nobody: the owner is removed.
    Unowned,
    /// It stays where it is, for a [`Reason`] given by its code; see [`Target::leave`].
    Leave(u16),
}

impl Target {
    /// A record stays where it is for this reason.
    pub fn leave(reason: Reason) -> Target {
        Target::Leave(u16::try_from(i16::from(reason)).unwrap_or(0))
    }
}

/// A pool that takes part in a run.
#[derive(Debug)]
pub struct PoolRun<'a> {
    /// Its turns.
    pub quota: &'a mut Quota,
    /// By member of the pool, the rep's index in the run's dictionary of reps.
    pub members_to_reps: &'a [u32],
}

/// What becomes of each record of a run, in rank order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The new owner's index in the dictionary of reps, or [`Outcome::LEFT`], or [`Outcome::UNOWNED`].
    pub rep: Vec<i32>,
    /// The code of a [`Reason`]; 0 = moved.
    pub reason: Vec<i16>,
    /// The record's place among those moved, from 1 without gaps; 0 = not moved.
    pub seq: Vec<i32>,
    /// How many were moved.
    pub moved: usize,
    /// Those whose leaf does not say whose turn they took.
    pub diverted: Vec<Diverted>,
}

/// A record that was moved otherwise than its leaf says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diverted {
    /// Its place in rank order, from 0.
    pub record: u32,
    /// The pool and the member of it whose turn it took; None = none, it went to a rep that a pool falls back to.
    pub turn: Option<(u32, u32)>,
    /// Handed on by the pool that its leaf names.
    pub fallback: bool,
}

impl Outcome {
    /// In [`Outcome::rep`]: left where it is.
    pub const LEFT: i32 = -1;
    /// In [`Outcome::rep`]: moved, to nobody.
    pub const UNOWNED: i32 = -2;
}

/// The owner of a record that has none, in `owned` of [`allocate`].
pub(super) const NO_OWNER: i32 = -1;

/// Decides about every record of a run.
///
/// - `leaves`: by record in rank order, the leaf it reached; 0 = it matched nothing;
/// - `targets`, `on_owned_reassign`: by leaf, where it goes, and whether records that have an owner may be given to another;
/// - `owned`: by record, the owner's index in the dictionary of reps, -1 for none, -2 for one that is not in it.
///
/// A record whose turn in a pool falls to the rep that owns it counts as moved, as it has used the turn. One that matched
/// nothing is left as unmatched, owned or not: there is no rule whose word on owned records could apply.
///
/// An error means that the arguments contradict each other; it is found before any turn is taken.
pub fn allocate(
    leaves: &[i32],
    targets: &[Target],
    on_owned_reassign: &[bool],
    owned: &[i32],
    pools: &mut [PoolRun<'_>],
) -> Result<Outcome, AllocationError> {
    check_targets(targets, on_owned_reassign, pools)?;
    let leaves = check_leaves(leaves, targets.len(), owned.len())?;

    let mut outcome = Outcome {
        rep: Vec::with_capacity(leaves.len()),
        reason: Vec::with_capacity(leaves.len()),
        seq: Vec::with_capacity(leaves.len()),
        moved: 0,
        diverted: Vec::new(),
    };
    let mut seq = 0;
    for (&leaf, &owner) in leaves.iter().zip(owned) {
        let decided = decide(targets[leaf], on_owned_reassign[leaf], owner, pools);
        match decided {
            Ok(rep) => {
                seq += 1;
                outcome.moved += 1;
                outcome.rep.push(rep);
                outcome.reason.push(Reason::Moved.into());
                outcome.seq.push(seq);
            }
            Err(reason) => {
                outcome.rep.push(Outcome::LEFT);
                outcome.reason.push(reason.into());
                outcome.seq.push(0);
            }
        }
    }
    Ok(outcome)
}

/// Why a record is left whatever its target could do for it: nothing matched, or it has an owner and keeps it.
pub(super) fn refused(target: Target, reassign: bool, owner: i32) -> Option<Reason> {
    if let Target::Leave(code) = target
        && reason_of(code) == Some(Reason::Unmatched)
    {
        return Some(Reason::Unmatched);
    }
    (owner != NO_OWNER && !reassign).then_some(Reason::AlreadyOwned)
}

/// The new owner of one record, or why it is left.
fn decide(target: Target, reassign: bool, owner: i32, pools: &mut [PoolRun<'_>]) -> Result<i32, Reason> {
    if let Some(reason) = refused(target, reassign, owner) {
        return Err(reason);
    }
    match target {
        Target::Rep(rep) if as_owner(rep) == Some(owner) => Err(Reason::SameOwner),
        Target::Rep(rep) => as_owner(rep).ok_or(Reason::Unknown),
        Target::Unowned if owner == NO_OWNER => Err(Reason::AlreadyUnowned),
        Target::Unowned => Ok(Outcome::UNOWNED),
        Target::Leave(code) => Err(reason_of(code).unwrap_or(Reason::Unknown)),
        Target::Pool(pool) => pools
            .get_mut(pool as usize)
            .and_then(|run| run.quota.next().and_then(|m| run.members_to_reps.get(m)))
            .and_then(|&rep| as_owner(rep))
            .ok_or(Reason::NobodyActive),
    }
}

/// A rep's index as owners are numbered.
pub(super) fn as_owner(rep: u32) -> Option<i32> {
    i32::try_from(rep).ok()
}

/// The reason a target leaves records for; None when there is no such reason to be left.
pub(super) fn reason_of(code: u16) -> Option<Reason> {
    match i16::try_from(code).map(Reason::from) {
        Ok(Reason::Moved | Reason::Unknown) | Err(_) => None,
        Ok(reason) => Some(reason),
    }
}

fn check_targets(targets: &[Target], on_owned_reassign: &[bool], pools: &[PoolRun<'_>]) -> Result<(), AllocationError> {
    check_length("on_owned_reassign", on_owned_reassign.len(), targets.len())?;
    // The dictionary of reps is not known here, only what numbers an owner can have.
    check_target_list(targets, i32::MAX as usize + 1, pools.len())?;
    for run in pools {
        check_length("members_to_reps", run.members_to_reps.len(), run.quota.members())?;
        // Their reps too must be numbers that an owner can have: a turn once taken must be used.
        check_length(
            "members_to_reps",
            run.members_to_reps
                .iter()
                .filter(|&&rep| as_owner(rep).is_some())
                .count(),
            run.quota.members(),
        )?;
    }
    Ok(())
}

/// Refuses targets that do not exist.
pub(super) fn check_target_list(targets: &[Target], reps: usize, pools: usize) -> Result<(), AllocationError> {
    let good = |target: &Target| match *target {
        Target::Rep(rep) => as_owner(rep).is_some() && (rep as usize) < reps,
        Target::Pool(pool) => (pool as usize) < pools,
        Target::Unowned => true,
        Target::Leave(code) => reason_of(code).is_some(),
    };
    match targets.iter().position(|target| !good(target)) {
        Some(leaf) => Err(AllocationError::BadTarget { leaf }),
        None => Ok(()),
    }
}

/// The leaves as indexes into the targets.
pub(super) fn check_leaves(leaves: &[i32], targets: usize, owned: usize) -> Result<Vec<usize>, AllocationError> {
    check_length("owned", owned, leaves.len())?;
    if i32::try_from(leaves.len()).is_err() {
        return Err(AllocationError::TooManyRecords { count: leaves.len() });
    }
    leaves
        .iter()
        .enumerate()
        .map(|(record, &leaf)| {
            usize::try_from(leaf)
                .ok()
                .filter(|&leaf| leaf < targets)
                .ok_or(AllocationError::LeafOutOfRange { record, leaf })
        })
        .collect()
}

pub(super) fn check_length(what: &'static str, found: usize, expected: usize) -> Result<(), AllocationError> {
    if found == expected {
        Ok(())
    } else {
        Err(AllocationError::LengthMismatch { what, found, expected })
    }
}
