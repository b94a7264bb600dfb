//! Claims: a rep takes records out of a hopper, the best first, and is their owner.
//!
//! A claim is a run of few records that waits for nobody but for claims of the same rep (who has a limit) and for caps. It does
//! not lock its object: what keeps it and others apart is the record's place in the hopper, which it locks and whoever holds it
//! skips (sql/claim_oldest.sql), and then the record itself, which it skips too where somebody holds it. So runs that wait for a
//! claim's locks are never waited for by it. Whatever moves what lies in a hopper moves the record first and its place last, and
//! finds out there.

use std::borrow::Cow;

use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::allocation::Cap;
use crate::clock;
use crate::error::{Result, error_hint, internal};
use crate::prepared;
use crate::router::claim_plan::{self, Compiled, compiled};
use crate::router::events;
use crate::router::hopper;
use crate::router::inside::enter;
use crate::router::lock::lock;
use crate::router::partition::ensure_partition;
use crate::router::run_row::started_now;
use crate::router::session::with_pinned_settings;
use crate::router::situation::caps::Capped;
use crate::router::variables;
use crate::xact::{as_extension_owner, current_role_name, with_users_search_path};

/// After so many looks, what is left is held by others.
const MOST_LOOKS: usize = 20;

/// What has been claimed so far.
#[derive(Default)]
struct Claimed {
    /// The run's number, drawn once the last of the places was locked.
    run: i64,
    keys: Vec<String>,
    owners: Vec<Option<String>>,
    /// Those that were looked at and are not to be looked at again.
    tried: Vec<String>,
}

/// Lets a rep claim up to so many records of a hopper, or some of those that he has chosen; returns their keys.
///
/// # Errors
/// 42704 for a hopper or rep that does not exist; 55000 where he cannot claim there.
pub fn claim(hopper: &str, rep: &str, most: Option<i32>, chosen: Option<Vec<String>>) -> Result<Vec<String>> {
    let started = started_now()?;
    let at = clock::now()?;
    let about = clock::from_pg(at)?;
    let most = most.map_or_else(
        || chosen.as_ref().map_or(1, Vec::len),
        |most| usize::try_from(most).unwrap_or(0),
    );
    let compiled = compiled(hopper, rep)?;
    compiled.check(chosen.is_some())?;
    if most == 0 {
        return Ok(Vec::new());
    }
    with_pinned_settings(about, variables::begin_newest()?, || {
        if !compiled.plan.caps.is_empty() {
            lock(compiled.needs.clone(), false)?.ok_or_else(|| internal("a cap of the claim is gone"))?;
        }
        Spi::connect_mut(|client| {
            let day = compiled.hopper.claim_limit.map(|_| compiled.day(about)).transpose()?;
            let used = day.as_ref().map_or(Ok(0), |day| used(client, &compiled, day))?;
            let limit = compiled.hopper.claim_limit.unwrap_or(i64::MAX);
            let left = usize::try_from(limit.saturating_sub(used)).unwrap_or(0);
            let capped = Capped::of_plan(client, &compiled.plan, about)?;
            let rooms = capped.rooms(&compiled.plan);
            let room = rooms.iter().map(|cap: &Cap| cap.left).min().unwrap_or(u64::MAX);
            let most = most.min(left).min(usize::try_from(room).unwrap_or(usize::MAX));
            let claimed = take(client, &compiled, most, chosen.as_deref(), at)?;
            if claimed.keys.is_empty() {
                return Ok(Vec::new());
            }
            let (count, role) = (claimed.keys.len() as u64, current_role_name()?);
            as_extension_owner(|| -> Result<()> {
                record(
                    client,
                    &compiled,
                    &claimed,
                    (at, started, role),
                    day.map(|day| (day, used)),
                )?;
                let rest: Vec<u64> = rooms.iter().map(|cap| cap.left.saturating_sub(count)).collect();
                capped.keep(client, &compiled.plan, &rest)
            })??;
            Ok(claimed.keys)
        })
    })
}

