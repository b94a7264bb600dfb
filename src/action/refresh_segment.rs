//! Keeps a segment's members: who joined and who left, and nothing else, is written. As a step, and by itself.

use chrono::Utc;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use serde_json::Value;

use crate::action::args::Args;
use crate::action::target::Segment;
use crate::action::{Context, Did, Told};
use crate::clock;
use crate::error::{Place, Result, internal};
use crate::router::inside::enter;
use crate::router::lock::{Needs, lock, next_run_id};
use crate::router::run::not_locked;
use crate::router::run_row::{Header, Totals, finish, started_now};
use crate::router::segment::{Refreshed, refresh};
use crate::router::session::with_settings;
use crate::router::steps::{self, Done, Step};
use crate::worker::running::{self, Trigger};
use crate::worker::timeout::InProgress;
use crate::xact::as_extension_owner;

/// Refuses a step that could not be run as it is written.
///
/// # Errors
/// What is wrong with its arguments.
pub fn check(place: &Place<'_>, _segment: &str, args: Option<&Value>) -> Result<()> {
    Args::new(place, args, &[]).map(|_| ())
}

/// Runs the step.
///
/// # Errors
/// What keeps it from running.
pub fn run(context: &Context<'_>) -> Result<Did> {
    let row = context.row();
    let place = Place {
        table: "step",
        row: &row,
    };
    check(&place, &context.step.target, context.step.args.as_ref())?;
    did(&refresh(&context.step.target, context.about, context.run)?)
}

fn did(refreshed: &Refreshed) -> Result<Did> {
    Ok(Did {
        rows: i64::try_from(refreshed.joined + refreshed.left).map_err(internal)?,
        object: Some(refreshed.object.clone()),
        result: Some(format!(
            "{} joined, {} left, {} members",
            refreshed.joined, refreshed.left, refreshed.members
        )),
    })
}

/// What it has done: who joined, then who left.
///
/// # Errors
/// When it cannot be read.
pub fn told(context: &Context<'_>) -> Result<Vec<Told>> {
    let relation = Segment::named(&context.step.target)?.object.relation()?.sql();
    let args = [context.run.into(), context.step.target.clone().into()];
    as_extension_owner(|| {
        Spi::connect(|client| {
            let rows = client.select(include_str!("../router/sql/segment_changes.sql"), None, &args)?;
            rows.map(|row| {
                Ok(Told {
                    relation: Some(relation.clone()),
                    record_key: row.get(1)?,
                    effect: row.get::<String>(2)?.unwrap_or_default(),
                    detail: None,
                })
            })
            .collect::<pgrx::spi::Result<Vec<_>>>()
        })
    })?
    .map_err(internal)
}

/// Refreshes a segment in a run of its own, for whoever calls; returns the run's id.
///
/// # Errors
/// Everything that keeps it from running; nothing is left then.
pub fn alone(segment: &str, as_of: TimestampWithTimeZone) -> Result<i64> {
    let (started, began) = (started_now()?, Utc::now());
    let about = clock::from_pg(as_of)?;
    let _in_progress = InProgress::new(Trigger::Execute, segment);
    let needs = Needs {
        objects: vec![Segment::named(segment)?.object.name],
        ..Needs::default()
    };
    lock(needs, false)?.ok_or_else(not_locked)?;
    let run = next_run_id()?;
    running::numbered(run);
    let _inside = enter(run, None);
    let refreshed = with_settings(about, || refresh(segment, about, run))?;
    let totals = Totals {
        candidates: i64::try_from(refreshed.members).map_err(internal)?,
        objects: vec![refreshed.object.clone()],
        ..Totals::default()
    };
    let header = Header::called_for("execute", as_of)?;
    finish(run, &header, started, &totals)?;
    let step = Step {
        position: 1,
        action: "refresh_segment".to_owned(),
        target: segment.to_owned(),
        args: None,
        written_by: String::new(),
        segment: None,
        per: None,
        max_rows: None,
        timeout: None,
    };
    steps::record(run, &[Done::action(&step, began, &did(&refreshed)?)], false)?;
    Ok(run)
}
