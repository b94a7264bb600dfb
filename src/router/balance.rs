//! What people look at between runs: how full books are, and what reps weigh by performance. Counted as a run would count
//! it, with the rights of whoever looks, an object at a time.
//!
//! What cannot be counted (no right to read the table, text of somebody whom the reader does not trust, text that has
//! gone bad) is null, with a note; the other rows do not suffer.

use chrono::{DateTime, Utc};
use pgrx::pg_sys::panic::ErrorReportable;
use pgrx::prelude::*;
use serde::Deserialize;

use crate::catalogue::read;
use crate::error::{Result, error, internal, raised};
use crate::router::distribution_rule::DistributionRule;
use crate::router::failure;
use crate::router::intent::Intent;
use crate::router::session::with_settings;
use crate::router::situation::books::{self, Segments};
use crate::router::situation::count::{Amount, At, Counts, Numbers};
use crate::router::situation::load;
use crate::router::statement::AS_OF;
use crate::router::trust::check_writers;
use crate::xact;

/// One book, or one segment of it.
pub struct Book {
    /// The object.
    pub object: String,
    /// The segment; None = the whole book.
    pub segment: Option<String>,
    /// Whose it is.
    pub rep: String,
    /// How many records it shall hold.
    pub target: i32,
    /// How many it holds.
    pub held: Option<i64>,
    /// Why that is not known.
    pub note: Option<String>,
}

/// What a rep has done, as a rule by performance counts it.
pub struct Performance {
    /// The rule.
    pub rule: String,
    /// The rep.
    pub rep: String,
    /// Whether it takes part now.
    pub active: bool,
    /// Won, of how much, and the weight that makes: numerics' texts.
    pub done: Option<[String; 3]>,
    /// Why that is not known.
    pub note: Option<String>,
}

/// Every book of every object.
///
/// # Errors
/// When intent cannot be read, or the query is cancelled.
pub fn books(about: DateTime<Utc>) -> Result<Vec<Book>> {
    let intents: Vec<Intent> = read("select dist._booked_intents()", &[])?.unwrap_or_default();
    with_settings(about, || {
        let mut rows = Vec::new();
        for intent in &intents {
            // Segments are text that people wrote; whole books are counted without it.
            let segments = or_note(|| {
                check_writers(&intent.writers())?;
                books::segments(intent, AS_OF)
            })?;
            let none = Segments::new();
            let counted = or_note(|| whole_and_parts(intent, segments.as_ref().unwrap_or(&none), about))?;
            let (numbers, segments, note) = match (counted, segments) {
                (Ok((numbers, segments)), Ok(_)) => (Some(numbers), segments, None),
                // Without the segments, whose note it is.
                (Ok((numbers, segments)), Err(note)) => (Some(numbers), segments, Some(note)),
                (Err(note), Err(_)) => (None, Vec::new(), Some(note)),
                // One that fails while it is counted must not take the whole books along.
                (Err(note), Ok(_)) => match or_note(|| whole_and_parts(intent, &none, about))? {
                    Ok((numbers, segments)) => (Some(numbers), segments, Some(note)),
                    Err(note) => (None, Vec::new(), Some(note)),
                },
            };
            list(intent, numbers.as_ref(), &segments, note.as_deref(), &mut rows)?;
        }
        Ok(rows)
    })
}

/// Where the whole books and their segments are counted.
type Places = Vec<(Option<String>, At)>;

fn whole_and_parts(intent: &Intent, segments: &Segments, about: DateTime<Utc>) -> Result<(Numbers, Places)> {
    let object = intent.object()?;
    let books = intent.books.as_ref().ok_or_else(|| internal("no books"))?;
    let mut counts = Counts::default();
    let mut places = Places::new();
    if !books.wholes.is_empty() {
        let all = Amount {
            test: None,
            value: None,
        };
        places.push((None, counts.want(object, all, books.wholes.keys().map(String::as_str))));
    }
    for (name, _) in segments {
        let Some(targets) = books.parts.get(name) else { continue };
        let amount = Amount {
            test: books::within(segments, name),
            value: None,
        };
        let at = counts.want(object, amount, targets.keys().map(String::as_str));
        places.push((Some(name.clone()), at));
    }
    let numbers = Spi::connect(|client| counts.read(client, about))?;
    Ok((numbers, places))
}

