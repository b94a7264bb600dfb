//! What a plan needs counted: for all its pools at once, so that each object is read once, whatever asks for it.

use chrono::{DateTime, Utc};
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::router::decide::Candidates;
use crate::router::distribution_rule::DistributionRule;
use crate::router::intent::Intent;
use crate::router::situation::books::{self, Segments, Shelf};
use crate::router::situation::count::{Counts, Numbers};
use crate::router::situation::load::{self, Counted};

/// Compiled with the plan.
#[derive(Default)]
pub struct Holdings {
    /// By pool.
    pub pools: Vec<PoolHoldings>,
    counts: Counts,
    /// Which of the candidates' numbers is the segment that they are in.
    segment: Option<usize>,
}

/// What is counted for a pool.
#[derive(Debug, Clone)]
pub struct PoolHoldings {
    /// By what its rule measures.
    pub counted: Counted,
    /// Of what its rule fills.
    pub shelf: Shelf,
}

impl Holdings {
    /// What the pools of a plan need; what they read of each candidate is added to `numbers`.
    ///
    /// # Errors
    /// What is wrong with measures, segments and books.
    pub fn compile(
        intent: &Intent,
        pools: &[DistributionRule],
        segments: &Segments,
        as_of: &str,
        numbers: &mut Vec<String>,
    ) -> Result<Self> {
        let mut holdings = Self::default();
        for rule in pools {
            let counted = load::compile(intent, rule, as_of, &mut holdings.counts, numbers)?;
            let shelf = books::compile(intent, rule, segments, &mut holdings.counts)?;
            if shelf.segment.is_some() && holdings.segment.is_none() {
                holdings.segment = Some(numbers.len());
                numbers.push(books::number(segments));
            }
            holdings.pools.push(PoolHoldings { counted, shelf });
        }
        Ok(holdings)
    }

    /// Counts, as the role that is current.
    ///
    /// # Errors
    /// What the user's expressions raise.
    pub fn read(&self, client: &SpiClient<'_>, about: DateTime<Utc>) -> Result<Numbers> {
        self.counts.read(client, about)
    }

    /// The segments that the candidates are in; empty where no pool asks.
    pub fn segments<'a>(&self, candidates: &'a Candidates) -> &'a [i64] {
        let numbers = self.segment.and_then(|number| candidates.numbers.get(number));
        numbers.map_or(&[], Vec::as_slice)
    }
}
