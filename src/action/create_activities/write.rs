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
use crate::router::decide::{Bigints, Carried, Texts};
use crate::router::failure;
use crate::worker::raised::{last_raised, watching_errors};
use crate::xact::{as_extension_owner, attempt, with_users_search_path};

/// What was placed, of which records, for whom.
pub type Work<'a> = (&'a People, &'a Records, &'a Placed);

/// The table, its column with the key, and the keys and fingerprints of what was written there.
pub type Written = (String, String, Vec<Option<String>>, Vec<Option<i64>>);

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
                let row = client.update(sql.as_str(), None, &args)?.first();
                Ok::<_, pgrx::spi::Error>((row.get(1)?, row.get(2)?, row.get::<i64>(3)?))
            })
        });
        let ok = done.is_ok();
        (done, ok)
    });
    let (keys, prints, rows) = match (done, last_raised()) {
        (Ok(done), _) => done.map_err(internal)?,
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
    Ok((
        table.relation.sql(),
        key.name.clone(),
        keys.unwrap_or_default(),
        prints.unwrap_or_default(),
    ))
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
        Some((relation, key, keys, prints)) => (Some(relation), Some(key), keys, prints),
        None => (None, None, Vec::new(), Vec::new()),
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
            keys.into(),
            prints.into(),
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
        let sql = table::take_back(relation, key);
        let gone =
            with_users_search_path(|| client.update(sql.as_str(), None, &[Texts(keys).into(), Bigints(prints).into()]));
        let gone = Carried::read(&gone.map_err(internal)?.first(), 1)?;
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
