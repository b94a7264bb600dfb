//! Undo: the path of a run fed from the audit instead of from rules.
//!
//! A record that is still as the run left it goes back to its former owner, and so does each column that is still as
//! it was set; its turn is given back to the pool. Everything else is left and reported.

use std::collections::BTreeMap;

use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde::Deserialize;

use crate::action::create_activities;
use crate::action::revert::{Edited, revert};
use crate::catalogue::read;
use crate::clock;
use crate::criteria::{quote_ident, quote_literal};
use crate::error::{Result, error_hint, internal};
use crate::router::events;
use crate::router::expression::RECORD;
use crate::router::hopper::Hoppers;
use crate::router::inside::enter;
use crate::router::intent::Object;
use crate::router::lock::{Needs, lock, next_run_id};
use crate::router::partition::ensure_partition;
use crate::router::run_row::{Header, Totals, finish, started_now};
use crate::router::session::with_settings;
use crate::router::statement::column;
use crate::router::trust::check_writers;
use crate::router::turns;
use crate::worker::running::{self, Phase, Trigger};
use crate::worker::timeout::InProgress;
use crate::xact::{as_extension_owner, with_users_search_path};

/// What the history says about the run that is to be undone.
#[derive(Deserialize)]
struct Past {
    status: String,
    trigger: String,
    transfer: Option<String>,
    schedule: Option<String>,
    schedule_id: Option<i32>,
    undone_by: Option<i64>,
    objects: Vec<String>,
    pools: Vec<String>,
    caps: Vec<String>,
    fields: BTreeMap<String, Vec<String>>,
    /// Objects whose fields were edited.
    edited: Vec<String>,
    /// What was edited, the last step first.
    edits: Vec<Edited>,
    /// Rows that were edited without their former values being kept.
    not_kept: i64,
}

/// Undoes a run with the rights of whoever calls; returns the id of the run that did it.
///
/// # Errors
/// 42704 for a run that does not exist; 55000 for one that did not succeed, is an undo, or has been undone.
pub fn undo(run: i64) -> Result<i64> {
    let started = started_now()?;
    let past = past(run)?;
    let _in_progress = InProgress::new(Trigger::Undo, past.transfer.as_deref().unwrap_or_default());
    // The locks first; then the history is read again, for somebody may have undone the run while we waited.
    let needs = Needs {
        objects: past.objects.into_iter().chain(past.edited).collect(),
        pools: past.pools,
        caps: past.caps,
        alone: true,
    };
    lock(needs, false)?;
    let past = self::past(run)?;
    let id = next_run_id()?;
    running::numbered(id);
    let _inside = enter(id, None);
    let mut totals = Totals {
        transfers: past.transfer.clone().into_iter().collect(),
        ..Totals::default()
    };
    if past.not_kept > 0 {
        totals.reasons.insert("not_kept".to_owned(), past.not_kept);
    }
    totals.objects.extend(past.edited.iter().cloned());
    let about = clock::from_pg(started)?;
    with_settings(about, || {
        Spi::connect_mut(|client| {
            revert(client, run, id, &past.edits, &mut totals)?;
            for (n, name) in past.objects.iter().enumerate() {
                running::step(n + 1, past.objects.len(), past.transfer.as_deref().unwrap_or_default());
                let fields = past.fields.get(name).map_or(&[][..], Vec::as_slice);
                one_object(client, run, id, name, fields, started, &mut totals)?;
            }
            let (_, changed) = create_activities::take_back(client, run)?;
            if changed > 0 {
                totals.candidates += changed;
                *totals.reasons.entry("changed_since".to_owned()).or_default() += changed;
            }
            turns::give_back(client, run, id, &past.pools)?;
            uncount(client, run, id)
        })
    })?;
    let header = Header {
        schedule: past.schedule.zip(past.schedule_id),
        undoes: Some(run),
        ..Header::called_for("undo", started)?
    };
    finish(id, &header, started, &totals)?;
    Ok(id)
}

fn past(run: i64) -> Result<Past> {
    let past: Past = read(include_str!("sql/past.sql"), &[run.into()])?
        .ok_or_else(|| crate::check::no_such("run", &run.to_string()))?;
    let refuse = |problem: String, hint: &str| {
        Err(error_hint(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("dist.run {run}: {problem}"),
            hint,
        ))
    };
    if let Some(by) = past.undone_by {
        return refuse(
            format!("run {by} has undone it already"),
            "A run is undone once; run the transfer again to distribute again.",
        );
    }
    if past.trigger == "undo" {
        return refuse(
            "it is itself an undo".to_owned(),
            "Run the transfer again to distribute again.",
        );
    }
    if past.status != "succeeded" {
        return refuse(
            format!("it {} and changed nothing", past.status),
            "Only runs that succeeded can be undone.",
        );
    }
    Ok(past)
}

