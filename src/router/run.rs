//! A run: locks, decision, move, audit, outcome, in the caller's transaction.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde::Deserialize;

use crate::allocation::{Outcome, Quota, Reason};
use crate::catalogue::read as read_intent;
use crate::clock;
use crate::error::{Place, Result, error_hint, internal};
use crate::router::decide::{Carried, Decision, Jsonbs, Oids, Texts, Tids, decide};
use crate::router::failure;
use crate::router::intent::{DistributionRule, Intent};
use crate::router::plan::{self, Plan};
use crate::router::statement;
use crate::xact::{as_extension_owner, as_role, current_role_name, with_users_search_path};

/// What a run did, summed over its steps.
#[derive(Debug, Default)]
pub struct Totals {
    /// Records looked at.
    pub candidates: i64,
    /// Records moved.
    pub assigned: i64,
    /// Reason to number of records left.
    pub reasons: BTreeMap<String, i64>,
    /// The transfers that ran.
    pub transfers: Vec<String>,
    /// Their objects.
    pub objects: Vec<String>,
}

/// The facts of a run's row that are known before it starts.
pub struct Header {
    /// Name and number of the schedule.
    pub schedule: Option<(String, i32)>,
    /// execute, schedule, manual or undo.
    pub trigger: String,
    /// When it was due.
    pub due_at: Option<TimestampWithTimeZone>,
    /// What it is about.
    pub as_of: TimestampWithTimeZone,
    /// Which attempt.
    pub attempt: i32,
    /// The run it undoes.
    pub undoes: Option<i64>,
    /// Whose rights it has.
    pub run_by: String,
}

/// Runs a transfer with the rights of whoever calls; returns the run's id.
///
/// # Errors
/// Everything that keeps it from running; nothing is left then.
pub fn execute(transfer: &str, as_of: TimestampWithTimeZone) -> Result<i64> {
    let started = started_now()?;
    let about = clock::from_pg(as_of)?;
    Intent::of_transfer(transfer)?;
    let locked = lock_transfers(&[transfer.to_owned()])?;
    let run = next_run_id()?;
    let mut totals = Totals::default();
    with_settings(about, || step(transfer, about, run, &locked, &mut totals))?;
    let header = Header {
        schedule: None,
        trigger: "execute".to_owned(),
        due_at: None,
        as_of,
        attempt: 1,
        undoes: None,
        run_by: current_role_name()?,
    };
    finish(run, &header, started, &totals)?;
    Ok(run)
}

/// A schedule as its run needs it.
#[derive(Deserialize)]
struct ScheduleRow {
    id: i32,
    name: String,
    owner: String,
    owner_oid: u32,
    steps: Vec<StepRow>,
}

#[derive(Deserialize)]
struct StepRow {
    position: i32,
    target: String,
    written_by: String,
}

/// Runs a schedule's steps, in order, as the schedule's owner; returns the run's id.
///
/// # Errors
/// Everything that keeps it from running; the caller's subtransaction takes back what was done.
pub fn run_steps(
    schedule: i32,
    trigger: String,
    due_at: Option<TimestampWithTimeZone>,
    as_of: TimestampWithTimeZone,
    attempt: i32,
) -> Result<i64> {
    let started = started_now()?;
    let about = clock::from_pg(as_of)?;
    let row: ScheduleRow = read_intent("select dist._schedule_intent($1)", &[schedule.into()])?
        .ok_or_else(|| internal("no such schedule"))?;
    if row.owner_oid == 0 {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
            format!("{}: role '{}' does not exist any more", place_of(&row.name), row.owner),
            "Set owner to a role that exists.",
        ));
    }
    let transfers: Vec<String> = row.steps.iter().map(|step| step.target.clone()).collect();
    let locked = lock_transfers(&transfers)?;
    let run = next_run_id()?;
    let mut totals = Totals::default();
    as_role(pg_sys::Oid::from(row.owner_oid), || {
        let writers: Vec<_> = row
            .steps
            .iter()
            .map(|step| {
                let at = format!("{}/{}", row.name, step.position);
                ("step", at, step.written_by.as_str())
            })
            .collect();
        check_writers(&writers)?;
        with_settings(about, || {
            for step_row in &row.steps {
                step(&step_row.target, about, run, &locked, &mut totals)?;
            }
            Ok(())
        })
    })?;
    let header = Header {
        schedule: Some((row.name, row.id)),
        trigger,
        due_at,
        as_of,
        attempt,
        undoes: None,
        run_by: row.owner,
    };
    finish(run, &header, started, &totals)?;
    Ok(run)
}

