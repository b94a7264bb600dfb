//! Writes the SQL of a checked criterion: one boolean expression over the record, the same text for the same input.
//!
//! Operators and functions are not qualified: every statement runs with `search_path = pg_catalog, pg_temp`.

use super::check::{Checked, Field, Item, Literal, Related, Side};
use super::passing::{Passing, passing};
use super::quote::{quote_ident, quote_literal};
use super::side::{
    column, json_text, json_value, list, literal, lookup, lowered, ordered, text, untyped, value, wrapped, written,
};
use super::tree::{Comparison, Count, Op};
use super::types::{Kind, Wrap};

/// A leaf of the criteria, for explain. A related test is one leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// Where it is in the JSON, such as `$.all[0]`.
    pub path: String,
    /// What it asks: `employees >= 500`. Negations above it are not part of it.
    pub description: String,
    /// A boolean expression over the record; null counts as false.
    pub sql: String,
    /// A text expression that shows what the test looked at: the column's value, or how many related rows there are.
    pub actual: Option<String>,
}

/// A test that holds where a value is one of some literals, of which no two are the same value (under a deterministic
/// collation): many such tests of one value can be answered together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The value, an SQL expression over the record.
    pub value: String,
    /// SQL of the literals, each with its type.
    pub literals: Vec<String>,
}

/// One of the parts of a test that all have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conjunct {
    /// A boolean expression over the record; null counts as false.
    pub sql: String,
    /// The same where it asks whether a value is one of some literals.
    pub lookup: Option<Lookup>,
    /// Which values pass, where that is known of it (and the column's texts are the same only where their bytes are).
    pub passing: Option<Passing>,
}

impl Conjunct {
    /// One of which nothing is known but its SQL.
    pub fn plain(sql: String) -> Self {
        Self {
            sql,
            lookup: None,
            passing: None,
        }
    }
}

impl Checked {
    /// One SQL boolean expression over the record under the given alias, in parentheses.
    ///
    /// A test on a null column may make it null, which counts as false as it does in WHERE. Negation is compiled to
    /// `is not true`, so that `not` of a test that is null is true: with only AND, OR and `is not true` an expression
    /// is true exactly where it would be with every null test replaced by false.
    ///
    /// `as_of` is the text of a timestamptz with its offset, such as `2026-01-05 06:00:00+00`, or a parameter such as `$2`.
    pub fn to_sql(&self, alias: &str, as_of: &str) -> String {
        Writer { record: alias, as_of }.item(&self.root, alias, 1)
    }

    /// The same in parts that all have to hold, in the order in which they are written: those of an `all`, else one.
    pub fn conjuncts(&self, alias: &str, as_of: &str) -> Vec<Conjunct> {
        let writer = Writer { record: alias, as_of };
        let conjunct = |item: &Item| Conjunct {
            sql: writer.item(item, alias, 1),
            lookup: match item {
                Item::Field(field) => lookup(field, alias),
                _ => None,
            },
            passing: passing(item, alias),
        };
        match &self.root {
            Item::All(items) => items.iter().map(conjunct).collect(),
            one => vec![conjunct(one)],
        }
    }

    /// The leaf tests in the order in which they are written, for explain.
    pub fn tests(&self, alias: &str, as_of: &str) -> Vec<Test> {
        let mut tests = Vec::new();
        Writer { record: alias, as_of }.leaves(&self.root, &mut tests);
        tests
    }
}

struct Writer<'a> {
    record: &'a str,
    as_of: &'a str,
}