fn list(
    intent: &Intent,
    numbers: Option<&Numbers>,
    places: &Places,
    note: Option<&str>,
    rows: &mut Vec<Book>,
) -> Result<()> {
    let object = &intent.object.as_ref().ok_or_else(|| internal("no object"))?.name;
    let Some(books) = &intent.books else { return Ok(()) };
    let wholes = std::iter::once((None, &books.wholes)).filter(|(_, targets)| !targets.is_empty());
    let parts = books
        .parts
        .iter()
        .map(|(segment, targets)| (Some(segment.clone()), targets));
    for (segment, targets) in wholes.chain(parts) {
        let at = places
            .iter()
            .find(|(counted, _)| *counted == segment)
            .map(|(_, at)| *at);
        for (rep, target) in targets {
            let held = numbers
                .zip(at)
                .and_then(|(numbers, at)| numbers.of(at, rep).parse().ok());
            rows.push(Book {
                object: object.clone(),
                segment: segment.clone(),
                rep: rep.clone(),
                target: i32::try_from(*target).map_err(internal)?,
                note: note.filter(|_| held.is_none()).map(ToOwned::to_owned),
                held,
            });
        }
    }
    Ok(())
}

/// A rule by performance with all that it counts.
#[derive(Deserialize)]
struct Measured {
    rule: DistributionRule,
    intent: Intent,
}

/// Every member of every rule by performance.
///
/// # Errors
/// When intent cannot be read, or the query is cancelled.
pub fn performance(about: DateTime<Utc>) -> Result<Vec<Performance>> {
    let all: Vec<Measured> = read("select dist._performing_intents()", &[])?.unwrap_or_default();
    with_settings(about, || {
        let mut rows = Vec::new();
        for Measured { rule, intent } in &all {
            let standings = or_note(|| {
                check_writers(&intent.writers())?;
                let mut counts = Counts::default();
                let counted = load::compile(intent, rule, AS_OF, &mut counts, &mut Vec::new())?;
                let numbers = Spi::connect(|client| counts.read(client, about))?;
                counted.standings(rule, &numbers)
            })?;
            let (mut standings, note) = match standings {
                Ok(standings) => (standings.unwrap_or_default().into_iter(), None),
                Err(note) => (Vec::new().into_iter(), Some(note)),
            };
            rows.extend(rule.members.iter().map(|member| Performance {
                rule: rule.name.clone(),
                rep: member.rep.clone(),
                active: member.active,
                done: standings.next().map(|done| [done.wins, done.handled, done.weight]),
                note: note.clone(),
            }));
        }
        Ok(rows)
    })
}

/// What `work` returns, or what it fails of; nothing of a failure is left. A cancel is no failure of its.
///
/// # Errors
/// The cancel.
pub fn or_note<T>(work: impl FnOnce() -> Result<T>) -> Result<std::result::Result<T, String>> {
    let caught = match xact::attempt(|| (work().unwrap_or_report(), true)) {
        Ok(done) => return Ok(Ok(done)),
        Err(caught) => caught,
    };
    let report = raised(&caught);
    let message = report.message().to_owned();
    // No run has failed of it.
    failure::begin();
    match report.sql_error_code() {
        code @ (PgSqlErrorCode::ERRCODE_QUERY_CANCELED | PgSqlErrorCode::ERRCODE_ADMIN_SHUTDOWN) => {
            Err(error(code, message))
        }
        _ => Ok(Err(message)),
    }
}
