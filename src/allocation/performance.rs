//! By performance: what a rep won decides its weight.
//!
//! w = clamp(floor, ceiling, (a + wins) / (a + b + handled)): the mean of a Beta posterior with a prior of a wins and b
//! losses, which shrinks the rate of those who have handled little towards the prior's a / (a + b). A newcomer thus weighs
//! what the prior says, and the floor keeps everybody in.
//!
//! Rates are computed as exact rationals and rounded half up to millionths. The rounded weights are what the quota method
//! is opened with, and what the caller stores with the run: its promise, |x - t w/W| < 1, holds for them exactly.

use super::decimal::{self, Fault, ONE};
use super::error::AllocationError;

/// The most that a rep can have won or handled, and the largest prior.
pub const LARGEST: u64 = 1_000_000_000_000;

/// What a rate is shrunk towards, and between what it is kept. Decimal texts of numbers from zero up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrink {
    /// Wins before the first: a.
    pub wins: String,
    /// Losses before the first: b. a + b is above zero.
    pub losses: String,
    /// The least weight; above zero.
    pub floor: String,
    /// The greatest weight; at least the floor.
    pub ceiling: String,
}

/// What one rep did in the period that counts, in millionths: records, or what they were worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record {
    wins: i128,
    handled: i128,
}

impl Record {
    /// What it won, of how much it handled, what was won included: decimal texts.
    ///
    /// # Errors
    /// Texts that are no numbers from zero up to [`LARGEST`].
    pub fn new(rep: &str, wins: &str, handled: &str) -> Result<Record, AllocationError> {
        let read = |what, text: &str| {
            let bad = |_: Fault| AllocationError::BadAmount {
                what,
                member: rep.to_owned(),
                value: text.to_owned(),
            };
            decimal::parse(text, LARGEST).map(|number| number.units).map_err(bad)
        };
        let (wins, handled) = (read("wins", wins)?, read("handled", handled)?);
        // Nobody wins more than everything.
        Ok(Record {
            wins: wins.min(handled),
            handled,
        })
    }
}

/// A prior of `strength` records that were won as often as the team's: the texts of a and b. A team that has handled
/// nothing yet is taken to win half.
pub fn team_prior(team: &[Record], strength: u32) -> (String, String) {
    // Below 2^60 each, and at most 2^20 of them.
    let sum = |of: fn(&Record) -> i128| team.iter().map(of).sum::<i128>();
    let (handled, strength) = (sum(|r| r.handled), i128::from(strength) * ONE);
    let wins = sum(|r| r.wins);
    // Twice the strength is below 2^53: what is above 2^70 loses digits that no millionth depends on.
    let excess = (handled >> 70) + 1;
    let (wins, handled) = (wins / excess, handled / excess);
    let a = if handled == 0 {
        strength / 2
    } else {
        half_up(strength * wins, handled)
    };
    (decimal::text(a), decimal::text(strength - a))
}

/// The weights, in the order of `records`, as texts that a [`super::Member`] takes.
///
/// # Errors
/// Numbers that make no sense, named.
pub fn weights(records: &[Record], shrink: &Shrink) -> Result<Vec<String>, AllocationError> {
    let read = |what, text: &str| {
        let bad = |_: Fault| AllocationError::BadSetting {
            what,
            value: text.to_owned(),
        };
        decimal::parse(text, LARGEST).map(|number| number.units).map_err(bad)
    };
    let a = read("prior wins", &shrink.wins)?;
    let b = read("prior losses", &shrink.losses)?;
    let floor = read("floor", &shrink.floor)?;
    let ceiling = read("ceiling", &shrink.ceiling)?;
    let refuse = |what, value: &String| {
        Err(AllocationError::BadSetting {
            what,
            value: value.clone(),
        })
    };
    if a + b == 0 {
        return refuse("prior losses", &shrink.losses);
    }
    if floor == 0 || floor > i128::from(super::limit::WEIGHT) * ONE {
        return refuse("floor", &shrink.floor);
    }
    if ceiling < floor || ceiling > i128::from(super::limit::WEIGHT) * ONE {
        return refuse("ceiling", &shrink.ceiling);
    }
    let weigh = |record: &Record| {
        // Below 2^62 millionths each: the product with ONE stays below 2^84.
        let rate = half_up((a + record.wins) * ONE, a + b + record.handled);
        decimal::text(rate.clamp(floor, ceiling))
    };
    Ok(records.iter().map(weigh).collect())
}

fn half_up(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator + denominator).div_euclid(2 * denominator)
}
