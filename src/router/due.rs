//! What a fire reads: the state of a schedule, which it claims by that, and then its plan and its steps, which nobody edits any more.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, Utc};
use pgrx::datum::{Date, Timestamp, TimestampWithTimeZone};
use pgrx::spi::{self, SpiClient, SpiHeapTupleData};

use crate::catalogue;
use crate::clock;
use crate::error::{Result, internal};
use crate::prepared;
use crate::recurrence::{Fields, Spec};
use crate::router::run::Planned;
use crate::router::steps::{self, Step};
use crate::standing::{StateRow, TermsRow};
use crate::timing;

/// The first of the columns that a step has in `sql/fire_schedule.sql`.
const STEP: usize = 26;

/// Claims a schedule for the rest of the transaction, if it is due. None where it is not, or somebody else has it.
///
/// # Errors
/// When it cannot be read.
pub fn claim(client: &mut SpiClient<'_>, target: i32, as_of: TimestampWithTimeZone) -> Result<Option<StateRow>> {
    let args = [target.into(), as_of.into()];
    let rows = prepared::update(client, include_str!("sql/fire_claim.sql"), &args).map_err(internal)?;
    if rows.is_empty() {
        return Ok(None);
    }
    let row = rows.first();
    let instant = |column: usize| -> Result<Option<DateTime<Utc>>> {
        let at = row.get::<TimestampWithTimeZone>(column).map_err(internal)?;
        at.map(clock::from_pg).transpose()
    };
    let number = |column: usize| row.get::<i32>(column).map(Option::unwrap_or_default).map_err(internal);
    Ok(Some(StateRow {
        next_run_at: instant(1)?.ok_or_else(|| internal("a schedule is due at no instant"))?,
        due_at: instant(2)?,
        attempt: number(3)?,
        queued: row.get::<bool>(4).map_err(internal)? == Some(true),
        runs: number(5)?,
        failures: number(6)?,
        crashes: number(7)?,
        ran_until: instant(8)?,
    }))
}

/// Whether it is due all the same.
///
/// # Errors
/// When it cannot be read.
pub fn is_due(client: &mut SpiClient<'_>, target: i32, as_of: TimestampWithTimeZone) -> Result<bool> {
    let query = "select from dist.schedule_state x where x.schedule_id = $1 and x.next_run_at <= $2";
    let rows = prepared::update(client, query, &[target.into(), as_of.into()]).map_err(internal)?;
    Ok(!rows.is_empty())
}

/// The plan of a schedule that is to be fired.
pub struct Plan {
    /// What its run needs to know.
    pub planned: Planned,
    /// Whether each step has a transaction of its own.
    pub in_steps: bool,
    /// Whether local times that do not exist are left out, and noted.
    pub leaves_gaps: bool,
    /// How it deals with what does not go by plan.
    pub terms: TermsRow,
    /// Its complete, active steps, in order.
    pub steps: Vec<Step>,
    /// Its recurrence, where there is nothing odd about it.
    fields: Option<Fields>,
}

/// Its plan; None where it is passive or cancelled, or is not there.
///
/// # Errors
/// When it cannot be read.
pub fn plan(client: &mut SpiClient<'_>, target: i32) -> Result<Option<Plan>> {
    let rows = prepared::update(client, include_str!("sql/fire_schedule.sql"), &[target.into()]).map_err(internal)?;
    let mut plan = None;
    for row in rows {
        let step = steps::of_row(&row, STEP).map_err(internal)?;
        let plan = match &mut plan {
            Some(plan) => plan,
            none => none.insert(read(&row, target).map_err(internal)?),
        };
        plan.steps.extend(step);
    }
    if let Some(plan) = &mut plan {
        plan.steps.sort_by_key(|step| step.position);
    }
    Ok(plan)
}

