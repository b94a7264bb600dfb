//! What the check triggers ask when a row of intent is written: the same compilation that a run does, then PostgreSQL's
//! own parser over the result, so that what is stored is what will run.

use std::rc::Rc;

use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::catalogue::{Column, Relation, read};
use crate::clock;
use crate::criteria::{nearest, quote_literal};
use crate::error::{Place, Result, at, error_hint, internal, raised};
use crate::router::expression::{self, RECORD};
use crate::router::intent::Object;
use crate::router::session::with_settings;
use crate::router::statement;
use crate::worker::invalidate::Kept;
use crate::xact::{self, trial};

const RANKING: &str = "ranking is an ORDER BY list over the record r, such as: r.score desc nulls last, r.created_at";

/// Types that keys and owners can have.
const KEY_TYPES: [&str; 6] = ["int2", "int4", "int8", "uuid", "text", "varchar"];

thread_local! {
    // Kept, for rows are written by the thousand in one statement.
    static OBJECTS: Kept<Object> = Kept::new(100);
}

/// An object with its table.
fn object_named(name: &str) -> Result<Rc<Object>> {
    OBJECTS.with(|kept| {
        // Read with the caller's snapshot, which may be an old one, unless the transaction writes.
        kept.get(name, xact::is_writing(), || {
            let object: Object = read("select dist._object_intent($1)", &[name.to_owned().into()])?
                .ok_or_else(|| no_such("object", name))?;
            object.relation.iter().for_each(Relation::watch);
            Ok(object)
        })
    })
}

/// 42704 for a row of intent that is not there, with the nearest name as HINT.
pub fn no_such(table: &str, name: &str) -> pgrx::pg_sys::panic::ErrorReport {
    let known: Vec<String> = match table {
        "object" | "transfer" | "ruleset" | "distribution_rule" | "schedule" => read(
            &format!("select coalesce(jsonb_agg(n.name), '[]') from (select name from dist.{table} limit 10000) n"),
            &[],
        )
        .ok()
        .flatten()
        .unwrap_or_default(),
        _ => Vec::new(),
    };
    error_hint(
        PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
        format!("{} does not exist", Place { table, row: name }),
        nearest(name, known.iter().map(String::as_str)).map_or_else(
            || format!("See dist.{table} for those that do."),
            |near| format!("Perhaps you meant '{near}'."),
        ),
    )
}

/// The HINT for a column that is not there.
pub fn column_hint(relation: &Relation, wanted: &str) -> String {
    let names = || relation.columns.iter().map(|column| column.name.as_str());
    nearest(wanted, names()).map_or_else(
        || format!("Its columns: {}.", names().collect::<Vec<_>>().join(", ")),
        |near| format!("Perhaps you meant \"{near}\"."),
    )
}

/// A row of `dist.object` as the trigger has it.
#[derive(Deserialize)]
struct ObjectRow {
    name: String,
    relation: Value,
    key_column: String,
    owner_column: String,
}

/// Checks a row of `dist.object`; returns warnings.
///
/// # Errors
/// 42P01, 42809, 42703, 42804 with the HINT.
pub fn object(row: Value) -> Result<Vec<String>> {
    let row: ObjectRow = serde_json::from_value(row).map_err(internal)?;
    let place = Place {
        table: "object",
        row: &row.name,
    };
    // regclass becomes text in JSON: a name, or a number when there is no such table.
    let named = row
        .relation
        .as_str()
        .map_or_else(|| row.relation.to_string(), ToOwned::to_owned);
    // 0 is shown as a dash, which is the name of nothing.
    let found: Option<Relation> = if named == "-" {
        None
    } else {
        read("select dist._relation($1::regclass)", &[named.clone().into()])?
    };
    let relation = found.ok_or_else(|| {
        error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE,
            format!("{place}: relation {named} does not exist"),
            "Give the table's name, with its schema.",
        )
    })?;
    if !matches!(relation.kind, 'r' | 'p') {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            format!("{place}: {} is not a table", relation.sql()),
            "Name a table or a partitioned table; a view has no records of its own.",
        ));
    }
    if matches!(relation.schema.as_str(), "dist" | "pg_catalog" | "information_schema")
        || relation.schema.starts_with("pg_temp_")
    {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            format!("{place}: {} is no table of the user's own", relation.sql()),
            "Name a table of your own that every session sees.",
        ));
    }
    for (field, name) in [("key_column", &row.key_column), ("owner_column", &row.owner_column)] {
        let Some(column) = relation.column(name) else {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!("{place}: {field} \"{name}\" does not exist in {}", relation.sql()),
                column_hint(&relation, name),
            ));
        };
        if !KEY_TYPES.contains(&column.base.as_str()) {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                format!("{place}: {field} \"{name}\" is of type {}", column.type_sql),
                "Keys and owners are smallint, integer, bigint, uuid, text or varchar.",
            ));
        }
        if field == "owner_column" && column.generated {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_INVALID_COLUMN_REFERENCE,
                format!("{place}: owner_column \"{name}\" is computed by PostgreSQL"),
                "Name the column that is written when a record changes hands.",
            ));
        }
    }
    if row.key_column == row.owner_column {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("{place}: key_column and owner_column are both \"{}\"", row.key_column),
            "The owner is another column than the key.",
        ));
    }
    let facts: Facts = read(
        include_str!("router/sql/object_facts.sql"),
        &[
            named.into(),
            row.key_column.clone().into(),
            row.owner_column.clone().into(),
        ],
    )?
    .ok_or_else(|| internal("no facts about the table"))?;
    let mut warnings = Vec::new();
    if !facts.key_unique && relation.kind == 'r' {
        warnings.push(format!(
            "nothing keeps key_column \"{}\" unique; two records with one key cannot be told apart in the audit",
            row.key_column
        ));
    }
    if facts.owner_not_null {
        warnings.push(format!(
            "owner_column \"{}\" is NOT NULL: no record is ever unowned, and a retrieval needs a holding rep",
            row.owner_column
        ));
    }
    Ok(warnings)
}

