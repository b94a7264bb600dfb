//! Settings of the router; those of the worker are in `worker`.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

static WORK_MEM: GucSetting<i32> = GucSetting::<i32>::new(256 * 1024);

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
}
