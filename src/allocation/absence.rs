//! What becomes of the turns that somebody misses who is away.
//!
//! - *lost*: the entitlement is frozen. On return everything is as it was.
//! - *catch up*: the entitlement grows with the records that go by, until so many turns are owed; what is owed lapses when it
//!   has not been used for some time since the last turn was missed. On return the turns owed come at once, one after the
//!   other: with a credit of c, after t records no more than c + t w/W and less than one on top.
//! - *keep turn*: a credit of one turn that does not lapse. It is reached when the due date passes, and whoever is owed a
//!   whole turn is next: so on return it is next if its turn came up meanwhile, once.
//!
//! Credit is part of the deficits that the pool keeps; only the instants at which it lapses are kept besides. This is about pools
//! that go by turns: where records are levelled, hashed or limited to some reps, who is away is simply not there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PoolState;

/// What becomes of the turns of a member who is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Missed {
    /// They are lost.
    Lost,
    /// They are owed.
    CatchUp {
        /// Up to so many; 0 = lost.
        most: u16,
        /// So many seconds after the last one that was missed they lapse; None = never.
        expiry: Option<u32>,
    },
    /// One is kept.
    KeepTurn,
}

impl Missed {
    /// How many turns may be owed.
    pub(super) fn credit(self) -> u16 {
        match self {
            Self::Lost => 0,
            Self::CatchUp { most, .. } => most,
            Self::KeepTurn => 1,
        }
    }

    /// When turns lapse of which one is missed now; None = never.
    pub(super) fn lapses(self, now: i64) -> Option<i64> {
        match self {
            Self::CatchUp { expiry, .. } => expiry.map(|expiry| now.saturating_add(expiry.into())),
            Self::Lost | Self::KeepTurn => None,
        }
    }
}

/// Whose credit has lapsed by `now`, as indexes into the keys.
pub(super) fn lapsed<'k>(
    keys: impl Iterator<Item = &'k String>,
    credits: &BTreeMap<String, i64>,
    now: i64,
) -> Vec<usize> {
    let past = |key: &String| credits.get(key).is_some_and(|&lapses| lapses <= now);
    keys.enumerate()
        .filter(|(_, key)| past(key))
        .map(|(member, _)| member)
        .collect()
}

/// The instants to be kept: those of before that have neither lapsed nor been used up, and the new ones.
pub(super) fn kept(
    before: &BTreeMap<String, i64>,
    missed: impl Iterator<Item = (String, Option<i64>)>,
    state: &PoolState,
    now: i64,
) -> BTreeMap<String, i64> {
    let owed = |key: &String| state.deficits.get(key).is_some_and(|&deficit| deficit > 0);
    let mut kept = before.clone();
    kept.retain(|_, lapses| *lapses > now);
    for (key, lapses) in missed {
        match lapses {
            Some(lapses) => kept.insert(key, lapses),
            None => kept.remove(&key),
        };
    }
    kept.retain(|key, _| owed(key));
    kept
}
