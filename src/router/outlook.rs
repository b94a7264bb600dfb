//! What would become of one record: the same situation and the same allocation as a run's, asked for it alone; and how
//! everybody stands who could have it.

use chrono::{DateTime, Utc};
use pgrx::prelude::*;

use crate::allocation::{Member, Outcome, Pool, PoolReport, Presence, Quota, Reason, SeatReport, Strategy, Target};
use crate::error::{Result, internal};
use crate::router::decide::{Candidates, Carried};
use crate::router::distribution_rule::DistributionRule;
use crate::router::explain::{Line, line};
use crate::router::plan::Plan;
use crate::router::situation::barred::{self, Barred};
use crate::router::situation::matching::Hit;
use crate::router::situation::presence;
use crate::router::situation::{Answer, Situation, allocation_error};

/// A record as the plan's expressions see it.
pub struct Record<'a> {
    /// Its key; a record that is not stored may have none.
    pub key: Option<&'a str>,
    /// Who owns it.
    pub owner: Option<&'a str>,
    /// Which leaf it reaches.
    pub leaf: usize,
    /// What else the plan reads of it.
    pub numbers: Vec<i64>,
    /// And its texts.
    pub texts: Vec<Option<&'a str>>,
    /// Whether it is a candidate at all.
    pub candidate: bool,
}

/// What would become of a record.
pub struct Verdict {
    /// By which transfer, automation or ruleset.
    pub by: String,
    /// Whether it would move.
    pub moves: bool,
    /// To whom; None = to nobody.
    pub rep: Option<String>,
    /// Into which hopper.
    pub hopper: Option<String>,
    /// Why.
    pub reason: String,
    /// The assignment rule that matched.
    pub rule: Option<String>,
    /// The distribution rule whose turn it would take.
    pub distribution_rule: Option<String>,
}

