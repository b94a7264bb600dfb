//! Times and intervals in criteria: read here, so that a value means the same in every session.
//!
//! PostgreSQL would read `today`, `01/02/2026` and a time without a zone by the clock and by the session's settings; a
//! preview and the run it foretells could then differ. So only ISO 8601 is taken, and what has no zone is UTC.

/// A time as it was written, checked, in the form every `DateStyle` reads alike.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Written {
    pub(super) date: Option<String>,
    pub(super) time: Option<String>,
    pub(super) zone: Option<String>,
}

/// Reads `2026-01-05`, `2026-01-05 06:00`, `2026-01-05T06:00:00.5+01:00`, `06:00`; none where it is nothing of these.
pub(super) fn read(text: &str) -> Option<Written> {
    let text = text.trim();
    if text.as_bytes().get(4) != Some(&b'-') {
        let (time, zone) = time_and_zone(text)?;
        return Some(Written {
            date: None,
            time: Some(time),
            zone,
        });
    }
    let date = date(text.get(..10)?)?;
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return Some(Written {
            date: Some(date),
            ..Written::default()
        });
    }
    let (time, zone) = time_and_zone(rest.strip_prefix(['T', 't', ' '])?)?;
    Some(Written {
        date: Some(date),
        time: Some(time),
        zone,
    })
}

fn digits(text: &str, least: u32, most: u32) -> Option<u32> {
    let number: u32 = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())??;
    (least..=most).contains(&number).then_some(number)
}

fn date(text: &str) -> Option<String> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    if (year.len(), month.len(), day.len()) != (4, 2, 2) {
        return None;
    }
    let year = digits(year, 1, 9999)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match digits(month, 1, 12)? {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    digits(day, 1, last)?;
    Some(text.to_owned())
}

fn time_and_zone(text: &str) -> Option<(String, Option<String>)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.'))
        .unwrap_or(text.len());
    let (time, zone) = text.split_at(end);
    let zone = zone.trim_start();
    let zone = if zone.is_empty() { None } else { Some(offset(zone)?) };
    Some((time_of_day(time)?, zone))
}

fn time_of_day(text: &str) -> Option<String> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    if parts.iter().any(|part| part.len() != 2) {
        return None;
    }
    let (hour, minute, second) = match parts.as_slice() {
        [hour, minute] if fraction.is_none() => (hour, minute, "00"),
        [hour, minute, second] => (hour, minute, *second),
        _ => return None,
    };
    digits(hour, 0, 23)?;
    digits(minute, 0, 59)?;
    digits(second, 0, 59)?;
    let fraction = match fraction {
        Some(f) if (1..=6).contains(&f.len()) && f.bytes().all(|b| b.is_ascii_digit()) => {
            format!(".{f}")
        }
        Some(_) => return None,
        None => String::new(),
    };
    Some(format!("{hour}:{minute}:{second}{fraction}"))
}

fn offset(text: &str) -> Option<String> {
    if text.eq_ignore_ascii_case("z") {
        return Some("+00:00".to_owned());
    }
    let sign = text.chars().next().filter(|c| matches!(c, '+' | '-'))?;
    let (hours, minutes) = match text.get(1..)? {
        rest if rest.len() == 2 => (rest, "00"),
        rest if rest.len() == 4 => rest.split_at_checked(2)?,
        rest => rest.split_once(':')?,
    };
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    digits(hours, 0, 15)?;
    digits(minutes, 0, 59)?;
    Some(format!("{sign}{hours}:{minutes}"))
}

/// Units of an interval: name in the literal, the spellings taken, seconds (about, for the bound only).
const UNITS: [(&str, &[&str], f64); 7] = [
    ("years", &["year", "years", "yr", "yrs", "y"], 31_557_600.0),
    ("months", &["month", "months", "mon", "mons"], 2_629_800.0),
    ("weeks", &["week", "weeks", "w"], 604_800.0),
    ("days", &["day", "days", "d"], 86_400.0),
    ("hours", &["hour", "hours", "hr", "hrs", "h"], 3_600.0),
    ("minutes", &["minute", "minutes", "min", "mins", "m"], 60.0),
    ("seconds", &["second", "seconds", "sec", "secs", "s"], 1.0),
];

/// Any further back and the result would leave the range of timestamps.
const LONGEST: f64 = 1_000.0 * 31_557_600.0;

/// Reads `30 days`, `1 year 2 months`, `1 day 02:30`, `02:30:00`, `90m`, `P1DT2H`; gives it spelled out, or none.
/// Negative ones are none: their meaning hangs on `IntervalStyle`, and "older than -3 days" on the reader.
pub(super) fn interval(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let parts = match text.strip_prefix('p') {
        Some(iso) => iso_parts(iso)?,
        None => plain_parts(&text)?,
    };
    let mut total = 0.0;
    let mut seen: Vec<&str> = Vec::new();
    let mut spelled = Vec::new();
    for (number, unit) in &parts {
        if seen.contains(unit) {
            return None;
        }
        seen.push(unit);
        let (_, _, seconds) = UNITS.iter().find(|(name, ..)| name == unit)?;
        total += number.parse::<f64>().ok()? * seconds;
        spelled.push(format!("{number} {unit}"));
    }
    (!parts.is_empty() && total <= LONGEST).then(|| spelled.join(" "))
}

type Parts = Vec<(String, &'static str)>;

/// Splits a number off the front; a fraction is taken only where digits stand on both sides of the point.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    let plain = |part: &str| (1..=12).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let fits = match number.split_once('.') {
        Some((whole, fraction)) => plain(whole) && plain(fraction),
        None => plain(number),
    };
    fits.then_some((number, rest))
}

fn plain_parts(text: &str) -> Option<Parts> {
    let mut parts = Parts::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(clock) = rest.split_whitespace().next().filter(|word| word.contains(':')) {
            // A clock reading ends an interval: "1 day 02:30".
            let mut fields = clock.split(':');
            for unit in ["hours", "minutes", "seconds"] {
                let Some(field) = fields.next() else { break };
                let (value, left) = number(field)?;
                let whole = unit == "seconds" || !value.contains('.');
                let bounded = unit == "hours" || value.parse::<f64>().is_ok_and(|v| v < 60.0);
                (left.is_empty() && whole && bounded).then_some(())?;
                parts.push((value.to_owned(), unit));
            }
            return (fields.next().is_none() && rest.trim() == clock).then_some(parts);
        }
        let (value, after) = number(rest)?;
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (word, left) = after.split_at(end);
        let (unit, ..) = UNITS.iter().find(|(_, spellings, _)| spellings.contains(&word))?;
        parts.push((value.to_owned(), unit));
        rest = left.trim_start();
    }
    Some(parts)
}

fn iso_parts(text: &str) -> Option<Parts> {
    let (days, clock) = text.split_once('t').unwrap_or((text, ""));
    let mut parts = Parts::new();
    let halves = [
        (
            days,
            [("y", "years"), ("m", "months"), ("w", "weeks"), ("d", "days")].as_slice(),
        ),
        (clock, [("h", "hours"), ("m", "minutes"), ("s", "seconds")].as_slice()),
    ];
    for (half, letters) in halves {
        let mut rest = half;
        while !rest.is_empty() {
            let (value, after) = number(rest)?;
            let (letter, unit) = letters.iter().find(|(letter, _)| after.starts_with(letter))?;
            parts.push((value.to_owned(), unit));
            rest = after.strip_prefix(letter)?;
        }
    }
    Some(parts)
}
