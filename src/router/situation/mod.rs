//! What is known at the instant of a run beside the intent, and the question that it makes: who is there, what each holds
//! and may still take, which records each may have. One topic a file:
//!
//! | what | file |
//! | --- | --- |
//! | who is there, and who stands in | [`presence`] |
//! | what each holds, and weighs by performance | [`load`] |
//! | how much each shall hold | [`books`] |
//! | both counted, an object at a time | [`count`], [`holdings`] |
//! | what each may still take, and what is open | [`caps`], [`open`] |
//! | which records each may have | [`eligibility`], [`kinds`] |
//! | who held a record before | [`previous`] |
//! | who owns what matches a record | [`match_plan`], [`matching`] |
//! | which records are not taken from their owner | [`protection`] |
//! | who may not have one record, and why | [`barred`] |
//!
//! Run, preview and explain ask the same: [`Situation::of_plan`] before the candidates are read, [`Situation::ask`] once
//! they are.

pub mod barred;
pub mod books;
pub mod caps;
pub mod count;
pub mod eligibility;
pub mod holdings;
pub mod kinds;
pub mod load;
pub mod match_plan;
pub mod matching;
pub mod open;
pub mod presence;
pub mod previous;
pub mod protection;

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::allocation::{
    self, Arrays, Cap, Eligibility, Pool, PoolState, Recorded, Report, Request, Seat, Strategy, Target,
};
use crate::error::{Place, Result, error, internal};
use crate::router::decide::Candidates;
use crate::router::distribution_rule::{DistributionRule, MemberRow, PoolRow};
use crate::router::goal::{self, Found, Goal};
use crate::router::lock::States;
use crate::router::plan::Plan;
use crate::router::situation::caps::Capped;
use crate::router::situation::matching::Matches;

/// What is known of the pools and reps of a plan at an instant.
pub struct Situation {
    /// The pools, as `Target::Pool` numbers them.
    pub pools: Vec<Pool>,
    /// By leaf of the plan, where its records go.
    pub goals: Vec<Found>,
    /// By pool, where it hands on what its members cannot have.
    pub fallbacks: Vec<Option<Found>>,
    /// What reps may still take, by `capped`.
    pub caps: Vec<Cap>,
    /// What of the caps has been used.
    pub capped: Capped,
    about: DateTime<Utc>,
}

impl Situation {
    /// Looks at all that does not depend on the candidates; `states` is whose turn it is, where the plan itself does not say.
    ///
    /// # Errors
    /// A pool or weight that is not what it should be; what the user's expressions raise.
    pub fn of_plan(client: &SpiClient<'_>, plan: &Plan, about: DateTime<Utc>, states: Option<&States>) -> Result<Self> {
        let numbers = plan.holdings.read(client, about)?;
        let fallback = |goal: &Option<Goal>| goal.map(|goal| goal::find(plan, goal, about));
        let fallbacks: Vec<_> = plan.pool_fallbacks.iter().map(fallback).collect();
        let mut pools = Vec::with_capacity(plan.pools.len());
        for (number, rule) in plan.pools.iter().enumerate() {
            let there = presence::of_rule(plan, rule, about);
            let row = states.and_then(|states| states.get(&rule.name)).or(rule.pool.as_ref());
            let reps = plan
                .pool_reps
                .get(number)
                .ok_or_else(|| internal("pool out of range"))?;
            let held = plan.holdings.pools.get(number);
            let held = held.ok_or_else(|| internal("pool out of range"))?;
            let standings = held.counted.standings(rule, &numbers)?;
            let seat = |(member, (row, rep)): (usize, (&MemberRow, &u32))| -> Result<Seat> {
                let there = there.get(member);
                let stand_in = there.and_then(|there| there.stand_in);
                // Who stands in where loads are levelled is level with the others by what he holds himself.
                let holder = stand_in.and_then(|rep| plan.reps.get(rep as usize)).unwrap_or(&row.rep);
                let standing = standings.as_ref().and_then(|standings| standings.get(member));
                Ok(Seat {
                    key: row.rep.clone(),
                    own: *rep,
                    rep: stand_in.unwrap_or(*rep),
                    stand_in: stand_in.is_some(),
                    weight: standing.map_or_else(|| rule.weight(row), |standing| standing.weight.clone()),
                    position: row.position,
                    presence: there.map_or(allocation::Presence::Present, |there| there.presence),
                    load: match held.shelf.load(&row.rep, &numbers) {
                        Some(load) => load,
                        None => held.counted.load(rule, holder, &numbers)?,
                    },
                    target: held.shelf.target(member),
                    room: held.shelf.room(member, &row.rep, &numbers),
                })
            };
            pools.push(Pool {
                strategy: strategy(rule, row)?,
                seats: rule
                    .members
                    .iter()
                    .zip(reps)
                    .enumerate()
                    .map(seat)
                    .collect::<Result<_>>()?,
                segment: held.shelf.segment,
                state: row.map_or_else(|| Ok(PoolState::default()), |row| row.state(&rule.name))?,
                credits: row.map(|row| row.credits.clone()).unwrap_or_default(),
                otherwise: fallbacks.get(number).copied().flatten().map(|found| found.target),
                exact_cells: rule
                    .exact_cells
                    .map_or(allocation::limit::CELLS, |cells| cells as usize),
            });
        }
        let capped = Capped::of_plan(client, plan, about)?;
        let caps = capped.rooms(plan);
        let goals = plan
            .leaves
            .iter()
            .map(|leaf| goal::find(plan, leaf.goal, about))
            .collect();
        Ok(Self {
            pools,
            goals,
            fallbacks,
            caps,
            capped,
            about,
        })
    }

