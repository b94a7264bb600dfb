//! The table of the user's own that activities are written to: what its columns have, and the statements over it.

use pgrx::prelude::*;
use serde_json::Value;

use crate::action::create_activities::plan::{Plan, known};
use crate::catalogue::{Column, Relation};
use crate::criteria::{nearest, quote_ident, quote_literal};
use crate::error::{Place, Result, error_hint};
use crate::router::expression;
use crate::router::statement::{column, typed};
use crate::xact;

/// What a column can have.
const SOURCES: [&str; 9] = [
    "key",
    "rep",
    "subject",
    "starts_at",
    "ends_at",
    "duration",
    "segment",
    "plan",
    "run_id",
];

/// The user's own table, and what its columns have.
pub struct Table<'a> {
    /// The table.
    pub relation: &'a Relation,
    /// Each column with what it has.
    pub columns: Vec<(&'a Column, Source)>,
    /// Which rows are still to be done, where that is said.
    pub open: Option<String>,
}

/// What a column has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The record's key.
    Key,
    /// Who does it.
    Rep,
    /// What it is called.
    Subject,
    /// When it begins: the instant, or the local day of who does it.
    StartsAt,
    /// When it is over, in the same way.
    EndsAt,
    /// How long it takes: minutes, or an interval.
    Duration,
    /// The segment's name.
    Segment,
    /// The plan's name.
    Plan,
    /// The run's id.
    RunId,
    /// Always this, as SQL.
    Constant(String),
}

impl<'a> Table<'a> {
    /// The table that a plan names; none where it names none.
    ///
    /// # Errors
    /// 42P01, 42703, 42804, 22023 with the HINT.
    pub fn of(place: &Place<'_>, plan: &'a Plan) -> Result<Option<Self>> {
        let (Some(map), true) = (plan.column_map.as_ref(), plan.elsewhere) else {
            return Ok(None);
        };
        let relation = plan.relation.as_ref().ok_or_else(|| {
            error_hint(
                PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
                format!("{place}: into_relation no longer exists"),
                "Set it to the table that activities are written to now.",
            )
        })?;
        let mut columns = Vec::new();
        for (name, what) in map {
            let target = known(place, "column_map", relation, name)?;
            if target.generated {
                return Err(unfit(
                    place,
                    format!("column \"{name}\" cannot be set"),
                    "PostgreSQL computes it: leave it out.",
                ));
            }
            columns.push((target, source(place, target, what)?));
        }
        let table = Self {
            relation,
            columns,
            open: match &plan.open_predicate {
                None => None,
                Some(text) => {
                    expression::scan(place, "open_predicate", text)?;
                    Some(format!("({text}\n)"))
                }
            },
        };
        for (source, what) in [(Source::Key, "key"), (Source::StartsAt, "starts_at")] {
            if table.column(&source).is_none() {
                return Err(unfit(
                    place,
                    format!("no column has {what}"),
                    format!(
                        "Name the column of {} that has it: {{\"column\": \"{what}\", ...}}.",
                        relation.sql()
                    ),
                ));
            }
        }
        Ok(Some(table))
    }

    /// The column that has the key, the rep and so on; of an instant, not one that has merely its day.
    pub fn column(&self, wanted: &Source) -> Option<&'a Column> {
        let found = self
            .columns
            .iter()
            .find(|(column, source)| source == wanted && column.base != "date");
        found.map(|(column, _)| *column)
    }
}

