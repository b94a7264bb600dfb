//! What moves records, as it says itself, and where it leads to. What can be reached from there is the same for all that lead to
//! one place, so that a session which meets a transfer for the first time mostly knows it already.

use serde::Deserialize;

use crate::catalogue::{read, read_newest};
use crate::error::Result;
use crate::router::exclusion::ExclusionRow;
use crate::router::intent::Transfer;
use crate::router::mover::Mover;
use crate::router::segment;
use crate::router::situation::protection::ProtectionRow;

/// What a transfer, or what acts as one, says itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Said {
    /// Its row.
    pub transfer: Transfer,
    /// The object whose records move.
    pub object: String,
    /// What is kept out.
    pub exclusions: Vec<ExclusionRow>,
    /// Which records are protected; None = nobody asks.
    pub protections: Option<Vec<ProtectionRow>>,
    /// Who wrote the segments that it is limited to.
    pub segments: Vec<segment::Writer>,
}

/// Where records of an object can go from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The object.
    pub object: String,
    /// A rep.
    pub rep: Option<String>,
    /// A distribution rule.
    pub distribution_rule: Option<String>,
    /// A ruleset.
    pub ruleset: Option<String>,
}

impl Said {
    /// Reads it; None where there is no such row. `newest`: as it is by now, also in a statement that has been going on for long.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(mover: &Mover, newest: bool) -> Result<Option<Self>> {
        let text = "select dist._mover_intent($1, $2)";
        let args = [mover.kind.table().into(), mover.name.clone().into()];
        let said: Option<Self> = if newest {
            read_newest(text, &args)?
        } else {
            read(text, &args)?
        };
        let Some(mut said) = said else {
            return Ok(None);
        };
        if let Some(within) = &mover.within {
            said.transfer.within = Some(within.clone());
            said.segments.extend(segment::writers_of(within)?);
        }
        Ok(Some(said))
    }

    /// Where it leads to.
    pub fn destination(&self) -> Destination {
        Destination {
            object: self.object.clone(),
            rep: self.transfer.to_rep.clone(),
            distribution_rule: self.transfer.to_distribution_rule.clone(),
            ruleset: self.transfer.to_ruleset.clone(),
        }
    }
}
