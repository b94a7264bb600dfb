//! What is limited to a segment: the test whether a record is a member, and whom a run trusts by asking it.

use serde::Deserialize;

use crate::catalogue::{Column, read};
use crate::criteria::{Conjunct, Test, quote_literal};
use crate::error::Result;
use crate::router::expression::Expression;
use crate::router::intent::Object;
use crate::router::statement::column;

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

/// The same as SQL: by the key's own type, so that an index on it serves where they are few.
pub fn is_member(key: &Column, segment: &str) -> String {
    format!(
        "({} in (select m.record_key::{} from dist._in_segment({}) as m))",
        column(&key.name),
        key.type_sql,
        quote_literal(segment)
    )
}

/// The test whether a record of the object is a member, as it was found when the segment was last refreshed.
///
/// # Errors
/// When the object has lost its key.
pub fn member_of(object: &Object, segment: &str) -> Result<Expression> {
    let sql = is_member(object.key()?, segment);
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
