//! Column types as the criteria see them: which values and operators fit, and what literals are cast to.

use super::catalogue::Column;
use super::tree::Op;

/// What a type is to the criteria.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whole numbers between these bounds.
    Whole(i64, i64),
    /// Numbers with a fraction, exact.
    Decimal,
    /// Binary floating point; true for the double one.
    Float(bool),
    Text,
    Boolean,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
    Uuid,
    Json,
    /// Written as a string and read by the type itself: enums, inet, ...
    Opaque,
    /// Nothing but `is null` can be asked of it: its operators are not PostgreSQL's own, or its text may hang on the
    /// clock (`[today,tomorrow)` of a range).
    Other,
}

/// How a column is put into an expression so that it compares as its users expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrap {
    /// As it is.
    Plain,
    /// `(c)::text`: types that would cut a longer literal short.
    Text,
    /// `lower((c)::text)`: citext, whose operators lie in a schema that is not on the search path.
    Lower,
    /// `(c)::numeric`: money, whose literals are read by the locale.
    Numeric,
    /// `(c)::jsonb`: json has no equality.
    Jsonb,
}

/// A column's type, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Type {
    /// The kind; of an array, that of its elements.
    pub(super) kind: Kind,
    pub(super) array: bool,
    pub(super) wrap: Wrap,
    /// What literals (of an array: elements) are cast to: no domain (its check is for stored values) and no length (it would cut).
    pub(super) sql: String,
    /// As the user knows it, for messages.
    pub(super) shown: String,
}

/// (typname, kind, wrap, SQL name without a length) of PostgreSQL's own types.
const BUILT_IN: [(&str, Kind, Wrap, &str); 32] = [
    (
        "int2",
        Kind::Whole(i16::MIN as i64, i16::MAX as i64),
        Wrap::Plain,
        "smallint",
    ),
    (
        "int4",
        Kind::Whole(i32::MIN as i64, i32::MAX as i64),
        Wrap::Plain,
        "integer",
    ),
    ("int8", Kind::Whole(i64::MIN, i64::MAX), Wrap::Plain, "bigint"),
    ("oid", Kind::Whole(0, u32::MAX as i64), Wrap::Plain, "oid"),
    ("numeric", Kind::Decimal, Wrap::Plain, "numeric"),
    ("money", Kind::Decimal, Wrap::Numeric, "numeric"),
    ("float4", Kind::Float(false), Wrap::Plain, "real"),
    ("float8", Kind::Float(true), Wrap::Plain, "double precision"),
    ("text", Kind::Text, Wrap::Plain, "text"),
    ("varchar", Kind::Text, Wrap::Plain, "character varying"),
    ("bpchar", Kind::Text, Wrap::Plain, "bpchar"),
    ("name", Kind::Text, Wrap::Text, "text"),
    ("char", Kind::Text, Wrap::Text, "text"),
    ("citext", Kind::Text, Wrap::Lower, "text"),
    ("bool", Kind::Boolean, Wrap::Plain, "boolean"),
    ("date", Kind::Date, Wrap::Plain, "date"),
    ("time", Kind::Time, Wrap::Plain, "time without time zone"),
    ("timetz", Kind::TimeTz, Wrap::Plain, "time with time zone"),
    ("timestamp", Kind::Timestamp, Wrap::Plain, "timestamp without time zone"),
    (
        "timestamptz",
        Kind::TimestampTz,
        Wrap::Plain,
        "timestamp with time zone",
    ),
    ("interval", Kind::Interval, Wrap::Plain, "interval"),
    ("uuid", Kind::Uuid, Wrap::Plain, "uuid"),
    ("jsonb", Kind::Json, Wrap::Plain, "jsonb"),
    ("json", Kind::Json, Wrap::Jsonb, "jsonb"),
    ("inet", Kind::Opaque, Wrap::Plain, "inet"),
    ("cidr", Kind::Opaque, Wrap::Plain, "cidr"),
    ("macaddr", Kind::Opaque, Wrap::Plain, "macaddr"),
    ("macaddr8", Kind::Opaque, Wrap::Plain, "macaddr8"),
    ("bit", Kind::Opaque, Wrap::Plain, "pg_catalog.\"bit\""),
    ("varbit", Kind::Opaque, Wrap::Plain, "bit varying"),
    ("bytea", Kind::Opaque, Wrap::Plain, "bytea"),
    ("pg_lsn", Kind::Opaque, Wrap::Plain, "pg_lsn"),
];

