//! The local times of an RFC 5545 rule.
//!
//! Three shapes, by what the rule counts. Days and longer: days and times of a day
//! ([`Clock`]), or, with BYSETPOS, places within each period's set. Hours and shorter: slots
//! of an hour, a minute or a second, of which every so many are taken. All three compute the
//! first period instead of counting up to it.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};

use super::bounds::just_after;
use super::calendar::{Clock, Days, Period, Times};

/// Slots looked at before a search gives up. Each look leaps over whatever a filter leaves
/// out (months, days, hours), so that only rules whose interval never meets its filters
/// need more.
const SLOTS_AT_MOST: u32 = 100_000;

/// After so many of them it is worth asking whether interval and times of day can meet at all.
const LOOKS_BEFORE_DOUBT: u32 = 200;

/// A rule, ready to be searched.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// What it counts.
    pub shape: Shape,
    /// No local time after this one (from COUNT, or a local UNTIL).
    pub last: Option<NaiveDateTime>,
    /// No instant after this one (from an UNTIL in UTC, or from a COUNT of what goes by elapsed time).
    pub until: Option<DateTime<Utc>>,
    /// A COUNT of what goes by elapsed time, until it has become an instant.
    pub count: Option<u32>,
    /// Whether it goes by elapsed time, and so knows neither gap nor fold.
    pub elapsed: bool,
}

/// What a rule counts.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Days, weeks, months or years.
    Clock(Clock),
    /// The same, of which only some places in each period are taken.
    Positions(Positions),
    /// Hours, minutes or seconds.
    Slots(Slots),
}

/// BYSETPOS over days and times.
#[derive(Debug, Clone)]
pub(super) struct Positions {
    /// The days of all periods.
    pub days: Days,
    /// The times on each of them.
    pub times: Times,
    /// Places within a period's set from 1; negative from its end.
    pub places: Vec<i64>,
}

/// Every so many hours, minutes or seconds, filtered.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    /// Seconds in a slot: 3600, 60 or 1.
    pub unit: i64,
    /// Every so many slots.
    pub interval: i64,
    /// The number of the first slot, counted from 1970 in local time.
    pub anchor: i64,
    /// The days that pass.
    pub days: Days,
    /// The hours that pass; empty: all.
    pub hours: Vec<u32>,
    /// The minutes that pass, where a slot is no longer than one; empty: all.
    pub minutes: Vec<u32>,
    /// The seconds that pass, where a slot is a second; empty: all.
    pub seconds: Vec<u32>,
    /// The times within a slot, in seconds from its beginning, ascending.
    pub inner: Vec<i64>,
    /// The part of the second, in nanoseconds.
    pub nanos: u32,
}

impl Rule {
    /// The first local time that is not before `from`.
    pub fn first_from(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        self.shape
            .first_from(from, self.last.unwrap_or(NaiveDateTime::MAX))
            .filter(|&local| self.last.is_none_or(|last| local <= last))
    }
}

impl Shape {
    /// `last` only keeps the search from going on in vain: what comes after it may be found or not.
    fn first_from(&self, from: NaiveDateTime, last: NaiveDateTime) -> Option<NaiveDateTime> {
        match self {
            Shape::Clock(clock) => clock.first_from(from),
            Shape::Positions(positions) => positions.first_from(from, last),
            Shape::Slots(slots) => slots.first_from(from, last),
        }
    }

    /// The n-th local time from the start on, where it comes before `end`.
    pub fn nth(&self, start: NaiveDateTime, n: u32, end: NaiveDateTime) -> Option<NaiveDateTime> {
        let mut from = start;
        let mut found = None;
        for _ in 0..n {
            let local = self.first_from(from, end).filter(|&local| local < end)?;
            found = Some(local);
            from = just_after(local)?;
        }
        found
    }
}

impl Positions {
    fn first_from(&self, from: NaiveDateTime, last: NaiveDateTime) -> Option<NaiveDateTime> {
        if !self.places.iter().any(|&place| self.may_have(place)) {
            return None;
        }
        let mut period = self.days.period_from(from.date())?;
        for _ in 0..=self.days.cycle() {
            if self.days.span(period)?.0 > last.date() {
                return None;
            }
            let days = self.days.within(period)?;
            let taken = self.places.iter().filter_map(|&place| self.at(&days, place));
            if let Some(first) = taken.filter(|&local| local >= from).min() {
                return Some(first);
            }
            period = period.checked_add(self.days.interval)?;
        }
        None
    }

