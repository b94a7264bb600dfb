//! Restricted eligibility without scarcity: a table of whole numbers, fair in each class and in total at once.
//!
//! Rows are classes (records with the same eligible reps; n_c of them), columns are reps, a cell's share is f = n_c w / W_c
//! and a column's entitlement E the sum of its cells. Controlled rounding (Cox 1987; for such a table it is a flow) gives
//! whole numbers with **every row n_c, every cell the floor or ceiling of f, every column the floor or ceiling of E**.
//!
//! Floors are given first. What remains is a flow of single units through the cells that are not whole. Columns are filled to
//! their floors, for which a largest flow suffices as the fractions themselves are one; then columns rise by one in the order
//! of what they are owed (the deficits kept, and the fraction of E). Columns that can rise together are a matroid, so
//! that this order gives the best possible set.

use super::flow::{Arc, Network, SINK, SOURCE};

/// Records with the same eligible reps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Class {
    /// How many.
    pub supply: u64,
    /// The columns they may go to, ascending.
    pub columns: Vec<u32>,
    /// What a record there costs in preference, by cell; empty = nothing.
    pub costs: Vec<u16>,
}

/// Numbers by class and cell.
pub(super) type Table = Vec<Vec<u64>>;

/// A column's limit and what it is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub weight: i128,
    /// The most it can take; None = whatever comes.
    pub cap: Option<u64>,
    /// Deficit kept, in 2^-40 turns.
    pub owed: i128,
}

/// What each cell and column is entitled to.
#[derive(Debug, Clone)]
pub(super) struct Shares {
    pub floors: Table,
    /// Cells whose share is not whole.
    ragged: Vec<Vec<bool>>,
    /// E by column in 2^-64, each term rounded down ...
    sums: Vec<i128>,
    /// ... and how many terms were: E lies from the sum on, less than so many units above.
    rounded: Vec<i128>,
}

/// One, in the unit of the sums.
const UNIT: i128 = 1 << 64;

impl Shares {
    /// Of classes whose columns have these weights, which sum to less than 2^61.
    pub fn new(classes: &[Class], columns: &[Column]) -> Shares {
        let mut shares = Shares {
            floors: Vec::with_capacity(classes.len()),
            ragged: Vec::with_capacity(classes.len()),
            sums: vec![0; columns.len()],
            rounded: vec![0; columns.len()],
        };
        for class in classes {
            let total: i128 = class.columns.iter().map(|&c| columns[c as usize].weight).sum();
            let (mut floors, mut ragged) = (Vec::new(), Vec::new());
            for &column in &class.columns {
                let share = i128::from(class.supply) * columns[column as usize].weight;
                let (whole, rest) = (share / total, share % total);
                // The rest is below 2^61 and stays below 2^125.
                let (part, lost) = (rest * UNIT / total, rest * UNIT % total);
                shares.sums[column as usize] += whole * UNIT + part;
                shares.rounded[column as usize] += i128::from(lost > 0);
                floors.push(u64::try_from(whole).unwrap_or(u64::MAX));
                ragged.push(rest > 0);
            }
            shares.floors.push(floors);
            shares.ragged.push(ragged);
        }
        shares
    }

    /// E in 2^-20 records, above zero where anything is: to weigh columns by.
    pub fn entitlements(&self) -> Vec<i128> {
        self.sums.iter().map(|sum| (sum >> 44).max(1)).collect()
    }

    /// f rounded up, by class and cell.
    pub fn ceilings(&self) -> Table {
        let up = |(&floor, &ragged): (&u64, &bool)| floor + u64::from(ragged);
        let rows = self.floors.iter().zip(&self.ragged);
        rows.map(|(floors, ragged)| floors.iter().zip(ragged).map(up).collect())
            .collect()
    }

    /// E less x, in the unit in which one turn is `whole` (below 2^81), rounded down; by column.
    pub fn owed(&self, given: &[u64], whole: i128) -> Vec<i128> {
        let owe = |(sum, &x): (&i128, &u64)| {
            let (turns, part) = (sum.div_euclid(UNIT), sum.rem_euclid(UNIT));
            (turns - i128::from(x)) * whole + (((part >> 20) * whole) >> 44)
        };
        self.sums.iter().zip(given).map(owe).collect()
    }

    /// The floor of E as far as is known; one more if `more`; another one if `most`.
    fn bounds(&self, column: usize) -> (u64, Rise) {
        let (floor, part) = (self.sums[column].div_euclid(UNIT), self.sums[column].rem_euclid(UNIT));
        let rounded = self.rounded[column];
        let rise = if part == 0 && rounded == 0 {
            Rise::None
        } else if part + rounded > UNIT {
            // A whole number lies within the error, one above the floor: E may be just below, at or just above it.
            Rise::Sure
        } else {
            Rise::Fair
        };
        (u64::try_from(floor).unwrap_or(u64::MAX), rise)
    }
}

/// How a column may rise above its floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rise {
    /// E is whole.
    None,
    /// By one, in fair order.
    Fair,
    /// By one before all others, and, if nobody else can, by another. Where E is in truth whole, a table exists in which every
    /// such column is at E, so the order finds one with exactly that.
    Sure,
}

