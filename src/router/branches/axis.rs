//! One value by which rules are looked up: its order, cut where the answer of some rule changes. Between two cuts all
//! values pass the same tests; pieces of which that is true of the same tests are one class.

use std::collections::HashMap;

use crate::criteria::{Passing, Point, array_text, quote_literal};

/// More than so many (piece, test that passes there) are not put in order.
const MOST: usize = 4_000_000;
/// So many cuts of texts are searched by one call. In a longer list the call goes from text to text to find the middle;
/// where a tree of CASEs goes down to the last of many cuts, the tree itself no longer fits the processor's cache.
const BLOCK: usize = 48;
/// Up to so many cuts of texts are a tree alone, which is faster than a call.
const TREE: usize = 64;

/// A value, cut into classes.
#[derive(Debug)]
pub struct Axis {
    value: String,
    text: bool,
    cuts: Vec<Point>,
    /// By piece; one more than cuts.
    classes: Vec<u32>,
    null: u32,
    /// How many classes there are.
    pub count: u32,
}

impl Axis {
    /// The axis of these tests of one value, and for each of them the classes whose values pass; None where there are none,
    /// or too many.
    pub fn new(tests: &[&Passing]) -> Option<(Self, Vec<Vec<u32>>)> {
        let first = tests.first()?;
        let mut turns: Vec<(&Point, u32)> = Vec::new();
        for (number, test) in (0..).zip(tests) {
            turns.extend(test.turns.iter().map(|turn| (turn, number)));
        }
        turns.sort_unstable();
        let those = |passes: fn(&Passing) -> bool| -> Vec<u32> {
            let numbered = (0..).zip(tests).filter(|(_, test)| passes(test));
            numbered.map(|(number, _)| number).collect()
        };
        let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut class = |passing: &Vec<u32>| {
            let next = known.len() as u32;
            *known.entry(passing.clone()).or_insert(next)
        };
        let null = class(&those(|test| test.null));
        let mut passing = those(|test| test.least);
        let (mut cuts, mut classes) = (Vec::new(), vec![class(&passing)]);
        let mut seen = 0;
        for same in turns.chunk_by(|(a, _), (b, _)| a == b) {
            for (_, test) in same {
                match passing.binary_search(test) {
                    Ok(place) => drop(passing.remove(place)),
                    Err(place) => passing.insert(place, *test),
                }
            }
            seen += passing.len();
            if seen > MOST {
                return None;
            }
            let class = class(&passing);
            if classes.last() != Some(&class) {
                classes.push(class);
                cuts.extend(same.first().map(|(cut, _)| (*cut).clone()));
            }
        }
        let mut of_test = vec![Vec::new(); tests.len()];
        for (tests, class) in &known {
            for test in tests {
                of_test.get_mut(*test as usize)?.push(*class);
            }
        }
        of_test.iter_mut().for_each(|classes| classes.sort_unstable());
        let axis = Self {
            value: first.value.clone(),
            text: first.text,
            cuts,
            classes,
            null,
            count: known.len() as u32,
        };
        Some((axis, of_test))
    }

    /// The class of a value; None is null.
    #[cfg(test)]
    pub fn class(&self, value: Option<&Point>) -> Option<u32> {
        let Some(value) = value else { return Some(self.null) };
        self.classes.get(self.cuts.partition_point(|cut| cut <= value)).copied()
    }

    /// What the axis is about: SQL over the record.
    #[cfg(test)]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// SQL of the number that `number` gives to the value's class; null for null where that is `nothing`. Numbers are
    /// `wide` (bigint) or integers.
    pub fn sql(&self, number: impl Fn(u32) -> u64, nothing: u64, wide: bool) -> String {
        let numbers: Vec<u64> = self.classes.iter().map(|class| number(*class)).collect();
        let (cuts, numbers) = merged(&self.cuts, &numbers);
        let null = Some(number(self.null)).filter(|null| *null != nothing);
        if self.text && cuts.len() <= TREE {
            // No comparison with null leads anywhere.
            let found = self.block(&cuts, &numbers, wide, 0);
            return match null {
                None => format!("case when {} is not null then {found} end", self.value),
                Some(null) => format!("case when {} is null then {null} else {found} end", self.value),
            };
        }
        let mut found = self.block(&cuts, &numbers, wide, BLOCK);
        if let (None, Some(single)) = (null, self.single(&cuts, &numbers, nothing)) {
            found = format!("case when {} = any ({single}::text[]) then {found} end", self.value);
        }
        match null {
            None => found,
            Some(null) => format!("coalesce({found}, {null})"),
        }
    }

