//! What a step acts on: the records of a segment, or the rows of a table that belong to them.

use std::collections::BTreeMap;

use pgrx::prelude::*;
use serde::Deserialize;

use crate::catalogue::{Column, Relation, read, read_newest};
use crate::check::{column_hint, no_such};
use crate::criteria::{nearest, quote_ident, quote_literal};
use crate::error::{Place, Result, error_hint};
use crate::router::expression::RECORD;
use crate::router::intent::Object;
use crate::router::trust::check_writers;
use crate::router::{segment, statement};
use crate::xact;

/// From so many members on, each is not looked for by itself.
const MANY: i32 = 50_000;

/// A segment, as steps need it.
#[derive(Debug, Deserialize)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// The object whose records it groups.
    pub object: Object,
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
    /// Which rows of the table they are: what stands beside it in FROM, and the condition. No column of the table begins
    /// with `prefix`.
    pub fn which(&self, prefix: &str) -> (String, String) {
        let object = &self.segment.object;
        let members = format!(
            "dist._in_segment({}) as {prefix}m ({prefix}key)",
            quote_literal(&self.segment.name)
        );
        let is_member = |record: &str| {
            let key = object.key().map(|key| key.type_sql.as_str()).unwrap_or("text");
            format!(
                "{record}.{} operator(pg_catalog.=) {prefix}key::{key}",
                quote_ident(&object.key_column)
            )
        };
        let Some(join_on) = self.join_on else {
            return (members, is_member(RECORD));
        };
        // A row can belong to several records.
        let record = format!("{prefix}o");
        let on = join_on
            .iter()
            .map(|(theirs, ours)| format!("{} = {record}.{}", statement::column(theirs), quote_ident(ours)));
        let on: Vec<String> = on.collect();
        let table = object.relation.as_ref().map(Relation::sql).unwrap_or_default();
        let which = format!(
            "exists (select from {table} as {record}, {members} where {} and {})",
            is_member(&record),
            on.join(" and ")
        );
        (String::new(), which)
    }

    /// The same as one condition.
    pub fn condition(&self) -> String {
        match self.join_on {
            None => segment::is_member(self.key, &self.segment.name),
            Some(_) => self.which(&statement::prefix(self.relation)).1,
        }
    }

    /// Runs `work`, a statement that looks for them; where they are many, not one after the other by an index, which is what
    /// PostgreSQL takes to, as it does not know how many they are.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn planned<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let most = i64::from(MANY);
        let args = [self.segment.name.clone().into(), most.into()];
        let many: Option<bool> = read_newest(include_str!("../router/sql/many_members.sql"), &args)?;
        if many != Some(true) {
            return work();
        }
        xact::with_settings(&[(c"enable_nestloop", c"off".to_owned())], work)
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
