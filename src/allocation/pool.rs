//! A pool as the caller describes it, and as it stands open in a run.
//!
//! The description is plain data: who its members are, whether each is there, what each holds, what was kept. Opened, it has
//! the books (`quota`, which every strategy keeps, so that fairness can be told of each), and a dealer that gives each record
//! to somebody who is there, may have it and is not full.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::absence::{self, Missed};
use super::caps::Room;
use super::dealer::{self, Dealer};
use super::eligibility::{Class, Eligibility};
use super::error::AllocationError;
use super::level::Given;
use super::limit;
use super::quota::Quota;
use super::request::Request;
use super::{Member, PoolState, Reason, Target};

/// How a pool chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Strategy {
    /// Round robin (all weights `"1"`), weighted, and by performance (weights of `performance::weights`).
    Turns,
    /// To the least (load + 1) / weight.
    Load,
    /// Records in descending value, each to the least load / weight, loads being sums of values.
    Value,
    /// To the least (load + 1) / target, up to the target.
    TopOff,
    /// So many for each member, or until its book is full.
    Fixed {
        /// How many.
        each: u64,
    },
    /// To the previous owner, else by a hash of the record.
    Sticky,
    /// By a hash of the seed and the record.
    Random {
        /// The same in a replay of the run.
        seed: u64,
    },
}

/// Whether a member can receive now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// It can, unless it is full.
    Present,
    /// It cannot.
    Away {
        /// Why: [`Reason::OutOfHours`], [`Reason::Absent`] or [`Reason::NobodyActive`] (it is switched off).
        why: Reason,
        /// What becomes of the turns it misses.
        missed: Missed,
    },
}

/// A member of a pool in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The rep's name.
    pub key: String,
    /// Its index in the run's dictionary of reps.
    pub own: u32,
    /// That of who receives: its own, or that of who stands in.
    pub rep: u32,
    /// Whether somebody stands in.
    pub stand_in: bool,
    /// See [`Member::weight`].
    pub weight: String,
    /// See [`Member::position`].
    pub position: i64,
    /// Whether it can receive now.
    pub presence: Presence,
    /// What it holds as the rule counts it: the decimal text of a number from zero up. Strategies that level use it.
    pub load: String,
    /// How many records its book shall hold: a decimal text; None = no limit. Needed by top-off, used by fixed.
    pub target: Option<String>,
    /// How many more records its whole book has room for, whatever gives them: it binds besides the target, where that is of a
    /// segment. None = any number.
    pub room: Option<u64>,
}

/// A pool that takes part in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// How it chooses.
    pub strategy: Strategy,
    /// Its members, in any order.
    pub seats: Vec<Seat>,
    /// What was kept of it.
    pub state: PoolState,
    /// By member, when the turns it missed lapse, in seconds since 1970; as [`super::PoolReport::credits`] gave it.
    pub credits: BTreeMap<String, i64>,
    /// It takes records of this segment of books only, and loads and targets of its seats are of it; None = of any.
    pub segment: Option<u32>,
    /// Where a record goes that nobody here can take; None = it is left.
    pub otherwise: Option<Target>,
    /// Up to so many cells (classes times members) restricted eligibility is solved exactly.
    pub exact_cells: usize,
}

impl Pool {
    /// A pool that was never used, whose members have [`limit::CELLS`] cells.
    pub fn new(strategy: Strategy, seats: Vec<Seat>) -> Pool {
        Pool {
            strategy,
            seats,
            state: PoolState::default(),
            credits: BTreeMap::new(),
            segment: None,
            otherwise: None,
            exact_cells: limit::CELLS,
        }
    }
}

/// A pool in a run.
#[derive(Debug)]
pub(super) struct Open<'a> {
    pub spec: &'a Pool,
    pub index: u32,
    pub quota: Quota,
    pub dealer: Dealer,
    /// By member.
    pub received: Vec<u64>,
    /// By member: full by a cap.
    pub shut: Vec<bool>,
    /// Members who are there, by position and key.
    pub present: Vec<u32>,
    /// Deficits when it was opened, and one turn in their unit.
    pub before: (Vec<i128>, i128),
    /// Loads when it was opened, in millionths.
    pub loads: Vec<i128>,
    /// Nobody could take a turn when it was opened, so nothing has lapsed either.
    pub idle: bool,
    /// Members who were entitled to what they missed when it was opened.
    pub accruing: Vec<usize>,
    /// The seats of each rep: who stands in for others has several.
    of_rep: HashMap<u32, Vec<u32>>,
    /// Each rep's own seat.
    of_own: HashMap<u32, u32>,
    /// Of each set of reps, the members who are there.
    sets: HashMap<u32, Vec<u32>>,
    /// Of each class, why nobody takes its records.
    whys: HashMap<Option<u32>, Reason>,
}