#[derive(Deserialize)]
struct Facts {
    key_unique: bool,
    owner_not_null: bool,
}

/// The columns of intent tables that hold text to be compiled.
#[derive(Deserialize)]
struct TextRow {
    criteria: Option<Value>,
    predicate: Option<String>,
    ranking: Option<String>,
    value: Option<String>,
    set_fields: Option<Value>,
    /// Whether the predicate may speak of a clock c beside the record.
    clock: Option<bool>,
}

/// Checks criteria, predicate, ranking, value and set_fields of a row about an object.
///
/// # Errors
/// What is wrong, with the place and a HINT.
pub fn text(place: &Place<'_>, object: &str, row: Value) -> Result<()> {
    // With the settings of a run, so that 03/02/2031 is refused here and not read one way now and another way then.
    with_settings(chrono::Utc::now(), || compiles(place, object, row))
}

fn compiles(place: &Place<'_>, object: &str, row: Value) -> Result<()> {
    let row: TextRow = serde_json::from_value(row).map_err(internal)?;
    let object = object_named(object)?;
    let relation = object.relation()?;
    let mut table = relation.sql();
    if row.clock == Some(true) {
        table =
            format!("(select null::pg_catalog.timestamptz as started_at, null::text as rep) as c cross join {table}");
    }
    let as_of = clock::literal(chrono::Utc::now());
    if row.criteria.is_some() {
        let compiled = expression::compile(place, relation, row.criteria.as_ref(), None, &as_of)?;
        parses(
            place,
            "criteria",
            &format!("select from {table} as {RECORD} where {}", compiled.sql),
        )?;
    }
    if let Some(text) = &row.predicate {
        let dates = expression::scan(place, "predicate", text)?;
        is_one_expression(place, "predicate", &table, text, "::boolean[]", |text| text.to_owned())?;
        no_moving_dates(place, "predicate", text, &dates, |text| {
            format!("select from {table} as {RECORD} where ({text}\n)")
        })?;
    }
    if let Some(text) = &row.value {
        let dates = expression::scan(place, "value", text)?;
        // In a WHERE there are no aggregates and no sets.
        is_one_expression(place, "value", &table, text, "", |text| format!("{text} is null"))?;
        is_number(place, &table, text)?;
        no_moving_dates(place, "value", text, &dates, |text| {
            format!("select from {table} as {RECORD} where ({text}\n) is null")
        })?;
    }
    if let Some(text) = &row.ranking {
        let dates = expression::scan(place, "ranking", text)?;
        let key = statement::column(&object.key()?.name);
        // A window's ORDER BY takes nothing but sort keys: no LIMIT, no FOR UPDATE, no output columns by name.
        let in_window =
            |text: &str| format!("select row_number() over (order by {text}\n, {key}) from {table} as {RECORD}");
        ranks(place, &in_window(text), RANKING)?;
        one_value_per_record(
            place,
            &format!("select from {table} as {RECORD} order by {text}\n, {key}"),
        )?;
        no_moving_dates(place, "ranking", text, &dates, in_window)?;
    }
    match row.set_fields {
        None => {}
        Some(Value::Object(fields)) => {
            for (name, literal) in statement::set_fields(place, &object, Some(&fields))? {
                let quoted = crate::criteria::quote_ident(&name);
                let value = fields.get(&name).unwrap_or(&Value::Null);
                if let Some(column) = relation.column(&name) {
                    field_value(place, column, value)?;
                }
                parses(
                    place,
                    "set_fields",
                    &format!("update {table} as {RECORD} set {quoted} = {literal} where false"),
                )?;
            }
            nulls_fit(place, relation, &fields)?;
        }
        Some(other) => {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("{place}: set_fields: {other} is not a JSON object"),
                "Write {\"column\": value, ...}.",
            ));
        }
    }
    Ok(())
}

