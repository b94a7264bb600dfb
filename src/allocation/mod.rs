//! Allocation: which rep takes the k-th record, decided over arrays, without a database.
//!
//! Records arrive ranked. A strategy turns what is known of the members of a pool into an order of turns, and record
//! number k goes to the k-th turn. Each strategy states a promise in its header, and its tests hold it to that promise.
//!
//! | file | idea |
//! | --- | --- |
//! | `plan` | one pass over the records: leaf, owner, target, and a turn where the target is a pool |
//! | `quota` | `round_robin` and `weighted`: the quota method on kept counters |
//! | `tournament`, `contender` | the same method in O(log R) a turn |
//! | `ledger` | deficits that survive members, weights and absences that change |
//! | `weight`, `limit` | decimals to integers, and why nothing overflows |
//!
//! The strategy `rep` needs no state: its target is [`Target::Rep`]. Round robin is [`Quota`] with every weight `"1"`.
//!
//! A member that is not active takes no turns and is entitled to none (policy `none`): its deficit waits for it.

mod contender;
mod error;
mod ledger;
pub mod limit;
mod plan;
mod quota;
mod tournament;
mod turns;
mod weight;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use error::AllocationError;
pub use plan::{Outcome, PoolRun, Reason, Target, allocate};
pub use quota::Quota;

/// One member of a pool as the caller's tables state it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The rep.
    pub key: String,
    /// The decimal text of a positive numeric, such as `1` or `2.5`: at most [`limit::WEIGHT`], with at most
    /// [`limit::DECIMALS`] decimals.
    pub weight: String,
    /// Decides, before the key, what is otherwise equal: lower goes first.
    pub position: i64,
    /// Whether it takes turns now.
    pub active: bool,
}

/// What is kept of a pool between runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PoolState {
    /// The total weight W the deficits refer to: that of the active members at the time, without their greatest common
    /// divisor. Zero: never used.
    pub total_weight: i128,
    /// Decimals with which the weights were written. For the reader only: deficits are read by `total_weight` alone, so
    /// that weights written with other decimals but in the same proportions take the same turns.
    pub scale: u32,
    /// By member, the turns it is entitled to less those it was given, times `total_weight` times [`limit::GRAIN`].
    pub deficits: BTreeMap<String, i128>,
}
