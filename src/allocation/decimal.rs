//! Numbers as people and PostgreSQL write them, read exactly: the text of a numeric to whole millionths.
//!
//! Weights, loads, targets and values all pass through here, so that 0.1 + 0.2 is 0.3 and what ties in SQL ties here.

use super::error::AllocationError;
use super::limit;

/// One, in the unit of all amounts.
pub const ONE: i128 = 10_i128.pow(limit::DECIMALS);

/// A number from zero up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    /// The number times 10^[`limit::DECIMALS`].
    pub units: i128,
    /// How many decimals it was written with, trailing zeros not counted.
    pub decimals: u32,
}

/// Why a text is not a number of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not the decimal text of a number from zero up.
    Unreadable,
    /// More decimals than [`limit::DECIMALS`].
    Precise,
    /// Above the largest that is allowed.
    Large,
}

/// Reads a number of at most `largest`.
pub(super) fn parse(text: &str, largest: u64) -> Result<Decimal, Fault> {
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return Err(Fault::Unreadable),
        Some(parts) => parts,
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return Err(Fault::Unreadable);
    }
    let fraction = fraction.trim_end_matches('0');
    let decimals = u32::try_from(fraction.len()).unwrap_or(u32::MAX);
    if decimals > limit::DECIMALS {
        return Err(Fault::Precise);
    }
    // Digits only, so a failure to parse means that there are too many of them.
    let whole: i128 = whole.parse().map_err(|_| Fault::Large)?;
    let fraction: i128 = match fraction {
        "" => 0,
        some => some.parse().map_err(|_| Fault::Unreadable)?,
    };
    let largest = i128::from(largest);
    if whole > largest || (whole == largest && fraction > 0) {
        return Err(Fault::Large);
    }
    Ok(Decimal {
        units: whole * ONE + fraction * 10_i128.pow(limit::DECIMALS - decimals),
        decimals,
    })
}

/// What a rep has in several places, added up. `what` names it in the error.
///
/// # Errors
/// A part that is not the decimal text of a number from zero up to `largest`.
pub fn sum(what: &'static str, rep: &str, parts: &[&str], largest: u64) -> Result<String, AllocationError> {
    let mut sum = 0;
    for part in parts {
        sum += parse(part, largest)
            .map_err(|_| AllocationError::BadAmount {
                what,
                member: rep.to_owned(),
                value: (*part).to_owned(),
            })?
            .units;
    }
    Ok(text(sum))
}

/// Millionths as the text of a numeric, without trailing zeros.
pub(super) fn text(units: i128) -> String {
    let (whole, fraction) = (units / ONE, units % ONE);
    let text = format!("{whole}.{fraction:06}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
