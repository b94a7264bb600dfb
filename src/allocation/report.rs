//! What a run did: the outcome of each record, what is to be kept of each pool, and what explain and audit tell.

use std::collections::BTreeMap;

use super::caps::Room;
use super::dealer::Dealer;
use super::decimal;
use super::level::Given;
use super::plan::Outcome;
use super::pool::Open;
use super::restricted::Method;
use super::{PoolState, Presence, Reason};

/// What became of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What becomes of each record.
    pub outcome: Outcome,
    /// By pool of the request.
    pub pools: Vec<PoolReport>,
    /// By cap of the request, how many records may still be given.
    pub caps_left: Vec<u64>,
}

/// What became of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolReport {
    /// What is to be kept of it; needs no writing where nobody received.
    pub state: PoolState,
    /// By member, when turns it missed lapse, in seconds since 1970; to be kept too.
    pub credits: BTreeMap<String, i64>,
    /// How its records were given out.
    pub method: Method,
    /// How many it placed.
    pub placed: u64,
    /// By seat.
    pub seats: Vec<SeatReport>,
}

/// What became of a member. Numbers with a point are to be shown: decisions are made on exact ones.
#[derive(Debug, Clone, PartialEq)]
pub struct SeatReport {
    /// Records it received through the pool.
    pub received: u64,
    /// Turns it was owed before the run; below zero: it was ahead.
    pub deficit_before: f64,
    /// The same after the run.
    pub deficit_after: f64,
    /// What it held before, as a numeric's text: as the seat said.
    pub load_before: String,
    /// What it holds now, whatever leaf gave it: records, or in a pool by value their value.
    pub load_after: String,
    /// Why it can have no more: not there, full by a cap, or by its book or number.
    pub closed: Option<Reason>,
    /// The cap by which it is full, as the request numbers them.
    pub full_by: Option<usize>,
}

impl PoolReport {
    pub(super) fn new(
        open: &Open<'_>,
        state: PoolState,
        credits: BTreeMap<String, i64>,
        method: Method,
        room: &Room,
        given: &Given,
    ) -> PoolReport {
        let (after, whole_after) = open.quota.books();
        let turns = |deficit: i128, whole: i128| {
            if whole == 0 { 0.0 } else { deficit as f64 / whole as f64 }
        };
        let seat = |(member, seat): (usize, &super::Seat)| {
            let full_by = room.full(seat.rep, Some(open.index));
            let load_after = match &open.dealer {
                Dealer::Levels(levels) => levels.load(member, given),
                _ => open.loads[member] + i128::from(given.count[seat.rep as usize]) * decimal::ONE,
            };
            SeatReport {
                received: open.received[member],
                deficit_before: turns(open.before.0[member], open.before.1),
                deficit_after: turns(after[member], whole_after),
                load_before: decimal::text(open.loads[member]),
                load_after: decimal::text(load_after),
                closed: match seat.presence {
                    Presence::Away { why, .. } => Some(why),
                    Presence::Present if full_by.is_some() => Some(Reason::CapsFull),
                    Presence::Present => open.book_full(member, given).then_some(Reason::BooksFull),
                },
                full_by,
            }
        };
        PoolReport {
            state,
            credits,
            method,
            placed: open.received.iter().sum(),
            seats: open.spec.seats.iter().enumerate().map(seat).collect(),
        }
    }
}
