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

/// The most wins or records handled that are counted, and the largest prior.
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

/// What one rep did in the period that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Record {
    /// Records it won.
    pub wins: u64,
    /// Records it handled, the won ones included.
    pub handled: u64,
}

/// A prior of `strength` records that were won as often as the team's: the texts of a and b. A team that has handled
/// nothing yet is taken to win half.
pub fn team_prior(team: &[Record], strength: u32) -> (String, String) {
    let sum = |of: fn(&Record) -> u64| team.iter().map(|r| i128::from(of(r).min(LARGEST))).sum::<i128>();
    let (handled, strength) = (sum(|r| r.handled), i128::from(strength) * ONE);
    let wins = sum(|r| r.wins).min(handled);
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
        let handled = i128::from(record.handled.min(LARGEST)) * ONE;
        let wins = (i128::from(record.wins.min(LARGEST)) * ONE).min(handled);
        // Below 2^62 millionths each: the product with ONE stays below 2^84.
        let rate = half_up((a + wins) * ONE, a + b + handled);
        decimal::text(rate.clamp(floor, ceiling))
    };
    Ok(records.iter().map(weigh).collect())
}

fn half_up(numerator: i128, denominator: i128) -> i128 {
    (2 * numerator + denominator).div_euclid(2 * denominator)
}
