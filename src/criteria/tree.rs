//! The tree of a criterion, as written: nothing in it has been held against a table yet.

use serde_json::Value;

/// A node: a conjunction, a disjunction, a negation, a test or a related test.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Every one of these holds.
    All(Vec<Node>),
    /// At least one of these holds.
    Any(Vec<Node>),
    /// This one does not hold.
    Not(Box<Node>),
    /// A test on a column of the record.
    Test(FieldTest),
    /// A test on the rows of another relation that belong to the record.
    Related(Box<RelatedTest>),
}

/// A test on a column, or on a path into a jsonb column.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldTest {
    /// The column, or column and path: `attributes.source`.
    pub field: String,
    /// The operator.
    pub op: Op,
    /// What stands on its right.
    pub value: Operand,
}

/// The right side of a test; its shape follows from the operator.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// None: `is null`.
    Nothing,
    /// One value.
    One(Value),
    /// A list that is not empty: `in`.
    List(Vec<Value>),
    /// Both bounds, inclusive: `between`.
    Pair(Value, Value),
}

/// A test on related rows.
#[derive(Debug, Clone, PartialEq)]
pub struct RelatedTest {
    /// The relation, as written.
    pub relation: String,
    /// Pairs of (column of the related relation, column of the record), sorted.
    pub on: Vec<(String, String)>,
    /// Which of the related rows count; all where there is none.
    pub filter: Option<Node>,
    /// How many there must be; at least one where there is none.
    pub count: Option<Count>,
}

/// How many related rows there must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The comparison.
    pub op: Comparison,
    /// The number compared with.
    pub value: u32,
}

/// The six comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The operators of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `= <> < <= > >=`
    Compare(Comparison),
    /// `in`
    In,
    /// `not in`
    NotIn,
    /// `between`, bounds included
    Between,
    /// `like`
    Like,
    /// `ilike`
    Ilike,
    /// `prefix`: begins with the value, taken literally
    Prefix,
    /// `suffix`: ends with the value, taken literally
    Suffix,
    /// `contains`: has the value in it, taken literally
    Contains,
    /// `is null`
    IsNull,
    /// `is not null`
    IsNotNull,
    /// `has`: the array has the element, the jsonb contains the value
    Has,
    /// `older than`: further back from the run's instant than the interval
    OlderThan,
    /// `newer than`: less far back from the run's instant than the interval
    NewerThan,
}

impl Comparison {
    /// All of them, in the order of the documentation.
    pub const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ];

    /// The symbol, the same in JSON and in SQL.
    pub fn word(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    /// Whether it asks for an order rather than for sameness.
    pub(super) fn orders(self) -> bool {
        !matches!(self, Comparison::Equal | Comparison::NotEqual)
    }
}

impl Op {
    /// All of them, in the order of the documentation.
    pub const ALL: [Op; 19] = [
        Op::Compare(Comparison::Equal),
        Op::Compare(Comparison::NotEqual),
        Op::Compare(Comparison::Less),
        Op::Compare(Comparison::LessOrEqual),
        Op::Compare(Comparison::Greater),
        Op::Compare(Comparison::GreaterOrEqual),
        Op::In,
        Op::NotIn,
        Op::Between,
        Op::Like,
        Op::Ilike,
        Op::Prefix,
        Op::Suffix,
        Op::Contains,
        Op::IsNull,
        Op::IsNotNull,
        Op::Has,
        Op::OlderThan,
        Op::NewerThan,
    ];

    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Op::Compare(comparison) => comparison.word(),
            Op::In => "in",
            Op::NotIn => "not in",
            Op::Between => "between",
            Op::Like => "like",
            Op::Ilike => "ilike",
            Op::Prefix => "prefix",
            Op::Suffix => "suffix",
            Op::Contains => "contains",
            Op::IsNull => "is null",
            Op::IsNotNull => "is not null",
            Op::Has => "has",
            Op::OlderThan => "older than",
            Op::NewerThan => "newer than",
        }
    }
}
