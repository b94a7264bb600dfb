//! The move itself: all that was decided, or nothing and a decision anew.

use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::error::{Result, error_hint, internal};
use crate::router::decide::{Carried, Decision, Oids, Texts, Tids, decide};
use crate::router::failure;
use crate::router::plan::Plan;
use crate::router::statement;
use crate::worker::running::{self, Phase};
use crate::xact::with_users_search_path;

/// Decides and moves. Candidates are not locked at first, for that would write every row twice; if the count of rows
/// moved shows that others changed some meanwhile, all is taken back and done again on locked candidates.
///
/// Returns the decision, and each candidate's new owner.
pub fn move_records(client: &mut SpiClient<'_>, plan: &Plan) -> Result<(Decision, Carried)> {
    let mut decision = decide(client, plan, false)?;
    let mut new_owners = decision.new_owners(plan);
    let mut moved = apply(client, plan, &decision, new_owners)?;
    if moved != decision.outcome.moved {
        running::phase(Phase::Reading);
        decision = decide(client, plan, true)?;
        new_owners = decision.new_owners(plan);
        moved = apply(client, plan, &decision, new_owners)?;
    }
    if moved != decision.outcome.moved {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!(
                "{} of {} records of {} could not be moved",
                decision.outcome.moved.saturating_sub(moved),
                decision.outcome.moved,
                plan.object.relation()?.sql()
            ),
            "A trigger or a row security policy on the table holds them back; leave such records out by criteria.",
        ));
    }
    running::moved(moved);
    Ok((decision, new_owners))
}

/// Moves what was decided; returns how many rows it would have moved. Where that is not all, nothing has moved.
fn apply(client: &mut SpiClient<'_>, plan: &Plan, decision: &Decision, new_owners: Carried) -> Result<usize> {
    if decision.outcome.moved == 0 {
        return Ok(0);
    }
    running::phase(Phase::Moving);
    let candidates = &decision.candidates;
    let args = [
        statement::moves(plan, decision.shape, candidates.in_heap_order)?.into(),
        i64::try_from(decision.outcome.moved).map_err(internal)?.into(),
        Tids(candidates.tids).into(),
        decision.outcome.rep.clone().into(),
        Texts(new_owners).into(),
        Texts(candidates.owners).into(),
        Oids(candidates.tables).into(),
    ];
    let call = "select done, failure from dist._users_statement($1, $2, null, $3, $4, $5, $6, $7)";
    let row = with_users_search_path(|| client.update(call, None, &args))
        .map_err(internal)?
        .first();
    let (moved, failure) = row.get_two::<i64, pgrx::JsonB>().map_err(internal)?;
    match failure {
        Some(failure) => Err(failure::raise(failure.0)),
        None => Ok(usize::try_from(moved.unwrap_or(0)).unwrap_or(0)),
    }
}
