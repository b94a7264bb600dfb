//! Looking at what would be, was, or is held: nothing is written.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use crate::api::{instant, missing, named};
use crate::clock;
use crate::error::Result;
use crate::router;
use crate::router::explain::Line;
use crate::router::outlook::Verdict;
use crate::router::subject::Subject;

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

#[pg_extern(sql = false)]
fn preview_segment(
    segment: Option<&str>,
    as_of: Option<TimestampWithTimeZone>,
) -> Result<TableIterator<'static, (name!(record_key, String), name!(change, &'static str))>> {
    let about = clock::from_pg(instant(as_of)?)?;
    let changes = router::segment::preview(named("segment", segment)?, about)?;
    let joined = changes.joined.into_iter().map(|key| (key, "joined"));
    let left = changes.left.into_iter().map(|key| (key, "left"));
    Ok(TableIterator::new(joined.chain(left)))
}

#[pg_extern(sql = false)]
fn unpack_roll(
    kind: &str,
    keys: &[u8],
    runs: &[u8],
) -> Result<TableIterator<'static, (name!(record_key, String), name!(run, i32))>> {
    router::segment::unpacked(kind, keys, runs).map(TableIterator::new)
}

#[pg_extern(sql = false)]
fn unpack_keys(kind: &str, packed: &[u8]) -> Result<Vec<String>> {
    router::segment::unpacked_keys(kind, packed)
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

type ShareRow = (String, Vec<String>, String, i64, Option<i64>);

#[pg_extern(sql = false)]
fn shares(
    run_id: Option<i64>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(distribution_rule, String),
            name!(segment, Vec<String>),
            name!(rep, String),
            name!(received, i64),
            name!(entitled, Option<i64>),
        ),
    >,
> {
    let rows = router::shares::of_run(run_id.ok_or_else(|| missing("run_id"))?)?;
    Ok(TableIterator::new(rows.into_iter().map(|row| -> ShareRow {
        (row.distribution_rule, row.segment, row.rep, row.received, row.entitled)
    })))
}

#[pg_extern(sql = false)]
fn rehearse(
    schedule: &str,
    zone: &str,
    as_of: Option<TimestampWithTimeZone>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(position, i32),
            name!(action, String),
            name!(target, String),
            name!(relation, Option<String>),
            name!(record_key, Option<String>),
            name!(effect, String),
            name!(detail, Option<pgrx::JsonB>),
        ),
    >,
> {
    let (steps, told) = router::rehearse::rehearse(schedule, zone, clock::from_pg(instant(as_of)?)?)?;
    Ok(TableIterator::new(told.into_iter().filter_map(move |(n, told)| {
        let step = steps.get(n)?;
        Some((
            step.position,
            step.action.clone(),
            step.target.clone(),
            told.relation,
            told.record_key,
            told.effect,
            told.detail.map(pgrx::JsonB),
        ))
    })))
}

type ExplainRow = (
    name!(stage, String),
    name!(item, String),
    name!(outcome, String),
    name!(detail, Option<String>),
);

fn told(lines: Vec<Line>) -> TableIterator<'static, ExplainRow> {
    let row = |line: Line| (line.stage.to_owned(), line.item, line.outcome, line.detail);
    TableIterator::new(lines.into_iter().map(row))
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
    let (lines, _) = router::explain::explain(
        named("object", object)?,
        Subject::Stored(named("record_key", record_key)?),
        transfer,
        ruleset,
        clock::from_pg(instant(as_of)?)?,
    )?;
    Ok(told(lines))
}

#[pg_extern(sql = false)]
fn explain_record(
    object: Option<&str>,
    record: Option<pgrx::JsonB>,
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
    let (lines, _) = router::explain::explain(
        named("object", object)?,
        Subject::Given(&record.ok_or_else(|| missing("record"))?.0),
        transfer,
        ruleset,
        clock::from_pg(instant(as_of)?)?,
    )?;
    Ok(told(lines))
}

#[pg_extern(sql = false)]
fn who_would_get(
    object: Option<&str>,
    record: Option<pgrx::JsonB>,
    transfer: Option<&str>,
    ruleset: Option<&str>,
    as_of: Option<TimestampWithTimeZone>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(by, String),
            name!(moves, bool),
            name!(new_owner, Option<String>),
            name!(hopper, Option<String>),
            name!(reason, String),
            name!(rule, Option<String>),
            name!(distribution_rule, Option<String>),
        ),
    >,
> {
    let (_, verdicts) = router::explain::explain(
        named("object", object)?,
        Subject::Given(&record.ok_or_else(|| missing("record"))?.0),
        transfer,
        ruleset,
        clock::from_pg(instant(as_of)?)?,
    )?;
    let row = |it: Verdict| {
        (
            it.by,
            it.moves,
            it.rep,
            it.hopper,
            it.reason,
            it.rule,
            it.distribution_rule,
        )
    };
    Ok(TableIterator::new(verdicts.into_iter().map(row)))
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
