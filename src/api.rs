//! The functions that SQL calls: each only converts. Their DDL is written by hand in `sql/`.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::iter::{SetOfIterator, TableIterator};
use pgrx::prelude::*;

use crate::error::{Place, Result, internal};
use crate::router;
use crate::router::session::with_settings;
use crate::working::Roster;
use crate::xact::{as_extension_owner, current_role_name};
use crate::{ahead, check, clock, criteria, standing, timing, window};

#[pg_extern(sql = false)]
fn check_zone(relation: &str, row_name: Option<&str>, zone: Option<&str>) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name.unwrap_or_default(),
    };
    timing::zone(&place, zone.unwrap_or_default())
}

#[pg_extern(sql = false)]
fn now() -> Result<TimestampWithTimeZone> {
    clock::now()
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

type Chosen = (
    name!(run, Option<TimestampWithTimeZone>),
    name!(skipped_from, Option<TimestampWithTimeZone>),
    name!(skipped_to, Option<TimestampWithTimeZone>),
);

#[pg_extern(sql = false)]
fn choose(
    schedule_id: i32,
    schedule: pgrx::JsonB,
    misfire_window: Option<f64>,
    retry_after: f64,
    state: pgrx::JsonB,
    at: TimestampWithTimeZone,
) -> Result<
    TableIterator<
        'static,
        (
            name!(run, Option<TimestampWithTimeZone>),
            name!(skipped_from, Option<TimestampWithTimeZone>),
            name!(skipped_to, Option<TimestampWithTimeZone>),
        ),
    >,
> {
    let spans = standing::Spans {
        misfire_window,
        retry_after,
    };
    let limits = router::kept::limits()?;
    let due = standing::Due::read(&schedule.0, &spans, &state.0, &limits)?;
    let choice = due.firing().choose(&due.standing, clock::from_pg(at)?);
    due.keep(schedule_id);
    let row = choice
        .map(|choice| -> Result<Chosen> {
            let skipped = choice.skipped;
            Ok((
                optional(choice.run)?,
                optional(skipped.map(|s| s.from))?,
                optional(skipped.map(|s| s.to))?,
            ))
        })
        .transpose()?;
    Ok(TableIterator::new(row))
}

#[pg_extern(sql = false)]
fn advance(
    schedule_id: i32,
    run: Option<TimestampWithTimeZone>,
    given_up: Option<TimestampWithTimeZone>,
    outcome: &str,
    claimed: TimestampWithTimeZone,
    finished: TimestampWithTimeZone,
) -> Result<
    TableIterator<
        'static,
        (
            name!(next_run_at, Option<TimestampWithTimeZone>),
            name!(due_at, Option<TimestampWithTimeZone>),
            name!(attempt, i32),
            name!(queued, bool),
            name!(runs, i32),
            name!(failures, i32),
            name!(ended, Option<String>),
            name!(skipped_from, Option<TimestampWithTimeZone>),
            name!(skipped_to, Option<TimestampWithTimeZone>),
            name!(cause, Option<String>),
        ),
    >,
> {
    let due = standing::Due::kept(schedule_id)?;
    let instant = |at: Option<TimestampWithTimeZone>| at.map(clock::from_pg).transpose();
    let choice = standing::choice(instant(run)?, instant(given_up)?);
    let (becomes, skipped) = due.firing().advance(
        &due.standing,
        &choice,
        standing::outcome(outcome)?,
        clock::from_pg(claimed)?,
        clock::from_pg(finished)?,
    );
    Ok(TableIterator::once((
        optional(becomes.next)?,
        optional(becomes.due)?,
        becomes.attempt,
        becomes.queued,
        becomes.runs,
        becomes.failures,
        becomes.ended.map(|ended| standing::ended(ended).to_owned()),
        optional(skipped.map(|s| s.from))?,
        optional(skipped.map(|s| s.to))?,
        skipped.map(|s| standing::cause(s.cause).to_owned()),
    )))
}

fn optional(at: Option<chrono::DateTime<chrono::Utc>>) -> Result<Option<TimestampWithTimeZone>> {
    at.map(clock::to_pg).transpose()
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

#[pg_extern(sql = false)]
fn check_text(relation: &str, row_name: &str, object: &str, new_row: pgrx::JsonB) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name,
    };
    check::text(&place, object, new_row.0)
}

#[pg_extern(sql = false)]
fn check_object(new_row: pgrx::JsonB) -> Result<pgrx::JsonB> {
    Ok(pgrx::JsonB(check::object(new_row.0)?.into()))
}

