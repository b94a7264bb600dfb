//! Whose text a run executes: only that of writers whom its owner trusts.

use pgrx::prelude::*;

use crate::error::{Place, Result, error_hint, internal};
use crate::xact::{as_extension_owner, current_role_name};

/// Refuses text of somebody whom the role that runs it does not trust.
///
/// # Errors
/// 42501 naming the row and its writer.
pub fn check_writers(writers: &[(&'static str, String, &str)]) -> Result<()> {
    let names: Vec<String> = writers.iter().map(|(_, _, writer)| (*writer).to_owned()).collect();
    let owner = current_role_name()?;
    let distrusted = as_extension_owner(|| {
        Spi::connect(|client| {
            client
                .select(
                    "select dist._distrusted($1, $2)",
                    None,
                    &[owner.clone().into(), names.into()],
                )?
                .first()
                .get_one::<Vec<String>>()
        })
    })?
    .map_err(internal)?
    .unwrap_or_default();
    let Some((table, row, writer)) = writers
        .iter()
        .find(|(_, _, writer)| distrusted.iter().any(|name| name == writer))
    else {
        return Ok(());
    };
    Err(error_hint(
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!(
            "{}: it was written by '{writer}', who is not a member of '{owner}', the role that would run it",
            Place { table, row }
        ),
        format!("Let a member of '{owner}' (or a superuser) look at the row and write it again with UPDATE."),
    ))
}
