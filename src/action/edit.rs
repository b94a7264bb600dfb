//! Edits of fields: what mass edits and formulas share. Where all rows are set to the same, one UPDATE does it, and notes
//! what it overwrites. Otherwise the rows whose values change are read with their values before and after, in chunks of arrays;
//! each chunk is written by its ctids and kept, and goes on as it came.
//!
//! As for moves, rows are not locked before they are written; if some have changed meanwhile, all is taken back and done
//! again on rows that are locked as they are read. And a run gives way to whoever holds one of them ([`giving_way`]).

use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde_json::json;

use crate::action::edit_statement::new_of;
use crate::action::overwritten::{Alike, Chunk, Noted, Noting, last_key};
use crate::action::target::Rows;
use crate::action::{Context, Told};
use crate::catalogue::Column;
use crate::error::{Result, error_hint, internal, noting};
use crate::membership::{Kind, pack};
use crate::prepared;
use crate::router::decide::{Carried, Oids, Texts, Tids};
use crate::router::failure;
use crate::router::give_way::giving_way;
use crate::worker::raised::{last_raised, watching_errors};
use crate::worker::running::{self, Phase};
use crate::xact::{as_extension_owner, attempt, trial, with_users_search_path};

/// Rows of a chunk.
pub(super) const CHUNK: usize = 20_000;

/// A field and what it is set to.
pub struct Field<'a> {
    /// The column.
    pub column: &'a Column,
    /// Its new value, as SQL over the record.
    pub value: String,
    /// Whether that is the same for every record.
    pub same: bool,
}

/// An edit of some rows.
pub struct Edit<'a> {
    /// The rows.
    pub rows: Rows<'a>,
    /// The fields, each once.
    pub fields: Vec<Field<'a>>,
    /// Whether former values are kept.
    pub keep: bool,
}

/// How rows are found and written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// By one statement, which notes what it overwrites.
    InOne,
    /// Read as they are, and written by their ctids.
    Read,
    /// The same, locked as they are read, so that they cannot change.
    Locked,
}

