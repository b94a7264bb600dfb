//! The scheduler of one database: sleeps until the next due instant, and sees to it that whoever owns something due
//! has a runner. It runs nothing itself, so nothing that a run does can keep it from its post.
#![allow(unsafe_code)]

use std::collections::HashMap;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::OwnedPreparedStatement;

use super::admission;
use super::backoff::{Backoff, SECOND, earlier};
use super::evidence::{self, Backlog};
use super::home::{self, Home};
use super::process::{self, Child};
use super::shared::{self, Entry, Kind, Registration};
use super::staffing::{LONG, Needs, enough, is_much, make_room, needs_more, wanted};
use super::txn::{self, Failure};
use super::upkeep::Upkeep;
use crate::error::{error_hint, internal};

/// How often it looks by itself: what no latch tells it of (a step of the clock, a prepared transaction, an edit with
/// triggers off) waits so long at most.
const NAP: i64 = 30 * SECOND;
/// How long before the due instant it has runners ready, so that no process start makes a run late. They use the time to
/// make ready what they will run (`worker/warm.rs`), and sleep until the instant.
pub const AHEAD: i64 = SECOND / 2;
/// The longest wait before another attempt at something that keeps failing.
const PATIENCE: i64 = 60 * SECOND;
/// The longest wait before another look for room in max_worker_processes.
const ROOM: i64 = SECOND;
/// Nothing, where the extension is not there (any more).
pub const PRESENCE: &str = "select extowner from pg_catalog.pg_extension where extname = 'pg_dist'";

/// Who owns something due, and whether a runner can connect as that role.
const OWNERS: &str = "
    select d.owner::text, r.oid, r.rolcanlogin, d.latest, d.number,
           pg_catalog.has_database_privilege(r.oid, pg_catalog.current_database(), 'connect')
      from dist._owners_due($1, $2) d
      left join pg_catalog.pg_roles r on r.rolname = d.owner
     order by d.earliest, d.owner";

/// The next instant at which something becomes due. Bounded, so that passive schedules and far ones cost nothing.
const NEXT: &str = "select dist._next_due($1, $2)";

/// Main function of a scheduler's process.
#[unsafe(no_mangle)]
#[pg_guard]
pub extern "C-unwind" fn pg_dist_scheduler_main(argument: pg_sys::Datum) {
    let database = process::database_of(argument);
    process::obey_signals();
    process::connect(database, pg_sys::InvalidOid);
    let Some(registration) = Registration::new(Kind::Scheduler, database, pg_sys::InvalidOid) else {
        return;
    };
    let mut scheduler = Scheduler {
        database,
        registration,
        queries: None,
        owners: HashMap::new(),
        cut_off: Backlog::default(),
        home: Home::default(),
        looking: Backoff::default(),
        room: Backoff::default(),
        upkeep: Upkeep::default(),
    };
    for (name, value) in [
        ("application_name", "pg_dist scheduler"),
        ("search_path", "pg_catalog, pg_temp"),
        // Whoever locks the plans for long (DROP EXTENSION in an open transaction) is not waited for, and this gives up well
        // before deadlock_timeout, so that it is never the DROP that loses.
        ("lock_timeout", "200ms"),
        ("default_transaction_isolation", "read committed"),
        ("default_transaction_read_only", "off"),
        // What it writes itself (evidence of crashes, what history is to be forgotten) is not worth waiting for a standby
        // that does not answer, while nobody else is woken.
        ("synchronous_commit", "local"),
        // Few rows are due at a time, found by the index on the due time, but a plan that is kept has to guess at how many:
        // left to itself the server plans anew at each look, which is most of its work, or reads all schedules.
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        // What is off is only made to look dear, and what looks dear would be compiled, which takes 10 MB.
        ("jit", "off"),
    ] {
        if let Err(failure) = process::pin_setting(name, value) {
            failure.log("setting up the scheduler");
        }
    }
    while let Some(next) = scheduler.round() {
        process::show(None);
        process::report_statistics(false);
        process::sleep_until(next);
    }
}

struct Queries {
    paused: OwnedPreparedStatement,
    owners: OwnedPreparedStatement,
    next: OwnedPreparedStatement,
}

struct Scheduler {
    database: pg_sys::Oid,
    registration: Registration,
    queries: Option<Queries>,
    /// What is known of owners, by name, because a role that is gone has nothing else.
    owners: HashMap<String, Owner>,
    cut_off: Backlog,
    home: Home,
    looking: Backoff,
    room: Backoff,
    upkeep: Upkeep,
}

/// What the scheduler knows of an owner.
#[derive(Default)]
struct Owner {
    children: Vec<(Child, i64)>,
    backoff: Backoff,
    /// Why its schedules cannot run has been said.
    refused: bool,
    /// The latest due instant for which its runner has been called.
    called_for: Option<i64>,
}

