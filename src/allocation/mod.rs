//! Allocation: which rep takes the k-th record, decided over arrays, without a database.
//!
//! Records arrive ranked. A strategy turns what is known of the members of a pool into an order of turns, and record
//! number k goes to the k-th turn. Each strategy states a promise in its header, and its tests hold it to that promise.
//!
//! What a caller needs: describe each pool ([`Pool`], a [`Seat`] for each member), each cap ([`Cap`]), and which reps which
//! records may go to ([`Eligibility`]); fill a [`Request`] with arrays by record; call [`distribute`]; write what the
//! [`Report`] says. Nothing is kept between calls but what the report hands back: [`PoolReport::state`], `credits`.
//!
//! | strategy | what it reads of seats and request | promise | where |
//! | --- | --- | --- | --- |
//! | [`Strategy::Turns`], equal weights: round robin | `state` | nobody a second before everybody had one; below | `quota` |
//! | `Turns`: weighted | `weight`, `state` | abs(x - t w/W) < 1 for every member after every record | `quota` |
//! | `Turns`: by performance | weights of [`performance::weights`], stored with the run | as weighted, for the frozen weights | `performance` |
//! | [`Strategy::Load`] | `load`, `weight` | least sum of (L + k)/w, hence least largest load; exchange condition | `level` |
//! | [`Strategy::Value`] | `load`, `weight`, `values` | in descending value, each to the least L/w | `level` |
//! | [`Strategy::TopOff`] | `load`, `target` | enough supply: every book exactly full; else equal fill ratios | `level` |
//! | [`Strategy::Fixed`] | `each`, `target`, `load` | min(n, T - L) each; nobody the next before all had the k-th | `level` |
//! | [`Strategy::Sticky`] | `previous`, `hashes`, `weight` | previous owner, else same record same rep; a leaver moves only its own | `pick` |
//! | [`Strategy::Random`] | `seed`, `hashes`, `weight` | the same seed gives the same; in proportion to weights | `pick` |
//!
//! For all of them:
//!
//! | what | promise | where |
//! | --- | --- | --- |
//! | caps ([`Cap`]) | never passed, by one counter however many leaves and pools share it; `caps_full` only if all are full | `caps` |
//! | absence ([`Presence`], [`Missed`]) | who is away receives nothing; turns missed are lost, kept up to a credit, or one is kept | `absence` |
//! | eligibility ([`Class`]) | `Turns`: every class and every rep its share, floor or ceiling; else most placed, least loads | `restricted`, `table`, `spread`, `flow` |
//! | ties | larger deficit for one's weight, then position, then key | `level`, `quota` |
//! | what cannot be placed | goes to [`Pool::otherwise`], or is left with a [`Reason`] | `run` |
//! | the same again | gives the same; so do weights times ten, and a run cut in two where records are given one by one | `run` |
//!
//! Fewer promises, said plainly: with caps that crossing groups of reps share, or more cells than [`Pool::exact_cells`], restricted
//! eligibility is greedy, and [`PoolReport::method`] says so; with caps that nested groups share, the number placed and
//! the largest load are exact, the levels beneath nearly so. Where eligibility is restricted, or a strategy does not go by
//! turns, who is away is not entitled to what it misses. A member that is full is entitled to no further turn in the run.
//! The deficits of pools that do not go by turns only break ties and tell of fairness; they are no debts: when the strategy of a
//! rule changes from one of the others to turns, it starts from [`PoolState::default`].
//!
//! | file | idea |
//! | --- | --- |
//! | `request`, `run`, `report` | what is asked, one pass over the records, what became of it |
//! | `recorded`, `shares` | a request as it is kept, to be asked again; what it gave whom in each segment |
//! | `pool`, `dealer`, `eligibility`, `caps`, `absence`, `reason` | who may receive, and why not |
//! | `quota`, `turns`, `tournament`, `contender`, `ledger` | the quota method, in O(log R) a turn, on deficits that survive every change |
//! | `level`, `pick` | lowest first; by hash |
//! | `restricted`, `table`, `spread`, `flow` | tables of whole numbers: proportional without scarcity, level with it |
//! | `performance`, `weight`, `decimal`, `limit` | weights, numbers read exactly, and why nothing overflows |
//! | `plan` | where records may go, and what became of each |

mod absence;
mod caps;
mod contender;
mod dealer;
mod decimal;
mod eligibility;
mod error;
mod flow;
mod interleave;
mod ledger;
mod level;
pub mod limit;
pub mod performance;
mod pick;
mod plan;
mod pool;
mod quota;
mod reason;
mod recorded;
mod report;
mod request;
mod restricted;
mod run;
mod shares;
mod spread;
mod stand;
mod table;
mod tournament;
mod turns;
mod weight;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use absence::Missed;
pub use caps::Cap;
pub use decimal::sum;
pub use eligibility::{Class, Eligibility};
pub use error::AllocationError;
pub use pick::record_hash;
pub use plan::{Outcome, Target};
pub use pool::{Pool, Presence, Seat, Strategy};
pub use quota::Quota;
pub use reason::Reason;
pub use recorded::{Arrays, Recorded};
pub use report::{PoolReport, Report, SeatReport};
pub use request::Request;
#[allow(
    unused_imports,
    reason = "for whoever looks at how a pool gave its records out: the benchmark"
)]
pub use restricted::Method;
pub use run::distribute;
pub use shares::shares;

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