impl Edit<'_> {
    /// Sets the fields of those rows whose values change; returns how many.
    ///
    /// # Errors
    /// What the values or the table raise.
    pub fn run(&self, context: &Context<'_>) -> Result<i64> {
        let first = match self.fields.iter().all(|field| field.same) {
            true => How::InOne,
            false => How::Read,
        };
        let mut missing = 0;
        for how in [first, How::Locked] {
            let outcome = giving_way(|| {
                attempt(|| {
                    let outcome = Spi::connect_mut(|client| match how {
                        How::InOne => self.in_one(client, context),
                        _ => self.in_chunks(client, context, how),
                    });
                    let done = outcome.as_ref().is_ok_and(|(_, missing)| *missing == 0);
                    (outcome, done)
                })
            })?;
            let (rows, lacking) = match (outcome, last_raised()) {
                (Ok(outcome), _) => outcome?,
                (Err(_), Some(raised)) => return Err(at_record(failure::raise_watched(&raised), last_key())),
                (Err(caught), None) => caught.rethrow(),
            };
            if lacking == 0 {
                return Ok(rows);
            }
            missing = lacking;
        }
        Err(error_hint(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!("{missing} rows of {} could not be set", self.rows.relation.sql()),
            "A trigger or a row security policy on the table holds them back; leave such records out of the segment.",
        ))
    }

    /// Writes all rows by one statement and keeps what it has noted; how many rows, and how many it has noted in vain.
    fn in_one(&self, client: &mut SpiClient<'_>, context: &Context<'_>) -> Result<(i64, i64)> {
        let keep = self.keep || context.rehearsed;
        let write = self.writes_in_one(keep);
        let noting_rows = Noting::begin(self.rows.kind(), self.fields.len());
        running::phase(Phase::Moving);
        let written = self.rows.planned(|| {
            watching_errors(|| with_users_search_path(|| client.update(write.as_str(), None, &[])))
                .map(|rows| rows.len())
                .map_err(internal)
        })?;
        drop(last_raised());
        let noted = noting_rows.take();
        let written = i64::try_from(written).map_err(internal)?;
        running::moved(usize::try_from(written).unwrap_or(0));
        if !keep {
            return Ok((written, 0));
        }
        let Some(noted) = noted else {
            return Err(internal("what was noted is gone"));
        };
        let count = i64::try_from(noted.len()).map_err(internal)?;
        if count == written && noted.is_whole() {
            self.keep_noted(client, context, &noted)?;
            return Ok((written, 0));
        }
        Ok((written, (count - written).max(1)))
    }

    /// The record at which reading has failed: the values are found once more, noting each record before it is looked at.
    fn record_that_fails(&self, client: &mut SpiClient<'_>) -> Option<String> {
        let find = self.finds();
        trial(|| {
            let _noting = Noting::begin(self.rows.kind(), 0);
            // What it raises is what is looked for.
            let _ = self
                .rows
                .planned(|| client.update(find.as_str(), None, &[]).map(drop).map_err(internal));
        })?;
        last_key()
    }

    /// Keeps what has been noted, chunk by chunk.
    fn keep_noted(&self, client: &mut SpiClient<'_>, context: &Context<'_>, noted: &Noted) -> Result<()> {
        let keys = noted.keys(CHUNK).into_iter().map(KeptKeys::of);
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let same: Vec<String> = self
            .fields
            .iter()
            .map(|field| format!("({})::{}::text", field.value, field.column.declared))
            .collect();
        // As the columns have them.
        let row = client
            .select(&format!("select {}", same.join(", ")), None, &[])
            .map_err(internal)?
            .first();
        for (n, field) in self.fields.iter().enumerate() {
            let after = row.get::<String>(n + 1).map_err(internal)?;
            for (chunk, (keys, before)) in (0..).zip(keys.iter().zip(noted.before(n, CHUNK))) {
                let (before, before_all) = match *before.as_slice() {
                    [(text, _)] => (Carried::NONE, letters(text)?),
                    _ => (Carried::of(each(&before)?), None),
                };
                let kept = Kept {
                    chunk,
                    field,
                    keys,
                    before,
                    before_all,
                    after: Carried::NONE,
                    after_all: after.clone(),
                };
                self.keep(client, context, kept)?;
            }
        }
        Ok(())
    }

    /// Reads, writes and keeps all chunks; how many rows, and how many of them were not there any more.
    fn in_chunks(&self, client: &mut SpiClient<'_>, context: &Context<'_>, how: How) -> Result<(i64, i64)> {
        let (read, write) = (self.reads(how), self.writes());
        let note = format!("While the rows of {} were read.", self.rows.relation.sql());
        // Not `select`: in a subtransaction that has written nothing yet it would not see what the run's steps before have done.
        let mut chunks = noting(&note, || {
            self.rows
                .planned(|| client.update(read.as_str(), None, &[]).map_err(internal))
        })
        .inspect_err(|_| failure::in_statement(&read))
        .map_err(|report| at_record(report, self.record_that_fails(client)))?;
        running::phase(Phase::Moving);
        let (mut rows, mut n) = (0, 0);
        while chunks.next().is_some() {
            let count = chunks.get::<i64>(1).map_err(internal)?.unwrap_or(0);
            let carried = |ordinal: usize| Carried::read(&chunks, ordinal);
            let mut args: Vec<DatumWithOid<'_>> = vec![Tids(carried(2)?).into(), Oids(carried(4)?).into()];
            for (n, field) in self.fields.iter().enumerate() {
                args.push(match field.same {
                    true => Texts(Carried::NONE).into(),
                    false => Texts(carried(new_of(n))?).into(),
                });
            }
            let written = watching_errors(|| {
                with_users_search_path(|| prepared::update(client, &write, &args).map(|rows| rows.len()))
            })
            .map_err(internal)?;
            // Code of the user's may have come to terms with errors of its own.
            drop(last_raised());
            let written = i64::try_from(written).map_err(internal)?;
            if written != count {
                return Ok((rows, count - written));
            }
            rows += count;
            running::moved(usize::try_from(rows).unwrap_or(0));
            if self.keep || context.rehearsed {
                let keys = KeptKeys {
                    rows: count,
                    texts: carried(3)?,
                    packed: None,
                };
                for (place, field) in self.fields.iter().enumerate() {
                    let same = field.same;
                    let kept = Kept {
                        chunk: n,
                        field,
                        keys: &keys,
                        before: carried(new_of(place) - 1)?,
                        before_all: None,
                        after: if same { Carried::NONE } else { carried(new_of(place))? },
                        after_all: if same {
                            chunks.get::<String>(new_of(place)).map_err(internal)?
                        } else {
                            None
                        },
                    };
                    self.keep(client, context, kept)?;
                }
            }
            n += 1;
        }
        Ok((rows, 0))
    }

    /// Keeps a chunk's keys and values.
    fn keep(&self, client: &mut SpiClient<'_>, context: &Context<'_>, kept: Kept<'_>) -> Result<()> {
        let (kind, packed) = kept.keys.packed.clone().unzip();
        let args = [
            context.run.into(),
            context.step.position.into(),
            kept.chunk.into(),
            self.rows.relation.sql().into(),
            self.rows.key.name.clone().into(),
            kept.field.column.name.clone().into(),
            i32::try_from(kept.keys.rows).map_err(internal)?.into(),
            Texts(kept.keys.texts).into(),
            kind.map(Kind::name).into(),
            packed.into(),
            Texts(kept.before).into(),
            kept.before_all.into(),
            Texts(kept.after).into(),
            kept.after_all.into(),
        ];
        as_extension_owner(|| {
            prepared::update(client, include_str!("../router/sql/field_edit.sql"), &args)
                .map(|_| ())
                .map_err(internal)
        })?
    }
}

