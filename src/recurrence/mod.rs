//! When a schedule runs: from what its row says to the next instant, or never.
//!
//! This is pure: no server, no clock, no state. [`Spec::parse`] checks the columns of a
//! schedule, and [`Spec::next`] answers with the first instant strictly after another one.
//!
//! What is stored is *local intent*: a start as local date-time, a zone, and one of
//!
//! | kind | goes by | file |
//! | --- | --- | --- |
//! | once | the start | here |
//! | frequency `daily` to `yearly` | the local wall clock | `frequency` |
//! | frequency `hourly` | elapsed time from the start's instant | `frequency` |
//! | cron | the wall clock; elapsed time if minute or hour begins with `*`, or with seconds | `cron` |
//! | RRULE | the wall clock; elapsed time if `FREQ` is `HOURLY` or finer | `rrule` |
//!
//! A kind produces ascending *local* times (`calendar`); `search` turns them into instants,
//! and asks `zone` alone what becomes of a local time that does not exist or exists twice.
//! What goes by elapsed time fires at every instant whose local time fits: nothing is moved
//! out of a gap, and an hour that exists twice is served twice.
//!
//! # Bounds
//! Years -4711 to 262140. A search looks at most 400 years (of periods: 400 intervals of a
//! yearly recurrence) ahead, after which the calendar repeats itself; what has no run by then
//! never has one. A specification without any run is refused when it is parsed.

mod bounds;
mod calendar;
mod cron;
mod frequency;
mod left_out;
mod outlook;
mod rrule;
mod rule;
mod search;
#[cfg(test)]
mod tests;
mod zone;

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::Deserialize;

use calendar::Clock;
use frequency::{Frequency, Hourly};
pub use outlook::{Entry, Event, Outlook};
use rule::Rule;
use zone::FoldRule;
pub(crate) use zone::Zone;
pub use zone::first_instant;

/// The columns of `dist.schedule` as they stand in the row.
///
/// Deserializes from the row as JSON; columns that are missing are null, others are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
pub struct Fields {
    /// The local date-time at which the schedule starts.
    #[serde(default)]
    pub start_at: Option<NaiveDateTime>,
    /// IANA name of the zone that local times are meant in; null is UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// `once`, `hourly`, `daily`, `weekly`, `monthly` or `yearly`.
    #[serde(default)]
    pub frequency: Option<String>,
    /// Every how many hours, days, weeks, months or years; at least 1, null is 1.
    #[serde(default)]
    pub every: Option<i64>,
    /// `mon` to `sun`, or full names; for monthly and yearly an ordinal may precede (`2tue`, `lastfri`).
    #[serde(default)]
    pub weekdays: Option<Vec<String>>,
    /// Days of the month, 1 to 31, or -1 (the last) to -31.
    #[serde(default)]
    pub month_days: Option<Vec<i64>>,
    /// Months, 1 to 12.
    #[serde(default)]
    pub months: Option<Vec<i64>>,
    /// A crontab expression of five fields, of six (seconds first), or an alias (`@daily`).
    #[serde(default)]
    pub cron: Option<String>,
    /// An RFC 5545 recurrence rule; its DTSTART is `start_at`.
    #[serde(default)]
    pub rrule: Option<String>,
    /// Local date-times that are left out.
    #[serde(default)]
    pub exdates: Option<Vec<NaiveDateTime>>,
    /// The last local date, inclusive.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// A local time that does not exist: `shift` (default), `skip` or `next_valid`.
    #[serde(default)]
    pub dst_gap: Option<String>,
    /// A local time that exists twice: `first` (default), `last` or `both`.
    #[serde(default)]
    pub dst_fold: Option<String>,
}

/// What is wrong with a specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecError {
    /// The column at fault.
    pub column: &'static str,
    /// What stands in it.
    pub value: String,
    /// What is wrong with it, to be read after column and value.
    pub message: String,
    /// How to mend it, as a sentence.
    pub hint: Option<String>,
}

impl SpecError {
    fn new(column: &'static str, value: impl fmt::Display, message: impl Into<String>) -> SpecError {
        SpecError {
            column,
            value: value.to_string(),
            message: message.into(),
            hint: None,
        }
    }

    fn hint(self, hint: impl Into<String>) -> SpecError {
        SpecError {
            hint: Some(hint.into()),
            ..self
        }
    }

    fn hint_if(self, hint: Option<String>) -> SpecError {
        SpecError { hint, ..self }
    }

    /// A word that is none of `names`.
    fn unknown(column: &'static str, value: &str, names: &[&str]) -> SpecError {
        let near = zone::nearest(value, names.iter().copied());
        SpecError::new(column, value, format!("must be one of {}", names.join(", ")))
            .hint_if(near.map(|near| format!("Did you mean {near}?")))
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value.as_str() {
            "" => write!(f, "{}: {}", self.column, self.message),
            value => write!(f, "{} \"{value}\": {}", self.column, self.message),
        }
    }
}

impl std::error::Error for SpecError {}

/// A checked specification.
#[derive(Debug, Clone)]
pub struct Spec {
    zone: Zone,
    start: Option<NaiveDateTime>,
    /// The last local date of a run.
    until: Option<NaiveDate>,
    /// Ascending.
    exdates: Vec<NaiveDateTime>,
    kind: Kind,
}

