//! A function that a step calls about a segment (F8): once, once for each of its records, or once with all of them. What stands
//! in its arguments for the record or the set, and the statement that makes the calls.

use std::cell::RefCell;

use pgrx::prelude::*;
use serde_json::Value;

use crate::action::target::Segment;
use crate::check::column_hint;
use crate::criteria::quote_literal;
use crate::error::{Place, Result, error_hint, internal};
use crate::router::expression::RECORD;
use crate::router::statement::column;
use crate::worker::running;
use crate::xact::as_extension_owner;

/// How often a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// Once.
    Segment,
    /// Once for each record.
    Record,
    /// Once with all records.
    Set,
}

impl Per {
    /// As `dist.step.per` has it.
    pub fn named(name: Option<&str>) -> Self {
        match name {
            Some("record") => Self::Record,
            Some("set") => Self::Set,
            _ => Self::Segment,
        }
    }
}

/// What a function is called about.
pub struct Subject {
    /// The segment.
    pub segment: Segment,
    /// How often it is called.
    pub per: Per,
    /// What a cursor over the records is called.
    pub cursor: String,
}

/// What stands for something of the subject in an argument.
const PLACEHOLDERS: [(&str, Per, &str); 5] = [
    ("segment", Per::Segment, "any per"),
    ("field", Per::Record, "per = 'record'"),
    ("key", Per::Record, "per = 'record'"),
    ("keys", Per::Set, "per = 'set'"),
    ("cursor", Per::Set, "per = 'set'"),
];

impl Subject {
    /// The segment of that name.
    ///
    /// # Errors
    /// 42704 where there is none.
    pub fn of(segment: &str, per: Option<&str>, cursor: &str) -> Result<Self> {
        Ok(Self {
            segment: Segment::named(segment)?,
            per: Per::named(per),
            cursor: cursor.to_owned(),
        })
    }

    /// The SQL that an argument stands for; none where it is a value.
    ///
    /// # Errors
    /// 22023 for what does not go with how often the function is called, 42703 for a column that is not there.
    pub fn argument(&self, place: &Place<'_>, given: &Value) -> Result<Option<String>> {
        let refuse = |problem: String, hint: String| {
            Err(error_hint(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("{place}: args: {problem}"),
                hint,
            ))
        };
        let Value::Object(object) = given else { return Ok(None) };
        let mut keys = object.iter();
        let (Some((word, of)), None) = (keys.next(), keys.next()) else {
            return Ok(None);
        };
        let Some((_, per, when)) = PLACEHOLDERS.iter().find(|(known, ..)| known == word) else {
            return Ok(None);
        };
        if *per != Per::Segment && *per != self.per {
            return refuse(
                format!("{given} goes with {when} only"),
                format!("Set per so, or write {{\"literal\": {given}}} where just this value is meant."),
            );
        }
        if word == "field" {
            let Some(name) = of.as_str() else {
                return refuse(
                    format!("{given} names no column"),
                    "Write {\"field\": \"column\"}.".to_owned(),
                );
            };
            return self.field(place, name).map(Some);
        }
        if of.as_bool() != Some(true) {
            return refuse(
                format!("{given} says nothing"),
                format!("Write {{\"{word}\": true}}, or {{\"literal\": {given}}} where just this value is meant."),
            );
        }
        Ok(Some(match word.as_str() {
            "segment" => format!("{}::text", quote_literal(&self.segment.name)),
            "key" => column(&self.segment.object.key()?.name),
            "cursor" => format!("{}::refcursor", quote_literal(&self.cursor)),
            _ => format!("$1::{}[]", self.segment.object.key()?.type_sql),
        }))
    }

