//! RFC 5545 recurrence rules: from text to a [`Rule`].
//!
//! The `rrule` crate reads the rule, checks it and fills in from the start what it leaves
//! open. It does not walk it: its iterator counts up from DTSTART however long ago that was,
//! looks for what can never come until the year 10000, and settles daylight saving itself.
//! COUNT and UNTIL are taken out before: COUNT becomes the local time of the last run (its
//! instant, where the rule goes by elapsed time), so that it costs nothing later; UNTIL may be
//! local, a date, or in UTC.

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use rrule::{Frequency, NWeekday, RRule, Tz as RuleZone, Unvalidated, Validated};

use super::SpecError;
use super::bounds::local_of;
use super::calendar::{Clock, Days, Period, Times};
use super::rule::{Positions, Rule, Shape, Slots};
use super::zone::Zone;

/// The greatest COUNT: its last run is looked for when the rule is read.
const COUNT_AT_MOST: u32 = 10_000;

/// Reads a rule, with or without `RRULE:` before it and EXDATE lines after it. Given back
/// with it are the local times of the EXDATEs.
///
/// # Errors
/// What RFC 5545 forbids, and DTSTART, RDATE and EXRULE, which have no place here.
pub(super) fn parse(text: &str, start: NaiveDateTime, zone: &Zone) -> Result<(Rule, Vec<NaiveDateTime>), SpecError> {
    let error = |message: String| SpecError::new("rrule", text, message);
    // The crate cuts strings by bytes.
    if !text.is_ascii() {
        return Err(error("has letters that no rule has".to_owned()));
    }
    let upper = text.to_ascii_uppercase();
    let mut rule = None;
    let mut left_out = Vec::new();
    for line in upper.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = match line.split_once(':') {
            None => ("RRULE", line),
            Some((name, value)) => (name, value),
        };
        match name.split(';').next().unwrap_or(name) {
            "RRULE" if rule.is_some() => return Err(error("has a second rule".to_owned())),
            "RRULE" => rule = Some(value),
            "EXDATE" => {
                for date in value.split(',') {
                    left_out.push(match moment(date) {
                        Some(Moment::Local(local)) => local,
                        Some(Moment::Utc(at)) => zone.local(at),
                        // The day's run is the one at the start's time.
                        Some(Moment::Date(date)) => date.and_time(start.time()),
                        None => return Err(error(format!("EXDATE {date} is not a date-time"))),
                    });
                }
            }
            "DTSTART" => {
                return Err(error("has a DTSTART".to_owned())
                    .hint("start_at and time_zone are the rule's DTSTART: leave it out."));
            }
            other => {
                return Err(error(format!("{other} is not supported")).hint("A rule (FREQ=...) and EXDATE lines are."));
            }
        }
    }
    let rule = rule.ok_or_else(|| error("has no rule".to_owned()))?;
    let rule = read(rule, start, zone).map_err(|(message, hint)| error(message).hint_if(hint))?;
    Ok((rule, left_out))
}

/// A message and a hint.
type Fault = (String, Option<String>);

fn fault<T>(message: impl Into<String>) -> Result<T, Fault> {
    Err((message.into(), None))
}