fn read(row: &SpiHeapTupleData<'_>, id: i32) -> spi::Result<Plan> {
    let text = |column: usize| row.get::<String>(column);
    Ok(Plan {
        planned: Planned {
            id,
            name: text(1)?.unwrap_or_default(),
            owner: text(2)?.unwrap_or_default(),
            zone: text(3)?.unwrap_or_default(),
            run_timeout: row.get(4)?,
            step: None,
            earlier: Vec::new(),
        },
        in_steps: row.get(5)?.unwrap_or_default(),
        leaves_gaps: text(24)?.as_deref() == Some("skip"),
        terms: TermsRow {
            misfire: text(6)?.unwrap_or_default(),
            misfire_window: row.get(7)?,
            misfire_max: row.get(8)?,
            queue_one: row.get(9)?.unwrap_or_default(),
            max_runs: row.get(10)?,
            attempts: row.get(11)?.unwrap_or_default(),
            retry_after: row.get(12)?.unwrap_or_default(),
            pause_after: row.get(13)?,
        },
        steps: Vec::new(),
        fields: fields(row)?,
    })
}

/// The recurrence in a row; None where it has what a calendar has not (infinity, nulls in lists).
fn fields(row: &SpiHeapTupleData<'_>) -> spi::Result<Option<Fields>> {
    let text = |column: usize| row.get::<String>(column);
    let (start_at, until) = (row.get::<Timestamp>(14)?, row.get::<Date>(23)?);
    let (weekdays, exdates) = (
        row.get::<Vec<Option<String>>>(17)?,
        row.get::<Vec<Option<Timestamp>>>(22)?,
    );
    let numbers = |column: usize| -> spi::Result<Option<Option<Vec<i64>>>> {
        let list = row.get::<Vec<Option<i32>>>(column)?;
        Ok(all(list, |number| number.map(i64::from)))
    };
    let (month_days, months) = (numbers(18)?, numbers(19)?);
    let (frequency, every, cron, rrule) = (text(15)?, row.get::<i32>(16)?, text(20)?, text(21)?);
    let (time_zone, dst_gap, dst_fold) = (text(3)?, text(24)?, text(25)?);
    Ok((|| {
        Some(Fields {
            start_at: known(start_at, local)?,
            time_zone,
            frequency,
            every: every.map(i64::from),
            weekdays: all(weekdays, |day| day)?,
            month_days: month_days?,
            months: months?,
            cron,
            rrule,
            exdates: all(exdates, |at| at.and_then(local))?,
            until: known(until, day)?,
            dst_gap,
            dst_fold,
        })
    })())
}

/// None where there is one, and it is not known what it means.
fn known<T, U>(value: Option<T>, means: impl Fn(T) -> Option<U>) -> Option<Option<U>> {
    value.map_or(Some(None), |value| means(value).map(Some))
}

/// The same for each of a list.
fn all<T, U>(list: Option<Vec<T>>, means: impl Fn(T) -> Option<U>) -> Option<Option<Vec<U>>> {
    known(list, |list| list.into_iter().map(&means).collect())
}

/// A local date-time; None for infinity, and what is beyond the calendar.
fn local(at: Timestamp) -> Option<NaiveDateTime> {
    let micros = i64::from(at);
    let finite = micros != i64::MIN && micros != i64::MAX;
    let begins = NaiveDate::from_ymd_opt(2000, 1, 1)?.and_hms_opt(0, 0, 0)?;
    finite
        .then(|| begins.checked_add_signed(Duration::microseconds(micros)))
        .flatten()
}

/// A date.
fn day(date: Date) -> Option<NaiveDate> {
    let days = i64::from(date.to_pg_epoch_days());
    let finite = days != i64::from(i32::MIN) && days != i64::from(i32::MAX);
    let begins = NaiveDate::from_ymd_opt(2000, 1, 1)?;
    finite
        .then(|| begins.checked_add_signed(Duration::try_days(days)?))
        .flatten()
}

impl Plan {
    /// Its recurrence.
    ///
    /// # Errors
    /// 22023 naming the row, the column and the value.
    pub fn spec(&mut self) -> Result<std::rc::Rc<Spec>> {
        if let Some(spec) = self.fields.take().and_then(timing::spec_of) {
            return Ok(spec);
        }
        let query = "select to_jsonb(s) from dist.schedule s where s.id = $1";
        let row: Option<serde_json::Value> = catalogue::read_newest(query, &[self.planned.id.into()])?;
        timing::spec(&row.unwrap_or_default())
    }
}