/// What the rep could claim, best first.
///
/// # Errors
/// As for [`claim`].
pub fn claimable(hopper: &str, rep: &str, most: i32) -> Result<Vec<String>> {
    let at = clock::now()?;
    let compiled = compiled(hopper, rep)?;
    compiled.check(false)?;
    with_pinned_settings(clock::from_pg(at)?, variables::begin()?, || {
        Spi::connect(|client| {
            let args: [DatumWithOid<'_>; 3] = [None::<Vec<String>>.into(), at.into(), i64::from(most).into()];
            let row = client
                .select(compiled.sql.best.as_str(), None, &args)
                .map_err(internal)?
                .first();
            let keys = row.get::<Vec<String>>(1).map_err(internal)?.unwrap_or_default();
            let args = [
                compiled.plan.object.name.clone().into(),
                compiled.rep.rep.clone().into(),
                at.into(),
                keys.clone().into(),
            ];
            let cooling = as_extension_owner(|| {
                prepared::select(client, include_str!("sql/claim_cooling.sql"), &args)
                    .and_then(|rows| rows.first().get_one::<Vec<String>>())
            })?
            .map_err(internal)?
            .unwrap_or_default();
            Ok(keys.into_iter().filter(|key| !cooling.contains(key)).collect())
        })
    })
}

/// How many the rep has claimed on the day; locks the count.
fn used(client: &mut SpiClient<'_>, compiled: &Compiled, day: &str) -> Result<i64> {
    let args: [DatumWithOid<'_>; 3] = [
        compiled.hopper.name.clone().into(),
        compiled.rep.rep.clone().into(),
        day.to_owned().into(),
    ];
    as_extension_owner(|| {
        for attempt in 0..2 {
            let rows = prepared::update(client, include_str!("sql/claim_used.sql"), &args)?;
            if !rows.is_empty() {
                return rows.first().get_one::<i64>().map(|used| used.unwrap_or(0));
            }
            if attempt == 0 {
                prepared::update(client, include_str!("sql/claim_first.sql"), &args)?;
            }
        }
        Ok(0)
    })?
    .map_err(internal)
}

/// Takes records one look after the other, until there are as many as wanted or nobody else's are left.
fn take(
    client: &mut SpiClient<'_>,
    compiled: &Compiled,
    most: usize,
    chosen: Option<&[String]>,
    at: TimestampWithTimeZone,
) -> Result<Claimed> {
    let mut claimed = Claimed::default();
    let oldest = compiled.hopper.ranking.is_none() && compiled.eligible.is_none() && chosen.is_none();
    let mut width = most.saturating_mul(4).saturating_add(32);
    for _ in 0..MOST_LOOKS {
        let wanted = most.saturating_sub(claimed.keys.len());
        if wanted == 0 {
            break;
        }
        let wanted_sql = i64::try_from(wanted).unwrap_or(i64::MAX);
        let (of, mut more) = if oldest {
            (None, false)
        } else {
            let best = best(client, compiled, chosen, (width, at))?;
            let more = best.len() >= width;
            width = width.saturating_mul(8);
            (Some(best), more)
        };
        if let Some(places) = lock_places(client, compiled, of, &claimed.tried, (wanted_sql, at))? {
            still_holds(compiled)?;
            claimed.run = places.run;
            let _inside = enter(places.run, None);
            give(client, compiled, &places, at, &mut claimed)?;
            more = true;
        }
        if !more {
            break;
        }
    }
    Ok(claimed)
}

/// Places in the hopper that are locked now.
struct Places {
    keys: Vec<String>,
    owners: Vec<Option<String>>,
    run: i64,
}

/// The first of the hopper's records that the rep may have.
fn best(
    client: &mut SpiClient<'_>,
    compiled: &Compiled,
    chosen: Option<&[String]>,
    (width, at): (usize, TimestampWithTimeZone),
) -> Result<Vec<String>> {
    let args: [DatumWithOid<'_>; 3] = [
        chosen.map(<[String]>::to_vec).into(),
        at.into(),
        i64::try_from(width).unwrap_or(i64::MAX).into(),
    ];
    let keys = prepared::update(client, &compiled.sql.best, &args)
        .and_then(|rows| rows.first().get::<Vec<String>>(1))
        .map_err(internal)?;
    Ok(keys.unwrap_or_default())
}

/// Whoever changes what counts waits for those who hold places, and who does not hold one yet may have been compiled before.
fn still_holds(compiled: &Compiled) -> Result<()> {
    let now = claim_plan::compiled(&compiled.hopper.name, &compiled.rep.rep)?;
    if now.needs.caps == compiled.needs.caps && now.needs.objects == compiled.needs.objects {
        return Ok(());
    }
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
        format!(
            "dist.hopper '{}': caps changed while it was claimed from",
            compiled.hopper.name
        ),
        "Claim again.",
    ))
}

