//! Frequencies: every N hours, days, weeks, months or years.
//!
//! The interval is counted from the start (weeks begin on Monday); the filters then say which
//! days of a period are meant, and what they leave open is taken from the start: its weekday,
//! its day of the month, its month. A day that a month does not have is the month's last day,
//! unless weekdays are asked for as well.

use chrono::{DateTime, Datelike, Duration, NaiveDateTime, NaiveTime, Utc, Weekday};

use super::bounds::just_after_instant;
use super::calendar::{Clock, Days, Period, Times};
use super::zone::{GapRule, REACH, Zone, nearest};
use super::{Fields, SpecError};

/// The words of the column.
pub(super) const WORDS: [&str; 6] = ["once", "hourly", "daily", "weekly", "monthly", "yearly"];

/// Every so many hours from the start's instant, on some days.
#[derive(Debug, Clone)]
pub(super) struct Hourly {
    /// Seconds from one to the next.
    step: i64,
    /// The local days on which it fires.
    days: Days,
    /// Whether every day is one of them.
    unfiltered: bool,
}

/// What a frequency becomes.
#[derive(Debug, Clone)]
pub(super) enum Frequency {
    /// A start and nothing more.
    Once,
    /// Elapsed time.
    Hourly(Hourly),
    /// Local wall-clock times.
    Clock(Clock),
}

/// Reads the columns `frequency`, `every`, `weekdays`, `month_days` and `months`.
///
/// # Errors
/// An unknown word, a number out of its range, or columns that do not go together.
pub(super) fn parse(word: &str, fields: &Fields, start: NaiveDateTime) -> Result<Frequency, SpecError> {
    let lower = word.trim().to_ascii_lowercase();
    let period = match lower.as_str() {
        "once" => {
            refuse_filters(fields, "has no meaning for frequency once")?;
            return Ok(Frequency::Once);
        }
        "hourly" | "daily" => Period::Day,
        "weekly" => Period::Week,
        "monthly" => Period::Month,
        "yearly" => Period::Year,
        _ => return Err(unknown_word(word, &lower)),
    };
    let every = fields.every.unwrap_or(1);
    if every < 1 {
        return Err(SpecError::new("every", every, "must be at least 1"));
    }
    let mut days = Days::every(every, period, start.date());
    for &month in fields.months.iter().flatten() {
        days.months |=
            1 << in_range(month, 1, 12).ok_or_else(|| SpecError::new("months", month, "must be from 1 to 12"))?;
    }
    for &day in fields.month_days.iter().flatten() {
        let bit = in_range(day.saturating_abs(), 1, 31).ok_or_else(|| {
            SpecError::new(
                "month_days",
                day,
                "must be from 1 to 31, or from -1 (the last day) to -31",
            )
        })?;
        if day > 0 {
            days.month_days |= 1 << bit;
        } else {
            days.last_days |= 1 << bit;
        }
    }
    for text in fields.weekdays.iter().flatten() {
        match weekday(text)? {
            (None, day) => days.weekdays |= 1 << day.num_days_from_monday(),
            (Some(n), day) if matches!(period, Period::Month | Period::Year) => {
                days.nth.push((n, day));
            }
            (Some(_), _) => {
                return Err(SpecError::new("weekdays", text, format!("has no meaning for {lower}"))
                    .hint("An ordinal such as 2tue counts within a month: use monthly or yearly."));
            }
        }
    }
    let no_weekday = days.weekdays == 0 && days.nth.is_empty();
    let no_month_day = days.month_days == 0 && days.last_days == 0;
    if lower == "hourly" {
        days.interval = 1;
        let unfiltered = no_weekday && no_month_day && days.months == 0;
        let step = every.saturating_mul(3600);
        return Ok(Frequency::Hourly(Hourly { step, days, unfiltered }));
    }
    match period {
        Period::Week if no_weekday && no_month_day => {
            days.weekdays = 1 << start.weekday().num_days_from_monday();
        }
        Period::Month | Period::Year if no_weekday && no_month_day => {
            days.month_days = 1 << start.day();
        }
        _ => {}
    }
    if period == Period::Year && days.months == 0 {
        days.months = 1 << start.month();
    }
    days.clamp = no_weekday && matches!(period, Period::Month | Period::Year);
    Ok(Frequency::Clock(Clock {
        days: vec![days],
        times: Times::only(start.time()),
    }))
}