/// A ranking gives one value per record: what FOR UPDATE is refused for would make of many records one, or of one many.
/// And with nothing selected, there is no output column that a number could mean.
fn one_value_per_record(place: &Place<'_>, sql: &str) -> Result<()> {
    ranks(place, sql, RANKING)?;
    ranks(place, &format!("{sql} for update of {RECORD}"), RANKING)
}

/// Lets PostgreSQL analyse a statement whose ORDER BY is a ranking.
///
/// # Errors
/// What PostgreSQL says, as about the ranking.
pub fn ranks(place: &Place<'_>, sql: &str, hint: &str) -> Result<()> {
    let Some(caught) = trial(|| prepare(sql)) else {
        return Ok(());
    };
    Err(
        match raised(&caught)
            .message()
            .strip_prefix("FOR UPDATE is not allowed with ")
        {
            Some(what) => error_hint(
                PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                format!("{place}: ranking: it takes no {what}"),
                hint,
            ),
            None => at(place, "ranking", &caught, hint),
        },
    )
}

/// Checks a value of set_fields against its column as it was declared, and refuses dates that move.
fn field_value(place: &Place<'_>, column: &Column, value: &Value) -> Result<()> {
    let literal = match value {
        Value::Null => return Ok(()),
        Value::String(text) if !matches!(column.base.as_str(), "json" | "jsonb") => quote_literal(text),
        other => quote_literal(&other.to_string()),
    };
    let hint = format!(
        "Give a value that column \"{}\" of type {} can hold.",
        column.name, column.declared
    );
    fits(place, "set_fields", column, &literal, &hint)?;
    // Text and documents may speak of today; a date or a range that does would be read by the clock.
    let dated =
        matches!(column.category, 'D' | 'R') || column.base.starts_with("_date") || column.base.starts_with("_time");
    if dated {
        let dates = expression::scan(place, "set_fields", &literal)?;
        no_moving_dates(place, "set_fields", &literal, &dates, |literal| {
            format!("select {literal}::{}", column.type_sql)
        })?;
    }
    Ok(())
}

/// Refuses a value that cannot be assigned to a column. An explicit cast cuts what is too long, where an assignment
/// would be refused: so what was cut is looked for.
fn fits(place: &Place<'_>, what: &str, column: &Column, literal: &str, hint: &str) -> Result<()> {
    let declared = &column.declared;
    if let Some(caught) = trial(|| run(&format!("select {literal}::{declared}"))) {
        return Err(at(place, what, &caught, hint));
    }
    let whole = format!("select rtrim({literal}::text) = rtrim({literal}::{declared}::text)");
    if column.category == 'S' && Spi::get_one::<bool>(&whole).map_err(internal)? == Some(false) {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_STRING_DATA_RIGHT_TRUNCATION,
            format!("{place}: {what}: {literal} is too long for type {declared}"),
            hint,
        ));
    }
    Ok(())
}

/// Refuses null for a column that is NOT NULL.
fn nulls_fit(place: &Place<'_>, relation: &Relation, fields: &serde_json::Map<String, Value>) -> Result<()> {
    let nulls: Vec<String> = fields
        .iter()
        .filter(|(_, value)| value.is_null())
        .map(|(name, _)| name.clone())
        .collect();
    let refused: Option<String> = read(
        "select to_jsonb(min(a.attname::text)) from pg_attribute a \
          where a.attrelid = $1::regclass and a.attnotnull and a.attname::text = any ($2)",
        &[relation.sql().into(), nulls.into()],
    )?;
    refused.map_or(Ok(()), |name| {
        Err(error_hint(
            PgSqlErrorCode::ERRCODE_NOT_NULL_VIOLATION,
            format!("{place}: set_fields: column \"{name}\" cannot be null"),
            "The column is NOT NULL: give it a value, or leave it out.",
        ))
    })
}

/// A text is one expression if and only if it parses both between parentheses and between the brackets of an array:
/// what closes one kind of bracket early cannot close the other, a list is a row in the one and not of the wanted type,
/// and a bare SELECT does not stand in the other. `test` makes a boolean of it.
/// # Errors
/// 42601 and kin.
pub fn is_one_expression(
    place: &Place<'_>,
    column: &str,
    table: &str,
    text: &str,
    array: &str,
    test: impl Fn(&str) -> String,
) -> Result<()> {
    for sql in [format!("({text}\n)"), format!("(array[{text}\n]{array})[1]")] {
        let test = test(&sql);
        parses(place, column, &format!("select from {table} as {RECORD} where {test}"))?;
    }
    Ok(())
}