    /// Many single texts and nothing between them: they are hashed first, for most records have none of them.
    fn single(&self, cuts: &[&Point], numbers: &[u64], nothing: u64) -> Option<String> {
        let (from, to) = (cuts.iter().step_by(2), cuts.iter().skip(1).step_by(2));
        let next = |(from, to): (&&Point, &&Point)| match (from, to) {
            (Point::Text(from), Point::Text(to)) => to.strip_prefix(from.as_str()) == Some("\u{1}"),
            _ => false,
        };
        let alone = self.text && cuts.len() > TREE && cuts.len().is_multiple_of(2) && from.clone().zip(to).all(next);
        let between = numbers.iter().step_by(2).all(|number| *number == nothing);
        let texts = from.filter_map(|cut| match cut {
            Point::Text(text) => Some(text.as_str()),
            Point::Whole(_) => None,
        });
        (alone && between).then(|| quote_literal(&array_text(texts)))
    }

    /// A tree of comparisons down to blocks that one call searches.
    fn block(&self, cuts: &[&Point], numbers: &[u64], wide: bool, block: usize) -> String {
        if let (true, [], [one]) = (self.text, cuts, numbers) {
            return one.to_string();
        }
        let value = match self.text {
            true => format!("{} collate \"C\"", self.value),
            false => self.value.clone(),
        };
        if self.text && cuts.len() > block {
            let middle = cuts.len() / 2;
            let (below, above) = (cuts.get(..middle), cuts.get(middle + 1..));
            let (lower, upper) = numbers.split_at(middle + 1);
            if let (Some(below), Some(above), Some(Point::Text(cut))) = (below, above, cuts.get(middle)) {
                return format!(
                    "case when {value} < {} then {} else {} end",
                    quote_literal(cut),
                    self.block(below, lower, wide, block),
                    self.block(above, upper, wide, block)
                );
            }
        }
        let texts = cuts.iter().filter_map(|cut| match cut {
            Point::Text(text) => Some(text.as_str()),
            Point::Whole(_) => None,
        });
        let cuts: Vec<String> = match self.text {
            true => vec![quote_literal(&array_text(texts)), "text".to_owned()],
            false => vec![quote_literal(&whole(cuts)), "bigint".to_owned()],
        };
        searched(&value, &cuts.join("::"), &array(0, numbers, wide))
    }
}

/// SQL of the number of the piece that a value lies in: one call, a binary search.
fn searched(value: &str, cuts: &str, numbers: &str) -> String {
    format!("({numbers})[width_bucket({value}, {cuts}[])]")
}

/// SQL of an array of whole numbers whose first place is `first`.
pub fn array(first: u64, numbers: &[impl std::fmt::Display], wide: bool) -> String {
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let kind = if wide { "bigint" } else { "integer" };
    // One without elements has no bounds.
    match numbers.len() as u64 {
        0 => format!("'{{}}'::{kind}[]"),
        count => format!("'[{first}:{}]={{{}}}'::{kind}[]", first + count - 1, texts.join(",")),
    }
}

/// SQL of what stands at a whole number among pieces of whole numbers that begin at these.
pub fn at_number(value: &str, cuts: &[u64], numbers: &[u64]) -> String {
    let cuts: Vec<String> = cuts.iter().map(u64::to_string).collect();
    searched(
        value,
        &format!("'{{{}}}'::bigint", cuts.join(",")),
        &array(0, numbers, false),
    )
}

fn whole(cuts: &[&Point]) -> String {
    let numbers = cuts.iter().filter_map(|cut| match cut {
        Point::Whole(number) => Some(number.to_string()),
        Point::Text(_) => None,
    });
    format!("{{{}}}", numbers.collect::<Vec<_>>().join(","))
}

/// Without the cuts on both sides of which is the same.
fn merged<'a>(cuts: &'a [Point], numbers: &[u64]) -> (Vec<&'a Point>, Vec<u64>) {
    let mut kept = Vec::with_capacity(cuts.len());
    let mut ours: Vec<u64> = numbers.first().copied().into_iter().collect();
    for (cut, number) in cuts.iter().zip(numbers.iter().skip(1)) {
        if ours.last() != Some(number) {
            kept.push(cut);
            ours.push(*number);
        }
    }
    (kept, ours)
}
