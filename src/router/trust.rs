//! Whose text a run executes: only that of writers whom its owner trusts, which are superusers and members of its role.

use pgrx::prelude::*;

use crate::error::{Place, Result, error_hint};
use crate::xact::{current_role, current_role_name, is_superuser_or_member};

/// Refuses text of somebody whom the role that runs it does not trust. Asked by every run, of PostgreSQL's own caches.
///
/// # Errors
/// 42501 naming the row and its writer.
pub fn check_writers(writers: &[(&'static str, String, &str)]) -> Result<()> {
    let owner = current_role();
    let mut trusted: Vec<&str> = Vec::new();
    for (table, row, writer) in writers {
        if trusted.contains(writer) {
            continue;
        }
        if is_superuser_or_member(writer, owner) {
            trusted.push(writer);
            continue;
        }
        let owner = current_role_name()?;
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!(
                "{}: it was written by '{writer}', who is not a member of '{owner}', the role that would run it",
                Place { table, row }
            ),
            format!("Let a member of '{owner}' (or a superuser) look at the row and write it again with UPDATE."),
        ));
    }
    Ok(())
}
