//! Hoppers and queues: what lies in one is no candidate of anybody but who names it as source; what moves out of one or
//! into one changes its place by the same run that writes the audit (sql/hopper.sql has what the statements call).

use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde::Deserialize;

use crate::clock;
use crate::criteria::quote_literal;
use crate::error::{Place, Result, error_hint, internal};
use crate::prepared;
use crate::router::decide::{Decision, Texts};
use crate::router::expression::Expression;
use crate::router::intent::{Intent, Object};
use crate::router::partition::ensure_partition;
use crate::router::plan::{self, Plan};
use crate::router::run_row::started_now;
use crate::router::statement::column;
use crate::router::ways::Ways;
use crate::xact::{as_extension_owner, current_role_name};

/// The filter of what comes from one hopper; candidates are read by a join instead, which also has their age.
pub const FROM: &str = "from hopper";
/// What the hopper's own order calls the age of a candidate; see [`crate::router::statement::candidates`].
pub const SINCE: &str = "$since$";

/// A row of `dist.hopper`.
#[derive(Debug, Clone, Deserialize)]
pub struct HopperRow {
    /// Its name.
    pub name: String,
    /// ORDER BY list.
    pub ranking: Option<String>,
    /// Who wrote the row.
    pub written_by: String,
}

/// Which hopper the records that move are taken out of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// None: those that lie in one are no candidates.
    Outside,
    /// This one.
    Hopper(String),
    /// Whichever it is in, if any.
    Any,
}

/// Which records are candidates: those in the hopper, or those in none. A record whose owner is another than when it came in
/// has left: somebody else has given it to him.
///
/// # Errors
/// When the object has lost a column.
pub fn filter(intent: &Intent, object: &Object, from: Option<&str>) -> Result<Option<(String, Expression)>> {
    if intent.hoppers.is_empty() {
        return Ok(None);
    }
    let key = object.key()?;
    let (key_sql, owner) = (column(&key.name), column(&object.owner()?.name));
    let name = quote_literal(&object.name);
    Ok(Some(match from {
        // Hashed, however many there are.
        None => (
            "in no hopper".to_owned(),
            plan::plain(format!(
                "(({key_sql}, coalesce({owner}::text, '')) not in \
                 (select h.record_key::{}, coalesce(h.rep, '') from dist._in_hopper({name}, null, null) as h))",
                key.type_sql
            )),
        ),
        Some(hopper) => (
            FROM.to_owned(),
            plan::plain(format!(
                "(({key_sql}, coalesce({owner}::text, '')) in \
                 (select h.record_key::{}, coalesce(h.rep, '') from dist._in_hopper({name}, {}, null) as h))",
                key.type_sql,
                quote_literal(hopper)
            )),
        ),
    }))
}

