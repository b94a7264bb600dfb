//! Which runs this session is inside of: code of the user's that a run sets off (functions, triggers, predicates) can ask
//! for it, and the locks of a run keep everybody out but the code of that run itself.

use std::cell::{Cell, RefCell};

thread_local! {
    static RUNS: RefCell<Vec<Run>> = const { RefCell::new(Vec::new()) };
}

struct Run {
    id: i64,
    schedule: Option<Schedule>,
    /// The runs that have taken records from their owners: this one, and those of the steps before it.
    retrieved: Vec<i64>,
}

/// Whose run it is.
#[derive(Clone, Copy)]
pub struct Schedule {
    /// `dist.schedule.id`.
    pub id: i32,
    /// Whether it runs by its plan, and is advanced when the run is done.
    pub planned: bool,
}

/// For as long as it lives, this session is inside of a run; an error that unwinds ends it as well.
pub struct Inside;

thread_local! {
    static MOVING_AT: Cell<Option<i32>> = const { Cell::new(None) };
}

/// The depth of triggers at which pg_dist itself moves records at this moment.
pub fn moving_at() -> Option<i32> {
    MOVING_AT.get()
}

/// For as long as it lives, pg_dist itself moves records; an error that unwinds ends it as well.
pub struct Moving(Option<i32>);

/// Moves records at that depth of triggers.
#[must_use]
pub fn moving(depth: Option<i32>) -> Moving {
    Moving(MOVING_AT.replace(depth))
}

impl Drop for Moving {
    fn drop(&mut self) {
        MOVING_AT.set(self.0);
    }
}

/// Enters a run.
#[must_use]
pub fn enter(id: i64, schedule: Option<Schedule>) -> Inside {
    enter_after(id, schedule, Vec::new())
}

/// Enters a run of one step, behind those of the steps before it.
#[must_use]
pub fn enter_after(id: i64, schedule: Option<Schedule>, earlier: Vec<i64>) -> Inside {
    RUNS.with_borrow_mut(|runs| {
        runs.push(Run {
            id,
            schedule,
            retrieved: earlier,
        });
    });
    Inside
}

impl Drop for Inside {
    fn drop(&mut self) {
        RUNS.with_borrow_mut(Vec::pop);
    }
}

/// The innermost run's id.
pub fn run_id() -> Option<i64> {
    RUNS.with_borrow(|runs| runs.last().map(|run| run.id))
}

/// The innermost run has taken records from their owners.
pub fn retrieved() {
    RUNS.with_borrow_mut(|runs| {
        if let Some(run) = runs.last_mut() {
            run.retrieved.push(run.id);
        }
    });
}

/// The ids of the innermost run and those of the steps before it that may have taken records from their owners.
pub fn retrieved_by() -> Option<Vec<i64>> {
    RUNS.with_borrow(|runs| {
        runs.last()
            .map(|run| run.retrieved.clone())
            .filter(|runs| !runs.is_empty())
    })
}

/// Whether a run of this schedule, or one by its plan, is among those that this session is inside of.
pub fn runs_here(schedule: i32, planned: bool) -> bool {
    RUNS.with_borrow(|runs| {
        let mut schedules = runs.iter().filter_map(|run| run.schedule);
        schedules.any(|of| of.id == schedule && (of.planned || !planned))
    })
}
