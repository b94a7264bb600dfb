//! What each member holds as its rule counts it, and what it weighs by performance.

use chrono::{DateTime, Utc};
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::router::decide::Candidates;
use crate::router::plan::Plan;

/// Decimals of the candidates' values.
pub const DECIMALS: u32 = 6;

/// By pool and member.
pub struct Loads {
    loads: Vec<Vec<String>>,
    weights: Vec<Vec<String>>,
}

impl Loads {
    /// What a member holds: a numeric's text.
    pub fn load(&self, pool: usize, member: usize) -> String {
        let load = self.loads.get(pool).and_then(|loads| loads.get(member));
        load.cloned().unwrap_or_else(|| "0".to_owned())
    }

    /// What it weighs, where its rule goes by performance.
    pub fn weight(&self, pool: usize, member: usize) -> Option<String> {
        self.weights.get(pool).and_then(|weights| weights.get(member)).cloned()
    }
}

/// Counts what the members of a plan's pools hold.
///
/// # Errors
/// What the user's expressions raise.
pub fn of_plan(_client: &SpiClient<'_>, _plan: &Plan, _about: DateTime<Utc>) -> Result<Loads> {
    Ok(Loads {
        loads: Vec::new(),
        weights: Vec::new(),
    })
}

/// The candidates' values, for pools by value.
pub fn values<'a>(_plan: &Plan, _candidates: &'a Candidates) -> &'a [i64] {
    &[]
}
