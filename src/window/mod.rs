//! Windows: the spans of time in which caps count.
//!
//! A fixed window is an hour, day, week (from Monday) or month of a zone's calendar. It lasts from the first instant at
//! which the zone's clocks show its beginning to the first at which they show the next one's, so that the windows of a
//! zone are a partition of time: a day has 23 or 25 hours where clocks change, an hour that they go through twice is one
//! window, and one that they jump over is none.
//!
//! A rolling window is the hour, day, seven days or thirty days before an instant, in time that passes. What is used is
//! kept by the sixtieth of the window (its bucket); a bucket counts as long as any part of it lies in the window, so that
//! no span as long as the window ever has more than the cap allows.

use chrono::{DateTime, Datelike, Days, Duration, Months, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;

use crate::recurrence::first_instant;

#[cfg(test)]
mod tests;

/// Rolling windows are kept in so many parts.
const BUCKETS: i64 = 60;

/// How long a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week, from Monday.
    Week,
    /// A month; rolling: thirty days.
    Month,
}

/// What counts at an instant: what was used from `since` on, and before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Where it begins.
    pub since: DateTime<Utc>,
    /// Where it ends; itself outside.
    pub until: DateTime<Utc>,
    /// Under which instant use at this one is kept: the beginning of the window, or of the bucket.
    pub kept_at: DateTime<Utc>,
}

/// The window of a cap, as its row describes it, at an instant; None for words and zones that are not known, and at the
/// ends of the calendar.
pub fn of(per: &str, rolling: bool, zone: Option<&str>, at: DateTime<Utc>) -> Option<Window> {
    let per = Per::parse(per)?;
    if rolling {
        return per.rolling(at);
    }
    per.fixed(zone?.parse().ok()?, at)
}

impl Per {
    /// The length that a word names.
    pub fn parse(word: &str) -> Option<Per> {
        Some(match word {
            "hour" => Per::Hour,
            "day" => Per::Day,
            "week" => Per::Week,
            "month" => Per::Month,
            _ => return None,
        })
    }

    /// How long a rolling window is.
    pub fn length(self) -> Duration {
        match self {
            Per::Hour => Duration::hours(1),
            Per::Day => Duration::days(1),
            Per::Week => Duration::days(7),
            Per::Month => Duration::days(30),
        }
    }

    /// How long use is kept: longer than any window that an instant of the last two days lies in.
    pub fn memory(self) -> Duration {
        self.length() * 2 + Duration::days(2)
    }

    /// The fixed window of a zone that an instant lies in; None at the ends of the calendar.
    pub fn fixed(self, tz: Tz, at: DateTime<Utc>) -> Option<Window> {
        let offset = tz.offset_from_utc_datetime(&at.naive_utc()).fix();
        let local = Duration::seconds(offset.local_minus_utc().into());
        let here = self.floor(at.naive_utc().checked_add_signed(local)?)?;
        // Where clocks go back over the beginning of a window, their time alone does not say on which side of it we are.
        let mut begins = self.back(here)?;
        let mut since = first_instant(tz, begins)?;
        for _ in 0..3 {
            let next = self.next(begins)?;
            let until = first_instant(tz, next)?;
            if at < until {
                return Some(Window {
                    since,
                    until,
                    kept_at: since,
                });
            }
            (begins, since) = (next, until);
        }
        None
    }

    /// The rolling window that ends with an instant; None at the ends of the calendar.
    pub fn rolling(self, at: DateTime<Utc>) -> Option<Window> {
        let kept_at = self.bucket(at)?;
        Some(Window {
            since: self.bucket(at.checked_sub_signed(self.length())?)?,
            until: kept_at.checked_add_signed(self.length() / BUCKETS as i32)?,
            kept_at,
        })
    }

    /// The beginning of an instant's bucket.
    fn bucket(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let size = self.length().num_seconds() / BUCKETS;
        DateTime::from_timestamp(at.timestamp() - at.timestamp().rem_euclid(size), 0)
    }

    /// The beginning, by the clocks, of the window that a local time lies in.
    fn floor(self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let date = local.date();
        let date = match self {
            Per::Hour => return date.and_hms_opt(local.hour(), 0, 0),
            Per::Day => date,
            Per::Week => date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into()))?,
            Per::Month => date.with_day(1)?,
        };
        Some(date.and_time(NaiveTime::MIN))
    }

    fn next(self, begins: NaiveDateTime) -> Option<NaiveDateTime> {
        match self {
            Per::Month => begins.checked_add_months(Months::new(1)),
            _ => begins.checked_add_signed(self.length()),
        }
    }

    fn back(self, begins: NaiveDateTime) -> Option<NaiveDateTime> {
        match self {
            Per::Month => begins.checked_sub_months(Months::new(1)),
            _ => begins.checked_sub_signed(self.length()),
        }
    }
}
