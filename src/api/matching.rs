//! What SQL and other tools compare records by.

use pgrx::prelude::*;

use crate::error::Result;
use crate::router::session::with_settings;
use crate::{check, matching};

#[pg_extern(sql = false)]
fn mail_domain(address: &str) -> Option<String> {
    matching::mail_domain(address)
}

#[pg_extern(sql = false)]
fn company_name(name: &str) -> Option<String> {
    matching::company_name(name)
}

#[pg_extern(sql = false)]
fn check_match(row_name: &str, new_row: pgrx::JsonB) -> Result<()> {
    // With the settings of a run, so that dates are read here as they will be then.
    with_settings(chrono::Utc::now(), || check::matching::row(row_name, new_row.0))
}