/// Refuses the columns that only a frequency reads, naming the first that is given.
///
/// # Errors
/// `what` is the message.
pub(super) fn refuse_filters(fields: &Fields, what: &str) -> Result<(), SpecError> {
    let some = |list: &Option<Vec<i64>>| match list {
        Some(list) if !list.is_empty() => Some(format!("{list:?}")),
        _ => None,
    };
    let weekdays = fields.weekdays.as_ref().filter(|list| !list.is_empty());
    let given = [
        ("every", fields.every.filter(|&n| n != 1).map(|n| n.to_string())),
        ("weekdays", weekdays.map(|list| list.join(","))),
        ("month_days", some(&fields.month_days)),
        ("months", some(&fields.months)),
    ];
    match given.into_iter().find_map(|(column, value)| Some((column, value?))) {
        None => Ok(()),
        Some((column, value)) => Err(SpecError::new(column, value, what)),
    }
}

fn unknown_word(word: &str, lower: &str) -> SpecError {
    let near = match lower {
        "hour" | "hours" => Some("hourly"),
        "day" | "days" => Some("daily"),
        "week" | "weeks" => Some("weekly"),
        "month" | "months" => Some("monthly"),
        "year" | "years" | "annually" => Some("yearly"),
        _ => nearest(lower, WORDS),
    };
    SpecError::new("frequency", word, format!("must be one of {}", WORDS.join(", ")))
        .hint_if(near.map(|near| format!("Did you mean {near}?")))
}

fn in_range(n: i64, low: u32, high: u32) -> Option<u32> {
    u32::try_from(n).ok().filter(|n| (low..=high).contains(n))
}

/// A weekday with an ordinal or without: `tue`, `Tuesday`, `2tue`, `-1fri`, `lastfri`.
fn weekday(text: &str) -> Result<(Option<i16>, Weekday), SpecError> {
    let error = || {
        SpecError::new("weekdays", text, "is not a weekday")
            .hint("Use mon, tue, wed, thu, fri, sat or sun; for monthly and yearly also 2tue or lastfri.")
    };
    let lower = text.trim().to_ascii_lowercase();
    let (ordinal, name) = match lower.strip_prefix("last") {
        Some(rest) => ("-1", rest),
        None => lower.split_at(lower.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(0)),
    };
    let ordinal = match ordinal.trim() {
        "" => None,
        digits => match digits.parse::<i16>() {
            Ok(n) if (1..=5).contains(&n.saturating_abs()) => Some(n),
            Ok(_) => {
                return Err(SpecError::new("weekdays", text, "counts beyond a month")
                    .hint("An ordinal is from 1 to 5, or from -1 (the last) to -5."));
            }
            Err(_) => return Err(error()),
        },
    };
    let name = name.trim_start_matches(['_', '-', ' ']);
    let names = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let found = names.iter().position(|full| name.len() >= 3 && full.starts_with(name));
    let day = found
        .and_then(|n| u8::try_from(n).ok())
        .and_then(|n| Weekday::try_from(n).ok());
    Ok((ordinal, day.ok_or_else(error)?))
}

impl Hourly {
    /// The first instant from `from` on, counted from the instant `start`.
    pub fn first_from(&self, start: DateTime<Utc>, from: DateTime<Utc>, zone: &Zone) -> Option<DateTime<Utc>> {
        let mut from = from.max(start);
        // Each turn goes to another local day; after 400 years nothing new comes.
        for _ in 0..=self.days.cycle() {
            let at = self.aligned(start, from)?;
            if self.unfiltered {
                return Some(at);
            }
            let date = zone.local(at).date();
            let day = self.days.first_from(date)?;
            if day == date {
                return Some(at);
            }
            // Where the day begins: with its first instant, should midnight be in a gap.
            let begin = Zone {
                gap: GapRule::NextValid,
                ..*zone
            };
            let midnight = begin.resolve(day.and_time(NaiveTime::MIN)).next()?;
            // Before that day the clock may go back across a midnight, into a day that passes.
            let soon = at.checked_add_signed(REACH).map_or(midnight, |soon| soon.min(midnight));
            let later = zone.change_within(at, soon).unwrap_or(midnight);
            from = later.max(just_after_instant(at)?);
        }
        None
    }

    /// The first whole number of steps from `start` that is not before `from`.
    fn aligned(&self, start: DateTime<Utc>, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let late = from.signed_duration_since(start);
        let seconds = late.num_seconds() + i64::from(late.subsec_nanos() > 0);
        if seconds <= 0 {
            return Some(start);
        }
        let steps = (seconds - 1) / self.step + 1;
        start.checked_add_signed(Duration::try_seconds(steps.checked_mul(self.step)?)?)
    }
}