fn source(place: &Place<'_>, target: &Column, what: &Value) -> Result<Source> {
    let name = &target.name;
    if let Some(constant) = what.as_object().and_then(|object| object.get("value")) {
        let one = what.as_object().is_some_and(|object| object.len() == 1);
        return match typed(target, constant).filter(|_| one) {
            Some(sql) => Ok(Source::Constant(sql)),
            None => Err(unfit(
                place,
                format!("{what} is no value of column \"{name}\" of type {}", target.type_sql),
                "Write {\"value\": constant}: numbers as JSON numbers, booleans as true or false, everything else as a string, or null.",
            )),
        };
    }
    let instant = matches!(target.base.as_str(), "timestamptz" | "date");
    let (source, fits, hint) = match what.as_str().unwrap_or_default() {
        "key" => (Source::Key, true, ""),
        "rep" => (Source::Rep, true, ""),
        "subject" => (Source::Subject, target.category == 'S', "Take a column of text."),
        "starts_at" => (Source::StartsAt, instant, INSTANT),
        "ends_at" => (Source::EndsAt, instant, INSTANT),
        "duration" => (
            Source::Duration,
            target.base == "interval" || target.category == 'N',
            "Take a column of type interval, or a number: the minutes.",
        ),
        "segment" => (Source::Segment, target.category == 'S', "Take a column of text."),
        "plan" => (Source::Plan, target.category == 'S', "Take a column of text."),
        "run_id" => (Source::RunId, target.category == 'N', "Take a column of type bigint."),
        other => {
            let near = nearest(other, SOURCES.iter().copied()).map(|near| format!("Perhaps you meant \"{near}\". "));
            return Err(unfit(
                place,
                format!("column \"{name}\": {what} is not known"),
                format!(
                    "{}One of {}, or {{\"value\": constant}}.",
                    near.unwrap_or_default(),
                    SOURCES.join(", ")
                ),
            ));
        }
    };
    if fits {
        return Ok(source);
    }
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
        format!(
            "{place}: column_map: column \"{name}\" of type {} cannot have {what}",
            target.type_sql
        ),
        hint,
    ))
}

const INSTANT: &str = "Take a column of type timestamptz, or date for the local day of who does it.";

fn unfit(place: &Place<'_>, problem: String, hint: impl Into<String>) -> pgrx::pg_sys::panic::ErrorReport {
    error_hint(
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("{place}: column_map: {problem}"),
        hint,
    )
}

impl Table<'_> {
    /// Writes the activities, and tells where they lie and how many they are. `$1` keys, `$2` subjects, `$3` when
    /// each begins (null = not at all), `$4` who does it, by number, `$5` reps, `$6` their zones.
    pub fn insert(&self, plan: &Plan, segment: &str, run: i64) -> Option<String> {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (column, source) in &self.columns {
            names.push(quote_ident(&column.name));
            let literal = |text: &str| quote_literal(text);
            let local_day = |instant: &str| format!("({instant} at time zone w.zone)::pg_catalog.date");
            let instant = |instant: &str| match column.base.as_str() {
                "date" => local_day(instant),
                _ => instant.to_owned(),
            };
            let value = match source {
                Source::Key => "p.key".to_owned(),
                Source::Rep => "w.rep".to_owned(),
                Source::Subject => "p.subject".to_owned(),
                Source::StartsAt => instant("p.starts"),
                Source::EndsAt => instant("p.ends"),
                Source::Duration if column.base == "interval" => literal(&format!("{} minutes", plan.minutes)),
                Source::Duration => plan.minutes.to_string(),
                Source::Segment => literal(segment),
                Source::Plan => literal(&plan.name),
                Source::RunId => run.to_string(),
                Source::Constant(sql) => {
                    values.push(sql.clone());
                    continue;
                }
            };
            values.push(format!("{value}::{}", column.type_sql));
        }
        Some(format!(
            "with placed as materialized ( \
               select u.key, u.subject, u.starts, u.starts + '{minutes} minutes'::pg_catalog.interval as ends, u.who \
                 from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]), \
                                 pg_catalog.unnest($3::pg_catalog.timestamptz[]), pg_catalog.unnest($4::pg_catalog.int4[])) \
                      as u(key, subject, starts, who) where u.starts is not null), \
             who as materialized ( \
               select u.rep, u.zone, u.n from rows from (pg_catalog.unnest($5::pg_catalog.text[]), pg_catalog.unnest($6::pg_catalog.text[])) \
                      with ordinality as u(rep, zone, n)), \
             made as ( \
               insert into {table} as r ({names}) select {values} from placed as p join who as w on w.n = p.who \
               returning r.ctid as tid, r.tableoid as tab) \
             select pg_catalog.array_agg(m.tid), pg_catalog.array_agg(m.tab), pg_catalog.count(*) from made as m",
            minutes = plan.minutes,
            table = self.relation.sql(),
            names = names.join(", "),
            values = values.join(", "),
        ))
    }

    /// The keys of records with an activity of the plan that is still to be done, as one array. `$1` the instant.
    pub fn open_keys(&self, plan: &Plan, segment: &str) -> Option<String> {
        let key = column(&self.column(&Source::Key)?.name);
        let mut tests = vec![self.still_open()?];
        for (source, name) in [(Source::Segment, segment), (Source::Plan, plan.name.as_str())] {
            if let Some(theirs) = self.column(&source) {
                tests.push(format!(
                    "{} = {}::{}",
                    column(&theirs.name),
                    quote_literal(name),
                    theirs.type_sql
                ));
            }
        }
        Some(format!(
            "select array_agg(distinct {key}::text) from {} as r where $1::timestamptz is not null and {}",
            self.relation.sql(),
            tests.join(" and ")
        ))
    }

    /// What reps have to do according to the table, as arrays: number, from when to when in microseconds since 1970. `$1` the
    /// instant, `$2` reps, `$3` their numbers, `$4` up to when. None where the table does not say.
    pub fn busy(&self) -> Option<String> {
        let rep = self.column(&Source::Rep)?;
        let (starts, ends) = (column(&self.column(&Source::StartsAt)?.name), self.ends()?);
        let micros = |instant: &str| format!("array_agg((extract(epoch from {instant}) * 1000000)::bigint)");
        Some(format!(
            "select array_agg(w.n), {}, {} from {} as r \
               join rows from (unnest($2::text[]), unnest($3::integer[])) as w(rep, n) on {} = w.rep::{} \
              where {starts} < $4::timestamptz and {ends} > $1::timestamptz - interval '2 days' and {} and isfinite({starts}) and isfinite({ends})",
            micros(&starts),
            micros(&ends),
            self.relation.sql(),
            column(&rep.name),
            rep.type_sql,
            self.open.as_deref().unwrap_or("true"),
        ))
    }

    fn still_open(&self) -> Option<String> {
        if let Some(open) = &self.open {
            return Some(open.clone());
        }
        let over = match self.ends() {
            Some(ends) => ends,
            None => column(&self.column(&Source::StartsAt)?.name),
        };
        Some(format!("{over} > $1::timestamptz"))
    }

    fn ends(&self) -> Option<String> {
        if let Some(ends) = self.column(&Source::EndsAt) {
            return Some(column(&ends.name));
        }
        let (starts, long) = (self.column(&Source::StartsAt)?, self.column(&Source::Duration)?);
        let long = match long.base.as_str() {
            "interval" => column(&long.name),
            _ => format!("make_interval(mins => {}::integer)", column(&long.name)),
        };
        Some(format!("({} + {long})", column(&starts.name)))
    }
}

