//! The ledger of a pool: every member's deficit in whole units, which sum to zero whatever changes.
//!
//! A deficit d (what a member is entitled to, less what it was given) is kept as D = d * W * S. As W is the sum of the
//! active weights, it changes whenever somebody leaves, joins, goes off duty or gets another weight, and with it the
//! unit. Exact rationals would outgrow any integer after some fifteen changes, so D is rounded to the new unit, about a
//! millionth of a turn, and the roundings are made to cancel: largest remainders, as one rounds seats.

use super::PoolState;
use super::error::AllocationError;
use super::limit::{self, GRAIN};
use super::weight;

/// Deficits of all members of a pool, in its current unit.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    /// W: the sum of `shares`.
    pub total: i128,
    /// Weights without their common divisor; zero for those who do not take part.
    pub shares: Vec<i128>,
    /// D by member; sums to zero.
    pub deficits: Vec<i128>,
}

/// Refuses a state that no pool can have reached.
pub(super) fn check(state: &PoolState) -> Result<(), AllocationError> {
    let total = state.total_weight;
    let used = state.deficits.values().any(|&d| d != 0);
    if !(0..=limit::TOTAL).contains(&total) || (total == 0 && used) {
        return Err(AllocationError::BadTotalWeight { value: total });
    }
    check_owed(state.deficits.values(), total)
}

/// Refuses deficits that are out of all proportion, so that everything after can be computed without overflow.
pub(super) fn check_owed<'a>(deficits: impl IntoIterator<Item = &'a i128>, total: i128) -> Result<(), AllocationError> {
    let most = (limit::OWED * GRAIN * total).unsigned_abs();
    let mut owed = 0_u128;
    for deficit in deficits {
        owed = owed.saturating_add(deficit.unsigned_abs());
        if owed > most {
            return Err(AllocationError::DeficitsTooLarge);
        }
    }
    Ok(())
}

/// What the `lapsed` are owed goes to the `active` others in proportion to their weights; they are even then.
pub(super) fn lapse(deficits: &mut [i128], lapsed: &[usize], active: &[usize], weights: &[i128]) {
    let others: Vec<usize> = active.iter().copied().filter(|m| !lapsed.contains(m)).collect();
    let total: i128 = others.iter().map(|&m| weights[m]).sum();
    if total == 0 {
        return;
    }
    for &member in lapsed {
        let owed = deficits[member].max(0);
        deficits[member] -= owed;
        let mut rest = owed;
        for &other in &others {
            let part = owed / total * weights[other] + owed % total * weights[other] / total;
            deficits[other] += part;
            rest -= part;
        }
        // Less than one unit for each: to the first.
        for (&other, _) in others.iter().zip(0..rest) {
            deficits[other] += 1;
        }
    }
}

impl Ledger {
    /// Opens the books of members with these `weights` (zero: does not take part; at least one does) on what was kept
    /// of each, `kept` being in the unit of `before`, an earlier total, which [`check`] has passed. `order` lists the
    /// members from first to last.
    ///
    /// What is missing to a sum of zero was held by those who left. It is spread over those who take part in
    /// proportion to their weights, as if that many more turns had come and gone.
    pub fn open(
        mut weights: Vec<i128>,
        kept: Vec<i128>,
        before: i128,
        order: &[usize],
    ) -> Result<Ledger, AllocationError> {
        let total = weight::reduce(&mut weights)?;
        let left: i128 = -kept.iter().sum::<i128>();
        let mut deficits = kept;
        // The same unit and nobody gone: the same integers, so that cutting a run in two changes nothing.
        if (before != total || left != 0) && before != 0 && total != 0 {
            restate(&mut deficits, &weights, before, total, left, order);
        }
        Ok(Ledger {
            total,
            shares: weights,
            deficits,
        })
    }

    /// Turns given back by member: each was worth W * S to the one who had it and cost everybody their share of it.
    pub fn give_back(&mut self, turns: &[i128]) -> Result<(), AllocationError> {
        let all: i128 = turns.iter().sum();
        let deficits: Vec<i128> = self
            .deficits
            .iter()
            .zip(&self.shares)
            .zip(turns)
            .map(|((deficit, share), own)| deficit + own * self.total * GRAIN - all * share * GRAIN)
            .collect();
        self.set(deficits)
    }

    /// Amounts in the unit of the deficits, which sum to zero, are added.
    pub fn adjust(&mut self, amounts: &[i128]) -> Result<(), AllocationError> {
        self.set(
            self.deficits
                .iter()
                .zip(amounts)
                .map(|(deficit, amount)| deficit + amount)
                .collect(),
        )
    }

    fn set(&mut self, deficits: Vec<i128>) -> Result<(), AllocationError> {
        check_owed(&deficits, self.total)?;
        self.deficits = deficits;
        Ok(())
    }
}

/// Rounds (D * after + left * share) / before down, then hands the units that are missing to the largest remainders,
/// ties in the order of the members.
fn restate(deficits: &mut [i128], shares: &[i128], before: i128, after: i128, left: i128, order: &[usize]) {
    let (left_whole, left_rest) = (left.div_euclid(before), left.rem_euclid(before));
    let mut remainders = vec![0; deficits.len()];
    for ((deficit, share), remainder) in deficits.iter_mut().zip(shares).zip(&mut remainders) {
        // Quotient and remainder apart: the product of the whole would not fit.
        let (whole, rest) = (deficit.div_euclid(before), deficit.rem_euclid(before));
        let parts = rest * after + left_rest * share;
        *deficit = whole * after + left_whole * share + parts.div_euclid(before);
        *remainder = parts.rem_euclid(before);
    }
    let missing = -deficits.iter().sum::<i128>();
    let mut line = order.to_vec();
    line.sort_by(|&a, &b| remainders[b].cmp(&remainders[a]));
    for (&member, _) in line.iter().zip(0..missing) {
        deficits[member] += 1;
    }
}
