//! What is due of an owner's, and when something is next: a runner's look.
//!
//! A look costs as much as there is due. Where an owner's runners are in each other's way, each therefore goes through what it has
//! seen for some time before it looks again: what it finds there that others have run meanwhile is not due any more.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::{self, OwnedPreparedStatement, SpiClient};

use super::process;
use super::shares::{Due, Work};

/// Where others are in the way, it looks again when so many times as long as a look takes have passed.
const LOOKS: i64 = 10;

// These run with the rights of the extension's owner.

/// Whoever locks the plans for long is not waited for while looking; given up well before deadlock_timeout, so that it is never
/// DROP EXTENSION that loses.
pub const LOCK_TIMEOUT: &str = "select pg_catalog.set_config('lock_timeout', '200ms', true)";

/// What is due, in order.
const DUE: &str = "select d.schedule_id, d.kind, d.name, d.objects, d.waits from dist._due($1, session_user) d";

/// The owner's next due instant within the time that the runner lingers.
const NEXT: &str = "
    select a.due_at
      from dist._agenda a
     where a.due_at operator(pg_catalog.>) $1 and a.due_at operator(pg_catalog.<=) $2
       and a.owner operator(pg_catalog.=) session_user
     order by a.due_at
     limit 1";

/// The statements, prepared.
pub struct Queries {
    due: OwnedPreparedStatement,
    next: OwnedPreparedStatement,
}

impl Queries {
    /// Prepares them for the session.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn prepare(client: &SpiClient<'_>) -> spi::Result<Self> {
        let instant = pg_sys::TIMESTAMPTZOID.into();
        Ok(Self {
            due: client.prepare(DUE, &[instant])?.keep(),
            next: client.prepare(NEXT, &[instant, instant])?.keep(),
        })
    }

    /// What is due at `now`, in order, and when something is next, if by `until`.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn read(&self, client: &SpiClient<'_>, now: i64, until: i64) -> spi::Result<(Vec<Due>, Option<i64>)> {
        let mut due = Vec::new();
        for row in client.select(&self.due, None, &[process::instant(now).into()])? {
            let work = match row.get::<i32>(1)? {
                Some(id) => Work::Schedule(id),
                None => Work::Task {
                    kind: row.get::<String>(2)?.unwrap_or_default(),
                    name: row.get::<String>(3)?.unwrap_or_default(),
                },
            };
            due.push(Due {
                work,
                objects: row.get::<Vec<String>>(4)?.unwrap_or_default(),
                waits: row.get::<bool>(5)?.unwrap_or_default(),
            });
        }
        let rows = client.select(
            &self.next,
            Some(1),
            &[process::instant(now).into(), process::instant(until).into()],
        )?;
        let next = if rows.is_empty() {
            None
        } else {
            rows.first().get_one::<TimestampWithTimeZone>()?
        };
        Ok((due, next.map(i64::from)))
    }
}

/// What was due when it looked.
pub struct Looked {
    /// What, in order.
    pub due: Vec<Due>,
    /// When something is next.
    pub next: Option<i64>,
    /// When it looked.
    pub at: i64,
    /// How long looking took.
    pub took: i64,
}

impl Looked {
    /// Where nobody may look.
    pub fn nothing(now: i64) -> Self {
        Self {
            due: Vec::new(),
            next: None,
            at: now,
            took: 0,
        }
    }

    /// Whether it does for another time: looking anew would take more than a little of the time since, and nothing else is due yet.
    pub fn does(&self, now: i64) -> bool {
        (self.at..self.at.saturating_add(self.took.saturating_mul(LOOKS))).contains(&now)
            && self.next.is_none_or(|next| now < next)
    }
}

#[cfg(test)]
mod tests {
    use super::Looked;

    #[test]
    fn what_was_seen_does_for_as_long_as_looking_anew_would_be_dear() {
        let seen = |next| Looked {
            next,
            took: 5,
            ..Looked::nothing(100)
        };
        assert!(seen(None).does(149));
        assert!(!seen(None).does(150));
        // The clock was set back.
        assert!(!seen(None).does(99));
        // Something else is due.
        assert!(seen(Some(120)).does(119));
        assert!(!seen(Some(120)).does(120));
    }
}
