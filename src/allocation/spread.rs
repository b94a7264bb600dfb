//! Restricted eligibility with scarcity: as many records placed as caps allow, then the least loads, then preferences.
//!
//! How many records each set of reps can take is a submodular function (a largest flow from classes through reps), so what
//! reps can receive together is a polymatroid, and levelling (L + x)/w over it is solved by decomposition (Fujishige
//! 1980; Groenevelt 1991, who shows that it holds in whole numbers): level as if everybody could take everything; where the flow
//! falls short, the least cut tells who cannot take what they were given; they are levelled among themselves on what they
//! can take, the others among themselves on the rest. At most 2R - 1 flows over the classes, never one per record.
//!
//! The result places the largest possible number, minimises the sum of (L + k)/w over all units k placed, and hence the
//! largest load. Among all tables with these sums the cheapest is taken: preferences first, then as few records as possible
//! beyond a cell's own share n_c w / W_c.
//!
//! A cap that several reps share is a second such function, and of two at once the levels are no longer found by
//! decomposition. Then the largest number and the least largest load are still exact (a flow for each level tried), and
//! below that load the levels are filled from below in 64 stages, each by as many as can come through.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::decimal::ONE;
use super::flow::{Arc, Network, SINK, SOURCE};
use super::table::{Class, Table};

/// Who is levelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// What it holds, in millionths.
    pub load: i128,
    pub weight: i128,
    /// The most it can take; None = whatever comes.
    pub cap: Option<u64>,
    /// Larger goes first in a tie; then as slots come.
    pub owed: i128,
}

/// Slots that share a cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub cap: u64,
    /// Ascending.
    pub slots: Vec<u32>,
}

/// The next record of a slot, as an order: the lowest level first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    height: i128,
    weight: i128,
    owed: i128,
    pub slot: u32,
}

impl Step {
    /// That of a slot which has been given `x`.
    pub fn new(slots: &[Slot], slot: u32, x: u64) -> Step {
        let it = &slots[slot as usize];
        Step {
            height: it.load + (i128::from(x) + 1) * ONE,
            weight: it.weight,
            owed: it.owed,
            slot,
        }
    }
}

