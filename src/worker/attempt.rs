//! One attempt at something that is due, as a runner asks for it and as it ends.

use pgrx::prelude::*;
use pgrx::spi::{self, OwnedPreparedStatement, SpiClient};

use super::look;
use super::process;
use super::shares::Work;

// These run with the rights of the extension's owner.

const FIRE: &str = "select dist._fire($1, $2, true)";
const DO_TASK: &str = "select dist._do_task($1, $2, $3, true)";

/// How an attempt ended.
pub enum Outcome {
    /// It ran, well or not, and has been advanced.
    Fired,
    /// One of its steps ran well, and the next is due.
    More,
    /// It stays due: something it needs is locked, or somebody else has it.
    PutOff,
    /// It is not due any more: somebody else has run it.
    Past,
    /// The extension is not there any more.
    Gone,
}

/// A runner's statements, prepared.
pub struct Queries {
    /// Those that look for what is due.
    pub look: look::Queries,
    fire: OwnedPreparedStatement,
    do_task: OwnedPreparedStatement,
}

impl Queries {
    /// Prepares them for the session.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn prepare(client: &SpiClient<'_>) -> spi::Result<Self> {
        let instant = pg_sys::TIMESTAMPTZOID.into();
        Ok(Self {
            look: look::Queries::prepare(client)?,
            fire: client.prepare(FIRE, &[pg_sys::INT4OID.into(), instant])?.keep(),
            do_task: client
                .prepare(DO_TASK, &[pg_sys::TEXTOID.into(), pg_sys::TEXTOID.into(), instant])?
                .keep(),
        })
    }

    /// Runs it, if it is due at `now`.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn attempt(&self, client: &SpiClient<'_>, work: &Work, now: i64) -> spi::Result<Outcome> {
        let instant = process::instant(now).into();
        let rows = match work {
            Work::Schedule(id) => client.select(&self.fire, Some(1), &[(*id).into(), instant])?,
            Work::Task { kind, name } => {
                let args = [kind.clone().into(), name.clone().into(), instant];
                client.select(&self.do_task, Some(1), &args)?
            }
        };
        let word = rows.first().get_one::<String>()?;
        Ok(match (word.as_deref(), work) {
            (Some("fired"), _) => Outcome::Fired,
            (Some("more"), _) => Outcome::More,
            // A task that somebody else has at this moment is idle, too.
            (Some("idle"), Work::Schedule(_)) => Outcome::Past,
            _ => Outcome::PutOff,
        })
    }
}
