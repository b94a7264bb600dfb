//! The move itself: all that was decided, or nothing and a decision anew.

use chrono::{DateTime, Utc};
use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::error::{Result, error_hint, internal};
use crate::prepared;
use crate::router::decide::{Carried, Decision, MOST_BY_KEPT_PLAN, Oids, Reading, Texts, Tids, decide};
use crate::router::failure;
use crate::router::give_way::giving_way;
use crate::router::inside;
use crate::router::lock::States;
use crate::router::plan::Plan;
use crate::router::statement;
use crate::worker::raised::{last_raised, watching_errors};
use crate::worker::running::{self, Phase};
use crate::xact::{attempt, begin_writing, with_users_search_path};

/// Decides and moves. Candidates are not locked at first, for that would write every row twice; if the count of rows
/// moved shows that others changed some meanwhile, all is taken back and done again on locked candidates.
///
/// Returns the decision, and each candidate's new owner.
pub fn move_records(
    client: &mut SpiClient<'_>,
    plan: &Plan,
    only_keys: Option<Carried>,
    about: DateTime<Utc>,
    states: &States,
) -> Result<(Decision, Carried)> {
    let mut decision = decide(client, plan, only_keys, about, Some(states), Reading::Kept)?;
    let mut new_owners = decision.new_owners(plan);
    let mut moved = apply(client, plan, &decision, new_owners)?;
    if moved != decision.outcome().moved {
        running::phase(Phase::Reading);
        let mut again = || -> Result<_> {
            begin_writing();
            let decision = decide(client, plan, only_keys, about, Some(states), Reading::Locked)?;
            let new_owners = decision.new_owners(plan);
            let moved = apply(client, plan, &decision, new_owners)?;
            Ok((decision, new_owners, moved))
        };
        (decision, new_owners, moved) = if is_part_of_a_statement(plan)? {
            again()?
        } else {
            // The locks of candidates go with the subtransaction, where it gives way.
            let outcome = giving_way(|| {
                attempt(|| {
                    let outcome = again();
                    let done = outcome.is_ok();
                    (outcome, done)
                })
            })?;
            match (outcome, last_raised()) {
                (Ok(outcome), _) => outcome?,
                (Err(_), Some(raised)) => return Err(failure::raise_watched(&raised)),
                (Err(caught), None) => caught.rethrow(),
            }
        };
    }
    if moved != decision.outcome().moved {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
            format!(
                "{} of {} records of {} could not be moved",
                decision.outcome().moved.saturating_sub(moved),
                decision.outcome().moved,
                plan.object.relation()?.sql()
            ),
            "A trigger or a row security policy on the table holds them back; leave such records out by criteria.",
        ));
    }
    running::moved(moved);
    Ok((decision, new_owners))
}

/// How deep in triggers it is, where the object's table has triggers of ours.
fn trigger_depth(plan: &Plan) -> Result<Option<i32>> {
    if !plan.object.relation()?.intake {
        return Ok(None);
    }
    Spi::connect(|client| {
        let rows = prepared::select(client, "select pg_catalog.pg_trigger_depth()", &[])?;
        rows.first().get_one::<i32>()
    })
    .map_err(internal)
}

/// What moves by itself what a statement brings is a part of that statement, and waits as it does.
fn is_part_of_a_statement(plan: &Plan) -> Result<bool> {
    Ok(trigger_depth(plan)?.is_some_and(|depth| depth > 0))
}

/// Moves what was decided; returns how many rows it would have moved. Where that is not all, nothing has moved.
fn apply(client: &mut SpiClient<'_>, plan: &Plan, decision: &Decision, new_owners: Carried) -> Result<usize> {
    if decision.outcome().moved == 0 {
        return Ok(0);
    }
    running::moving(decision.outcome().moved);
    let candidates = &decision.candidates;
    let mut args: Vec<DatumWithOid<'_>> = vec![
        Tids(candidates.tids).into(),
        decision.outcome().rep.clone().into(),
        Texts(new_owners).into(),
        Texts(candidates.owners).into(),
        Oids(candidates.tables).into(),
    ];
    let sql = if decision.outcome().moved == 1 {
        let place = decision.outcome().seq.iter().position(|seq| *seq > 0).unwrap_or(0) + 1;
        args.push(i32::try_from(place).map_err(internal)?.into());
        statement::moves_one(plan, decision.shape)?
    } else {
        statement::moves(plan, decision.shape, candidates.in_heap_order)?
    };
    // Its own triggers must know what pg_dist itself moves from what code of the user's changes meanwhile.
    let depth = trigger_depth(plan)?;
    let _moving = inside::moving(depth);
    let many = decision.outcome().moved as i64 > MOST_BY_KEPT_PLAN;
    let mut write = || {
        attempt(|| {
            let moved = watching_errors(|| {
                with_users_search_path(|| {
                    if many {
                        client.update(sql.as_str(), None, &args)
                    } else {
                        prepared::update(client, &sql, &args)
                    }
                })
            })
            .map(|rows| rows.len());
            // Others changed some of the records since they were read: take all back, so that it can be done again.
            let all = moved.as_ref().is_ok_and(|moved| *moved == decision.outcome().moved);
            (moved, all)
        })
    };
    let moved = match depth {
        Some(depth) if depth > 0 => write(),
        _ => giving_way(write)?,
    };
    match (moved, last_raised()) {
        (Ok(moved), _) => moved.map_err(internal),
        (Err(_), Some(raised)) => Err(failure::raise_watched(&raised)),
        (Err(caught), None) => caught.rethrow(),
    }
}
