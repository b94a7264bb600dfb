//! Rules that cannot be looked up whole: what is left of their tests is asked, in order, where their columns say that they
//! may match.

use std::collections::HashMap;

use super::grid::{Grid, Rule};
use super::{Branch, tree};
use crate::criteria::Conjunct;

/// So many rules that no column finds are passed over together where an earlier rule was found.
const TOGETHER: usize = 4;
/// A list of rules that is no longer is not cut by another column.
const SHORT: usize = 8;

/// The rules, in order.
#[derive(Debug)]
pub struct Asked {
    rules: Vec<Rule>,
    found_by: Option<Lists>,
}

/// A grid in each of whose cells stands the list of rules that may match there.
#[derive(Debug)]
struct Lists {
    grid: Grid,
    axes: Vec<usize>,
    /// By number, from 1: the list it goes on, and the place in `rules` of the rule it adds.
    lists: Vec<(u32, u32)>,
}

impl Lists {
    fn new(rules: &[Rule], axes: &[usize]) -> Option<Self> {
        let numbered: HashMap<u32, u32> = rules.iter().map(|rule| rule.place).zip(0..).collect();
        let mut lists = Vec::new();
        let mut known: HashMap<(u32, u32), u32> = HashMap::new();
        let tested: Vec<&Rule> = rules.iter().filter(|rule| tests_some(rule, axes)).collect();
        let grid = Grid::new(&tested, axes, rules.len() * 8 + 4096, |list, rule| {
            let next = (list.unwrap_or(0), numbered.get(&rule.place).copied().unwrap_or(0));
            *known.entry(next).or_insert_with(|| {
                lists.push(next);
                lists.len() as u32
            })
        })?;
        Some(Self {
            grid,
            axes: axes.to_vec(),
            lists,
        })
    }

    /// The places in `rules` of a list, in order.
    fn list(&self, number: u32) -> Vec<u32> {
        let mut list = Vec::new();
        let mut next = number;
        while let Some((before, rule)) = (next as usize).checked_sub(1).and_then(|at| self.lists.get(at)) {
            list.push(*rule);
            next = *before;
        }
        list.reverse();
        list
    }

    fn longest(&self) -> usize {
        let lists = self.grid.contents();
        lists.iter().map(|list| self.list(*list).len()).max().unwrap_or(0)
    }
}

fn tests_some(rule: &Rule, axes: &[usize]) -> bool {
    axes.iter().any(|axis| rule.passing.contains_key(axis))
}