/// The keys and fingerprints of rows, as arrays, by where they lie: `$1` ctids, `$2` tables.
pub fn prints(relation: &Relation, key: &Column) -> String {
    format!(
        "select array_agg({key}::text), array_agg({print}) from {table} as r \
           join rows from (unnest($1::tid[]), unnest($2::oid[])) as p(tid, tab) on r.ctid = p.tid and r.tableoid = p.tab",
        key = column(&key.name),
        print = PRINT,
        table = relation.sql(),
    )
}

/// Locks the rows that are as they were written: where they lie, and their keys. `$1` keys, `$2` fingerprints.
pub fn untouched(relation: &Relation, key: &Column) -> String {
    format!(
        "select array_agg(d.tid), array_agg(d.tab), array_agg(d.key) from ( \
           select r.ctid as tid, r.tableoid as tab, p.key \
             from {table} as r join rows from (unnest($1::text[]), unnest($2::bigint[])) as p(key, print) on {key} = p.key::{type_sql} \
            where {print} = p.print for update of r) as d",
        key = column(&key.name),
        print = PRINT,
        table = relation.sql(),
        type_sql = key.type_sql,
    )
}

/// Deletes rows that are locked. `$1` ctids, `$2` tables.
pub fn delete(relation: &Relation) -> String {
    format!(
        "delete from {} as r using rows from (pg_catalog.unnest($1::pg_catalog.tid[]), pg_catalog.unnest($2::pg_catalog.oid[])) as p(tid, tab) \
          where r.ctid = p.tid and r.tableoid = p.tab",
        relation.sql()
    )
}

/// By which a row is known again, once [`plainly`] says how its values are written.
const PRINT: &str = "hashtextextended(r::text, 0)";

/// Runs `work` with values written the same way in every session.
pub fn plainly<T>(work: impl FnOnce() -> T) -> T {
    let settings = [(c"TimeZone", c"UTC".to_owned()), (c"bytea_output", c"hex".to_owned())];
    xact::with_settings(&settings, work)
}