/// Locks places in the hopper that nobody else has locked: of these records, or the oldest.
fn lock_places(
    client: &mut SpiClient<'_>,
    compiled: &Compiled,
    of: Option<Vec<String>>,
    tried: &[String],
    (wanted, at): (i64, TimestampWithTimeZone),
) -> Result<Option<Places>> {
    let next = wanted == 1 && of.is_none() && tried.is_empty();
    let text = match (next, wanted, &of) {
        (true, ..) => Cow::Borrowed(&compiled.sql.lock_next),
        (_, 1, None) => Cow::Owned(compiled.sql.lock_oldest.replace("limit $4", "limit 1")),
        (_, 1, Some(_)) => Cow::Owned(compiled.sql.lock_these.replace("limit $4", "limit 1")),
        (_, _, None) => Cow::Borrowed(&compiled.sql.lock_oldest),
        (_, _, Some(_)) => Cow::Borrowed(&compiled.sql.lock_these),
    };
    let mut args: Vec<DatumWithOid<'_>> = vec![
        compiled.hopper.name.clone().into(),
        compiled.rep.rep.clone().into(),
        compiled.hopper.others_may_claim.into(),
        wanted.into(),
        tried.to_vec().into(),
        at.into(),
    ];
    args.extend(of.map(Into::into));
    as_extension_owner(|| {
        let row = prepared::update(client, &text, &args)?.first();
        if next {
            if row.is_empty() {
                return Ok(None);
            }
            let place = row.get::<String>(1)?.zip(row.get::<i64>(3)?);
            let owner = row.get::<String>(2)?;
            return Ok(place.map(|(key, run)| Places {
                keys: vec![key],
                owners: vec![owner],
                run,
            }));
        }
        let (keys, owners) = (row.get::<Vec<String>>(1)?, row.get::<Vec<Option<String>>>(2)?);
        let places = keys.zip(owners).zip(row.get::<i64>(3)?);
        pgrx::spi::Result::Ok(places.map(|((keys, owners), run)| Places { keys, owners, run }))
    })?
    .map_err(internal)
}

/// Makes the rep the owner of what is there as it came in and nobody holds; what is not there as it came in leaves the hopper.
fn give(
    client: &mut SpiClient<'_>,
    compiled: &Compiled,
    Places { keys, owners, .. }: &Places,
    at: TimestampWithTimeZone,
    claimed: &mut Claimed,
) -> Result<()> {
    let rep = || compiled.rep.rep.clone().into();
    let (sql, args): (_, [DatumWithOid<'_>; 4]) = match (keys.as_slice(), owners.as_slice()) {
        ([key], [owner]) => (
            &compiled.sql.give_one,
            [key.clone().into(), at.into(), owner.clone().into(), rep()],
        ),
        _ => (
            &compiled.sql.give,
            [keys.clone().into(), at.into(), owners.clone().into(), rep()],
        ),
    };
    let rows = with_users_search_path(|| prepared::update(client, sql, &args)).map_err(internal)?;
    let mut given = Vec::new();
    for row in rows {
        given.extend(row.get::<String>(1).map_err(internal)?);
    }
    let mut missed = Vec::new();
    for (key, owner) in keys.iter().zip(owners) {
        if given.contains(key) {
            claimed.keys.push(key.clone());
            claimed.owners.push(owner.clone());
        } else {
            missed.push((key.clone(), owner.clone()));
        }
    }
    claimed.tried.extend(keys.iter().cloned());
    if missed.is_empty() {
        return Ok(());
    }
    hopper::forget_strays(client, &compiled.plan, &missed)
}

/// Writes run and audit, counts, and takes the places out of the hopper. As the extension's owner.
fn record(
    client: &mut SpiClient<'_>,
    compiled: &Compiled,
    claimed: &Claimed,
    (at, started, role): (TimestampWithTimeZone, TimestampWithTimeZone, String),
    counted: Option<(String, i64)>,
) -> Result<()> {
    ensure_partition(client, at)?;
    let count = i64::try_from(claimed.keys.len()).map_err(internal)?;
    let (text, keys, owners) = match (claimed.keys.as_slice(), claimed.owners.as_slice()) {
        ([key], [owner]) => (
            include_str!("sql/claim_one.sql"),
            key.clone().into(),
            owner.clone().into(),
        ),
        _ => (
            include_str!("sql/claim.sql"),
            claimed.keys.clone().into(),
            claimed.owners.clone().into(),
        ),
    };
    let mut args: Vec<DatumWithOid<'_>> = vec![
        claimed.run.into(),
        compiled.plan.object.name.clone().into(),
        compiled.hopper.name.clone().into(),
        compiled.rep.rep.clone().into(),
        keys,
        owners,
        at.into(),
        started.into(),
        role.into(),
        count.into(),
    ];
    let text = match counted {
        None => Cow::Borrowed(text),
        Some((day, used)) => {
            args.push(day.into());
            args.push((used + count).into());
            Cow::Owned(text.replacen(
                "with ",
                &format!("with {},\n", include_str!("sql/claim_count.sql").trim()),
                1,
            ))
        }
    };
    prepared::update(client, &text, &args).map_err(internal)?;
    let moves = events::Moves {
        run: claimed.run,
        before: 0,
        at,
    };
    let object = &compiled.plan.object.name;
    moves.tell(client, object, &compiled.events)?;
    moves.keep_clocks(client, object, &compiled.slas, None)
}
