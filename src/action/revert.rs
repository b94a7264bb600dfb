//! Undoes edits of fields: each field that is still as a step has set it gets the value that it had, the last step first.
//! What has been changed since, or is gone, is left and told.

use pgrx::datum::DatumWithOid;
use pgrx::spi::SpiClient;
use serde::Deserialize;

use crate::catalogue::{Column, Relation, read};
use crate::criteria::quote_ident;
use crate::error::{Result, internal};
use crate::prepared;
use crate::router::decide::{Carried, Texts};
use crate::router::expression::RECORD;
use crate::router::run_row::Totals;
use crate::router::statement::column;
use crate::worker::running::{self, Phase};
use crate::xact::{as_extension_owner, with_users_search_path};

/// What a step of the run has edited.
#[derive(Debug, Deserialize)]
pub struct Edited {
    position: i32,
    relation: String,
    key_column: String,
    fields: Vec<String>,
    chunks: Vec<i32>,
    /// How many rows.
    rows: i64,
}

/// A chunk as it was kept: keys, then for each field the former values, the new ones, and the one that all were set to.
struct Chunk {
    count: usize,
    keys: Carried,
    values: Vec<(Carried, Carried, Option<String>)>,
}

/// Takes back what `run` has edited, in the run `id`; adds to the totals what could not be.
///
/// # Errors
/// What the table raises.
pub fn revert(client: &mut SpiClient<'_>, run: i64, id: i64, edits: &[Edited], totals: &mut Totals) -> Result<()> {
    for edited in edits {
        running::phase(Phase::Moving);
        let relation: Option<Relation> = read(
            "select dist._relation(to_regclass($1))",
            &[edited.relation.clone().into()],
        )?;
        let key = relation
            .as_ref()
            .and_then(|relation| relation.column(&edited.key_column));
        let (Some(relation), Some(key)) = (&relation, key) else {
            // There is nothing left to go back to.
            *totals.reasons.entry("gone".to_owned()).or_default() += edited.rows;
            continue;
        };
        // Nor where the column is gone.
        let fields: Vec<&Column> = edited.fields.iter().filter_map(|name| relation.column(name)).collect();
        let sql = takes_back(relation, key, &fields);
        for number in &edited.chunks {
            let chunk = chunk(client, run, edited, *number, &fields)?;
            one_chunk(client, id, &sql, edited, &chunk, totals)?;
        }
    }
    Ok(())
}

fn chunk(client: &SpiClient<'_>, run: i64, edited: &Edited, number: i32, fields: &[&Column]) -> Result<Chunk> {
    let mut chunk = Chunk {
        count: 0,
        keys: Carried::NONE,
        values: Vec::new(),
    };
    for field in fields {
        let args = [
            run.into(),
            edited.position.into(),
            number.into(),
            field.name.clone().into(),
            edited.relation.clone().into(),
        ];
        as_extension_owner(|| -> Result<()> {
            let row = client
                .select(include_str!("../router/sql/field_edit_chunk.sql"), None, &args)
                .map_err(internal)?
                .first();
            let count = row.get::<i32>(1).map_err(internal)?.unwrap_or(0);
            chunk.count = usize::try_from(count).map_err(internal)?;
            chunk.keys = Carried::read(&row, 2)?;
            chunk.values.push((
                Carried::read(&row, 3)?,
                Carried::read(&row, 4)?,
                row.get::<String>(5).map_err(internal)?,
            ));
            Ok(())
        })??;
    }
    Ok(chunk)
}

fn one_chunk(
    client: &mut SpiClient<'_>,
    id: i64,
    sql: &str,
    edited: &Edited,
    chunk: &Chunk,
    totals: &mut Totals,
) -> Result<()> {
    let mut args: Vec<DatumWithOid<'_>> = vec![Texts(chunk.keys).into()];
    for (before, after, all) in &chunk.values {
        args.push(Texts(*before).into());
        args.push(Texts(*after).into());
        args.push(all.clone().into());
    }
    let found = with_users_search_path(|| prepared::update(client, sql, &args)).map_err(internal)?;
    // 1 = all fields are as they were, 0 = some had been changed since; what is missing is gone.
    let mut status = vec![-1_i32; chunk.count];
    for row in found {
        let n = row.get::<i64>(1).map_err(internal)?.unwrap_or(0);
        let back = row.get::<bool>(2).map_err(internal)?.unwrap_or(false);
        if let Some(slot) = usize::try_from(n - 1).ok().and_then(|n| status.get_mut(n)) {
            *slot = i32::from(back);
        }
    }
    let count = |wanted: i32| status.iter().filter(|status| **status == wanted).count() as i64;
    for (reason, code) in [("changed_since", 0), ("gone", -1)] {
        if count(code) > 0 {
            *totals.reasons.entry(reason.to_owned()).or_default() += count(code);
        }
    }
    totals.candidates += status.len() as i64;
    let reverted = count(1);
    let args = [
        id.into(),
        edited.position.into(),
        edited.relation.clone().into(),
        reverted.into(),
        Texts(chunk.keys).into(),
        status.into(),
    ];
    as_extension_owner(|| {
        prepared::update(client, include_str!("../router/sql/field_edit_undone.sql"), &args)
            .map(|_| ())
            .map_err(internal)
    })?
}

/// Locks the rows that are still there, takes back the fields that are still as they were set, and tells of each row
/// whether that were all. `$1` keys, then for each field its former values, its new ones, and what all were set to.
fn takes_back(relation: &Relation, key: &Column, fields: &[&Column]) -> String {
    let mut arrays = vec!["pg_catalog.unnest($1::text[])".to_owned()];
    let mut names = vec!["key".to_owned()];
    let (mut still, mut sets) = (Vec::new(), Vec::new());
    for (n, field) in fields.iter().enumerate() {
        let at = 2 + 3 * n;
        arrays.push(format!("pg_catalog.unnest(${at}::text[])"));
        arrays.push(format!("pg_catalog.unnest(${}::text[])", at + 1));
        names.push(format!("was_{n}"));
        names.push(format!("new_{n}"));
        // Read as the column reads it and written as this session writes it, as for moves.
        let new = format!(
            "case when ${}::text[] is null then ${}::text else p.new_{n} end",
            at + 1,
            at + 2
        );
        still.push(format!(
            "{}::text is not distinct from ({new})::{}::text as still_{n}",
            column(&field.name),
            field.declared
        ));
        sets.push(format!(
            "{} = case when here.still_{n} then p.was_{n}::{} else {} end",
            quote_ident(&field.name),
            field.type_sql,
            column(&field.name)
        ));
    }
    let each: Vec<String> = (0..fields.len()).map(|n| format!("here.still_{n}")).collect();
    let table = relation.sql();
    format!(
        "with p as materialized (select * from rows from ({}) with ordinality as t({}, n)), \
         here as materialized ( \
           select p.n, {RECORD}.ctid as tid, {RECORD}.tableoid as tab, {} \
             from p join {table} as {RECORD} on {} operator(pg_catalog.=) p.key::{} for update of {RECORD}), \
         back as ( \
           update {table} as {RECORD} set {} from here join p on p.n operator(pg_catalog.=) here.n \
            where {RECORD}.ctid operator(pg_catalog.=) here.tid and {RECORD}.tableoid operator(pg_catalog.=) here.tab \
              and ({}) returning p.n) \
         select here.n, ({}) and here.n in (select back.n from back) from here",
        arrays.join(", "),
        names.join(", "),
        still.join(", "),
        column(&key.name),
        key.type_sql,
        sets.join(", "),
        each.join(" or "),
        each.join(" and "),
    )
}