/// The order in which records leave a hopper: by the ranking of who takes them, or else its own; the older; the key.
///
/// # Errors
/// What is wrong with the text of the ranking.
pub fn order(
    intent: &Intent,
    object: &Object,
    name: &str,
    (place, ranking): (&Place<'_>, Option<&str>),
) -> Result<String> {
    let hopper = intent.hoppers.iter().find(|hopper| hopper.name == name);
    let hopper = hopper.ok_or_else(|| crate::check::no_such("hopper", name))?;
    let own = Place {
        table: "hopper",
        row: name,
    };
    let by_key = plan::order(place, object, None)?;
    let ranked = match ranking {
        Some(_) => plan::order(place, object, ranking)?,
        None => plan::order(&own, object, hopper.ranking.as_deref())?,
    };
    let ranking = ranked.strip_suffix(by_key.as_str()).unwrap_or_default();
    Ok(format!("{ranking}{SINCE}, {by_key}"))
}

/// Takes what has moved out of the hopper it was in, and tells which that was. To be called as the extension's owner.
///
/// # Errors
/// 40001 where somebody else has taken one meanwhile.
pub fn take_out(client: &mut SpiClient<'_>, plan: &Plan, decision: &Decision) -> Result<Option<String>> {
    let outcome = decision.outcome();
    if plan.from_hopper == Source::Outside || outcome.moved == 0 {
        return Ok(None);
    }
    let args: [DatumWithOid<'_>; 3] = [
        plan.object.name.clone().into(),
        Texts(decision.candidates.keys).into(),
        outcome.seq.clone().into(),
    ];
    let row = prepared::update(client, include_str!("sql/hopper_out.sql"), &args).map_err(internal)?;
    let row = row.first();
    let (count, found) = (
        row.get::<i64>(1).map_err(internal)?.unwrap_or(0),
        row.get::<String>(2).map_err(internal)?,
    );
    match &plan.from_hopper {
        // The moved records are locked by now, so that only one who holds them already can have been here.
        Source::Hopper(name) if usize::try_from(count) != Ok(outcome.moved) || found.as_ref() != Some(name) => {
            Err(error_hint(
                PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
                format!("dist.hopper '{name}': records of it have been taken out while a run did the same"),
                "Run it again.",
            ))
        }
        _ => Ok(found),
    }
}

/// Puts what has moved into the hoppers that the leaves name. To be called as the extension's owner.
///
/// # Errors
/// When a hopper is gone.
pub fn put_in(
    client: &mut SpiClient<'_>,
    plan: &Plan,
    (decision, new_owners): (&Decision, Texts),
    ways: &Ways<'_>,
    (run, at): (i64, TimestampWithTimeZone),
) -> Result<()> {
    if decision.outcome().moved == 0 || ways.ways.iter().all(|way| way.hopper.is_none()) {
        return Ok(());
    }
    let hoppers: Vec<Option<String>> = ways.ways.iter().map(|way| way.hopper.clone()).collect();
    let args: [DatumWithOid<'_>; 8] = [
        plan.object.name.clone().into(),
        Texts(decision.candidates.keys).into(),
        new_owners.into(),
        decision.outcome().seq.clone().into(),
        ways.of.to_vec().into(),
        hoppers.into(),
        at.into(),
        run.into(),
    ];
    prepared::update(client, include_str!("sql/hopper_in.sql"), &args)
        .map(|_| ())
        .map_err(internal)
}

/// The hoppers that a run which is undone took records out of, and put them into, by record; empty where it had to do with none.
pub struct Hoppers {
    /// The first it took the record out of.
    pub out_of: Vec<Option<String>>,
    /// The last it put it into.
    pub into: Vec<Option<String>>,
}

impl Hoppers {
    /// Whether each record lies where the run left it; it is locked there.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn as_left(&self, client: &mut SpiClient<'_>, object: &str, keys: &[Option<String>]) -> Result<Vec<bool>> {
        let args = [object.to_owned().into(), keys.to_vec().into(), self.into.clone().into()];
        let moved = as_extension_owner(|| -> pgrx::spi::Result<Vec<i64>> {
            let some = "select exists (select from dist.hopper_record h where h.object = $1)";
            let some = prepared::update(client, some, &args[..1])?.first().get_one::<bool>()?;
            if some == Some(false) && self.into.iter().all(Option::is_none) {
                return Ok(Vec::new());
            }
            let rows = prepared::update(client, include_str!("sql/hopper_moved.sql"), &args)?;
            rows.first().get_one::<Vec<i64>>().map(Option::unwrap_or_default)
        })?
        .map_err(internal)?;
        let mut may = vec![true; keys.len()];
        for place in moved {
            if let Some(slot) = usize::try_from(place - 1).ok().and_then(|place| may.get_mut(place)) {
                *slot = false;
            }
        }
        Ok(may)
    }

    /// Puts what has gone back into the hopper it was taken from, as old as it was there; or takes it out. To be called as
    /// the extension's owner, once the audit is written.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put_back(
        &self,
        client: &mut SpiClient<'_>,
        object: &str,
        (keys, owners, status): (&[Option<String>], &[Option<String>], &[i32]),
        (run, undo): (i64, i64),
    ) -> Result<()> {
        if self.out_of.iter().chain(&self.into).all(Option::is_none) {
            return Ok(());
        }
        let args = [
            object.to_owned().into(),
            keys.to_vec().into(),
            owners.to_vec().into(),
            status.to_vec().into(),
            self.out_of.clone().into(),
            run.into(),
            undo.into(),
        ];
        for text in [
            include_str!("sql/hopper_undo_in.sql"),
            include_str!("sql/hopper_undo_out.sql"),
            include_str!("sql/hopper_unclaim.sql"),
        ] {
            prepared::update(client, text, &args).map_err(internal)?;
        }
        Ok(())
    }
}

