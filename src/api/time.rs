//! Instants: what is due, what comes next, who is at work.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::iter::{SetOfIterator, TableIterator};
use pgrx::prelude::*;

use crate::error::{Result, internal};
use crate::firing::order;
use crate::working::Roster;
use crate::{ahead, clock, timing};

#[pg_extern(sql = false)]
fn now() -> Result<TimestampWithTimeZone> {
    clock::now()
}

fn optional(at: Option<chrono::DateTime<chrono::Utc>>) -> Result<Option<TimestampWithTimeZone>> {
    at.map(clock::to_pg).transpose()
}

#[pg_extern(sql = false)]
fn turns(
    due: pgrx::JsonB,
) -> Result<TableIterator<'static, (name!(schedule_id, i32), name!(place, i32), name!(turn, i32))>> {
    let due: Vec<order::Due> = serde_json::from_value(due.0).map_err(internal)?;
    let turns = (0..).zip(order::order(&due));
    Ok(TableIterator::new(turns.map(|(turn, (id, place))| (id, place, turn))))
}

#[pg_extern(sql = false)]
fn next_runs(
    plan: pgrx::JsonB,
    n: Option<i32>,
    after: Option<TimestampWithTimeZone>,
) -> Result<SetOfIterator<'static, TimestampWithTimeZone>> {
    let after = after.map(clock::from_pg).transpose()?;
    let runs = timing::next_runs(&plan.0, n.unwrap_or(5), after)?;
    let runs: Vec<_> = runs.into_iter().map(clock::to_pg).collect::<Result<_>>()?;
    Ok(SetOfIterator::new(runs))
}

#[pg_extern(sql = false)]
fn tz_version() -> &'static str {
    chrono_tz::IANA_TZDB_VERSION
}

type AvailabilityRow = (
    name!(rep, String),
    name!(at_work, bool),
    name!(why, Option<String>),
    name!(until, Option<TimestampWithTimeZone>),
    name!(stand_in, Option<String>),
);

#[pg_extern(sql = false)]
fn availability(
    people: pgrx::JsonB,
    reps: Vec<String>,
    at: TimestampWithTimeZone,
) -> Result<
    TableIterator<
        'static,
        (
            name!(rep, String),
            name!(at_work, bool),
            name!(why, Option<String>),
            name!(until, Option<TimestampWithTimeZone>),
            name!(stand_in, Option<String>),
        ),
    >,
> {
    let roster: Roster = serde_json::from_value(people.0).map_err(internal)?;
    let at = clock::from_pg(at)?;
    let row = |rep: String| -> Result<AvailabilityRow> {
        Ok(match roster.away(&rep, at) {
            None => {
                let until = optional(roster.works_until(&rep, at))?;
                (rep, true, None, until, None)
            }
            Some(away) => (rep, false, Some(away.told()), optional(away.until)?, away.stand_in),
        })
    };
    let rows: Vec<AvailabilityRow> = reps.into_iter().map(row).collect::<Result<_>>()?;
    Ok(TableIterator::new(rows))
}

type AheadRow = (
    name!(at, TimestampWithTimeZone),
    name!(item, i32),
    name!(cause, Option<&'static str>),
    name!(detail, Option<String>),
);

#[pg_extern(sql = false)]
fn look_ahead(
    plans: Vec<Option<pgrx::JsonB>>,
    due: Vec<Option<TimestampWithTimeZone>>,
    runs_left: Vec<Option<i32>>,
    from: TimestampWithTimeZone,
    to: TimestampWithTimeZone,
    most: i32,
) -> Result<
    TableIterator<
        'static,
        (
            name!(at, TimestampWithTimeZone),
            name!(item, i32),
            name!(cause, Option<&'static str>),
            name!(detail, Option<String>),
        ),
    >,
> {
    let items = plans.into_iter().zip(due).zip(runs_left);
    let items = items.map(|((plan, due), runs_left)| ahead::Item { plan, due, runs_left });
    let lines = ahead::lines(items, from, to, most)?;
    Ok(TableIterator::new(lines.into_iter().map(|line| -> AheadRow {
        (line.at, line.item, line.cause, line.detail)
    })))
}

#[pg_extern(sql = false)]
fn icalendar(name: &str, made_at: TimestampWithTimeZone, events: pgrx::JsonB) -> Result<String> {
    ahead::calendar(name, clock::from_pg(made_at)?, events.0)
}
