//! What becomes of the clocks of a service level that are over: each record is looked at as its owner sees it, and what has
//! not been touched is told, and passed on by a run of its own, by the path of a transfer.

use chrono::{DateTime, Utc};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::catalogue::read_newest;
use crate::clock;
use crate::error::{Place, Result, error, internal};
use crate::prepared;
use crate::router::decide::Carried;
use crate::router::expression::{self, RECORD};
use crate::router::intent::Object;
use crate::router::lock::{Needs, lock, lock_movers, next_run_id};
use crate::router::mover::{Kind, Mover};
use crate::router::run::{Cause, Narrow, caused, owner_of};
use crate::router::run_row::started_now;
use crate::router::session::with_settings;
use crate::router::statement::{AS_OF, column};
use crate::router::trust::check_writers;
use crate::worker::running::Trigger;
use crate::worker::timeout::InProgress;
use crate::xact::{as_extension_owner, as_role};

/// So many clocks are looked at at a time.
const MOST: i64 = 10_000;

/// A row of `dist.sla`, as far as it matters here.
#[derive(Deserialize)]
struct Sla {
    name: String,
    object: String,
    touched_criteria: Option<Value>,
    touched_predicate: Option<String>,
    on_breach: String,
    max_attempts: i32,
    owner: String,
    written_by: String,
}

/// Clocks that are over.
struct Over {
    keys: Vec<String>,
    reps: Vec<String>,
    started: Vec<TimestampWithTimeZone>,
    runs: Vec<i64>,
    seqs: Vec<i32>,
    attempts: Vec<i32>,
}

/// Looks at the clocks that are over, the first of them if they are many; returns how many those were. Called as the
/// extension's owner.
///
/// # Errors
/// 55P03 where what it needs is locked and not to be waited for; everything that keeps it from running.
pub fn end_clocks(name: &str, as_of: TimestampWithTimeZone, nowait: bool) -> Result<i64> {
    let started = started_now()?;
    let about = clock::from_pg(as_of)?;
    let row = "select to_jsonb(s) from dist.sla s where s.name = $1 and s.active";
    let Some(sla) = read_newest::<Sla>(row, &[name.to_owned().into()])? else {
        return Ok(0);
    };
    let mover = Mover::new(Kind::Sla, &sla.name);
    let place = mover.place();
    let owner = owner_of(&place, &sla.owner)?;
    let _in_progress = InProgress::new(Trigger::Sla, name);
    // What the records' owners are does not change from here on, as far as runs go.
    let passes_on = sla.on_breach != "notify";
    let locked = if passes_on {
        lock_movers(std::slice::from_ref(&mover), nowait)?
    } else {
        let needs = Needs {
            objects: vec![sla.object.clone()],
            ..Needs::default()
        };
        lock(needs, nowait)?
    };
    let Some(mut locked) = locked else {
        return Err(error(
            PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE,
            format!("{place}: another run holds what it needs"),
        ));
    };
    let Some(over) = over(name, as_of)? else {
        return Ok(0);
    };
    let outcomes = as_role(owner, || {
        check_writers(&[("sla", sla.name.clone(), sla.written_by.as_str())])?;
        with_settings(about, || judge(&sla, &place, &over, about))
    })?;
    let breached = outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| **outcome == "breached");
    let passed: Vec<usize> = breached
        .map(|(n, _)| n)
        .filter(|n| passes_on && over.attempts.get(*n).is_some_and(|attempt| *attempt < sla.max_attempts))
        .collect();
    let run = if passed.is_empty() { None } else { Some(next_run_id()?) };
    let args = [
        sla.name.clone().into(),
        as_of.into(),
        over.runs.clone().into(),
        over.seqs.clone().into(),
        outcomes
            .iter()
            .map(|outcome| (*outcome).to_owned())
            .collect::<Vec<_>>()
            .into(),
        run.into(),
        sla.max_attempts.into(),
    ];
    as_extension_owner(|| {
        Spi::connect_mut(|client| prepared::update(client, include_str!("sql/clocks_ended.sql"), &args).map(|_| ()))
    })?
    .map_err(internal)?;
    if let Some(run) = run {
        let keys: Vec<String> = passed.iter().filter_map(|n| over.keys.get(*n).cloned()).collect();
        let narrow = Narrow {
            keys: Some(Carried::of(keys)),
            ..Narrow::default()
        };
        let cause = Cause {
            trigger: "sla",
            name: &sla.name,
            owner: (owner, &sla.owner),
            started,
            due_at: None,
            as_of,
        };
        caused(&mover, narrow, cause, run, &mut locked)?;
        let args = [
            sla.name.clone().into(),
            run.into(),
            over.runs.clone().into(),
            over.seqs.clone().into(),
        ];
        as_extension_owner(|| {
            Spi::connect_mut(|client| prepared::update(client, include_str!("sql/clocks_left.sql"), &args).map(|_| ()))
        })?
        .map_err(internal)?;
    }
    i64::try_from(over.keys.len()).map_err(internal)
}