/// The recurrence itself.
#[derive(Debug, Clone)]
enum Kind {
    Once,
    Hourly(Hourly),
    Clock { clock: Clock, elapsed: bool },
    Rule(Rule),
}

impl Spec {
    /// Checks a specification.
    ///
    /// # Errors
    /// Whatever is wrong with a column or with two of them together; and `never fires` for a
    /// specification that is well formed but has no run at all.
    pub fn parse(fields: &Fields) -> Result<Spec, SpecError> {
        let zone = Zone::parse(text(&fields.time_zone), text(&fields.dst_gap), text(&fields.dst_fold))?;
        let start = fields.start_at.map(|start| in_bounds("start_at", start)).transpose()?;
        let exdates = fields.exdates.iter().flatten();
        let mut exdates = exdates
            .map(|&date| in_bounds("exdates", date))
            .collect::<Result<Vec<_>, _>>()?;
        let recurrence = (text(&fields.frequency), text(&fields.cron), text(&fields.rrule));
        let given = if let (_, _, Some(rule)) = recurrence {
            ("rrule", rule)
        } else if let (_, Some(cron), _) = recurrence {
            ("cron", cron)
        } else {
            ("frequency", recurrence.0.unwrap_or("once"))
        };
        if [recurrence.0, recurrence.1, recurrence.2].into_iter().flatten().count() > 1 {
            return Err(SpecError::new(given.0, given.1, "is a second recurrence")
                .hint("Give at most one of frequency, cron and rrule."));
        }
        if given.0 != "frequency" {
            let message = format!("goes with a frequency, not with {}", given.0);
            frequency::refuse_filters(fields, &message)?;
        } else if recurrence.0.is_none() {
            frequency::refuse_filters(fields, "goes with a frequency, and there is none")?;
        }
        let kind = if given.0 == "cron" {
            let cron = cron::parse(given.1)?;
            Kind::Clock {
                clock: cron.clock,
                elapsed: cron.elapsed,
            }
        } else {
            let start = start.ok_or_else(|| {
                SpecError::new("start_at", "", "is missing").hint("Only a cron expression goes without a start.")
            })?;
            if given.0 == "rrule" {
                let (rule, left_out) = rrule::parse(given.1, start, &zone)?;
                for date in left_out {
                    exdates.push(in_bounds("rrule", date)?);
                }
                Kind::Rule(rule)
            } else {
                match frequency::parse(given.1, fields, start)? {
                    Frequency::Once => Kind::Once,
                    Frequency::Hourly(hourly) => Kind::Hourly(hourly),
                    Frequency::Clock(clock) => Kind::Clock { clock, elapsed: false },
                }
            }
        };
        exdates.sort_unstable();
        exdates.dedup();
        // Once is once, also where the clock shows its time twice.
        let zone = match (&kind, zone.fold) {
            (Kind::Once, FoldRule::Both) => Zone {
                fold: FoldRule::First,
                ..zone
            },
            _ => zone,
        };
        let mut spec = Spec {
            zone,
            start,
            until: fields.until,
            exdates,
            kind,
        };
        spec.count_elapsed();
        if spec.next(None).is_none() {
            let (column, value) = match spec.kind {
                Kind::Once => ("start_at", start.map(|start| start.to_string())),
                _ => (given.0, Some(given.1.to_owned())),
            };
            return Err(SpecError::new(column, value.unwrap_or_default(), "never fires"));
        }
        Ok(spec)
    }

    /// Turns the COUNT of a rule that goes by elapsed time into its last instant: it counts runs, which may be more
    /// than local times (where the clock goes back), or fewer.
    fn count_elapsed(&mut self) {
        let count = match &mut self.kind {
            Kind::Rule(rule) => rule.count.take(),
            _ => None,
        };
        let last = count.and_then(|n| self.nth_elapsed(n));
        if let (Kind::Rule(rule), Some(last)) = (&mut self.kind, last) {
            rule.until = Some(last);
        }
    }

    /// The first run strictly after an instant; with `None` the first run of all, which is
    /// the start itself where it fits the recurrence.
    ///
    /// A cron expression without a start has no first run: `None` then counts from 1970, and
    /// a caller that means from now on passes the current time.
    pub fn next(&self, after: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        // Beyond the bounds there is nothing, not even for one who asks from there.
        self.search(after.map(bounds::clamp))
            .filter(|&at| after.is_none_or(|after| at > after))
    }

    /// The runs strictly after an instant, ascending; without end where the recurrence has none.
    pub fn upcoming(&self, after: Option<DateTime<Utc>>) -> impl Iterator<Item = DateTime<Utc>> + '_ {
        std::iter::successors(self.next(after), |&last| self.next(Some(last)))
    }

    /// Whether there is a recurrence: frequency (other than `once`), cron or RRULE.
    pub fn is_recurring(&self) -> bool {
        !matches!(self.kind, Kind::Once)
    }
}

/// A column's text; blank is as good as null.
fn text(column: &Option<String>) -> Option<&str> {
    column.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn in_bounds(column: &'static str, local: NaiveDateTime) -> Result<NaiveDateTime, SpecError> {
    bounds::without_leap_second(local)
        .filter(|&local| bounds::contains(local))
        .ok_or_else(|| SpecError::new(column, local, "lies beyond the calendar"))
}
