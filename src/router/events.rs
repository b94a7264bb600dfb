//! What a run has moved, written to the outbox for those who want to be told of it, from the audit that has just been
//! written. A run of which nobody wants to be told pays nothing for it.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::spi::SpiClient;
use serde::Deserialize;

use crate::catalogue::read;
use crate::error::{Result, internal};
use crate::prepared;
use crate::router::clocks::SlaRow;

/// The last moves of a run: those that one step of it, or one object, has just added to the audit.
pub struct Moves {
    /// The run.
    pub run: i64,
    /// The last move before them.
    pub before: i32,
    /// When, as the audit has it.
    pub at: TimestampWithTimeZone,
}

impl Moves {
    /// Writes those of the moves that are of a kind that is wanted. Called as the extension's owner.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn tell(&self, client: &mut SpiClient<'_>, object: &str, wanted: &[String]) -> Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        prepared::update(
            client,
            include_str!("sql/events.sql"),
            &[
                self.run.into(),
                self.before.into(),
                self.at.into(),
                object.to_owned().into(),
                wanted.to_vec().into(),
            ],
        )
        .map(|_| ())
        .map_err(internal)
    }
}

/// What follows moves of an object's records.
#[derive(Deserialize)]
pub struct FollowUps {
    /// The kinds of events that somebody wants to be told of.
    pub events: Vec<String>,
    /// Its service levels.
    pub slas: Vec<SlaRow>,
}

/// What follows moves of an object's records, where no intent has been read that says so. Called as the extension's owner.
///
/// # Errors
/// What PostgreSQL says.
pub fn follow_ups(object: &str) -> Result<FollowUps> {
    read("select dist._follow_ups($1)", &[object.to_owned().into()])?
        .ok_or_else(|| internal("nothing says what follows"))
}
