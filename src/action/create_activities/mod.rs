//! Makes activities for a segment's records, in the free time of those who are to do them: those who have none open of the plan
//! get one each, and what finds no place is told with the reason, and is there again the next time.
//!
//! Records come as arrays in rank order; what only passes through (keys, subjects) is not looked at here, as in
//! [`decide`](crate::router::decide). Runs that place activities do so one after the other, whatever their objects: they look
//! into the same diaries.

mod place;
pub mod plan;
pub mod table;
mod write;

use std::collections::BTreeMap;

use pgrx::prelude::*;
use serde_json::Value;

use crate::action::args::Args;
use crate::action::create_activities::plan::Plan;
use crate::action::create_activities::table::Table;
use crate::action::target::Segment;
use crate::action::{Context, Did, Told};
use crate::catalogue::{read, read_newest};
use crate::criteria::nearest;
use crate::error::{Place, Result, error_hint, internal};
use crate::router::failure::compiling;
use crate::router::steps::Step;
use crate::router::trust::check_writers;
use crate::worker::running::{self, Phase};
use crate::xact::as_extension_owner;

pub use write::take_back;

const KEYS: [&str; 1] = ["plans"];

/// What a record has instead of the number of who does it.
const UNOWNED: i32 = -2;
const OPEN: i32 = -3;

/// Refuses a step that could not be run as it is written.
///
/// # Errors
/// What is wrong with its arguments.
pub fn check(place: &Place<'_>, segment: &str, args: Option<&Value>) -> Result<()> {
    let args = Args::new(place, args, &KEYS)?;
    plans(place, &args, segment, read).map(drop)
}

