//! What moves records, as it says itself, and where it leads to. What can be reached from there is the same for all that lead to
//! one place, so that a session which meets a transfer for the first time mostly knows it already.

use std::collections::HashMap;

use pgrx::prelude::*;
use serde::Deserialize;

use crate::error::{Result, internal};
use crate::prepared;
use crate::router::exclusion::ExclusionRow;
use crate::router::intent::Transfer;
use crate::router::mover::{Kind, Mover};
use crate::router::segment;
use crate::router::situation::protection::ProtectionRow;
use crate::xact;

/// What a transfer, or what acts as one, says itself.
#[derive(Debug, Clone, Deserialize)]
pub struct Said {
    /// Its row.
    pub transfer: Transfer,
    /// The reps whose records are meant, until the transfer has them.
    #[serde(default)]
    sources: Option<Vec<String>>,
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
        let Some(mut said) = Self::all(mover.kind, vec![mover.name.clone()], newest)?.remove(&mover.name) else {
            return Ok(None);
        };
        if let Some(within) = &mover.within {
            said.transfer.within = Some(within.clone());
            said.segments.extend(segment::writers_of(within)?);
        }
        Ok(Some(said))
    }

    /// Reads what each of these says, by name, in one statement.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn all(kind: Kind, names: Vec<String>, newest: bool) -> Result<HashMap<String, Self>> {
        let text = "select m.name, m.says from dist._movers_say($1, $2) m";
        let args = [kind.table().into(), names.into()];
        let answer = |rows: spi::SpiTupleTable<'_>| -> spi::Result<Vec<(Option<String>, Option<String>)>> {
            rows.map(|row| Ok((row.get(1)?, row.get(2)?))).collect()
        };
        let rows = xact::as_extension_owner(|| {
            if newest {
                Spi::connect_mut(|client| answer(prepared::update(client, text, &args)?))
            } else {
                Spi::connect(|client| answer(prepared::select(client, text, &args)?))
            }
        })?
        .map_err(internal)?;
        let mut all = HashMap::with_capacity(rows.len());
        for (name, says) in rows {
            let mut said: Self = serde_json::from_str(&says.unwrap_or_default()).map_err(internal)?;
            said.transfer.sources = said.sources.take();
            said.transfer.mover = kind;
            all.insert(name.unwrap_or_default(), said);
        }
        Ok(all)
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
