//! One run: who gets each of its records, whatever strategies, caps and eligibility say.
//!
//! Records are looked at in rank order. Pools that give one at a time do so then; a pool that must see all its records (by
//! value, or where some of them are limited to some of its reps) gathers them and decides after the pass, lower indexes
//! first. What a pool cannot place goes where the pool says, at once or after its decision.
//!
//! Whatever gives a record counts it in the caps and in what reps hold, so no cap is passed and a book or a load is one over
//! all leaves of the run. Every record is moved once or left with a reason.

use super::absence;
use super::caps::Room;
use super::eligibility::Class;
use super::error::AllocationError;
use super::level::Given;
use super::limit;
use super::plan::{self, Diverted, NO_OWNER, Outcome, Target};
use super::pool::{Open, Presence, Strategy};
use super::reason::Reason;
use super::report::{PoolReport, Report};
use super::request::{self, Request};
use super::restricted::Method;

mod settle;

/// Decides about every record of a run.
///
/// # Errors
/// Arguments that contradict each other, and numbers that make no sense, each found before anything is decided.
pub fn distribute(request: &Request<'_>) -> Result<Report, AllocationError> {
    let mut run = Run::open(request)?;
    let mut later: Vec<(u32, Target)> = Vec::new();
    for record in 0..run.leaves.len() {
        let card = run.card(record);
        let (target, reassign) = (request.targets[card.leaf], request.reassign[card.leaf]);
        match plan::refused(target, reassign, request.owned[record]) {
            Some(reason) => run.leave(record, reason),
            None if run.stays(&card) => run.leave(record, Reason::SameOwner),
            None if run.matches(&card) => {}
            None => run.place(&card, target)?,
        }
    }
    while let Some(pool) = run.queues.iter().position(|queue| !queue.is_empty()) {
        run.settle(pool, &mut later)?;
        // Back in rank order, as other pools' leftovers are gathered with them.
        for (record, target) in later.drain(..) {
            let card = run.card(record as usize);
            run.place(&card, target)?;
        }
    }
    run.close()
}

/// Nothing given yet, in each segment that a pool fills.
fn segments(request: &Request<'_>) -> Vec<Vec<u64>> {
    let filled: Vec<u32> = request.pools.iter().filter_map(|pool| pool.segment).collect();
    let counts = |segment| vec![0; if filled.contains(&segment) { request.reps } else { 0 }];
    (0..=filled.iter().max().copied().unwrap_or(0)).map(counts).collect()
}

/// What is asked of a record again and again, fetched at once.
#[derive(Clone, Copy)]
struct Card<'a> {
    record: usize,
    leaf: usize,
    class: &'a Class,
    segment: Option<u32>,
    /// In units of the request's decimals; 0 where values do not count.
    value: i64,
}

struct Run<'a> {
    request: &'a Request<'a>,
    leaves: Vec<usize>,
    room: Room,
    given: Given,
    pools: Vec<Open<'a>>,
    /// By pool, whether it decides after the pass, and how it did.
    gathers: Vec<bool>,
    methods: Vec<Method>,
    /// By pool, its records, in rank order.
    queues: Vec<Vec<u32>>,
    rep: Vec<i32>,
    reason: Vec<i16>,
    diverted: Vec<Diverted>,
}

