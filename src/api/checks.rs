//! What the check triggers call when rows are written.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use crate::error::{Place, Result, error_hint, internal};
use crate::router;
use crate::router::each::{self, Subject};
use crate::router::session::with_settings;
use crate::{action, check, clock, criteria, timing, window, xact};

#[pg_extern(sql = false)]
fn is_mine(owner: &core::ffi::CStr) -> bool {
    xact::is_member_of(owner)
}

#[pg_extern(sql = false)]
fn check_zone(relation: &str, row_name: Option<&str>, zone: Option<&str>) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name.unwrap_or_default(),
    };
    timing::zone(&place, zone.unwrap_or_default())
}

#[pg_extern(sql = false)]
fn check_plan(plan: pgrx::JsonB, at: TimestampWithTimeZone) -> Result<Option<TimestampWithTimeZone>> {
    timing::spec(&plan.0)?
        .next(Some(clock::from_pg(at)?))
        .map(clock::to_pg)
        .transpose()
}

#[pg_extern(sql = false)]
fn cap_window(
    per: &str,
    rolling: bool,
    zone: Option<&str>,
    at: TimestampWithTimeZone,
) -> Result<
    TableIterator<
        'static,
        (
            name!(since, TimestampWithTimeZone),
            name!(until, TimestampWithTimeZone),
            name!(kept_at, TimestampWithTimeZone),
        ),
    >,
> {
    let window = window::of(per, rolling, zone, clock::from_pg(at)?)
        .ok_or_else(|| internal(format!("no window per {per} in zone {}", zone.unwrap_or("of the rep"))))?;
    let row = (
        clock::to_pg(window.since)?,
        clock::to_pg(window.until)?,
        clock::to_pg(window.kept_at)?,
    );
    Ok(TableIterator::once(row))
}

#[pg_extern(sql = false)]
fn cap_memory(per: &str) -> Result<pgrx::datum::Interval> {
    let memory = window::Per::parse(per).map_or(0, |per| per.memory().num_microseconds().unwrap_or(0));
    pgrx::datum::Interval::new(0, 0, memory).map_err(internal)
}

#[pg_extern(sql = false)]
fn check_text(relation: &str, row_name: &str, object: &str, new_row: pgrx::JsonB) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name,
    };
    check::text::row(&place, object, new_row.0)
}

#[pg_extern(sql = false)]
fn check_activity_text(
    row_name: &str,
    object: &str,
    new_row: pgrx::JsonB,
    relation: Option<pg_sys::Oid>,
) -> Result<()> {
    let place = Place {
        table: "activity_plan",
        row: row_name,
    };
    check::activity::row(&place, object, new_row.0, relation)
}

#[pg_extern(sql = false)]
fn check_object(new_row: pgrx::JsonB) -> Result<pgrx::JsonB> {
    Ok(pgrx::JsonB(check::object::row(new_row.0)?.into()))
}

#[pg_extern(sql = false)]
fn check_reps(relation: &str, row_name: &str, object: &str, reps: Option<Vec<String>>) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name,
    };
    check::values::reps(&place, object, &reps.unwrap_or_default())
}

#[pg_extern(sql = false)]
fn check_related(
    relation: &str,
    row_name: &str,
    object: &str,
    related: pg_sys::Oid,
    key_column: &str,
    join_on: pgrx::JsonB,
) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name,
    };
    check::related::row(&place, object, related, key_column, &join_on.0)
}

#[pg_extern(sql = false)]
fn check_call(
    relation: &str,
    row_name: &str,
    target: &str,
    args: Option<pgrx::JsonB>,
    segment: Option<&str>,
    per: Option<&str>,
) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name,
    };
    // With the settings of a run, so that values are read as they will be then.
    with_settings(chrono::Utc::now(), || {
        let subject = segment.map(|name| Subject::of(name, per, "pg_dist")).transpose()?;
        router::function::check(&place, target, args.as_ref().map(|args| &args.0), subject.as_ref())
    })
}

#[pg_extern(sql = false)]
fn check_expression(relation: &str, row_name: &str, object: &str, field: &str, expression: &str) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name,
    };
    check::formula::row(&place, object, field, expression)
}

#[pg_extern(sql = false)]
fn check_action(relation: &str, row_name: &str, action: &str, segment: &str, args: Option<pgrx::JsonB>) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name,
    };
    action::check(&place, action, segment, args.as_ref().map(|args| &args.0))
}

#[pg_extern(sql = false)]
fn nearest(wanted: Option<&str>, names: Option<Vec<Option<String>>>) -> Option<String> {
    let names = names.unwrap_or_default();
    criteria::nearest(wanted?, names.iter().flatten().map(String::as_str)).map(ToOwned::to_owned)
}

#[pg_extern(sql = false)]
fn at_record(key: &str) -> Result<&str> {
    if !router::session::is_routing() {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            "dist._at_record is for the router",
            "It tells which record a function is called for.",
        ));
    }
    each::at(key);
    Ok(key)
}
