//! The settings that are the same in every run, whatever the session has.

use std::cell::Cell;
use std::ffi::{CStr, CString};

use chrono::{DateTime, Utc};

use crate::clock;
use crate::error::{Result, internal};
use crate::router::variables;
use crate::xact;

/// Runs `work` with the settings of a run: dist.as_of(), memory for whole sets, no parallel plans (whose order of rows
/// array_agg would inherit), nothing compiled just in time (which takes longer than it saves: seconds where thousands of
/// rules are asked), and how values are written as text, which the audit keeps and undo reads. All is as before
/// when it returns; an error takes it back with everything else.
///
/// # Errors
/// Those of `work`.
pub fn with_settings<T>(about: DateTime<Utc>, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let _variables = variables::begin()?;
    with_all(settings(about)?, work)
}

/// The same for what a caller's own statement calls without a function of ours around it that says so: names are PostgreSQL's own,
/// whatever the caller's search_path is, from the first statement to the last. The variables have been read.
///
/// # Errors
/// Those of `work`.
pub fn with_pinned_settings<T>(
    about: DateTime<Utc>,
    _variables: variables::Reading,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let mut settings = settings(about)?;
    settings.push((c"search_path", xact::TRUSTED_PATH.to_owned()));
    with_all(settings, work)
}

type Settings = Vec<(&'static CStr, CString)>;

fn settings(about: DateTime<Utc>) -> Result<Settings> {
    let memory = xact::work_mem_kb().max(crate::settings::work_mem_kb());
    let text = |value: String| CString::new(value).map_err(internal);
    Ok(vec![
        (c"pg_dist.as_of", text(clock::literal(about))?),
        (c"work_mem", text(format!("{memory}kB"))?),
        (c"max_parallel_workers_per_gather", c"0".to_owned()),
        (c"jit", c"off".to_owned()),
        (c"DateStyle", c"ISO, YMD".to_owned()),
        (c"IntervalStyle", c"postgres".to_owned()),
        (c"extra_float_digits", c"1".to_owned()),
    ])
}

fn with_all<T>(settings: Settings, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let _within = Within::new();
    xact::with_settings(&settings, work)
}

thread_local! {
    static WITHIN: Cell<u32> = const { Cell::new(0) };
}

/// For as long as it lives, statements of the router are being run; an error that unwinds ends it as well.
struct Within;

impl Within {
    fn new() -> Self {
        WITHIN.set(WITHIN.get() + 1);
        Self
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        WITHIN.set(WITHIN.get().saturating_sub(1));
    }
}

/// Whether it is the router that asks, and not just anybody.
pub fn is_routing() -> bool {
    WITHIN.get() > 0
}
