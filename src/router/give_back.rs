//! A rep gives one record back, and says why: a run of its own, by the path of a retrieval.

use chrono::{DateTime, Utc};
use pgrx::prelude::*;

use crate::allocation::Target;
use crate::clock;
use crate::criteria::quote_literal;
use crate::error::{Place, Result, error_hint, internal};
use crate::router::apply::move_records;
use crate::router::failure;
use crate::router::goal::Goal;
use crate::router::hopper::{self, Source};
use crate::router::inside::enter;
use crate::router::intent::Intent;
use crate::router::kept::Compiled;
use crate::router::lock::{Needs, States, lock, next_run_id};
use crate::router::plan::{self, Leaf, Plan};
use crate::router::record::record;
use crate::router::run_row::{Header, Totals, finish, started_now};
use crate::router::session::with_settings;
use crate::router::situation::protection;
use crate::router::statement::{self, column};
use crate::router::trust::check_writers;
use crate::worker::running::{self, Phase, Trigger};
use crate::worker::timeout::InProgress;

/// Where a record goes that is given back.
#[derive(Clone, Copy)]
pub enum To<'a> {
    /// To nobody.
    Nobody,
    /// Into this hopper, or that from which it was taken last.
    Hopper(Option<&'a str>),
}

/// Makes a record unowned, with the rights of whoever calls; returns the run's id.
///
/// # Errors
/// P0002 for a record that is not there, 55000 for one that nobody owns or that is protected, or that came from no hopper.
pub fn give_back(object: &str, key: &str, why: &str, to: To<'_>) -> Result<i64> {
    if why.trim().is_empty() {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            "reason is empty",
            "Say why the record is given back: it is kept in dist.assignment.note.",
        ));
    }
    let started = started_now()?;
    let at = clock::now()?;
    let about = clock::from_pg(at)?;
    let _in_progress = InProgress::new(Trigger::Return, object);
    let intent = Intent::of_object(object)?;
    check_writers(&intent.writers())?;
    let needs = Needs {
        objects: vec![object.to_owned()],
        ..Needs::default()
    };
    lock(needs, false)?.ok_or_else(|| internal("the object is gone"))?;
    let run = next_run_id()?;
    running::numbered(run);
    let _inside = enter(run, None);
    let mut totals = Totals::default();
    with_settings(about, || {
        crate::check::values::key(object, intent.object()?.key()?, key)?;
        let into = match to {
            To::Nobody => None,
            To::Hopper(named) => Some(into_hopper(&intent, key, named)?),
        };
        let plan = of_record(&intent, key, why, into)?;
        let compiled = Compiled { intent, plan };
        one(&compiled, key, about, run, &mut totals)?;
        match to {
            To::Nobody => Ok(()),
            To::Hopper(_) => hopper::cool(run, object, key, at),
        }
    })?;
    totals.objects.push(object.to_owned());
    finish(run, &Header::called_for("return", at)?, started, &totals)?;
    Ok(run)
}

/// The hopper into which a record goes back.
fn into_hopper(intent: &Intent, key: &str, named: Option<&str>) -> Result<String> {
    let object = intent.object()?;
    let Some(name) = named.map_or_else(
        || hopper::taken_from(&object.name, key),
        |name| Ok(Some(name.to_owned())),
    )?
    else {
        let place = Place {
            table: "object",
            row: &object.name,
        };
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("{place}: record '{key}' came out of no hopper"),
            "Name the hopper into which it is to go.",
        ));
    };
    if intent.hoppers.iter().any(|hopper| hopper.name == name) {
        return Ok(name);
    }
    Err(crate::check::no_such("hopper", &name))
}

/// A plan by which the one record, if it has an owner and is not protected, loses him.
fn of_record(intent: &Intent, key: &str, why: &str, into: Option<String>) -> Result<Plan> {
    let leaf = Leaf {
        rule: None,
        distribution_rule: None,
        reason: "return".to_owned(),
        note: Some(why.trim().to_owned()),
        goal: Goal::of(if into.is_some() { Target::Place } else { Target::Unowned }),
        reassign: true,
        hopper: into,
    };
    let mut plan = plan::to_one_leaf(intent, leaf)?;
    let object = intent.object()?;
    let key_column = object.key()?;
    plan.source = Place {
        table: "object",
        row: &object.name,
    }
    .to_string();
    let is_it = format!(
        "{} = {}::{}",
        column(&key_column.name),
        quote_literal(key),
        key_column.type_sql
    );
    let owned = format!("{} is not null", column(&object.owner()?.name));
    plan.filters = vec![
        ("key".to_owned(), plan::plain(is_it)),
        ("owned".to_owned(), plan::plain(owned)),
    ];
    plan.filters
        .extend(protection::filters(intent, object, statement::AS_OF)?);
    plan.filter_all();
    plan.from_hopper = Source::Any;
    plan.order = column(&key_column.name);
    plan.row_limit = Some(1);
    Ok(plan)
}

fn one(compiled: &Compiled, key: &str, about: DateTime<Utc>, run: i64, totals: &mut Totals) -> Result<()> {
    running::phase(Phase::Reading);
    let states = States::new();
    Spi::connect_mut(|client| {
        let moved = move_records(client, &compiled.plan, None, about, &states)?;
        if moved.0.outcome().moved == 0 {
            return Err(refused(client, compiled, key, about)?);
        }
        failure::begin();
        running::phase(Phase::Recording);
        record(client, compiled, &moved, run, about, totals, &states)
    })
}

/// Why the record is not given back.
fn refused(
    client: &pgrx::spi::SpiClient<'_>,
    compiled: &Compiled,
    key: &str,
    about: DateTime<Utc>,
) -> Result<pgrx::pg_sys::panic::ErrorReport> {
    let Compiled { plan, intent } = compiled;
    let (Some((_, is_it)), Some(tests)) = (plan.filters.first(), plan.filters.get(1..)) else {
        return Err(internal("a return without a record"));
    };
    let tests: Vec<String> = tests
        .iter()
        .map(|(_, test)| format!("({}) is true", test.sql))
        .collect();
    // The dictionary, which nothing here asks for, and the instant.
    let sql = format!(
        "select array[{}] from {} as r where {} and $1::text[] is not null and $2 is not null",
        tests.join(", "),
        plan.object.relation()?.sql(),
        is_it.sql
    );
    let args = [plan.reps.clone().into(), clock::to_pg(about)?.into()];
    let rows = client.select(sql.as_str(), Some(1), &args).map_err(internal)?;
    let table = plan.object.relation()?.sql();
    let place = Place {
        table: "object",
        row: &plan.object.name,
    };
    if rows.is_empty() {
        return Ok(error_hint(
            PgSqlErrorCode::ERRCODE_NO_DATA_FOUND,
            format!("{place}: there is no record with key '{key}' in {table}"),
            "Give the key as it stands in the key column, in its text form.",
        ));
    }
    let holds = rows
        .first()
        .get_one::<Vec<bool>>()
        .map_err(internal)?
        .unwrap_or_default();
    let mut holds = holds.into_iter();
    if holds.next() == Some(false) {
        return Ok(error_hint(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("{place}: record '{key}' has no owner who could give it back"),
            "Nothing is to be done: it is unowned.",
        ));
    }
    let protections = intent.protections.iter().flatten().zip(holds);
    let by = protections
        .filter(|(_, holds)| !holds)
        .map(|(row, _)| row.name.as_str());
    let by: Vec<&str> = by.collect();
    Ok(error_hint(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{place}: record '{key}' is protected by '{}'", by.join("', '")),
        "A protected record is not taken from its owner: see dist.protection.",
    ))
}
