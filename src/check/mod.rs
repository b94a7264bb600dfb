//! What the check triggers ask when a row of intent is written: the same compilation that a run does, then PostgreSQL's
//! own parser over the result, so that what is stored is what will run.
//!
//! | what | file |
//! | --- | --- |
//! | a row of `dist.object` | [`object`] |
//! | criteria, predicates, rankings, values and fields of any row | [`text`] |
//! | a row of `dist.formula` | [`formula`] |
//! | a row of `dist.match` | [`matching`] |
//! | a row of `dist.activity_plan` | [`activity`] |
//! | a row of `dist.segment_related` | [`related`] |
//! | what PostgreSQL's parser says of a piece of SQL | [`parse`] |
//! | values that have to fit a column: fields, keys, reps | [`values`] |

pub mod activity;
pub mod formula;
pub mod matching;
pub mod object;
pub mod parse;
pub mod related;
pub mod text;
pub mod values;

use std::rc::Rc;

use pgrx::prelude::*;

use crate::catalogue::{Relation, read, read_as_caller};
use crate::criteria::nearest;
use crate::error::{Place, Result, error_hint};
use crate::router::intent::Object;
use crate::worker::invalidate::Kept;
use crate::xact;

thread_local! {
    // Kept, for rows are written by the thousand in one statement.
    static OBJECTS: Kept<Object> = Kept::new(100);
}

/// An object with its table.
fn object_named(name: &str) -> Result<Rc<Object>> {
    OBJECTS.with(|kept| {
        // Read with the caller's snapshot, which may be an old one, unless the transaction writes.
        kept.get(name, xact::is_writing(), || {
            let object: Object = read("select dist._object_intent($1)", &[name.to_owned().into()])?
                .ok_or_else(|| no_such("object", name))?;
            object.relation.iter().for_each(Relation::watch);
            Ok(object)
        })
    })
}

/// 42704 for a row of intent that is not there, with the nearest name as HINT.
pub fn no_such(table: &str, name: &str) -> pgrx::pg_sys::panic::ErrorReport {
    let known: Vec<String> = match table {
        "object" | "ruleset" | "distribution_rule" => names(table).unwrap_or_default(),
        // Whose they are is for row level security to say.
        "transfer" | "schedule" | "segment" if may_read(table) => names_seen(table).unwrap_or_default(),
        _ => Vec::new(),
    };
    error_hint(
        PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        format!("{} does not exist", Place { table, row: name }),
        nearest(name, known.iter().map(String::as_str)).map_or_else(
            || format!("See dist.{table} for those that do."),
            |near| format!("Perhaps you meant '{near}'."),
        ),
    )
}

fn names_of(table: &str) -> String {
    format!("select coalesce(pg_catalog.jsonb_agg(n.name), '[]') from (select name from dist.{table} limit 10000) n")
}

fn names(table: &str) -> Option<Vec<String>> {
    read(&names_of(table), &[]).ok().flatten()
}

fn may_read(table: &str) -> bool {
    let question = format!("select pg_catalog.to_jsonb(pg_catalog.has_table_privilege('dist.{table}', 'select'))");
    read_as_caller(&question).is_ok_and(|may| may == Some(true))
}

fn names_seen(table: &str) -> Option<Vec<String>> {
    read_as_caller(&names_of(table)).ok().flatten()
}

/// The HINT for a column that is not there.
pub fn column_hint(relation: &Relation, wanted: &str) -> String {
    let names = || relation.columns.iter().map(|column| column.name.as_str());
    nearest(wanted, names()).map_or_else(
        || format!("Its columns: {}.", names().collect::<Vec<_>>().join(", ")),
        |near| format!("Perhaps you meant \"{near}\"."),
    )
}
