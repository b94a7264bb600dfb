//! From a step's target and arguments to the statement that calls its function, resolved anew whenever it is written or
//! run: functions come and go, and are replaced by others of the same name.

use pgrx::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use crate::catalogue::read;
use crate::error::{Place, Result, at, error_hint, internal, raised};
use crate::router::arguments::{self, Filled};
use crate::router::each::{Per, Subject};
use crate::signature::{Function, Misfit};
use crate::xact::{current_role_name, trial};

/// A call that can be made.
pub struct Call {
    /// The function with its argument types.
    pub signature: String,
    /// The statement.
    pub sql: String,
    /// How what it returns becomes text: `value` (its only column), `row`, or not at all.
    pub answer: Option<&'static str>,
    /// Whether the answer is the number of rows of a set.
    pub counts: bool,
    /// Whether it reads a cursor that is to be opened before.
    pub reads_cursor: bool,
    /// Whether its `$1` are the keys.
    pub reads_keys: bool,
    /// Whether the role that asked may make it.
    allowed: bool,
}

/// What the catalogue says of a target (`dist._functions`).
#[derive(Deserialize)]
struct Known {
    parts: Vec<String>,
    #[serde(default)]
    elsewhere: Vec<String>,
    #[serde(default)]
    typed: bool,
    nearest: Option<String>,
    #[serde(default)]
    schema_exists: bool,
    #[serde(default)]
    schema_usage: bool,
    #[serde(default)]
    functions: Vec<Function>,
    chosen: Option<u32>,
}

/// Finds the function that a target means with these arguments, and writes the call, with the rights of the current role.
///
/// # Errors
/// 42602, 3F000, 42883, 42725, 42809, 22023, 0A000, or why a value does not convert, each with the place and a HINT.
pub fn resolve(place: &Place<'_>, target: &str, args: Option<&Value>, subject: Option<&Subject>) -> Result<Call> {
    let known = known(place, target)?;
    let filled = Filled::of(place, args, subject)?;
    let args = filled.values.as_ref();
    let function = choose(place, target, &known, args)?;
    let given = function.take(args).map_err(|misfit| unfit(place, misfit))?;
    overloads_differ(place, function, &known.functions)?;
    let values = arguments::values(place, function, &given, &filled)?;
    let allowed = known.schema_usage && function.executable;
    let call = call(function, &values, allowed);
    match subject {
        Some(subject) if subject.per == Per::Record => for_each(place, function, &values, subject, call),
        Some(_) => Ok(Call {
            reads_cursor: filled.reads_cursor,
            reads_keys: filled.reads_keys,
            ..call
        }),
        None => Ok(call),
    }
}

/// Refuses a call that the current role may not make: apart, for it takes a GRANT to mend that and nothing in the step.
///
/// # Errors
/// 42501.
pub fn may_call(place: &Place<'_>, call: &Call) -> Result<()> {
    if call.allowed {
        return Ok(());
    }
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!(
            "{place}: role '{}' may not call {}",
            current_role_name()?,
            call.signature
        ),
        "Grant EXECUTE on it, and USAGE on its schema, to that role.",
    ))
}

/// The same for the check of a row; PostgreSQL's own parser has the last word.
///
/// # Errors
/// Those of [`resolve`], and what PostgreSQL has against the call.
pub fn check(place: &Place<'_>, target: &str, args: Option<&Value>, subject: Option<&Subject>) -> Result<()> {
    let call = resolve(place, target, args, subject)?;
    may_call(place, &call)?;
    let prepare = || Spi::connect(|client| drop(client.prepare(call.sql.as_str(), &[pg_sys::TEXTARRAYOID.into()])));
    match trial(prepare) {
        None => Ok(()),
        Some(caught) => {
            let refused = at(
                place,
                "target",
                &caught,
                "Try the call by hand, with the same arguments.",
            );
            Err(
                if raised(&caught).sql_error_code() == PgSqlErrorCode::ERRCODE_AMBIGUOUS_FUNCTION {
                    refused.set_hint(OVERLOADED)
                } else {
                    refused
                },
            )
        }
    }
}

fn known(place: &Place<'_>, target: &str) -> Result<Known> {
    let caller = current_role_name()?;
    let mut known = Ok(None);
    let caught = trial(|| {
        known = read(
            "select dist._functions($1, $2)",
            &[target.to_owned().into(), caller.into()],
        );
    });
    match caught {
        None => known?.ok_or_else(|| internal("nothing is known of the target")),
        Some(caught) => Err(at(place, "target", &caught, WRITTEN)),
    }
}

const WRITTEN: &str = "target is a name with its schema, such as crm.notify, and the argument types if need be: crm.notify(integer, text).";

