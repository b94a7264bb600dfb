//! `dist.var`, and what keeps the history of variables.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::{self, internal};
use crate::router::variables;
use crate::xact::{as_extension_owner, current_role_name};

#[pg_extern(sql = false)]
fn variable(name: &str) -> error::Result<String> {
    variables::value(name)
}

#[pg_extern(sql = false)]
fn uses_variable(intent: &str, variable: &str) -> error::Result<bool> {
    let intent = serde_json::from_str(intent).map_err(internal)?;
    Ok(variables::speaks_of(&intent, variable))
}

/// In C, for a SECURITY DEFINER function would not know who it was.
#[pg_trigger(sql = false)]
fn note_variable<'a>(trigger: &'a PgTrigger<'a>) -> Result<Option<PgHeapTuple<'a, AllocatedByPostgres>>, ErrorReport> {
    let text = |row: Option<&PgHeapTuple<'_, AllocatedByPostgres>>, column: &str| -> error::Result<Option<String>> {
        row.map_or(Ok(None), |row| row.get_by_name(column).map_err(internal))
    };
    let (old, new) = (trigger.old(), trigger.new());
    let (was, is) = (text(old.as_ref(), "name")?, text(new.as_ref(), "name")?);
    let (before, after) = (text(old.as_ref(), "value")?, text(new.as_ref(), "value")?);
    let who = current_role_name()?;
    let note = |name: Option<String>, before: Option<String>, after: Option<String>| {
        Spi::run_with_args(
            "insert into dist.variable_change (name, changed_at, changed_by, type, before, after) \
             select $1, dist._clock(), $2, (select format_type(v.type, null) from dist.variable v where v.name = $1 and $4 is not null), $3, $4",
            &[name.into(), who.clone().into(), before.into(), after.into()],
        )
        .map_err(internal)
    };
    as_extension_owner(|| {
        // A new name ends one variable and begins another.
        if was.is_some() && is.is_some() && was != is {
            note(was, before, None)?;
            note(is, None, after)
        } else {
            note(is.or(was), before, after)
        }
    })??;
    Ok(None)
}