#[pg_extern(sql = false)]
fn check_reps(relation: &str, row_name: &str, object: &str, reps: Option<Vec<String>>) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name,
    };
    check::reps(&place, object, &reps.unwrap_or_default())
}

#[pg_extern(sql = false)]
fn check_call(relation: &str, row_name: &str, target: &str, args: Option<pgrx::JsonB>) -> Result<()> {
    let place = Place {
        table: relation,
        row: row_name,
    };
    // With the settings of a run, so that values are read as they will be then.
    with_settings(chrono::Utc::now(), || {
        router::function::check(&place, target, args.as_ref().map(|args| &args.0))
    })
}

#[pg_extern(sql = false)]
fn run_id() -> Option<i64> {
    router::inside::run_id()
}

#[pg_extern(sql = false)]
fn runs_here(schedule_id: i32, planned: bool) -> bool {
    router::inside::runs_here(schedule_id, planned)
}

#[pg_extern(sql = false)]
fn nearest(wanted: Option<&str>, names: Option<Vec<Option<String>>>) -> Option<String> {
    let names = names.unwrap_or_default();
    criteria::nearest(wanted?, names.iter().flatten().map(String::as_str)).map(ToOwned::to_owned)
}

#[pg_extern(sql = false)]
fn execute(transfer: Option<&str>, as_of: Option<TimestampWithTimeZone>) -> Result<i64> {
    let (transfer, as_of) = (named("transfer", transfer)?, instant(as_of)?);
    router::run::execute(transfer, as_of)
}

#[pg_extern(sql = false)]
#[allow(clippy::too_many_arguments)] // the facts of a run, as SQL has them
fn run_steps(
    schedule: i32,
    name: String,
    owner: String,
    trigger: String,
    due_at: Option<TimestampWithTimeZone>,
    as_of: TimestampWithTimeZone,
    attempt: i32,
    nowait: bool,
) -> Result<Option<i64>> {
    let schedule = router::run::Planned {
        id: schedule,
        name,
        owner,
    };
    router::run::run_steps(schedule, trigger, due_at, as_of, attempt, nowait)
}

#[pg_extern(sql = false)]
fn last_failure() -> Option<pgrx::JsonB> {
    router::failure::take().map(pgrx::JsonB)
}

#[pg_extern(sql = false)]
fn failed_to_compile() -> bool {
    router::failure::failed_to_compile()
}

type PreviewRow = (
    name!(record_key, Option<String>),
    name!(old_owner, Option<String>),
    name!(new_owner, Option<String>),
    name!(rule, Option<String>),
    name!(reason, String),
);

#[pg_extern(sql = false)]
fn preview(
    transfer: Option<&str>,
    as_of: Option<TimestampWithTimeZone>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(record_key, Option<String>),
            name!(old_owner, Option<String>),
            name!(new_owner, Option<String>),
            name!(rule, Option<String>),
            name!(reason, String),
        ),
    >,
> {
    let about = clock::from_pg(instant(as_of)?)?;
    let rows = router::preview::preview(named("transfer", transfer)?, about)?;
    Ok(TableIterator::new(rows.into_iter().map(|row| -> PreviewRow {
        (row.key, row.old_owner, row.new_owner, row.rule, row.reason)
    })))
}

type ReplayRow = (i32, String, i64, i64, bool, i64, Option<String>);

#[pg_extern(sql = false)]
fn replay(
    run_id: Option<i64>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(step, i32),
            name!(transfer, String),
            name!(records, i64),
            name!(moved, i64),
            name!(agrees, bool),
            name!(differences, i64),
            name!(first_difference, Option<String>),
        ),
    >,
> {
    let steps = router::replay::replay(run_id.ok_or_else(|| missing("run_id"))?)?;
    Ok(TableIterator::new(steps.into_iter().map(|s| -> ReplayRow {
        (
            s.step,
            s.transfer,
            s.records,
            s.moved,
            s.differences == 0,
            s.differences,
            s.first,
        )
    })))
}

type RehearsedRow = (
    name!(place, i32),
    name!(record_key, Option<String>),
    name!(old_owner, Option<String>),
    name!(new_owner, Option<String>),
    name!(rule, Option<String>),
    name!(reason, String),
);

#[pg_extern(sql = false)]
fn rehearse(
    transfers: Vec<String>,
    as_of: Option<TimestampWithTimeZone>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(place, i32),
            name!(record_key, Option<String>),
            name!(old_owner, Option<String>),
            name!(new_owner, Option<String>),
            name!(rule, Option<String>),
            name!(reason, String),
        ),
    >,
