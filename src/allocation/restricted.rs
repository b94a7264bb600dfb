//! Restricted eligibility (X12): all records of a pool at once, class by class, by a table of how many go to whom.
//!
//! 1. Where nothing is scarce, a pool that goes by turns gets `table`: the row, cell and column bounds hold, and deficits kept
//!    decide who is rounded up; what each was entitled to is booked, so fairness goes on across runs.
//! 2. Where a cap binds, and for pools that level, `spread`: the largest possible number, then the least loads (for turns: the least
//!    received / entitled), then preferences. A run of turns in which a cap binds leaves the deficits as they are: what a
//!    cap keeps from one and brings another is no debt.
//! 3. Above [`super::Pool::exact_cells`], or where shared caps cross one another, greedy: classes with the fewest reps first,
//!    each record to the lowest. The outcome says so.
//!
//! Within a class records go in rank order, reps taking turns by the numbers of the table (`interleave`), so that after each
//! record everybody is within one of their part. The last ones are left where not all can be placed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::caps::Room;
use super::dealer::Dealer;
use super::decimal::ONE;
use super::eligibility::Class;
use super::error::AllocationError;
use super::interleave::interleaved;
use super::level::{Given, Rule};
use super::limit::GRAIN;
use super::pool::Open;
use super::request::Request;
use super::spread::{self, Group, Slot, Step};
use super::table::{self, Column, Shares, Table};

/// How the records of a pool were given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// One at a time, in the order of the strategy.
    InOrder,
    /// Restricted eligibility, nothing scarce: every class and every rep has its share but for rounding.
    Shares,
    /// Restricted eligibility or scarce room: the most records placed, then the least loads.
    Levels,
    /// Restricted eligibility without a promise: more cells than are solved exactly.
    GreedyAsLarge,
    /// Restricted eligibility without a promise: caps are shared by groups of reps that cross one another.
    GreedyAsCrossing,
}

impl Method {
    /// Its name in the history.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InOrder => "in_order",
            Self::Shares => "shares",
            Self::Levels => "levels",
            Self::GreedyAsLarge => "greedy_as_large",
            Self::GreedyAsCrossing => "greedy_as_crossing",
        }
    }
}

/// The records of a pool, class by class, and who may take them.
struct Problem {
    /// Members that can take something, by position and key; columns of the table.
    members: Vec<u32>,
    classes: Vec<table::Class>,
    slots: Vec<Slot>,
    groups: Vec<Group>,
    cells: usize,
}

/// Decides about `records`, in rank order, whose class the request tells: the member who takes each, or nobody.
pub(super) fn settle(
    pool: &mut Open<'_>,
    records: &[u32],
    request: &Request<'_>,
    room: &Room,
    given: &Given,
) -> Result<(Vec<Option<u32>>, Method), AllocationError> {
    // Classes as they first come, and by class its records.
    let mut known: Vec<Option<usize>> = vec![None; request.eligibility.classes.len() + 1];
    let mut kinds: Vec<&Class> = Vec::new();
    let mut lists: Vec<Vec<usize>> = Vec::new();
    for (place, &record) in records.iter().enumerate() {
        let class = request.class_of.get(record as usize);
        let kind = *known[class.map_or(0, |&class| class as usize + 1)].get_or_insert_with(|| {
            kinds.push(request.class(record as usize));
            lists.push(Vec::new());
            kinds.len() - 1
        });
        lists[kind].push(place);
    }
    let eligibility = request.eligibility;
    let problem = Problem::new(pool, &kinds, &lists, eligibility, room, given);
    let (table, method) = problem.solve(pool)?;
    let mut takers = vec![None; records.len()];
    for ((class, row), list) in problem.classes.iter().zip(&table).zip(&lists) {
        // No more than there are records.
        let shares: Vec<u32> = row.iter().map(|&x| u32::try_from(x).unwrap_or(u32::MAX)).collect();
        for (&place, cell) in list.iter().zip(interleaved(&shares)) {
            takers[place] = Some(problem.members[class.columns[cell as usize] as usize]);
        }
    }
    Ok((takers, method))
}

