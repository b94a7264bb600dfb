//! Cron expressions, read as Debian's cron reads them.
//!
//! The expression is checked here, by crontab's rules, so that what is wrong is said in
//! crontab's terms. What is left is translated for the `cron` crate, which reads the fields:
//! its own dialect differs (1 is Sunday, both day fields must match, seconds first) and its
//! calendar ends in 2100, so that the days are walked by [`Clock`] like every other kind.
//! Two restricted day fields are united: two schedules, one for each.

use std::str::FromStr;

use chrono::NaiveDate;
use cron::{Schedule, TimeUnitSpec};

use super::SpecError;
use super::bounds::first_date;
use super::calendar::{Clock, Days, Period, Times};

/// A cron expression, ready to be searched.
#[derive(Debug, Clone)]
pub(super) struct Cron {
    /// The local times it fires at.
    pub clock: Clock,
    /// Whether it goes by elapsed time, and so knows neither gap nor fold.
    pub elapsed: bool,
}

/// One field: what it is called, its range, its names.
struct Field {
    name: &'static str,
    low: u32,
    high: u32,
    /// The names, beginning with the number `low`.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 6] = [
    Field {
        name: "second",
        low: 0,
        high: 59,
        names: &[],
    },
    Field {
        name: "minute",
        low: 0,
        high: 59,
        names: &[],
    },
    Field {
        name: "hour",
        low: 0,
        high: 23,
        names: &[],
    },
    Field {
        name: "day of the month",
        low: 1,
        high: 31,
        names: &[],
    },
    Field {
        name: "month",
        low: 1,
        high: 12,
        names: &MONTHS,
    },
    Field {
        name: "day of the week",
        low: 0,
        high: 7,
        names: &WEEKDAYS,
    },
];

const RRULE_HINT: &str = "L, W and # are not crontab's. An RRULE says it: FREQ=MONTHLY;BYMONTHDAY=-1 \
is the last day, FREQ=MONTHLY;BYDAY=2TU the second Tuesday, \
FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 the last working day.";

/// Reads an expression of five fields, of six (seconds first), or an alias.
///
/// # Errors
/// What crontab would refuse, and what it does not know.
pub(super) fn parse(text: &str) -> Result<Cron, SpecError> {
    let expression = alias(text)?;
    let mut words: Vec<&str> = expression.split_ascii_whitespace().collect();
    let six = words.len() == 6;
    match words.len() {
        5 => words.insert(0, "0"),
        6 => {}
        n => {
            return Err(SpecError::new("cron", text, format!("has {n} fields instead of five"))
                .hint("minute hour day-of-month month day-of-week, with seconds before them if there are six."));
        }
    }
    let mut sets = Vec::with_capacity(6);
    for (field, word) in FIELDS.iter().zip(&words) {
        sets.push(field.parse(text, word)?);
    }
    let ([_, minute, hour, month_day, _, weekday], [seconds, minutes, hours, month_days, months, weekdays]) =
        (words.as_slice(), sets.as_slice())
    else {
        return Err(SpecError::new("cron", text, "is not a cron expression"));
    };
    let star = |word: &str| word.starts_with('*');
    // The crate counts weekdays from 1 = Sunday; crontab has 0 and 7 for it.
    let mut shifted: Vec<u32> = weekdays.iter().map(|day| day % 7 + 1).collect();
    shifted.sort_unstable();
    shifted.dedup();
    let time = format!("{} {} {}", list(seconds), list(minutes), list(hours));
    let (month_days, months, shifted) = (list(month_days), list(months), list(&shifted));
    let translated = if star(month_day) || star(weekday) {
        vec![format!("{time} {month_days} {months} {shifted}")]
    } else {
        vec![
            format!("{time} {month_days} {months} *"),
            format!("{time} * {months} {shifted}"),
        ]
    };
    let read = |expression: &String| {
        Schedule::from_str(expression).map_err(|error| SpecError::new("cron", text, error.to_string()))
    };
    let schedules = translated.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = schedules.first() else {
        return Err(SpecError::new("cron", text, "is not a cron expression"));
    };
    Ok(Cron {
        clock: Clock {
            days: schedules.iter().map(|schedule| days(schedule, first_date())).collect(),
            times: Times {
                hours: first.hours().iter().collect(),
                minutes: first.minutes().iter().collect(),
                seconds: first.seconds().iter().collect(),
                nanos: 0,
            },
        },
        elapsed: six || star(minute) || star(hour),
    })
}

