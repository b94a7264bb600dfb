//! Which records each rep may have: records of a kind are one class.

use crate::allocation::Eligibility;
use crate::error::Result;
use crate::router::decide::Candidates;
use crate::router::plan::Plan;
use crate::router::situation::previous::Held;

/// By candidate, its class in `known`; empty = every rep may have every record.
///
/// # Errors
/// None yet.
pub fn classes(_plan: &Plan, _candidates: &Candidates, _held: &Held, _known: &mut Eligibility) -> Result<Vec<u32>> {
    Ok(Vec::new())
}
