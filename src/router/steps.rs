//! What a schedule's steps are and did: the call of a function as a step, and the record of each step. [`course`](super::course)
//! runs them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use pgrx::spi::{SpiClient, SpiHeapTupleData};
use serde_json::Value;

use crate::action::Did;
use crate::catalogue::read_newest;
use crate::clock;
use crate::error::{Result, internal};
use crate::prepared;
use crate::router::mover::Mover;
use crate::router::trust;
use crate::xact::as_extension_owner;

/// A complete, active step.
pub struct Step {
    /// Its place in the order.
    pub position: i32,
    /// transfer, function, or one of those in `src/action`.
    pub action: String,
    /// The transfer, the function, or the segment.
    pub target: String,
    /// The arguments of the function, or of the action.
    pub args: Option<Value>,
    /// Who wrote it.
    pub written_by: String,
    /// Only members of this segment are meant.
    pub segment: Option<String>,
    /// How often a function is called for it.
    pub per: Option<String>,
    /// How many members it may have.
    pub max_rows: Option<i64>,
    /// How long a function may take.
    pub timeout: Option<Duration>,
}

impl Step {
    /// The transfer that it runs.
    pub fn mover(&self) -> Mover {
        Mover::transfer(&self.target).within(self.segment.clone())
    }

    /// Whether it runs a transfer.
    pub fn is_transfer(&self) -> bool {
        self.action == "transfer"
    }

    /// Whether it calls a function.
    pub fn is_function(&self) -> bool {
        self.action == "function"
    }

    /// Which step it is, for the DETAIL of an error.
    pub fn told(&self) -> String {
        format!(
            "Step {}, {} '{}'.",
            self.position,
            self.action,
            self.target.replace('\'', "''")
        )
    }
}

/// The objects that steps which are no transfers act on.
///
/// # Errors
/// When they cannot be read.
pub fn objects(schedule: &str, steps: &[Step]) -> Result<Vec<String>> {
    if steps
        .iter()
        .all(|step| step.is_transfer() || (step.is_function() && step.segment.is_none()))
    {
        return Ok(Vec::new());
    }
    let args = [schedule.to_owned().into()];
    Ok(read_newest("select dist._step_objects($1)", &args)?.unwrap_or_default())
}

/// The complete, active steps of a schedule, in order.
///
/// # Errors
/// When they cannot be read.
pub fn of_schedule(name: &str) -> Result<Vec<Step>> {
    as_extension_owner(|| Spi::connect(|client| read(client, name)))?.map_err(internal)
}

fn read(client: &SpiClient<'_>, schedule: &str) -> pgrx::spi::Result<Vec<Step>> {
    let rows = prepared::select(client, include_str!("sql/steps.sql"), &[schedule.to_owned().into()])?;
    rows.map(|row| of_row(&row, 1))
        .collect::<pgrx::spi::Result<Vec<_>>>()
        .map(|steps| steps.into_iter().flatten().collect())
}

/// The step in a row, from one of its columns on: those of `sql/steps.sql`. None where they are null.
///
/// # Errors
/// When they are others.
pub fn of_row(row: &SpiHeapTupleData<'_>, first: usize) -> pgrx::spi::Result<Option<Step>> {
    let Some(position) = row.get::<i32>(first)? else {
        return Ok(None);
    };
    Ok(Some(Step {
        position,
        action: row.get::<String>(first + 1)?.unwrap_or_default(),
        target: row.get::<String>(first + 2)?.unwrap_or_default(),
        args: row.get::<pgrx::JsonB>(first + 3)?.map(|args| args.0),
        written_by: row.get::<String>(first + 4)?.unwrap_or_default(),
        segment: row.get::<String>(first + 5)?,
        per: row.get::<String>(first + 6)?,
        max_rows: row.get::<i64>(first + 7)?,
        timeout: row
            .get::<i64>(first + 8)?
            .and_then(|ms| u64::try_from(ms).ok())
            .map(Duration::from_millis),
    }))
}

/// Refuses steps of somebody whom the current role does not trust.
///
/// # Errors
/// 42501.
pub fn check_writers(schedule: &str, steps: &[Step]) -> Result<()> {
    let writer = |step: &Step| format!("{schedule}/{}", step.position);
    let writers: Vec<_> = steps
        .iter()
        .map(|step| ("step", writer(step), step.written_by.as_str()))
        .collect();
    trust::check_writers(&writers)
}

/// What a step did.
pub struct Done {
    position: i32,
    action: String,
    target: String,
    candidates: Option<i64>,
    assigned: Option<i64>,
    rows: Option<i64>,
    result: Option<String>,
    started: DateTime<Utc>,
    finished: DateTime<Utc>,
}

impl Done {
    /// A transfer.
    pub fn transfer(step: &Step, started: DateTime<Utc>, candidates: i64, assigned: i64) -> Self {
        Self {
            candidates: Some(candidates),
            assigned: Some(assigned),
            ..Self::new(step, step.target.clone(), started)
        }
    }

    /// An action.
    pub fn action(step: &Step, started: DateTime<Utc>, did: &Did) -> Self {
        Self {
            rows: (!step.is_function()).then_some(did.rows),
            result: did.result.clone(),
            ..Self::new(step, step.target.clone(), started)
        }
    }

    /// A function, by its name with its argument types.
    pub fn function(
        step: &Step,
        signature: String,
        started: DateTime<Utc>,
        rows: Option<i64>,
        result: Option<String>,
    ) -> Self {
        Self {
            rows,
            result,
            ..Self::new(step, signature, started)
        }
    }

    fn new(step: &Step, target: String, started: DateTime<Utc>) -> Self {
        Self {
            position: step.position,
            action: step.action.clone(),
            target,
            candidates: None,
            assigned: None,
            rows: None,
            result: None,
            started,
            finished: Utc::now(),
        }
    }
}

/// Writes what each step did, unless there is nothing to say that the run's row does not.
///
/// # Errors
/// When it cannot be written.
pub fn record(run: i64, steps: &[Done], alone: bool) -> Result<()> {
    if let [only] = steps
        && only.action == "transfer"
        && !alone
    {
        return Ok(());
    }
    let instants = |of: fn(&Done) -> DateTime<Utc>| -> Result<Vec<_>> {
        steps.iter().map(|done| clock::to_pg(of(done))).collect()
    };
    let texts = |of: fn(&Done) -> &String| -> Vec<String> { steps.iter().map(|done| of(done).clone()).collect() };
    let numbers = |of: fn(&Done) -> Option<i64>| -> Vec<Option<i64>> { steps.iter().map(of).collect() };
    as_extension_owner(|| {
        Spi::run_with_args(
            include_str!("sql/run_step.sql"),
            &[
                run.into(),
                steps.iter().map(|done| done.position).collect::<Vec<_>>().into(),
                texts(|done| &done.action).into(),
                texts(|done| &done.target).into(),
                numbers(|done| done.candidates).into(),
                numbers(|done| done.assigned).into(),
                numbers(|done| done.rows).into(),
                steps.iter().map(|done| done.result.clone()).collect::<Vec<_>>().into(),
                instants(|done| done.started)?.into(),
                instants(|done| done.finished)?.into(),
            ],
        )
        .map_err(internal)
    })?
}
