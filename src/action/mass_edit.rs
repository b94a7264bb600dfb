//! Sets fields of a segment's records, or of rows of a related table, to fixed values, to the run's date, or to nothing.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use pgrx::prelude::*;
use serde_json::Value;

use crate::action::args::Args;
use crate::action::edit::{Edit, Field};
use crate::action::target::Segment;
use crate::action::{Context, Did};
use crate::catalogue::Column;
use crate::check::parse::parses;
use crate::check::values;
use crate::criteria::{quote_ident, quote_literal};
use crate::error::{Place, Result, error_hint};
use crate::router::failure::compiling;
use crate::router::session::with_settings;
use crate::router::{statement, variables};

const KEYS: [&str; 3] = ["fields", "related", "keep_before"];
const FIELD_KEYS: [&str; 4] = ["field", "value", "run_date", "clear"];

/// Refuses a step that could not be run as it is written.
///
/// # Errors
/// What is wrong with its arguments.
pub fn check(place: &Place<'_>, segment: &str, args: Option<&Value>) -> Result<()> {
    let args = Args::new(place, args, &KEYS)?;
    let segment = Segment::named(segment)?;
    // With the settings of a run, so that values are read as they will be then.
    with_settings(Utc::now(), || {
        let edit = compile(place, &args, &segment, Utc::now(), "UTC")?;
        let given = args.list("fields")?.into_iter().flatten();
        for (field, given) in edit.fields.iter().zip(given) {
            if let Some(value) = given.get("value") {
                let value = match variables::named(value) {
                    Some(name) => &variables::json(place, "args", name)?,
                    None => value,
                };
                values::field_value(place, "args", field.column, value)?;
            }
            parses(
                place,
                "args",
                &format!(
                    "update {} set {} = {} where false",
                    edit.rows.table(),
                    quote_ident(&field.column.name),
                    field.value
                ),
            )?;
        }
        let nulls = edit.fields.iter().filter(|field| field.value == cleared(field.column));
        let nulls = nulls.map(|field| (field.column.name.clone(), Value::Null)).collect();
        values::nulls_fit(place, "args", edit.rows.relation, &nulls)
    })
}

/// Runs the step.
///
/// # Errors
/// What keeps it from running.
pub fn run(context: &Context<'_>) -> Result<Did> {
    let row = context.row();
    let place = Place {
        table: "step",
        row: &row,
    };
    let segment = compiling(|| Segment::named(&context.step.target))?;
    let edit = compiling(|| {
        segment.check_writers()?;
        let args = context.args(&place, &KEYS)?;
        compile(&place, &args, &segment, context.about, context.zone)
    })?;
    Ok(Did {
        rows: edit.run(context)?,
        object: edit.rows.object.map(|object| object.name.clone()),
        result: None,
    })
}

fn cleared(column: &Column) -> String {
    format!("null::{}", column.type_sql)
}

fn compile<'a>(
    place: &Place<'_>,
    args: &Args<'_>,
    segment: &'a Segment,
    about: DateTime<Utc>,
    zone: &str,
) -> Result<Edit<'a>> {
    const HINT: &str = "Write {\"fields\": [{\"field\": \"column\", \"value\": ...}, {\"field\": \"other\", \"run_date\": true}, {\"field\": \"third\", \"clear\": true}]}.";
    let given = args.list("fields")?.filter(|given| !given.is_empty());
    let given = given.ok_or_else(|| args.refuse("no fields are given", HINT))?;
    let rows = segment.rows(place, args.text("related")?)?;
    let keep = args.truth("keep_before", true)?;
    let mut fields: Vec<Field<'a>> = Vec::new();
    for one in given {
        let one = Args::new(place, Some(one), &FIELD_KEYS)?;
        let name = one
            .text("field")?
            .ok_or_else(|| one.refuse("a field has no name", HINT))?;
        let column = rows.settable(place, "args", name)?;
        if fields.iter().any(|field| field.column.name == name) {
            return Err(one.refuse(format!("column \"{name}\" is set twice"), "Set each column once."));
        }
        let (dated, clear) = (one.truth("run_date", false)?, one.truth("clear", false)?);
        let value = match (one.has("value"), dated, clear) {
            (true, false, false) => match one.get("value") {
                Some(value) => {
                    // A variable is what it is when the run starts.
                    let value = match variables::named(value) {
                        Some(name) => &variables::json(place, "args", name)?,
                        None => value,
                    };
                    statement::typed(column, value).ok_or_else(|| unlike(place, column, value))?
                }
                None => {
                    return Err(one.refuse(
                        format!("the value of \"{name}\" is null"),
                        "To clear a field, write {\"field\": ..., \"clear\": true}.",
                    ));
                }
            },
            (false, true, false) => run_date(&one, column, about, zone)?,
            (false, false, true) => cleared(column),
            (false, false, false) => {
                return Err(one.refuse(
                    format!("nothing says what \"{name}\" is set to"),
                    "Give one of value, run_date and clear.",
                ));
            }
            _ => {
                return Err(one.refuse(
                    format!("\"{name}\" is to be set to more than one thing"),
                    "Give one of value, run_date and clear: they exclude one another.",
                ));
            }
        };
        fields.push(Field {
            column,
            value,
            same: true,
        });
    }
    Ok(Edit { rows, fields, keep })
}

fn unlike(place: &Place<'_>, column: &Column, value: &Value) -> pgrx::pg_sys::panic::ErrorReport {
    error_hint(
        PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
        format!(
            "{place}: args: {value} is no value of column \"{}\" of type {}",
            column.name, column.type_sql
        ),
        "Give numbers as JSON numbers, booleans as true or false, everything else as a string.",
    )
}

/// The run's date in the schedule's zone, for a column that can hold a date.
fn run_date(args: &Args<'_>, column: &Column, about: DateTime<Utc>, zone: &str) -> Result<String> {
    let tz: Tz = zone.parse().unwrap_or(Tz::UTC);
    let date = quote_literal(&about.with_timezone(&tz).format("%Y-%m-%d").to_string());
    match column.base.as_str() {
        // Its midnight there.
        "timestamptz" => Ok(format!(
            "pg_catalog.timezone({}, {date}::timestamp)",
            quote_literal(zone)
        )),
        "date" | "timestamp" => Ok(format!("{date}::{}", column.type_sql)),
        _ if column.category == 'S' => Ok(format!("{date}::{}", column.type_sql)),
        _ => Err(args.refuse(
            format!("column \"{}\" of type {} holds no date", column.name, column.type_sql),
            "run_date is for columns of type date, timestamp, timestamptz or text.",
        )),
    }
}