fn one_object(
    client: &mut SpiClient<'_>,
    run: i64,
    id: i64,
    name: &str,
    fields: &[String],
    at: pgrx::datum::TimestampWithTimeZone,
    totals: &mut Totals,
) -> Result<()> {
    let object: Object = read("select dist._object_intent($1)", &[name.to_owned().into()])?
        .ok_or_else(|| crate::check::no_such("object", name))?;
    check_writers(&[("object", object.name.clone(), object.written_by.as_str())])?;
    running::phase(Phase::Reading);
    // The net of what the run did to each record: its first former owner, its last new one.
    let arrays = as_extension_owner(|| -> Result<_> {
        let row = client
            .select(include_str!("sql/net.sql"), None, &[run.into(), name.to_owned().into()])
            .map_err(internal)?
            .first();
        let texts = |n| {
            row.get::<Vec<Option<String>>>(n)
                .map(Option::unwrap_or_default)
                .map_err(internal)
        };
        let hoppers = Hoppers {
            out_of: texts(5)?,
            into: texts(6)?,
        };
        Ok((texts(1)?, texts(2)?, texts(3)?, texts(4)?, hoppers))
    })??;
    let (keys, before, after, changed, hoppers) = arrays;
    let may = hoppers.as_left(client, name, &keys)?;
    // 1 = goes back, 0 = changed since; what is missing is gone.
    let sql = take_back(&object, fields)?;
    running::allocating(keys.len());
    running::phase(Phase::Moving);
    let args = [
        keys.clone().into(),
        before.clone().into(),
        after.clone().into(),
        changed.into(),
        may.into(),
    ];
    let found = with_users_search_path(|| client.update(sql.as_str(), None, &args)).map_err(internal)?;
    let mut status = vec![-1_i32; keys.len()];
    for row in found {
        let n = row.get::<i64>(1).map_err(internal)?.unwrap_or(0);
        let back = row.get::<bool>(2).map_err(internal)?.unwrap_or(false);
        if let Some(slot) = usize::try_from(n - 1).ok().and_then(|n| status.get_mut(n)) {
            *slot = i32::from(back);
        }
    }
    let count = |wanted: i32| status.iter().filter(|status| **status == wanted).count() as i64;
    let seq_before = i32::try_from(totals.assigned).map_err(internal)?;
    totals.candidates += status.len() as i64;
    totals.assigned += count(1);
    running::moved(usize::try_from(count(1)).unwrap_or(0));
    running::phase(Phase::Recording);
    for (reason, code) in [("changed_since", 0), ("gone", -1)] {
        if count(code) > 0 {
            *totals.reasons.entry(reason.to_owned()).or_default() += count(code);
        }
    }
    totals.objects.push(name.to_owned());
    as_extension_owner(|| -> Result<()> {
        ensure_partition(client, at)?;
        Spi::run_with_args(
            include_str!("sql/undone.sql"),
            &[
                id.into(),
                seq_before.into(),
                name.to_owned().into(),
                at.into(),
                keys.clone().into(),
                before.clone().into(),
                after.into(),
                status.clone().into(),
                hoppers.out_of.clone().into(),
                hoppers.into.clone().into(),
            ],
        )
        .map_err(internal)?;
        hoppers.put_back(client, name, (&keys, &before, &status), (run, id))?;
        let moves = events::Moves {
            run: id,
            before: seq_before,
            at,
        };
        let follow_ups = events::follow_ups(name)?;
        moves.tell(client, name, &follow_ups.events)?;
        moves.keep_clocks(client, name, &follow_ups.slas, None)
    })?
}

/// Locks the records that are still there, moves back those that are still as the run left them, and tells of each
/// which it was. `$1` keys, `$2` former owners, `$3` new owners, `$4` fields as jsonb texts, `$5` whether it lies in the
/// hopper that the run left it in, or in none.
fn take_back(object: &Object, fields: &[String]) -> Result<String> {
    let relation = object.relation()?;
    let key = object.key()?;
    let owner = object.owner()?;
    let owner_sql = column(&owner.name);
    let mut sets = vec![format!("{} = p.was::{}", quote_ident(&owner.name), owner.type_sql)];
    for name in fields {
        // A column that has been dropped since has nothing to go back to.
        let Some(field) = relation.column(name) else {
            continue;
        };
        let (now, literal) = (column(name), quote_literal(name));
        // Read as the column reads it and written as this session writes it: 99 is 99.00 in a numeric(8, 2).
        sets.push(format!(
            "{quoted} = case when p.fields operator(pg_catalog.?) {literal} \
               and {now}::text is not distinct from (p.fields operator(pg_catalog.->) {literal} operator(pg_catalog.->>) 1)::{declared}::text \
             then (p.fields operator(pg_catalog.->) {literal} operator(pg_catalog.->>) 0)::{type_sql} else {now} end",
            quoted = quote_ident(name),
            declared = field.declared,
            type_sql = field.type_sql,
        ));
    }
    Ok(format!(
        "with p as materialized ( \
           select t.key, t.was, t.becomes, t.fields::jsonb as fields, t.may, t.n \
             from rows from (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[]), \
                             pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[]), \
                             pg_catalog.unnest($5::boolean[])) \
                  with ordinality as t(key, was, becomes, fields, may, n)), \
         here as materialized ( \
           select p.n, {RECORD}.ctid as tid, {RECORD}.tableoid as tab, \
                  p.may and {owner_sql}::text is not distinct from p.becomes as back \
             from p join {table} as {RECORD} on {key_sql} operator(pg_catalog.=) p.key::{key_type} for update of {RECORD}), \
         moved as ( \
           update {table} as {RECORD} set {sets} from here join p on p.n = here.n \
            where {RECORD}.ctid = here.tid and {RECORD}.tableoid = here.tab and here.back returning p.n) \
         select here.n, here.n in (select moved.n from moved) as back from here",
        table = relation.sql(),
        key_sql = column(&key.name),
        key_type = key.type_sql,
        sets = sets.join(", "),
    ))
}

/// Lets the records that went back count in no cap.
fn uncount(client: &mut SpiClient<'_>, run: i64, id: i64) -> Result<()> {
    as_extension_owner(|| {
        client
            .update(include_str!("sql/uncount.sql"), None, &[run.into(), id.into()])
            .map(|_| ())
            .map_err(internal)
    })?
}