/// Tells who would have the record, and how the others stand.
///
/// # Errors
/// Those of a run.
pub fn tell(plan: &Plan, record: &Record<'_>, about: DateTime<Utc>, lines: &mut Vec<Line>) -> Result<Verdict> {
    let leaf = plan
        .leaves
        .get(record.leaf)
        .ok_or_else(|| internal("leaf out of range"))?;
    let owner = |name: &str| plan.reps.iter().position(|rep| rep == name);
    let candidates = Candidates {
        count: 1,
        tids: Carried::NONE,
        in_heap_order: true,
        keys: Carried::of(vec![record.key.map(ToOwned::to_owned)]),
        tables: Carried::NONE,
        owners: Carried::of(vec![record.owner.map(ToOwned::to_owned)]),
        fields: Carried::NONE,
        leaves: vec![i32::try_from(record.leaf).map_err(internal)?],
        owned: vec![record.owner.map_or(-1, |name| {
            owner(name).map_or(-2, |rep| i32::try_from(rep).unwrap_or(-2))
        })],
        texts: record
            .texts
            .iter()
            .map(|text| Carried::of(vec![text.map(ToOwned::to_owned)]))
            .collect(),
        numbers: record.numbers.iter().map(|number| vec![*number]).collect(),
    };
    let (situation, answer, barred) = Spi::connect(|client| {
        let situation = Situation::of_plan(client, plan, about, None)?;
        let answer = situation.ask(client, plan, &candidates, false)?;
        let barred = barred::of_record(client, plan, (&situation.pools, &situation.goals), &candidates, about)?;
        Result::Ok((situation, answer, barred))
    })?;
    let Answer { report, matches, .. } = answer;
    let outcome = &report.outcome;
    let by_match = outcome.diverted.iter().any(|diverted| diverted.matched);
    let rep = outcome.rep.first().copied().unwrap_or(Outcome::LEFT);
    let winner = usize::try_from(rep).ok().and_then(|rep| plan.reps.get(rep));
    let found = situation.goals.get(record.leaf);
    let found = found.ok_or_else(|| internal("leaf out of range"))?;
    let handed_on = found.handed_on.is_some() || outcome.diverted.iter().any(|diverted| diverted.fallback);
    if let Some(single) = leaf.goal.single.and_then(|single| plan.singles.get(single as usize)) {
        lines.push(line("distribution rule", single.name.clone(), "rep"));
    }
    let named = found.named.and_then(|rep| plan.reps.get(rep as usize));
    if let Some((rep, why)) = named.and_then(|rep| Some((rep, presence::told(plan, rep, about)?))) {
        lines.push(line("rep", rep.clone(), "away").because(why));
    }
    if let Some(hit) = matches.hit(0) {
        tell_match(plan, &situation, hit, (rep, by_match, about), &barred, lines);
    }
    let mut target = Some(found.target).filter(|target| !by_match || matches!(target, Target::Pool(_)));
    // As many pools as it was handed on to, and at most each once.
    for _ in &plan.pools {
        let Some(Target::Pool(number)) = target else { break };
        let number = number as usize;
        let (Some(rule), Some(pool), Some(told)) = (
            plan.pools.get(number),
            situation.pools.get(number),
            report.pools.get(number),
        ) else {
            return Err(internal("pool out of range"));
        };
        lines.push(line("distribution rule", rule.name.clone(), rule.strategy.clone()));
        standings(plan, &situation, (rule, pool, told), (rep, about), &barred, lines)?;
        target = pool.otherwise.filter(|_| told.placed == 0);
    }
    if let Some(Target::Rep(rep)) = target {
        barred.tell(rep, plan, lines);
        let full = situation.capped.full_for(plan, rep as usize);
        lines.extend(full.and_then(|full| {
            let name = plan.reps.get(rep as usize)?;
            Some(line("rep", name.as_str(), Reason::CapsFull.as_str()).because(full))
        }));
    }
    let reason = outcome.reason.first().copied().unwrap_or(-1);
    let moves = record.candidate && reason == i16::from(Reason::Moved);
    let reason = match (record.candidate, moves) {
        (false, _) => "not a candidate",
        (true, false) => Reason::from(reason).as_str(),
        (true, true) if by_match => "match",
        (true, true) if handed_on => "fallback",
        (true, true) => leaf.reason.as_str(),
    };
    let diverted = outcome.diverted.iter().find(|diverted| diverted.fallback);
    let turn = diverted.and_then(|diverted| plan.pools.get(diverted.turn?.0 as usize));
    let handed_to = found.handed_on.and_then(|goal| goal.distribution_rule(plan));
    let verdict = Verdict {
        by: String::new(),
        moves,
        rep: winner.filter(|_| moves).cloned(),
        hopper: leaf.hopper.clone().filter(|_| moves),
        reason: reason.to_owned(),
        rule: leaf.rule.clone(),
        distribution_rule: match handed_on {
            _ if by_match => None,
            true => turn.map(|rule| rule.name.as_str()).or(handed_to).map(ToOwned::to_owned),
            false => leaf.distribution_rule.clone(),
        },
    };
    let to = match (&verdict.hopper, &verdict.rep) {
        _ if !moves => "left where it is".to_owned(),
        (Some(hopper), None) => format!("goes to hopper {hopper}"),
        (Some(hopper), Some(rep)) => format!("goes to hopper {hopper}, owned by {rep}"),
        (None, rep) => format!("goes to {}", rep.as_deref().unwrap_or("nobody")),
    };
    lines.push(line("outcome", reason, to));
    Ok(verdict)
}

/// What the record matches, and how its owner stands.
fn tell_match(
    plan: &Plan,
    situation: &Situation,
    hit: &Hit,
    (winner, by_match, about): (i32, bool, DateTime<Utc>),
    barred: &Barred,
    lines: &mut Vec<Line>,
) {
    let owner = &hit.first.owner;
    let mut detail = format!("owned by {owner}, score {}", hit.first.score);
    if let Some(second) = &hit.second {
        detail.push_str(&format!(
            "; runner-up {} of {}, score {}",
            second.key, second.owner, second.score
        ));
    }
    lines.push(line("match", hit.by(plan), hit.told(plan)).because(detail));
    let away = presence::told(plan, owner, about);
    if by_match {
        let winner = usize::try_from(winner).ok().and_then(|rep| plan.reps.get(rep));
        let detail = away.unwrap_or_else(|| "owns what it matches".to_owned());
        lines.push(line("rep", winner.unwrap_or(owner).clone(), "winner").because(detail));
        return;
    }
    if let Some(why) = away {
        lines.push(line("rep", owner.clone(), "away").because(why));
    }
    let Some(&rep) = plan.rep_numbers.get(owner) else {
        return;
    };
    // Whoever is of the pool is told of with it.
    let mut seats = situation.pools.iter().flat_map(|pool| &pool.seats);
    let told = seats.any(|seat| seat.rep == rep);
    if !told && !barred.tell(rep, plan, lines) {
        let full = situation.capped.full_for(plan, rep as usize);
        lines.extend(full.map(|full| line("rep", owner.clone(), Reason::CapsFull.as_str()).because(full)));
    }
}

