//! What is about to be run is made ready before: read, compiled and prepared, as the run itself would find it missing. Nothing is
//! run, and a run asks nothing of it: what changes meanwhile it reads again, as always ([`kept`]).

use chrono::{DateTime, Utc};
use pgrx::prelude::*;

use crate::error::{Result, internal};
use crate::prepared;
use crate::router::decide;
use crate::router::kept;
use crate::router::lock;
use crate::router::mover::Mover;
use crate::router::session::with_settings;
use crate::router::trust::check_writers;
use crate::xact::as_extension_owner;

/// The transfers that these schedules run, each once, in the schedules' order.
///
/// # Errors
/// When they cannot be read.
pub fn transfers_of(schedules: &[i32]) -> Result<Vec<String>> {
    as_extension_owner(|| {
        Spi::connect(|client| {
            let rows = prepared::select(client, "select dist._transfers_of($1)", &[schedules.to_vec().into()])?;
            rows.first().get_one::<Vec<String>>()
        })
    })?
    .map_err(internal)
    .map(Option::unwrap_or_default)
}

/// Reads together what the transfers of these schedules say.
///
/// # Errors
/// When it cannot be read.
pub fn read(schedules: &[i32]) -> Result<()> {
    kept::foresee(transfers_of(schedules)?)
}

/// Makes one of them ready for its run, with the rights of whoever is the current role.
///
/// # Errors
/// What would keep the run from being compiled; the run says so itself.
pub fn prepare(transfer: &str, about: DateTime<Utc>) -> Result<()> {
    let mover = Mover::transfer(transfer);
    lock::needs(&mover)?;
    with_settings(about, || {
        let compiled = kept::of_mover(&mover, None)?;
        // Not even PostgreSQL's parser sees the text of somebody who is not trusted.
        check_writers(&compiled.intent.writers())?;
        check_writers(&compiled.plan.limits.writers())?;
        Spi::connect(|client| decide::prepare(client, &compiled.plan))
    })
}
