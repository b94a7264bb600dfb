//! What reps may still take by the caps that a plan reaches.

use chrono::{DateTime, Utc};
use pgrx::spi::SpiClient;

use crate::allocation::Cap;
use crate::error::Result;
use crate::router::plan::Plan;

/// The caps, as the request numbers them.
///
/// # Errors
/// What the user's expressions raise.
pub fn of_plan(_client: &SpiClient<'_>, _plan: &Plan, _about: DateTime<Utc>) -> Result<Vec<Cap>> {
    Ok(Vec::new())
}