impl Type {
    /// The type of a column.
    pub(super) fn of(column: &Column) -> Type {
        let shown = column.type_sql.clone();
        if let Some((kind, wrap, sql)) = built_in(&column.base) {
            return Type {
                kind,
                array: false,
                wrap,
                sql: sql.to_owned(),
                shown,
            };
        }
        let array = column.category == 'A';
        let (kind, sql) = match column.category {
            'A' => element(column),
            'E' => (Kind::Opaque, without_length(&column.type_sql)),
            _ => (Kind::Other, without_length(&column.type_sql)),
        };
        Type {
            kind,
            array,
            wrap: Wrap::Plain,
            sql,
            shown,
        }
    }

    /// How a value of a type is written that is a string in JSON, but not just any string; none for the others.
    pub(super) fn example(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Date => Some("\"2026-01-31\", or \"30 days\" for older than and newer than"),
            Kind::Timestamp | Kind::TimestampTz => {
                Some("\"2026-01-31 06:30\", or \"30 days\" for older than and newer than")
            }
            Kind::Time | Kind::TimeTz => Some("\"06:30\""),
            Kind::Interval => Some("\"30 days\""),
            _ => None,
        }
    }

    /// The type of the value at a path inside this one, which is json or jsonb.
    pub(super) fn json_path() -> Type {
        let sql = "jsonb".to_owned();
        Type {
            kind: Kind::Json,
            array: false,
            wrap: Wrap::Plain,
            shown: sql.clone(),
            sql,
        }
    }

    /// Whether the operator means anything for the type.
    pub(super) fn takes(&self, op: Op) -> bool {
        match op {
            Op::IsNull | Op::IsNotNull => true,
            Op::Has if self.array => self.kind != Kind::Other,
            Op::Has => self.kind == Kind::Json,
            _ if self.array => false,
            Op::Compare(_) | Op::In | Op::NotIn | Op::Between => self.kind != Kind::Other,
            Op::Like | Op::Ilike | Op::Prefix | Op::Suffix | Op::Contains => {
                matches!(self.kind, Kind::Text | Kind::Json)
            }
            Op::OlderThan | Op::NewerThan => {
                matches!(self.kind, Kind::Date | Kind::Timestamp | Kind::TimestampTz)
            }
        }
    }

    /// Whether columns of the two types can be joined by `=`.
    pub(super) fn joins(&self, other: &Type) -> bool {
        let number = |kind| matches!(kind, Kind::Whole(..) | Kind::Decimal | Kind::Float(_));
        match (self.kind, other.kind) {
            _ if self.array || other.array => false,
            (Kind::Other | Kind::Json, _) => false,
            // Two enums, or an address and a byte string, are not comparable though both are opaque.
            (Kind::Opaque, Kind::Opaque) => self.sql == other.sql,
            // date = timestamptz would be decided by the session's zone.
            (ours, theirs) => ours == theirs || (number(ours) && number(theirs)),
        }
    }
}

fn built_in(base: &str) -> Option<(Kind, Wrap, &'static str)> {
    BUILT_IN
        .iter()
        .find(|(name, ..)| *name == base)
        .map(|(_, kind, wrap, sql)| (*kind, *wrap, *sql))
}

/// Kind and SQL name of an array's elements.
fn element(column: &Column) -> (Kind, String) {
    match (
        built_in(column.base.strip_prefix('_').unwrap_or_default()),
        column.type_sql.strip_suffix("[]"),
    ) {
        (Some((kind, Wrap::Plain, sql)), _) => (kind, sql.to_owned()),
        // An enum's, as far as can be told from here; it is for PostgreSQL to say that there is an operator.
        (None, Some(sql)) => (Kind::Opaque, without_length(sql)),
        // Elements cannot be wrapped one by one, nor named where the array hides in a domain.
        _ => (Kind::Other, column.type_sql.clone()),
    }
}

/// The type's text without a length: `numeric(10,2)` would round the value that is compared with.
fn without_length(type_sql: &str) -> String {
    let mut quoted = false;
    let mut depth = 0_usize;
    let mut out = String::with_capacity(type_sql.len());
    for c in type_sql.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            _ => {}
        }
        if depth == 0 {
            out.push(c);
        }
        if c == ')' && !quoted {
            depth = depth.saturating_sub(1);
        }
    }
    out.trim_end().to_owned()
}
