//! What is written about a step's records: what moved, what was left and why, what the allocation was asked, and whose turn it
//! is now. The run's own row is in [`run_row`](super::run_row).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::allocation::{Arrays, Outcome, PoolState, Reason, Recorded, Report};
use crate::clock;
use crate::error::{Place, Result, error_hint, internal};
use crate::prepared;
use crate::router::decide::{Carried, Decision, Jsonbs, Texts};
use crate::router::distribution_rule::DistributionRule;
use crate::router::events;
use crate::router::exclusion::Beyond;
use crate::router::hopper;
use crate::router::kept::Compiled;
use crate::router::lock::States;
use crate::router::partition::ensure_partition;
use crate::router::plan::Plan;
use crate::router::run_row::Totals;
use crate::router::ways::{Way, Ways};
use crate::xact::as_extension_owner;

/// Writes the audit and keeps the pools.
pub fn record(
    client: &mut SpiClient<'_>,
    compiled: &Compiled,
    (decision, new_owners): &(Decision, Carried),
    run: i64,
    about: DateTime<Utc>,
    totals: &mut Totals,
    states: &States,
) -> Result<()> {
    let plan = &compiled.plan;
    let unassigned_rows = compiled.intent.unassigned_rows;
    let at = clock::to_pg(about)?;
    let candidates = &decision.candidates;
    let outcome = decision.outcome();
    let reasons = count_reasons(outcome);
    let left: i64 = reasons.values().sum();
    let ways = Ways::of(plan, decision);
    let rules: Vec<Option<String>> = ways.ways.iter().map(|way| way.rule.clone()).collect();
    as_extension_owner(|| -> Result<()> {
        if outcome.moved > 0 {
            let of_ways = |part: fn(&Way) -> Option<String>| ways.ways.iter().map(part).collect::<Vec<_>>();
            ensure_partition(client, at)?;
            let from = hopper::take_out(client, plan, decision)?;
            prepared::update(
                client,
                include_str!("sql/assignment.sql"),
                &[
                    run.into(),
                    seq_before(totals.assigned)?.into(),
                    plan.object.name.clone().into(),
                    at.into(),
                    Texts(candidates.keys).into(),
                    Texts(candidates.owners).into(),
                    Texts(*new_owners).into(),
                    outcome.seq.clone().into(),
                    ways.of.to_vec().into(),
                    Jsonbs(candidates.fields).into(),
                    of_ways(|way| Some(way.reason.clone())).into(),
                    rules.clone().into(),
                    of_ways(|way| way.distribution_rule.clone()).into(),
                    of_ways(|way| way.turn_of.clone()).into(),
                    of_ways(|way| way.note.clone()).into(),
                    of_ways(|way| way.hopper.clone()).into(),
                    from.into(),
                    decision.matches.told(plan).into(),
                ],
            )
            .map_err(internal)?;
            hopper::put_in(client, plan, (decision, Texts(*new_owners)), &ways, (run, at))?;
            let moves = events::Moves {
                run,
                before: seq_before(totals.assigned)?,
                at,
            };
            moves.tell(client, &plan.object.name, &compiled.intent.events)?;
            let transfer = compiled.intent.transfer.as_ref();
            let ruleset = transfer.and_then(|transfer| transfer.to_ruleset.as_deref());
            moves.keep_clocks(client, &plan.object.name, &compiled.intent.slas, ruleset)?;
        }
        if left > 0 && unassigned_rows > 0 {
            prepared::update(
                client,
                include_str!("sql/unassigned.sql"),
                &[
                    run.into(),
                    plan.object.name.clone().into(),
                    unassigned_rows.into(),
                    Texts(candidates.keys).into(),
                    outcome.reason.clone().into(),
                    ways.of.to_vec().into(),
                    reason_names().into(),
                    rules.into(),
                ],
            )
            .map_err(internal)?;
        }
        if let Some(asked) = &decision.asked {
            keep_decision(client, plan, asked, run, &decision.report, totals, &reasons)?;
        }
        for (rule, pool) in plan.pools.iter().zip(&decision.report.pools) {
            let before = states.get(&rule.name).map_or(0, |row| row.turns);
            let turns = i64::try_from(pool.placed).unwrap_or(i64::MAX);
            keep_pool(client, &rule.name, &pool.state, &pool.credits, before, turns)?;
        }
        decision.situation.capped.keep(client, plan, &decision.report.caps_left)
    })??;
    for (reason, count) in reasons {
        *totals.reasons.entry(reason).or_default() += count;
    }
    totals.candidates += i64::try_from(candidates.count).unwrap_or(i64::MAX);
    totals.assigned += i64::try_from(outcome.moved).unwrap_or(i64::MAX);
    Ok(())
}