/// A number is what the parser lets stand for a float without being told to: no text, no date, no row.
fn is_number(place: &Place<'_>, table: &str, text: &str) -> Result<()> {
    let sql = format!("select from {table} as {RECORD} where pg_catalog.float8pl(({text}\n), 0) is null");
    match trial(|| prepare(&sql)) {
        None => Ok(()),
        Some(_) => Err(error_hint(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!("{place}: value: {} is no number", text.trim()),
            "value is one SQL expression over the record r that gives a number, such as: r.amount",
        )),
    }
}

/// Lets PostgreSQL parse and analyse a statement without running it.
/// # Errors
/// What PostgreSQL says.
pub fn parses(place: &Place<'_>, column: &str, sql: &str) -> Result<()> {
    match trial(|| prepare(sql)) {
        None => Ok(()),
        Some(caught) => Err(at(
            place,
            column,
            &caught,
            "It is SQL over the record r; names of functions, tables and types need their schema.",
        )),
    }
}

fn prepare(sql: &str) {
    Spi::connect(|client| {
        // What is wrong is raised as an error; the plan itself is not wanted.
        drop(client.prepare(sql, &[]));
    });
}

/// Refuses literals such as 'today' where they are read as a date: they would be frozen when the statement is parsed.
/// They are read so if and only if the same text with another word in their place no longer parses.
/// # Errors
/// 0A000 with the HINT.
pub fn no_moving_dates(
    place: &Place<'_>,
    column: &str,
    text: &str,
    literals: &[std::ops::Range<usize>],
    statement: impl Fn(&str) -> String,
) -> Result<()> {
    for literal in literals {
        let (Some(before), Some(word), Some(after)) = (
            text.get(..literal.start),
            text.get(literal.clone()),
            text.get(literal.end..),
        ) else {
            continue;
        };
        let other = format!("{before}{}{after}", quote_literal("pg_dist"));
        if trial(|| prepare(&statement(&other))).is_some() {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                format!("{place}: {column}: {word} as a date means the day on which it is read"),
                "Use dist.as_of(): the instant the run is about.",
            ));
        }
    }
    Ok(())
}

/// Checks that a key that somebody asks for can be one.
///
/// # Errors
/// 22P02 and kin, naming the object and the key.
pub fn key(object: &str, column: &Column, key: &str) -> Result<()> {
    let place = Place {
        table: "object",
        row: object,
    };
    let hint = format!(
        "Give the key as it stands in column \"{}\" of type {}, in its text form.",
        column.name, column.declared
    );
    match trial(|| run(&format!("select {}::{}", quote_literal(key), column.type_sql))) {
        None => Ok(()),
        Some(caught) => Err(at(&place, "record_key", &caught, &hint)),
    }
}

/// Checks that the values of a record that somebody asks about fit its columns; `record` is SQL that gives it.
///
/// # Errors
/// 22P02 and kin, naming the object.
pub fn values(place: &Place<'_>, record: &str) -> Result<()> {
    match trial(|| run(&format!("select from {record}"))) {
        None => Ok(()),
        Some(caught) => Err(at(
            place,
            "record",
            &caught,
            "Give each value as jsonb has it for a column of that type.",
        )),
    }
}

/// Checks that reps are values of the object's owner column.
///
/// # Errors
/// 22P02 and kin, naming the rep.
pub fn reps(place: &Place<'_>, object: &str, reps: &[String]) -> Result<()> {
    let object = object_named(object)?;
    let owner = object.owner()?;
    let declared = &owner.declared;
    let unlike = |reps: &[String]| {
        let quoted: Vec<String> = reps.iter().map(|rep| quote_literal(rep)).collect();
        format!(
            "select count(*) from unnest(array[{}]::text[]) as rep where rep::{declared}::text is distinct from rep",
            quoted.join(", ")
        )
    };
    let whole = unlike(reps);
    if trial(|| run(&whole)).is_none() && Spi::get_one::<i64>(&whole).map_err(internal)? == Some(0) {
        return Ok(());
    }
    let hint = format!(
        "dist.rep.rep is the text form of a value of \"{}\", the owner column of object '{}', of type {declared}.",
        owner.name, object.name
    );
    for rep in reps {
        fits(
            place,
            &format!("rep '{rep}'"),
            owner,
            &format!("{}::text", quote_literal(rep)),
            &hint,
        )?;
        if Spi::get_one::<i64>(&unlike(std::slice::from_ref(rep))).map_err(internal)? != Some(0) {
            // The audit has reps, the table has values: 007 and 7 would never be found to be the same.
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_INVALID_TEXT_REPRESENTATION,
                format!("{place}: rep '{rep}': a value of type {declared} is not written so"),
                hint,
            ));
        }
    }
    Ok(())
}

fn run(sql: &str) {
    Spi::connect(|client| {
        drop(client.select(sql, None, &[]));
    });
}
