//! The partition of the audit that a month's moves are written to, made when the first of them comes.

use std::cell::Cell;

use chrono::{Datelike, Months, NaiveDate, NaiveTime};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::clock;
use crate::error::{Result, internal};
use crate::prepared;
use crate::worker::invalidate;

/// Makes the month's partition of the audit, unless it is known to be there.
///
/// # Errors
/// When it cannot be made.
pub fn ensure_partition(client: &mut SpiClient<'_>, at: TimestampWithTimeZone) -> Result<()> {
    let (generation, from, until) = PARTITION.get();
    if generation == invalidate::generation() && (from..until).contains(&i64::from(at)) {
        return Ok(());
    }
    let may_keep = invalidate::receive();
    let (made, generation) = invalidate::filling(|| {
        let rows = prepared::update(
            client,
            "select dist._ensure_partition($1), 'dist.assignment'::regclass::oid",
            &[at.into()],
        )?;
        if let Some(parent) = rows.first().get::<pg_sys::Oid>(2)? {
            invalidate::watch_relation(parent);
        }
        pgrx::spi::Result::Ok(())
    });
    made.map_err(internal)?;
    if let (true, Some(generation)) = (may_keep, generation) {
        let (from, until) = month_of(at)?;
        PARTITION.set((generation, from, until));
    }
    Ok(())
}

thread_local! {
    /// The generation in which a month's partition was seen to be there, and the month: from when until when.
    static PARTITION: Cell<(u64, i64, i64)> = const { Cell::new((0, 0, 0)) };
}

/// The month that an instant lies in, as the partitions go: by UTC, whatever the session's zone is. Empty at the end of the calendar.
fn month_of(at: TimestampWithTimeZone) -> Result<(i64, i64)> {
    let first = clock::from_pg(at)?.date_naive().with_day(1);
    let next = first.and_then(|first| first.checked_add_months(Months::new(1)));
    let (Some(first), Some(next)) = (first, next) else {
        return Ok((0, 0));
    };
    let from = |day: NaiveDate| clock::to_pg(day.and_time(NaiveTime::MIN).and_utc()).map(i64::from);
    Ok((from(first)?, from(next)?))
}
