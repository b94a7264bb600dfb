//! A schedule's steps as one run, and row for row what they did. The caller takes it back: what acts on one another can
//! only be told by doing it.

use chrono::{DateTime, Utc};

use crate::action::{Told, create_activities};
use crate::clock;
use crate::error::{Result, internal};
use crate::router::course::Course;
use crate::router::inside::enter;
use crate::router::lock::{lock_with, next_run_id};
use crate::router::mover::Mover;
use crate::router::run_row::{Header, Totals, finish, started_now};
use crate::router::session::with_settings;
use crate::router::steps::{self, Step};
use crate::worker::running::{self, Trigger};
use crate::worker::timeout::InProgress;
use crate::xact::current_role;

/// Runs the steps of a schedule with the rights of whoever calls; what each did, with its place among them. Functions are
/// not called. (Were it not taken back, it would be a run like any other.)
///
/// # Errors
/// Everything that keeps it from running.
pub fn rehearse(schedule: &str, zone: &str, about: DateTime<Utc>) -> Result<(Vec<Step>, Vec<(usize, Told)>)> {
    let started = started_now()?;
    let _in_progress = InProgress::new(Trigger::Execute, schedule);
    let steps = steps::of_schedule(schedule)?;
    let movers = steps.iter().filter(|step| step.is_transfer());
    let movers: Vec<Mover> = movers.map(Step::mover).collect();
    let locked = lock_with(&movers, steps::objects(schedule, &steps)?, false)?;
    create_activities::lock(&steps, false)?;
    let run = next_run_id()?;
    running::numbered(run);
    let _inside = enter(run, None);
    let mut course = Course {
        schedule,
        zone,
        owner: current_role(),
        run,
        about,
        locked: locked.ok_or_else(|| internal("a rule of the run is gone"))?,
        totals: Totals::default(),
        told: Some(Vec::new()),
    };
    let done = with_settings(about, || course.all(&steps))?;
    let header = Header::called_for("execute", clock::to_pg(about)?)?;
    finish(run, &header, started, &course.totals)?;
    steps::record(run, &done, false)?;
    Ok((steps, course.told.unwrap_or_default()))
}
