//! Who held a record before: for rules that give it back to him, and for those that must not for a time; and from whom this
//! very run has taken it. Read from the audit in one statement, and only where somebody asks.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::allocation::{self, Pool, Target};
use crate::clock;
use crate::error::{Result, error_hint, internal};
use crate::router::decide::{Candidates, Texts, texts};
use crate::router::distribution_rule::DistributionRule;
use crate::router::goal::Found;
use crate::router::inside;
use crate::router::plan::Plan;
use crate::xact::as_extension_owner;

/// Bits of a whole number that has a sign.
const MOST_INTERVALS: usize = 62;

/// By candidate; empty where no rule asks.
#[derive(Default)]
pub struct Held {
    /// A hash of its key.
    pub hashes: Vec<u64>,
    /// The former owner's index in the dictionary of reps, below zero for nobody.
    pub previous: Vec<i32>,
    /// Candidates and reps who are kept from them, ascending.
    pub bars: Vec<(u32, u32)>,
    /// Why, in the same order.
    pub whys: Vec<Bar>,
}

/// Why a rep is kept from a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// This run has taken it from him.
    Taken,
    /// He gave it back, and the rule would give it to who had it.
    GaveBack,
    /// He held it within the rule's interval.
    Interval,
    /// He is among the last so many who held it.
    Number,
}

/// A rep who is kept from a record.
#[derive(Debug, Clone, Copy)]
pub struct Bar {
    /// Why.
    pub because: Because,
    /// The pool whose rule keeps him from it.
    pub pool: Option<u32>,
    /// When he was last seen to hold it, in microseconds since 1970.
    pub at: i64,
    /// Which of its holders he is, counted from the last.
    pub place: i32,
}

/// What the audit says of one rep and one candidate.
struct Holder {
    record: usize,
    rep: u32,
    place: i32,
    at: i64,
    taken: bool,
    gave_back: bool,
    /// By interval, a bit where it is not over.
    cooling: i64,
}

/// Looks the candidates' former owners up.
///
/// # Errors
/// When the history cannot be read.
pub fn of_candidates(
    client: &SpiClient<'_>,
    plan: &Plan,
    (pools, goals): (&[Pool], &[Found]),
    candidates: &Candidates,
    about: DateTime<Utc>,
) -> Result<Held> {
    let mut held = Held::default();
    let uses = |strategies: &[&str]| {
        plan.pools
            .iter()
            .any(|rule| strategies.contains(&rule.strategy.as_str()))
    };
    if uses(&["sticky", "random"]) {
        let keys = texts(client, candidates.keys, candidates.count)?;
        let hash = |key: Option<String>| allocation::record_hash(key.as_deref().unwrap_or_default());
        held.hashes = keys.into_iter().map(hash).collect();
    }
    let sticky = uses(&["sticky"]);
    let by_number = plan.pools.iter().any(|rule| rule.cool_down_holders.is_some());
    let by_interval = plan.pools.iter().any(|rule| rule.cool_down.is_some());
    let taken = inside::retrieved_by().is_some() || plan.not_back;
    if candidates.count == 0 || !(sticky || by_number || by_interval || taken) {
        return Ok(held);
    }
    let intervals = intervals(plan)?;
    let asked = Asked {
        intervals: &intervals,
        only_this_run: !(sticky || by_number || by_interval),
        within_intervals: !(sticky || by_number),
    };
    let holders = holders(client, plan, candidates, about, &asked)?;
    let mut chains = Chains::new(goals, pools);
    if sticky {
        held.previous = vec![-1; candidates.count];
    }
    for holder in holders {
        let Some(leaf) = candidates
            .leaves
            .get(holder.record)
            .and_then(|leaf| usize::try_from(*leaf).ok())
        else {
            continue;
        };
        let pool = chains.pool(leaf, holder.rep);
        let rule = pool.and_then(|pool| plan.pools.get(pool as usize));
        let bar = bar(&holder, pool, rule, &intervals);
        if let Some(bar) = bar {
            held.bars
                .push((u32::try_from(holder.record).map_err(internal)?, holder.rep));
            held.whys.push(bar);
        }
        // They come from the last to the first.
        if let Some(slot) = held.previous.get_mut(holder.record)
            && *slot < 0
            && bar.is_none()
            && rule.is_some_and(|rule| rule.strategy == "sticky")
        {
            *slot = i32::try_from(holder.rep).map_err(internal)?;
        }
    }
    Ok(held)
}

/// The different intervals of the rules.
fn intervals(plan: &Plan) -> Result<Vec<String>> {
    let intervals: BTreeSet<&String> = plan.pools.iter().filter_map(|rule| rule.cool_down.as_ref()).collect();
    if intervals.len() > MOST_INTERVALS {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_STATEMENT_TOO_COMPLEX,
            format!(
                "{}: its distribution rules have {} different cool-downs",
                plan.source,
                intervals.len()
            ),
            format!("At most {MOST_INTERVALS} different ones can be reached from one transfer."),
        ));
    }
    Ok(intervals.into_iter().cloned().collect())
}