/// The days of a schedule the crate has read.
fn days(schedule: &Schedule, anchor: NaiveDate) -> Days {
    let mut days = Days::every(1, Period::Day, anchor);
    days.months = schedule.months().iter().fold(0, |set, month| set | 1 << month);
    days.month_days = schedule.days_of_month().iter().fold(0, |set, day| set | 1 << day);
    // The crate's 1 = Sunday is bit 6, its 2 = Monday bit 0.
    let bit = |day: u32| 1 << ((day + 5) % 7);
    days.weekdays = schedule.days_of_week().iter().fold(0, |set, day| set | bit(day));
    days
}

/// Numbers as a field; what is without holes as a range, which the crate reads ten times as fast.
fn list(numbers: &[u32]) -> String {
    match numbers {
        [first, .., last] if usize::try_from(last - first).is_ok_and(|n| n + 1 == numbers.len()) => {
            format!("{first}-{last}")
        }
        _ => numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
    }
}

/// The expression an alias stands for; any other text is given back.
fn alias(text: &str) -> Result<&str, SpecError> {
    let text = text.trim();
    let Some(word) = text.strip_prefix('@') else {
        return Ok(text);
    };
    match word.to_ascii_lowercase().as_str() {
        "yearly" | "annually" => Ok("0 0 1 1 *"),
        "monthly" => Ok("0 0 1 * *"),
        "weekly" => Ok("0 0 * * 0"),
        "daily" | "midnight" => Ok("0 0 * * *"),
        "hourly" => Ok("0 * * * *"),
        "reboot" => Err(SpecError::new("cron", text, "names no time at which to run")
            .hint("A schedule belongs to the database, not to a start of the server.")),
        other => {
            let names = [
                "@hourly",
                "@daily",
                "@midnight",
                "@weekly",
                "@monthly",
                "@yearly",
                "@annually",
            ];
            Err(SpecError::unknown("cron", &format!("@{other}"), &names))
        }
    }
}

impl Field {
    /// The numbers a field stands for, ascending.
    fn parse(&self, text: &str, word: &str) -> Result<Vec<u32>, SpecError> {
        let mut set = 0_u64;
        for part in word.split(',') {
            set |= self.part(part).map_err(|message| {
                let error = SpecError::new("cron", text, format!("{}: {message}", self.name));
                error.hint_if(self.foreign(word).map(str::to_owned))
            })?;
        }
        Ok((self.low..=self.high).filter(|n| set & (1 << n) != 0).collect())
    }

    /// One element of a field's list, as a set of bits.
    fn part(&self, part: &str) -> Result<u64, String> {
        let (range, step) = match part.split_once('/') {
            None => (part, None),
            Some((range, step)) => match step.parse::<u32>() {
                Ok(step) if step > 0 && step.to_string() == step_text(part) => (range, Some(step)),
                _ => return Err(format!("{part} has no step of at least 1 after its /")),
            },
        };
        let (low, high) = match range.split_once('-') {
            _ if range == "*" => (self.low, self.high),
            Some((low, high)) => (self.number(low)?, self.number(high)?),
            None => match step {
                None => (self.number(range)?, self.number(range)?),
                Some(_) => {
                    return Err(format!(
                        "{part} has a step without a range; {range}-{}/… is one",
                        self.high
                    ));
                }
            },
        };
        if low > high {
            return Err(format!("the range {range} does not ascend"));
        }
        let step = usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX);
        Ok((low..=high).step_by(step).fold(0, |set, n| set | 1 << n))
    }

    fn number(&self, word: &str) -> Result<u32, String> {
        let lower = word.to_ascii_lowercase();
        if let Some(n) = self.names.iter().position(|name| *name == lower) {
            return u32::try_from(n)
                .map(|n| n + self.low)
                .map_err(|error| error.to_string());
        }
        if word.is_empty() || word.len() > 4 || !word.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("{word:?} is not a number"));
        }
        match word.parse::<u32>() {
            Ok(n) if (self.low..=self.high).contains(&n) => Ok(n),
            _ => Err(format!("{word} is not from {} to {}", self.low, self.high)),
        }
    }

    /// What to say to one who writes another dialect.
    fn foreign(&self, word: &str) -> Option<&'static str> {
        let upper = word.to_ascii_uppercase();
        // L and W are also letters of names; as an operator they stand alone or by a number.
        let by_number = upper.split(',').any(|part| {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
            matches!(rest, "L" | "W" | "LW" | "WL")
                || rest.starts_with("L-")
                || (part.ends_with('L') && part.len() == 4)
        });
        if by_number || upper.contains('#') || upper.contains('$') {
            return Some(RRULE_HINT);
        }
        if upper == "?" {
            return Some("Write * for any day.");
        }
        None
    }
}

/// What is written after a part's stroke, less leading zeros, to be compared with the number.
fn step_text(part: &str) -> &str {
    let step = part.rsplit('/').next().unwrap_or(part);
    let short = step.trim_start_matches('0');
    if short.is_empty() { step } else { short }
}
