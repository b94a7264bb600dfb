//! What is limited to a segment: the test whether a record is a member, and whom a run trusts by asking it.

use serde::Deserialize;

use crate::catalogue::{Column, read};
use crate::criteria::{Conjunct, Test, quote_literal};
use crate::error::Result;
use crate::membership::Kind;
use crate::router::expression::Expression;
use crate::router::intent::Object;
use crate::router::statement::{column, prefix};

/// Who wrote a segment, or one of its parts.
#[derive(Debug, Clone, Deserialize)]
pub struct Writer {
    row: String,
    part: bool,
    written_by: String,
}

/// As [`check_writers`](crate::router::trust::check_writers) takes them.
pub fn writers(writers: &[Writer]) -> impl Iterator<Item = (&'static str, String, &str)> {
    writers.iter().map(|writer| {
        let table = if writer.part { "segment_part" } else { "segment" };
        (table, writer.row.clone(), writer.written_by.as_str())
    })
}

/// The writers of a segment and of what it is made of.
///
/// # Errors
/// When they cannot be read.
pub fn writers_of(segment: &str) -> Result<Vec<Writer>> {
    let args = [vec![segment.to_owned()].into()];
    Ok(read("select dist._segment_writers($1)", &args)?.unwrap_or_default())
}

/// Whether so many are members that they are not looked for one after the other.
///
/// # Errors
/// When that cannot be read.
pub fn has_many(segment: &str) -> Result<bool> {
    let args = [segment.to_owned().into()];
    Ok(read("select to_jsonb(dist._has_many($1))", &args)?.unwrap_or(false))
}

/// How it is found whether a record is a member. Where members are many, and their keys numbers, each record is looked up among
/// them; where they are few, or texts, PostgreSQL may go the other way, by the index on the key.
fn is_looked_up(key: &Column, many: bool) -> bool {
    many && Kind::of_type(&key.base).is_some()
}

/// Whether a record is a member, as SQL; `key` is its key, in a column of that type.
pub fn is_member(key: &str, of: &Column, segment: &str, many: bool) -> String {
    let name = quote_literal(segment);
    if is_looked_up(of, many) {
        return format!("dist._is_member({name}, {key}::{})", Kind::sql(Kind::of_type(&of.base)));
    }
    format!(
        "({key} in (select m.record_key::{} from dist._in_segment({name}) as m))",
        of.type_sql
    )
}

/// The opposite, for a record of the object.
///
/// # Errors
/// When the object has lost its key.
pub fn no_member_of(object: &Object, segment: &str) -> Result<String> {
    let of = object.key()?;
    let key = column(&of.name);
    let many = has_many(segment)?;
    if is_looked_up(of, many) {
        return Ok(format!("not {}", is_member(&key, of, segment, many)));
    }
    let p = prefix(object.relation()?);
    Ok(format!(
        "not exists (select from dist._in_segment({}) as {p}p ({p}key) where {p}key::{} = {key})",
        quote_literal(segment),
        of.type_sql
    ))
}

/// The test whether a record of the object is a member, as it was found when the segment was last refreshed.
///
/// # Errors
/// When the object has lost its key.
pub fn member_of(object: &Object, segment: &str) -> Result<Expression> {
    let key = object.key()?;
    let sql = is_member(&column(&key.name), key, segment, has_many(segment)?);
    Ok(Expression {
        conjuncts: vec![Conjunct::plain(sql.clone())],
        tests: vec![Test {
            path: "segment".to_owned(),
            description: format!("member of segment '{segment}'"),
            sql: sql.clone(),
            actual: None,
        }],
        sql,
    })
}

/// A test that holds only for members of the segment, where one is named.
///
/// # Errors
/// As for [`member_of`].
pub fn limited_to(object: &Object, segment: Option<&str>, test: Expression) -> Result<Expression> {
    let Some(segment) = segment else { return Ok(test) };
    let member = member_of(object, segment)?;
    // The user's own text comes last: it may raise errors for records that are not meant.
    Ok(Expression {
        sql: format!("({} and {})", member.sql, test.sql),
        conjuncts: member.conjuncts.into_iter().chain(test.conjuncts).collect(),
        tests: member.tests.into_iter().chain(test.tests).collect(),
    })
}
