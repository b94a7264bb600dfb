//! The row of a run in `dist.run`: what is known of it before it starts, what it did in all, and the outcome.

use std::collections::BTreeMap;

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;

use crate::error::{Result, internal};
use crate::prepared;
use crate::xact::{self, as_extension_owner, current_role_name};

/// What a run did, summed over its steps.
#[derive(Debug, Default)]
pub struct Totals {
    /// Records looked at.
    pub candidates: i64,
    /// Records moved.
    pub assigned: i64,
    /// Reason to number of records left.
    pub reasons: BTreeMap<String, i64>,
    /// The transfers that ran.
    pub transfers: Vec<String>,
    /// Their objects.
    pub objects: Vec<String>,
}

/// The facts of a run's row that are known before it starts.
pub struct Header {
    /// Name and number of the schedule.
    pub schedule: Option<(String, i32)>,
    /// The position of its one step, where each has a transaction of its own.
    pub step: Option<i32>,
    /// execute, schedule, manual or undo.
    pub trigger: String,
    /// The automation, release, hopper or SLA that caused it.
    pub cause_name: Option<String>,
    /// When it was due.
    pub due_at: Option<TimestampWithTimeZone>,
    /// What it is about.
    pub as_of: TimestampWithTimeZone,
    /// Which attempt.
    pub attempt: i32,
    /// The run it undoes.
    pub undoes: Option<i64>,
    /// Whose rights it has.
    pub run_by: String,
}

impl Header {
    /// Of a run that somebody calls for, with the rights of the current role.
    ///
    /// # Errors
    /// When that role has no name.
    pub fn called_for(trigger: &str, as_of: TimestampWithTimeZone) -> Result<Self> {
        Ok(Self {
            schedule: None,
            step: None,
            trigger: trigger.to_owned(),
            cause_name: None,
            due_at: None,
            as_of,
            attempt: 1,
            undoes: None,
            run_by: current_role_name()?,
        })
    }
}

/// The instant by clock_timestamp().
///
/// # Errors
/// When it cannot be read.
pub fn started_now() -> Result<TimestampWithTimeZone> {
    TimestampWithTimeZone::try_from(xact::clock()).map_err(|_| internal("no clock"))
}

/// Writes the row of a run that succeeded.
///
/// # Errors
/// 23505 when the schedule has already run successfully at that instant.
pub fn finish(run: i64, header: &Header, started: TimestampWithTimeZone, totals: &Totals) -> Result<()> {
    let only = |names: &[String]| match names {
        [first, rest @ ..] if rest.iter().all(|name| name == first) => Some(first.clone()),
        _ => None,
    };
    let reasons = serde_json::to_value(&totals.reasons).map_err(internal)?;
    let (schedule, schedule_id) = header.schedule.clone().unzip();
    as_extension_owner(|| {
        Spi::connect_mut(|client| {
            prepared::update(
                client,
                include_str!("sql/finish.sql"),
                &[
                    run.into(),
                    schedule.into(),
                    schedule_id.into(),
                    only(&totals.transfers).into(),
                    only(&totals.objects).into(),
                    header.trigger.clone().into(),
                    header.due_at.into(),
                    header.as_of.into(),
                    header.attempt.into(),
                    started.into(),
                    totals.candidates.into(),
                    totals.assigned.into(),
                    totals.reasons.values().sum::<i64>().into(),
                    pgrx::JsonB(reasons).into(),
                    header.undoes.into(),
                    header.run_by.clone().into(),
                    header.cause_name.clone().into(),
                    header.step.into(),
                ],
            )
            .map(|_| ())
        })
    })?
    .map_err(internal)
}
