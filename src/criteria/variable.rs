//! A variable in the place of a value, `{"var": "name"}`: whether its type fits the column, and the SQL that reads it.
//!
//! It stands in a subquery of its own, which a statement evaluates once and not for each record.

use super::catalogue::Catalogue;
use super::check::{Literal, Ordered};
use super::error::{CriteriaError, ErrorKind};
use super::quote::quote_literal;
use super::tree::Op;
use super::types::{Kind, Type, Wrap};
use super::value::Place;

/// What is compared with a variable.
pub(super) struct Wanted<'a> {
    /// The column's type.
    pub(super) column: &'a Type,
    pub(super) op: Op,
    /// Of what is inside jsonb and compared by order.
    pub(super) ordered: Option<Ordered>,
    /// Whether the variable is the whole list of `in`.
    pub(super) list: bool,
}

/// The type of a variable.
///
/// # Errors
/// When there is none of that name.
pub(super) fn type_of(catalogue: &dyn Catalogue, name: &str, place: &Place<'_>) -> Result<Type, CriteriaError> {
    catalogue.variable(name).map(|column| Type::of(&column)).ok_or_else(|| {
        let message = format!("there is no variable '{name}'");
        CriteriaError::new(ErrorKind::UnknownVariable, place.path, message).hint(catalogue.variable_hint(name))
    })
}

/// The SQL of a variable's value as it is compared.
///
/// # Errors
/// When there is no such variable, or its type does not fit.
pub(super) fn literal(
    catalogue: &dyn Catalogue,
    name: &str,
    wanted: &Wanted<'_>,
    place: &Place<'_>,
) -> Result<Literal, CriteriaError> {
    let ty = type_of(catalogue, name, place)?;
    let read = format!("dist.var({})", quote_literal(name));
    sql(&read, &ty, wanted).ok_or_else(|| {
        let needed = needed(wanted);
        let message = format!(
            "variable '{name}' is {}, and \"{}\" on \"{}\" takes {needed}",
            ty.shown,
            wanted.op.word(),
            place.field,
        );
        CriteriaError::new(ErrorKind::WrongType, place.path, message).hint(format!("Name a variable of type {needed}."))
    })
}

/// What type it would have to be.
fn needed(wanted: &Wanted<'_>) -> String {
    let column = wanted.column;
    match wanted.op {
        Op::Like | Op::Ilike | Op::Prefix | Op::Suffix | Op::Contains => "text".to_owned(),
        Op::OlderThan | Op::NewerThan => "interval".to_owned(),
        _ if wanted.list && column.kind == Kind::Json => "no variable: list the values".to_owned(),
        _ if wanted.list => format!("{}[]", column.sql),
        _ if column.kind == Kind::Json => "text, a number, boolean or jsonb".to_owned(),
        _ => column.sql.clone(),
    }
}

fn sql(read: &str, ty: &Type, wanted: &Wanted<'_>) -> Option<Literal> {
    let column = wanted.column;
    let one = |sql: String| Some(Literal::Sql(format!("(select {sql})")));
    if ty.array != wanted.list || ty.wrap == Wrap::Numeric {
        return None;
    }
    match wanted.op {
        Op::Like | Op::Ilike | Op::Prefix | Op::Suffix | Op::Contains => {
            return (ty.kind == Kind::Text).then_some(read.to_owned()).and_then(one);
        }
        Op::OlderThan | Op::NewerThan => {
            return (ty.kind == Kind::Interval)
                .then(|| format!("{read}::interval"))
                .and_then(one);
        }
        _ => {}
    }
    match wanted.ordered {
        Some(Ordered::Strings) => return (ty.kind == Kind::Text).then_some(read.to_owned()).and_then(one),
        Some(Ordered::Numbers) => return is_number(ty.kind).then(|| format!("{read}::numeric")).and_then(one),
        None => {}
    }
    if wanted.list {
        let element = element(ty, column).filter(|_| column.kind != Kind::Json)?;
        return Some(Literal::List(if column.wrap == Wrap::Lower {
            format!("(select array(select lower(v) from unnest({read}::text[]) v))::text[]")
        } else {
            format!("(select {read}::{element}[])::{element}[]")
        }));
    }
    match (column.kind, ty.kind) {
        (Kind::Json, kind) if is_number(kind) || matches!(kind, Kind::Text | Kind::Boolean | Kind::Json) => {
            one(format!("to_jsonb({read}::{})", ty.sql))
        }
        // What has no zone is UTC, and a day begins at midnight.
        (Kind::Timestamp, Kind::Date) => one(format!("{read}::date::timestamp")),
        (Kind::TimestampTz, Kind::Date | Kind::Timestamp) => one(format!("{read}::timestamp at time zone 'UTC'")),
        _ => element(ty, column).and_then(|element| one(format!("{read}::{element}"))),
    }
}

/// The type in which a value is compared with the column; none where they cannot be.
fn element(ty: &Type, column: &Type) -> Option<String> {
    match (column.kind, ty.kind) {
        (Kind::Json | Kind::Other, _) => None,
        (Kind::Opaque, Kind::Opaque) => (ty.sql == column.sql).then(|| column.sql.clone()),
        // A variable can be more than the column could hold, and is then just not equal to it.
        (Kind::Whole(..) | Kind::Decimal, of) if is_number(of) => Some(ty.sql.clone()),
        (Kind::Float(_), of) if is_number(of) => Some(column.sql.clone()),
        (Kind::Whole(..) | Kind::Float(_), _) => None,
        (ours, theirs) => (ours == theirs).then(|| column.sql.clone()),
    }
}

/// Whether it has an order inside jsonb, and which.
pub(super) fn order_of(ty: &Type) -> Option<Ordered> {
    match ty.kind {
        kind if is_number(kind) => Some(Ordered::Numbers),
        Kind::Text => Some(Ordered::Strings),
        _ => None,
    }
}

fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Whole(..) | Kind::Decimal | Kind::Float(_))
}
