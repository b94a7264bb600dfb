//! Edits of fields: what mass edits and formulas share. The rows whose values change are read with their former values, in
//! chunks of arrays; each chunk is written by its ctids and kept, and goes on as it came.
//!
//! As for moves, rows are not locked before they are written; if some have changed meanwhile, all is taken back and done
//! again on rows that are locked as they are read.

use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;
use pgrx::spi::{SpiClient, SpiTupleTable};
use serde_json::json;

use crate::action::target::Rows;
use crate::action::{Context, Told};
use crate::catalogue::Column;
use crate::criteria::quote_ident;
use crate::error::{Result, error_hint, internal, noting};
use crate::prepared;
use crate::router::decide::{Carried, Oids, Texts, Tids};
use crate::router::expression::RECORD;
use crate::router::failure;
use crate::router::statement::{column, prefix};
use crate::worker::raised::{last_raised, watching_errors};
use crate::worker::running::{self, Phase};
use crate::xact::{as_extension_owner, attempt, with_users_search_path};

/// Rows of a chunk.
const CHUNK: i64 = 20_000;

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

/// How rows are read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// As they are.
    Unlocked,
    /// Locked, so that they cannot change.
    Locked,
}

impl Edit<'_> {
    /// Sets the fields of those rows whose values change; returns how many.
    ///
    /// # Errors
    /// What the values or the table raise.
    pub fn run(&self, context: &Context<'_>) -> Result<i64> {
        let mut missing = 0;
        for reading in [Reading::Unlocked, Reading::Locked] {
            let outcome = attempt(|| {
                let outcome = Spi::connect_mut(|client| self.all(client, context, reading));
                let done = outcome.as_ref().is_ok_and(|(_, missing)| *missing == 0);
                (outcome, done)
            });
            let (rows, lacking) = match (outcome, last_raised()) {
                (Ok(outcome), _) => outcome?,
                (Err(_), Some(raised)) => return Err(failure::raise_watched(&raised)),
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

    /// Reads, writes and keeps all chunks; how many rows, and how many of them were not there any more.
    fn all(&self, client: &mut SpiClient<'_>, context: &Context<'_>, reading: Reading) -> Result<(i64, i64)> {
        let (read, write) = (self.reads(reading), self.writes());
        let note = format!("While the rows of {} were read.", self.rows.relation.sql());
        let mut chunks = noting(&note, || client.select(read.as_str(), None, &[]).map_err(internal))
            .inspect_err(|_| failure::in_statement(&read))?;
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
                self.keep(client, context, n, &chunks)?;
            }
            n += 1;
        }
        Ok((rows, 0))
    }

    /// Reads what changes, a row of arrays a chunk: how many, ctids, keys, tables, then each field's former and new values,
    /// or the one new value where it is the same for all.
    fn reads(&self, reading: Reading) -> String {
        let prefix = prefix(self.rows.relation);
        let mut selected = vec![
            ("tid".to_owned(), format!("{RECORD}.ctid")),
            ("key".to_owned(), self.rows.key_sql()),
            ("tab".to_owned(), format!("{RECORD}.tableoid")),
        ];
        for (n, field) in self.fields.iter().enumerate() {
            selected.push((format!("was_{n}"), format!("{}::text", column(&field.column.name))));
            if !field.same {
                selected.push((format!("new_{n}"), format!("({})::text", field.value)));
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
        let changed: Vec<String> = self.fields.iter().map(differs).collect();
        let lock = if reading == Reading::Locked {
            format!(" for update of {RECORD}")
        } else {
            String::new()
        };
        // What is locked cannot be counted in the same breath.
        format!(
            "select count(*), {} from (select d.*, (row_number() over () - 1) / {CHUNK} as {prefix}chunk \
               from (select {} from {} where {} and ({}){lock}) as d) as d group by {prefix}chunk",
            arrays.join(", "),
            inner.join(", "),
            self.rows.table(),
            self.rows.from,
            changed.join(" or "),
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
    fn keep(
        &self,
        client: &mut SpiClient<'_>,
        context: &Context<'_>,
        chunk: i32,
        row: &SpiTupleTable<'_>,
    ) -> Result<()> {
        let (key, relation) = (self.rows.key.name.clone(), self.rows.relation.sql());
        as_extension_owner(|| {
            for (n, field) in self.fields.iter().enumerate() {
                let after_all = match field.same {
                    true => row.get::<String>(new_of(n)).map_err(internal)?,
                    false => None,
                };
                let args = [
                    context.run.into(),
                    context.step.position.into(),
                    chunk.into(),
                    relation.clone().into(),
                    key.clone().into(),
                    field.column.name.clone().into(),
                    Texts(Carried::read(row, 3)?).into(),
                    Texts(Carried::read(row, new_of(n) - 1)?).into(),
                    Texts(if field.same {
                        Carried::NONE
                    } else {
                        Carried::read(row, new_of(n))?
                    })
                    .into(),
                    after_all.into(),
                ];
                prepared::update(client, include_str!("../router/sql/field_edit.sql"), &args).map_err(internal)?;
            }
            Ok(())
        })?
    }
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
        return format!("{was} is distinct from ({})", field.value);
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
