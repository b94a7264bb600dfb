//! The clocks of service levels, kept where assignments are recorded: a move ends the clock of whoever had the record, and
//! starts one for whoever has it now. A run over an object without service levels pays nothing for it.

use chrono::{DateTime, TimeDelta, Utc};
use pgrx::spi::SpiClient;
use serde::Deserialize;

use crate::catalogue::read_newest;
use crate::clock;
use crate::error::{Result, internal};
use crate::prepared;
use crate::router::events::Moves;
use crate::working::Roster;

/// A service level of an object.
#[derive(Debug, Clone, Deserialize)]
pub struct SlaRow {
    /// Its name.
    pub name: String,
    /// How much working time a rep has, in seconds.
    pub within: i64,
}

impl Moves {
    /// Keeps the clocks of what has moved; `ruleset` is what the run went by. Called as the extension's owner.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn keep_clocks(
        &self,
        client: &mut SpiClient<'_>,
        object: &str,
        slas: &[SlaRow],
        ruleset: Option<&str>,
    ) -> Result<()> {
        if slas.is_empty() {
            return Ok(());
        }
        let moves = || {
            [
                self.run.into(),
                self.before.into(),
                self.at.into(),
                object.to_owned().into(),
            ]
        };
        prepared::update(client, include_str!("sql/clocks_moved.sql"), &moves()).map_err(internal)?;
        let reps = prepared::update(client, include_str!("sql/clocks_reps.sql"), &moves())
            .and_then(|rows| rows.first().get_one::<Vec<String>>())
            .map_err(internal)?
            .unwrap_or_default();
        if reps.is_empty() {
            return Ok(());
        }
        let roster: Roster = read_newest("select dist._people_intent($1)", &[reps.clone().into()])?
            .ok_or_else(|| internal("nothing says who works when"))?;
        let from = clock::from_pg(self.at)?;
        let (mut names, mut whose, mut dues) = (Vec::new(), Vec::new(), Vec::new());
        for sla in slas {
            for rep in &reps {
                names.push(sla.name.clone());
                whose.push(rep.clone());
                dues.push(clock::to_pg(due(&roster, rep, from, sla.within)?)?);
            }
        }
        let mut args: Vec<pgrx::datum::DatumWithOid<'_>> = moves().into();
        args.extend([
            names.into(),
            whose.into(),
            dues.into(),
            ruleset.map(ToOwned::to_owned).into(),
        ]);
        prepared::update(client, include_str!("sql/clocks_start.sql"), &args)
            .map(|_| ())
            .map_err(internal)
    }
}

/// When so much of a rep's working time will be over. Who never works again has it by the clock on the wall, for nobody else
/// would ever look at what he was given.
fn due(roster: &Roster, rep: &str, from: DateTime<Utc>, seconds: i64) -> Result<DateTime<Utc>> {
    let work = TimeDelta::try_seconds(seconds).ok_or_else(|| internal("a service level without bounds"))?;
    roster
        .worked(rep, from, work)
        .or_else(|| from.checked_add_signed(work))
        .ok_or_else(|| internal("a service level beyond all time"))
}