    /// Whether the set of any period can be so large that it has this place.
    fn may_have(&self, place: i64) -> bool {
        let days = match self.days.period {
            Period::Day => 1,
            Period::Week => 7,
            Period::Month => 31,
            Period::Year => 366,
        };
        usize::try_from(place.unsigned_abs()).is_ok_and(|place| place <= days * self.times.len())
    }

    /// The local time at a place in the set of a period with these days.
    fn at(&self, days: &[NaiveDate], place: i64) -> Option<NaiveDateTime> {
        let times = i64::try_from(self.times.len()).ok()?;
        let all = times.checked_mul(i64::try_from(days.len()).ok()?)?;
        let n = if place > 0 { place - 1 } else { all + place };
        if n < 0 || n >= all {
            return None;
        }
        let day = days.get(usize::try_from(n / times).ok()?)?;
        Some(day.and_time(self.times.get(usize::try_from(n % times).ok()?)?))
    }
}

impl Slots {
    fn first_from(&self, from: NaiveDateTime, last: NaiveDateTime) -> Option<NaiveDateTime> {
        let from = from.and_utc();
        let from = from.timestamp() + i64::from(from.timestamp_subsec_nanos() > self.nanos);
        let mut slot = self.aligned(from.div_euclid(self.unit))?;
        for look in 0..SLOTS_AT_MOST {
            let begin = slot.checked_mul(self.unit)?;
            let local = DateTime::from_timestamp(begin, 0)?.naive_utc();
            if local > last || self.inner.is_empty() || look == LOOKS_BEFORE_DOUBT && !self.meets_its_times() {
                return None;
            }
            match self.passing(local) {
                Passing::Now => {}
                Passing::Never => return None,
                Passing::From(later) => {
                    let later = later.and_utc().timestamp();
                    slot = self.aligned((later - 1).div_euclid(self.unit) + 1)?;
                    continue;
                }
            }
            if let Some(&inner) = self.inner.iter().find(|&&inner| begin + inner >= from) {
                return Some(DateTime::from_timestamp(begin + inner, self.nanos)?.naive_utc());
            }
            slot = slot.checked_add(self.interval)?;
        }
        None
    }

    /// Whether the interval ever comes to a time of day that passes: the same times come round again after some days.
    fn meets_its_times(&self) -> bool {
        let in_a_day = 86_400 / self.unit;
        let step = greatest_common_divisor(self.interval, in_a_day);
        let first = self.anchor.rem_euclid(step);
        (0..in_a_day / step).any(|n| {
            let second = u32::try_from((first + n * step) * self.unit).unwrap_or(0);
            !misses(&self.hours, second / 3600)
                && !misses(&self.minutes, second / 60 % 60)
                && !misses(&self.seconds, second % 60)
        })
    }

    /// The first slot of the rule that is not before this one.
    fn aligned(&self, slot: i64) -> Option<i64> {
        let behind = (slot - self.anchor).max(0);
        let steps = (behind + self.interval - 1) / self.interval;
        steps.checked_mul(self.interval)?.checked_add(self.anchor)
    }

    /// Whether a slot's beginning passes all filters, and if not, from when on one may.
    fn passing(&self, local: NaiveDateTime) -> Passing {
        let date = local.date();
        let Some(day) = self.days.first_from(date) else {
            return Passing::Never;
        };
        if day > date {
            return Passing::From(day.and_time(NaiveTime::MIN));
        }
        let at = |h, m, s| date.and_hms_opt(h, m, s);
        let tomorrow = || date.succ_opt().map(|day| day.and_time(NaiveTime::MIN));
        let (hour, minute, second) = (local.hour(), local.minute(), local.second());
        let next_hour = || at(hour + 1, 0, 0).or_else(tomorrow);
        let next_minute = || at(hour, minute + 1, 0).or_else(next_hour);
        let later = if misses(&self.hours, hour) {
            following(&self.hours, hour).map_or_else(tomorrow, |hour| at(hour, 0, 0))
        } else if misses(&self.minutes, minute) {
            following(&self.minutes, minute).map_or_else(next_hour, |minute| at(hour, minute, 0))
        } else if misses(&self.seconds, second) {
            following(&self.seconds, second).map_or_else(next_minute, |second| at(hour, minute, second))
        } else {
            return Passing::Now;
        };
        later.map_or(Passing::Never, Passing::From)
    }
}

/// Whether a slot passes the filters.
enum Passing {
    Now,
    /// Not before this local time.
    From(NaiveDateTime),
    Never,
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Whether a number fails a filter.
fn misses(filter: &[u32], n: u32) -> bool {
    !filter.is_empty() && !filter.contains(&n)
}

/// The next number that passes.
fn following(filter: &[u32], n: u32) -> Option<u32> {
    filter.iter().copied().find(|&passing| passing > n)
}
