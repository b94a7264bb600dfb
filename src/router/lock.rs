//! A run's locks, taken before anything is read: the objects, then the pools, then the caps, each in one order for
//! everybody. The very statement that locks the pools returns whose turn it is. And the id that is drawn once they are held.

use std::collections::BTreeMap;
use std::rc::Rc;

use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde::Deserialize;

use crate::error::{Result, internal, raised};
use crate::prepared;
use crate::router::distribution_rule::PoolRow;
use crate::router::kept;
use crate::router::mover::Mover;
use crate::router::plan::Plan;
use crate::router::reach::{Destination, Said};
use crate::worker::invalidate::Kept;
use crate::xact::{as_extension_owner, attempt};

const OBJECTS: &str = include_str!("sql/lock_objects.sql");
const OBJECTS_SHARED: &str = include_str!("sql/share_objects.sql");
const POOLS: &str = include_str!("sql/lock_pools.sql");
const CAPS: &str = include_str!("sql/lock_caps.sql");
/// Which of the rows are not there yet, and how they are made. $1 their names.
const NEW_OBJECTS: [&str; 2] = [
    "select n from unnest($1) n where not exists (select from dist.object_state s where s.object = n)",
    "insert into dist.object_state (object) select * from unnest($1) on conflict do nothing",
];
const NEW_POOLS: [&str; 2] = [
    "select n from unnest($1) n where not exists (select from dist.pool s where s.distribution_rule = n)",
    "insert into dist.pool (distribution_rule) select * from unnest($1) on conflict do nothing",
];
const NEW_CAPS: [&str; 2] = [
    "select n from unnest($1) n where not exists (select from dist.cap_state s where s.cap = n)",
    "insert into dist.cap_state (cap) select * from unnest($1) on conflict do nothing",
];
/// Whoever holds the lock is not waited for: the row is missing from the answer.
const NOWAIT: &str = " skip locked";
/// More destinations than this are forgotten together.
const MOST_KEPT: usize = 10_000;

/// What a run has locked, by the intent that it saw before it had to wait.
pub struct Locked {
    objects: Vec<String>,
    pools: Vec<String>,
    caps: Vec<String>,
    /// Whose turn it is; used up by the first step, for steps take turns.
    states: Option<States>,
}

/// The pools' rows by name.
pub type States = BTreeMap<String, PoolRow>;

impl Locked {
    /// The object, pool or cap that a plan needs and that is not locked.
    pub fn lacks<'a>(&self, plan: &'a Plan) -> Option<&'a str> {
        let object = &plan.object.name;
        if !self.objects.contains(object) {
            return Some(object);
        }
        let pools = plan.pools.iter().map(|pool| pool.name.as_str());
        let caps = plan.caps.iter().filter(|cap| cap.is_locked());
        let caps = caps.map(|cap| cap.name.as_str());
        let mut lacking = pools
            .filter(|pool| !self.pools.iter().any(|name| name == pool))
            .chain(caps.filter(|cap| !self.caps.iter().any(|name| name == cap)));
        lacking.next()
    }

    /// Code of the user's runs that may take turns.
    pub fn turns_may_pass(&mut self) {
        self.states = None;
    }

    /// Whose turn it is now.
    ///
    /// # Errors
    /// When the pools cannot be read.
    pub fn states(&mut self) -> Result<States> {
        match self.states.take() {
            Some(states) => Ok(states),
            None => as_extension_owner(|| Spi::connect_mut(|client| lock_pools(client, &self.pools, false)))?,
        }
    }
}

/// What a transfer's run locks.
#[derive(Clone, Default, Deserialize)]
pub struct Needs {
    /// Objects whose records move.
    pub objects: Vec<String>,
    /// Pools whose turns are taken.
    pub pools: Vec<String>,
    /// Caps that count.
    pub caps: Vec<String>,
    /// Whether its objects are never shared.
    #[serde(default)]
    pub alone: bool,
}

/// Whether a run shares its object with others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// One run at a time.
    Alone,
    /// Beside other transactions that route what they bring, and beside runs: where its needs allow it.
    Beside,
}

thread_local! {
    static NEEDS: Kept<Needs, Destination> = Kept::new(MOST_KEPT);
}

/// Takes the locks of a run of these; none where something is locked and is not to be waited for.
///
/// # Errors
/// When they cannot be taken.
pub fn lock_movers(movers: &[Mover], nowait: bool) -> Result<Option<Locked>> {
    lock_with(movers, Vec::new(), nowait)
}

/// The same with objects whose records the run changes otherwise.
///
/// # Errors
/// When they cannot be taken.
pub fn lock_with(movers: &[Mover], objects: Vec<String>, nowait: bool) -> Result<Option<Locked>> {
    let mut all = Needs {
        objects,
        ..Needs::default()
    };
    for mover in movers {
        let needs = needs(mover)?;
        all.objects.extend(needs.objects.iter().cloned());
        all.pools.extend(needs.pools.iter().cloned());
        all.caps.extend(needs.caps.iter().cloned());
    }
    lock(all, nowait)
}

/// The same for one, which may share its object.
///
/// # Errors
/// When they cannot be taken.
pub fn lock_mover(mover: &Mover, nowait: bool, sharing: Sharing) -> Result<Option<Locked>> {
    let needs = Needs::clone(&*needs(mover)?);
    lock_as(needs, nowait, sharing)
}

