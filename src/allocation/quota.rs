//! Round robin and weighted: the quota method on kept counters.
//!
//! Balinski and Young's quota method gives each turn to a member that stays below its upper quota by taking it, so chosen that
//! nobody falls below the lower one; Tijdeman's chairman assignment problem is the theory of the form used here: of
//! the members whose slot is *released* (d + w/W > 0) the one with the *earliest due date*, ceil((1 - d) W / w). The
//! promise is |x - t w/W| < 1 for every member after every record, which no divisor method and no smooth weighted round
//! robin keeps. Round robin is the case of equal weights.
//!
//! The promise is for a membership that stays as it is, from even counters. Absent members keep their deficits, so those
//! of the others do not sum to zero meanwhile and may pass one turn by some fraction.
//!
//! All arithmetic is exact on integers; [`super::limit`] shows why it cannot overflow.

use std::collections::{BTreeMap, HashSet};

use super::contender::{Contender, Rule};
use super::error::AllocationError;
use super::ledger::{self, Ledger};
use super::limit::{self, GRAIN};
use super::tournament::Tournament;
use super::weight;
use super::{Member, PoolState};

/// The turns of one pool, handed out one after the other.
#[derive(Debug, Clone)]
pub struct Quota {
    /// Keys by member, in the caller's order.
    keys: Vec<String>,
    /// Weights by member in millionths.
    weights: Vec<i128>,
    /// Members by position, then key: what decides when all else is equal.
    order: Vec<usize>,
    /// Decimals with which the weights were written.
    scale: u32,
    /// What was kept, for as long as nobody is active: then there is no turn to take, nothing to round, and nobody over
    /// whom to spread what leavers held.
    idle: Option<PoolState>,
    /// Deficits as of step 0; those of members who take no turns are current.
    ledger: Ledger,
    /// Active members, as indexes into `keys`, in `order`.
    active: Vec<usize>,
    /// The active members in absolute time.
    contenders: Vec<Contender>,
    /// The step that comes next, counted from the opening of the books.
    step: i64,
    due: Tournament,
    /// Made when nobody is released for the first time, which takes two absent members or more.
    claims: Option<Tournament>,
}

/// Where a member stands in the order of the next turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Index into the members the pool was opened with.
    pub member: usize,
    /// Whether it may take the next turn without running ahead of its share; the others come after all who may.
    pub released: bool,
    /// Turns it is entitled to less turns it was given. To be shown: decisions are made on exact integers.
    pub deficit: f64,
    /// Within how many turns it must have one to keep its share; 1 = the next, 0 = it is overdue (after an undo).
    pub deadline: u64,
}

impl Quota {
    /// Opens a pool on what was kept of it.
    ///
    /// Members come in any order. Known ones keep their deficits, active or not; new ones start at zero; what those who
    /// left still held is spread over the active. When the total of active weights has changed, deficits are rounded to
    /// its unit with their sum kept at zero.
    pub fn new(members: &[Member], state: &PoolState) -> Result<Quota, AllocationError> {
        if members.len() > limit::MEMBERS {
            return Err(AllocationError::TooManyMembers { count: members.len() });
        }
        ledger::check(state)?;
        let mut weights = Vec::with_capacity(members.len());
        let mut scale = 0;
        for member in members {
            let weight = weight::parse(member)?;
            weights.push(weight.units);
            scale = scale.max(weight.decimals);
        }
        let mut order: Vec<usize> = (0..members.len()).collect();
        order.sort_by(|&a, &b| {
            let (a, b) = (&members[a], &members[b]);
            (a.position, &a.key).cmp(&(b.position, &b.key))
        });
        let mut quota = Quota {
            keys: members.iter().map(|m| m.key.clone()).collect(),
            weights,
            active: order.iter().copied().filter(|&m| members[m].active).collect(),
            order,
            scale,
            idle: None,
            ledger: Ledger {
                total: 0,
                shares: Vec::new(),
                deficits: vec![0; members.len()],
            },
            contenders: Vec::new(),
            step: 0,
            due: Tournament::new(Rule::Due, &[], 0),
            claims: None,
        };
        quota.refuse_duplicates()?;
        if quota.active.is_empty() {
            quota.idle = Some(state.clone());
        } else {
            let taking_part = (0..members.len())
                .map(|m| if members[m].active { quota.weights[m] } else { 0 })
                .collect();
            quota.open(taking_part, state)?;
        }
        Ok(quota)
    }

