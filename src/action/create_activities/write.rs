//! What was placed is written: to the user's own table, where a plan names one, and to `dist.activity`; and what was not.

use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde::Deserialize;

use crate::action::Context;
use crate::action::create_activities::place::{People, Placed, Records, no_column};
use crate::action::create_activities::plan::Plan;
use crate::action::create_activities::table::{self, Source, Table};
use crate::action::target::Segment;
use crate::catalogue::{Relation, read_newest};
use crate::error::{Result, error_hint, internal};
use crate::router::decide::{Bigints, Carried, Oids, Texts, Tids};
use crate::router::failure;
use crate::worker::raised::{last_raised, watching_errors};
use crate::xact::{as_extension_owner, attempt, with_users_search_path};

/// What was placed, of which records, for whom.
pub type Work<'a> = (&'a People, &'a Records, &'a Placed);

/// What was written to a table of the user's own.
pub struct Written {
    /// The table.
    relation: String,
    /// Its column with the key.
    key_column: String,
    keys: Carried,
    /// Fingerprints of the rows with these keys.
    prints: Carried,
}

/// Writes to the user's own table; the keys and fingerprints of what stands there now.
///
/// # Errors
/// What the table raises; 55000 where it does not take them.
pub fn insert(
    client: &mut SpiClient<'_>,
    context: &Context<'_>,
    segment: &Segment,
    plan: &Plan,
    table: &Table<'_>,
    (people, records, placed): Work<'_>,
) -> Result<Written> {
    let sql = table.insert(plan, &segment.name, context.run).ok_or_else(no_column)?;
    let args = [
        Texts(records.keys).into(),
        Texts(records.subjects).into(),
        placed.starts.clone().into(),
        placed.who.clone().into(),
        people.reps.clone().into(),
        people.zones.clone().into(),
    ];
    let done = attempt(|| {
        let done = watching_errors(|| {
            with_users_search_path(|| {
                let row = client.update(sql.as_str(), None, &args).map_err(internal)?.first();
                Ok::<_, pgrx::pg_sys::panic::ErrorReport>((
                    Carried::read(&row, 1)?,
                    Carried::read(&row, 2)?,
                    row.get::<i64>(3).map_err(internal)?,
                ))
            })
        });
        let ok = done.is_ok();
        (done, ok)
    });
    let (tids, tables, rows) = match (done, last_raised()) {
        (Ok(done), _) => done?,
        (Err(_), Some(raised)) => return Err(failure::raise_watched(&raised)),
        (Err(caught), None) => caught.rethrow(),
    };
    failure::begin();
    let wanted = i64::try_from(placed.starts.iter().flatten().count()).map_err(internal)?;
    if rows != Some(wanted) {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!(
                "{} of {wanted} activities could not be written to {}",
                wanted - rows.unwrap_or(0),
                table.relation.sql()
            ),
            "A trigger or a rule on the table holds them back.",
        ));
    }
    let key = table.column(&Source::Key).ok_or_else(no_column)?;
    // What a trigger has rewritten in the same breath is not found, and not known again.
    let sql = table::prints(table.relation, key);
    let row = table::plainly(|| client.update(sql.as_str(), None, &[Tids(tids).into(), Oids(tables).into()]));
    let row = row.map_err(internal)?.first();
    Ok(Written {
        relation: table.relation.sql(),
        key_column: key.name.clone(),
        keys: Carried::read(&row, 1)?,
        prints: Carried::read(&row, 2)?,
    })
}

/// Keeps what was made and what was left.
///
/// # Errors
/// When it cannot be written.
pub fn record(
    client: &mut SpiClient<'_>,
    context: &Context<'_>,
    segment: &Segment,
    plan: &Plan,
    (people, records, placed): Work<'_>,
    written: Option<Written>,
) -> Result<()> {
    let (relation, key_column, keys, prints) = match written {
        Some(it) => (Some(it.relation), Some(it.key_column), it.keys, it.prints),
        None => (None, None, Carried::NONE, Carried::NONE),
    };
    as_extension_owner(|| {
        let args = [
            context.run.into(),
            context.step.position.into(),
            segment.name.clone().into(),
            plan.name.clone().into(),
            segment.object.name.clone().into(),
            plan.minutes.into(),
            Texts(records.keys).into(),
            Texts(records.subjects).into(),
            placed.starts.clone().into(),
            placed.who.clone().into(),
            people.reps.clone().into(),
            relation.into(),
            key_column.into(),
            Texts(keys).into(),
            Bigints(prints).into(),
        ];
        client
            .update(include_str!("sql/activity_made.sql"), None, &args)
            .map_err(internal)?;
        let args = [
            context.run.into(),
            context.step.position.into(),
            segment.name.clone().into(),
            plan.name.clone().into(),
            Texts(records.keys).into(),
            placed.why.clone().into(),
            placed.who.clone().into(),
            people.reps.clone().into(),
            context.rehearsed.into(),
        ];
        client
            .update(include_str!("sql/activity_left.sql"), None, &args)
            .map_err(internal)?;
        Ok(())
    })?
}

/// Takes back the activities of a run that are still as it made them, with the rights of whoever calls; how many went, and how
/// many have changed since.
///
/// # Errors
/// When they cannot be taken away.
pub fn take_back(client: &mut SpiClient<'_>, run: i64) -> Result<(i64, i64)> {
    let elsewhere: Vec<Elsewhere> =
        read_newest(include_str!("sql/activity_elsewhere.sql"), &[run.into()])?.unwrap_or_default();
    let mut there = 0;
    for written in &elsewhere {
        let (Some(relation), args) = (&written.relation, [run.into(), written.named.clone().into()]) else {
            continue;
        };
        let Some(key) = relation.column(&written.key_column) else {
            continue;
        };
        let (keys, prints) = as_extension_owner(|| -> Result<_> {
            let row = client
                .update(include_str!("sql/activity_prints.sql"), None, &args)
                .map_err(internal)?
                .first();
            Ok((Carried::read(&row, 1)?, Carried::read(&row, 2)?))
        })??;
        let sql = table::untouched(relation, key);
        let args = [Texts(keys).into(), Bigints(prints).into()];
        let row = table::plainly(|| client.update(sql.as_str(), None, &args))
            .map_err(internal)?
            .first();
        let (tids, tables, gone) = (
            Carried::read(&row, 1)?,
            Carried::read(&row, 2)?,
            Carried::read(&row, 3)?,
        );
        let sql = table::delete(relation);
        with_users_search_path(|| client.update(sql.as_str(), None, &[Tids(tids).into(), Oids(tables).into()]))
            .map_err(internal)?;
        let gone = as_extension_owner(|| {
            let args = [run.into(), written.named.clone().into(), Texts(gone).into()];
            let row = client.update(include_str!("sql/activity_gone.sql"), None, &args)?;
            row.first().get_one::<i64>()
        })?;
        there += gone.map_err(internal)?.unwrap_or(0);
    }
    as_extension_owner(|| {
        let row = client
            .update(include_str!("sql/activity_undone.sql"), None, &[run.into()])
            .map_err(internal)?
            .first();
        let count = |n| row.get::<i64>(n).map(Option::unwrap_or_default).map_err(internal);
        Ok((there + count(1)?, count(2)?))
    })?
}

/// A table of the user's own that a run has written to.
#[derive(Deserialize)]
struct Elsewhere {
    named: String,
    key_column: String,
    /// None where it has been dropped.
    relation: Option<Relation>,
}
