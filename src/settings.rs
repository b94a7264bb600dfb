//! Settings of the router, and the virtual clock; those of the worker are in `worker`.

use std::ffi::CString;

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

static WORK_MEM: GucSetting<i32> = GucSetting::<i32>::new(256 * 1024);

static CLOCK: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);

/// The virtual clock's instant as text; None = the clock on the wall.
pub fn virtual_clock() -> Option<String> {
    CLOCK
        .get()
        .map(|text| text.to_string_lossy().trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// Memory for each sort and hash of a run, in kilobytes.
pub fn work_mem_kb() -> i32 {
    WORK_MEM.get()
}

/// Declares the settings.
pub fn init() {
    GucRegistry::define_int_guc(
        c"pg_dist.work_mem",
        c"Memory for each sort and hash of a run, where work_mem is less.",
        c"Runs work on whole sets; sorts and hashes that spill to disk make them slower.",
        &WORK_MEM,
        64,
        i32::MAX,
        GucContext::Userset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_string_guc(
        c"pg_dist.clock",
        c"Instant that schedules are armed, paused and resumed by, in place of the clock on the wall.",
        c"For tests: with dist.tick it replays weeks in a moment. Empty = the clock on the wall.",
        &CLOCK,
        GucContext::Suset,
        GucFlags::default(),
    );
}
