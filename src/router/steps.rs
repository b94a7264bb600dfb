//! What a schedule's steps are and did: the call of a function as a step, and the record of each step. [`course`](super::course)
//! runs them.

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde_json::Value;

use crate::action::Did;
use crate::catalogue::read_newest;
use crate::clock;
use crate::error::{Place, Result, internal};
use crate::prepared;
use crate::router::failure;
use crate::router::function::{Call, may_call, resolve};
use crate::router::mover::Mover;
use crate::router::trust;
use crate::worker::running::{self, Phase};
use crate::xact::{as_extension_owner, as_role, with_users_search_path};

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

/// The objects that steps which are neither transfers nor calls act on.
///
/// # Errors
/// When they cannot be read.
pub fn objects(schedule: &str, steps: &[Step]) -> Result<Vec<String>> {
    if steps.iter().all(|step| step.is_transfer() || step.is_function()) {
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
    rows.map(|row| {
        Ok(Step {
            position: row.get::<i32>(1)?.unwrap_or_default(),
            action: row.get::<String>(2)?.unwrap_or_default(),
            target: row.get::<String>(3)?.unwrap_or_default(),
            args: row.get::<pgrx::JsonB>(4)?.map(|args| args.0),
            written_by: row.get::<String>(5)?.unwrap_or_default(),
            segment: row.get::<String>(6)?,
        })
    })
    .collect()
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

/// Calls a step's function as `owner`, the role that is the current one. Settings that it changes are as they were
/// afterwards; it finds names by the search_path of the owner's sessions, unless it has one of its own.
///
/// # Errors
/// That the function cannot be called any more, or what it raised, as it raised it.
pub fn call(schedule: &str, step: &Step, owner: pg_sys::Oid) -> Result<Done> {
    let started = Utc::now();
    running::phase(Phase::Calling);
    let row = format!("{schedule}/{}", step.position);
    let place = Place {
        table: "step",
        row: &row,
    };
    let call = failure::compiling(|| resolve(&place, &step.target, step.args.as_ref()))?;
    may_call(&place, &call)?;
    let answer = as_role(owner, || with_users_search_path(|| run(&place, &call)))?;
    // It may have called for runs of its own, and have come to terms with their failure.
    failure::begin();
    let done = Done::new(step, call.signature, started);
    Ok(if call.counts {
        Done {
            rows: answer.and_then(|count| count.parse().ok()),
            ..done
        }
    } else {
        Done { result: answer, ..done }
    })
}

fn run(place: &Place<'_>, call: &Call) -> Result<Option<String>> {
    let statement = "select pg_catalog.left(result, 1000), failure from dist._users_statement($1, $2)";
    let args = [call.sql.clone().into(), call.answer.map(ToOwned::to_owned).into()];
    let (result, failure) = Spi::connect_mut(|client| {
        client
            .update(statement, None, &args)?
            .first()
            .get_two::<String, pgrx::JsonB>()
    })
    .map_err(internal)?;
    match failure {
        None => Ok(result),
        Some(failure) => Err(failure::raise(explained(place, failure.0))),
    }
}

/// Says which step it was, and what PostgreSQL means by a transaction that cannot be terminated.
fn explained(place: &Place<'_>, mut failure: Value) -> Value {
    let text = |failure: &Value, key: &str| failure.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let context = text(&failure, "context");
    let ends_transaction = text(&failure, "sqlstate") == "2D000" && text(&failure, "hint").is_empty();
    if let Some(fields) = failure.as_object_mut() {
        fields.insert("context".to_owned(), format!("{context}\n{place}").trim_start().into());
        if ends_transaction {
            let hint = "A step is part of its run's transaction: what it calls can neither commit nor roll back.";
            fields.insert("hint".to_owned(), hint.into());
        }
    }
    failure
}

/// Writes what each step did, unless there is nothing to say that the run's row does not.
///
/// # Errors
/// When it cannot be written.
pub fn record(run: i64, steps: &[Done]) -> Result<()> {
    if let [only] = steps
        && only.action == "transfer"
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