/// How the members stand: the winner, those who would be next, those who cannot have it.
fn standings(
    plan: &Plan,
    situation: &Situation,
    (rule, pool, told): (&DistributionRule, &Pool, &PoolReport),
    (winner, about): (i32, DateTime<Utc>),
    barred: &Barred,
    lines: &mut Vec<Line>,
) -> Result<()> {
    let placed = told.placed > 0;
    let mut place = 0;
    for (member, released) in order(rule, pool, told, barred)? {
        let (Some(seat), Some(report)) = (pool.seats.get(member), told.seats.get(member)) else {
            continue;
        };
        let won = placed && report.received > 0 && i32::try_from(seat.rep) == Ok(winner);
        let outcome = if won {
            "winner".to_owned()
        } else {
            place += 1;
            format!("runner-up {place}")
        };
        let mut detail = facts(rule, seat, report, released);
        if let Some(why) = presence::told(plan, &seat.key, about) {
            detail.push_str(&format!("; {why}"));
        }
        lines.push(line("rep", seat.key.clone(), outcome).because(detail));
    }
    for (seat, report) in pool.seats.iter().zip(&told.seats) {
        if barred.tell(seat.rep, plan, lines) {
            continue;
        }
        match (seat.presence, report.closed.filter(|_| report.received == 0)) {
            (
                Presence::Away {
                    why: Reason::NobodyActive,
                    ..
                },
                _,
            ) => {
                lines.push(line("rep", seat.key.clone(), "inactive"));
            }
            (_, Some(reason)) => {
                let mut detail = facts(rule, seat, report, true);
                let full = report.full_by.and_then(|cap| situation.capped.full(plan, cap));
                detail.extend(full.map(|full| format!(", {full}")));
                if let Some(why) = presence::told(plan, &seat.key, about) {
                    detail.push_str(&format!("; {why}"));
                }
                lines.push(line("rep", seat.key.clone(), reason.as_str()).because(detail));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Those who could have it, the next first, and whether each is owed a turn.
fn order(rule: &DistributionRule, pool: &Pool, told: &PoolReport, barred: &Barred) -> Result<Vec<(usize, bool)>> {
    let open = |member: usize| {
        if pool.seats.get(member).is_some_and(|seat| barred.is(seat.rep)) {
            return false;
        }
        let received = told.seats.get(member).is_some_and(|seat| seat.received > 0);
        let closed = told.seats.get(member).is_some_and(|seat| seat.closed.is_some());
        let there = pool
            .seats
            .get(member)
            .is_some_and(|seat| seat.presence == Presence::Present);
        there && (received || !closed)
    };
    if pool.strategy == Strategy::Turns {
        let member = |(number, seat): (usize, &crate::allocation::Seat)| Member {
            key: seat.key.clone(),
            weight: seat.weight.clone(),
            position: seat.position,
            active: open(number),
        };
        let members: Vec<Member> = pool.seats.iter().enumerate().map(member).collect();
        let quota = Quota::new(&members, &pool.state).map_err(|problem| allocation_error(&rule.name, &problem))?;
        let standings = quota.standings().into_iter();
        return Ok(standings.map(|standing| (standing.member, standing.released)).collect());
    }
    let mut order: Vec<(usize, bool)> = (0..pool.seats.len()).filter(|&m| open(m)).map(|m| (m, true)).collect();
    order.sort_by_key(|&(member, _)| told.seats.get(member).is_none_or(|seat| seat.received == 0));
    Ok(order)
}

/// What its place follows from.
fn facts(rule: &DistributionRule, seat: &crate::allocation::Seat, report: &SeatReport, released: bool) -> String {
    let mut facts = format!("weight {}, deficit {:.6}", seat.weight, report.deficit_before);
    if matches!(rule.strategy.as_str(), "load" | "value" | "top_off" | "fixed") {
        facts.push_str(&format!(", holds {}", report.load_before));
    }
    if let Some(target) = &seat.target {
        facts.push_str(&format!(" of {target}"));
    }
    if let Some(room) = seat.room {
        facts.push_str(&format!(", room in the book {room}"));
    }
    if !released {
        facts.push_str(", had its share");
    }
    facts
}
