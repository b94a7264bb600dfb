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

use crate::action::overwritten::{Noted, Noting, last_key};
use crate::action::target::Rows;
use crate::action::{Context, Told};
use crate::catalogue::Column;
use crate::criteria::quote_ident;
use crate::error::{Result, error_hint, internal, noting};
use crate::prepared;
use crate::router::decide::{Carried, Oids, Texts, Tids};
use crate::router::expression::RECORD;
use crate::router::failure;
use crate::router::give_way::giving_way;
use crate::router::statement::{column, prefix};
use crate::worker::raised::{last_raised, watching_errors};
use crate::worker::running::{self, Phase};
use crate::xact::{as_extension_owner, attempt, trial, with_users_search_path};

/// Rows of a chunk.
const CHUNK: usize = 20_000;

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
enum How {
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
        let noting_rows = Noting::begin(self.fields.len());
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
        let count = i64::try_from(noted.len()).map_err(internal)?;
        if count == written {
            self.keep_noted(client, context, &noted)?;
        }
        Ok((written, count - written))
    }

    /// Writes the rows whose values change, and notes what they had. Names are qualified, for it runs with the search_path
    /// of the user's sessions.
    fn writes_in_one(&self, keep: bool) -> String {
        let prefix = prefix(self.rows.relation);
        let before: Vec<String> = self
            .fields
            .iter()
            .map(|field| format!("{}::text", column(&field.column.name)))
            .collect();
        let sets: Vec<String> = self
            .fields
            .iter()
            .enumerate()
            .map(|(n, field)| {
                let name = quote_ident(&field.column.name);
                if n > 0 || !keep {
                    return format!("{name} = {}", field.value);
                }
                format!(
                    "{name} = case when dist._overwrites({}, {}) then {} end",
                    self.rows.key_sql(),
                    before.join(", "),
                    field.value
                )
            })
            .collect();
        let (from, which) = self.rows.which(&prefix);
        let from = if from.is_empty() { from } else { format!(" from {from}") };
        format!(
            "update {} set {}{from} where {which} and ({})",
            self.rows.table(),
            sets.join(", "),
            self.changed(),
        )
    }

    fn changed(&self) -> String {
        let changed: Vec<String> = self.fields.iter().map(differs).collect();
        changed.join(" or ")
    }

    /// The record at which reading has failed: the values are found once more, noting each record before it is looked at.
    fn record_that_fails(&self, client: &mut SpiClient<'_>) -> Option<String> {
        let values: Vec<String> = self
            .fields
            .iter()
            .map(|field| format!("({})::text", field.value))
            .collect();
        let (from, which) = self.rows.which(&prefix(self.rows.relation));
        let from = if from.is_empty() { from } else { format!(", {from}") };
        let find = format!(
            "select count(d.found) from (select case when dist._overwrites({}, null) then array[{}] end as found from {}{from} where {which}) as d",
            self.rows.key_sql(),
            values.join(", "),
            self.rows.table(),
        );
        trial(|| {
            let _noting = Noting::begin(0);
            // What it raises is what is looked for.
            let _ = self
                .rows
                .planned(|| client.update(find.as_str(), None, &[]).map(drop).map_err(internal));
        })?;
        last_key()
    }

    /// Keeps what has been noted, chunk by chunk.
    fn keep_noted(&self, client: &mut SpiClient<'_>, context: &Context<'_>, noted: &Noted) -> Result<()> {
        let keys = noted.keys();
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
            let before = noted.before(n);
            for (chunk, (keys, before)) in keys.chunks(CHUNK).zip(before.chunks(CHUNK)).enumerate() {
                let kept = Kept {
                    chunk: i32::try_from(chunk).map_err(internal)?,
                    field,
                    keys: Carried::of(keys.to_vec()),
                    before: Carried::of(before.to_vec()),
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
                for (place, field) in self.fields.iter().enumerate() {
                    let same = field.same;
                    let kept = Kept {
                        chunk: n,
                        field,
                        keys: carried(3)?,
                        before: carried(new_of(place) - 1)?,
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

    /// Reads what changes, a row of arrays a chunk: how many, ctids, keys, tables, then each field's former and new values,
    /// or the one new value where it is the same for all.
    fn reads(&self, how: How) -> String {
        let prefix = prefix(self.rows.relation);
        let mut selected = vec![
            ("tid".to_owned(), format!("{RECORD}.ctid")),
            ("key".to_owned(), self.rows.key_sql()),
            ("tab".to_owned(), format!("{RECORD}.tableoid")),
        ];
        for (n, field) in self.fields.iter().enumerate() {
            selected.push((format!("was_{n}"), format!("{}::text", column(&field.column.name))));
            if !field.same {
                // As the column will have it; but an explicit cast cuts texts that are too long.
                let cast = match field.column.category {
                    'S' => String::new(),
                    _ => format!("::{}", field.column.declared),
                };
                selected.push((format!("new_{n}"), format!("({}){cast}::text", field.value)));
            }
        }
        let inner: Vec<String> = selected
            .iter()
            .map(|(name, value)| format!("{value} as {prefix}{name}"))
            .collect();
        let mut arrays: Vec<String> = ["tid", "key"].map(|name| format!("array_agg({prefix}{name})")).into();
        arrays.push(match self.rows.relation.tree {
            true => format!("array_agg({prefix}tab)"),
            false => "null::oid[]".to_owned(),
        });
        for (n, field) in self.fields.iter().enumerate() {
            arrays.push(format!("array_agg({prefix}was_{n})"));
            arrays.push(match field.same {
                // As the column will have it.
                true => format!("({})::{}::text", field.value, field.column.declared),
                false => format!("array_agg({prefix}new_{n})"),
            });
        }
        let lock = if how == How::Locked {
            format!(" for update of {RECORD}")
        } else {
            String::new()
        };
        let (from, which) = self.rows.which(&prefix);
        let from = if from.is_empty() { from } else { format!(", {from}") };
        // What is locked cannot be counted in the same breath.
        format!(
            "select count(*), {} from (select d.*, (row_number() over () - 1) / {CHUNK} as {prefix}chunk \
               from (select {} from {}{from} where {which} and ({}){lock}) as d) as d group by {prefix}chunk",
            arrays.join(", "),
            inner.join(", "),
            self.rows.table(),
            self.changed(),
        )
    }

    /// Writes a chunk. `$1` ctids, `$2` tables, `$3` and on the new values of each field.
    fn writes(&self) -> String {
        let tree = self.rows.relation.tree;
        let mut arrays = vec![(1, "tid[]", "tid".to_owned())];
        if tree {
            arrays.push((2, "oid[]", "tab".to_owned()));
        }
        let mut sets = Vec::new();
        for (n, field) in self.fields.iter().enumerate() {
            let value = if field.same {
                field.value.clone()
            } else {
                arrays.push((3 + n, "text[]", format!("new_{n}")));
                format!("p.new_{n}::{}", field.column.type_sql)
            };
            sets.push(format!("{} = {value}", quote_ident(&field.column.name)));
        }
        // As for moves (router/statement.rs).
        let columns: Vec<String> = arrays
            .iter()
            .map(|(n, array, name)| match tree {
                true => format!("pg_catalog.unnest(${n}::{array}) as {name}"),
                false => format!("pg_catalog.unnest((select ${n}::{array})) as {name}"),
            })
            .collect();
        let also = if tree {
            format!("{RECORD}.tableoid = p.tab")
        } else {
            format!("{RECORD}.ctid is not distinct from p.tid")
        };
        format!(
            "update {} set {} from (select {}) as p where {RECORD}.ctid = p.tid and {also}",
            self.rows.table(),
            sets.join(", "),
            columns.join(", "),
        )
    }

    /// Keeps a chunk's keys and values.
    fn keep(&self, client: &mut SpiClient<'_>, context: &Context<'_>, kept: Kept<'_>) -> Result<()> {
        let args = [
            context.run.into(),
            context.step.position.into(),
            kept.chunk.into(),
            self.rows.relation.sql().into(),
            self.rows.key.name.clone().into(),
            kept.field.column.name.clone().into(),
            Texts(kept.keys).into(),
            Texts(kept.before).into(),
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

/// A chunk of a field's values, to be kept.
struct Kept<'a> {
    chunk: i32,
    field: &'a Field<'a>,
    keys: Carried,
    before: Carried,
    after: Carried,
    after_all: Option<String>,
}

/// Where a field's new values stand in a chunk's row: behind its former ones.
const fn new_of(field: usize) -> usize {
    6 + 2 * field
}

/// Whether the field's value changes.
fn differs(field: &Field<'_>) -> String {
    const COMPARED: [&str; 16] = [
        "int2",
        "int4",
        "int8",
        "numeric",
        "float4",
        "float8",
        "bool",
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "interval",
        "uuid",
        "jsonb",
        "bytea",
    ];
    let was = column(&field.column.name);
    if COMPARED.contains(&field.column.base.as_str()) {
        // As the column will have it: with two decimals where it has two.
        return format!("{was} is distinct from ({})::{}", field.value, field.column.declared);
    }
    // By their letters: a type may have no equality, or take different texts for the same.
    format!(
        "{was}::text collate \"C\" is distinct from ({})::text collate \"C\"",
        field.value
    )
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
