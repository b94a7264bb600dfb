//! A run: locks, decision, move, audit, outcome, in the caller's transaction.

use chrono::{DateTime, Utc};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::action::create_activities;
use crate::clock;
use crate::error::{Place, Result, error_hint, internal};
use crate::router::apply::move_records;
use crate::router::course::Course;
use crate::router::decide::Carried;
use crate::router::decide::Decision;
use crate::router::exclusion;
use crate::router::failure::{self, compiling};
use crate::router::inside::{self, Schedule, enter, enter_after};
use crate::router::kept;
use crate::router::lock::{Locked, lock_movers, lock_with, next_run_id};
use crate::router::mover::{Kind, Mover};
use crate::router::plan::Plan;
use crate::router::record::{record, record_missing};
use crate::router::run_row::{Header, Totals, finish, started_now};
use crate::router::session::with_settings;
use crate::router::steps::{self, Step};
use crate::router::trust::check_writers;
use crate::worker::running::{self, Phase, Trigger};
use crate::worker::timeout::InProgress;
use crate::xact::{as_role, role_named};

/// Runs a transfer with the rights of whoever calls; returns the run's id.
///
/// # Errors
/// Everything that keeps it from running; nothing is left then.
pub fn execute(transfer: &str, as_of: TimestampWithTimeZone) -> Result<i64> {
    let started = started_now()?;
    let about = clock::from_pg(as_of)?;
    let _in_progress = InProgress::new(Trigger::Execute, transfer);
    let transfer = Mover::transfer(transfer);
    let mut locked = lock_movers(std::slice::from_ref(&transfer), false)?.ok_or_else(not_locked)?;
    let run = next_run_id()?;
    running::numbered(run);
    let _inside = enter(run, None);
    let mut totals = Totals::default();
    with_settings(about, || {
        step(
            &transfer,
            Narrow::default(),
            about,
            run,
            &mut locked,
            &mut totals,
            unseen,
        )
    })?;
    finish(run, &Header::called_for("execute", as_of)?, started, &totals)?;
    Ok(run)
}

/// The schedule whose run it is.
pub struct Planned {
    /// `dist.schedule.id`.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// The role with whose rights it runs.
    pub owner: String,
    /// The zone of its plan.
    pub zone: String,
    /// How long it may take, in seconds, where it says so.
    pub run_timeout: Option<f64>,
    /// The position of the one step that is run, where each has a transaction of its own.
    pub step: Option<i32>,
    /// The runs of the steps before it.
    pub earlier: Vec<i64>,
}

/// Which run of a schedule it is.
#[derive(Clone, Copy)]
pub struct Occasion {
    /// schedule or manual.
    pub trigger: &'static str,
    /// The instant of the plan.
    pub due_at: Option<TimestampWithTimeZone>,
    /// The instant that it is about.
    pub as_of: TimestampWithTimeZone,
    /// Which attempt at it.
    pub attempt: i32,
    /// Whoever holds a lock is not waited for.
    pub nowait: bool,
}

/// Runs a schedule's complete, active steps, in order, as the schedule's owner; returns the run's id, or nothing where something
/// it needs is locked and is not to be waited for.
///
/// # Errors
/// Everything that keeps it from running; the caller's subtransaction takes back what was done.
pub fn run_steps(row: &Planned, mut steps: Vec<Step>, occasion: Occasion) -> Result<Option<i64>> {
    let Occasion {
        due_at, as_of, nowait, ..
    } = occasion;
    let started = started_now()?;
    let about = clock::from_pg(as_of)?;
    let place = Place {
        table: "schedule",
        row: &row.name,
    };
    let owner = compiling(|| owner_of(&place, &row.owner))?;
    steps.retain(|step| row.step.is_none_or(|only| step.position == only));
    let transfers = steps.iter().filter(|step| step.is_transfer());
    let transfers: Vec<Mover> = transfers.map(Step::mover).collect();
    let Some(locked) = lock_with(&transfers, steps::objects(&row.name, &steps)?, nowait)? else {
        return if nowait { Ok(None) } else { Err(not_locked()) };
    };
    if !create_activities::lock(&steps, nowait)? {
        return Ok(None);
    }
    let run = next_run_id()?;
    running::numbered(run);
    let planned = occasion.trigger == "schedule";
    let _inside = enter_after(run, Some(Schedule { id: row.id, planned }), row.earlier.clone());
    let mut course = Course {
        schedule: &row.name,
        zone: &row.zone,
        owner,
        run,
        about,
        locked,
        totals: Totals::default(),
        told: None,
    };
    let done = as_role(owner, || {
        compiling(|| steps::check_writers(&row.name, &steps))?;
        with_settings(about, || course.all(&steps))
    })?;
    let totals = course.totals;
    let header = Header {
        schedule: Some((row.name.clone(), row.id)),
        step: row.step,
        trigger: occasion.trigger.to_owned(),
        cause_name: None,
        due_at,
        as_of,
        attempt: occasion.attempt,
        undoes: None,
        run_by: row.owner.clone(),
    };
    finish(run, &header, started, &totals)?;
    steps::record(run, &done, header.step.is_some())?;
    Ok(Some(run))
}

/// Nobody looks.
fn unseen(_: &SpiClient<'_>, _: &Plan, _: &Decision) -> Result<()> {
    Ok(())
}

