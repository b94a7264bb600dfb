//! Which days, and which times of a day: what frequencies, cron and RRULE share.
//!
//! [`Days`] are found period by period (every so many days, weeks, months or years, counted
//! from an anchor) and filtered; the first period is computed, never counted up to, so that a
//! start decades ago costs nothing. The Gregorian calendar repeats itself after 400 years:
//! as many periods as fit into them are looked at, and then there is nothing to be found.

use chrono::{Datelike, Days as DayCount, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Weekday};

use super::bounds::{first_date, last_date};

/// What an interval counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    /// Days.
    Day,
    /// Weeks, beginning with [`Days::week_start`].
    Week,
    /// Calendar months.
    Month,
    /// Calendar years.
    Year,
}

/// A set of days: every `interval`-th period from the anchor's, filtered. An empty filter
/// lets every day pass; a day must pass all of them.
#[derive(Debug, Clone)]
pub(super) struct Days {
    /// What the interval counts.
    pub period: Period,
    /// At least 1.
    pub interval: i64,
    /// A day of the first period.
    pub anchor: NaiveDate,
    /// Where weeks begin.
    pub week_start: Weekday,
    /// Bit n: month n (1..12).
    pub months: u16,
    /// Bit n: day n of the month (1..31).
    pub month_days: u32,
    /// Bit n: n-th day from the month's end (1 = the last).
    pub last_days: u32,
    /// A month without the day asked for has its last day instead.
    pub clamp: bool,
    /// Bit n: weekday n counted from Monday (0..6).
    pub weekdays: u8,
    /// The n-th such weekday; negative from the end. Passes beside `weekdays`.
    pub nth: Vec<(i16, Weekday)>,
    /// `nth` counts within the year, not the month.
    pub nth_in_year: bool,
    /// Days of the year, 1..366; negative from the end.
    pub year_days: Vec<i16>,
    /// Week numbers, 1..53; negative from the end.
    pub week_numbers: Vec<i8>,
}

impl Days {
    /// Every `interval`-th period from the anchor's, unfiltered.
    pub fn every(interval: i64, period: Period, anchor: NaiveDate) -> Days {
        Days {
            period,
            interval: interval.max(1),
            anchor,
            week_start: Weekday::Mon,
            months: 0,
            month_days: 0,
            last_days: 0,
            clamp: false,
            weekdays: 0,
            nth: Vec::new(),
            nth_in_year: false,
            year_days: Vec::new(),
            week_numbers: Vec::new(),
        }
    }

    /// The first day of the set that is not before `date`.
    pub fn first_from(&self, date: NaiveDate) -> Option<NaiveDate> {
        let date = date.max(first_date());
        let mut period = self.period_from(date)?;
        for _ in 0..=self.cycle() {
            let (low, high) = self.span(period)?;
            let low = low.max(date);
            if self.period == Period::Day && !self.month_passes(low) {
                // A month left out is left in one step, not day by day.
                period = self.period_from(self.next_month_passing(low)?)?;
                continue;
            }
            if let Some(day) = self.first_within(low, high) {
                return Some(day);
            }
            period = period.checked_add(self.interval)?;
        }
        None
    }

    /// The days of one period; `None` beyond the calendar's end.
    pub fn within(&self, period: i64) -> Option<Vec<NaiveDate>> {
        let (mut low, high) = self.span(period)?;
        let mut days = Vec::new();
        while let Some(day) = self.first_within(low, high) {
            days.push(day);
            low = day.succ_opt()?;
        }
        Some(days)
    }

    /// The first day from `low` to `high` that passes the filters.
    fn first_within(&self, low: NaiveDate, high: NaiveDate) -> Option<NaiveDate> {
        let mut day = low;
        while day <= high {
            if !self.month_passes(day) {
                day = self.next_month_passing(day)?;
                continue;
            }
            if self.passes(day) {
                return Some(day);
            }
            day = day.succ_opt()?;
        }
        None
    }

    /// The number of the first period of the set that does not end before `date`.
    pub fn period_from(&self, date: NaiveDate) -> Option<i64> {
        let anchor = self.number(self.anchor);
        let behind = self.number(date) - anchor;
        if behind <= 0 {
            return Some(anchor);
        }
        let steps = (behind - 1).div_euclid(self.interval) + 1;
        steps.checked_mul(self.interval)?.checked_add(anchor)
    }

