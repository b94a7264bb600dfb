//! Tells other systems of a segment's records, or of what changed among them, through the outbox (Z10): events in chunks, in
//! the run's transaction. So a run that fails has told nothing, and the next one tells all that the last successful one had not.
//!
//! Where no active consumer wants to be told, nothing is written and the step stays where it is: whoever begins to listen is
//! told what has changed since it last told anybody.

use chrono::Utc;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde_json::{Value, json};

use crate::action::args::Args;
use crate::action::target::{Rows, Segment};
use crate::action::{Context, Did, Told};
use crate::clock;
use crate::error::{Place, Result, internal};
use crate::prepared;
use crate::router::decide::{Carried, Texts};
use crate::router::events;
use crate::router::failure::{self, compiling};
use crate::router::session::with_settings;
use crate::router::statement::column;
use crate::router::variables;
use crate::worker::running::{self, Phase};
use crate::xact::{as_extension_owner, trial};

/// Events that one statement writes.
const CHUNK: i64 = 20_000;
const KEYS: [&str; 4] = ["what", "kind", "chunk", "again_after"];

/// A step's arguments.
struct Asked {
    changes: bool,
    kind: Option<&'static str>,
    chunk: i64,
    again_after: Option<String>,
}

/// Refuses a step that could not be run as it is written.
///
/// # Errors
/// What is wrong with its arguments.
pub fn check(place: &Place<'_>, segment: &str, args: Option<&Value>) -> Result<()> {
    let args = Args::new(place, args, &KEYS)?;
    with_settings(Utc::now(), || asked(place, &args).map(drop))?;
    Segment::named(segment).map(drop)
}

fn asked(place: &Place<'_>, args: &Args<'_>) -> Result<Asked> {
    let changes = args.word("what", &["all", "changes"])? == "changes";
    let kind = match args.has("kind") {
        true => Some(args.word("kind", &["record", "idle"])?),
        false => None,
    };
    let chunk = args.count("chunk")?.unwrap_or(CHUNK);
    if chunk > 1_000_000 {
        return Err(args.refuse(
            format!("\"chunk\": {chunk} is more than 1000000"),
            "Give 1 to 1000000 events, or leave it out.",
        ));
    }
    let again_after = match args.get("again_after").and_then(variables::named) {
        Some(name) => {
            variables::must_exist(place, "args", name)?;
            Some(variables::value(name)?)
        }
        None => args.text("again_after")?.map(ToOwned::to_owned),
    };
    if let Some(text) = &again_after {
        if changes {
            return Err(args.refuse(
                "\"again_after\" does not go with \"what\": \"changes\"",
                "Each change is told once; tell \"all\" to have records told again.",
            ));
        }
        if !is_positive_interval(text) {
            return Err(args.refuse(
                format!("\"again_after\": \"{text}\" is no interval above 0"),
                "Give one such as \"14 days\".",
            ));
        }
    }
    Ok(Asked {
        changes,
        kind,
        chunk,
        again_after,
    })
}

fn is_positive_interval(text: &str) -> bool {
    let mut positive = false;
    let caught = trial(|| {
        let sql = "select $1::pg_catalog.interval operator(pg_catalog.>) '0'::pg_catalog.interval";
        positive = Spi::get_one_with_args::<bool>(sql, &[text.into()]).is_ok_and(|answer| answer == Some(true));
    });
    caught.is_none() && positive
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
    let args = context.args(&place, &KEYS)?;
    let (asked, segment) = compiling(|| {
        let segment = Segment::named(&context.step.target)?;
        segment.check_writers()?;
        Ok((asked(&place, &args)?, segment))
    })?;
    let did = |rows, result: Option<&str>| Did {
        rows,
        object: Some(segment.object.name.clone()),
        result: result.map(ToOwned::to_owned),
    };
    let kinds: &[&'static str] = match asked.kind {
        Some(ref kind) => std::slice::from_ref(kind),
        None if asked.changes => &["joined", "left"],
        None => &["record"],
    };
    let wanted = as_extension_owner(|| events::follow_ups(&segment.object.name))??.events;
    if !kinds.iter().any(|kind| wanted.iter().any(|wanted| wanted == kind)) {
        return Ok(did(0, Some("no active consumer wants to be told")));
    }
    let mut telling = Telling {
        context,
        segment: &segment,
        asked: &asked,
        at: clock::to_pg(context.about)?,
        told: 0,
    };
    Spi::connect_mut(|client| telling.all(client, kinds))?;
    Ok(did(telling.told, None))
}

/// A step that tells somebody.
struct Telling<'a> {
    context: &'a Context<'a>,
    segment: &'a Segment,
    asked: &'a Asked,
    at: TimestampWithTimeZone,
    told: i64,
}

/// Which records are told of.
enum Which {
    /// All members.
    Members,
    /// These, in this order; some may be gone from the table.
    These(Carried),
}