/// Locks that were waited for and are not held all the same.
pub fn not_locked() -> pgrx::pg_sys::panic::ErrorReport {
    internal("an object or a distribution rule of the run is gone")
}

/// The role with whose rights it runs.
///
/// # Errors
/// 42704 where that role is gone.
pub fn owner_of(place: &Place<'_>, owner: &str) -> Result<pg_sys::Oid> {
    role_named(owner).ok_or_else(|| {
        error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
            format!("{place}: role '{owner}' does not exist any more"),
            "Set owner to a role that exists.",
        )
    })
}

/// A run that nobody calls and no schedule plans.
pub struct Cause<'a> {
    /// As `dist.run.trigger` has it.
    pub trigger: &'static str,
    /// The automation, release, hopper or service level.
    pub name: &'a str,
    /// The role with whose rights it runs.
    pub owner: (pg_sys::Oid, &'a str),
    /// When it began.
    pub started: TimestampWithTimeZone,
    /// When it was due, where it waited.
    pub due_at: Option<TimestampWithTimeZone>,
    /// The instant it is about.
    pub as_of: TimestampWithTimeZone,
}

/// Runs what moves records, as its owner, with its locks held; `run` is the run's id. Returns how many moved. Where that is none
/// and [`Narrow::only_if_moved`], there was no run.
///
/// # Errors
/// Everything that keeps it from running; the caller's subtransaction takes back what was done.
pub fn caused(mover: &Mover, narrow: Narrow, cause: Cause<'_>, run: i64, locked: &mut Locked) -> Result<i64> {
    let about = clock::from_pg(cause.as_of)?;
    running::step(1, 1, cause.name);
    running::numbered(run);
    let _inside = enter(run, None);
    let mut totals = Totals::default();
    let quiet = narrow.only_if_moved;
    as_role(cause.owner.0, || {
        with_settings(about, || step(mover, narrow, about, run, locked, &mut totals, unseen))
    })?;
    if quiet && totals.assigned == 0 {
        return Ok(0);
    }
    let header = Header {
        schedule: None,
        step: None,
        trigger: cause.trigger.to_owned(),
        cause_name: Some(cause.name.to_owned()),
        due_at: cause.due_at,
        as_of: cause.as_of,
        attempt: 1,
        undoes: None,
        run_by: cause.owner.1.to_owned(),
    };
    finish(run, &header, cause.started, &totals)?;
    Ok(totals.assigned)
}

/// What a run takes of what it could move.
#[derive(Default)]
pub struct Narrow {
    /// Only the records with these keys.
    pub keys: Option<Carried>,
    /// So many at most.
    pub most: Option<i64>,
    /// Where nothing moves, nothing is recorded.
    pub only_if_moved: bool,
}

/// One transfer, or what acts as one, of a run whose locks are held; `seen` may look at what was decided.
///
/// # Errors
/// Everything that keeps it from running, and those of `seen`.
pub fn step(
    mover: &Mover,
    narrow: Narrow,
    about: DateTime<Utc>,
    run: i64,
    locked: &mut Locked,
    totals: &mut Totals,
    seen: impl FnOnce(&SpiClient<'_>, &Plan, &Decision) -> Result<()>,
) -> Result<()> {
    running::phase(Phase::Reading);
    let compiled = compiling(|| {
        let compiled = kept::of_mover(mover, narrow.most)?;
        check_writers(&compiled.intent.writers())?;
        check_writers(&compiled.plan.limits.writers())?;
        Ok(compiled)
    })?;
    let plan = &compiled.plan;
    if let Some(new) = locked.lacks(plan) {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
            format!(
                "{}: its rules changed to use '{new}' while the run waited for its locks",
                plan.source
            ),
            "Run it again.",
        ));
    }
    let states = locked.states()?;
    let recorded = Spi::connect_mut(|client| {
        let beyond = exclusion::read_beyond(client, plan, about)?;
        let moved = move_records(client, plan, narrow.keys, about, &states)?;
        if narrow.only_if_moved && moved.0.outcome().moved == 0 {
            return Ok(false);
        }
        // A trigger may have called for runs of its own, and have come to terms with their failure.
        failure::begin();
        running::phase(Phase::Recording);
        record(client, &compiled, &moved, run, about, totals, &states)?;
        record_missing(client, &compiled, &moved.0, run, (narrow.keys, beyond), totals)?;
        seen(client, plan, &moved.0).map(|()| true)
    })?;
    if !recorded {
        return Ok(());
    }
    if compiled
        .intent
        .transfer
        .as_ref()
        .is_some_and(|transfer| transfer.kind == "retrieval")
    {
        inside::retrieved();
    }
    check_rows(&plan.source, totals, compiled.intent.rows_per_run)?;
    if mover.kind == Kind::Transfer {
        totals.transfers.push(mover.name.clone());
    }
    totals.objects.push(plan.object.name.clone());
    Ok(())
}

/// Holds the policy `rows_per_run`: a run that is over it is taken back as a whole.
fn check_rows(source: &str, totals: &Totals, most: Option<i64>) -> Result<()> {
    match most {
        Some(most) if totals.assigned > most => Err(error_hint(
            PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            format!(
                "{source}: policy rows_per_run: the run would move {} records, and at most {most} may be",
                totals.assigned
            ),
            "Give the transfer a row_limit, or let an admin change the policy in dist.policy.",
        )),
        _ => Ok(()),
    }
}