fn read(text: &str, start: NaiveDateTime, zone: &Zone) -> Result<Rule, Fault> {
    let (mut count, mut until, mut rest) = (None, None, Vec::new());
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let Some((key, value)) = part.split_once('=') else {
            return fault(format!("{part} is not NAME=value"));
        };
        match key {
            "COUNT" if count.is_some() => return fault("COUNT is given twice"),
            "UNTIL" if until.is_some() => return fault("UNTIL is given twice"),
            "COUNT" => match value.parse::<u32>() {
                Ok(n) if (1..=COUNT_AT_MOST).contains(&n) => count = Some(n),
                _ => {
                    let hint = "Use UNTIL, or the schedule's until or max_runs, for more.";
                    let message = format!("COUNT must be from 1 to {COUNT_AT_MOST}");
                    return Err((message, Some(hint.to_owned())));
                }
            },
            "UNTIL" => match moment(value) {
                Some(moment) => until = Some(moment),
                None => return fault(format!("UNTIL {value} is not a date or date-time")),
            },
            _ if value.is_empty() => return fault(format!("{key} has no value")),
            "INTERVAL" if value.parse::<u16>().is_ok_and(|n| n > 0) => rest.push(part),
            "INTERVAL" => return fault(format!("INTERVAL must be from 1 to {}", u16::MAX)),
            "BYMONTHDAY" if value.split(',').any(|day| day.parse() == Ok(0)) => {
                return fault("BYMONTHDAY is from 1 to 31, or from -1 to -31");
            }
            "BYDAY" if value.split(',').all(is_weekday) => rest.push(part),
            "BYDAY" => return fault(format!("BYDAY {value} is not a list like MO,2TU,-1FR")),
            _ => rest.push(part),
        }
    }
    if count.is_some() && until.is_some() {
        return fault("COUNT and UNTIL exclude each other");
    }
    let read: RRule<Unvalidated> = format!("RRULE:{}", rest.join(";"))
        .parse()
        .map_err(|error: rrule::RRuleError| (error.to_string(), None))?;
    // Local times are given to the crate as if they were UTC: zones are not its business.
    let rule = without_farthest_last(read.clone())
        .validate(start.and_utc().with_timezone(&RuleZone::UTC))
        .map_err(|error| (error.to_string(), None))?;
    let days = days(&read, &rule, start)?;
    let elapsed = rule.get_freq() > Frequency::Daily;
    let shape = shape(&read, &rule, days, start);
    let (last, until) = match (count, until) {
        (Some(_), _) if elapsed => (None, None),
        (Some(n), _) => {
            // What comes 400 years from now is beyond every search.
            let end = start.checked_add_signed(Duration::days(146_097));
            (end.and_then(|end| shape.nth(start, n, end)), None)
        }
        (None, None) => (None, None),
        (None, Some(Moment::Local(local))) => (Some(local), None),
        (None, Some(Moment::Date(date))) => (
            date.succ_opt()
                .map(|next| next.and_time(NaiveTime::MIN) - Duration::nanoseconds(1)),
            None,
        ),
        (None, Some(Moment::Utc(at))) => {
            // No local time after this one can stand for an instant so early.
            (Some(local_of(at, zone.offsets_around(at).1)), Some(at))
        }
    };
    Ok(Rule {
        shape,
        last,
        until,
        count: count.filter(|_| elapsed),
        elapsed,
    })
}

/// What the crate is to check in place of a rule with `-5MO` in a month or `-53MO` in a year: it takes `5MO` and `53MO`,
/// but not these, which RFC 5545 has just as well. Counted one less from the end, they are within its bounds, and no
/// others are.
fn without_farthest_last(rule: RRule<Unvalidated>) -> RRule<Unvalidated> {
    let weekdays = rule.get_by_weekday().iter().map(|&weekday| match weekday {
        NWeekday::Nth(n, day) if n < -1 => NWeekday::Nth(n + 1, day),
        other => other,
    });
    let weekdays = weekdays.collect();
    rule.by_weekday(weekdays)
}

/// The days that pass the rule's filters.
fn days(read: &RRule<Unvalidated>, rule: &RRule<Validated>, start: NaiveDateTime) -> Result<Days, Fault> {
    let interval = i64::from(rule.get_interval());
    let (period, interval) = match rule.get_freq() {
        Frequency::Yearly => (Period::Year, interval),
        Frequency::Monthly => (Period::Month, interval),
        Frequency::Weekly => (Period::Week, interval),
        Frequency::Daily => (Period::Day, interval),
        // The interval counts slots, and any day may have one.
        _ => (Period::Day, 1),
    };
    let mut days = Days::every(interval, period, start.date());
    days.week_start = rule.get_week_start();
    days.months = rule.get_by_month().iter().fold(0, |set, &month| set | 1 << month);
    // The crate keeps negative days of the month to itself once it has checked them.
    let month_days = match read.get_by_month_day() {
        [] => rule.get_by_month_day(),
        given => given,
    };
    for &day in month_days {
        let bit = 1 << day.unsigned_abs();
        if day > 0 {
            days.month_days |= bit
        } else {
            days.last_days |= bit
        }
    }
    days.year_days = rule.get_by_year_day().to_vec();
    days.week_numbers = rule.get_by_week_no().to_vec();
    // Nor has it seen those that are farthest from the end.
    let weekdays = match read.get_by_weekday() {
        [] => rule.get_by_weekday(),
        given => given,
    };
    for &weekday in weekdays {
        match weekday {
            NWeekday::Every(day) => days.weekdays |= 1 << day.num_days_from_monday(),
            NWeekday::Nth(n, day) => days.nth.push((n, day)),
        }
    }
    let counted = !days.nth.is_empty();
    let yearly = period == Period::Year;
    if counted && !(yearly || period == Period::Month) {
        return fault("BYDAY with a number goes with FREQ=MONTHLY or YEARLY only");
    }
    if counted && !days.week_numbers.is_empty() {
        return fault("BYDAY with a number does not go with BYWEEKNO");
    }
    days.nth_in_year = yearly && days.months == 0;
    Ok(days)
}