/// Names the record in an error, where it is known.
fn at_record(report: ErrorReport, key: Option<String>) -> ErrorReport {
    let Some(key) = key else { return report };
    let told = format!("Record '{}'.", key.replace('\'', "''"));
    let detail = match report.detail() {
        Some(detail) => format!("{detail} {told}"),
        None => told,
    };
    report.set_detail(detail)
}

/// The keys of a chunk's rows: texts, or numbers, packed.
struct KeptKeys {
    rows: i64,
    texts: Carried,
    packed: Option<(Kind, Vec<u8>)>,
}

impl KeptKeys {
    fn of(keys: Chunk<'_>) -> Result<Self> {
        Ok(match keys {
            Chunk::Numbers(kind, keys) => Self {
                rows: keys.len() as i64,
                texts: Carried::NONE,
                packed: Some((kind, pack(keys))),
            },
            Chunk::Texts(texts) => {
                let keys = each(&texts)?;
                Self {
                    rows: keys.len() as i64,
                    texts: Carried::of(keys),
                    packed: None,
                }
            }
        })
    }
}

fn letters(text: Option<&[u8]>) -> Result<Option<&str>> {
    text.map(std::str::from_utf8).transpose().map_err(internal)
}

/// Row by row.
fn each<'a>(texts: &[Alike<'a>]) -> Result<Vec<Option<&'a str>>> {
    let mut rows = Vec::with_capacity(CHUNK);
    for (text, count) in texts {
        rows.extend(std::iter::repeat_n(letters(*text)?, *count));
    }
    Ok(rows)
}

/// A chunk of a field's values, to be kept.
struct Kept<'a> {
    chunk: i32,
    field: &'a Field<'a>,
    keys: &'a KeptKeys,
    before: Carried,
    before_all: Option<&'a str>,
    after: Carried,
    after_all: Option<String>,
}

/// What the step of a rehearsed run has set.
///
/// # Errors
/// When it cannot be read.
pub fn told(context: &Context<'_>) -> Result<Vec<Told>> {
    let args = [context.run.into(), context.step.position.into()];
    as_extension_owner(|| {
        Spi::connect(|client| {
            let rows = client.select(include_str!("../router/sql/field_edits.sql"), None, &args)?;
            rows.map(|row| {
                Ok(Told {
                    relation: row.get(1)?,
                    record_key: row.get(2)?,
                    effect: "edited".to_owned(),
                    detail: row.get::<pgrx::JsonB>(3)?.map(|fields| json!({"fields": fields.0})),
                })
            })
            .collect::<pgrx::spi::Result<Vec<_>>>()
        })
    })?
    .map_err(internal)
}
