//! Turns that an undo gives back to their pools. Where nothing has happened to a pool since the run, it is put back exactly
//! as the run found it; else its members are entitled to what they had been entitled to without the run's records.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use pgrx::spi::SpiClient;

use crate::allocation::{Member, PoolState, Presence, Quota, distribute};
use crate::catalogue::read;
use crate::error::{Result, internal};
use crate::router::distribution_rule::{DistributionRule, MemberRow};
use crate::router::record::keep_pool;
use crate::router::replay::decided;
use crate::router::situation::allocation_error;
use crate::working::{Roster, Standing};
use crate::xact::as_extension_owner;

/// What a pool keeps between runs.
type Books = (PoolState, BTreeMap<String, i64>);

/// A pool in a run, by what was kept of it.
struct Past {
    /// As the run found it.
    before: Books,
    /// As the run left it.
    after: Books,
    /// How many turns it took.
    placed: u64,
    /// Who took part, and who was away.
    members: Vec<Member>,
}

/// Gives the turns of the records that went back to their pools: `run` is undone by the run `id`.
///
/// # Errors
/// When a pool's row is not what it should be.
pub fn give_back(client: &mut SpiClient<'_>, run: i64, id: i64, pools: &[String]) -> Result<()> {
    if pools.is_empty() {
        return Ok(());
    }
    as_extension_owner(|| {
        let turns: BTreeMap<String, BTreeMap<String, u64>> =
            read(include_str!("sql/turns.sql"), &[run.into(), id.into()])?.unwrap_or_default();
        let mut pasts = pasts(run)?;
        for name in pools {
            let Some(rule): Option<DistributionRule> = read("select dist._rule_intent($1)", &[name.clone().into()])?
            else {
                continue;
            };
            let Some(counts) = turns.get(name) else {
                continue;
            };
            let row = rule.pool.as_ref();
            let state = row.map_or_else(|| Ok(PoolState::default()), |row| row.state(name))?;
            let now = (state, row.map(|row| row.credits.clone()).unwrap_or_default());
            let total = counts.values().sum::<u64>();
            let past = pasts.remove(name);
            let untouched = past
                .as_ref()
                .is_some_and(|past| past.after == now && past.placed == total);
            let (state, credits) = match past {
                Some(past) if untouched => past.before,
                past => {
                    let members = match past {
                        Some(past) => past.members,
                        None => members(run, &rule)?,
                    };
                    let wrong = |problem| allocation_error(name, &problem);
                    let mut quota = Quota::new(&members, &now.0).map_err(wrong)?;
                    quota.give_back(counts).map_err(wrong)?;
                    (quota.state(), now.1)
                }
            };
            let turns = -i64::try_from(total).map_err(internal)?;
            keep_pool(client, name, &state, &credits, row.map_or(0, |row| row.turns), turns)?;
        }
        Ok(())
    })?
}

/// The pools that gave records in a run, by name; none where nothing was kept of it.
fn pasts(run: i64) -> Result<BTreeMap<String, Past>> {
    let mut pasts: BTreeMap<String, Past> = BTreeMap::new();
    for step in decided(run, false)? {
        let report = step
            .asked
            .again(step.records, step.arrays, distribute)
            .map_err(internal)?;
        let pools = step.pools.into_iter().zip(step.asked.pools()).zip(report.pools);
        for ((name, asked), told) in pools.filter(|(_, told)| told.placed > 0) {
            let Some(name) = name else { continue };
            let after = (told.state, told.credits);
            let members = asked.seats.iter().map(|seat| Member {
                key: seat.key.clone(),
                weight: seat.weight.clone(),
                position: seat.position,
                active: seat.presence == Presence::Present,
            });
            let members = members.collect();
            match pasts.get_mut(&name) {
                // A second step took turns of it.
                Some(past) => {
                    past.after = after;
                    past.placed += told.placed;
                    past.members = members;
                }
                None => {
                    let before = (asked.state.clone(), asked.credits.clone());
                    let placed = told.placed;
                    let past = Past {
                        before,
                        after,
                        placed,
                        members,
                    };
                    pasts.insert(name, past);
                }
            }
        }
    }
    rename(run, &mut pasts)?;
    Ok(pasts)
}

/// Whoever has another name by now goes by that, as the pool does.
fn rename(run: i64, pasts: &mut BTreeMap<String, Past>) -> Result<()> {
    let members = pasts.values().flat_map(|past| &past.members);
    let owed = pasts.values().flat_map(|past| past.before.0.deficits.keys());
    let names: BTreeSet<&String> = members.map(|member| &member.key).chain(owed).collect();
    let args = [names.into_iter().cloned().collect::<Vec<String>>().into(), run.into()];
    let now: BTreeMap<String, String> = read(include_str!("sql/now_called.sql"), &args)?.unwrap_or_default();
    if now.is_empty() {
        return Ok(());
    }
    let name = |then: &String| now.get(then).unwrap_or(then).clone();
    for past in pasts.values_mut() {
        for (state, credits) in [&mut past.before, &mut past.after] {
            state.deficits = state.deficits.iter().map(|(rep, owed)| (name(rep), *owed)).collect();
            *credits = credits.iter().map(|(rep, credit)| (name(rep), *credit)).collect();
        }
        for member in &mut past.members {
            member.key = name(&member.key);
        }
    }
    Ok(())
}

/// Who took part in a run of which nothing was kept, as far as rules and working hours say now: who was away was entitled to
/// nothing, so nothing is taken back of him.
fn members(run: i64, rule: &DistributionRule) -> Result<Vec<Member>> {
    let away = away(run, rule)?;
    let member = |row: &MemberRow| Member {
        key: row.rep.clone(),
        weight: rule.weight(row),
        position: row.position,
        active: row.active && !away.contains(&row.rep),
    };
    Ok(rule.members.iter().map(member).collect())
}

/// Who of a rule's members was away in a run, as far as the working hours say now: he was entitled to nothing, so nothing is
/// taken back of it.
fn away(run: i64, rule: &DistributionRule) -> Result<BTreeSet<String>> {
    #[derive(serde::Deserialize)]
    struct Then {
        at: DateTime<Utc>,
        people: Roster,
    }
    let members: Vec<String> = rule.members.iter().map(|row| row.rep.clone()).collect();
    let then: Option<Then> = read(
        "select jsonb_build_object('at', r.as_of, 'people', dist._people_intent($2)) from dist.run r where r.id = $1",
        &[run.into(), members.clone().into()],
    )?;
    let Some(Then { at, people }) = then else {
        return Ok(BTreeSet::new());
    };
    let away = |rep: &String| matches!(people.standing(rep, at), Standing::Away { stand_in: None, .. });
    let found: BTreeSet<String> = members.iter().filter(|rep| away(rep)).cloned().collect();
    // Nobody there: all were assigned anyway.
    let all = rule
        .members
        .iter()
        .filter(|row| row.active)
        .all(|row| found.contains(&row.rep));
    Ok(if all { BTreeSet::new() } else { found })
}