fn bar(holder: &Holder, pool: Option<u32>, rule: Option<&DistributionRule>, intervals: &[String]) -> Option<Bar> {
    let interval = rule.and_then(|rule| rule.cool_down.as_ref());
    let bit = interval.and_then(|interval| intervals.binary_search(interval).ok());
    let by_interval = bit.is_some_and(|bit| holder.cooling >> bit & 1 == 1);
    let by_number = rule
        .and_then(|rule| rule.cool_down_holders)
        .is_some_and(|most| holder.place <= most);
    let because = match rule {
        _ if holder.taken => Because::Taken,
        _ if by_interval => Because::Interval,
        _ if by_number => Because::Number,
        Some(rule) if rule.strategy == "sticky" && holder.gave_back => Because::GaveBack,
        _ => return None,
    };
    Some(Bar {
        because,
        pool,
        at: holder.at,
        place: holder.place,
    })
}

/// What is asked of the history.
struct Asked<'a> {
    intervals: &'a [String],
    only_this_run: bool,
    within_intervals: bool,
}

/// Who held the candidates, by candidate and from the last holder to the first.
fn holders(
    client: &SpiClient<'_>,
    plan: &Plan,
    candidates: &Candidates,
    about: DateTime<Utc>,
    asked: &Asked<'_>,
) -> Result<Vec<Holder>> {
    let args = [
        plan.object.name.clone().into(),
        Texts(candidates.keys).into(),
        Texts(candidates.owners).into(),
        plan.reps.clone().into(),
        clock::to_pg(about)?.into(),
        asked.intervals.to_vec().into(),
        inside::retrieved_by().into(),
        asked.only_this_run.into(),
        asked.within_intervals.into(),
        inside::run_id().filter(|_| plan.not_back).into(),
    ];
    as_extension_owner(|| -> Result<_> {
        let row = client
            .select(include_str!("../sql/held.sql"), None, &args)
            .map_err(internal)?
            .first();
        let small = |ordinal| {
            row.get::<Vec<i32>>(ordinal)
                .map(Option::unwrap_or_default)
                .map_err(internal)
        };
        let large = |ordinal| {
            row.get::<Vec<i64>>(ordinal)
                .map(Option::unwrap_or_default)
                .map_err(internal)
        };
        let (records, reps, lasts, at, taken, cooling) =
            (small(1)?, small(2)?, large(3)?, large(4)?, small(5)?, large(6)?);
        let rows = records.into_iter().zip(reps).zip(lasts).zip(at).zip(taken).zip(cooling);
        let seen = rows.map(|(((((record, rep), last), at), taken), cooling)| Seen {
            record,
            rep,
            last,
            at,
            taken: taken == 1,
            cooling,
        });
        let mut seen: Vec<Seen> = seen.collect();
        seen.sort_unstable_by_key(|seen| (seen.record, Reverse(seen.last)));
        placed(&seen)
    })?
}

/// A row of the answer.
struct Seen {
    record: i32,
    /// -1 = somebody who is not in the dictionary, and yet a holder.
    rep: i32,
    last: i64,
    at: i64,
    taken: bool,
    cooling: i64,
}

/// Counts the holders of each record from the last, and leaves those out who are not in the dictionary.
fn placed(seen: &[Seen]) -> Result<Vec<Holder>> {
    let mut holders = Vec::with_capacity(seen.len());
    for of_record in seen.chunk_by(|one, next| one.record == next.record) {
        for (place, seen) in (1..).zip(of_record) {
            let Ok(rep) = u32::try_from(seen.rep) else {
                continue;
            };
            holders.push(Holder {
                record: usize::try_from(seen.record).map_err(internal)?,
                rep,
                place,
                at: seen.at,
                taken: seen.taken,
                gave_back: seen.last & 1 == 1,
                cooling: seen.cooling,
            });
        }
    }
    Ok(holders)
}

/// Which pool can give a rep the records of a leaf: the first, of those through which they are handed on, in which he is.
struct Chains<'a> {
    goals: &'a [Found],
    pools: &'a [Pool],
    of_leaf: HashMap<usize, HashMap<u32, u32>>,
}

impl<'a> Chains<'a> {
    fn new(goals: &'a [Found], pools: &'a [Pool]) -> Self {
        Self {
            goals,
            pools,
            of_leaf: HashMap::new(),
        }
    }

    fn pool(&mut self, leaf: usize, rep: u32) -> Option<u32> {
        let (goals, pools) = (self.goals, self.pools);
        let chain = self.of_leaf.entry(leaf).or_insert_with(|| {
            let mut of_rep = HashMap::new();
            let mut target = goals.get(leaf).map(|found| found.target);
            // At most each pool once: a circle is refused when the records are given out.
            for _ in pools {
                let Some(Target::Pool(number)) = target else { break };
                let Some(pool) = pools.get(number as usize) else { break };
                for seat in &pool.seats {
                    of_rep.entry(seat.rep).or_insert(number);
                    of_rep.entry(seat.own).or_insert(number);
                }
                target = pool.otherwise;
            }
            of_rep
        });
        chain.get(&rep).copied()
    }
}