/// What the rule counts, with its times.
fn shape(read: &RRule<Unvalidated>, rule: &RRule<Validated>, days: Days, start: NaiveDateTime) -> Shape {
    let numbers = |list: &[u8]| list.iter().map(|&n| u32::from(n)).collect::<Vec<_>>();
    let hours = numbers(rule.get_by_hour());
    let minutes = numbers(rule.get_by_minute());
    let seconds = numbers(rule.get_by_second());
    let nanos = if read.get_by_second().is_empty() {
        start.nanosecond()
    } else {
        0
    };
    let places: Vec<i64> = rule.get_by_set_pos().iter().map(|&n| i64::from(n)).collect();
    let unit = match rule.get_freq() {
        Frequency::Hourly => 3600,
        Frequency::Minutely => 60,
        Frequency::Secondly => 1,
        _ => {
            let times = Times {
                hours,
                minutes,
                seconds,
                nanos,
            };
            return if places.is_empty() {
                Shape::Clock(Clock {
                    days: vec![days],
                    times,
                })
            } else {
                Shape::Positions(Positions { days, times, places })
            };
        }
    };
    let within = |list: &[u32], longer: bool| if longer { list.to_vec() } else { vec![0] };
    let inner_seconds = within(&seconds, unit > 1);
    let all: Vec<i64> = within(&minutes, unit > 60)
        .iter()
        .flat_map(|minute| inner_seconds.iter().map(move |second| i64::from(minute * 60 + second)))
        .collect();
    // Every slot holds the same set, so that BYSETPOS can be applied to it here.
    let length = i64::try_from(all.len()).unwrap_or(0);
    let taken = |n: usize| {
        let n = i64::try_from(n).unwrap_or(0);
        places.is_empty() || places.contains(&(n + 1)) || places.contains(&(n - length))
    };
    let inner = all
        .iter()
        .enumerate()
        .filter(|(n, _)| taken(*n))
        .map(|(_, &at)| at)
        .collect();
    Shape::Slots(Slots {
        unit,
        interval: i64::from(rule.get_interval()).max(1),
        anchor: start.and_utc().timestamp().div_euclid(unit),
        days,
        hours,
        minutes: if unit > 60 { Vec::new() } else { minutes },
        seconds: if unit > 1 { Vec::new() } else { seconds },
        inner,
        nanos,
    })
}

/// A moment as RFC 5545 writes it.
enum Moment {
    Date(NaiveDate),
    Local(NaiveDateTime),
    Utc(DateTime<Utc>),
}

/// Reads `20260105`, `20260105T060000` or `20260105T060000Z`.
fn moment(text: &str) -> Option<Moment> {
    let local = |text: &str| match text.len() {
        15 => NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%S").ok(),
        _ => None,
    };
    match text.trim() {
        text if text.len() == 8 => NaiveDate::parse_from_str(text, "%Y%m%d").ok().map(Moment::Date),
        text => match text.strip_suffix('Z') {
            Some(text) => local(text).map(|local| Moment::Utc(local.and_utc())),
            None => local(text).map(Moment::Local),
        },
    }
}

/// Whether this is `MO`, `2TU` or `-1FR` (the crate reads any other prefix as none).
fn is_weekday(text: &str) -> bool {
    let days = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let Some(number) = days.iter().find_map(|day| text.strip_suffix(day)) else {
        return false;
    };
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    number.is_empty() || digits.parse::<u8>().is_ok_and(|n| (1..=53).contains(&n))
}
