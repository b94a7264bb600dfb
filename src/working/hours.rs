//! One person's working hours: at work or not at an instant, when next, and working time as a measure.
//!
//! Local time is looked at in pieces of at most a day in which the zone's offset stays the same. In such a piece local time
//! runs as instants do, and being at work is a question of spans of the local day, less the absences.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use serde::Deserialize;

use super::Why;
use super::calendar::{Calendar, Span};
use crate::recurrence::Zone;

/// A time away, in the local time of whoever is away. Null = from ever, or for ever.
#[derive(Debug, Clone, Deserialize)]
pub struct Absence {
    /// Its first instant.
    pub starts: Option<NaiveDateTime>,
    /// The first instant after it.
    pub ends: Option<NaiveDateTime>,
    /// Who stands in.
    pub stand_in: Option<String>,
    /// What people call it.
    pub reason: Option<String>,
}

impl Absence {
    /// Whether it is on at a local time.
    pub fn covers(&self, local: NaiveDateTime) -> bool {
        self.starts.is_none_or(|starts| starts <= local) && self.ends.is_none_or(|ends| local < ends)
    }
}

/// How far local and real order can disagree.
const REACH: TimeDelta = TimeDelta::hours(26);
/// After the last holiday and absence weeks are alike but for changes of the clock: what is not at work within this time
/// never is.
const ALIKE: TimeDelta = TimeDelta::days(60);
/// Working time is looked for no further ahead than this.
const FAR: TimeDelta = TimeDelta::days(36_525);
const ALL_DAY: [Span; 1] = [(0, 86_400)];

/// When one person is at work.
#[derive(Debug, Clone)]
pub struct Hours<'a> {
    zone: Zone,
    calendar: Option<&'a Calendar>,
    /// Times away, ascending, of which none touch.
    away: Vec<(NaiveDateTime, NaiveDateTime)>,
}

impl<'a> Hours<'a> {
    /// Of somebody in a zone; without a calendar, round the clock. None for a zone that is not known.
    pub fn new(zone: &str, calendar: Option<&'a Calendar>, absences: &[Absence]) -> Option<Self> {
        let mut away: Vec<(NaiveDateTime, NaiveDateTime)> = absences
            .iter()
            .map(|it| {
                (
                    it.starts.unwrap_or(NaiveDateTime::MIN),
                    it.ends.unwrap_or(NaiveDateTime::MAX),
                )
            })
            .filter(|(starts, ends)| starts < ends)
            .collect();
        away.sort_unstable();
        away.dedup_by(|next, kept| {
            let one = next.0 <= kept.1;
            if one {
                kept.1 = kept.1.max(next.1);
            }
            one
        });
        Some(Self {
            zone: Zone::parse(Some(zone), None, None).ok()?,
            calendar,
            away,
        })
    }

