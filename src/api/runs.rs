//! Runs: made, undone, cancelled, and what a run knows of itself.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::iter::{SetOfIterator, TableIterator};
use pgrx::prelude::*;

use crate::api::{instant, missing, named};
use crate::clock;
use crate::error::{Result, internal};
use crate::router;
use crate::router::give_back::To;
use crate::router::lock::Sharing;
use crate::router::task::{How, Work};
use crate::xact::{as_extension_owner, current_role_name};

#[pg_extern(sql = false)]
fn run_id() -> Option<i64> {
    router::inside::run_id()
}

#[pg_extern(sql = false)]
fn is_routing() -> bool {
    router::session::is_routing()
}

#[pg_extern(sql = false)]
fn runs_here(schedule_id: i32, planned: bool) -> bool {
    router::inside::runs_here(schedule_id, planned)
}

#[pg_extern(sql = false)]
fn moving_at() -> Option<i32> {
    router::inside::moving_at()
}

#[pg_extern(sql = false)]
fn route(
    automation: String,
    owner: String,
    record_keys: Vec<String>,
    due_at: Option<TimestampWithTimeZone>,
    as_of: TimestampWithTimeZone,
    nowait: bool,
    beside: bool,
) -> Result<Option<i64>> {
    let intake = router::automation::Intake {
        automation,
        owner,
        keys: record_keys,
        due_at,
        as_of,
    };
    let sharing = if beside { Sharing::Beside } else { Sharing::Alone };
    router::automation::route(intake, nowait, sharing)
}

#[pg_extern(sql = false)]
fn execute(transfer: Option<&str>, as_of: Option<TimestampWithTimeZone>) -> Result<i64> {
    let (transfer, as_of) = (named("transfer", transfer)?, instant(as_of)?);
    router::run::execute(transfer, as_of)
}

#[pg_extern(sql = false)]
fn refresh_segment(segment: Option<&str>, as_of: Option<TimestampWithTimeZone>) -> Result<i64> {
    let (segment, as_of) = (named("segment", segment)?, instant(as_of)?);
    crate::action::refresh_segment::alone(segment, as_of)
}

#[pg_extern(sql = false)]
fn fire(target: i32, as_of: TimestampWithTimeZone, live: bool) -> Result<&'static str> {
    router::fire::fire(target, as_of, live).map(router::fire::Fired::word)
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // the facts of a run, as SQL has them
fn attempt(
    schedule_id: i32,
    name: String,
    owner: String,
    zone: String,
    run_timeout: Option<f64>,
    as_of: TimestampWithTimeZone,
    step: Option<i32>,
    earlier: Option<Vec<i64>>,
) -> Result<TableIterator<'static, (name!(run_id, Option<i64>), name!(status, Option<&'static str>))>> {
    let schedule = router::run::Planned {
        id: schedule_id,
        name,
        owner,
        zone,
        run_timeout,
        step,
        earlier: earlier.unwrap_or_default(),
    };
    let attempted = router::attempt::by_hand(&schedule, as_of)?;
    let status = attempted.outcome.map(router::attempt::word);
    Ok(TableIterator::once((attempted.run_id, status)))
}

#[pg_extern(sql = false)]
fn last_failure() -> Option<pgrx::JsonB> {
    router::failure::take().map(pgrx::JsonB)
}

#[pg_extern(sql = false)]
fn gave_way() -> bool {
    router::give_way::gave_way()
}

#[pg_extern(sql = false)]
fn failed_to_compile() -> bool {
    router::failure::failed_to_compile()
}

#[pg_extern(sql = false)]
fn undo(run_id: Option<i64>) -> Result<i64> {
    router::undo::undo(run_id.ok_or_else(|| missing("run_id"))?)
}

#[pg_extern(sql = false)]
fn return_record(object: Option<&str>, record_key: Option<&str>, reason: Option<&str>) -> Result<i64> {
    let (object, key) = (named("object", object)?, named("record_key", record_key)?);
    router::give_back::give_back(object, key, named("reason", reason)?, To::Nobody)
}

#[pg_extern(sql = false)]
fn release_record(
    object: Option<&str>,
    record_key: Option<&str>,
    reason: Option<&str>,
    hopper: Option<&str>,
) -> Result<i64> {
    let (object, key) = (named("object", object)?, named("record_key", record_key)?);
    router::give_back::give_back(object, key, named("reason", reason)?, To::Hopper(hopper))
}

#[pg_extern(sql = false)]
fn leave_hopper(object: Option<&str>, record_key: Option<&str>) -> Result<bool> {
    router::hopper::leave(named("object", object)?, named("record_key", record_key)?)
}

