//! Who held a record before: for rules that give it back to him, and for those that must not.

use chrono::{DateTime, Utc};
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::router::decide::Candidates;
use crate::router::plan::Plan;

/// By candidate; empty where no rule asks.
#[derive(Default)]
pub struct Held {
    /// A hash of its key.
    pub hashes: Vec<u64>,
    /// The former owner's index in the dictionary of reps, below zero for nobody.
    pub previous: Vec<i32>,
}

/// Looks the candidates' former owners up.
///
/// # Errors
/// When the history cannot be read.
pub fn of_candidates(
    _client: &SpiClient<'_>,
    _plan: &Plan,
    _candidates: &Candidates,
    _about: DateTime<Utc>,
) -> Result<Held> {
    Ok(Held::default())
}