impl<'a> Run<'a> {
    fn open(request: &'a Request<'a>) -> Result<Run<'a>, AllocationError> {
        let leaves = request::check(request)?;
        let room = Room::new(request.caps, request.reps);
        let mut pools = Vec::with_capacity(request.pools.len());
        for (pool, index) in request.pools.iter().zip(0..) {
            pools.push(Open::new(pool, index, &room, request.now)?);
        }
        let mut run = Run {
            request,
            room,
            given: Given {
                count: vec![0; request.reps],
                value: vec![0; request.reps],
                segments: segments(request),
            },
            gathers: request.pools.iter().map(|p| p.strategy == Strategy::Value).collect(),
            methods: vec![Method::InOrder; pools.len()],
            queues: vec![Vec::new(); pools.len()],
            pools,
            rep: vec![Outcome::LEFT; leaves.len()],
            reason: vec![Reason::Unknown.into(); leaves.len()],
            diverted: Vec::new(),
            leaves,
        };
        run.find_restricted();
        Ok(run)
    }

    fn card(&self, record: usize) -> Card<'a> {
        Card {
            record,
            leaf: self.leaves[record],
            class: self.request.class(record),
            segment: self.request.segment(record),
            value: self.request.values.get(record).copied().unwrap_or(0),
        }
    }

    /// Who owns it is the one its leaf names.
    fn stays(&self, card: &Card<'_>) -> bool {
        let named = self.request.named.get(card.leaf).copied().flatten();
        named.and_then(plan::as_owner) == Some(self.request.owned[card.record])
    }

    /// Gives a record to the rep who owns what matches it, if he can have it, or leaves it with him.
    fn matches(&mut self, card: &Card<'_>) -> bool {
        let rep = self.request.matched.get(card.record).copied();
        let Some(rep) = rep.and_then(|rep| u32::try_from(rep).ok()) else {
            return false;
        };
        if plan::as_owner(rep) == Some(self.request.owned[card.record]) {
            self.leave(card.record, Reason::SameOwner);
            return true;
        }
        let may = self.request.eligibility.within(card.class, rep)
            && !card.class.bars(rep)
            && self.room.full(rep, None).is_none();
        if may {
            self.divert(card, None, (false, true));
            self.count(rep, None, card);
        }
        may
    }

    /// Pools to which a record may come that only some of the reps there may have gather their records.
    fn find_restricted(&mut self) {
        let classes = self.request.eligibility.classes.len();
        let mut seen = vec![Vec::new(); self.pools.len()];
        for (record, &class) in self.request.class_of.iter().enumerate() {
            let leaf = self.leaves[record];
            if !self.request.reassign[leaf] && self.request.owned[record] != NO_OWNER {
                continue;
            }
            let mut target = Some(self.request.targets[leaf]);
            while let Some(Target::Pool(pool)) = target {
                let pool = pool as usize;
                target = self.pools[pool].spec.otherwise;
                if seen[pool].is_empty() {
                    seen[pool] = vec![false; classes];
                }
                if std::mem::replace(&mut seen[pool][class as usize], true) {
                    continue;
                }
                let class = self.request.class(record);
                let open = &mut self.pools[pool];
                let by_record = open.goes_by_record();
                let choice = open.choice(class, self.request.eligibility);
                let some = choice > 0 && (choice < open.present.len() || !class.costs.is_empty());
                self.gathers[pool] |= some && !by_record;
            }
        }
    }

    /// Gives a record to a target, or to where that hands it on, or puts it into a pool's queue.
    fn place(&mut self, card: &Card<'_>, mut target: Target) -> Result<(), AllocationError> {
        let record = card.record;
        loop {
            let refused = match target {
                Target::Pool(pool) => {
                    let pool = pool as usize;
                    if !self.takes(pool, card) {
                        match self.pools[pool].spec.otherwise {
                            Some(otherwise) => {
                                target = otherwise;
                                continue;
                            }
                            None => Reason::OtherSegment,
                        }
                    } else if self.gathers[pool] {
                        self.queues[pool].push(u32::try_from(record).unwrap_or(u32::MAX));
                        return Ok(());
                    } else if let Some(member) = self.next(pool, card) {
                        self.took(pool, member, card);
                        return Ok(());
                    } else {
                        let reason = self.pools[pool].why(self.request, record);
                        match self.pools[pool].spec.otherwise {
                            Some(otherwise) => {
                                target = otherwise;
                                continue;
                            }
                            None => reason,
                        }
                    }
                }
                Target::Rep(rep) => match self.direct(card, rep) {
                    Some(reason) => reason,
                    None => return Ok(()),
                },
                Target::Unowned if self.request.owned[record] == NO_OWNER => Reason::AlreadyUnowned,
                Target::Unowned | Target::Place => {
                    self.rep[record] = Outcome::UNOWNED;
                    self.reason[record] = Reason::Moved.into();
                    return Ok(());
                }
                Target::Leave(code) => plan::reason_of(code).unwrap_or(Reason::Unknown),
            };
            self.leave(record, refused);
            return Ok(());
        }
    }

    /// Whether a record is in the segment that a pool fills.
    fn takes(&self, pool: usize, card: &Card<'_>) -> bool {
        let segment = self.pools[pool].spec.segment;
        segment.is_none() || segment == card.segment
    }

    fn next(&mut self, pool: usize, card: &Card<'_>) -> Option<u32> {
        let eligibility = self.request.eligibility;
        let open = &mut self.pools[pool];
        let turns = open.spec.strategy == Strategy::Turns;
        // Here a class is everybody of the pool, or nobody.
        if turns && !self.request.class_of.is_empty() && open.choice(card.class, eligibility) == 0 {
            return None;
        }
        if !open.goes_by_record() {
            return open.next(card.class, eligibility, &self.given, 0, None);
        }
        let hash = self.request.hashes.get(card.record).copied().unwrap_or(0);
        let previous = self.request.previous.get(card.record);
        let previous = previous.and_then(|&rep| u32::try_from(rep).ok());
        open.next(card.class, eligibility, &self.given, hash, previous)
    }

    /// A rep that is named directly: why it cannot have the record, or None when it has it.
    fn direct(&mut self, card: &Card<'_>, rep: u32) -> Option<Reason> {
        if plan::as_owner(rep) == Some(self.request.owned[card.record]) {
            return Some(Reason::SameOwner);
        }
        if !self.request.eligibility.within(card.class, rep) {
            return Some(Reason::NoEligibleRep);
        }
        if card.class.bars(rep) {
            return Some(Reason::CooledDown);
        }
        if self.room.full(rep, None).is_some() {
            return Some(Reason::CapsFull);
        }
        if let Target::Pool(_) = self.request.targets[card.leaf] {
            self.divert(card, None, (true, false));
        }
        self.count(rep, None, card);
        None
    }

    fn took(&mut self, pool: usize, member: u32, card: &Card<'_>) {
        let rep = self.pools[pool].rep(member);
        let number = u32::try_from(pool).unwrap_or(u32::MAX);
        let fallback = self.request.targets[card.leaf] != Target::Pool(number);
        if fallback || self.pools[pool].spec.seats[member as usize].stand_in {
            self.divert(card, Some((number, member)), (fallback, false));
        }
        self.count(rep, u32::try_from(pool).ok(), card);
        self.pools[pool].took(member, &self.given);
    }

    fn divert(&mut self, card: &Card<'_>, turn: Option<(u32, u32)>, (fallback, matched): (bool, bool)) {
        self.diverted.push(Diverted {
            record: u32::try_from(card.record).unwrap_or(u32::MAX),
            turn,
            fallback,
            matched,
        });
    }

    /// A rep has a record: it is counted everywhere, and who is full by it takes no more.
    fn count(&mut self, rep: u32, pool: Option<u32>, card: &Card<'_>) {
        self.rep[card.record] = plan::as_owner(rep).unwrap_or(Outcome::LEFT);
        self.reason[card.record] = Reason::Moved.into();
        self.given.count[rep as usize] += 1;
        self.given.value[rep as usize] += self.value(card);
        if let Some(counts) = card
            .segment
            .and_then(|segment| self.given.segments.get_mut(segment as usize))
        {
            // Empty for a segment that no pool fills.
            if let Some(count) = counts.get_mut(rep as usize) {
                *count += 1;
            }
        }
        self.room.take(rep, pool);
        while let Some(cap) = self.room.emptied() {
            let cap = &self.request.caps[cap];
            for open in &mut self.pools {
                if cap.pool.is_none_or(|pool| pool == open.index) {
                    let full: Vec<u32> = cap.reps.iter().flat_map(|&rep| open.members(rep)).copied().collect();
                    full.into_iter().for_each(|member| open.shut(member));
                }
            }
        }
    }

    fn leave(&mut self, record: usize, reason: Reason) {
        self.rep[record] = Outcome::LEFT;
        self.reason[record] = reason.into();
    }

    /// The value of a record in millionths.
    fn value(&self, card: &Card<'_>) -> i128 {
        i128::from(card.value) * 10_i128.pow(limit::DECIMALS - self.request.decimals)
    }

    /// Puts the books away.
    fn close(mut self) -> Result<Report, AllocationError> {
        let mut reports = Vec::with_capacity(self.pools.len());
        for (open, &method) in self.pools.iter_mut().zip(&self.methods) {
            if open.spec.strategy != Strategy::Turns {
                open.quota.record(&open.received)?;
            }
            let state = open.quota.state();
            let taken = open.received.iter().any(|&x| x > 0);
            let missed = open.accruing.iter().filter(|_| taken).map(|&m| {
                let seat = &open.spec.seats[m];
                let lapses = match seat.presence {
                    Presence::Away { missed, .. } => missed.lapses(self.request.now),
                    Presence::Present => None,
                };
                (seat.key.clone(), lapses)
            });
            let credits = if open.idle {
                open.spec.credits.clone()
            } else {
                absence::kept(&open.spec.credits, missed, &state, self.request.now)
            };
            reports.push(PoolReport::new(open, state, credits, method, &self.room, &self.given));
        }
        let mut outcome = Outcome {
            rep: self.rep,
            reason: self.reason,
            seq: Vec::with_capacity(self.leaves.len()),
            moved: 0,
            diverted: self.diverted,
        };
        let mut seq = 0;
        for &reason in &outcome.reason {
            let moved = reason == i16::from(Reason::Moved);
            seq += i32::from(moved);
            outcome.seq.push(if moved { seq } else { 0 });
        }
        outcome.moved = usize::try_from(seq).unwrap_or(0);
        Ok(Report {
            outcome,
            pools: reports,
            caps_left: self.room.into_left(),
        })
    }
}
