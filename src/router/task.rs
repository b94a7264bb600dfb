//! Runs that nobody calls and no schedule plans: what has expired leaves its hopper, and a release lets records go. The path is
//! that of any run; where nothing moved, there was none.

use chrono::{DateTime, Utc};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use crate::clock;
use crate::error::{Result, error_hint, internal};
use crate::router::apply::move_records;
use crate::router::failure;
use crate::router::inside::enter;
use crate::router::intent::Intent;
use crate::router::kept::Compiled;
use crate::router::lock::{Locked, Needs, lock, lock_transfers, next_run_id};
use crate::router::plan;
use crate::router::record::{Header, Totals, finish, record, started_now};
use crate::router::session::with_settings;
use crate::router::statement;
use crate::router::trust::check_writers;
use crate::worker::running::{self, Phase, Trigger};
use crate::worker::timeout::InProgress;
use crate::xact::{as_role, role_named};

/// What is to be done.
#[derive(Clone, Copy)]
pub enum Work<'a> {
    /// What has expired leaves this hopper.
    Expiry(&'a str),
    /// A transfer lets records go, at most so many.
    Release(&'a str, Option<i64>),
}

/// When, with whose rights, and whether locks are waited for.
pub struct How<'a> {
    /// The hopper or release that it is done for.
    pub cause: &'a str,
    /// The instant it is about.
    pub as_of: TimestampWithTimeZone,
    /// The role.
    pub owner: &'a str,
    /// Whoever holds a lock is not waited for.
    pub nowait: bool,
}

/// Does it; returns how many records moved.
///
/// # Errors
/// 55P03 where something is locked and is not to be waited for; those of a run.
pub fn run(work: Work<'_>, how: &How<'_>) -> Result<i64> {
    let started = started_now()?;
    let about = clock::from_pg(how.as_of)?;
    let (trigger, name) = match work {
        Work::Expiry(hopper) => ("expiry", hopper),
        Work::Release(transfer, _) => ("release", transfer),
    };
    let owner = role_named(how.owner).ok_or_else(|| crate::check::no_such("role", how.owner))?;
    let _in_progress = InProgress::new(Trigger::Schedule, name);
    let mut locked = work.lock(how.nowait)?.ok_or_else(busy)?;
    let run = next_run_id()?;
    running::numbered(run);
    let _inside = enter(run, None);
    let mut totals = Totals::default();
    as_role(owner, || {
        with_settings(about, || one(work, (about, run), &mut locked, &mut totals))
    })?;
    if totals.assigned == 0 {
        return Ok(0);
    }
    let header = Header {
        schedule: None,
        trigger: trigger.to_owned(),
        due_at: None,
        as_of: how.as_of,
        attempt: 1,
        undoes: None,
        run_by: how.owner.to_owned(),
        cause_name: Some(how.cause.to_owned()),
    };
    finish(run, &header, started, &totals)?;
    Ok(totals.assigned)
}

fn busy() -> pgrx::pg_sys::panic::ErrorReport {
    error_hint(
        PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
        "a run is at it",
        "It is tried again.",
    )
}

impl Work<'_> {
    fn lock(self, nowait: bool) -> Result<Option<Locked>> {
        match self {
            Work::Release(transfer, _) => lock_transfers(&[transfer.to_owned()], nowait),
            Work::Expiry(hopper) => {
                let needs: Needs =
                    crate::catalogue::read_newest("select dist._expiry_needs($1)", &[hopper.to_owned().into()])?
                        .ok_or_else(|| crate::check::no_such("hopper", hopper))?;
                lock(needs, nowait)
            }
        }
    }

    fn intent(self) -> Result<Intent> {
        match self {
            Work::Release(transfer, _) => Intent::of_transfer(transfer),
            Work::Expiry(hopper) => {
                crate::catalogue::read_newest("select dist._expiry_intent($1)", &[hopper.to_owned().into()])?
                    .ok_or_else(|| internal("intent is null"))
            }
        }
    }
}

fn one(work: Work<'_>, (about, run): (DateTime<Utc>, i64), locked: &mut Locked, totals: &mut Totals) -> Result<()> {
    running::phase(Phase::Reading);
    let intent = work.intent()?;
    check_writers(&intent.writers())?;
    let mut plan = plan::of_transfer(&intent, statement::AS_OF)?;
    check_writers(&plan.limits.writers())?;
    match work {
        Work::Release(_, most) => {
            plan.row_limit = [plan.row_limit, most].into_iter().flatten().min();
            totals
                .transfers
                .extend(intent.transfer.iter().map(|transfer| transfer.name.clone()));
        }
        Work::Expiry(_) => {
            plan.only_expired = true;
            "dist.hopper".clone_into(&mut plan.source);
            for leaf in &mut plan.leaves {
                "expiry".clone_into(&mut leaf.reason);
            }
        }
    }
    if let Some(new) = locked.lacks(&plan) {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
            format!("rules changed to use '{new}' while the run waited for its locks"),
            "Run it again.",
        ));
    }
    let compiled = Compiled { intent, plan };
    let states = locked.states()?;
    Spi::connect_mut(|client| {
        let moved = move_records(client, &compiled.plan, None, about, &states)?;
        if moved.0.outcome().moved == 0 {
            return Ok(());
        }
        failure::begin();
        running::phase(Phase::Recording);
        record(client, &compiled, &moved, run, about, totals, &states)
    })?;
    totals.objects.push(compiled.plan.object.name.clone());
    Ok(())
}
