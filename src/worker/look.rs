//! What is due of an owner's, and when something is next: a runner's look.
//!
//! A look costs as much as it sees, and it sees no more than the first so many of what is due: once through with these, a runner
//! looks again. It sees more where nothing of what it has seen could be run, for others are at it, or it waits for another attempt.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::{self, OwnedPreparedStatement, SpiClient};

use super::process;
use super::shares::{Due, Work};

/// So many schedules are seen at a time for each of the owner's runners: some tenths of a second's work, seen in a millisecond or two.
pub const SOME: usize = 128;

// These run with the rights of the extension's owner.

/// Whoever locks the plans for long is not waited for while looking; given up well before deadlock_timeout, so that it is never
/// DROP EXTENSION that loses.
pub const LOCK_TIMEOUT: &str = "select pg_catalog.set_config('lock_timeout', '200ms', true)";

/// What is due, in order.
const DUE: &str = "select d.schedule_id, d.kind, d.name, d.objects, d.waits from dist._due($1, session_user, $2) d";

/// The owner's next due instant within the time that the runner lingers.
const NEXT: &str = "select dist._next_due($1, $2, session_user)";

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
            due: client.prepare(DUE, &[instant, pg_sys::INT4OID.into()])?.keep(),
            next: client.prepare(NEXT, &[instant, instant])?.keep(),
        })
    }

    /// What is due at `now`, in order, `most` schedules of it, and when something is next, if by `until`.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn read(&self, client: &SpiClient<'_>, now: i64, until: i64, most: usize) -> spi::Result<Looked> {
        let limit = i32::try_from(most).unwrap_or(i32::MAX);
        let mut due = Vec::new();
        for row in client.select(&self.due, None, &[process::instant(now).into(), limit.into()])? {
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
        let schedules = due.iter().filter(|one| matches!(one.work, Work::Schedule(_))).count();
        let next = client
            .select(
                &self.next,
                Some(1),
                &[process::instant(now).into(), process::instant(until).into()],
            )?
            .first()
            .get_one::<TimestampWithTimeZone>()?;
        Ok(Looked {
            due,
            next: next.map(i64::from),
            is_all: schedules < most,
            took: 0,
        })
    }
}

/// What was due when it looked.
pub struct Looked {
    /// What, in order.
    pub due: Vec<Due>,
    /// When something is next.
    pub next: Option<i64>,
    /// Nothing else was due.
    pub is_all: bool,
    /// How long looking took.
    pub took: i64,
}

impl Looked {
    /// Where nobody may look.
    pub fn nothing() -> Self {
        Self {
            due: Vec::new(),
            next: None,
            is_all: true,
            took: 0,
        }
    }
}

/// So many are seen that are to be made ready for an instant, while there is time.
pub const AHEAD_OF_TIME: usize = 2000;

/// How much a look sees.
pub struct Sight(usize);

impl Default for Sight {
    fn default() -> Self {
        Self(1)
    }
}

impl Sight {
    /// So many schedules, where the owner has so many runners: each is to have some of its own.
    pub fn most(&self, runners: usize) -> usize {
        SOME.saturating_mul(self.0).saturating_mul(runners.max(1))
    }

    /// So many of what was seen are dealt with, and so many are left: where less than half of a share was there for this one of so
    /// many runners, it looks further the next time, for the others have still to do theirs before more comes into sight.
    pub fn after(&mut self, done: usize, left: usize, runners: usize, is_all: bool) {
        let share = (done + left) / runners.max(1);
        if done >= share {
            self.0 = (self.0 / 2).max(1);
        } else if done < share.div_ceil(2) && !is_all {
            self.0 = self.0.saturating_mul(2);
        }
    }

    /// It is at what others do: nothing of what was seen was its own, or they had done it before. There, what comes first is all
    /// that matters, and a look that takes long finds them further on each time.
    pub fn among_others(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::{SOME, Sight};

    #[test]
    fn looks_further_while_little_of_what_it_sees_can_be_run() {
        let mut sight = Sight::default();
        assert_eq!(sight.most(1), SOME);
        assert_eq!(sight.most(3), 3 * SOME);
        sight.after(0, 10, 1, false);
        sight.after(0, 10, 1, false);
        assert_eq!(sight.most(1), 4 * SOME);
        // There is no more to be seen.
        sight.after(0, 10, 1, true);
        assert_eq!(sight.most(1), 4 * SOME);
        sight.after(10, 0, 1, true);
        assert_eq!(sight.most(1), 2 * SOME);
        sight.after(10, 0, 1, false);
        sight.after(10, 0, 1, false);
        assert_eq!(sight.most(1), SOME);
    }

    #[test]
    fn looks_as_far_as_gives_it_a_share_of_its_own() {
        let mut sight = Sight::default();
        sight.after(50, 50, 2, false);
        assert_eq!(sight.most(1), SOME);
        sight.after(24, 76, 2, false);
        assert_eq!(sight.most(1), 2 * SOME);
        sight.after(25, 75, 2, false);
        assert_eq!(sight.most(1), 2 * SOME);
        sight.after(50, 50, 2, false);
        assert_eq!(sight.most(1), SOME);
    }

    #[test]
    fn sees_only_the_first_where_others_are() {
        let mut sight = Sight::default();
        sight.after(0, 10, 1, false);
        sight.after(0, 10, 1, false);
        sight.among_others();
        assert_eq!(sight.most(1), SOME);
    }
}
