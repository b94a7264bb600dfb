//! Pools that decide about all their records at once, after the pass: by value, and where some records are for some reps.

use super::super::dealer::Dealer;
use super::super::error::AllocationError;
use super::super::plan::Target;
use super::super::pool::Strategy;
use super::super::restricted;
use super::{Card, Run};

/// So many records that come in another order than that of the arrays are fetched together.
const FETCHED: usize = 1024;

/// So many members are kept in the order in which they stand, rather than in a heap.
const FEW: usize = 1024;

impl Run<'_> {
    /// Decides about all that a pool has gathered; what it cannot place and hands on is put into `later`.
    pub(super) fn settle(&mut self, pool: usize, later: &mut Vec<(u32, Target)>) -> Result<(), AllocationError> {
        let mut records = std::mem::take(&mut self.queues[pool]);
        records.sort_unstable();
        let by_value = self.pools[pool].spec.strategy == Strategy::Value;
        let mut left = Vec::new();
        if by_value {
            // One number of both, as numbers are quick to sort: the larger value first, then the rank.
            let both = |record: u32| {
                let value = u64::try_from(self.request.values[record as usize]).unwrap_or(0);
                u128::from(!value) << 32 | u128::from(record)
            };
            let mut line: Vec<u128> = records.into_iter().map(both).collect();
            line.sort_unstable();
            self.rank(pool, true);
            // What lies all over the memory is fetched for many at once, so that one does not wait for the other.
            for part in line.chunks(FETCHED) {
                // A cast keeps the lower half.
                let cards: Vec<Card<'_>> = part.iter().map(|&both| self.card(both as u32 as usize)).collect();
                for (card, &both) in cards.iter().zip(part) {
                    match self.next(pool, card) {
                        Some(member) => self.took(pool, member, card),
                        None => left.push(both as u32),
                    }
                }
            }
            self.rank(pool, false);
            left.sort_unstable();
        } else {
            let open = &mut self.pools[pool];
            let (takers, method) = restricted::settle(open, &records, self.request, &self.room, &self.given)?;
            self.methods[pool] = method;
            for (record, taker) in records.into_iter().zip(takers) {
                let card = self.card(record as usize);
                match taker {
                    Some(member) => self.took(pool, member, &card),
                    None => left.push(record),
                }
            }
        }
        for record in left {
            match self.pools[pool].spec.otherwise {
                Some(otherwise) => later.push((record, otherwise)),
                None => {
                    let reason = self.pools[pool].why(self.request, record as usize);
                    self.leave(record as usize, reason);
                }
            }
        }
        Ok(())
    }

    /// A pool by value begins to decide, or has done so. For one line of very many a heap is quicker.
    fn rank(&mut self, pool: usize, begin: bool) {
        let open = &mut self.pools[pool];
        let few = open.spec.seats.len() <= FEW;
        if let Dealer::Levels(levels) = &mut open.dealer
            && (few || !self.request.class_of.is_empty())
        {
            if begin {
                levels.rank(&self.given);
            } else {
                levels.rank_no_more();
            }
        }
    }
}
