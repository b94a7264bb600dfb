//! One person's free time, from an instant on, taken piece by piece: the pieces are all of one length, so the next one never
//! begins before the end of the last, and one walk over the days is enough for any number of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};

use super::Why;
use crate::working::Hours;

/// Seconds of a minute.
const MINUTE: i64 = 60;

/// What holds for all activities that are placed together.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// None begins before it.
    pub from: DateTime<Utc>,
    /// How long each takes.
    pub duration: TimeDelta,
    /// The second of the local day from which on they take place.
    pub earliest: u32,
    /// The second of the local day at which they are over.
    pub latest: u32,
    /// How many days after the first they may lie.
    pub spread_days: u32,
    /// How many may begin on one local day.
    pub per_day: Option<u32>,
}

/// One person's free time.
pub struct Diary {
    limits: Limits,
    /// Times at work between the earliest and the latest time, in reverse: the next one is the last. Each with its local day.
    windows: Vec<(NaiveDate, DateTime<Utc>, DateTime<Utc>)>,
    /// What is in the diary already, ascending, of which none touch; and how much of it is over.
    busy: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    over: usize,
    /// How many begin on a day, where days have a limit.
    counts: BTreeMap<NaiveDate, u32>,
    /// Nothing that is placed from now on begins before it.
    at: DateTime<Utc>,
    /// The next place, once it has been looked for.
    next: Option<Option<(NaiveDate, DateTime<Utc>)>>,
    works: bool,
}

impl Diary {
    /// Of somebody who works in these hours and has something to do in the times that are given, in any order.
    pub fn new(hours: &Hours<'_>, mut busy: Vec<(DateTime<Utc>, DateTime<Utc>)>, limits: Limits) -> Self {
        let mut counts = BTreeMap::new();
        if limits.per_day.is_some() {
            for (starts, _) in &busy {
                *counts.entry(hours.local(*starts).date()).or_default() += 1;
            }
        }
        busy.retain(|(starts, ends)| starts < ends);
        busy.sort_unstable();
        busy.dedup_by(|next, kept| {
            let one = next.0 <= kept.1;
            if one {
                kept.1 = kept.1.max(next.1);
            }
            one
        });
        let mut windows = windows(hours, &limits);
        let works = windows
            .iter()
            .any(|&(_, starts, ends)| whole_minute(starts) + limits.duration <= ends);
        windows.reverse();
        Self {
            limits,
            windows,
            busy,
            over: 0,
            counts,
            at: limits.from,
            next: None,
            works,
        }
    }

    /// When the next activity would begin.
    pub fn peek(&mut self) -> Option<DateTime<Utc>> {
        let next = match self.next {
            Some(next) => next,
            None => {
                let found = self.find();
                self.next = Some(found);
                found
            }
        };
        next.map(|(_, starts)| starts)
    }

    /// Takes the next place; None where there is none.
    pub fn take(&mut self) -> Option<DateTime<Utc>> {
        self.peek()?;
        let (day, starts) = self.next.take()??;
        self.at = starts + self.limits.duration;
        if self.limits.per_day.is_some() {
            *self.counts.entry(day).or_default() += 1;
        }
        Some(starts)
    }

    /// Why there is no place, where there is none.
    pub fn why(&self) -> Why {
        if self.works { Why::Full } else { Why::NotAtWork }
    }

    fn find(&mut self) -> Option<(NaiveDate, DateTime<Utc>)> {
        while let Some(&(day, starts, ends)) = self.windows.last() {
            let full = |most| self.counts.get(&day).copied().unwrap_or(0) >= most;
            if !self.limits.per_day.is_some_and(full)
                && let Some(starts) = self.fit(self.at.max(starts), ends)
            {
                return Some((day, starts));
            }
            self.windows.pop();
        }
        None
    }

    /// The first place from `at` on that is over at `until`.
    fn fit(&mut self, at: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut starts = whole_minute(at);
        loop {
            let ends = starts + self.limits.duration;
            if ends > until {
                return None;
            }
            // What is over now is over for whatever comes later, too.
            while self.busy.get(self.over).is_some_and(|&(_, over)| over <= starts) {
                self.over += 1;
            }
            match self.busy.get(self.over) {
                Some(&(begins, over)) if begins < ends => starts = whole_minute(over),
                _ => return Some(starts),
            }
        }
    }
}

/// The times at work between the earliest and the latest time of each day, ascending; what touches is one.
fn windows(hours: &Hours<'_>, limits: &Limits) -> Vec<(NaiveDate, DateTime<Utc>, DateTime<Utc>)> {
    let mut windows: Vec<(NaiveDate, DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    let spread = Days::new(limits.spread_days.into());
    let last = hours.local(limits.from).date().checked_add_days(spread);
    let last = last.unwrap_or(NaiveDate::MAX);
    // No clock is ever moved by more than a day.
    let limit = limits
        .from
        .checked_add_days(Days::new(u64::from(limits.spread_days) + 3));
    let limit = limit.unwrap_or(DateTime::<Utc>::MAX_UTC);
    for (local, starts, ends) in hours.stretches(limits.from, limit) {
        let (day, second) = (local.date(), i64::from(local.time().num_seconds_from_midnight()));
        if day > last {
            continue;
        }
        // Fractions of a second are part of the second in which it begins.
        let fraction = TimeDelta::nanoseconds(local.time().signed_duration_since(NaiveTime::MIN).subsec_nanos().into());
        let shift = |to: u32| starts + TimeDelta::seconds(i64::from(to) - second) - fraction;
        let (starts, ends) = (starts.max(shift(limits.earliest)), ends.min(shift(limits.latest)));
        if starts >= ends {
            continue;
        }
        match windows.last_mut() {
            Some((same, _, until)) if *same == day && *until == starts => *until = ends,
            _ => windows.push((day, starts, ends)),
        }
    }
    windows
}

/// The first whole minute from an instant on.
fn whole_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    let beyond = TimeDelta::seconds(at.timestamp().rem_euclid(MINUTE))
        + TimeDelta::nanoseconds(at.timestamp_subsec_nanos().into());
    if beyond.is_zero() {
        return at;
    }
    at.checked_add_signed(TimeDelta::seconds(MINUTE) - beyond).unwrap_or(at)
}
