//! What a step acts on: the records of a segment, or the rows of a table that belong to them.

use std::collections::BTreeMap;

use pgrx::prelude::*;
use serde::Deserialize;

use crate::catalogue::{Column, Relation, read};
use crate::check::{column_hint, no_such};
use crate::criteria::{nearest, quote_ident};
use crate::error::{Place, Result, error_hint};
use crate::membership::Kind;
use crate::router::expression::RECORD;
use crate::router::intent::Object;
use crate::router::trust::check_writers;
use crate::router::{segment, statement};
use crate::xact;

/// A segment, as steps need it.
#[derive(Debug, Deserialize)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// The object whose records it groups.
    pub object: Object,
    /// Whether so many are members that they are not looked for one after the other.
    many: bool,
    /// Its related tables.
    pub related: Vec<Related>,
}

/// A table with rows that belong to a segment's records.
#[derive(Debug, Deserialize)]
pub struct Related {
    /// What steps call it.
    pub name: String,
    /// The table; none where it has been dropped.
    pub relation: Option<Relation>,
    /// Column that identifies a row.
    pub key_column: String,
    /// Its column -> the record's.
    pub join_on: BTreeMap<String, String>,
    /// Who wrote the row.
    pub written_by: String,
    /// The object that it is, where it is one.
    pub object: Option<Object>,
}

impl Segment {
    /// The segment of that name.
    ///
    /// # Errors
    /// 42704 where there is none.
    pub fn named(name: &str) -> Result<Self> {
        read("select dist._segment_target($1)", &[name.to_owned().into()])?.ok_or_else(|| no_such("segment", name))
    }

    /// Refuses what somebody wrote whom the current role does not trust.
    ///
    /// # Errors
    /// 42501.
    pub fn check_writers(&self) -> Result<()> {
        let of_related = |related: &'_ Related| format!("{}/{}", self.name, related.name);
        let members = segment::writers_of(&self.name)?;
        let mut writers: Vec<_> = segment::writers(&members).collect();
        writers.push(("object", self.object.name.clone(), self.object.written_by.as_str()));
        for related in &self.related {
            writers.push(("segment_related", of_related(related), related.written_by.as_str()));
        }
        check_writers(&writers)
    }

    /// Its records, or the rows of its related table of that name.
    ///
    /// # Errors
    /// 42704 where it has none of that name, 42P01 or 42703 where the table has changed.
    pub fn rows(&self, place: &Place<'_>, related: Option<&str>) -> Result<Rows<'_>> {
        let Some(name) = related else {
            return Ok(Rows {
                relation: self.object.relation()?,
                key: self.object.key()?,
                kept: vec![self.object.key_column.as_str(), self.object.owner_column.as_str()],
                segment: self,
                join_on: None,
                object: Some(&self.object),
            });
        };
        let Some(found) = self.related.iter().find(|related| related.name == name) else {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
                format!(
                    "{place}: args: \"related\": segment '{}' has no related table \"{name}\"",
                    self.name
                ),
                match nearest(name, self.related.iter().map(|related| related.name.as_str())) {
                    Some(near) => format!("Perhaps you meant \"{near}\"."),
                    None => "Declare it in dist.segment_related first.".to_owned(),
                },
            ));
        };
        let gone = || Place {
            table: "segment_related",
            row: name,
        };
        let relation = found.relation.as_ref().ok_or_else(|| {
            error_hint(
                PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
                format!("{}: its table no longer exists", gone()),
                "Set relation to the table that has the rows now.",
            )
        })?;
        let key = column_of(&gone(), relation, &found.key_column)?;
        for (theirs, ours) in &found.join_on {
            column_of(&gone(), relation, theirs)?;
            column_of(&gone(), self.object.relation()?, ours)?;
        }
        let mut kept = vec![found.key_column.as_str()];
        if let Some(object) = &found.object {
            kept.push(&object.key_column);
            kept.push(&object.owner_column);
        }
        Ok(Rows {
            relation,
            key,
            kept,
            segment: self,
            join_on: Some(&found.join_on),
            object: found.object.as_ref(),
        })
    }
}