fn place_of(schedule: &str) -> Place<'_> {
    Place {
        table: "schedule",
        row: schedule,
    }
}

/// One transfer of a run whose locks are held.
fn step(transfer: &str, about: DateTime<Utc>, run: i64, locked: &Locked, totals: &mut Totals) -> Result<()> {
    let intent = Intent::of_transfer(transfer)?;
    check_writers(&intent.writers())?;
    let plan = plan::of_transfer(&intent, &clock::literal(about))?;
    if let Some(new) = locked.lacks(&plan) {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_T_R_SERIALIZATION_FAILURE,
            format!("dist.transfer '{transfer}': its rules changed to use '{new}' while the run waited for its locks"),
            "Run it again.",
        ));
    }
    Spi::connect_mut(|client| {
        let moved = move_records(client, &plan)?;
        record(client, &plan, &moved, run, about, totals, intent.unassigned_rows)
    })?;
    totals.transfers.push(transfer.to_owned());
    totals.objects.push(plan.object.name);
    Ok(())
}

/// Decides and moves. Candidates are not locked at first, for that would write every row twice; if the count of rows
/// moved shows that others changed some meanwhile, all is taken back and done again on locked candidates.
///
/// Returns the decision, and each candidate's new owner.
fn move_records(client: &mut SpiClient<'_>, plan: &Plan) -> Result<(Decision, Carried)> {
    let mut decision = decide(client, plan, false)?;
    let mut new_owners = decision.new_owners(plan);
    let mut moved = apply(client, plan, &decision, new_owners)?;
    if moved != decision.outcome.moved {
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
    Ok((decision, new_owners))
}

/// Moves what was decided; returns how many rows it would have moved. Where that is not all, nothing has moved.
fn apply(client: &mut SpiClient<'_>, plan: &Plan, decision: &Decision, new_owners: Carried) -> Result<usize> {
    if decision.outcome.moved == 0 {
        return Ok(0);
    }
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
    let call = "select moved, failure from dist._move($1, $2, $3, $4, $5, $6, $7)";
    let row = with_users_search_path(|| client.update(call, None, &args))
        .map_err(internal)?
        .first();
    let (moved, failure) = row.get_two::<i64, pgrx::JsonB>().map_err(internal)?;
    match failure {
        Some(failure) => Err(failure::raise(failure.0)),
        None => Ok(usize::try_from(moved.unwrap_or(0)).unwrap_or(0)),
    }
}

/// Writes the audit and keeps the pools.
fn record(
    client: &mut SpiClient<'_>,
    plan: &Plan,
    (decision, new_owners): &(Decision, Carried),
    run: i64,
    about: DateTime<Utc>,
    totals: &mut Totals,
    unassigned_rows: i64,
) -> Result<()> {
    let at = clock::to_pg(about)?;
    let candidates = &decision.candidates;
    let outcome = &decision.outcome;
    let left = count_reasons(outcome, totals);
    let leaves = &plan.leaves;
    let rules: Vec<Option<String>> = leaves.iter().map(|leaf| leaf.rule.clone()).collect();
    as_extension_owner(|| -> Result<()> {
        if outcome.moved > 0 {
            let reasons: Vec<String> = leaves.iter().map(|leaf| leaf.reason.clone()).collect();
            let distribution_rules: Vec<Option<String>> =
                leaves.iter().map(|leaf| leaf.distribution_rule.clone()).collect();
            client
                .update("select dist._ensure_partition($1)", None, &[at.into()])
                .map_err(internal)?;
            client
                .update(
                    include_str!("sql/assignment.sql"),
                    None,
                    &[
                        run.into(),
                        seq_before(totals.assigned)?.into(),
                        plan.object.name.clone().into(),
                        at.into(),
                        Texts(candidates.keys).into(),
                        Texts(candidates.owners).into(),
                        Texts(*new_owners).into(),
                        outcome.seq.clone().into(),
                        candidates.leaves.clone().into(),
                        Jsonbs(candidates.fields).into(),
                        reasons.into(),
                        rules.clone().into(),
                        distribution_rules.into(),
                    ],
                )
                .map_err(internal)?;
        }
        if left > 0 && unassigned_rows > 0 {
            client
                .update(
                    include_str!("sql/unassigned.sql"),
                    None,
                    &[
                        run.into(),
                        plan.object.name.clone().into(),
                        unassigned_rows.into(),
                        Texts(candidates.keys).into(),
                        outcome.reason.clone().into(),
                        candidates.leaves.clone().into(),
                        reason_names().into(),
                        rules.into(),
                    ],
                )
                .map_err(internal)?;
        }
        for (rule, quota) in plan.pools.iter().zip(&decision.quotas) {
            keep_pool(client, rule, quota, turns_of(plan, decision, &rule.name))?;
        }
        Ok(())
    })??;
    totals.candidates += i64::try_from(candidates.count).unwrap_or(i64::MAX);
    totals.assigned += i64::try_from(outcome.moved).unwrap_or(i64::MAX);
    Ok(())
}

/// How many turns of a distribution rule this decision used.
fn turns_of(plan: &Plan, decision: &Decision, rule: &str) -> i64 {
    let of_rule: Vec<bool> = plan
        .leaves
        .iter()
        .map(|leaf| leaf.distribution_rule.as_deref() == Some(rule))
        .collect();
    let used = decision
        .candidates
        .leaves
        .iter()
        .zip(&decision.outcome.seq)
        .filter(|(leaf, seq)| {
            **seq > 0
                && usize::try_from(**leaf)
                    .ok()
                    .and_then(|leaf| of_rule.get(leaf).copied())
                    .unwrap_or(false)
        })
        .count();
    i64::try_from(used).unwrap_or(i64::MAX)
}

/// Writes a pool's deficits back; `turns` were taken (or, negative, given back). Called as the extension's owner.
///
/// # Errors
/// 55006 when a run inside of this one has changed them meanwhile.
pub fn keep_pool(client: &mut SpiClient<'_>, rule: &DistributionRule, quota: &Quota, turns: i64) -> Result<()> {
    if turns == 0 {
        return Ok(());
    }
    let state = quota.state();
    // Whole numbers wider than 64 bits are JSON numbers all the same; only their text is needed.
    let deficits: Vec<String> = state
        .deficits
        .iter()
        .map(|(rep, deficit)| format!("{}: {deficit}", serde_json::Value::from(rep.as_str())))
        .collect();
    let kept = client
        .update(
            "update dist.pool set total_weight = $2::numeric, scale = $3, deficits = $4::jsonb, turns = turns + $5 \
             where distribution_rule = $1 and turns = $6 returning 1",
            None,
            &[
                rule.name.clone().into(),
                state.total_weight.to_string().into(),
                i32::try_from(state.scale).unwrap_or(i32::MAX).into(),
                format!("{{{}}}", deficits.join(", ")).into(),
                turns.into(),
                rule.turns().into(),
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
                    row: &rule.name
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

/// Adds up why records were left; returns how many were.
fn count_reasons(outcome: &Outcome, totals: &mut Totals) -> i64 {
    let mut counts: BTreeMap<i16, i64> = BTreeMap::new();
    for code in outcome.reason.iter().filter(|code| **code != 0) {
        *counts.entry(*code).or_default() += 1;
    }
    for (code, count) in &counts {
        let name = Reason::from(*code).as_str().to_owned();
        *totals.reasons.entry(name).or_default() += count;
    }
    counts.values().sum()
}

/// Names of the reasons by code, from 1.
fn reason_names() -> Vec<String> {
    (1..=i16::MAX)
        .map(Reason::from)
        .take_while(|reason| *reason != Reason::Unknown)
        .map(|reason| reason.as_str().to_owned())
        .collect()
}

/// The instant by clock_timestamp().
///
/// # Errors
/// When it cannot be read.
pub fn started_now() -> Result<TimestampWithTimeZone> {
    Spi::connect(|client| {
        client
            .select("select pg_catalog.clock_timestamp()", None, &[])
            .and_then(|rows| rows.first().get_one())
    })
    .map_err(internal)?
    .ok_or_else(|| internal("no clock"))
}

/// What a run has locked, by the intent that it saw before it had to wait.
#[derive(Deserialize)]
struct Locked {
    objects: Vec<String>,
    pools: Vec<String>,
}

impl Locked {
    /// The object or pool that a plan needs and that is not locked.
    fn lacks<'a>(&self, plan: &'a Plan) -> Option<&'a str> {
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
fn lock_transfers(transfers: &[String]) -> Result<Locked> {
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

/// Writes the row of a run that succeeded.
///
/// # Errors
/// 23505 when the schedule has already run successfully at that instant.
pub fn finish(run: i64, header: &Header, started: TimestampWithTimeZone, totals: &Totals) -> Result<()> {
    let only = |names: &[String]| match names {
        [first, rest @ ..] if rest.iter().all(|name| name == first) => Some(first.clone()),
        _ => None,
    };
    let reasons = serde_json::to_value(&totals.reasons).map_err(internal)?;
    let (schedule, schedule_id) = header.schedule.clone().unzip();
    as_extension_owner(|| {
        Spi::run_with_args(
            include_str!("sql/finish.sql"),
            &[
                run.into(),
                schedule.into(),
                schedule_id.into(),
                only(&totals.transfers).into(),
                only(&totals.objects).into(),
                header.trigger.clone().into(),
                header.due_at.into(),
                header.as_of.into(),
                header.attempt.into(),
                started.into(),
                totals.candidates.into(),
                totals.assigned.into(),
                totals.reasons.values().sum::<i64>().into(),
                pgrx::JsonB(reasons).into(),
                header.undoes.into(),
                header.run_by.clone().into(),
            ],
        )
    })?
    .map_err(internal)
}

/// Refuses text of somebody whom the role that runs it does not trust.
///
/// # Errors
/// 42501 naming the row and its writer.
pub fn check_writers(writers: &[(&'static str, String, &str)]) -> Result<()> {
    let names: Vec<String> = writers.iter().map(|(_, _, writer)| (*writer).to_owned()).collect();
    let owner = current_role_name()?;
    let distrusted = as_extension_owner(|| {
        Spi::connect(|client| {
            client
                .select(
                    "select dist._distrusted($1, $2)",
                    None,
                    &[owner.clone().into(), names.into()],
                )?
                .first()
                .get_one::<Vec<String>>()
        })
    })?
    .map_err(internal)?
    .unwrap_or_default();
    let Some((table, row, writer)) = writers
        .iter()
        .find(|(_, _, writer)| distrusted.iter().any(|name| name == writer))
    else {
        return Ok(());
    };
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!(
            "{}: it was written by '{writer}', who is not a member of '{owner}', the role that would run it",
            Place { table, row }
        ),
        format!("Let a member of '{owner}' (or a superuser) look at the row and write it again with UPDATE."),
    ))
}

/// What is the same in every run, whatever the session has: dist.as_of(), memory for whole sets, no parallel plans (whose
/// order of rows array_agg would inherit), and how values are written as text, which the audit keeps and undo reads.
const SETTINGS: [&str; 6] = [
    "pg_dist.as_of",
    "work_mem",
    "max_parallel_workers_per_gather",
    "DateStyle",
    "IntervalStyle",
    "extra_float_digits",
];

/// Runs `work` with the settings of a run. All is as before when it returns; an error takes it back with everything else.
///
/// # Errors
/// Those of `work`.
pub fn with_settings<T>(about: DateTime<Utc>, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let former = texts(
        "select array(select coalesce(current_setting(s.name, true), '') from unnest($1::text[]) with ordinality s(name, n) \
         order by s.n)",
        &[settings_names().into()],
    )?;
    let memory = texts(
        "select array[greatest(pg_size_bytes(current_setting('work_mem')) / 1024, $1) || 'kB']",
        &[i64::from(crate::settings::work_mem_kb()).into()],
    )?
    .concat();
    let values = [&clock::literal(about), &memory, "0", "ISO, YMD", "postgres", "1"];
    set_settings(values.map(ToOwned::to_owned).to_vec())?;
    let outcome = work()?;
    set_settings(former)?;
    Ok(outcome)
}

fn settings_names() -> Vec<String> {
    SETTINGS.map(ToOwned::to_owned).to_vec()
}

fn texts(query: &str, args: &[pgrx::datum::DatumWithOid<'_>]) -> Result<Vec<String>> {
    Spi::connect(|client| client.select(query, None, args)?.first().get_one::<Vec<String>>())
        .map_err(internal)?
        .ok_or_else(|| internal("settings cannot be read"))
}

fn set_settings(values: Vec<String>) -> Result<()> {
    Spi::connect(|client| {
        client
            .select(
                "select set_config(s.name, s.value, true) from rows from (unnest($1::text[]), unnest($2::text[])) s(name, value)",
                None,
                &[settings_names().into(), values.into()],
            )
            .map(|_| ())
    })
    .map_err(internal)
}
