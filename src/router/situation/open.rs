//! What reps hold, for caps on what is open: counted by owner as books and loads are, with the rights of the current role.

use chrono::{DateTime, Utc};
use pgrx::spi::SpiClient;

use crate::error::Result;
use crate::router::caps::{Counts as What, PlannedCap};
use crate::router::intent::Object;
use crate::router::situation::count::{Amount, At, Counts, Numbers};

/// What was counted.
pub struct Held {
    numbers: Numbers,
    /// By cap; None for those with a window.
    places: Vec<Option<At>>,
}

impl Held {
    /// How many records a rep holds, as a cap counts them; None where the cap counts something else.
    pub fn of(&self, cap: usize, rep: &str) -> Option<u64> {
        let at = self.places.get(cap).copied().flatten()?;
        Some(self.numbers.of(at, rep).parse().unwrap_or(0))
    }
}

/// Counts for all caps about an object, whose `reps` are indexes into that dictionary.
///
/// # Errors
/// What the caps' expressions raise.
pub fn count(
    client: &SpiClient<'_>,
    object: &Object,
    caps: &[PlannedCap],
    reps: &[String],
    about: DateTime<Utc>,
) -> Result<Held> {
    let mut counts = Counts::default();
    let mut place = |cap: &PlannedCap| {
        let What::Open { test, holders } = &cap.counts else {
            return None;
        };
        let amount = Amount {
            test: test.clone(),
            value: None,
        };
        let covered = cap.reps.iter().filter_map(|rep| reps.get(*rep as usize));
        let whom = covered.chain(holders).map(String::as_str);
        Some(counts.want(object, amount, whom))
    };
    let places = caps.iter().map(&mut place).collect();
    Ok(Held {
        numbers: counts.read(client, about)?,
        places,
    })
}