    /// Who takes the next turn, as an index into the members; None when nobody is active.
    #[allow(
        clippy::should_implement_trait,
        reason = "a turn taken is a change of the books, not one item of a sequence to adapt"
    )]
    pub fn next(&mut self) -> Option<usize> {
        if self.step >= limit::TURNS {
            self.settle();
            self.start();
        }
        let winner = self.leader()?;
        let whole = self.whole();
        self.contenders[winner].win(whole);
        self.step += 1;
        // For the step to come: matches played for this one would have to be played again at once.
        self.due.changed(winner, &self.contenders, self.step);
        if let Some(claims) = &mut self.claims {
            claims.changed(winner, &self.contenders, self.step);
        }
        self.active.get(winner).copied()
    }

    /// The next `n` turns in order; empty when nobody is active.
    #[cfg(test)]
    pub fn take(&mut self, n: usize) -> Vec<u32> {
        // Members are at most 2^20, so an index always fits.
        std::iter::from_fn(|| self.next().and_then(|member| u32::try_from(member).ok()))
            .take(n)
            .collect()
    }

    /// How the active members are ordered for the next turn, best first.
    pub fn standings(&self) -> Vec<Standing> {
        let mut line: Vec<usize> = (0..self.contenders.len()).collect();
        line.sort_by(|&a, &b| Rule::order(&self.contenders[a], &self.contenders[b], self.step));
        let stand = |contender: usize| {
            let it = &self.contenders[contender];
            let left = (it.deadline() - i128::from(self.step)).max(0);
            Standing {
                member: self.active[contender],
                released: it.released(self.step),
                deficit: it.deficit(self.step) as f64 / self.whole() as f64,
                deadline: u64::try_from(left).unwrap_or(u64::MAX),
            }
        };
        line.into_iter().map(stand).collect()
    }

    /// Gives turns back, by member key, and names the keys that are not of this pool, whose turns are ignored.
    ///
    /// With the same members active at the same weights this is the exact inverse of having taken the turns. When nobody
    /// is active, all members bear the shares of the turns that come back.
    pub fn give_back(&mut self, counts: &BTreeMap<String, u64>) -> Result<Vec<String>, AllocationError> {
        let mut turns = vec![0; self.keys.len()];
        for (member, key) in self.keys.iter().enumerate() {
            turns[member] = i128::from(counts.get(key).copied().unwrap_or(0));
        }
        let all: i128 = turns.iter().sum();
        if all > i128::from(limit::TURNS) {
            return Err(AllocationError::TooManyTurns {
                count: u64::try_from(all).unwrap_or(u64::MAX),
            });
        }
        let known: HashSet<&String> = self.keys.iter().collect();
        let unknown = counts.keys().filter(|key| !known.contains(key)).cloned().collect();
        if all > 0 {
            let idle = self.idle.take();
            let given = self.give_back_to(&turns, idle.as_ref());
            if given.is_err() {
                // Refused: everything stays as it was.
                self.idle = idle;
            }
            given?;
        }
        Ok(unknown)
    }

    /// What is to be kept: opening the same members on it goes on as if nothing had been put away.
    pub fn state(&self) -> PoolState {
        if let Some(state) = &self.idle {
            return state.clone();
        }
        PoolState {
            total_weight: self.ledger.total,
            scale: self.scale,
            deficits: self.keys.iter().cloned().zip(self.deficits()).collect(),
        }
    }

    /// How many members the pool was opened with, active or not.
    pub fn members(&self) -> usize {
        self.keys.len()
    }

    fn refuse_duplicates(&self) -> Result<(), AllocationError> {
        let mut seen = HashSet::with_capacity(self.keys.len());
        for key in &self.keys {
            if !seen.insert(key.as_str()) {
                return Err(AllocationError::DuplicateMember { member: key.clone() });
            }
        }
        Ok(())
    }

    /// One turn, in the unit of the deficits.
    fn whole(&self) -> i128 {
        self.ledger.total * GRAIN
    }

    fn open(&mut self, weights: Vec<i128>, state: &PoolState) -> Result<(), AllocationError> {
        let kept = self
            .keys
            .iter()
            .map(|key| state.deficits.get(key).copied().unwrap_or(0))
            .collect();
        self.ledger = Ledger::open(weights, kept, state.total_weight, &self.order)?;
        self.start();
        Ok(())
    }

    fn give_back_to(&mut self, turns: &[i128], idle: Option<&PoolState>) -> Result<(), AllocationError> {
        if let Some(state) = idle {
            self.open(self.weights.clone(), state)?;
        }
        self.settle();
        let given = self.ledger.give_back(turns);
        self.start();
        given
    }

    /// Sets the clock to step 0 on the deficits of the ledger.
    fn start(&mut self) {
        let whole = self.whole();
        self.step = 0;
        self.contenders = self
            .active
            .iter()
            .map(|&m| Contender::new(self.ledger.deficits[m], self.ledger.shares[m] * GRAIN, whole))
            .collect();
        self.due = Tournament::new(Rule::Due, &self.contenders, 0);
        self.claims = None;
    }

    /// Writes the deficits of the active members back to the ledger.
    fn settle(&mut self) {
        self.ledger.deficits = self.deficits();
        self.step = 0;
        self.contenders.clear();
    }

    fn deficits(&self) -> Vec<i128> {
        let mut deficits = self.ledger.deficits.clone();
        for (&member, contender) in self.active.iter().zip(&self.contenders) {
            deficits[member] = contender.deficit(self.step);
        }
        deficits
    }

    fn leader(&mut self) -> Option<usize> {
        let leader = self.due.winner(&self.contenders, self.step)?;
        if self.contenders[leader].released(self.step) {
            return Some(leader);
        }
        // Nobody is released: absent members hold what the active ones have overdrawn. The largest claim is the least ahead.
        self.claims
            .get_or_insert_with(|| Tournament::new(Rule::Claim, &self.contenders, self.step))
            .winner(&self.contenders, self.step)
    }
}
