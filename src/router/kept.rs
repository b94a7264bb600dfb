//! What a session has compiled from intent, kept until the intent, or a table it is about, changes.
//!
//! Only what is the same in every run is in it: whose turn it is (the pools) is read by each run once its locks are held,
//! whom the owner trusts is asked anew, and rights and row security are PostgreSQL's own business at every execution.

use std::rc::Rc;

use serde_json::Value;

use crate::catalogue;
use crate::error::{Result, internal};
use crate::router::intent::Intent;
use crate::router::mover::{Kind, Mover};
use crate::router::plan::{self, Plan};
use crate::router::reach::{Destination, Said};
use crate::router::statement;
use crate::worker::invalidate::{self, Kept};
use crate::xact;

/// More than this are forgotten together.
const MOST: usize = 2000;
/// So many destinations.
const MOST_REACHED: usize = 500;
/// So often what was read while something changed is read again.
const AGAIN: usize = 3;

/// What moves records, ready to be run.
pub struct Compiled {
    /// What it was compiled from.
    pub intent: Intent,
    /// The plan.
    pub plan: Plan,
}

thread_local! {
    static MOVERS: Kept<Compiled, Mover> = Kept::new(MOST);
    static SAID: Kept<Option<Said>, Mover> = Kept::new(MOST);
    static REACHED: Kept<Intent, Destination> = Kept::new(MOST_REACHED);
    static LIMITS: Kept<Value> = Kept::new(1);
}

/// What moves records, as intent says it now. To be called by runs that hold their locks. `most`: for so many records at
/// most, whatever its own limit is; then it is compiled for this run alone.
///
/// # Errors
/// 42704 when there is no such row; what is wrong with its text.
pub fn of_mover(mover: &Mover, most: Option<i64>) -> Result<Rc<Compiled>> {
    match most {
        None => MOVERS.with(|kept| kept.get(mover, true, || compile(mover, None))),
        Some(_) => compile(mover, most).map(Rc::new),
    }
}

fn compile(mover: &Mover, most: Option<i64>) -> Result<Compiled> {
    let mut intent = intent_of(mover)?;
    if let Some(transfer) = &mut intent.transfer {
        transfer.row_limit = transfer.row_limit.into_iter().chain(most).min();
    }
    let plan = plan::of_transfer(&intent, statement::AS_OF)?;
    Ok(Compiled { intent, plan })
}

/// What a mover says itself; None where there is no such row.
///
/// # Errors
/// When it cannot be read.
pub fn said(mover: &Mover) -> Result<Rc<Option<Said>>> {
    SAID.with(|kept| kept.get(mover, true, || Said::of(mover, true)))
}

/// Reads what these transfers say themselves in one statement, so that whoever runs them next does not ask for each.
///
/// # Errors
/// When it cannot be read.
pub fn foresee(transfers: Vec<String>) -> Result<()> {
    let movers = transfers.iter().map(|name| Mover::transfer(name));
    SAID.with(|kept| {
        kept.foresee(movers, |missing| {
            let names = missing.iter().map(|mover| mover.name.clone()).collect();
            let said = Said::all(Kind::Transfer, names, true)?;
            Ok(said
                .into_iter()
                .map(|(name, said)| (Mover::transfer(&name), Some(said)))
                .collect())
        })
    })
}

/// What it says and what it can reach are read one after the other: where something has changed meanwhile, both again.
fn intent_of(mover: &Mover) -> Result<Intent> {
    let mut times = 0;
    loop {
        let before = invalidate::generation();
        let said = said(mover)?;
        let said = Option::clone(&*said).ok_or_else(|| crate::check::no_such(mover.kind.table(), &mover.name))?;
        let destination = said.destination();
        let reached = REACHED.with(|kept| kept.get(&destination, true, || reached_from(&destination)))?;
        times += 1;
        invalidate::receive();
        if invalidate::generation() == before || times == AGAIN {
            return Ok(Intent::clone(&*reached).of(said));
        }
    }
}

/// Watched before it is kept: nothing else tells that one of its tables has changed.
fn reached_from(destination: &Destination) -> Result<Intent> {
    let intent = Intent::reached_from(destination)?;
    let matched = intent
        .matches
        .iter()
        .flat_map(|matches| &matches.rows)
        .map(|row| &row.other);
    let objects = intent
        .object
        .iter()
        .chain(intent.measures.objects.values())
        .chain(matched);
    for relation in objects.filter_map(|object| object.relation.as_ref()) {
        relation.watch();
    }
    Ok(intent)
}

/// Every policy with the value that holds, by name.
///
/// # Errors
/// When they cannot be read.
pub fn limits() -> Result<Rc<Value>> {
    LIMITS.with(|kept| {
        // Read with the caller's snapshot, which may be an old one, unless the transaction writes.
        kept.get("", xact::is_writing(), || {
            catalogue::read("select jsonb_object_agg(p.name, p.value) from dist.policies p", &[])?
                .ok_or_else(|| internal("no policies"))
        })
    })
}