/// Rows that a step acts on, called `r` in statements.
pub struct Rows<'a> {
    /// Their table.
    pub relation: &'a Relation,
    /// Their key.
    pub key: &'a Column,
    /// Columns that no step sets: the key, and who owns the record.
    pub kept: Vec<&'a str>,
    /// Whose they are.
    segment: &'a Segment,
    /// How rows of a related table belong to its records: their column -> the record's.
    join_on: Option<&'a BTreeMap<String, String>>,
    /// The object whose records they are, where they are.
    pub object: Option<&'a Object>,
}

impl<'a> Rows<'a> {
    /// The condition that a row of the table is one of them.
    pub fn condition(&self) -> String {
        let segment = self.segment;
        let Some(join_on) = self.join_on else {
            return segment::is_member(
                &statement::column(&self.key.name),
                self.key,
                &segment.name,
                segment.many,
            );
        };
        // A row can belong to several records. No column of the table begins with the prefix.
        let object = &segment.object;
        let record = format!("{}o", statement::prefix(self.relation));
        let of_record = |column: &str| format!("{record}.{}", quote_ident(column));
        let mut tests: Vec<String> = join_on
            .iter()
            .map(|(theirs, ours)| format!("{} = {}", statement::column(theirs), of_record(ours)))
            .collect();
        tests.extend(
            object
                .key()
                .map(|key| segment::is_member(&of_record(&key.name), key, &segment.name, segment.many)),
        );
        let table = object.relation.as_ref().map(Relation::sql).unwrap_or_default();
        format!("exists (select from {table} as {record} where {})", tests.join(" and "))
    }

    /// Runs `work`, a statement that looks for them; where they are many, not one after the other by an index, which is what
    /// PostgreSQL takes to where it does not know how many they are.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn planned<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        if !self.segment.many {
            return work();
        }
        xact::with_settings(&[(c"enable_nestloop", c"off".to_owned())], work)
    }

    /// The kind of their keys; none where they are texts.
    pub fn kind(&self) -> Option<Kind> {
        Kind::of_type(&self.key.base)
    }

    /// The key of a row, as text.
    pub fn key_sql(&self) -> String {
        format!("{}::text", statement::column(&self.key.name))
    }

    /// The column of that name, which is one that may be set.
    ///
    /// # Errors
    /// 42703 where there is none, 42P10 where it may not be set.
    pub fn settable(&self, place: &Place<'_>, field: &str, name: &str) -> Result<&'a Column> {
        settable_in(place, field, self.relation, &self.kept, self.object, name)
    }

    /// The table under the name that statements have for its rows.
    pub fn table(&self) -> String {
        format!("{} as {RECORD}", self.relation.sql())
    }
}

fn column_of<'a>(place: &Place<'_>, relation: &'a Relation, name: &str) -> Result<&'a Column> {
    relation.column(name).ok_or_else(|| {
        error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            format!("{place}: column \"{name}\" does not exist in {}", relation.sql()),
            column_hint(relation, name),
        )
    })
}

/// The column of a table that may be set; not those that identify a row, or say who owns it.
///
/// # Errors
/// 42703 where there is none, 42P10 where it may not be set.
pub fn settable_in<'a>(
    place: &Place<'_>,
    field: &str,
    relation: &'a Relation,
    kept: &[&str],
    object: Option<&Object>,
    name: &str,
) -> Result<&'a Column> {
    let Some(column) = relation.column(name) else {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            format!(
                "{place}: {field}: column \"{name}\" does not exist in {}",
                relation.sql()
            ),
            column_hint(relation, name),
        ));
    };
    let why = if object.is_some_and(|object| object.owner_column == name) {
        "it says who owns the record; a transfer changes that."
    } else if kept.contains(&name) {
        "it identifies the record."
    } else if column.generated {
        "PostgreSQL computes it."
    } else {
        return Ok(column);
    };
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_INVALID_COLUMN_REFERENCE,
        format!("{place}: {field}: column \"{name}\" cannot be set"),
        format!("Name another column: {why}"),
    ))
}