#[pg_extern(sql = false)]
fn tick(as_of: Option<TimestampWithTimeZone>) -> Result<i32> {
    let as_of = instant(as_of)?;
    clock::from_pg(as_of)?;
    let caller = current_role_name()?;
    as_extension_owner(|| Spi::get_one_with_args::<i32>("select dist._tick($1, $2)", &[as_of.into(), caller.into()]))?
        .map_err(internal)?
        .ok_or_else(|| internal("tick returned nothing"))
}

#[pg_extern(sql = false)]
fn run_now(schedule: Option<&str>) -> Result<i64> {
    let schedule = named("schedule", schedule)?.to_owned();
    let caller = current_role_name()?;
    as_extension_owner(|| {
        Spi::get_one_with_args::<i64>("select dist._run_now($1, $2)", &[schedule.into(), caller.into()])
    })?
    .map_err(internal)?
    .ok_or_else(|| internal("run_now returned nothing"))
}

#[pg_extern(sql = false)]
fn end_clocks(sla: &str, as_of: TimestampWithTimeZone, live: bool) -> Result<i64> {
    router::sla::end_clocks(sla, as_of, live)
}

#[pg_extern(sql = false)]
fn publish(
    object: Option<&str>,
    kind: Option<&str>,
    criteria: Option<pgrx::JsonB>,
    predicate: Option<&str>,
    as_of: TimestampWithTimeZone,
) -> Result<i64> {
    let (object, kind) = (named("object", object)?, named("kind", kind)?);
    let criteria = criteria.map(|criteria| criteria.0);
    router::publish::publish(object, kind, criteria.as_ref(), predicate, clock::from_pg(as_of)?)
}

#[pg_extern(sql = false)]
fn read_events(consumer: Option<&str>, n: Option<i32>) -> Result<Vec<i64>> {
    let consumer = named("consumer", consumer)?.to_owned();
    let caller = current_role_name()?;
    as_extension_owner(|| {
        Spi::get_one_with_args::<Vec<i64>>(
            "select dist._take_events($1, $2, $3)",
            &[consumer.into(), n.into(), caller.into()],
        )
    })?
    .map_err(internal)?
    .ok_or_else(|| internal("take_events returned nothing"))
}

#[pg_extern(sql = false)]
fn resume_stopped(schedule: Option<&str>) -> Result<()> {
    let schedule = named("schedule", schedule)?.to_owned();
    let caller = current_role_name()?;
    as_extension_owner(|| {
        Spi::run_with_args(
            "select dist._resume_stopped_for($1, $2)",
            &[schedule.into(), caller.into()],
        )
    })?
    .map_err(internal)
}

#[pg_extern(sql = false)]
fn cancel_run(schedule: Option<&str>) -> Result<bool> {
    let schedule = named("schedule", schedule)?.to_owned();
    let caller = current_role_name()?;
    as_extension_owner(|| {
        Spi::get_one_with_args::<bool>("select dist._cancel_run($1, $2)", &[schedule.into(), caller.into()])
    })?
    .map_err(internal)?
    .ok_or_else(|| internal("cancel_run returned nothing"))
}

#[pg_extern(sql = false)]
fn claim(
    hopper: Option<&str>,
    rep: Option<&str>,
    n: Option<i32>,
    record_keys: Option<Vec<String>>,
) -> Result<SetOfIterator<'static, String>> {
    let (hopper, rep) = (named("hopper", hopper)?, named("rep", rep)?);
    router::claim::claim(hopper, rep, n, record_keys).map(SetOfIterator::new)
}

#[pg_extern(sql = false)]
fn claimable(hopper: Option<&str>, rep: Option<&str>, n: Option<i32>) -> Result<SetOfIterator<'static, String>> {
    let (hopper, rep) = (named("hopper", hopper)?, named("rep", rep)?);
    router::claim::claimable(hopper, rep, n.ok_or_else(|| missing("n"))?).map(SetOfIterator::new)
}

#[pg_extern(sql = false)]
fn expire(hopper: &str, owner: &str, as_of: TimestampWithTimeZone, nowait: bool) -> Result<i64> {
    let how = How { as_of, owner, nowait };
    router::task::run(Work::Expiry(hopper), &how)
}

#[pg_extern(sql = false)]
fn let_go(
    release: &str,
    transfer: &str,
    most: Option<i64>,
    owner: &str,
    as_of: TimestampWithTimeZone,
    nowait: bool,
) -> Result<i64> {
    let how = How { as_of, owner, nowait };
    router::task::run(Work::Release(release, transfer, most), &how)
}