    /// The local time at an instant.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        self.zone.local(at)
    }

    /// Why somebody is not at work; None = at work.
    pub fn why_not(&self, at: DateTime<Utc>) -> Option<Why> {
        let local = self.local(at);
        let second = local.num_seconds_from_midnight();
        if self.away_after(local).is_some_and(|(starts, _)| starts <= local) {
            Some(Why::Absent)
        } else if self.holiday(at).is_some() {
            Some(Why::Holiday)
        } else if self
            .day(local.date())
            .iter()
            .any(|&(from, to)| from <= second && second < to)
        {
            None
        } else {
            Some(Why::OutOfHours)
        }
    }

    /// The holiday that the day is where somebody works.
    pub fn holiday(&self, at: DateTime<Utc>) -> Option<&str> {
        self.calendar?.holiday(self.local(at).date())
    }

    /// The first instant from `at` on at which somebody is at work; None = never.
    pub fn next_at_work(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.stretch(at, self.horizon(at)).map(|(starts, _)| starts)
    }

    /// The first instant after `at`, when somebody is at work, at which that is over; None = never.
    pub fn works_until(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let horizon = self.horizon(at);
        let mut until = at;
        while until < horizon {
            match self.stretch(until, horizon) {
                Some((starts, ends)) if starts == until => until = ends,
                _ => return Some(until),
            }
        }
        None
    }

    /// How much of the time between two instants somebody is at work; nothing where the second is not after the first. The
    /// other way round than [`Self::after`], to compare with.
    #[cfg(test)]
    pub fn between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        let mut sum = TimeDelta::zero();
        let mut at = from;
        while let Some((starts, ends)) = self.stretch(at, to.min(self.horizon(at))) {
            sum += ends.min(to) - starts;
            at = ends;
        }
        sum
    }

    /// The first instant by which so much working time has gone by since `from`; None where it does not within a hundred
    /// years.
    pub fn after(&self, from: DateTime<Utc>, work: TimeDelta) -> Option<DateTime<Utc>> {
        let (mut at, mut left) = (from, work);
        let far = from.checked_add_signed(FAR)?;
        while left > TimeDelta::zero() {
            let (starts, ends) = self.stretch(at, self.horizon(at)).filter(|&(starts, _)| starts < far)?;
            at = ends.min(starts.checked_add_signed(left).unwrap_or(ends));
            left -= at - starts;
        }
        Some(at)
    }

    /// The times at work that are not over at `from` and begin before `limit`, ascending, each with the local time at which it
    /// begins; cut at midnight and where the clock changes, so that within one local time runs as instants do.
    pub fn stretches(
        &self,
        from: DateTime<Utc>,
        limit: DateTime<Utc>,
    ) -> impl Iterator<Item = (NaiveDateTime, DateTime<Utc>, DateTime<Utc>)> + '_ {
        let mut at = from;
        std::iter::from_fn(move || {
            let (starts, ends) = self.stretch(at, limit)?;
            at = ends;
            Some((self.local(starts), starts, ends))
        })
    }

    fn day(&self, day: NaiveDate) -> &[Span] {
        self.calendar.map_or(&ALL_DAY, |calendar| calendar.day(day))
    }

    /// The first time away that is not over at a local time.
    fn away_after(&self, local: NaiveDateTime) -> Option<(NaiveDateTime, NaiveDateTime)> {
        let over = self.away.partition_point(|&(_, ends)| ends <= local);
        self.away.get(over).copied()
    }

    /// Beyond this weeks are alike, and have been looked at.
    fn horizon(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let holiday = self.calendar.and_then(Calendar::last_holiday);
        let holiday = holiday.map(|day| day.and_time(NaiveTime::MIN));
        let bounds = self.away.iter().flat_map(|&(starts, ends)| [starts, ends]);
        let last = bounds.filter(|&bound| bound != NaiveDateTime::MAX).chain(holiday).max();
        let last = last.map_or(at, |local| local.and_utc().max(at));
        last.checked_add_signed(ALIKE).unwrap_or(last)
    }

    /// The first time at work that is not over at `from` and begins before `limit`; cut at midnight and where the clock
    /// changes.
    fn stretch(&self, from: DateTime<Utc>, limit: DateTime<Utc>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let mut at = from;
        while at < limit {
            let offset = TimeDelta::try_seconds(self.zone.offset(at))?;
            let local = self.local(at);
            let day = local.date().and_time(NaiveTime::MIN);
            let real = |local: NaiveDateTime| local.checked_sub_signed(offset).map(|naive| naive.and_utc());
            let midnight = real(day.checked_add_signed(TimeDelta::days(1))?)?;
            let end = self.zone.change_within(at, midnight).unwrap_or(midnight);
            let last = local.checked_add_signed(end - at)?;
            for &(starts, ends) in self.day(local.date()) {
                let mut starts = (day + TimeDelta::seconds(starts.into())).max(local);
                let mut ends = (day + TimeDelta::seconds(ends.into())).min(last);
                while starts < ends {
                    match self.away_after(starts) {
                        Some((gone, back)) if gone <= starts => starts = back,
                        Some((gone, _)) => {
                            ends = ends.min(gone);
                            break;
                        }
                        None => break,
                    }
                }
                if starts < ends {
                    return Some((real(starts)?, real(ends)?)).filter(|&(starts, _)| starts < limit);
                }
            }
            // Whoever is away for long is not asked for every day of it.
            let back = self.away_after(local).filter(|&(gone, _)| gone <= local);
            let back = back.and_then(|(_, back)| real(back)?.checked_sub_signed(REACH));
            at = back.map_or(end, |back| back.max(end));
        }
        None
    }
}