/// An owner who has something due, or nearly.
struct Due {
    owner: String,
    /// None = the role is gone.
    role: Option<pg_sys::Oid>,
    can_login: bool,
    can_connect: bool,
    latest: i64,
    /// How much is due, that which is running included; counted up to what is enough to know how many runners that takes.
    number: usize,
}

/// What is due and when to look again.
#[derive(Default)]
struct Agenda {
    due: Vec<Due>,
    next: Option<i64>,
    /// Why nothing fires in this database.
    paused: Option<String>,
}

impl Scheduler {
    /// Looks once and has runners started; returns until when to sleep, or None to leave.
    fn round(&mut self) -> Option<i64> {
        process::show(Some("looking for due schedules"));
        if let Some(later) = self.cut_off.record(self.database) {
            return Some(later);
        }
        // Taken first: an edit that commits from here on wakes us again.
        let edited = self.registration.answer_calls();
        let now = process::now();
        match self.look(now) {
            Ok(Some(agenda)) => {
                self.looking.succeeded();
                self.home.is_paused(agenda.paused.as_deref());
                self.home.adopt_zones();
                let mut next = earlier(Some(now + NAP), agenda.next);
                if super::ENABLED.get() {
                    next = earlier(next, self.dispatch(&agenda.due, edited, now));
                    // Who restores a copy may want to look at its history.
                    if agenda.paused.is_none() {
                        next = earlier(next, Some(self.upkeep.tend(now, next)));
                    }
                }
                next
            }
            // The extension is not there. If it came this very moment, somebody has called.
            Ok(None) => {
                self.queries = None;
                (!self.registration.leave()).then_some(now)
            }
            Err(failure) => {
                // Plans may refer to what DROP EXTENSION has taken away.
                self.queries = None;
                failure.note(&mut self.looking, PATIENCE, "looking for due schedules");
                let now = process::now();
                Some(self.looking.wait_until(now).unwrap_or(now))
            }
        }
    }

    /// Reads the plans; None where the extension is not there.
    fn look(&mut self, now: i64) -> std::result::Result<Option<Agenda>, Failure> {
        let queries = &mut self.queries;
        let horizon = now + AHEAD;
        txn::transaction(|| {
            Spi::connect(|client| {
                if client.select(PRESENCE, Some(1), &[])?.is_empty() {
                    return Ok(None);
                }
                let instant = [pg_sys::TIMESTAMPTZOID.into(), pg_sys::TIMESTAMPTZOID.into()];
                let queries = match queries {
                    Some(queries) => queries,
                    None => queries.insert(Queries {
                        paused: client.prepare(home::PAUSED, &[])?.keep(),
                        owners: client.prepare(OWNERS, &[instant[0], pg_sys::INT4OID.into()])?.keep(),
                        next: client.prepare(NEXT, &instant)?.keep(),
                    }),
                };
                if let Some(why) = client
                    .select(&queries.paused, Some(1), &[])?
                    .first()
                    .get_one::<String>()?
                {
                    return Ok(Some(Agenda {
                        paused: Some(why),
                        ..Agenda::default()
                    }));
                }
                let mut due = Vec::new();
                let enough = i32::try_from(enough()).unwrap_or(i32::MAX);
                for row in client.select(
                    &queries.owners,
                    None,
                    &[process::instant(horizon).into(), enough.into()],
                )? {
                    due.push(Due {
                        owner: row.get::<String>(1)?.unwrap_or_default(),
                        role: row.get::<pg_sys::Oid>(2)?,
                        can_login: row.get::<bool>(3)?.unwrap_or(false),
                        can_connect: row.get::<bool>(6)?.unwrap_or(false),
                        latest: row.get::<TimestampWithTimeZone>(4)?.map_or(now, i64::from),
                        number: row.get::<i64>(5)?.and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
                    });
                }
                let next = client
                    .select(
                        &queries.next,
                        Some(1),
                        &[process::instant(horizon).into(), process::instant(horizon + NAP).into()],
                    )?
                    .first()
                    .get_one::<TimestampWithTimeZone>()?
                    .map(|next| i64::from(next) - AHEAD);
                Ok(Some(Agenda {
                    due,
                    next,
                    paused: None,
                }))
            })
            .map_err(|error: pgrx::spi::Error| internal(error))
        })
    }