/// Writes what was meant and is no candidate: of the records that came in, those that are gone; and what is excluded where
/// only so many are taken.
///
/// # Errors
/// When it cannot be written.
pub fn record_missing(
    client: &mut SpiClient<'_>,
    compiled: &Compiled,
    decision: &Decision,
    run: i64,
    (only_keys, beyond): (Option<Carried>, Option<Beyond>),
    totals: &mut Totals,
) -> Result<()> {
    let plan = &compiled.plan;
    let (object, most) = (&plan.object.name, compiled.intent.unassigned_rows);
    if let Some(beyond) = beyond.filter(|beyond| beyond.count > 0) {
        let rules: Vec<Option<String>> = plan.leaves.iter().map(|leaf| leaf.rule.clone()).collect();
        as_extension_owner(|| {
            prepared::update(
                client,
                include_str!("sql/excluded.sql"),
                &[
                    run.into(),
                    object.clone().into(),
                    most.into(),
                    Texts(beyond.keys).into(),
                    beyond.leaves.into(),
                    rules.into(),
                ],
            )
            .map(|_| ())
        })?
        .map_err(internal)?;
        *totals.reasons.entry(Reason::Excluded.as_str().to_owned()).or_default() += beyond.count;
    }
    let Some(keys) = only_keys.filter(|keys| !keys.has(decision.candidates.count)) else {
        return Ok(());
    };
    let missing = as_extension_owner(|| -> pgrx::spi::Result<Vec<(String, i64)>> {
        let args = [
            run.into(),
            object.clone().into(),
            most.into(),
            Texts(keys).into(),
            Texts(decision.candidates.keys).into(),
        ];
        prepared::update(client, include_str!("sql/gone.sql"), &args)?
            .map(|row| {
                Ok((
                    row.get::<String>(1)?.unwrap_or_default(),
                    row.get::<i64>(2)?.unwrap_or(0),
                ))
            })
            .collect()
    })?
    .map_err(internal)?;
    for (reason, count) in missing {
        *totals.reasons.entry(reason).or_default() += count;
        totals.candidates += count;
    }
    Ok(())
}

/// Writes a pool's deficits back; `turns` were taken (or, negative, given back), where `before` had been taken. Called as
/// the extension's owner.
///
/// # Errors
/// 55006 when a run inside of this one has changed them meanwhile.
pub fn keep_pool(
    client: &mut SpiClient<'_>,
    rule: &str,
    state: &PoolState,
    credits: &BTreeMap<String, i64>,
    before: i64,
    turns: i64,
) -> Result<()> {
    if turns == 0 {
        return Ok(());
    }
    // Whole numbers wider than 64 bits are JSON numbers all the same; only their text is needed.
    let deficits: Vec<String> = state
        .deficits
        .iter()
        .map(|(rep, deficit)| format!("{}: {deficit}", serde_json::Value::from(rep.as_str())))
        .collect();
    let kept = prepared::update(
        client,
        include_str!("sql/keep_pool.sql"),
        &[
            rule.to_owned().into(),
            state.total_weight.to_string().into(),
            i32::try_from(state.scale).unwrap_or(i32::MAX).into(),
            format!("{{{}}}", deficits.join(", ")).into(),
            turns.into(),
            before.into(),
            serde_json::to_string(credits).map_err(internal)?.into(),
        ],
    )
    .map_err(internal)?;
    // The row is locked, so only this very transaction can have taken turns since they were read.
    if kept.is_empty() {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
            format!(
                "{}: a run inside of this one has taken turns of it",
                Place {
                    table: "distribution_rule",
                    row: rule
                }
            ),
            "A trigger on the records that move calls pg_dist; let its transfer use a distribution rule of its own.",
        ));
    }
    Ok(())
}

fn seq_before(assigned: i64) -> Result<i32> {
    i32::try_from(assigned).map_err(|_| internal("more than 2 147 483 647 records in one run"))
}

/// How many records were left for each reason.
fn count_reasons(outcome: &Outcome) -> BTreeMap<String, i64> {
    let mut counts: BTreeMap<i16, i64> = BTreeMap::new();
    for code in outcome.reason.iter().filter(|code| **code != 0) {
        *counts.entry(*code).or_default() += 1;
    }
    let named = |(code, count): (i16, i64)| (Reason::from(code).as_str().to_owned(), count);
    counts.into_iter().map(named).collect()
}

/// Keeps what the run was asked, for a replay.
fn keep_decision(
    client: &mut SpiClient<'_>,
    plan: &Plan,
    (asked, arrays): &(Recorded, Arrays),
    run: i64,
    report: &Report,
    totals: &Totals,
    reasons: &BTreeMap<String, i64>,
) -> Result<()> {
    let outcome = &report.outcome;
    if outcome.rep.is_empty() {
        return Ok(());
    }
    let reached = |(n, rule): (usize, &DistributionRule)| asked.reached(n).then(|| rule.name.clone());
    let rules: Vec<Option<String>> = plan.pools.iter().enumerate().map(reached).collect();
    let methods: Vec<&str> = report.pools.iter().map(|pool| pool.method.as_str()).collect();
    let some = |list: &Vec<i32>| Some(list.clone()).filter(|list| !list.is_empty());
    let long = |list: &Vec<i64>| Some(list.clone()).filter(|list| !list.is_empty());
    prepared::update(
        client,
        include_str!("sql/decision.sql"),
        &[
            run.into(),
            plan.source_name.clone().into(),
            plan.object.name.clone().into(),
            i32::try_from(outcome.rep.len()).map_err(internal)?.into(),
            seq_before(totals.assigned)?.into(),
            i32::try_from(outcome.moved).map_err(internal)?.into(),
            pgrx::JsonB(serde_json::to_value(reasons).map_err(internal)?).into(),
            plan.reps.clone().into(),
            serde_json::to_string(asked).map_err(internal)?.into(),
            some(&arrays.leaves).into(),
            some(&arrays.owned).into(),
            some(&arrays.class_of).into(),
            long(&arrays.values).into(),
            long(&arrays.hashes).into(),
            some(&arrays.previous).into(),
            i32::try_from(totals.transfers.len() + 1).map_err(internal)?.into(),
            rules.into(),
            methods.into(),
            long(&arrays.segments).into(),
            some(&arrays.matched).into(),
        ],
    )
    .map(|_| ())
    .map_err(internal)
}

/// Names of the reasons by code, from 1.
fn reason_names() -> Vec<String> {
    (1..=i16::MAX)
        .map(Reason::from)
        .take_while(|reason| *reason != Reason::Unknown)
        .map(|reason| reason.as_str().to_owned())
        .collect()
}
