//! The SQL of a ruleset: the number of the first rule that matches.
//!
//! A chain of CASE branches asks rule after rule. Where there are many, most are not asked but looked up: a rule of whose
//! tests it is known which values pass (equality, membership, prefixes, ranges of whole numbers) is a block of cells in a
//! [`grid`] over the columns that it tests, and the first rule of each cell is computed here. So what a record costs is a
//! search in each column and not a test for each rule, and the expression is a handful of constant arrays.
//!
//! Rules that have other tests as well (a predicate, related rows) can only be asked, and only in order, for a predicate may
//! raise an error or count on those before it: where there are many, they are found by the columns they test in the same
//! way, and asked only where what was looked up does not come before them ([`asked`]).

mod asked;
mod axis;
mod chain;
mod grid;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use crate::criteria::{Conjunct, Passing};
use asked::Asked;
use grid::{Grid, Rule};

/// Fewer rules than this are asked one after the other.
const FEW: usize = 32;
/// A grid of fewer rules costs more than to ask them.
const FEW_IN_GRID: usize = 8;
/// Each grid is a search for every record.
const MOST_GRIDS: usize = 8;

/// A rule: what has to hold, in order, and the SQL of the number that is its own.
#[derive(Debug)]
pub struct Branch {
    /// At least one. What passes is told only of columns whose texts are the same where their bytes are, in UTF-8.
    pub tests: Vec<Conjunct>,
    /// An integer expression that is never null.
    pub number: String,
}

impl Branch {
    fn is_constant(&self) -> bool {
        self.number.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// The number of the first branch whose tests all hold; `fallback` where there is none. No column of the record's table
/// begins with `prefix`.
pub fn first_match(branches: &[Branch], fallback: usize, prefix: &str) -> String {
    let lookup = (branches.len() >= FEW).then(|| Lookup::new(branches, FEW));
    match lookup.filter(Lookup::finds) {
        Some(lookup) => lookup.sql(branches, fallback, prefix),
        None => chain::first_match(branches, fallback),
    }
}

/// How rules are found.
#[derive(Debug)]
struct Lookup {
    /// The place of the first rule that is fulfilled by what is looked up alone: the least of these.
    grids: Vec<Grid>,
    /// The other rules.
    asked: Asked,
    /// The place of the first rule that every record passes, else behind the last.
    last: u32,
}

impl Lookup {
    /// From `few` rules on, they are looked up.
    fn new(branches: &[Branch], few: usize) -> Self {
        let mut axes: HashMap<&str, usize> = HashMap::new();
        let mut rules = Vec::new();
        let mut last = branches.len() as u32;
        for (place, branch) in (0..).zip(branches) {
            let Some(rule) = rule(place, branch, &mut axes) else {
                continue;
            };
            if rule.passing.is_empty() && rule.rest.is_empty() {
                last = place;
                break;
            }
            rules.push(rule);
        }
        let (whole, mut asked): (Vec<Rule>, Vec<Rule>) = rules.into_iter().partition(|rule| rule.rest.is_empty());
        let (mut grids, mut others) = (Vec::new(), whole);
        if others.len() >= few {
            (grids, others) = in_grids(others, few.min(FEW_IN_GRID));
        }
        asked.append(&mut others);
        asked.sort_by_key(|rule| rule.place);
        Self {
            grids,
            asked: Asked::new(asked, axes.len(), few),
            last,
        }
    }

    /// Whether anything is gained by it.
    fn finds(&self) -> bool {
        !self.grids.is_empty() || self.asked.finds()
    }

    fn sql(&self, branches: &[Branch], fallback: usize, prefix: &str) -> String {
        let last = u64::from(self.last);
        let grids: Vec<String> = self.grids.iter().map(|grid| grid.sql(u64::from, last)).collect();
        let found = match grids.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => Some(format!("least({})", many.join(", "))),
        };
        let before = branches.get(..self.last as usize).unwrap_or_default();
        let otherwise = branches.get(self.last as usize).map(|branch| branch.number.clone());
        let otherwise = otherwise.unwrap_or_else(|| fallback.to_string());
        if let (Some(found), true, true) = (&found, self.asked.is_empty(), before.iter().all(Branch::is_constant)) {
            return format!("coalesce({}, {otherwise})", numbers(before, found));
        }
        let place = format!("{prefix}found.{prefix}place");
        let known = found.is_some().then_some(place.as_str());
        let mut tries: Vec<String> = self.asked.sql(branches, known, prefix).into_iter().collect();
        tries.extend(known.map(|place| numbers(before, place)));
        tries.push(otherwise);
        let found = found.map(|found| format!("coalesce({found}, {last}) as {prefix}place"));
        let list = self
            .asked
            .list()
            .map(|list| format!("coalesce({list}, 0) as {prefix}list"));
        let bound: Vec<String> = found.into_iter().chain(list).collect();
        // OFFSET keeps what was found from being computed anew wherever it is named.
        format!(
            "(select coalesce({}) from (select {} offset 0) as {prefix}found)",
            tries.join(", "),
            bound.join(", ")
        )
    }

    /// The place of the first rule that matches; `holds` answers what has to be asked.
    #[cfg(test)]
    fn find(
        &self,
        value: &dyn Fn(&str) -> Option<crate::criteria::Point>,
        holds: &mut dyn FnMut(&str) -> bool,
    ) -> Option<u32> {
        let found = self.grids.iter().filter_map(|grid| grid.find(value)).min();
        self.asked.find(found, value, holds).or(found)
    }
}

/// The rule as grids see it; None where nothing passes.
fn rule<'a>(place: u32, branch: &'a Branch, axes: &mut HashMap<&'a str, usize>) -> Option<Rule> {
    let mut rule = Rule {
        place,
        passing: BTreeMap::new(),
        rest: Vec::new(),
    };
    for test in &branch.tests {
        let Some(passing) = &test.passing else {
            if test.sql != "true" {
                rule.rest.push(test.sql.clone());
            }
            continue;
        };
        let next = axes.len();
        let axis = *axes.entry(passing.value.as_str()).or_insert(next);
        let both = match rule.passing.get(&axis) {
            Some(other) => other.join(passing, |a, b| a && b)?,
            None => passing.clone(),
        };
        rule.passing.insert(axis, both);
    }
    let always = |passing: &Passing| passing.null && passing.least && passing.turns.is_empty();
    let never = |passing: &Passing| !passing.null && !passing.least && passing.turns.is_empty();
    rule.passing.retain(|_, passing| !always(passing));
    (!rule.passing.values().any(never)).then_some(rule)
}