fn choose<'a>(place: &Place<'_>, target: &str, known: &'a Known, args: Option<&Value>) -> Result<&'a Function> {
    let [schema, name] = known.parts.as_slice() else {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_NAME,
            format!("{place}: target '{target}' is not a name with its schema"),
            match known.elsewhere.as_slice() {
                [] => WRITTEN.to_owned(),
                found => format!("Write {}.", found.join(" or ")),
            },
        ));
    };
    let perhaps = |otherwise: &str| match &known.nearest {
        Some(near) => format!("Perhaps you meant {near}."),
        None => otherwise.to_owned(),
    };
    if !known.schema_exists {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INVALID_SCHEMA_NAME,
            format!("{place}: target '{target}': schema \"{schema}\" does not exist"),
            perhaps("Name a schema that every session sees."),
        ));
    }
    let functions: Vec<&Function> = known
        .functions
        .iter()
        .filter(|function| !known.typed || known.chosen == Some(function.oid))
        .collect();
    if functions.is_empty() {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION,
            format!("{place}: function {target} does not exist"),
            if known.functions.is_empty() {
                perhaps(&format!("Schema \"{schema}\" has none whose name is like \"{name}\"."))
            } else {
                format!("There is {}.", signatures(known.functions.iter()))
            },
        ));
    }
    if let [only] = functions.as_slice() {
        only.check_kind().map_err(|misfit| {
            error_hint(
                PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
                format!("{place}: {}", misfit.message),
                misfit.hint,
            )
        })?;
        return Ok(only);
    }
    let fitting: Vec<&Function> = functions
        .iter()
        .copied()
        .filter(|function| function.check_kind().is_ok() && function.take(args).is_ok())
        .collect();
    match fitting.as_slice() {
        [only] => Ok(only),
        [] => Err(error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION,
            format!("{place}: no function {target} takes these arguments"),
            format!("There is {}.", signatures(functions.iter().copied())),
        )),
        several => Err(error_hint(
            PgSqlErrorCode::ERRCODE_AMBIGUOUS_FUNCTION,
            format!("{place}: function {target} is not unique"),
            format!("Write the argument types: {}.", signatures(several.iter().copied())),
        )),
    }
}

fn signatures<'a>(functions: impl Iterator<Item = &'a Function>) -> String {
    const SHOWN: usize = 8;
    let all: Vec<String> = functions.map(Function::signature).collect();
    let shown: Vec<&str> = all.iter().map(String::as_str).take(SHOWN).collect();
    format!(
        "{}{}",
        shown.join(" or "),
        if all.len() > SHOWN { " or ..." } else { "" }
    )
}

/// A call of what takes any type could be understood as one of an overload that takes the very type.
fn overloads_differ(place: &Place<'_>, function: &Function, all: &[Function]) -> Result<()> {
    let polymorphic = |function: &Function| function.inputs().any(|(_, param)| param.pseudo.is_some());
    let count = function.inputs().count();
    let rival = all
        .iter()
        .find(|other| other.oid != function.oid && other.inputs().count() == count);
    match rival {
        Some(rival) if polymorphic(function) => Err(error_hint(
            PgSqlErrorCode::ERRCODE_AMBIGUOUS_FUNCTION,
            format!(
                "{place}: a call of {} could be one of {}",
                function.signature(),
                rival.signature()
            ),
            OVERLOADED,
        )),
        _ => Ok(()),
    }
}

const OVERLOADED: &str = "Let a function of yours, with a name and types of its own, call it.";

fn unfit(place: &Place<'_>, misfit: Misfit) -> pgrx::pg_sys::panic::ErrorReport {
    error_hint(
        PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
        format!("{place}: {}", misfit.message),
        misfit.hint,
    )
}

/// The calls for each record, for the call of one.
fn for_each(place: &Place<'_>, function: &Function, values: &[String], subject: &Subject, one: Call) -> Result<Call> {
    if function.kind != 'p' {
        return Ok(Call {
            sql: subject.calls_of_function(place, &called(function, values), function.set)?,
            answer: Some("value"),
            counts: true,
            ..one
        });
    }
    if one.answer.is_some() {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            format!(
                "{place}: procedure {} hands something back, which nobody takes for each record",
                one.signature
            ),
            "Name a function, or a procedure without OUT arguments.",
        ));
    }
    Ok(Call {
        sql: subject.calls_of_procedure(place, &called(function, values))?,
        ..one
    })
}

/// The call as it stands in a statement.
fn called(function: &Function, values: &[String]) -> String {
    let procedure = function.kind == 'p';
    let mut values = values.iter().cloned();
    let written: Vec<String> = function
        .params
        .iter()
        .filter_map(|param| match param {
            param if param.takes() => values.next(),
            // CALL has a place for what is handed back.
            param if procedure && param.returns() => Some("null".to_owned()),
            _ => None,
        })
        .collect();
    format!("{}({})", function.sql, written.join(", "))
}

fn call(function: &Function, values: &[String], allowed: bool) -> Call {
    let procedure = function.kind == 'p';
    let called = called(function, values);
    let handed_back = function.params.iter().filter(|param| param.returns()).count();
    let counts = function.set && !procedure;
    let (sql, answer) = match (procedure, handed_back) {
        (true, 0) => (format!("call {called}"), None),
        (true, 1) => (format!("call {called}"), Some("value")),
        (true, _) => (format!("call {called}"), Some("row")),
        _ if counts => (format!("select pg_catalog.count(*) from {called}"), Some("value")),
        _ if function.returns == "void" => (format!("select {called}"), None),
        _ => (format!("select {called}"), Some("value")),
    };
    Call {
        signature: function.signature(),
        sql,
        answer,
        counts,
        reads_cursor: false,
        reads_keys: false,
        allowed,
    }
}