    /// Who gets each of the candidates; `keep` = and what was asked, to be kept.
    ///
    /// # Errors
    /// Numbers that make no sense, with the rule.
    pub fn ask(&self, client: &SpiClient<'_>, plan: &Plan, candidates: &Candidates, keep: bool) -> Result<Answer> {
        let targets: Vec<Target> = self.goals.iter().map(|found| found.target).collect();
        let named: Vec<Option<u32>> = self.goals.iter().map(|found| found.named).collect();
        let reassign: Vec<bool> = plan.leaves.iter().map(|leaf| leaf.reassign).collect();
        let unowned;
        let owned = if candidates.owned.is_empty() {
            unowned = vec![-1; candidates.leaves.len()];
            &unowned
        } else {
            &candidates.owned
        };
        let held = previous::of_candidates(client, plan, (&self.pools, &self.goals), candidates, self.about)?;
        let mut eligibility = Eligibility::default();
        let class_of = eligibility::classes(plan, candidates, &held, &mut eligibility)?;
        let matches = matching::of_candidates(client, plan, candidates, self.about)?;
        let values = load::values(client, plan, candidates)?;
        let request = Request {
            leaves: &candidates.leaves,
            targets: &targets,
            named: &named,
            reassign: &reassign,
            owned,
            reps: plan.reps.len(),
            pools: &self.pools,
            caps: &self.caps,
            eligibility: &eligibility,
            class_of: &class_of,
            values: &values,
            segments: plan.holdings.segments(candidates),
            decimals: load::DECIMALS,
            hashes: &held.hashes,
            previous: &held.previous,
            matched: &matches.reps,
            now: self.about.timestamp(),
        };
        Ok(Answer {
            report: allocation::distribute(&request).map_err(|problem| refused(plan, &problem))?,
            asked: keep.then(|| Recorded::of(&request)),
            matches,
        })
    }
}

/// What came of asking.
pub struct Answer {
    /// What becomes of each candidate, and what is to be kept of each pool.
    pub report: Report,
    /// What was asked.
    pub asked: Option<(Recorded, Arrays)>,
    /// What the candidates match.
    pub matches: Matches,
}

fn strategy(rule: &DistributionRule, row: Option<&PoolRow>) -> Result<Strategy> {
    Ok(match rule.strategy.as_str() {
        "round_robin" | "weighted" | "performance" => Strategy::Turns,
        "load" => Strategy::Load,
        "value" => Strategy::Value,
        "top_off" => Strategy::TopOff,
        "fixed" => Strategy::Fixed {
            each: rule.each.unwrap_or(0).into(),
        },
        "sticky" => Strategy::Sticky,
        // Another one for each run, and the same for its preview.
        "random" => Strategy::Random {
            seed: allocation::record_hash(&rule.name) ^ row.map_or(0, |row| row.turns.unsigned_abs()),
        },
        other => return Err(internal(format!("strategy {other}"))),
    })
}

/// An error of the pure allocation as an SQL error about a distribution rule.
pub fn allocation_error(rule: &str, problem: &allocation::AllocationError) -> pgrx::pg_sys::panic::ErrorReport {
    let place = Place {
        table: "distribution_rule",
        row: rule,
    };
    error(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("{place}: {problem}"),
    )
    .set_hint(problem.hint().to_owned())
}

/// The same where the allocation does not say of which rule it speaks.
fn refused(plan: &Plan, problem: &allocation::AllocationError) -> pgrx::pg_sys::panic::ErrorReport {
    let rules: Vec<&str> = plan.pools.iter().map(|rule| rule.name.as_str()).collect();
    allocation_error(&rules.join(", "), problem)
}