/// The table, or None where caps do not let everybody have what is theirs.
pub(super) fn rounded(classes: &[Class], columns: &[Column], shares: &Shares) -> Option<Table> {
    let mut network = Cells::new(classes, columns.len(), shares);
    let mut missing: u64 = network.rests.iter().sum();
    let mut rises = Vec::new();
    for (column, it) in columns.iter().enumerate() {
        let (floor, rise) = shares.bounds(column);
        let cap = it.cap.unwrap_or(u64::MAX);
        let below = network.given[column];
        if floor > cap || below > floor {
            return None;
        }
        network.raise(column, floor - below);
        missing -= floor - below;
        let mut offer = |turn: u8, up: u64| {
            if cap >= floor + up {
                // The fraction of E, as the deficit, in 2^-40.
                let part = shares.sums[column].rem_euclid(UNIT) >> 24;
                rises.push((turn, -(it.owed + part), column));
            }
        };
        match rise {
            Rise::None => {}
            Rise::Fair => offer(1, 1),
            Rise::Sure => {
                offer(0, 1);
                offer(2, 2);
            }
        }
    }
    if !network.filled() {
        return None;
    }
    // Owed most first; then as columns come, which is by position and key.
    rises.sort_unstable();
    let mut dead = vec![false; 2 + classes.len() + columns.len()];
    for (.., column) in rises {
        if missing == 0 {
            break;
        }
        if network.pull(column, &mut dead) {
            missing -= 1;
        }
    }
    if missing > 0 {
        return None;
    }
    let table = network.table(shares);
    if classes.iter().all(|class| class.costs.iter().all(|&cost| cost == 0)) {
        return Some(table);
    }
    Some(preferred(classes, columns.len(), shares, table))
}

/// The same sums of rows and columns at the least cost.
fn preferred(classes: &[Class], columns: usize, shares: &Shares, table: Table) -> Table {
    let mut network = Cells::new(classes, columns, shares);
    let mut sums = vec![0; columns];
    for (class, row) in classes.iter().zip(&table) {
        for (&column, &x) in class.columns.iter().zip(row) {
            sums[column as usize] += x;
        }
    }
    for (column, sum) in sums.into_iter().enumerate() {
        network.raise(column, sum - network.given[column]);
    }
    if network.filled_cheaply() {
        network.table(shares)
    } else {
        table
    }
}

/// The cells that are not whole as a network: source, sink, classes, columns.
struct Cells {
    network: Network,
    classes: usize,
    /// By class what its floors leave over.
    rests: Vec<u64>,
    /// By column the sum of its floors.
    given: Vec<u64>,
    /// By class and cell, the arc; none where the cell is whole.
    arcs: Vec<Vec<Option<usize>>>,
    /// Arcs to the sink begin here.
    sinks: usize,
    wanted: i64,
}

impl Cells {
    fn new(classes: &[Class], columns: usize, shares: &Shares) -> Cells {
        let node = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let mut cells = Cells {
            network: Network::new(2, &[]),
            classes: classes.len(),
            rests: Vec::with_capacity(classes.len()),
            given: vec![0; columns],
            arcs: Vec::with_capacity(classes.len()),
            sinks: 0,
            wanted: 0,
        };
        let mut arcs = Vec::new();
        for (at, class) in classes.iter().enumerate() {
            let floors = &shares.floors[at];
            let rest = class.supply - floors.iter().sum::<u64>();
            cells.rests.push(rest);
            arcs.push(Arc {
                from: SOURCE,
                to: node(2 + at),
                capacity: i64::try_from(rest).unwrap_or(i64::MAX),
                cost: 0,
            });
        }
        for (at, class) in classes.iter().enumerate() {
            let mut row = Vec::with_capacity(class.columns.len());
            for (cell, &column) in class.columns.iter().enumerate() {
                cells.given[column as usize] += shares.floors[at][cell];
                if !shares.ragged[at][cell] {
                    row.push(None);
                    continue;
                }
                row.push(Some(arcs.len()));
                arcs.push(Arc {
                    from: node(2 + at),
                    to: node(2 + classes.len() + column as usize),
                    capacity: 1,
                    cost: class.costs.get(cell).copied().unwrap_or(0).into(),
                });
            }
            cells.arcs.push(row);
        }
        cells.sinks = arcs.len();
        arcs.extend((0..columns).map(|column| Arc {
            from: node(2 + classes.len() + column),
            to: SINK,
            capacity: 0,
            cost: 0,
        }));
        cells.network = Network::new(2 + classes.len() + columns, &arcs);
        cells
    }

    /// So many more units for a column.
    fn raise(&mut self, column: usize, by: u64) {
        let by = i64::try_from(by).unwrap_or(i64::MAX);
        self.network.reset(self.sinks + column, by);
        self.wanted += by;
    }

    fn filled(&mut self) -> bool {
        self.network.fill() == self.wanted
    }

    fn filled_cheaply(&mut self) -> bool {
        self.network.fill_cheaply() == self.wanted
    }

    fn pull(&mut self, column: usize, dead: &mut [bool]) -> bool {
        let node = u32::try_from(2 + self.classes + column).unwrap_or(u32::MAX);
        self.network.pull(node, dead)
    }

    fn table(&self, shares: &Shares) -> Table {
        let flow = |arc: &Option<usize>| arc.map_or(0, |arc| u64::try_from(self.network.flow(arc)).unwrap_or(0));
        let rows = shares.floors.iter().zip(&self.arcs);
        rows.map(|(floors, arcs)| floors.iter().zip(arcs).map(|(floor, arc)| floor + flow(arc)).collect())
            .collect()
    }
}