/// The plans that a step names, or all; only the active ones are run.
fn plans(
    place: &Place<'_>,
    args: &Args<'_>,
    segment: &str,
    ask: impl Fn(&str, &[pgrx::datum::DatumWithOid<'_>]) -> Result<Option<Vec<Plan>>>,
) -> Result<Vec<Plan>> {
    const QUERY: &str = "select dist._activity_plans($1, $2)";
    let known = |names: Option<Vec<String>>| -> Result<Vec<Plan>> {
        Ok(ask(QUERY, &[segment.to_owned().into(), names.into()])?.unwrap_or_default())
    };
    let Some(list) = args.list("plans")? else {
        let all = known(None)?;
        return match all.is_empty() {
            true => Err(args.refuse(
                format!("segment '{segment}' has no activity plan"),
                "Insert one into dist.activity_plan first.",
            )),
            false => Ok(all),
        };
    };
    let names: Option<Vec<String>> = list.iter().map(|name| name.as_str().map(ToOwned::to_owned)).collect();
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        return Err(args.refuse(
            "\"plans\" is not a list of names",
            "Write [\"name\", ...], or leave it out for all plans of the segment.",
        ));
    };
    let found = known(Some(names.clone()))?;
    match names.iter().find(|name| !found.iter().any(|plan| plan.name == **name)) {
        None => Ok(found),
        Some(missing) => {
            let all: Vec<String> = known(None)?.into_iter().map(|plan| plan.name).collect();
            Err(error_hint(
                PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
                format!("{place}: args: segment '{segment}' has no activity plan '{missing}'"),
                match nearest(missing, all.iter().map(String::as_str)) {
                    Some(near) => format!("Perhaps you meant '{near}'."),
                    None => "Insert it into dist.activity_plan first.".to_owned(),
                },
            ))
        }
    }
}

/// Why a record gets no activity, as `dist.activity_left` names it.
const REASONS: [&str; 4] = ["unowned", "no_active_rep", "not_at_work", "full"];

/// Takes the lock of those who place activities; false where somebody else has it and it is not to be waited for.
///
/// # Errors
/// When it cannot be taken.
pub fn lock(steps: &[Step], nowait: bool) -> Result<bool> {
    if !steps.iter().any(|step| step.action == "create_activities") {
        return Ok(true);
    }
    let sql = match nowait {
        true => "select pg_try_advisory_xact_lock(dist._diaries_key())",
        false => "select pg_advisory_xact_lock(dist._diaries_key()) is not null",
    };
    as_extension_owner(|| {
        Spi::connect_mut(|client| {
            let held = client.update(sql, None, &[])?.first().get_one::<bool>()?;
            Ok::<_, pgrx::spi::Error>(held != Some(false))
        })
    })?
    .map_err(internal)
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
    let segment = &context.step.target;
    let (segment, plans) = compiling(|| {
        let plans = plans(&place, &context.args(&place, &KEYS)?, segment, |query, args| {
            read_newest(query, args)
        })?;
        let segment = Segment::named(segment)?;
        segment.check_writers()?;
        let writer = |plan: &Plan| format!("{}/{}", segment.name, plan.name);
        let writers: Vec<_> = plans
            .iter()
            .map(|plan| ("activity_plan", writer(plan), plan.written_by.as_str()))
            .collect();
        check_writers(&writers)?;
        Ok((segment, plans))
    })?;
    let mut counts = BTreeMap::new();
    for plan in plans.iter().filter(|plan| plan.active) {
        one(context, &segment, plan, &mut counts)?;
    }
    Ok(Did {
        rows: counts.get("made").copied().unwrap_or(0),
        object: Some(segment.object.name.clone()),
        result: Some(told_counts(&counts)),
    })
}

/// In the order in which they are thought of.
fn told_counts(counts: &BTreeMap<&'static str, i64>) -> String {
    let all = ["made", "open"].into_iter().chain(REASONS);
    let told: Vec<String> = all
        .filter_map(|what| Some(format!("{} {what}", counts.get(what)?)))
        .collect();
    told.join(", ")
}

/// One plan.
fn one(context: &Context<'_>, segment: &Segment, plan: &Plan, counts: &mut BTreeMap<&'static str, i64>) -> Result<()> {
    let row = format!("{}/{}", segment.name, plan.name);
    let place_of = Place {
        table: "activity_plan",
        row: &row,
    };
    let (table, reads) = compiling(|| Ok((Table::of(&place_of, plan)?, place::reads(&place_of, segment, plan)?)))?;
    let reps = match plan.assign.as_str() {
        "owner" => None,
        "reps" => Some(plan.reps.clone().unwrap_or_default()),
        _ => Some(plan.responsible.iter().cloned().collect()),
    };
    let people = place::people(reps)?;
    Spi::connect_mut(|client| {
        running::phase(Phase::Reading);
        let records = place::records(client, context, segment, plan, table.as_ref(), (&reads, &people))?;
        let placed = place::all(client, context, plan, table.as_ref(), &people, &records.who)?;
        running::phase(Phase::Recording);
        let made = placed.starts.iter().flatten().count();
        count(counts, "made", made);
        count(counts, "open", records.who.iter().filter(|who| **who == OPEN).count());
        for (n, reason) in (1..).zip(REASONS) {
            count(counts, reason, placed.why.iter().filter(|why| **why == n).count());
        }
        let written = match &table {
            Some(table) if made > 0 => Some(write::insert(
                client,
                context,
                segment,
                plan,
                table,
                (&people, &records, &placed),
            )?),
            _ => None,
        };
        write::record(client, context, segment, plan, (&people, &records, &placed), written)
    })
}

fn count(counts: &mut BTreeMap<&'static str, i64>, what: &'static str, more: usize) {
    if more > 0 || what == "made" {
        *counts.entry(what).or_default() += i64::try_from(more).unwrap_or(i64::MAX);
    }
}

/// What it has done.
///
/// # Errors
/// When it cannot be read.
pub fn told(context: &Context<'_>) -> Result<Vec<Told>> {
    let args = [context.run.into(), context.step.position.into()];
    as_extension_owner(|| {
        Spi::connect(|client| {
            let rows = client.select(include_str!("sql/activity_told.sql"), None, &args)?;
            rows.map(|row| {
                Ok(Told {
                    relation: row.get(1)?,
                    record_key: row.get(2)?,
                    effect: row.get::<String>(3)?.unwrap_or_default(),
                    detail: row.get::<pgrx::JsonB>(4)?.map(|detail| detail.0),
                })
            })
            .collect::<pgrx::spi::Result<Vec<_>>>()
        })
    })?
    .map_err(internal)
}