    /// How many periods may have to be looked at before the calendar repeats itself.
    pub fn cycle(&self) -> u32 {
        match self.period {
            Period::Year => 400,
            Period::Month => 400 * 12,
            Period::Week => 20_871,
            Period::Day => 146_097,
        }
    }

    /// The number of the period a day lies in.
    fn number(&self, date: NaiveDate) -> i64 {
        match self.period {
            Period::Year => i64::from(date.year()),
            Period::Month => i64::from(date.year()) * 12 + i64::from(date.month0()),
            Period::Week => (self.day_number(date)).div_euclid(7),
            Period::Day => i64::from(date.num_days_from_ce()),
        }
    }

    /// Days since the first day of a week far back; 0001-01-01 was a Monday and has number 1.
    fn day_number(&self, date: NaiveDate) -> i64 {
        i64::from(date.num_days_from_ce()) - 1 - i64::from(self.week_start.num_days_from_monday())
    }

    /// First and last day of a period; `None` beyond the calendar's end.
    pub fn span(&self, period: i64) -> Option<(NaiveDate, NaiveDate)> {
        let (low, high) = match self.period {
            Period::Year => {
                let year = i32::try_from(period).ok()?;
                (
                    NaiveDate::from_ymd_opt(year, 1, 1)?,
                    NaiveDate::from_ymd_opt(year, 12, 31)?,
                )
            }
            Period::Month => {
                let year = i32::try_from(period.div_euclid(12)).ok()?;
                let month = u32::try_from(period.rem_euclid(12)).ok()? + 1;
                let first = NaiveDate::from_ymd_opt(year, month, 1)?;
                (first, last_of_month(first))
            }
            Period::Week => {
                let start = i64::from(self.week_start.num_days_from_monday());
                let first = period.checked_mul(7)?.checked_add(1 + start)?;
                let first = NaiveDate::from_num_days_from_ce_opt(i32::try_from(first).ok()?)?;
                (first, first.checked_add_days(DayCount::new(6))?)
            }
            Period::Day => {
                let day = NaiveDate::from_num_days_from_ce_opt(i32::try_from(period).ok()?)?;
                (day, day)
            }
        };
        (low <= last_date() && high >= first_date()).then_some((low, high))
    }

    /// Whether the day's month is one of the months.
    pub fn month_passes(&self, day: NaiveDate) -> bool {
        self.months == 0 || self.months & (1 << day.month()) != 0
    }

    /// The first day of the next month that passes.
    pub fn next_month_passing(&self, day: NaiveDate) -> Option<NaiveDate> {
        let mut first = last_of_month(day).succ_opt()?;
        for _ in 0..12 {
            if self.month_passes(first) {
                return Some(first);
            }
            first = last_of_month(first).succ_opt()?;
        }
        None
    }

    /// Whether a day passes every filter (the period is not asked).
    pub fn passes(&self, day: NaiveDate) -> bool {
        self.month_passes(day)
            && self.month_day_passes(day)
            && self.weekday_passes(day)
            && self.year_day_passes(day)
            && self.week_number_passes(day)
    }

    fn month_day_passes(&self, day: NaiveDate) -> bool {
        if self.month_days == 0 && self.last_days == 0 {
            return true;
        }
        let last = last_of_month(day).day();
        let from_end = last + 1 - day.day();
        self.month_days & (1 << day.day()) != 0
            || self.last_days & (1 << from_end) != 0
            || (self.clamp && day.day() == last && self.month_days >> last > 1)
    }

    fn weekday_passes(&self, day: NaiveDate) -> bool {
        if self.weekdays == 0 && self.nth.is_empty() {
            return true;
        }
        if self.weekdays & (1 << day.weekday().num_days_from_monday()) != 0 {
            return true;
        }
        let (at, length) = if self.nth_in_year {
            (day.ordinal0(), days_in_year(day.year()))
        } else {
            (day.day0(), last_of_month(day).day())
        };
        self.nth.iter().any(|&(n, weekday)| {
            let nth = if n > 0 { at / 7 + 1 } else { (length - 1 - at) / 7 + 1 };
            weekday == day.weekday() && u32::from(n.unsigned_abs()) == nth
        })
    }

    fn year_day_passes(&self, day: NaiveDate) -> bool {
        let (at, length) = (day.ordinal(), days_in_year(day.year()));
        self.year_days.is_empty()
            || self.year_days.iter().any(|&n| {
                let n_th = u32::from(n.unsigned_abs());
                if n > 0 { at == n_th } else { length + 1 - at == n_th }
            })
    }

