//! What a step can do beside running a transfer and calling a function: to a segment, or to its records.
//!
//! Each action is one file with three functions: `check` is asked when the step is written, `run` does it, with the run's
//! locks held and the rights of the run's owner, and `told` says record by record what it has done, for a preview, which
//! takes it all back afterwards.
//!
//! | action | file |
//! | --- | --- |
//! | keep a segment's members | [`refresh_segment`] |
//! | set fields by stored formulas | [`apply_formulas`] |
//! | set fields to fixed values | [`mass_edit`] |
//! | activities for a segment's records | [`create_activities`] |
//! | tell another system | [`emit`] |
//!
//! [`args`] reads a step's arguments, [`target`] the segment that it names. [`edit`] is what all edits of fields share, with its
//! statements in `edit_statement`; [`overwritten`] notes what they overwrite, [`revert`] takes them back.

pub mod apply_formulas;
pub mod args;
pub mod create_activities;
pub mod edit;
mod edit_statement;
pub mod emit;
pub mod mass_edit;
pub mod overwritten;
pub mod refresh_segment;
pub mod revert;
pub mod target;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::action::args::Args;
use crate::error::{Place, Result, internal};
use crate::router::steps::Step;

/// One of the actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Who belongs to the segment is found anew.
    RefreshSegment,
    /// Fields are set by stored formulas.
    ApplyFormulas,
    /// Activities are made.
    CreateActivities,
    /// Fields are set to fixed values.
    MassEdit,
    /// The segment, or what changed in it, is told.
    Emit,
}

impl Action {
    /// By the name that `dist.step.action` has.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "refresh_segment" => Some(Self::RefreshSegment),
            "apply_formulas" => Some(Self::ApplyFormulas),
            "create_activities" => Some(Self::CreateActivities),
            "mass_edit" => Some(Self::MassEdit),
            "emit" => Some(Self::Emit),
            _ => None,
        }
    }
}

/// What an action knows of the run that it is part of.
pub struct Context<'a> {
    /// The schedule.
    pub schedule: &'a str,
    /// Its zone, by which dates count.
    pub zone: &'a str,
    /// The step.
    pub step: &'a Step,
    /// The run.
    pub run: i64,
    /// The instant that it is about.
    pub about: DateTime<Utc>,
    /// It is a preview: all will be taken back, so that nothing may be done that cannot be, and what is done is told.
    pub rehearsed: bool,
}

impl Context<'_> {
    /// The step as error messages name it.
    pub fn row(&self) -> String {
        format!("{}/{}", self.schedule, self.step.position)
    }

    /// The step's arguments; `known` are the keys that it takes.
    ///
    /// # Errors
    /// 22023 for any other.
    pub fn args<'b>(&'b self, place: &'b Place<'b>, known: &'static [&'static str]) -> Result<Args<'b>> {
        Args::new(place, self.step.args.as_ref(), known)
    }
}

/// What an action has done.
#[derive(Default)]
pub struct Did {
    /// How many records it touched.
    pub rows: i64,
    /// The object that it was about.
    pub object: Option<String>,
    /// What else is to be known of it.
    pub result: Option<String>,
}

/// What an action has done to one record, for a preview.
#[derive(Debug)]
pub struct Told {
    /// The table.
    pub relation: Option<String>,
    /// The record.
    pub record_key: Option<String>,
    /// What happened to it.
    pub effect: String,
    /// More about it.
    pub detail: Option<Value>,
}

/// Refuses a step that could not be run as it is written; `segment` is its target.
///
/// # Errors
/// What is wrong, with the place and a HINT.
pub fn check(place: &Place<'_>, action: &str, segment: &str, args: Option<&Value>) -> Result<()> {
    match named(action)? {
        Action::RefreshSegment => refresh_segment::check(place, segment, args),
        Action::ApplyFormulas => apply_formulas::check(place, segment, args),
        Action::CreateActivities => create_activities::check(place, segment, args),
        Action::MassEdit => mass_edit::check(place, segment, args),
        Action::Emit => emit::check(place, segment, args),
    }
}

/// Runs a step; its segment's object, and that of its related table, are locked.
///
/// # Errors
/// What keeps it from running; the caller takes back what was done.
pub fn run(context: &Context<'_>) -> Result<Did> {
    match named(&context.step.action)? {
        Action::RefreshSegment => refresh_segment::run(context),
        Action::ApplyFormulas => apply_formulas::run(context),
        Action::CreateActivities => create_activities::run(context),
        Action::MassEdit => mass_edit::run(context),
        Action::Emit => emit::run(context),
    }
}

/// What a step that has been run did to each record, in an order that is always the same.
///
/// # Errors
/// When it cannot be read.
pub fn told(context: &Context<'_>) -> Result<Vec<Told>> {
    match named(&context.step.action)? {
        Action::RefreshSegment => refresh_segment::told(context),
        Action::ApplyFormulas | Action::MassEdit => edit::told(context),
        Action::CreateActivities => create_activities::told(context),
        Action::Emit => emit::told(context),
    }
}

fn named(action: &str) -> Result<Action> {
    Action::named(action).ok_or_else(|| internal(format!("nobody knows action {action}")))
}