impl<'a> Open<'a> {
    /// Opens a pool at the instant `now`, given which reps are full.
    pub fn new(spec: &'a Pool, index: u32, room: &Room, now: i64) -> Result<Open<'a>, AllocationError> {
        let there = |seat: &Seat| seat.presence == Presence::Present;
        let shut: Vec<bool> = spec
            .seats
            .iter()
            .map(|seat| room.full(seat.rep, Some(index)).is_some())
            .collect();
        let members: Vec<Member> = spec
            .seats
            .iter()
            .zip(&shut)
            .map(|(seat, &shut)| Member {
                key: seat.key.clone(),
                weight: seat.weight.clone(),
                position: seat.position,
                // Where it is not about turns, who is full goes on being entitled: it is what ties and reports go by.
                active: there(seat) && !(shut && spec.strategy == Strategy::Turns),
            })
            .collect();
        let credit = spec.seats.iter().zip(&shut).map(|(seat, &shut)| match seat.presence {
            // Who is full would miss nothing if it were there.
            Presence::Away { missed, .. } if spec.strategy == Strategy::Turns && !shut => missed.credit(),
            _ => 0,
        });
        let lapsed = absence::lapsed(spec.seats.iter().map(|seat| &seat.key), &spec.credits, now);
        let quota = Quota::with_credit(&members, credit.collect(), &lapsed, &spec.state)?;
        let order: Vec<u32> = quota.order().iter().filter_map(|&m| u32::try_from(m).ok()).collect();
        let loads = spec.seats.iter().map(dealer::load).collect::<Result<Vec<i128>, _>>()?;
        let mut of_rep: HashMap<u32, Vec<u32>> = HashMap::with_capacity(spec.seats.len());
        for (seat, member) in spec.seats.iter().zip(0..) {
            of_rep.entry(seat.rep).or_default().push(member);
        }
        Ok(Open {
            dealer: Dealer::new(spec, &quota, &loads)?,
            received: vec![0; spec.seats.len()],
            present: order.into_iter().filter(|&m| there(&spec.seats[m as usize])).collect(),
            before: quota.books(),
            idle: quota.is_idle(),
            accruing: quota.accruing().to_vec(),
            of_rep,
            of_own: spec.seats.iter().zip(0..).map(|(seat, m)| (seat.own, m)).collect(),
            sets: HashMap::new(),
            whys: HashMap::new(),
            spec,
            index,
            quota,
            shut,
            loads,
        })
    }

    /// The members for whom a rep receives.
    pub fn members(&self, rep: u32) -> &[u32] {
        self.of_rep.get(&rep).map_or(&[], Vec::as_slice)
    }

    /// The rep that a member is.
    pub fn rep(&self, member: u32) -> u32 {
        self.spec.seats[member as usize].rep
    }

    /// Whether it is the record that decides who has it, and not who stands where.
    pub fn goes_by_record(&self) -> bool {
        matches!(self.dealer, Dealer::Picks(_))
    }

    /// A member is full by a cap.
    pub fn shut(&mut self, member: u32) {
        if std::mem::replace(&mut self.shut[member as usize], true) {
            return;
        }
        match &mut self.dealer {
            Dealer::Turns => self.quota.retire(member as usize),
            Dealer::Picks(picks) => picks.changed(),
            // Looks when it comes to somebody.
            Dealer::Levels(_) => {}
        }
    }

    /// Members who are there and in the set of a class, by position and key.
    pub fn eligible(&mut self, set: Option<u32>, eligibility: &Eligibility) -> &[u32] {
        let Some(set) = set else { return &self.present };
        let (present, seats) = (&self.present, &self.spec.seats);
        self.sets.entry(set).or_insert_with(|| {
            let Some(reps) = eligibility.sets.get(set as usize) else {
                return Vec::new();
            };
            let inside = |&&m: &&u32| reps.binary_search(&seats[m as usize].rep).is_ok();
            present.iter().filter(inside).copied().collect()
        })
    }

    /// How many of those who are there may have records of a class.
    pub fn choice(&mut self, class: &Class, eligibility: &Eligibility) -> usize {
        let all = self.eligible(class.set, eligibility).len();
        let there = |&&m: &&u32| self.spec.seats[m as usize].presence == Presence::Present;
        let barred = class.except.iter().filter(|&&rep| eligibility.within(class, rep));
        all - barred.flat_map(|&rep| self.members(rep)).filter(there).count()
    }

    /// One at a time: whom a record of a class goes to. `hash` and `previous` are for strategies that go by the record.
    pub fn next(
        &mut self,
        class: &Class,
        eligibility: &Eligibility,
        given: &Given,
        hash: u64,
        previous: Option<u32>,
    ) -> Option<u32> {
        if !matches!(self.dealer, Dealer::Turns) {
            // Made before the dealer is borrowed.
            self.eligible(class.set, eligibility);
        }
        let (spec, shut, present, sets) = (self.spec, &self.shut, &self.present, &self.sets);
        let line = || match class.set {
            None => present.clone(),
            Some(set) => sets.get(&set).cloned().unwrap_or_default(),
        };
        let open = || line().into_iter().filter(|&m| !shut[m as usize]).collect();
        let barred = |m: u32| !class.except.is_empty() && class.bars(spec.seats[m as usize].rep);
        match &mut self.dealer {
            Dealer::Turns => self.quota.next().and_then(|m| u32::try_from(m).ok()),
            Dealer::Levels(levels) => levels.next(class.set, line, given, |m| shut[m as usize], barred),
            Dealer::Picks(picks) => {
                let seat = previous.and_then(|rep| self.of_own.get(&rep).copied());
                let before = seat.filter(|&m| {
                    let seat = &spec.seats[m as usize];
                    let there = seat.presence == Presence::Present && !shut[m as usize];
                    there && !barred(m) && eligibility.within(class, seat.rep)
                });
                match before {
                    Some(member) if spec.strategy == Strategy::Sticky => Some(member),
                    _ => picks.next(class.set, hash, open, barred),
                }
            }
        }
    }

    /// A member received a record, which is counted already.
    pub fn took(&mut self, member: u32, given: &Given) {
        self.received[member as usize] += 1;
        if let Dealer::Levels(levels) = &mut self.dealer {
            levels.took(member, given);
        }
    }

    /// Whether its own book or number keeps a member from another record.
    pub fn book_full(&self, member: usize, given: &Given) -> bool {
        match &self.dealer {
            Dealer::Levels(levels) => levels.full(member, given),
            _ => false,
        }
    }

    /// Why nobody takes a record of a class.
    ///
    /// Found once for each: who is full stays so.
    pub fn why(&mut self, request: &Request<'_>, record: usize) -> Reason {
        let number = request.class_of.get(record).copied();
        if let Some(&reason) = self.whys.get(&number) {
            return reason;
        }
        let reason = self.find_why(request.class(record), request.eligibility);
        self.whys.insert(number, reason);
        reason
    }

    fn find_why(&self, class: &Class, eligibility: &Eligibility) -> Reason {
        let seats = &self.spec.seats;
        if seats.is_empty() {
            return Reason::NobodyActive;
        }
        let mut found = Reason::NoEligibleRep;
        for (seat, &shut) in seats.iter().zip(&self.shut) {
            if !eligibility.within(class, seat.rep) {
                continue;
            }
            let here = match seat.presence {
                _ if class.bars(seat.rep) => Reason::CooledDown,
                Presence::Away { why, .. } => why,
                Presence::Present if shut => Reason::CapsFull,
                Presence::Present => Reason::BooksFull,
            };
            if remedy(here) > remedy(found) {
                found = here;
            }
        }
        found
    }
}

/// How near a remedy is: of several reasons the nearest is told.
fn remedy(reason: Reason) -> u8 {
    match reason {
        Reason::CapsFull => 6,
        Reason::BooksFull => 5,
        Reason::OutOfHours => 4,
        Reason::Absent => 3,
        Reason::CooledDown => 1,
        Reason::NoEligibleRep => 0,
        // Switched off.
        _ => 2,
    }
}