/// Of records with the owners that they came in with, takes those out that are gone or have another owner now; not where row
/// security may hide them. Their places are locked by whoever calls.
///
/// # Errors
/// When they cannot be read.
pub fn forget_strays(client: &mut SpiClient<'_>, plan: &Plan, places: &[(String, Option<String>)]) -> Result<()> {
    let object = &plan.object;
    let (key, owner) = (object.key()?, column(&object.owner()?.name));
    let sql = format!(
        "select array_agg(k.key) from rows from (unnest($1::text[]), unnest($2::text[])) as k(key, rep) \
          where not row_security_active({}::regclass) \
            and not exists (select from {} as r where {} = k.key::{} and {owner}::text is not distinct from k.rep)",
        quote_literal(&object.relation()?.sql()),
        object.relation()?.sql(),
        column(&key.name),
        key.type_sql
    );
    let (keys, owners): (Vec<String>, Vec<Option<String>>) = places.iter().cloned().unzip();
    let args: [DatumWithOid<'_>; 2] = [keys.into(), owners.into()];
    let strays = prepared::update(client, &sql, &args)
        .and_then(|rows| rows.first().get_one::<Vec<String>>())
        .map_err(internal)?;
    let Some(strays) = strays else { return Ok(()) };
    let args = [object.name.clone().into(), strays.into()];
    as_extension_owner(|| prepared::update(client, include_str!("sql/hopper_strays.sql"), &args).map(|_| ()))?
        .map_err(internal)
}

/// Takes a record out of the hopper that it lies in: its owner works it. False where it lies in none.
///
/// # Errors
/// When it cannot be written.
pub fn leave(object: &str, key: &str) -> Result<bool> {
    let (started, at) = (started_now()?, clock::now()?);
    let args: [DatumWithOid<'_>; 5] = [
        object.to_owned().into(),
        key.to_owned().into(),
        at.into(),
        started.into(),
        current_role_name()?.into(),
    ];
    as_extension_owner(|| {
        Spi::connect_mut(|client| {
            ensure_partition(client, at)?;
            prepared::update(client, include_str!("sql/hopper_leave.sql"), &args)
                .map(|rows| !rows.is_empty())
                .map_err(internal)
        })
    })?
}

/// The hopper that a record was taken out of last, if any.
///
/// # Errors
/// When the history cannot be read.
pub fn taken_from(object: &str, key: &str) -> Result<Option<String>> {
    let args = [object.to_owned().into(), key.to_owned().into()];
    as_extension_owner(|| {
        Spi::connect_mut(|client| {
            let rows = prepared::update(client, include_str!("sql/hopper_claimed_from.sql"), &args)?;
            match rows.is_empty() {
                true => Ok(None),
                false => rows.first().get_one::<String>(),
            }
        })
    })?
    .map_err(internal)
}

/// Keeps whoever has put a record back from claiming it again too soon.
///
/// # Errors
/// When it cannot be written.
pub fn cool(run: i64, object: &str, key: &str, at: TimestampWithTimeZone) -> Result<()> {
    let args = [run.into(), object.to_owned().into(), key.to_owned().into(), at.into()];
    as_extension_owner(|| {
        Spi::connect_mut(|client| prepared::update(client, include_str!("sql/hopper_cool.sql"), &args).map(|_| ()))
    })?
    .map_err(internal)
}