    fn field(&self, place: &Place<'_>, name: &str) -> Result<String> {
        let relation = self.segment.object.relation()?;
        if relation.column(name).is_none() {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!("{place}: args: column \"{name}\" does not exist in {}", relation.sql()),
                column_hint(relation, name),
            ));
        }
        Ok(column(name))
    }

    fn order(&self) -> Result<String> {
        let key = self.segment.object.key()?;
        let collate = if key.collatable { " collate \"C\"" } else { "" };
        Ok(format!("{}{collate}", column(&key.name)))
    }

    fn from(&self, place: &Place<'_>) -> Result<String> {
        let rows = self.segment.rows(place, None)?;
        Ok(format!("{} where {}", rows.table(), rows.condition()))
    }

    /// The records in the order of their keys.
    ///
    /// # Errors
    /// Where the object's table has changed.
    pub fn records(&self, place: &Place<'_>) -> Result<String> {
        Ok(format!(
            "select {RECORD}.* from {} order by {}",
            self.from(place)?,
            self.order()?
        ))
    }

    /// The statement that makes a call of a function for each record; its answer is how many there were.
    ///
    /// # Errors
    /// Where the object's table has changed.
    pub fn calls_of_function(&self, place: &Place<'_>, called: &str, set: bool) -> Result<String> {
        // The name of the record first, for errors; the call hangs on it, so that it is made for each record, whatever it is given.
        let call = if set {
            format!("select count(*) as x from {called} where a.key is not null")
        } else {
            format!("select {called} as x where a.key is not null offset 0")
        };
        Ok(format!(
            "select count(*), count(c.x) from ({} offset 0) as {RECORD} \
              cross join lateral (select dist._at_record({}::text) as key offset 0) as a \
              cross join lateral ({call}) as c",
            self.records(place)?,
            column(&self.segment.object.key()?.name),
        ))
    }

    /// The same for a procedure, which no query can call; without an answer.
    ///
    /// # Errors
    /// Where the object's table has changed.
    pub fn calls_of_procedure(&self, place: &Place<'_>, called: &str) -> Result<String> {
        let body = format!(
            "declare {RECORD} record; begin for {RECORD} in execute {} loop \
               perform dist._at_record({}::text); call {called}; end loop; end",
            quote_literal(&self.records(place)?),
            column(&self.segment.object.key()?.name),
        );
        Ok(format!("do {} language plpgsql", quote_literal(&body)))
    }

    /// How many members the segment has, as it was last refreshed.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub fn members(&self) -> Result<i64> {
        let sql = "select count(*) from dist.segment_member m where m.segment = $1";
        let args = [self.segment.name.clone().into()];
        as_extension_owner(|| Spi::get_one_with_args::<i64>(sql, &args))?
            .map(|count| count.unwrap_or(0))
            .map_err(internal)
    }

    /// The keys of the records, in their order: `$1` of the call.
    ///
    /// # Errors
    /// What reading the table raises.
    pub fn keys(&self, place: &Place<'_>) -> Result<Vec<String>> {
        let sql = format!(
            "select coalesce(array_agg(k.key order by k.n), '{{}}') \
               from (select {}::text as key, row_number() over (order by {}) as n from {}) as k",
            column(&self.segment.object.key()?.name),
            self.order()?,
            self.from(place)?,
        );
        let read = || {
            Spi::connect_mut(|client| client.update(sql.as_str(), None, &[])?.first().get_one::<Vec<String>>())
                .map(Option::unwrap_or_default)
                .map_err(internal)
        };
        self.segment.rows(place, None)?.planned(read)
    }

    /// Opens the cursor over the records; [`close`](Self::close) it.
    ///
    /// # Errors
    /// What reading the table raises.
    pub fn open(&self, place: &Place<'_>) -> Result<()> {
        let sql = format!(
            "declare {} no scroll cursor without hold for {}",
            crate::criteria::quote_ident(&self.cursor),
            self.records(place)?
        );
        // Planned here, whatever is set when it is read.
        self.segment
            .rows(place, None)?
            .planned(|| Spi::run(&sql).map_err(internal))
    }

    /// Closes the cursor, unless the function has.
    ///
    /// # Errors
    /// When it cannot be closed.
    pub fn close(&self) -> Result<()> {
        let there = "select exists (select from pg_catalog.pg_cursors c where c.name operator(pg_catalog.=) $1)";
        if Spi::get_one_with_args::<bool>(there, &[self.cursor.clone().into()]).map_err(internal)? == Some(true) {
            Spi::run(&format!("close {}", crate::criteria::quote_ident(&self.cursor))).map_err(internal)?;
        }
        Ok(())
    }
}

thread_local! {
    static AT: RefCell<(usize, Option<String>)> = const { RefCell::new((0, None)) };
}

/// No record is at hand.
pub fn begin() {
    AT.with_borrow_mut(|at| *at = (0, None));
}

/// The calls come to a record.
pub fn at(key: &str) {
    AT.with_borrow_mut(|(n, at)| {
        *n += 1;
        *at = Some(key.to_owned());
        running::moved(*n);
    });
}

/// The record that the last call was made for.
pub fn last() -> Option<String> {
    AT.with_borrow(|(_, at)| at.clone())
}
