//! Where records may go, and what became of each: what goes into a run and what comes out of it.
//!
//! What is decided by the leaf alone is decided here; `run` has the rest.

use serde::{Deserialize, Serialize};

use super::error::AllocationError;
use super::reason::Reason;

/// Where a record may go, by leaf of the compiled ruleset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// One rep: an index into the run's dictionary of reps.
    Rep(u32),
    /// Whoever has the next turn of a pool: an index into the run's pools.
    Pool(u32),
    /// Nobody: the owner is removed.
    Unowned,
    /// Nobody, and that is a move for a record without an owner as well: its place changes, such as into a hopper.
    Place,
    /// It stays where it is, for a [`Reason`] given by its code; see [`Target::leave`].
    Leave(u16),
}

impl Target {
    /// A record stays where it is for this reason.
    pub fn leave(reason: Reason) -> Target {
        Target::Leave(u16::try_from(i16::from(reason)).unwrap_or(0))
    }
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
    /// It went to the rep who owns what matches it.
    pub matched: bool,
}

impl Outcome {
    /// In [`Outcome::rep`]: left where it is.
    pub const LEFT: i32 = -1;
    /// In [`Outcome::rep`]: moved, to nobody.
    pub const UNOWNED: i32 = -2;
}

/// The owner of a record that has none, in [`super::Request::owned`].
pub(super) const NO_OWNER: i32 = -1;

/// Why a record is left whatever its target could do for it: nothing matched, or it has an owner and keeps it.
pub(super) fn refused(target: Target, reassign: bool, owner: i32) -> Option<Reason> {
    if let Target::Leave(code) = target
        && reason_of(code) == Some(Reason::Unmatched)
    {
        return Some(Reason::Unmatched);
    }
    (owner != NO_OWNER && !reassign).then_some(Reason::AlreadyOwned)
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

/// Refuses targets that do not exist.
pub(super) fn check_target_list(targets: &[Target], reps: usize, pools: usize) -> Result<(), AllocationError> {
    let good = |target: &Target| match *target {
        Target::Rep(rep) => as_owner(rep).is_some() && (rep as usize) < reps,
        Target::Pool(pool) => (pool as usize) < pools,
        Target::Unowned | Target::Place => true,
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