impl Problem {
    fn new(
        pool: &mut Open<'_>,
        kinds: &[&Class],
        lists: &[Vec<usize>],
        eligibility: &super::Eligibility,
        room: &Room,
        given: &Given,
    ) -> Problem {
        let open = |m: &u32| !pool.shut[*m as usize] && !pool.book_full(*m as usize, given);
        let members: Vec<u32> = pool.present.iter().copied().filter(open).collect();
        let mut column_of = vec![u32::MAX; pool.spec.seats.len()];
        for (column, &member) in (0..).zip(&members) {
            column_of[member as usize] = column;
        }
        let mut classes = Vec::with_capacity(kinds.len());
        let mut cells = 0;
        for (kind, list) in kinds.iter().zip(lists) {
            let seats = &pool.spec.seats;
            let reps = |m: &u32| (column_of[*m as usize], seats[*m as usize].rep);
            let line = pool.eligible(kind.set, eligibility).iter().map(reps);
            let free: Vec<(u32, u32)> = line
                .filter(|&(column, rep)| column != u32::MAX && !kind.bars(rep))
                .collect();
            cells += free.len();
            classes.push(table::Class {
                supply: if free.is_empty() { 0 } else { list.len() as u64 },
                columns: free.iter().map(|&(column, _)| column).collect(),
                costs: if kind.costs.is_empty() {
                    Vec::new()
                } else {
                    free.iter().map(|&(_, rep)| kind.cost(rep)).collect()
                },
            });
        }
        let supply = classes.iter().map(|class| class.supply).sum();
        let books = pool.quota.books();
        let mut slots: Vec<Slot> = members.iter().map(|&m| slot(pool, m as usize, &books, given)).collect();
        let groups = groups(pool, &members, &mut slots, room, supply);
        Problem {
            members,
            classes,
            slots,
            groups,
            cells,
        }
    }

    fn solve(&self, pool: &mut Open<'_>) -> Result<(Table, Method), AllocationError> {
        let turns = matches!(pool.dealer, Dealer::Turns);
        let large = self.cells > pool.spec.exact_cells;
        let columns: Vec<Column> = self
            .slots
            .iter()
            .map(|slot| Column {
                weight: slot.weight,
                cap: slot.cap,
                owed: slot.owed,
            })
            .collect();
        let shares = Shares::new(&self.classes, &columns);
        if turns && !large {
            let table = table::rounded(&self.classes, &columns, &shares);
            if let Some(table) = table.filter(|table| self.within_groups(table)) {
                self.book(pool, &shares, &table)?;
                return Ok((table, Method::Shares));
            }
        }
        let mut slots = self.slots.clone();
        if turns {
            for (slot, entitled) in slots.iter_mut().zip(shares.entitlements()) {
                slot.weight = entitled;
            }
        }
        if large {
            return Ok((self.greedy(&slots), Method::GreedyAsLarge));
        }
        match spread::spread(&self.classes, &slots, &self.groups) {
            Some(given) => {
                let fair = shares.ceilings();
                Ok((spread::cells(&self.classes, &given, &fair), Method::Levels))
            }
            None => Ok((self.greedy(&slots), Method::GreedyAsCrossing)),
        }
    }

    /// Books what everybody was entitled to, less what they received.
    fn book(&self, pool: &mut Open<'_>, shares: &Shares, table: &Table) -> Result<(), AllocationError> {
        let whole = pool.quota.shares().iter().sum::<i128>() * GRAIN;
        let owed = shares.owed(&self.sums(table), whole);
        let mut amounts = vec![0; pool.spec.seats.len()];
        for (&member, owed) in self.members.iter().zip(owed) {
            amounts[member as usize] = owed;
        }
        // Rounded down, they sum to a little less than zero: that is spread evenly.
        let missing = -amounts.iter().sum::<i128>();
        let count = i128::try_from(self.members.len().max(1)).unwrap_or(1);
        for (&member, place) in self.members.iter().zip(0_i128..) {
            amounts[member as usize] += missing.div_euclid(count) + i128::from(place < missing.rem_euclid(count));
        }
        pool.quota.adjust(&amounts)
    }

    fn sums(&self, table: &Table) -> Vec<u64> {
        let mut sums = vec![0; self.slots.len()];
        for (class, row) in self.classes.iter().zip(table) {
            for (&column, &x) in class.columns.iter().zip(row) {
                sums[column as usize] += x;
            }
        }
        sums
    }

    fn within_groups(&self, table: &Table) -> bool {
        let sums = self.sums(table);
        let fits = |group: &Group| group.slots.iter().map(|&slot| sums[slot as usize]).sum::<u64>() <= group.cap;
        self.groups.iter().all(fits)
    }

