//! How many records each member shall hold.

use crate::allocation::Cap;
use crate::error::Result;
use crate::router::plan::Plan;

/// By pool and member.
pub struct Books {
    targets: Vec<Vec<Option<String>>>,
    /// The books' own capacities, which no rule passes.
    pub caps: Vec<Cap>,
}

impl Books {
    /// A member's target: a numeric's text; None = no limit.
    pub fn target(&self, pool: usize, member: usize) -> Option<String> {
        let target = self.targets.get(pool).and_then(|targets| targets.get(member));
        target.cloned().flatten()
    }
}

/// The targets of the members of a plan's pools.
///
/// # Errors
/// None yet.
pub fn of_plan(_plan: &Plan) -> Result<Books> {
    Ok(Books {
        targets: Vec::new(),
        caps: Vec::new(),
    })
}