    /// Sees to it that each of these owners has a runner that knows; returns when to look again, where nothing else
    /// will wake us for it.
    fn dispatch(&mut self, due: &[Due], edited: bool, now: i64) -> Option<i64> {
        // What is known of owners is kept while it matters: a child, a backoff, something said.
        self.owners
            .retain(|name, known| !known.children.is_empty() || due.iter().any(|d| d.owner == *name));
        let mut runners: Vec<Entry> = shared::live();
        runners.retain(|entry| entry.kind == Kind::Runner && entry.database == self.database);
        let mut taken = runners.len();
        let mut waiting = false;
        let mut next = None;
        let crowd = due.iter().filter(|due| is_much(due.number)).count();
        // Everybody's first runner before anybody's second.
        let mut first = Vec::new();
        let mut more = Vec::new();
        for due in due {
            let owner = self.owners.entry(due.owner.clone()).or_default();
            let Some(role) = due.role else {
                next = earlier(next, owner.quarantine(&due.owner, now));
                continue;
            };
            if !can_run(due, owner) {
                continue;
            }
            let own: Vec<&Entry> = runners.iter().filter(|entry| entry.role == role).collect();
            if !own.is_empty() && (edited || owner.called_for != Some(due.latest)) {
                // Once per instant: it must not be called again and again for a schedule that it has put off. An earlier
                // instant than the last one counts too, for the clock may have been set back.
                owner.called_for = Some(due.latest);
                shared::call(Kind::Runner, self.database, role, edited);
            }
            let may_start = owner.can_start(self.database, role, &due.owner, now);
            let coming = owner.children.len().saturating_sub(own.len());
            taken += coming;
            let has = own.len() + coming;
            let missing = wanted(due.number, crowd).saturating_sub(has);
            if !may_start {
                next = earlier(next, owner.backoff.wait_until(now));
            } else if missing > 0 {
                first.extend((has == 0).then_some((due, role)));
                more.extend(std::iter::repeat_n((due, role), missing - usize::from(has == 0)));
            } else if coming == 0 {
                match needs_more(due.number, &own, now) {
                    Needs::Now => more.push((due, role)),
                    Needs::Later(then) => next = earlier(next, Some(then)),
                    Needs::Nothing => {}
                }
            }
        }
        let firsts = first.len();
        for (n, (due, role)) in first.into_iter().chain(more).enumerate() {
            if taken >= usize::try_from(super::MAX_RUNNERS.get()).unwrap_or(1) {
                waiting |= n < firsts;
                continue;
            }
            if let Some(patience) = self.room.wait_until(now) {
                next = earlier(next, Some(patience));
                continue;
            }
            let child = Child::start(
                "pg_dist_runner_main",
                "pg_dist runner",
                &format!("for {}", due.owner),
                self.database,
                role,
            );
            match (child, self.owners.get_mut(&due.owner)) {
                (Some(child), Some(owner)) => {
                    owner.children.push((child, now));
                    taken += 1;
                    self.room.succeeded();
                }
                // A second one is a luxury.
                _ if n >= firsts => break,
                _ => {
                    no_room(&mut self.room, now);
                    next = earlier(next, self.room.wait_until(now));
                }
            }
        }
        self.registration.wants_room(waiting);
        self.registration
            .is_short((self.room.is_failing() && !due.is_empty()).then_some(now));
        if waiting {
            next = earlier(next, Some(now + LONG));
            make_room(&runners, now);
        }
        next
    }
}

impl Owner {
    /// Whether a runner may be started for it now: the last one did not just fail.
    fn can_start(&mut self, database: pg_sys::Oid, role: pg_sys::Oid, name: &str, now: i64) -> bool {
        let ended = self.children.extract_if(.., |(child, _)| child.has_ended());
        for (_, started_at) in ended {
            if shared::take_left(Kind::Runner, database, role) {
                self.backoff.succeeded();
            } else if self.backoff.ended(started_at, now, PATIENCE) {
                log!("pg_dist: the runner for \"{name}\" ended before its time; its schedules stay due");
            }
        }
        self.backoff.wait_until(now).is_none()
    }

    /// The role is gone: what is due of it is quarantined. Returns when to do so again, for what was not due yet or
    /// locked by somebody.
    fn quarantine(&mut self, name: &str, now: i64) -> Option<i64> {
        if self.backoff.wait_until(now).is_none() {
            let done = evidence::fire_ownerless(name);
            if self.backoff.failed(now, PATIENCE)
                && let Err(failure) = done
            {
                failure.log("quarantining the schedules of a role that is gone");
            }
        }
        self.backoff.wait_until(now)
    }
}

/// Whether a runner can connect as that owner. Where it cannot, says so once per incident: the schedules stay due, for
/// an administrator who locks a role out for a while means to let it in again.
fn can_run(due: &Due, owner: &mut Owner) -> bool {
    let obstacle = admission::obstacle(due.can_login, due.can_connect);
    if let Some(obstacle) = obstacle
        && !owner.refused
    {
        admission::report(&due.owner, obstacle);
    }
    owner.refused = obstacle.is_some();
    !owner.refused
}

/// Says once per incident that max_worker_processes is used up.
fn no_room(room: &mut Backoff, now: i64) {
    if room.failed(now, ROOM) {
        error_hint(
            PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED,
            "pg_dist: schedules are due and there is no free process to run them: trying again until there is",
            "Consider raising max_worker_processes.",
        )
        .report(PgLogLevel::WARNING);
    }
}