impl Telling<'_> {
    fn all(&mut self, client: &mut SpiClient<'_>, kinds: &[&str]) -> Result<()> {
        let first = kinds.first().copied().unwrap_or("record");
        if !self.asked.changes {
            if let Some(after) = &self.asked.again_after {
                self.forget(client, after)?;
            }
            return self.tell(client, first, Which::Members);
        }
        let step = [
            self.context.schedule.to_owned().into(),
            self.context.step.position.into(),
            self.segment.name.clone().into(),
        ];
        let untold = as_extension_owner(|| {
            let rows = prepared::update(client, include_str!("../router/sql/emit_untold.sql"), &step)
                .map_err(internal)?
                .first();
            Ok((
                Carried::read(&rows, 1)?,
                Carried::read(&rows, 2)?,
                rows.get::<bool>(3).map_err(internal)?,
            ))
        })??;
        match untold {
            (joined, gone, Some(true)) => {
                self.tell(client, first, Which::These(joined))?;
                if let Some(left) = kinds.get(1) {
                    self.tell(client, left, Which::These(gone))?;
                }
            }
            _ => self.tell(client, first, Which::Members)?,
        }
        let [schedule, position, segment] = step;
        let args = [schedule, position, segment, self.context.run.into(), self.at.into()];
        as_extension_owner(|| prepared::update(client, include_str!("../router/sql/emit_mark.sql"), &args).map(drop))?
            .map_err(internal)
    }

    /// Reads keys and owners as the run's owner, and writes a chunk of events after the other.
    fn tell(&mut self, client: &mut SpiClient<'_>, kind: &str, which: Which) -> Result<()> {
        let place = Place {
            table: "segment",
            row: &self.segment.name,
        };
        let rows = self.segment.rows(&place, None)?;
        let (read, keys) = match which {
            Which::Members => (self.reads(Some(&rows))?, Carried::NONE),
            Which::These(keys) => (self.reads(None)?, keys),
        };
        running::phase(Phase::Reading);
        let mut chunks = rows
            .planned(|| {
                client
                    .update(read.as_str(), None, &[Texts(keys).into()])
                    .map_err(internal)
            })
            .inspect_err(|_| failure::in_statement(&read))?;
        running::phase(Phase::Recording);
        while chunks.next().is_some() {
            let (keys, owners) = (Carried::read(&chunks, 1)?, Carried::read(&chunks, 2)?);
            let payload = json!({"segment": self.segment.name, "step": self.context.step.position});
            let args = [
                kind.to_owned().into(),
                self.segment.object.name.clone().into(),
                Texts(keys).into(),
                Texts(owners).into(),
                self.at.into(),
                self.context.run.into(),
                self.context.schedule.to_owned().into(),
                pgrx::JsonB(payload).into(),
                self.context.step.position.into(),
                self.asked.again_after.is_some().into(),
            ];
            let written = as_extension_owner(|| {
                prepared::update(client, include_str!("../router/sql/emit.sql"), &args)
                    .and_then(|rows| rows.first().get_one::<i64>())
            })?
            .map_err(internal)?;
            self.told += written.unwrap_or(0);
            running::moved(usize::try_from(self.told).unwrap_or(0));
        }
        Ok(())
    }

    /// Reads keys and owners, a row of arrays a chunk, in the order of the keys. `$1` the keys, unless all members are meant.
    fn reads(&self, members: Option<&Rows<'_>>) -> Result<String> {
        let object = &self.segment.object;
        let (key, owner) = (object.key()?, column(&object.owner()?.name));
        let key_sql = column(&key.name);
        let table = object.relation()?.sql();
        let rows = if let Some(rows) = members {
            let collate = if key.collatable { " collate \"C\"" } else { "" };
            format!(
                "select {key_sql}::text as key, {owner}::text as owner, row_number() over (order by {key_sql}{collate}) as n \
                   from {} where {} and $1::text[] is null",
                rows.table(),
                rows.condition(),
            )
        } else {
            format!(
                "select k.key, {owner}::text as owner, k.n \
                   from unnest($1::text[]) with ordinality as k (key, n) left join {table} as r on {key_sql} = k.key::{}",
                key.type_sql,
            )
        };
        Ok(format!(
            "select array_agg(t.key order by t.n), array_agg(t.owner order by t.n) from ({rows}) as t \
              group by (t.n - 1) / {chunk} order by (t.n - 1) / {chunk}",
            chunk = self.asked.chunk
        ))
    }

    /// Records that were told of long enough ago may be told of again. Counted back by the calendar of the schedule's zone, so
    /// that what is told at nine is told again at nine.
    fn forget(&self, client: &mut SpiClient<'_>, after: &str) -> Result<()> {
        let args = [
            self.context.schedule.to_owned().into(),
            self.context.step.position.into(),
            self.at.into(),
            self.context.zone.to_owned().into(),
            after.to_owned().into(),
        ];
        as_extension_owner(|| prepared::update(client, include_str!("../router/sql/emit_forget.sql"), &args).map(drop))?
            .map_err(internal)
    }
}

/// What it has done.
///
/// # Errors
/// When it cannot be read.
pub fn told(context: &Context<'_>) -> Result<Vec<Told>> {
    let relation = Segment::named(&context.step.target)?.object.relation()?.sql();
    let args = [context.run.into(), context.step.position.into()];
    as_extension_owner(|| {
        Spi::connect(|client| {
            let rows = client.select(include_str!("../router/sql/emitted.sql"), None, &args)?;
            rows.map(|row| {
                let (kind, owner) = (row.get::<String>(2)?, row.get::<String>(3)?);
                Ok(Told {
                    relation: Some(relation.clone()),
                    record_key: row.get(1)?,
                    effect: "told".to_owned(),
                    detail: Some(json!({"kind": kind, "rep": owner})),
                })
            })
            .collect::<pgrx::spi::Result<Vec<_>>>()
        })
    })?
    .map_err(internal)
}
