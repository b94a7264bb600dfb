//! Weights: from the decimal text of a numeric to integers that have no common divisor.
//!
//! Only the proportions of weights matter. Taking the greatest common divisor out makes that literal: weights 1 and 2,
//! 10 and 20, or 0.1 and 0.2 become the same integers, hence the same units of the deficits and the same turns.

use super::Member;
use super::error::AllocationError;
use super::limit;

/// A weight as an exact integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight {
    /// The weight times 10^[`limit::DECIMALS`]; above zero.
    pub units: i128,
    /// How many decimals it was written with, trailing zeros not counted.
    pub decimals: u32,
}

/// Reads the weight of a member.
pub(super) fn parse(member: &Member) -> Result<Weight, AllocationError> {
    let value = member.weight.as_str();
    let bad = || AllocationError::BadWeight {
        member: member.key.clone(),
        value: value.to_owned(),
    };
    let too_large = || AllocationError::WeightTooLarge {
        member: member.key.clone(),
        value: value.to_owned(),
    };
    let (whole, fraction) = match value.split_once('.') {
        Some((_, "")) => return Err(bad()),
        Some(parts) => parts,
        None => (value, ""),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(bad());
    }

    let fraction = fraction.trim_end_matches('0');
    let decimals = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    if decimals > limit::DECIMALS {
        return Err(AllocationError::WeightTooPrecise {
            member: member.key.clone(),
            value: value.to_owned(),
        });
    }
    // Digits only, so a failure to parse means that there are too many of them.
    let whole: i128 = whole.parse().map_err(|_| too_large())?;
    let fraction: i128 = match fraction {
        "" => 0,
        some => some.parse().map_err(|_| bad())?,
    };
    let one = 10_i128.pow(limit::DECIMALS);
    let largest = i128::from(limit::WEIGHT);
    if whole > largest || (whole == largest && fraction > 0) {
        return Err(too_large());
    }
    let units = whole * one + fraction * 10_i128.pow(limit::DECIMALS - decimals);
    if units == 0 {
        return Err(bad());
    }
    Ok(Weight { units, decimals })
}

/// The weights divided by their greatest common divisor, and their sum; a weight of zero stays zero.
pub(super) fn reduce(weights: &mut [i128]) -> Result<i128, AllocationError> {
    let divisor = weights.iter().fold(0, |a, &b| gcd(a, b));
    if divisor > 1 {
        for weight in weights.iter_mut() {
            *weight /= divisor;
        }
    }
    // At most 2^20 weights below 2^50: the sum cannot overflow before it is checked.
    let total: i128 = weights.iter().sum();
    if total > limit::TOTAL {
        return Err(AllocationError::WeightsTooFarApart);
    }
    Ok(total)
}

fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
