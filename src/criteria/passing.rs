//! Which values of a column pass a test, as ranges of the values' own order: what the router looks rules up by.
//!
//! Only tests of which that can be said exactly without asking PostgreSQL: equality, membership and prefixes of texts
//! (in the order of their bytes, which is that of collation "C" where the encoding is UTF-8), every comparison of whole
//! numbers, equality of booleans, nulls; and what `all`, `any` and `not` make of such tests of one column.

use super::check::{Field, Item, Side};
use super::side::column;
use super::tree::{Comparison, Op};
use super::types::{Kind, Wrap};

/// A value of an axis; all of one axis are of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// A whole number, or a boolean as 0 and 1.
    Whole(i64),
    /// A text.
    Text(String),
}

/// The values that pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Passing {
    /// What is tested: SQL over the record, of type bigint or text.
    pub value: String,
    /// Whether it is a text.
    pub text: bool,
    /// Whether null passes.
    pub null: bool,
    /// Whether the least of all values passes.
    pub least: bool,
    /// From each of these values on, ascending, it is the other way round.
    pub turns: Vec<Point>,
}

impl Passing {
    /// Those that pass both (`and`), or either (`or`); None where they are about different values.
    pub fn join(&self, other: &Self, join: fn(bool, bool) -> bool) -> Option<Self> {
        if self.value != other.value {
            return None;
        }
        let mut points: Vec<&Point> = self.turns.iter().chain(&other.turns).collect();
        points.sort_unstable();
        points.dedup();
        let (mut ours, mut theirs) = (self.least, other.least);
        let least = join(ours, theirs);
        let mut last = least;
        let mut turns = Vec::new();
        let (mut mine, mut yours) = (self.turns.iter().peekable(), other.turns.iter().peekable());
        for point in points {
            ours ^= mine.next_if_eq(&point).is_some();
            theirs ^= yours.next_if_eq(&point).is_some();
            if join(ours, theirs) != last {
                last = !last;
                turns.push(point.clone());
            }
        }
        Some(Self {
            null: join(self.null, other.null),
            least,
            turns,
            ..self.clone()
        })
    }

    /// Those that do not pass: a test that is null does not hold, so its negation does.
    fn not(self) -> Self {
        Self {
            null: !self.null,
            least: !self.least,
            ..self
        }
    }

    /// Whether a value passes; None is null.
    #[cfg(test)]
    pub fn passes(&self, value: Option<&Point>) -> bool {
        match value {
            None => self.null,
            Some(value) => self.least ^ (self.turns.partition_point(|turn| turn <= value) % 2 == 1),
        }
    }

    /// The same the other way round for all values but null.
    fn other(self) -> Self {
        Self {
            least: !self.least,
            ..self
        }
    }

    /// The values from one to before another, or to the end.
    fn of(side: &Side, alias: &str, mut ranges: Vec<(Point, Option<Point>)>) -> Self {
        let column = column(side, alias);
        // Sorted, ranges that overlap or touch become one.
        ranges.sort();
        let mut turns: Vec<Point> = Vec::new();
        let mut open = false;
        for (from, to) in ranges {
            if open {
                break;
            }
            match turns.last_mut() {
                Some(end) if *end >= from => match to {
                    Some(to) => *end = to.max(end.clone()),
                    None => {
                        turns.pop();
                        open = true;
                    }
                },
                _ => {
                    turns.push(from);
                    open = to.is_none();
                    turns.extend(to);
                }
            }
        }
        Self {
            value: match side.kind {
                Kind::Boolean => format!("({column})::integer::bigint"),
                Kind::Whole(..) => format!("({column})::bigint"),
                _ => format!("({column})::text"),
            },
            text: side.kind == Kind::Text,
            null: false,
            least: false,
            turns,
        }
    }
}

/// The values that pass a test; None where that is not known here.
pub(super) fn passing(item: &Item, alias: &str) -> Option<Passing> {
    let joined = |items: &[Item], join: fn(bool, bool) -> bool| {
        let mut each = items.iter().map(|item| passing(item, alias));
        let first = each.next()??;
        each.try_fold(first, |all, one| all.join(&one?, join))
    };
    match item {
        Item::All(items) => joined(items, |a, b| a && b),
        Item::Any(items) => joined(items, |a, b| a || b),
        Item::Not(inner) => passing(inner, alias).map(Passing::not),
        Item::Field(test) => field(test, alias),
        Item::Related(_) => None,
    }
}

fn field(field: &Field, alias: &str) -> Option<Passing> {
    let side = &field.column;
    let known = match side.kind {
        Kind::Whole(..) | Kind::Boolean => true,
        // citext is folded and char(n) padded before they are compared.
        Kind::Text => side.sql != "bpchar" && side.wrap != Wrap::Lower,
        _ => false,
    };
    if !known || side.array {
        return None;
    }
    let of = |ranges| Passing::of(side, alias, ranges);
    let points: Option<Vec<Point>> = field
        .literals
        .iter()
        .map(|literal| point(side, literal.known()?))
        .collect();
    let points = points?;
    let equal = || of(points.iter().map(|point| (point.clone(), after(point))).collect());
    let from = |point: Option<Point>| of(point.map(|point| (point, None)).into_iter().collect());
    let (first, second) = (points.first(), points.get(1));
    let whole = matches!(side.kind, Kind::Whole(..));
    Some(match field.op {
        Op::Compare(Comparison::Equal) | Op::In => equal(),
        Op::Compare(Comparison::NotEqual) | Op::NotIn => equal().other(),
        Op::IsNull => of(Vec::new()).other().not(),
        Op::IsNotNull => of(Vec::new()).other(),
        Op::Compare(Comparison::Less) if whole => from(Some(first?.clone())).other(),
        Op::Compare(Comparison::LessOrEqual) if whole => from(after(first?)).other(),
        Op::Compare(Comparison::Greater) if whole => from(after(first?)),
        Op::Compare(Comparison::GreaterOrEqual) if whole => from(Some(first?.clone())),
        Op::Between if whole && first <= second => of(vec![(first?.clone(), after(second?))]),
        Op::Between if whole => of(Vec::new()),
        Op::Prefix => match first? {
            Point::Text(prefix) => of(vec![(Point::Text(prefix.clone()), behind(prefix).map(Point::Text))]),
            Point::Whole(_) => return None,
        },
        _ => return None,
    })
}

fn point(side: &Side, literal: &str) -> Option<Point> {
    match side.kind {
        Kind::Boolean => match literal {
            "true" => Some(Point::Whole(1)),
            "false" => Some(Point::Whole(0)),
            _ => None,
        },
        Kind::Whole(..) => literal.parse().ok().map(Point::Whole),
        _ => Some(Point::Text(literal.to_owned())),
    }
}

/// The next value.
fn after(point: &Point) -> Option<Point> {
    match point {
        Point::Whole(number) => number.checked_add(1).map(Point::Whole),
        // There is no character below this one in a text.
        Point::Text(text) => Some(Point::Text(format!("{text}\u{1}"))),
    }
}

/// The first text behind all that begin with the prefix.
fn behind(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // What lies between are halves of UTF-16, which are no characters.
        let next = if last == '\u{d7ff}' {
            Some('\u{e000}')
        } else {
            char::from_u32(u32::from(last) + 1)
        };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}