impl Ord for Step {
    fn cmp(&self, other: &Step) -> Ordering {
        (self.height * other.weight)
            .cmp(&(other.height * self.weight))
            .then_with(|| other.owed.cmp(&self.owed))
            .then_with(|| self.slot.cmp(&other.slot))
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Step) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// So many records to the lowest of these slots, as if every record could go to each. Bulk first, up to a level that all
/// reach whole, then the last ones one by one.
pub(super) fn levelled(slots: &[Slot], among: &[u32], records: u64) -> Vec<u64> {
    /// Levels are tried in 2^-40.
    const GRID: u32 = 40;
    let most = |slot: u32| slots[slot as usize].cap.unwrap_or(records).min(records);
    let up_to = |level: i128| -> Vec<u64> {
        let fit = |&slot: &u32| {
            let it = &slots[slot as usize];
            let height = level.saturating_mul(it.weight) >> GRID;
            let units = (height - it.load).div_euclid(ONE);
            u64::try_from(units.max(0)).unwrap_or(u64::MAX).min(most(slot))
        };
        among.iter().map(fit).collect()
    };
    let sum = |x: &[u64]| x.iter().map(|&x| u128::from(x)).sum::<u128>();
    let top = |&slot: &u32| {
        let it = &slots[slot as usize];
        ((it.load + i128::from(most(slot)) * ONE) / it.weight + 1) << GRID
    };
    // The largest level at which no more than the records are placed.
    let (mut low, mut high) = (0, among.iter().map(top).max().unwrap_or(0));
    if sum(&up_to(high)) <= u128::from(records) {
        return up_to(high);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if sum(&up_to(middle)) <= u128::from(records) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let mut given = up_to(low);
    let mut rest = records - u64::try_from(sum(&given)).unwrap_or(records);
    let open = |at: usize, given: &[u64]| given[at] < most(among[at]);
    let mut line: BinaryHeap<Reverse<(Step, usize)>> = (0..among.len())
        .filter(|&at| open(at, &given))
        .map(|at| Reverse((Step::new(slots, among[at], given[at]), at)))
        .collect();
    while rest > 0 {
        let Some(Reverse((_, at))) = line.pop() else { break };
        given[at] += 1;
        rest -= 1;
        if open(at, &given) {
            line.push(Reverse((Step::new(slots, among[at], given[at]), at)));
        }
    }
    given
}

/// How many each slot receives. None where groups cross one another, so that no flow can tell what they let through.
pub(super) fn spread(classes: &[Class], slots: &[Slot], groups: &[Group]) -> Option<Vec<u64>> {
    let mut reach = Reach::new(classes, slots, groups)?;
    let supply: u64 = classes.iter().map(|class| class.supply).sum();
    let everybody: Vec<u32> = (0_u32..).take(slots.len()).collect();
    let mut slots = slots.to_vec();
    let mut caps = Vec::with_capacity(slots.len());
    for slot in &mut slots {
        let cap = slot.cap.unwrap_or(supply).min(supply);
        slot.cap = Some(cap);
        caps.push(cap);
    }
    let placed = reach.through(&caps);
    if groups.is_empty() {
        decomposed(&mut reach, &slots, everybody, placed)
    } else {
        let most = caps.iter().sum();
        Some(in_stages(&mut reach, &slots, &everybody, placed, most))
    }
}

/// Without groups: exactly level.
fn decomposed(reach: &mut Reach, slots: &[Slot], everybody: Vec<u32>, placed: u64) -> Option<Vec<u64>> {
    let mut given: Vec<u64> = vec![0; slots.len()];
    let mut settled = 0;
    let mut parts = vec![(everybody, placed)];
    while let Some((among, records)) = parts.pop() {
        let wanted = levelled(slots, &among, records);
        // Slots of parts yet to come are at zero: what they take comes after.
        for (&slot, &x) in among.iter().zip(&wanted) {
            given[slot as usize] = x;
        }
        let through = reach.through(&given);
        if through == settled + records {
            settled += records;
            continue;
        }
        let short = reach.short();
        let (least, rest): (Vec<u32>, Vec<u32>) = among.iter().partition(|&&slot| short[slot as usize]);
        let paid: u64 = rest.iter().map(|&slot| given[slot as usize]).sum();
        for &slot in &among {
            given[slot as usize] = 0;
        }
        let records_of_least = through.checked_sub(settled + paid)?;
        if least.is_empty() || rest.is_empty() {
            return None;
        }
        parts.push((rest, records.checked_sub(records_of_least)?));
        parts.push((least, records_of_least));
    }
    Some(given)
}

/// With groups: the lowest level at which as many come through as can, then filled up to it from below, in stages.
fn in_stages(reach: &mut Reach, slots: &[Slot], everybody: &[u32], placed: u64, most: u64) -> Vec<u64> {
    const STAGES: u64 = 64;
    // Of all units, from the lowest level up, so many must be allowed.
    let (mut short, mut enough) = (placed.saturating_sub(1), most);
    while enough - short > 1 {
        let middle = short + (enough - short) / 2;
        if reach.through(&levelled(slots, everybody, middle)) == placed {
            enough = middle;
        } else {
            short = middle;
        }
    }
    let mut allowed = vec![0; slots.len()];
    reach.through(&allowed);
    for stage in 1..=STAGES {
        let up_to = u128::from(enough) * u128::from(stage) / u128::from(STAGES);
        let next = levelled(slots, everybody, u64::try_from(up_to).unwrap_or(enough));
        reach.allow(&allowed, &next);
        allowed = next;
    }
    reach.given()
}

/// The network from classes through slots and groups, which tells what slots can receive together.
struct Reach {
    network: Network,
    /// Capacities but for those of the slots.
    capacities: Vec<i64>,
    /// Arcs out of the slots begin here.
    outs: usize,
    /// By slot, its node and the one that its arc leads to.
    ends: Vec<(u32, u32)>,
}

impl Reach {
    fn new(classes: &[Class], slots: &[Slot], groups: &[Group]) -> Option<Reach> {
        let node = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let slot_node = |slot: usize| node(2 + classes.len() + slot);
        let group_node = |group: usize| node(2 + classes.len() + slots.len() + group);
        let (within, parents) = nested(slots.len(), groups)?;
        let mut arcs = Vec::new();
        let mut add = |from, to, capacity: u64| {
            let capacity = i64::try_from(capacity).unwrap_or(i64::MAX);
            arcs.push(Arc {
                from,
                to,
                capacity,
                cost: 0,
            });
        };
        for (at, class) in classes.iter().enumerate() {
            add(SOURCE, node(2 + at), class.supply);
            for &column in &class.columns {
                add(node(2 + at), slot_node(column as usize), class.supply);
            }
        }
        for (at, group) in groups.iter().enumerate() {
            add(group_node(at), parents[at].map_or(SINK, group_node), group.cap);
        }
        let capacities = arcs.iter().map(|arc| arc.capacity).collect();
        let outs = arcs.len();
        let mut ends = Vec::with_capacity(slots.len());
        for (slot, within) in within.into_iter().enumerate() {
            let to = within.map_or(SINK, group_node);
            ends.push((slot_node(slot), to));
            arcs.push(Arc {
                from: slot_node(slot),
                to,
                capacity: 0,
                cost: 0,
            });
        }
        Some(Reach {
            network: Network::new(2 + classes.len() + slots.len() + groups.len(), &arcs),
            capacities,
            outs,
            ends,
        })
    }

    /// The largest number that comes through when slots take at most so many.
    fn through(&mut self, most: &[u64]) -> u64 {
        for (arc, &capacity) in self.capacities.iter().enumerate() {
            self.network.reset(arc, capacity);
        }
        for (slot, &most) in most.iter().enumerate() {
            self.network
                .reset(self.outs + slot, i64::try_from(most).unwrap_or(i64::MAX));
        }
        u64::try_from(self.network.fill()).unwrap_or(0)
    }

    /// Goes on from what comes through: slots may take more than before.
    fn allow(&mut self, before: &[u64], now: &[u64]) {
        for (slot, (&before, &now)) in before.iter().zip(now).enumerate() {
            let more = i64::try_from(now - before).unwrap_or(i64::MAX);
            self.network.widen(self.outs + slot, more);
        }
        self.network.fill();
    }

    /// What comes through by slot.
    fn given(&self) -> Vec<u64> {
        let flow = |slot| u64::try_from(self.network.flow(self.outs + slot)).unwrap_or(0);
        (0..self.ends.len()).map(flow).collect()
    }

    /// Who cannot have what they were to take: the slots whose own arc is not in the least cut.
    fn short(&self) -> Vec<bool> {
        let reached = self.network.reached();
        let cut = |&(from, to): &(u32, u32)| reached[from as usize] && !reached[to as usize];
        self.ends.iter().map(|ends| !cut(ends)).collect()
    }
}

/// By slot the smallest group that holds it, by group the smallest larger one; None where two groups cross.
fn nested(slots: usize, groups: &[Group]) -> Option<(Vec<Option<usize>>, Vec<Option<usize>>)> {
    let mut largest_first: Vec<usize> = (0..groups.len()).collect();
    largest_first.sort_by_key(|&group| Reverse(groups[group].slots.len()));
    let mut within: Vec<Option<usize>> = vec![None; slots];
    let mut parents = vec![None; groups.len()];
    for group in largest_first {
        let mut members = groups[group].slots.iter();
        let Some(parent) = members.next().map(|&slot| within[slot as usize]) else {
            continue;
        };
        if members.any(|&slot| within[slot as usize] != parent) {
            return None;
        }
        parents[group] = parent;
        for &slot in &groups[group].slots {
            within[slot as usize] = Some(group);
        }
    }
    Some((within, parents))
}

/// The cheapest table with these sums of columns, which can be had. `fair`: by class and cell the number from which on a
/// record is beyond the cell's share.
pub(super) fn cells(classes: &[Class], given: &[u64], fair: &Table) -> Table {
    let node = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let mut arcs = Vec::new();
    let mut add = |from, to, capacity: u64, cost| {
        let capacity = i64::try_from(capacity).unwrap_or(i64::MAX);
        arcs.push(Arc {
            from,
            to,
            capacity,
            cost,
        });
    };
    for (at, class) in classes.iter().enumerate() {
        add(SOURCE, node(2 + at), class.supply, 0);
        for (cell, &column) in class.columns.iter().enumerate() {
            let cost = 2 * i64::from(class.costs.get(cell).copied().unwrap_or(0));
            let to = node(2 + classes.len() + column as usize);
            add(node(2 + at), to, fair[at][cell], cost);
            add(node(2 + at), to, class.supply, cost + 1);
        }
    }
    for (column, &x) in given.iter().enumerate() {
        add(node(2 + classes.len() + column), SINK, x, 0);
    }
    let mut network = Network::new(2 + classes.len() + given.len(), &arcs);
    network.fill_cheaply();
    let mut arc = 0;
    let mut table = Vec::with_capacity(classes.len());
    for class in classes {
        arc += 1;
        let mut row = Vec::with_capacity(class.columns.len());
        for _ in &class.columns {
            row.push(u64::try_from(network.flow(arc) + network.flow(arc + 1)).unwrap_or(0));
            arc += 2;
        }
        table.push(row);
    }
    table
}
