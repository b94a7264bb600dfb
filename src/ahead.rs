//! Looking ahead, between SQL and the pure module: schedules' rows in, what they are going to do out, as rows or as an
//! iCalendar.

use chrono::{DateTime, Utc};
use icalendar::{Calendar, Component, Event as CalendarEvent, EventLike, EventStatus};
use pgrx::datum::TimestampWithTimeZone;
use serde::Deserialize;
use serde_json::Value;

use crate::clock;
use crate::error::{Result, internal};
use crate::recurrence::{Entry, Event, Outlook};
use crate::timing;

/// An event as SQL gets it.
pub struct Line {
    /// When.
    pub at: TimestampWithTimeZone,
    /// The schedule, by its place among those that were given, from 1.
    pub item: i32,
    /// Why nothing runs; None = it runs.
    pub cause: Option<&'static str>,
    /// The same in words.
    pub detail: Option<String>,
}

/// A schedule as SQL gives it.
pub struct Item {
    /// Its row.
    pub plan: Option<pgrx::JsonB>,
    /// The instant at which it is due next, where it is armed.
    pub due: Option<TimestampWithTimeZone>,
    /// How many runs it may still have.
    pub runs_left: Option<i32>,
}

/// What is going to happen.
///
/// # Errors
/// 22008 for an instant beyond the calendar. A row that is wrong is an event, not an error.
pub fn lines(
    items: impl Iterator<Item = Item>,
    from: TimestampWithTimeZone,
    to: TimestampWithTimeZone,
    most: i32,
) -> Result<Vec<Line>> {
    let (from, to) = (clock::from_pg(from)?, clock::from_pg(to)?);
    let mut outlook = Outlook::new(from, to, usize::try_from(most).map_err(internal)?);
    let (mut plans, mut broken) = (Vec::new(), Vec::new());
    for (number, item) in items.enumerate() {
        let plan = item.plan.map_or(Value::Null, |plan| plan.0);
        let due = item.due.map(clock::from_pg).transpose()?;
        match timing::spec(&plan) {
            Ok(spec) => {
                let runs_left = item.runs_left.map(|n| u32::try_from(n).unwrap_or(0));
                let entry = Entry { spec, due, runs_left };
                outlook.add(number, entry, break_off);
            }
            Err(problem) => broken.push(Line {
                at: clock::to_pg(due.map_or(from, |due| due.max(from)))?,
                item: place(number)?,
                cause: Some("invalid"),
                detail: Some(problem.message().to_owned()),
            }),
        }
        plans.push(Ends::of(&plan));
        if number % 256 == 0 {
            break_off();
        }
    }
    let happenings = outlook.happenings(break_off);
    let mut lines = broken;
    for happening in happenings {
        let ends = plans.get(happening.entry);
        let (cause, detail) = match happening.event {
            Event::Run => (None, None),
            Event::Exdate(local) => (Some("exdate"), Some(format!("local time {local} is left out"))),
            Event::Gap(local) => (Some("dst"), Some(format!("local time {local} does not exist"))),
            Event::End => (Some("ended"), ends.map(Ends::by_date)),
            Event::Enough => (Some("ended"), Some("it has had max_runs runs".to_owned())),
        };
        lines.push(Line {
            at: clock::to_pg(happening.at)?,
            item: place(happening.entry)?,
            cause,
            detail,
        });
    }
    Ok(lines)
}

/// Ends here if the statement has been cancelled.
fn break_off() {
    pgrx::check_for_interrupts!();
}

fn place(number: usize) -> Result<i32> {
    i32::try_from(number + 1).map_err(internal)
}

/// What can bring a schedule's recurrence to an end.
struct Ends {
    until: Option<String>,
    rule: bool,
}

impl Ends {
    fn of(plan: &Value) -> Ends {
        Ends {
            until: plan.get("until").and_then(Value::as_str).map(ToOwned::to_owned),
            rule: plan.get("rrule").is_some_and(|rule| !rule.is_null()),
        }
    }

    fn by_date(&self) -> String {
        match (&self.until, self.rule) {
            (Some(until), false) => format!("until is {until}"),
            (Some(until), true) => format!("until is {until}, and the rule may have an end of its own"),
            (None, _) => "the rule has come to its end".to_owned(),
        }
    }
}

/// One event of a calendar.
#[derive(Deserialize)]
struct Entered {
    /// The same for the same run of the same schedule, whenever it is asked for.
    uid: String,
    /// From when, in microseconds since 1970,
    starts: i64,
    /// to when.
    ends: i64,
    /// What is shown.
    summary: String,
    /// The rest.
    description: String,
    /// Whether it is going to run.
    runs: bool,
}

/// RFC 5545's text for these events.
///
/// # Errors
/// Only where the SQL around it is wrong.
pub fn calendar(name: &str, made_at: DateTime<Utc>, events: Value) -> Result<String> {
    let events: Vec<Entered> = serde_json::from_value(events).map_err(internal)?;
    let instant =
        |micros| DateTime::from_timestamp_micros(micros).ok_or_else(|| internal("an event beyond the calendar"));
    let mut calendar = Calendar::empty();
    calendar.append_property(("VERSION", "2.0"));
    calendar.append_property(("PRODID", "-//pg_dist//pg_dist//EN"));
    calendar.append_property(("CALSCALE", "GREGORIAN"));
    calendar.append_property(("METHOD", "PUBLISH"));
    // As it stands, for the crate does not escape it.
    let name: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '_' })
        .collect();
    calendar.append_property(("X-WR-CALNAME", format!("pg_dist {name}").as_str()));
    for event in events {
        let status = if event.runs {
            EventStatus::Confirmed
        } else {
            EventStatus::Cancelled
        };
        calendar.push(
            CalendarEvent::new()
                .uid(&plain(&event.uid))
                .timestamp(made_at)
                .starts(instant(event.starts)?)
                .ends(instant(event.ends)?)
                .summary(&plain(&event.summary))
                .description(&plain(&event.description))
                .status(status)
                .done(),
        );
    }
    Ok(calendar.to_string())
}

/// Text without the control characters that the format has no way to write.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}
