//! The settings that are the same in every run, whatever the session has.

use chrono::{DateTime, Utc};
use pgrx::prelude::*;

use crate::clock;
use crate::error::{Result, internal};

/// What is the same in every run, whatever the session has: dist.as_of(), memory for whole sets, no parallel plans (whose
/// order of rows array_agg would inherit), and how values are written as text, which the audit keeps and undo reads.
const SETTINGS: [&str; 6] = [
    "pg_dist.as_of",
    "work_mem",
    "max_parallel_workers_per_gather",
    "DateStyle",
    "IntervalStyle",
    "extra_float_digits",
];

/// Runs `work` with the settings of a run. All is as before when it returns; an error takes it back with everything else.
///
/// # Errors
/// Those of `work`.
pub fn with_settings<T>(about: DateTime<Utc>, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let former = texts(
        "select array(select coalesce(current_setting(s.name, true), '') from unnest($1::text[]) with ordinality s(name, n) \
         order by s.n)",
        &[settings_names().into()],
    )?;
    let memory = texts(
        "select array[greatest(pg_size_bytes(current_setting('work_mem')) / 1024, $1) || 'kB']",
        &[i64::from(crate::settings::work_mem_kb()).into()],
    )?
    .concat();
    let values = [&clock::literal(about), &memory, "0", "ISO, YMD", "postgres", "1"];
    set_settings(values.map(ToOwned::to_owned).to_vec())?;
    let outcome = work()?;
    set_settings(former)?;
    Ok(outcome)
}

fn settings_names() -> Vec<String> {
    SETTINGS.map(ToOwned::to_owned).to_vec()
}

fn texts(query: &str, args: &[pgrx::datum::DatumWithOid<'_>]) -> Result<Vec<String>> {
    Spi::connect(|client| client.select(query, None, args)?.first().get_one::<Vec<String>>())
        .map_err(internal)?
        .ok_or_else(|| internal("settings cannot be read"))
}

fn set_settings(values: Vec<String>) -> Result<()> {
    Spi::connect(|client| {
        client
            .select(
                "select set_config(s.name, s.value, true) from rows from (unnest($1::text[]), unnest($2::text[])) s(name, value)",
                None,
                &[settings_names().into(), values.into()],
            )
            .map(|_| ())
    })
    .map_err(internal)
}
