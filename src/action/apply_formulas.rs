//! Sets fields of a segment's records by stored formulas over the record: all of them in one statement, each looking at
//! the record as it was.

use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::action::args::Args;
use crate::action::edit::{Edit, Field};
use crate::action::target::{Segment, settable_in};
use crate::action::{Context, Did};
use crate::catalogue::{Column, read};
use crate::criteria::nearest;
use crate::error::{Place, Result, error_hint};
use crate::router::expression;
use crate::router::failure::compiling;
use crate::router::intent::Object;
use crate::router::trust::check_writers;

const KEYS: [&str; 2] = ["formulas", "keep_before"];

/// A row of `dist.formula`.
#[derive(Deserialize)]
struct Formula {
    name: String,
    object: String,
    field: String,
    expression: String,
    active: bool,
    written_by: String,
}

/// The column that a formula of an object sets.
///
/// # Errors
/// 42703 where there is none, 42P10 where it may not be set.
pub fn settable<'a>(place: &Place<'_>, object: &'a Object, field: &str) -> Result<&'a Column> {
    let kept = [object.key_column.as_str(), object.owner_column.as_str()];
    settable_in(place, "field", object.relation()?, &kept, Some(object), field)
}

/// Refuses a step that could not be run as it is written.
///
/// # Errors
/// What is wrong with its arguments.
pub fn check(place: &Place<'_>, segment: &str, args: Option<&Value>) -> Result<()> {
    let args = Args::new(place, args, &KEYS)?;
    args.truth("keep_before", true)?;
    formulas(&args, &Segment::named(segment)?).map(drop)
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
    let (formulas, keep) = compiling(|| {
        let args = context.args(&place, &KEYS)?;
        segment.check_writers()?;
        Ok((formulas(&args, &segment)?, args.truth("keep_before", true)?))
    })?;
    let edit = compiling(|| {
        let writers: Vec<_> = formulas
            .iter()
            .map(|formula| ("formula", formula.name.clone(), formula.written_by.as_str()))
            .collect();
        check_writers(&writers)?;
        let fields = formulas.iter().map(|formula| field(&segment, formula));
        Ok(Edit {
            fields: fields.collect::<Result<_>>()?,
            rows: segment.rows(&place, None)?,
            keep,
        })
    })?;
    let object = Some(segment.object.name.clone());
    if edit.fields.is_empty() {
        return Ok(Did {
            object,
            result: Some("no formula is active".to_owned()),
            ..Did::default()
        });
    }
    Ok(Did {
        rows: edit.run(context)?,
        object,
        result: None,
    })
}

fn field<'a>(segment: &'a Segment, formula: &Formula) -> Result<Field<'a>> {
    let place = Place {
        table: "formula",
        row: &formula.name,
    };
    expression::scan(&place, "expression", &formula.expression)?;
    let column = settable(&place, &segment.object, &formula.field)?;
    Ok(Field {
        column,
        // The line break ends a comment that the text may end with.
        value: format!("({}\n)::{}", formula.expression, column.type_sql),
        same: false,
    })
}

/// The active ones of those that are named, or of all of the object.
fn formulas(args: &Args<'_>, segment: &Segment) -> Result<Vec<Formula>> {
    let names = match args.list("formulas")? {
        None => None,
        Some(list) => {
            let names: Option<Vec<String>> = list.iter().map(|name| name.as_str().map(ToOwned::to_owned)).collect();
            Some(names.filter(|names| !names.is_empty()).ok_or_else(|| {
                args.refuse(
                    "\"formulas\" is no list of names",
                    "Write {\"formulas\": [\"name\", ...]}, or leave it out: all active formulas of the object.",
                )
            })?)
        }
    };
    let object = segment.object.name.as_str();
    let of = |names: Option<Vec<String>>| -> Result<Vec<Formula>> {
        Ok(read(
            "select dist._formulas($1, $2)",
            &[object.to_owned().into(), names.into()],
        )?
        .unwrap_or_default())
    };
    let mut found = of(names.clone())?;
    for name in names.iter().flatten() {
        match found.iter().find(|formula| formula.name == *name) {
            Some(formula) if formula.object == object => {}
            Some(formula) => {
                return Err(args.refuse(
                    format!("formula '{name}' is about object '{}', not '{object}'", formula.object),
                    "Name formulas of the segment's object.",
                ));
            }
            None => {
                let known = of(None)?;
                let near = nearest(name, known.iter().map(|formula| formula.name.as_str()));
                return Err(error_hint(
                    PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
                    format!("{}: args: formula '{name}' does not exist", args.place()),
                    near.map_or_else(
                        || "Insert it into dist.formula first.".to_owned(),
                        |near| format!("Perhaps you meant '{near}'."),
                    ),
                ));
            }
        }
    }
    found.retain(|formula| formula.active);
    Ok(found)
}
