//! What allocation refuses, said so that the person who wrote the row can mend it.
//!
//! Weights come from tables people edit and deficits from a table that a restore or a hand may have damaged, so
//! everything that could overflow or make no sense is found here, before the first turn is handed out.

use std::fmt;

use super::limit;

/// Why a pool cannot be opened, turns cannot be given back, or records cannot be allocated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllocationError {
    /// The weight is not the decimal text of a number above zero.
    BadWeight {
        /// Whose weight it is.
        member: String,
        /// The weight as it was given.
        value: String,
    },
    /// The weight is above [`limit::WEIGHT`].
    WeightTooLarge {
        /// Whose weight it is.
        member: String,
        /// The weight as it was given.
        value: String,
    },
    /// The weight has more than [`limit::DECIMALS`] decimals.
    WeightTooPrecise {
        /// Whose weight it is.
        member: String,
        /// The weight as it was given.
        value: String,
    },
    /// The weights of the active members sum to too many units of their common divisor.
    WeightsTooFarApart,
    /// Two members have the same key.
    DuplicateMember {
        /// The key they share.
        member: String,
    },
    /// The pool has more than [`limit::MEMBERS`] members.
    TooManyMembers {
        /// How many it has.
        count: usize,
    },
    /// The kept total weight is negative, too large, or zero although deficits are kept.
    BadTotalWeight {
        /// The total weight as it was kept.
        value: i128,
    },
    /// The kept deficits, or those that an undo would leave, are more turns than any pool can owe.
    DeficitsTooLarge,
    /// More turns are given back at once than were ever handed out.
    TooManyTurns {
        /// How many turns, as far as they could be counted.
        count: u64,
    },
    /// The arrays that describe one run do not belong together.
    LengthMismatch {
        /// Which array is at fault.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length it should have.
        expected: usize,
    },
    /// A record's leaf is not one of the compiled ruleset's.
    LeafOutOfRange {
        /// The record's place in the run, from 0.
        record: usize,
        /// The leaf it was said to have reached.
        leaf: i32,
    },
    /// A leaf's target names a pool, rep or reason that does not exist.
    BadTarget {
        /// The leaf.
        leaf: usize,
    },
    /// A load or target is not the decimal text of a number from zero up, or is too large.
    BadAmount {
        /// What it is: load or target.
        what: &'static str,
        /// Whose.
        member: String,
        /// As it was given; empty where there was none.
        value: String,
    },
    /// A setting of a strategy makes no sense.
    BadSetting {
        /// Which.
        what: &'static str,
        /// As it was given.
        value: String,
    },
    /// A record's value is below zero.
    BadValue {
        /// The record's place in the run, from 0.
        record: usize,
    },
    /// A record matches what is owned by a rep who does not exist.
    BadMatch {
        /// The record's place in the run, from 0.
        record: usize,
    },
    /// The values of a run, and the loads they are added to, sum to more than can be compared exactly.
    ValuesTooLarge,
    /// Following where pools hand on what they cannot place leads back to this one.
    CircularFallback {
        /// The pool.
        pool: usize,
    },
    /// A record's class is not one of the run's, or a class's set or reps are not.
    ClassOutOfRange {
        /// The class.
        class: u32,
    },
    /// More records than one run can number.
    TooManyRecords {
        /// How many there are.
        count: usize,
    },
}

impl AllocationError {
    /// What the reader can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::BadWeight { .. } => {
                "A weight is a number above zero; to keep a member from receiving, set active to false."
            }
            Self::WeightTooLarge { .. } => {
                "Only the proportions of weights matter: divide all weights of the pool by the same number."
            }
            Self::WeightTooPrecise { .. } => "Round the weight, for example with round(weight, 6).",
            Self::WeightsTooFarApart => {
                "Give the members of the pool weights with fewer digits; only their proportions matter."
            }
            Self::DuplicateMember { .. } => "A member belongs to a pool once; raise its weight instead.",
            Self::TooManyMembers { .. } => "Split the pool, and route to the parts with a ruleset.",
            Self::BadTotalWeight { .. } | Self::DeficitsTooLarge => {
                "The kept counters of the pool are damaged: reset them, and every member starts even."
            }
            Self::TooManyTurns { .. } => "Undo smaller runs one after the other.",
            Self::TooManyRecords { .. } => "Set a row_limit, and run more often.",
            Self::BadAmount { .. } => {
                "Loads and targets are numbers from zero up, with at most 6 decimals; top-off needs a target for each member."
            }
            Self::BadSetting { .. } => "Priors are numbers from zero up, not both zero; 0 < floor <= ceiling.",
            Self::BadValue { .. } => {
                "Distribute by an expression that is never below zero, for example with greatest(value, 0)."
            }
            Self::ValuesTooLarge => "Distribute by a smaller unit of value, for example thousands.",
            Self::CircularFallback { .. } => "Let the last pool hold what it cannot place, or name a rep.",
            Self::ClassOutOfRange { .. }
            | Self::BadMatch { .. }
            | Self::LengthMismatch { .. }
            | Self::LeafOutOfRange { .. }
            | Self::BadTarget { .. } => "This is a defect of pg_dist: please report it with the ruleset.",
        }
    }
}

impl fmt::Display for AllocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadWeight { member, value } => {
                write!(
                    f,
                    "weight \"{value}\" of member \"{member}\" is not a number above zero"
                )
            }
            Self::WeightTooLarge { member, value } => {
                write!(f, "weight {value} of member \"{member}\" is above {}", limit::WEIGHT)
            }
            Self::WeightTooPrecise { member, value } => write!(
                f,
                "weight {value} of member \"{member}\" has more than {} decimals",
                limit::DECIMALS
            ),
            Self::WeightsTooFarApart => {
                write!(f, "the weights of the active members add up to too many digits")
            }
            Self::DuplicateMember { member } => {
                write!(f, "member \"{member}\" is in the pool more than once")
            }
            Self::TooManyMembers { count } => {
                write!(f, "a pool of {count} members is above the limit of {}", limit::MEMBERS)
            }
            Self::BadTotalWeight { value } => {
                write!(f, "the kept total weight {value} of the pool is not usable")
            }
            Self::DeficitsTooLarge => write!(f, "the deficits of the pool are absurdly large"),
            Self::TooManyTurns { count } => {
                write!(f, "cannot give back {count} turns at once")
            }
            Self::LengthMismatch { what, found, expected } => {
                write!(f, "{what} has {found} entries instead of {expected}")
            }
            Self::LeafOutOfRange { record, leaf } => {
                write!(f, "record {record} reached leaf {leaf}, which does not exist")
            }
            Self::BadTarget { leaf } => {
                write!(f, "leaf {leaf} points at a pool, rep or reason that does not exist")
            }
            Self::BadAmount { what, member, value } => {
                write!(f, "{what} \"{value}\" of member \"{member}\" is not a usable number")
            }
            Self::BadSetting { what, value } => write!(f, "{what} {value} is not usable"),
            Self::BadValue { record } => write!(f, "the value of record {record} is below zero"),
            Self::BadMatch { record } => write!(f, "record {record} matches what nobody known owns"),
            Self::ValuesTooLarge => write!(f, "the values of the records add up to too many digits"),
            Self::CircularFallback { pool } => {
                write!(f, "what pool {pool} cannot place would come back to it")
            }
            Self::ClassOutOfRange { class } => {
                write!(f, "class {class} does not exist, or names reps that do not")
            }
            Self::TooManyRecords { count } => {
                write!(f, "{count} records are more than one run can number")
            }
        }
    }
}

impl std::error::Error for AllocationError {}
