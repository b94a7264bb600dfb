//! One attempt at something that is due, as a runner asks for it and as it ends.

use pgrx::pg_sys::panic::ErrorReportable;
use pgrx::prelude::*;
use pgrx::spi::{self, OwnedPreparedStatement, SpiClient};

use super::look;
use super::process;
use super::shares::Work;
use crate::router::fire::{self, Fired};

// This runs with the rights of the extension's owner.

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
        let instant = process::instant(now);
        match work {
            Work::Schedule(id) => Ok(match fire::fire(*id, instant, true).unwrap_or_report() {
                Fired::Done => Outcome::Fired,
                Fired::More => Outcome::More,
                Fired::Busy => Outcome::PutOff,
                Fired::Idle => Outcome::Past,
            }),
            Work::Task { kind, name } => {
                let args = [kind.clone().into(), name.clone().into(), instant.into()];
                let rows = client.select(&self.do_task, Some(1), &args)?;
                // A task that somebody else has at this moment is idle, too.
                Ok(match rows.first().get_one::<String>()?.as_deref() {
                    Some("fired") => Outcome::Fired,
                    _ => Outcome::PutOff,
                })
            }
        }
    }
}