impl Asked {
    /// Finds the columns to look them up by, from `few` rules on; there are so many `axes`.
    pub fn new(rules: Vec<Rule>, axes: usize, few: usize) -> Self {
        let mut found_by: Option<Lists> = None;
        if rules.len() >= few * 2 {
            let tested = |axis: &usize| rules.iter().filter(|rule| rule.passing.contains_key(axis)).count();
            let mut by_use: Vec<usize> = (0..axes).collect();
            by_use.sort_by_key(|axis| std::cmp::Reverse(tested(axis)));
            for axis in by_use.into_iter().filter(|axis| tested(axis) * 4 >= rules.len()) {
                let longest = found_by.as_ref().map_or(rules.len(), Lists::longest);
                if longest <= SHORT {
                    break;
                }
                let mut axes = found_by.as_ref().map_or_else(Vec::new, |lists| lists.axes.clone());
                axes.push(axis);
                found_by = Lists::new(&rules, &axes)
                    .filter(|lists| lists.longest() * 4 < longest * 3)
                    .or(found_by);
            }
        }
        Self { rules, found_by }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether some are looked up.
    pub fn finds(&self) -> bool {
        self.found_by.is_some()
    }

    /// SQL of the number of the record's list, null or 0 for none.
    pub fn list(&self) -> Option<String> {
        self.found_by.as_ref().map(|lists| lists.grid.sql(u64::from, 0))
    }

    /// SQL of the number of the first that matches: expressions, the first of which that is not null counts. `found` is the place of a rule that was found, which those
    /// behind it come too late for; the number of the record's list stands beside it.
    pub fn sql(&self, branches: &[Branch], found: Option<&str>, prefix: &str) -> Option<String> {
        let list = format!("{prefix}found.{prefix}list");
        let pieces = self.pieces();
        let tried = pieces.iter().filter_map(|piece| {
            let first = self.rules.get(*piece.first()? as usize)?.place;
            let tried = self.piece(piece, branches, found, &list);
            Some(match found {
                Some(found) if piece.len() > 1 => format!("case when {found} > {first} then {tried} end"),
                _ => tried,
            })
        });
        let tried: Vec<String> = tried.collect();
        (!tried.is_empty()).then(|| tried.join(", "))
    }

    /// The rules in pieces that follow one another: those that are found by the grid, and some of the others.
    fn pieces(&self) -> Vec<Vec<u32>> {
        let gridded = |rule: &u32| {
            let rule = self.rules.get(*rule as usize);
            rule.zip(self.found_by.as_ref())
                .is_some_and(|(rule, lists)| tests_some(rule, &lists.axes))
        };
        let all: Vec<u32> = (0..self.rules.len() as u32).collect();
        let alike = all.chunk_by(|a, b| gridded(a) == gridded(b));
        let short = alike.flat_map(|piece| match piece.first() {
            Some(first) if gridded(first) => piece.chunks(piece.len()),
            _ => piece.chunks(TOGETHER),
        });
        short.map(<[u32]>::to_vec).collect()
    }

    fn piece(&self, piece: &[u32], branches: &[Branch], found: Option<&str>, list: &str) -> String {
        let gridded = |rule: &Rule, lists: &Lists| tests_some(rule, &lists.axes);
        let first = piece.first().and_then(|rule| self.rules.get(*rule as usize));
        let lists = self
            .found_by
            .as_ref()
            .filter(|lists| first.is_some_and(|rule| gridded(rule, lists)));
        let Some(lists) = lists else {
            return self.case(piece, branches, found);
        };
        let (Some(from), Some(to)) = (piece.first(), piece.last()) else {
            return "null".to_owned();
        };
        let mut pieces: Vec<(u64, String)> = vec![(0, "null".to_owned())];
        for number in lists.grid.contents() {
            let mut here = lists.list(number);
            here.retain(|rule| (from..=to).contains(&rule));
            let sql = match here.as_slice() {
                [] => "null".to_owned(),
                here => self.case(here, branches, found),
            };
            if pieces.last().is_some_and(|(_, before)| *before != sql) {
                pieces.push((u64::from(number), sql));
            }
        }
        tree(list, &pieces)
    }

    fn case(&self, rules: &[u32], branches: &[Branch], found: Option<&str>) -> String {
        let whens = rules.iter().filter_map(|rule| {
            let rule = self.rules.get(*rule as usize)?;
            let branch = branches.get(rule.place as usize)?;
            let mut tests: Vec<String> = found.iter().map(|found| format!("{found} > {}", rule.place)).collect();
            let left = branch.tests.iter().filter(|test| !self.is_looked_up(rule, test));
            tests.extend(left.map(|test| test.sql.clone()));
            if tests.is_empty() {
                tests.push("true".to_owned());
            }
            Some(format!(" when {} then {}", tests.join(" and "), branch.number))
        });
        format!("case{} end", whens.collect::<String>())
    }

    /// Whether a test holds of every record on whose list the rule is.
    fn is_looked_up(&self, rule: &Rule, test: &Conjunct) -> bool {
        let axes = self.found_by.iter().flat_map(|lists| &lists.axes);
        let mut values = axes
            .filter_map(|axis| rule.passing.get(axis))
            .map(|passing| &passing.value);
        let value = test.passing.as_ref().map(|passing| &passing.value);
        value.is_some_and(|value| values.any(|known| known == value))
    }

    /// The place of the first that matches before `found`.
    #[cfg(test)]
    pub fn find(
        &self,
        found: Option<u32>,
        value: &dyn Fn(&str) -> Option<crate::criteria::Point>,
        holds: &mut dyn FnMut(&str) -> bool,
    ) -> Option<u32> {
        let list = self.found_by.as_ref().and_then(|lists| lists.grid.find(value));
        let list = list
            .zip(self.found_by.as_ref())
            .map(|(number, lists)| lists.list(number));
        for piece in self.pieces() {
            for at in piece {
                let rule = self.rules.get(at as usize)?;
                let lists = self.found_by.as_ref().filter(|lists| tests_some(rule, &lists.axes));
                if lists.is_some() && !list.as_ref().is_some_and(|list| list.contains(&at)) {
                    continue;
                }
                if found.is_some_and(|found| found < rule.place) {
                    return None;
                }
                let passes = rule
                    .passing
                    .values()
                    .all(|test| test.passes(value(&test.value).as_ref()));
                if passes && rule.rest.iter().all(|sql| holds(sql)) {
                    return Some(rule.place);
                }
            }
        }
        None
    }
}