/// What a run of it locks: the same for all that lead to one destination; where there is no such row, nothing.
///
/// # Errors
/// When it cannot be read.
pub fn needs(mover: &Mover) -> Result<Rc<Needs>> {
    let Some(destination) = kept::said(mover)?.as_ref().as_ref().map(Said::destination) else {
        return Ok(Rc::default());
    };
    NEEDS.with(|kept| {
        kept.get(&destination, true, || {
            let args = [mover.kind.table().into(), mover.name.clone().into()];
            crate::catalogue::read_newest("select dist._needs($1, $2)", &args)?
                .ok_or_else(|| internal("nothing says what is to be locked"))
        })
    })
}

/// Takes these locks; none where something is locked and is not to be waited for.
///
/// # Errors
/// When they cannot be taken.
pub fn lock(needs: Needs, nowait: bool) -> Result<Option<Locked>> {
    lock_as(needs, nowait, Sharing::Alone)
}

fn lock_as(needs: Needs, nowait: bool, sharing: Sharing) -> Result<Option<Locked>> {
    let Needs {
        mut objects,
        mut pools,
        mut caps,
        alone,
    } = needs;
    let how = match sharing {
        Sharing::Beside if !alone => OBJECTS_SHARED,
        _ => OBJECTS,
    };
    for names in [&mut objects, &mut pools, &mut caps] {
        names.sort();
        names.dedup();
    }
    let states = as_extension_owner(|| {
        Spi::connect_mut(|client| {
            // Rows are made by the first run that needs them.
            if !lock_all(client, how, NEW_OBJECTS, &objects, nowait)? {
                return Ok(None);
            }
            let mut states = lock_pools(client, &pools, nowait)?;
            if states.len() < pools.len() {
                if !make(client, NEW_POOLS, &pools, nowait)? {
                    return Ok(None);
                }
                states = lock_pools(client, &pools, nowait)?;
                if states.len() < pools.len() {
                    return Ok(None);
                }
            }
            Ok(lock_all(client, CAPS, NEW_CAPS, &caps, nowait)?.then_some(states))
        })
    })??;
    Ok(states.map(|states| Locked {
        objects,
        pools,
        caps,
        states: Some(states),
    }))
}

/// Makes the rows that are missing. False where it is to be given up: where none is missing it is a lock that is held and
/// not to be waited for; nor is who is making the same ones at this moment, if that takes longer than lock_timeout.
fn make(client: &mut SpiClient<'_>, texts: [&str; 2], names: &[String], nowait: bool) -> Result<bool> {
    let args = [names.to_vec().into()];
    let [missing, new] = texts;
    if prepared::update(client, missing, &args).map_err(internal)?.is_empty() {
        return Ok(!nowait);
    }
    if !nowait {
        return prepared::update(client, new, &args).map(|_| true).map_err(internal);
    }
    match attempt(|| (prepared::update(client, new, &args).map(|_| true), true)) {
        Ok(made) => made.map_err(internal),
        Err(caught) => {
            if raised(&caught).sql_error_code() == PgSqlErrorCode::ERRCODE_LOCK_NOT_AVAILABLE {
                return Ok(false);
            }
            caught.rethrow()
        }
    }
}

/// Locks rows by name, and makes those that are missing.
fn lock_all(client: &mut SpiClient<'_>, text: &str, new: [&str; 2], names: &[String], nowait: bool) -> Result<bool> {
    if lock_rows(client, text, names, nowait)? == names.len() {
        return Ok(true);
    }
    Ok(make(client, new, names, nowait)? && lock_rows(client, text, names, nowait)? == names.len())
}

fn lock_rows(client: &mut SpiClient<'_>, text: &str, names: &[String], nowait: bool) -> Result<usize> {
    if names.is_empty() {
        return Ok(0);
    }
    let text = if nowait { &format!("{text}{NOWAIT}") } else { text };
    prepared::update(client, text, &[names.to_vec().into()])
        .map(|rows| rows.len())
        .map_err(internal)
}

fn lock_pools(client: &mut SpiClient<'_>, pools: &[String], nowait: bool) -> Result<States> {
    lock_pool_rows(client, pools, nowait).map_err(internal)
}

fn lock_pool_rows(client: &mut SpiClient<'_>, pools: &[String], nowait: bool) -> pgrx::spi::Result<States> {
    if pools.is_empty() {
        return Ok(States::new());
    }
    let text = if nowait { &format!("{POOLS}{NOWAIT}") } else { POOLS };
    let mut states = States::new();
    for row in prepared::update(client, text, &[pools.to_vec().into()])? {
        states.insert(
            row.get::<String>(1)?.unwrap_or_default(),
            PoolRow {
                total_weight: row.get::<String>(2)?.unwrap_or_default(),
                scale: row
                    .get::<i32>(3)?
                    .and_then(|scale| u32::try_from(scale).ok())
                    .unwrap_or(0),
                // What cannot be read is no whole number either, and is refused as such.
                deficits: row
                    .get::<String>(4)?
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .unwrap_or_else(PoolRow::unreadable),
                turns: row.get::<i64>(5)?.unwrap_or(0),
                credits: row
                    .get::<String>(6)?
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .unwrap_or_default(),
            },
        );
    }
    Ok(states)
}

/// Draws the id of a run; its locks must be held by then.
///
/// # Errors
/// When the sequence is exhausted.
pub fn next_run_id() -> Result<i64> {
    as_extension_owner(|| {
        Spi::connect_mut(|client| {
            prepared::update(client, "select nextval('dist.run_id_seq'::regclass)", &[])?
                .first()
                .get_one::<i64>()
        })
    })?
    .map_err(internal)?
    .ok_or_else(|| internal("no run id"))
}
