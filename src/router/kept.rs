//! What a session has compiled from intent, kept until the intent, or a table it is about, changes.
//!
//! Only what is the same in every run is in it: whose turn it is (the pools) is read by each run once its locks are held,
//! whom the owner trusts is asked anew, and rights and row security are PostgreSQL's own business at every execution.

use std::rc::Rc;

use serde_json::Value;

use crate::catalogue;
use crate::error::{Result, internal};
use crate::router::intent::Intent;
use crate::router::plan::{self, Plan};
use crate::router::statement;
use crate::worker::invalidate::Kept;
use crate::xact;

/// More transfers than this are forgotten together.
const MOST: usize = 2000;

/// A transfer, ready to be run.
pub struct Compiled {
    /// What it was compiled from.
    pub intent: Intent,
    /// The plan.
    pub plan: Plan,
}

thread_local! {
    static TRANSFERS: Kept<Compiled> = Kept::new(MOST);
    static LIMITS: Kept<Value> = Kept::new(1);
}

/// The transfer as intent says it now. To be called by runs that hold their locks.
///
/// # Errors
/// 42704 when there is no such transfer; what is wrong with its text.
pub fn of_transfer(name: &str) -> Result<Rc<Compiled>> {
    TRANSFERS.with(|kept| kept.get(name, true, || compile(name)))
}

fn compile(name: &str) -> Result<Compiled> {
    let intent = Intent::of_transfer(name)?;
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
    let plan = plan::of_transfer(&intent, statement::AS_OF)?;
    Ok(Compiled { intent, plan })
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
