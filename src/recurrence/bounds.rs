//! The span of time schedules live in, and arithmetic that cannot leave it.
//!
//! The years are those that PostgreSQL's timestamps and chrono's dates share, less a margin,
//! so that an offset added or a day looked back never overflows.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

/// The first year (astronomical: 4713 BC, where PostgreSQL begins, is -4712).
const FIRST_YEAR: i32 = -4711;
/// The last year; chrono ends in 262142.
const LAST_YEAR: i32 = 262_140;

/// The first local date.
pub(super) fn first_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1).unwrap_or(NaiveDate::MIN)
}

/// The last local date.
pub(super) fn last_date() -> NaiveDate {
    NaiveDate::from_ymd_opt(LAST_YEAR, 12, 31).unwrap_or(NaiveDate::MAX)
}

/// Whether a local time lies within the span.
pub(super) fn contains(local: NaiveDateTime) -> bool {
    (first_date()..=last_date()).contains(&local.date())
}

/// The instant, moved to the nearest end of the span where it lies outside.
pub(super) fn clamp(at: DateTime<Utc>) -> DateTime<Utc> {
    let low = first_date().and_time(NaiveTime::MIN).and_utc();
    let high = last_date().and_time(NaiveTime::MIN).and_utc();
    at.clamp(low, high)
}

/// A local time read with an offset in seconds; `None` beyond the span.
pub(super) fn instant_of(local: NaiveDateTime, offset: i64) -> Option<DateTime<Utc>> {
    local
        .checked_sub_signed(Duration::try_seconds(offset)?)
        .map(|naive| naive.and_utc())
}

/// An instant written with an offset in seconds.
pub(super) fn local_of(at: DateTime<Utc>, offset: i64) -> NaiveDateTime {
    let naive = at.naive_utc();
    Duration::try_seconds(offset)
        .and_then(|offset| naive.checked_add_signed(offset))
        .unwrap_or(naive)
}

/// The next representable local time.
pub(super) fn just_after(local: NaiveDateTime) -> Option<NaiveDateTime> {
    local.checked_add_signed(Duration::nanoseconds(1))
}

/// The next representable instant.
pub(super) fn just_after_instant(at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    at.checked_add_signed(Duration::nanoseconds(1))
}

/// Reads a leap second (23:59:60) as the second after it, as PostgreSQL does.
pub(super) fn without_leap_second(local: NaiveDateTime) -> Option<NaiveDateTime> {
    let nanos = local.nanosecond();
    match nanos.checked_sub(1_000_000_000) {
        None => Some(local),
        Some(rest) => local.with_nanosecond(rest)?.checked_add_signed(Duration::seconds(1)),
    }
}