fn over(name: &str, as_of: TimestampWithTimeZone) -> Result<Option<Over>> {
    let args = [name.to_owned().into(), as_of.into(), MOST.into()];
    as_extension_owner(|| {
        Spi::connect_mut(|client| -> pgrx::spi::Result<Option<Over>> {
            let rows = prepared::update(client, include_str!("sql/clocks_over.sql"), &args)?.first();
            let Some(keys) = rows.get::<Vec<String>>(1)? else {
                return Ok(None);
            };
            Ok(Some(Over {
                keys,
                reps: rows.get(2)?.unwrap_or_default(),
                started: rows.get(3)?.unwrap_or_default(),
                runs: rows.get(4)?.unwrap_or_default(),
                seqs: rows.get(5)?.unwrap_or_default(),
                attempts: rows.get(6)?.unwrap_or_default(),
            }))
        })
    })?
    .map_err(internal)
}

/// How each clock ends. Run with the rights of the service level's owner.
fn judge(sla: &Sla, place: &Place<'_>, over: &Over, about: DateTime<Utc>) -> Result<Vec<&'static str>> {
    let object: Object = as_extension_owner(|| {
        read_newest("select dist._object_intent($1)", &[sla.object.clone().into()])?
            .ok_or_else(|| crate::check::no_such("object", &sla.object))
    })??;
    check_writers(&[("object", object.name.clone(), object.written_by.as_str())])?;
    let sql = judgement(sla, place, &object)?;
    let args = [
        over.keys.clone().into(),
        // The number of the instant, where criteria look for it.
        clock::to_pg(about)?.into(),
        over.reps.clone().into(),
        over.started.clone().into(),
    ];
    let mut outcomes = vec!["gone"; over.keys.len()];
    Spi::connect_mut(|client| -> pgrx::spi::Result<()> {
        for row in client.update(sql.as_str(), None, &args)? {
            let n = row.get::<i64>(1)?.and_then(|n| usize::try_from(n - 1).ok());
            let touched = row.get::<bool>(3)?.unwrap_or(false);
            let outcome = match row.get::<bool>(2)? {
                Some(true) if touched => "met",
                Some(true) => "breached",
                _ => "moved",
            };
            if let Some(slot) = n.and_then(|n| outcomes.get_mut(n)) {
                *slot = outcome;
            }
        }
        Ok(())
    })
    .map_err(internal)?;
    Ok(outcomes)
}

/// Which of the records are there, still their rep's, and touched. `$1` keys, `$2` the instant, `$3` reps, `$4` when the clocks
/// started; the predicate calls the record r and the clock c.
fn judgement(sla: &Sla, place: &Place<'_>, object: &Object) -> Result<String> {
    let relation = object.relation()?;
    let touched = expression::compile(
        place,
        relation,
        sla.touched_criteria.as_ref(),
        sla.touched_predicate.as_deref(),
        AS_OF,
    )?;
    let key = object.key()?;
    // Who is about to touch one that is to be passed on has done so, or comes too late.
    let lock = if sla.on_breach == "notify" {
        String::new()
    } else {
        format!(" for no key update of {RECORD}")
    };
    Ok(format!(
        "with looked_at as materialized ( \
           select k.n, {owner}::text = k.rep as still, {touched} as touched \
             from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::timestamptz[])) \
                  with ordinality as k(key, rep, started_at, n) \
            cross join lateral (select k.started_at, k.rep) as c \
             join {table} as {RECORD} on {key_sql} = k.key::{key_type} \
            where $2::timestamptz is not null{lock}) \
         select l.n, pg_catalog.bool_or(l.still), pg_catalog.bool_or(l.still and l.touched) from looked_at l group by l.n",
        owner = column(&object.owner()?.name),
        touched = touched.sql,
        table = relation.sql(),
        key_sql = column(&key.name),
        key_type = key.type_sql,
    ))
}
