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
//! Who is away is entitled to nothing, or to what it misses up to a credit (`absence`). Who is full is away from the
//! next turn on, entitled to nothing ([`Quota::retire`]).
//!
//! All arithmetic is exact on integers; [`super::limit`] shows why it cannot overflow.

use std::collections::{BTreeMap, HashSet};

use super::error::AllocationError;
use super::ledger::{self, Ledger};
use super::limit::{self, GRAIN};
use super::turns::Turns;
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
    /// By member, how many turns it may be owed while it is away; 0 = its entitlement is frozen.
    credit: Vec<u16>,
    /// Members who are away and are entitled to what they miss.
    accruing: Vec<usize>,
    /// The step at which the first of them has all the credit it may have.
    stop: i64,
    /// Who takes no further turn, from the next one on.
    leaving: Vec<usize>,
    /// The active members in absolute time.
    turns: Turns,
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
    ///
    /// # Errors
    /// Weights, keys or a state that make no sense.
    pub fn new(members: &[Member], state: &PoolState) -> Result<Quota, AllocationError> {
        Quota::with_credit(members, vec![0; members.len()], &[], state)
    }

    /// The same where members who are not active may be entitled to what they miss: by member, until they are owed so many
    /// turns; 0 = to nothing. What the `lapsed` members are owed goes to those who are active.
    ///
    /// # Errors
    /// As for [`Quota::new`].
    pub fn with_credit(
        members: &[Member],
        credit: Vec<u16>,
        lapsed: &[usize],
        state: &PoolState,
    ) -> Result<Quota, AllocationError> {
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
                shares: vec![0; members.len()],
                deficits: vec![0; members.len()],
            },
            credit,
            accruing: Vec::new(),
            stop: i64::MAX,
            leaving: Vec::new(),
            turns: Turns::new(0, std::iter::empty()),
        };
        quota.refuse_duplicates()?;
        if quota.active.is_empty() {
            quota.idle = Some(state.clone());
        } else {
            let mut kept = quota.kept(state);
            ledger::lapse(&mut kept, lapsed, &quota.active, &quota.weights);
            quota.open(kept, state.total_weight)?;
        }
        Ok(quota)
    }

    /// Who takes the next turn, as an index into the members; None when nobody is active.
    #[allow(
        clippy::should_implement_trait,
        reason = "a turn taken is a change of the books, not one item of a sequence to adapt"
    )]
    pub fn next(&mut self) -> Option<usize> {
        if !self.leaving.is_empty() || self.turns.step() >= limit::TURNS {
            self.renew();
        }
        let winner = self.turns.take()?;
        let winner = self.active.get(winner).copied();
        if self.turns.step() >= self.stop {
            self.renew();
        }
        winner
    }

    /// A member takes no further turn: it is full. From the next turn on its entitlement is frozen, exactly as if the
    /// pool had been opened without it.
    pub fn retire(&mut self, member: usize) {
        self.leaving.push(member);
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
        let stand = |(contender, released, deficit, left): (usize, bool, i128, i128)| Standing {
            member: self.active[contender],
            released,
            deficit: deficit as f64 / self.whole() as f64,
            deadline: u64::try_from(left).unwrap_or(u64::MAX),
        };
        self.turns.line().into_iter().map(stand).collect()
    }

    /// Gives turns back, by member key, and names the keys that are not of this pool, whose turns are ignored.
    ///
    /// With the same members active at the same weights this is the exact inverse of having taken the turns. When nobody
    /// is active, all members bear the shares of the turns that come back.
    ///
    /// # Errors
    /// More turns than were ever handed out; everything stays as it was.
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

    /// Turns that were handed out by another rule than this method's: how many each member received. Everybody was entitled
    /// to its share of all of them; [`Quota::give_back`] is the inverse.
    ///
    /// # Errors
    /// Deficits beyond any proportion.
    pub fn record(&mut self, received: &[u64]) -> Result<(), AllocationError> {
        let turns: Vec<i128> = received.iter().map(|&x| -i128::from(x)).collect();
        if self.idle.is_some() || turns.iter().all(|&x| x == 0) {
            return Ok(());
        }
        self.give_back_to(&turns, None)
    }

    /// Changes deficits by amounts in their own unit, which sum to zero.
    pub(super) fn adjust(&mut self, amounts: &[i128]) -> Result<(), AllocationError> {
        if self.idle.is_some() {
            return Ok(());
        }
        self.settle();
        let adjusted = self.ledger.adjust(amounts);
        self.start();
        adjusted
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

    /// Whether nobody takes turns, so that everything stays as it was.
    pub(super) fn is_idle(&self) -> bool {
        self.idle.is_some()
    }

    /// Members by position, then key.
    pub(super) fn order(&self) -> &[usize] {
        &self.order
    }

    /// Members who are away and entitled to what they miss.
    pub(super) fn accruing(&self) -> &[usize] {
        &self.accruing
    }

    /// Weights without their common divisor, by member; zero for those who are entitled to nothing now.
    pub(super) fn shares(&self) -> &[i128] {
        &self.ledger.shares
    }

    /// Weights in millionths, by member, active or not.
    pub(super) fn weights(&self) -> &[i128] {
        &self.weights
    }

    /// Deficits by member, and one turn in their unit: zero where the pool was never used.
    pub(super) fn books(&self) -> (Vec<i128>, i128) {
        match &self.idle {
            Some(state) => (self.kept(state), state.total_weight * GRAIN),
            None => (self.deficits(), self.whole()),
        }
    }

    fn kept(&self, state: &PoolState) -> Vec<i128> {
        let kept = |key: &String| state.deficits.get(key).copied().unwrap_or(0);
        self.keys.iter().map(kept).collect()
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

    /// Opens the books on deficits in the unit of the total `before`, for those who are active or accruing now.
    fn open(&mut self, kept: Vec<i128>, before: i128) -> Result<(), AllocationError> {
        let mut taking_part = vec![false; self.keys.len()];
        for &member in &self.active {
            taking_part[member] = true;
        }
        self.accruing = (0..self.keys.len())
            .filter(|&m| !taking_part[m] && self.credit[m] > 0)
            .filter(|&m| before == 0 || kept[m] < i128::from(self.credit[m]) * before * GRAIN)
            .collect();
        for &member in &self.accruing {
            taking_part[member] = true;
        }
        let weight = |m: usize| if taking_part[m] { self.weights[m] } else { 0 };
        let weights = (0..self.keys.len()).map(weight).collect();
        self.ledger = Ledger::open(weights, kept, before, &self.order)?;
        self.start();
        Ok(())
    }

    /// Opens the books anew in the middle of a run, without those who leave and those who have all their credit.
    fn renew(&mut self) {
        let (whole, before) = (self.whole(), self.ledger.total);
        let mut kept = self.deficits();
        for &member in &self.accruing {
            // The rest of the last turn goes to the others: a credit is never passed.
            kept[member] = kept[member].min(i128::from(self.credit[member]) * whole);
        }
        for member in std::mem::take(&mut self.leaving) {
            self.active.retain(|&m| m != member);
            self.credit[member] = 0;
        }
        self.ledger.deficits = kept;
        if self.active.is_empty() {
            self.start();
            self.idle = Some(PoolState {
                total_weight: before,
                scale: self.scale,
                deficits: self.keys.iter().cloned().zip(self.ledger.deficits.clone()).collect(),
            });
            return;
        }
        // Never fails: these are some of the weights whose sum was accepted at the opening.
        let _ = self.open(self.ledger.deficits.clone(), before);
    }

    fn give_back_to(&mut self, turns: &[i128], idle: Option<&PoolState>) -> Result<(), AllocationError> {
        if let Some(state) = idle {
            let kept = self.kept(state);
            self.ledger = Ledger::open(self.weights.clone(), kept, state.total_weight, &self.order)?;
            self.start();
        }
        self.settle();
        let given = self.ledger.give_back(turns);
        self.start();
        given
    }

    /// Sets the clock to step 0 on the deficits of the ledger.
    fn start(&mut self) {
        let (whole, ledger, credit) = (self.whole(), &self.ledger, &self.credit);
        let part = |&m: &usize| (ledger.deficits[m], ledger.shares[m] * GRAIN);
        self.turns = Turns::new(whole, self.active.iter().map(part));
        let full = |&m: &usize| {
            let missing = i128::from(credit[m]) * whole - ledger.deficits[m];
            let pace = ledger.shares[m] * GRAIN;
            i64::try_from((missing + pace - 1).div_euclid(pace)).unwrap_or(i64::MAX)
        };
        self.stop = self.accruing.iter().map(full).min().unwrap_or(i64::MAX);
    }

    /// Writes the deficits as they are now to the ledger.
    fn settle(&mut self) {
        self.ledger.deficits = self.deficits();
    }

    fn deficits(&self) -> Vec<i128> {
        let mut deficits = self.ledger.deficits.clone();
        for (&member, deficit) in self.active.iter().zip(self.turns.deficits()) {
            deficits[member] = deficit;
        }
        let steps = i128::from(self.turns.step());
        for &member in &self.accruing {
            deficits[member] += steps * self.ledger.shares[member] * GRAIN;
        }
        deficits
    }
}
