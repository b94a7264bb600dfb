//! A run's locks, taken before anything is read, and the id that is drawn once they are held.

use pgrx::prelude::*;
use serde::Deserialize;

use crate::error::{Result, internal};
use crate::router::plan::Plan;
use crate::xact::as_extension_owner;

/// What a run has locked, by the intent that it saw before it had to wait.
#[derive(Deserialize)]
pub struct Locked {
    objects: Vec<String>,
    pools: Vec<String>,
}

impl Locked {
    /// The object or pool that a plan needs and that is not locked.
    pub fn lacks<'a>(&self, plan: &'a Plan) -> Option<&'a str> {
        let object = &plan.object.name;
        if !self.objects.contains(object) {
            return Some(object);
        }
        plan.pools
            .iter()
            .map(|pool| pool.name.as_str())
            .find(|pool| !self.pools.iter().any(|name| name == pool))
    }
}

/// Takes the locks of a run of these transfers.
pub fn lock_transfers(transfers: &[String]) -> Result<Locked> {
    as_extension_owner(|| {
        Spi::connect_mut(|client| {
            client
                .update(
                    "select dist._lock_transfers($1, false)",
                    None,
                    &[transfers.to_vec().into()],
                )?
                .first()
                .get_one::<pgrx::JsonB>()
        })
    })?
    .map_err(internal)?
    .map(|locked| serde_json::from_value(locked.0).map_err(internal))
    .ok_or_else(|| internal("nothing says what is locked"))?
}

/// Draws the id of a run; its locks must be held by then.
///
/// # Errors
/// When the sequence is exhausted.
pub fn next_run_id() -> Result<i64> {
    as_extension_owner(|| Spi::get_one::<i64>("select nextval('dist.run_id_seq'::regclass)"))?
        .map_err(internal)?
        .ok_or_else(|| internal("no run id"))
}