    /// Weeks are numbered as ISO 8601 does, with weeks beginning on `week_start`: the first
    /// week is the one with at least four days in the year.
    fn week_number_passes(&self, day: NaiveDate) -> bool {
        if self.week_numbers.is_empty() {
            return true;
        }
        // The week's fourth day decides to which year the week belongs.
        let into = self.day_number(day).rem_euclid(7);
        let Ok(fourth) = i32::try_from(i64::from(day.num_days_from_ce()) - into + 3) else {
            return false;
        };
        let Some(fourth) = NaiveDate::from_num_days_from_ce_opt(fourth) else {
            return false;
        };
        let length = days_in_year(fourth.year());
        let number = fourth.ordinal0() / 7 + 1;
        let from_end = (length - 1 - fourth.ordinal0()) / 7 + 1;
        self.week_numbers.iter().any(|&n| {
            let n_th = u32::from(n.unsigned_abs());
            if n > 0 { number == n_th } else { from_end == n_th }
        })
    }
}

fn days_in_year(year: i32) -> u32 {
    NaiveDate::from_ymd_opt(year, 12, 31).map_or(365, |last| last.ordinal())
}

/// The last day of a day's month.
pub(super) fn last_of_month(day: NaiveDate) -> NaiveDate {
    // The 28th exists in every month, and there are at most three days more.
    (28..=31).rev().find_map(|last| day.with_day(last)).unwrap_or(day)
}

/// Times of a day: every combination of the hours, minutes and seconds (each ascending and
/// not empty).
#[derive(Debug, Clone)]
pub(super) struct Times {
    /// 0..23.
    pub hours: Vec<u32>,
    /// 0..59.
    pub minutes: Vec<u32>,
    /// 0..59.
    pub seconds: Vec<u32>,
    /// The part of the second, in nanoseconds.
    pub nanos: u32,
}

impl Times {
    /// Just one time.
    pub fn only(time: NaiveTime) -> Times {
        Times {
            hours: vec![time.hour()],
            minutes: vec![time.minute()],
            seconds: vec![time.second()],
            nanos: time.nanosecond() % 1_000_000_000,
        }
    }

    /// The first time that is not before `time`.
    pub fn first_from(&self, time: NaiveTime) -> Option<NaiveTime> {
        let (hour, minute) = (time.hour(), time.minute());
        let second = time.second() + u32::from(time.nanosecond() > self.nanos);
        let (first_minute, first_second) = (*self.minutes.first()?, *self.seconds.first()?);
        let at = |h, m, s| NaiveTime::from_hms_nano_opt(h, m, s, self.nanos);
        if self.hours.binary_search(&hour).is_ok() {
            if self.minutes.binary_search(&minute).is_ok()
                && let Some(&s) = self.seconds.iter().find(|&&s| s >= second)
            {
                return at(hour, minute, s);
            }
            if let Some(&m) = self.minutes.iter().find(|&&m| m > minute) {
                return at(hour, m, first_second);
            }
        }
        let later = *self.hours.iter().find(|&&h| h > hour)?;
        at(later, first_minute, first_second)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.hours.len() * self.minutes.len() * self.seconds.len()
    }

    /// The n-th of them, from 0.
    pub fn get(&self, n: usize) -> Option<NaiveTime> {
        let (minutes, seconds) = (self.minutes.len().max(1), self.seconds.len().max(1));
        NaiveTime::from_hms_nano_opt(
            *self.hours.get(n / seconds / minutes)?,
            *self.minutes.get(n / seconds % minutes)?,
            *self.seconds.get(n % seconds)?,
            self.nanos,
        )
    }
}

/// The local times of every day in at least one of the sets, at every one of the times.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    /// The sets of days; they are united.
    pub days: Vec<Days>,
    /// The times on each of these days.
    pub times: Times,
}

impl Clock {
    /// The first local time that is not before `from`.
    pub fn first_from(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let day = self.first_day(from.date())?;
        if day > from.date() {
            return Some(day.and_time(self.times.get(0)?));
        }
        if let Some(time) = self.times.first_from(from.time()) {
            return Some(day.and_time(time));
        }
        let day = self.first_day(day.succ_opt()?)?;
        Some(day.and_time(self.times.get(0)?))
    }

    fn first_day(&self, from: NaiveDate) -> Option<NaiveDate> {
        self.days.iter().filter_map(|days| days.first_from(from)).min()
    }
}