    /// Classes with the fewest reps first, each record to the lowest.
    fn greedy(&self, slots: &[Slot]) -> Table {
        let mut table: Table = self.classes.iter().map(|class| vec![0; class.columns.len()]).collect();
        let mut given = vec![0_u64; slots.len()];
        let mut left: Vec<u64> = self.groups.iter().map(|group| group.cap).collect();
        let mut groups_of = vec![Vec::new(); slots.len()];
        for (group, it) in self.groups.iter().enumerate() {
            for &slot in &it.slots {
                groups_of[slot as usize].push(group);
            }
        }
        let mut line: Vec<usize> = (0..self.classes.len()).collect();
        line.sort_by_key(|&class| self.classes[class].columns.len());
        for at in line {
            let class = &self.classes[at];
            let mut heap: BinaryHeap<Reverse<(Step, usize)>> = class
                .columns
                .iter()
                .zip(0..)
                .map(|(&slot, cell)| Reverse((Step::new(slots, slot, given[slot as usize]), cell)))
                .collect();
            let mut supply = class.supply;
            while supply > 0 {
                let Some(Reverse((step, cell))) = heap.pop() else { break };
                let slot = step.slot as usize;
                let full = slots[slot].cap.is_some_and(|cap| given[slot] >= cap);
                if full || groups_of[slot].iter().any(|&group| left[group] == 0) {
                    continue;
                }
                for &group in &groups_of[slot] {
                    left[group] -= 1;
                }
                given[slot] += 1;
                table[at][cell] += 1;
                supply -= 1;
                heap.push(Reverse((Step::new(slots, step.slot, given[slot]), cell)));
            }
        }
        table
    }
}

/// How a member stands when the records of its pool are levelled or shared out.
fn slot(pool: &Open<'_>, member: usize, books: &(Vec<i128>, i128), given: &Given) -> Slot {
    match &pool.dealer {
        Dealer::Levels(levels) => {
            let it = &levels.runners[member];
            let held = levels.load(member, given);
            let gap = it.target.map(|target| target.saturating_sub(held).max(0) / ONE);
            let gap = gap.map(|gap| u64::try_from(gap).unwrap_or(u64::MAX));
            let room = it.room.map(|room| room.saturating_sub(given.of(None, it.rep)));
            let gap = gap.into_iter().chain(room).min();
            let (load, cap) = match levels.rule {
                Rule::Load | Rule::Value => (held, None),
                Rule::TopOff => (held, gap),
                Rule::Fixed(each) => {
                    let rest = each.saturating_sub(it.given);
                    (i128::from(it.given) * ONE, Some(gap.map_or(rest, |gap| gap.min(rest))))
                }
            };
            Slot {
                load,
                weight: it.weight,
                cap,
                owed: it.owed.measure(),
            }
        }
        _ => Slot {
            load: 0,
            weight: pool.quota.shares()[member],
            cap: None,
            owed: in_turns(books.0[member], books.1),
        },
    }
}

/// A deficit in 2^-40 turns, rounded down.
fn in_turns(deficit: i128, whole: i128) -> i128 {
    if whole == 0 {
        return 0;
    }
    (deficit.div_euclid(whole) << 40) + (deficit.rem_euclid(whole) << 40) / whole
}

/// Caps over one column become the column's own; the others, where they could bind, groups.
fn groups(pool: &Open<'_>, members: &[u32], slots: &mut [Slot], room: &Room, supply: u64) -> Vec<Group> {
    let mut covered: HashMap<usize, Vec<u32>> = HashMap::new();
    for (column, &member) in (0..).zip(members) {
        for cap in room.over(pool.rep(member), Some(pool.index)) {
            covered.entry(cap).or_default().push(column);
        }
    }
    let mut caps: Vec<(usize, Vec<u32>)> = covered.into_iter().collect();
    caps.sort_unstable();
    let mut groups = Vec::new();
    for (cap, columns) in caps {
        let left = room.left_of(cap);
        if let [column] = columns[..] {
            let own = &mut slots[column as usize].cap;
            *own = Some(own.map_or(left, |own| own.min(left)));
        } else if left < supply {
            groups.push(Group {
                cap: left,
                slots: columns,
            });
        }
    }
    groups
}