> {
    let rows = router::rehearse::rehearse(&transfers, clock::from_pg(instant(as_of)?)?)?;
    Ok(TableIterator::new(rows.into_iter().map(
        |(place, row)| -> RehearsedRow {
            let place = i32::try_from(place + 1).unwrap_or(i32::MAX);
            (place, row.key, row.old_owner, row.new_owner, row.rule, row.reason)
        },
    )))
}

#[pg_extern(sql = false)]
fn undo(run_id: Option<i64>) -> Result<i64> {
    router::undo::undo(run_id.ok_or_else(|| missing("run_id"))?)
}

#[pg_extern(sql = false)]
fn return_record(object: Option<&str>, record_key: Option<&str>, reason: Option<&str>) -> Result<i64> {
    let (object, key) = (named("object", object)?, named("record_key", record_key)?);
    router::give_back::give_back(object, key, named("reason", reason)?)
}

#[pg_extern(sql = false)]
fn explain(
    object: Option<&str>,
    record_key: Option<&str>,
    transfer: Option<&str>,
    ruleset: Option<&str>,
    as_of: Option<TimestampWithTimeZone>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(stage, String),
            name!(item, String),
            name!(outcome, String),
            name!(detail, Option<String>),
        ),
    >,
> {
    let lines = router::explain::explain(
        named("object", object)?,
        named("record_key", record_key)?,
        transfer,
        ruleset,
        clock::from_pg(instant(as_of)?)?,
    )?;
    Ok(TableIterator::new(lines.into_iter().map(|line| {
        (line.stage.to_owned(), line.item, line.outcome, line.detail)
    })))
}

#[pg_extern(sql = false)]
fn book_balances() -> Result<
    TableIterator<
        'static,
        (
            name!(object, String),
            name!(segment, Option<String>),
            name!(rep, String),
            name!(target, i32),
            name!(held, Option<i64>),
            name!(note, Option<String>),
        ),
    >,
> {
    let books = router::balance::books(chrono::Utc::now())?;
    Ok(TableIterator::new(books.into_iter().map(|book| {
        (book.object, book.segment, book.rep, book.target, book.held, book.note)
    })))
}

#[pg_extern(sql = false)]
fn open_balances() -> Result<
    TableIterator<
        'static,
        (
            name!(cap, String),
            name!(rep, Option<String>),
            name!(most, i64),
            name!(held, Option<i64>),
            name!(note, Option<String>),
        ),
    >,
> {
    let rows = router::open_balance::open(chrono::Utc::now())?;
    Ok(TableIterator::new(
        rows.into_iter()
            .map(|row| (row.cap, row.rep, row.most, row.held, row.note)),
    ))
}

#[pg_extern(sql = false)]
fn performances() -> Result<
    TableIterator<
        'static,
        (
            name!(distribution_rule, String),
            name!(rep, String),
            name!(active, bool),
            name!(wins, Option<String>),
            name!(handled, Option<String>),
            name!(weight, Option<String>),
            name!(note, Option<String>),
        ),
    >,
> {
    let rows = router::balance::performance(chrono::Utc::now())?;
    Ok(TableIterator::new(rows.into_iter().map(|row| {
        let [wins, handled, weight] = row.done.map_or([None, None, None], |done| done.map(Some));
        (row.rule, row.rep, row.active, wins, handled, weight, row.note)
    })))
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
fn cancel_run(schedule: Option<&str>) -> Result<bool> {
    let schedule = named("schedule", schedule)?.to_owned();
    let caller = current_role_name()?;
    as_extension_owner(|| {
        Spi::get_one_with_args::<bool>("select dist._cancel_run($1, $2)", &[schedule.into(), caller.into()])
    })?
    .map_err(internal)?
    .ok_or_else(|| internal("cancel_run returned nothing"))
}

fn named<'a>(argument: &str, value: Option<&'a str>) -> Result<&'a str> {
    value.ok_or_else(|| missing(argument))
}

fn instant(as_of: Option<TimestampWithTimeZone>) -> Result<TimestampWithTimeZone> {
    as_of.ok_or_else(|| missing("as_of"))
}

fn missing(argument: &str) -> pgrx::pg_sys::panic::ErrorReport {
    crate::error::error_hint(
        PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED,
        format!("{argument} is null"),
        format!("Give {argument}."),
    )
}