/// Grids of rules that test the same columns, or some of them; and the rules that are in none.
fn in_grids(rules: Vec<Rule>, few: usize) -> (Vec<Grid>, Vec<Rule>) {
    let mut of_axes: BTreeMap<Vec<usize>, Vec<&Rule>> = BTreeMap::new();
    for rule in &rules {
        of_axes
            .entry(rule.passing.keys().copied().collect())
            .or_default()
            .push(rule);
    }
    let mut groups: Vec<(Vec<usize>, Vec<&Rule>)> = of_axes.into_iter().collect();
    groups.sort_by_key(|(axes, rules)| std::cmp::Reverse((axes.len(), rules.len())));
    let first = |old: Option<u32>, rule: &Rule| old.unwrap_or(rule.place);
    let grid = |axes: &[usize], rules: &[&Rule]| Grid::new(rules, axes, rules.len() * 16 + 65_536, first);
    let mut made: Vec<(Vec<usize>, Vec<&Rule>, Grid)> = Vec::new();
    for (axes, group) in groups {
        // Those that test less go into a grid of more columns, if that does not make it much larger.
        let joined = made.iter_mut().find_map(|(wide, members, old)| {
            let inside = axes.iter().all(|axis| wide.contains(axis));
            let mut all: Vec<&Rule> = inside.then(|| members.iter().chain(&group).copied().collect())?;
            all.sort_by_key(|rule| rule.place);
            let new = grid(wide, &all).filter(|new| new.filled() <= old.filled() * 2 + group.len() * 16 + 4096)?;
            (*members, *old) = (all, new);
            Some(())
        });
        if joined.is_none()
            && let Some(new) = grid(&axes, &group)
        {
            made.push((axes, group, new));
        }
    }
    made.sort_by_key(|(_, members, _)| std::cmp::Reverse(members.len()));
    made.truncate(MOST_GRIDS);
    made.retain(|(_, members, _)| members.len() >= few);
    let mut inside = std::collections::HashSet::new();
    let mut grids = Vec::new();
    for (_, members, grid) in made {
        inside.extend(members.iter().map(|rule| rule.place));
        grids.push(grid);
    }
    let others = rules.into_iter().filter(|rule| !inside.contains(&rule.place));
    (grids, others.collect())
}

/// SQL of the number of the rule at a place, null behind the last.
fn numbers(branches: &[Branch], place: &str) -> String {
    let mut pieces = Vec::new();
    let mut first = 0;
    for run in branches.chunk_by(|a, b| a.is_constant() && b.is_constant()) {
        let constants: Vec<&str> = run.iter().map(|branch| branch.number.as_str()).collect();
        let sql = match run {
            [one] if !one.is_constant() => one.number.clone(),
            _ => format!("({})[{place}]", axis::array(first, &constants, false)),
        };
        pieces.push((first, sql));
        first += run.len() as u64;
    }
    pieces.push((first, "null".to_owned()));
    match pieces.as_slice() {
        // Beyond its bounds an array has nothing.
        [(_, all), _] if branches.iter().all(Branch::is_constant) => all.clone(),
        _ => tree(place, &pieces),
    }
}

/// SQL of the piece that a number lies in; each begins at a number, the first at the least.
fn tree(number: &str, pieces: &[(u64, String)]) -> String {
    let middle = pieces.len() / 2;
    match (pieces, pieces.get(middle)) {
        ([(_, one)], _) => one.clone(),
        (_, Some((from, _))) => {
            let (below, above) = pieces.split_at(middle);
            format!(
                "case when {number} < {from} then {} else {} end",
                tree(number, below),
                tree(number, above)
            )
        }
        _ => "null".to_owned(),
    }
}
