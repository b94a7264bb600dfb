//! Records that are put into the outbox because they match, and not because anything moved: alerts about idle ones, and what is
//! to be brought to other systems. Evaluated with the rights of whoever calls; a schedule's step calls it as the schedule's owner.

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use serde_json::{Value, json};

use crate::catalogue::read_newest;
use crate::check;
use crate::clock;
use crate::error::{Place, Result, internal};
use crate::router::events;
use crate::router::expression::{self, RECORD};
use crate::router::inside;
use crate::router::intent::Object;
use crate::router::session::with_settings;
use crate::router::statement::column;
use crate::router::trust::check_writers;
use crate::xact::as_extension_owner;

/// Writes an event of that kind for each record that matches, if somebody wants to be told of it; returns how many.
///
/// # Errors
/// 42704 for an object that is not there; what is wrong with the text; what its evaluation raises.
pub fn publish(
    object: &str,
    kind: &str,
    criteria: Option<&Value>,
    predicate: Option<&str>,
    about: DateTime<Utc>,
) -> Result<i64> {
    let place = Place {
        table: "object",
        row: object,
    };
    check::text::row(&place, object, json!({ "criteria": criteria, "predicate": predicate }))?;
    let row: Object = read_newest("select dist._object_intent($1)", &[object.to_owned().into()])?
        .ok_or_else(|| check::no_such("object", object))?;
    check_writers(&[("object", row.name.clone(), row.written_by.as_str())])?;
    if !as_extension_owner(|| events::follow_ups(object))??
        .events
        .iter()
        .any(|wanted| wanted == kind)
    {
        return Ok(0);
    }
    let relation = row.relation()?;
    let test = expression::compile(&place, relation, criteria, predicate, "$1")?;
    let key = row.key()?;
    let collate = if key.collatable { " collate \"C\"" } else { "" };
    let key = column(&key.name);
    let sql = format!(
        "select pg_catalog.array_agg({key}::text order by {key}{collate}), pg_catalog.array_agg({owner}::text order by {key}{collate}) \
           from {table} as {RECORD} where {key} is not null and $1::timestamptz is not null and {test}",
        owner = column(&row.owner()?.name),
        table = relation.sql(),
        test = test.sql,
    );
    let at = clock::to_pg(about)?;
    let (keys, owners) = with_settings(about, || {
        Spi::connect_mut(|client| -> pgrx::spi::Result<_> {
            let found = client.update(sql.as_str(), None, &[at.into()])?.first();
            Ok((
                found.get::<Vec<Option<String>>>(1)?.unwrap_or_default(),
                found.get::<Vec<Option<String>>>(2)?.unwrap_or_default(),
            ))
        })
        .map_err(internal)
    })?;
    let count = i64::try_from(keys.len()).map_err(internal)?;
    let args = [
        kind.to_owned().into(),
        object.to_owned().into(),
        keys.into(),
        owners.into(),
        at.into(),
        inside::run_id().into(),
    ];
    as_extension_owner(|| Spi::run_with_args("select dist._write_events($1, $2, $3, $4, $5, $6, null)", &args))?
        .map_err(internal)?;
    Ok(count)
}
