//! Rules looked up by several values at once: the classes of each value are the lines of a grid, and in each of its
//! cells stands what is true of the records that fall there.

use std::collections::{BTreeMap, HashMap};

use super::axis::{Axis, array, at_number};
use crate::criteria::Passing;

/// A rule as the grids see it.
#[derive(Debug)]
pub struct Rule {
    /// Its place among the rules, from 0.
    pub place: u32,
    /// By number of the axis, which values of it pass.
    pub passing: BTreeMap<usize, Passing>,
    /// What else has to hold: SQL.
    pub rest: Vec<String>,
}

/// A grid; what stands in a cell is a number.
#[derive(Debug)]
pub struct Grid {
    axes: Vec<(Axis, u64)>,
    size: u64,
    cells: BTreeMap<u64, u32>,
}

impl Grid {
    /// The grid of these rules, in order, over these axes. A rule that does not ask for an axis stands in all of its
    /// classes. `put` says what stands in a cell once a rule has come to it; at most `most` times.
    pub fn new(
        rules: &[&Rule],
        axes: &[usize],
        most: usize,
        mut put: impl FnMut(Option<u32>, &Rule) -> u32,
    ) -> Option<Self> {
        let mut grid = Self {
            axes: Vec::new(),
            size: 1,
            cells: BTreeMap::new(),
        };
        // By axis and rule, the places in that direction.
        let mut lines: Vec<Vec<Vec<u64>>> = Vec::new();
        for number in axes {
            let mut known: HashMap<&Passing, usize> = HashMap::new();
            let mut tests = Vec::new();
            let asked: Vec<Option<usize>> = rules
                .iter()
                .map(|rule| {
                    let test = rule.passing.get(number)?;
                    Some(*known.entry(test).or_insert_with(|| {
                        tests.push(test);
                        tests.len() - 1
                    }))
                })
                .collect();
            let (axis, of_test) = Axis::new(&tests)?;
            let stride = grid.size;
            let all: Vec<u32> = (0..axis.count).collect();
            let classes = |test: &Option<usize>| match test {
                Some(test) => of_test.get(*test),
                None => Some(&all),
            };
            let steps = |test| -> Option<Vec<u64>> {
                let classes = classes(test)?.iter();
                Some(classes.map(|class| u64::from(*class) * stride).collect())
            };
            lines.push(asked.iter().map(steps).collect::<Option<_>>()?);
            grid.size = stride
                .checked_mul(u64::from(axis.count))
                .filter(|size| *size < 1 << 62)?;
            grid.axes.push((axis, stride));
        }
        let mut left = most;
        for (nth, rule) in rules.iter().enumerate() {
            let mut cells = vec![0_u64];
            for line in &lines {
                let steps = line.get(nth)?;
                if cells.len().checked_mul(steps.len())? > left {
                    return None;
                }
                cells = steps
                    .iter()
                    .flat_map(|step| cells.iter().map(move |cell| cell + step))
                    .collect();
            }
            left -= cells.len();
            for cell in cells {
                let now = put(grid.cells.get(&cell).copied(), rule);
                grid.cells.insert(cell, now);
            }
        }
        Some(grid)
    }

    /// How many cells have something in them.
    pub fn filled(&self) -> usize {
        self.cells.len()
    }

    /// Everything that stands in some cell, each once and in order.
    pub fn contents(&self) -> Vec<u32> {
        let mut contents: Vec<u32> = self.cells.values().copied().collect();
        contents.sort_unstable();
        contents.dedup();
        contents
    }

    /// What stands in the cell of a record.
    #[cfg(test)]
    pub fn find(&self, value: &dyn Fn(&str) -> Option<crate::criteria::Point>) -> Option<u32> {
        let mut cell = 0;
        for (axis, stride) in &self.axes {
            cell += u64::from(axis.class(value(axis.value()).as_ref())?) * stride;
        }
        self.cells.get(&cell).copied()
    }

    /// SQL of the number that `number` makes of what stands in the record's cell. Where nothing stands in it, it is
    /// null or `nothing`.
    pub fn sql(&self, number: impl Fn(u32) -> u64, nothing: u64) -> String {
        let at = |cell: u64| self.cells.get(&cell).map_or(nothing, |content| number(*content));
        if let [(axis, _)] = self.axes.as_slice() {
            return axis.sql(|class| at(u64::from(class)), nothing, false);
        }
        let wide = self.size.saturating_mul(self.axes.len() as u64) > i32::MAX as u64;
        // Values that lead to no cell that has something in it lead out of the grid.
        let terms = self.axes.iter().map(|(axis, stride)| {
            let used = self.used(*stride, axis.count);
            let step = |class: u32| match used.get(class as usize) {
                Some(true) => u64::from(class) * stride,
                _ => self.size,
            };
            axis.sql(step, self.size, wide)
        });
        let cell = terms.collect::<Vec<_>>().join(" + ");
        if self.size <= 1024 || self.size / 4 <= self.cells.len() as u64 {
            let numbers: Vec<u64> = (0..self.size).map(at).collect();
            return format!("({})[{cell}]", array(0, &numbers, false));
        }
        let (mut cuts, mut numbers) = (Vec::new(), vec![nothing]);
        let mut next = None;
        for (cell, content) in &self.cells {
            if next.is_some_and(|next| next != *cell) {
                cuts.extend(next);
                numbers.push(nothing);
            }
            let number = number(*content);
            if numbers.last() != Some(&number) {
                cuts.push(*cell);
                numbers.push(number);
            }
            next = Some(cell + 1);
        }
        cuts.extend(next);
        numbers.push(nothing);
        at_number(&format!("({cell})::bigint"), &cuts, &numbers)
    }

    /// By class of an axis, whether there is something in its cells.
    fn used(&self, stride: u64, count: u32) -> Vec<bool> {
        let mut used = vec![false; count as usize];
        for cell in self.cells.keys() {
            let class = cell / stride % u64::from(count);
            if let Some(used) = used.get_mut(class as usize) {
                *used = true;
            }
        }
        used
    }
}