impl Writer<'_> {
    fn item(&self, item: &Item, alias: &str, depth: usize) -> String {
        let joined = |items: &[Item], word: &str| {
            let parts: Vec<String> = items.iter().map(|item| self.item(item, alias, depth)).collect();
            format!("({})", parts.join(word))
        };
        match item {
            Item::All(items) => joined(items, " and "),
            Item::Any(items) => joined(items, " or "),
            Item::Not(inner) => format!("({} is not true)", self.item(inner, alias, depth)),
            Item::Field(field) => format!("({})", self.field(field, alias)),
            Item::Related(related) => format!("({})", self.related(related, alias, depth)),
        }
    }

    fn leaves(&self, item: &Item, tests: &mut Vec<Test>) {
        match item {
            Item::All(items) | Item::Any(items) => items.iter().for_each(|item| self.leaves(item, tests)),
            Item::Not(inner) => self.leaves(inner, tests),
            Item::Field(field) => tests.push(Test {
                path: field.path.clone(),
                description: field.description.clone(),
                sql: self.item(item, self.record, 1),
                actual: Some(match field.column.kind {
                    Kind::Json if !field.column.array => json_text(field, self.record),
                    _ => format!("({})::text", column(&field.column, self.record)),
                }),
            }),
            Item::Related(related) => tests.push(Test {
                path: related.path.clone(),
                description: related.description.clone(),
                sql: self.item(item, self.record, 1),
                actual: Some(format!(
                    "(select count(*) from {})::text",
                    self.rows(related, self.record, 1)
                )),
            }),
        }
    }

    fn field(&self, field: &Field, alias: &str) -> String {
        let side = &field.column;
        let json = side.kind == Kind::Json && !side.array;
        let cast = |value: &Literal| written(value, &side.sql);
        let all: Vec<String> = match field.op {
            // Text operators and jsonb in order have literals of other types than the column.
            Op::In | Op::NotIn | Op::Compare(_) | Op::Between | Op::Has if field.ordered.is_none() => {
                field.literals.iter().map(|value| lowered(side, cast(value))).collect()
            }
            _ => Vec::new(),
        };
        let first = field.literals.first();
        // As it is looked for in a text: SQL of type text, or a literal of no type yet.
        let piece = || first.map_or_else(String::new, untyped);
        match field.op {
            Op::IsNull | Op::IsNotNull if json => {
                format!("{} {}", json_text(field, alias), field.op.word())
            }
            Op::IsNull | Op::IsNotNull => format!("{} {}", column(side, alias), field.op.word()),
            Op::Has if json => format!("{} @> {}", json_value(field, alias), all.concat()),
            Op::Has => format!("{} = any({})", all.concat(), column(side, alias)),
            Op::Compare(_) | Op::Between if field.ordered.is_some() => ordered(field, alias),
            Op::Compare(op) => format!("{} {} {}", value(field, alias), op.word(), all.concat()),
            Op::Between => format!("{} between {}", value(field, alias), all.join(" and ")),
            Op::In | Op::NotIn => list(field, &all, alias),
            Op::Like | Op::Ilike => {
                let word = if side.wrap == Wrap::Lower {
                    "ilike"
                } else {
                    field.op.word()
                };
                format!("{} {word} {}", text(field, alias), piece())
            }
            // An escaped LIKE and not starts_with(): pattern and trigram indexes serve it in every version.
            Op::Prefix => match first.and_then(Literal::known) {
                Some(first) => {
                    let pattern = first.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_") + "%";
                    format!("{} like {}", text(field, alias), lowered(side, quote_literal(&pattern)))
                }
                None => {
                    let piece = lowered(side, piece());
                    format!("left({}, length({piece})) = {piece}", text(field, alias))
                }
            },
            Op::Suffix => {
                let piece = lowered(side, piece());
                format!("right({}, length({piece})) = {piece}", text(field, alias))
            }
            Op::Contains => {
                format!("strpos({}, {}) > 0", text(field, alias), lowered(side, piece()))
            }
            Op::OlderThan => format!("{} < {}", column(side, alias), self.back(first, side.kind)),
            Op::NewerThan => format!("{} > {}", column(side, alias), self.back(first, side.kind)),
        }
    }

    /// The run's instant less an interval. All of it is immutable, so it is folded to a constant and indexes serve it.
    fn back(&self, interval: Option<&Literal>, kind: Kind) -> String {
        let as_of = if self.as_of.starts_with('$') {
            format!("{}::timestamp with time zone", self.as_of)
        } else {
            literal(self.as_of, "timestamp with time zone")
        };
        // On the UTC calendar: months and days counted in the session's zone would differ between sessions.
        let utc = format!(
            "(({as_of} at time zone 'UTC') - {})",
            interval.map_or_else(String::new, |interval| written(interval, "interval"))
        );
        match kind {
            Kind::TimestampTz => format!("({utc} at time zone 'UTC')"),
            // A date is a whole day: the day of the border itself is neither older nor newer.
            Kind::Date => format!("{utc}::date"),
            _ => utc,
        }
    }

    fn related(&self, related: &Related, outer: &str, depth: usize) -> String {
        let rows = self.rows(related, outer, depth);
        let Some(Count { op, value }) = related.count else {
            return format!("exists (select 1 from {rows})");
        };
        match (op, value) {
            (Comparison::GreaterOrEqual, 1) | (Comparison::Greater | Comparison::NotEqual, 0) => {
                format!("exists (select 1 from {rows})")
            }
            (Comparison::Less, 1) | (Comparison::LessOrEqual | Comparison::Equal, 0) => {
                format!("not exists (select 1 from {rows})")
            }
            _ => {
                // Counting stops where the answer is known: a record with ten thousand visits costs no more than one.
                let enough = match op {
                    Comparison::GreaterOrEqual | Comparison::Less => u64::from(value),
                    _ => u64::from(value) + 1,
                };
                let counted = quote_ident(&format!("{}_counted", self.alias(depth)));
                format!(
                    "(select count(*) from (select 1 from {rows} limit {enough}) as {counted}) {} {value}",
                    op.word()
                )
            }
        }
    }

    /// `relation as alias where ...`: the related rows of one record.
    fn rows(&self, related: &Related, outer: &str, depth: usize) -> String {
        let alias = self.alias(depth);
        let mut conditions: Vec<String> = related
            .on
            .iter()
            .map(|(theirs, ours)| {
                // citext and text meet folded, whichever side is which.
                let fold = |side: &Side, alias: &str| match (theirs.wrap, ours.wrap) {
                    (Wrap::Lower, _) | (_, Wrap::Lower) => {
                        format!("lower(({})::text)", column(side, alias))
                    }
                    _ => wrapped(side, alias),
                };
                format!("{} = {}", fold(theirs, &alias), fold(ours, outer))
            })
            .collect();
        conditions.extend(related.filter.iter().map(|filter| self.item(filter, &alias, depth + 1)));
        let relation = format!("{}.{}", quote_ident(&related.schema), quote_ident(&related.name));
        format!(
            "{relation} as {} where {}",
            quote_ident(&alias),
            conditions.join(" and ")
        )
    }

    /// The alias of the related rows at this depth; never the record's own.
    fn alias(&self, depth: usize) -> String {
        let alias = format!("related_{depth}");
        if alias == self.record {
            format!("{alias}_rows")
        } else {
            alias
        }
    }
}
