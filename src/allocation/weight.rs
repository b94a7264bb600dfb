//! Weights: from the decimal text of a numeric to integers that have no common divisor.
//!
//! Only the proportions of weights matter. Taking the greatest common divisor out makes that literal: weights 1 and 2,
//! 10 and 20, or 0.1 and 0.2 become the same integers, hence the same units of the deficits and the same turns.

use super::Member;
use super::decimal::{self, Decimal, Fault};
use super::error::AllocationError;
use super::limit;

/// Reads the weight of a member, which is above zero.
pub(super) fn parse(member: &Member) -> Result<Decimal, AllocationError> {
    let (key, value) = (member.key.clone(), member.weight.clone());
    match decimal::parse(&member.weight, limit::WEIGHT) {
        Ok(weight) if weight.units > 0 => Ok(weight),
        Ok(_) | Err(Fault::Unreadable) => Err(AllocationError::BadWeight { member: key, value }),
        Err(Fault::Precise) => Err(AllocationError::WeightTooPrecise { member: key, value }),
        Err(Fault::Large) => Err(AllocationError::WeightTooLarge { member: key, value }),
    }
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
