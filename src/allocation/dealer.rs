//! What gives the records of a pool one at a time, made of what its seats say.

use super::decimal::{self, Fault, ONE};
use super::error::AllocationError;
use super::level::{Levels, Owed, Rule as Level, Runner};
use super::limit;
use super::pick::{Picks, Rule as Pick, Ticket};
use super::pool::{Pool, Seat, Strategy};
use super::quota::Quota;
use super::weight;

/// What gives records one at a time.
#[derive(Debug)]
pub(super) enum Dealer {
    /// The books themselves.
    Turns,
    Levels(Levels),
    Picks(Picks),
}

impl Dealer {
    /// That of a pool, opened on its books.
    pub fn new(spec: &Pool, quota: &Quota, loads: &[i128]) -> Result<Dealer, AllocationError> {
        let rule = match spec.strategy {
            Strategy::Turns => return Ok(Dealer::Turns),
            Strategy::Sticky => return picks(Pick::Sticky, spec, quota),
            Strategy::Random { seed } => return picks(Pick::Random(seed), spec, quota),
            Strategy::Load => Level::Load,
            Strategy::Value => Level::Value,
            Strategy::TopOff => Level::TopOff,
            Strategy::Fixed { each } => Level::Fixed(each),
        };
        let (deficits, _) = quota.books();
        let total: i128 = quota.shares().iter().sum();
        let targets = spec.seats.iter().map(target).collect::<Result<Vec<_>, _>>()?;
        let mut weights: Vec<i128> = match rule {
            Level::Load | Level::Value => quota.weights().to_vec(),
            Level::TopOff => targets.iter().map(|target| target.unwrap_or(0)).collect(),
            Level::Fixed(_) => vec![1; spec.seats.len()],
        };
        weight::reduce(&mut weights)?;
        let mut runners: Vec<Runner> = Vec::with_capacity(spec.seats.len());
        for (member, seat) in spec.seats.iter().enumerate() {
            if rule == Level::TopOff && targets[member].is_none() {
                return Err(bad("target", seat, "", Fault::Unreadable));
            }
            runners.push(Runner {
                rep: seat.rep,
                load: loads[member],
                // A book whose target is zero is full whatever it is divided by.
                weight: weights[member].max(1),
                target: targets[member],
                room: seat.room,
                given: 0,
                rank: 0,
                owed: Owed::new(deficits[member], quota.shares()[member], total),
            });
        }
        for (rank, &member) in (0..).zip(quota.order()) {
            runners[member].rank = rank;
        }
        Ok(Dealer::Levels(Levels::new(rule, spec.segment, runners)))
    }
}

/// What a member holds, in millionths.
pub(super) fn load(seat: &Seat) -> Result<i128, AllocationError> {
    let load = decimal::parse(&seat.load, limit::LOAD).map_err(|fault| bad("load", seat, &seat.load, fault))?;
    Ok(load.units)
}

fn bad(what: &'static str, seat: &Seat, value: &str, _: Fault) -> AllocationError {
    AllocationError::BadAmount {
        what,
        member: seat.key.clone(),
        value: value.to_owned(),
    }
}

fn target(seat: &Seat) -> Result<Option<i128>, AllocationError> {
    let read = |text: &String| {
        decimal::parse(text, limit::WEIGHT)
            .map(|target| target.units / ONE * ONE)
            .map_err(|fault| bad("target", seat, text, fault))
    };
    seat.target.as_ref().map(read).transpose()
}

fn picks(rule: Pick, spec: &Pool, quota: &Quota) -> Result<Dealer, AllocationError> {
    let mut weights = quota.weights().to_vec();
    weight::reduce(&mut weights)?;
    let tickets = spec.seats.iter().zip(weights);
    Ok(Dealer::Picks(Picks::new(
        rule,
        tickets.map(|(seat, weight)| Ticket::new(&seat.key, weight)).collect(),
    )))
}
