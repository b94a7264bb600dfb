//! Everybody's working hours, and who stands in for whom.
//!
//! Somebody who is absent may name who stands in. That one receives if he is at work; if he is absent too he hands on to who
//! stands in for him, and so on. Who is merely out of hours has nobody to hand on to.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::{Absence, Calendar, Hours, Why};

/// What is known of everybody who does not simply work round the clock.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Roster {
    #[serde(default)]
    calendars: BTreeMap<String, Calendar>,
    #[serde(default)]
    people: BTreeMap<String, Person>,
}

/// One rep.
#[derive(Debug, Clone, Deserialize)]
struct Person {
    active: bool,
    zone: String,
    calendar: Option<String>,
    /// In the order in which stand-ins are asked.
    absences: Vec<Absence>,
}

/// How it stands with somebody at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing<'a> {
    /// At work.
    AtWork,
    /// Not at work, and who receives instead, if anybody.
    Away {
        /// Why.
        why: Why,
        /// Who stands in and is at work.
        stand_in: Option<&'a str>,
    },
}

/// Why somebody is not at work, to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// Why.
    pub why: Why,
    /// The name of the holiday or the reason of the absence.
    pub detail: Option<String>,
    /// When somebody is at work again; None = never.
    pub until: Option<DateTime<Utc>>,
    /// Who stands in and is at work.
    pub stand_in: Option<String>,
}

impl Away {
    /// Why, in words.
    pub fn told(&self) -> String {
        match self.detail.as_deref().filter(|detail| !detail.is_empty()) {
            Some(detail) => format!("{}: {detail}", self.why.as_str()),
            None => self.why.as_str().to_owned(),
        }
    }
}

impl Roster {
    /// Who can come to stand in for somebody.
    pub fn stand_ins<'a>(&'a self, rep: &str) -> impl Iterator<Item = &'a str> {
        let absences = self
            .people
            .get(rep)
            .map_or(&[][..], |person| person.absences.as_slice());
        absences.iter().filter_map(|absence| absence.stand_in.as_deref())
    }

    /// The same of several, with themselves, and on to who stands in for those who stand in: each once.
    pub fn with_stand_ins<'a>(&'a self, reps: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let mut all: Vec<&str> = reps.collect();
        let mut known: HashSet<&str> = all.iter().copied().collect();
        let mut next = 0;
        while let Some(rep) = all.get(next) {
            let more: Vec<&str> = self.stand_ins(rep).filter(|name| known.insert(name)).collect();
            all.extend(more);
            next += 1;
        }
        all
    }

    /// How it stands with somebody at an instant. Who is not on the roster works round the clock, as does one whose zone
    /// or calendar is not known.
    pub fn standing(&self, rep: &str, at: DateTime<Utc>) -> Standing<'_> {
        let Some((person, hours)) = self.find(rep) else {
            return Standing::AtWork;
        };
        match hours.why_not(at) {
            None => Standing::AtWork,
            Some(why) => Standing::Away {
                why,
                stand_in: self.in_place_of(person, &hours, at, &mut vec![rep.to_owned()]),
            },
        }
    }

    /// Why somebody is not at work, and until when; None = at work.
    pub fn away(&self, rep: &str, at: DateTime<Utc>) -> Option<Away> {
        let (person, hours) = self.find(rep)?;
        let why = hours.why_not(at)?;
        let local = hours.local(at);
        let absence = person.absences.iter().find(|absence| absence.covers(local));
        Some(Away {
            why,
            detail: match why {
                Why::Absent => absence.and_then(|absence| absence.reason.clone()),
                Why::Holiday => hours.holiday(at).map(ToOwned::to_owned),
                Why::OutOfHours => None,
            },
            until: hours.next_at_work(at),
            stand_in: self
                .in_place_of(person, &hours, at, &mut vec![rep.to_owned()])
                .map(ToOwned::to_owned),
        })
    }

    /// Until when somebody is at work who is; None = no end is known.
    pub fn works_until(&self, rep: &str, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.find(rep)?.1.works_until(at)
    }

    /// When so much of somebody's working time is over; None = never.
    pub fn worked(&self, rep: &str, from: DateTime<Utc>, work: TimeDelta) -> Option<DateTime<Utc>> {
        match self.find(rep) {
            Some((_, hours)) => hours.after(from, work),
            None => from.checked_add_signed(work),
        }
    }

    /// Somebody's hours; who is not on the roster works round the clock in `zone`. None for a zone that is not known.
    pub fn hours(&self, rep: &str, zone: &str) -> Option<Hours<'_>> {
        self.find(rep)
            .map(|(_, hours)| hours)
            .or_else(|| Hours::new(zone, None, &[]))
    }

    fn find(&self, rep: &str) -> Option<(&Person, Hours<'_>)> {
        let person = self.people.get(rep)?;
        let calendar = person.calendar.as_ref().and_then(|name| self.calendars.get(name));
        Some((person, Hours::new(&person.zone, calendar, &person.absences)?))
    }

    /// Who is at work of those who stand in for somebody who is away; `asked` are those who have been asked already, as a
    /// restored dump may have a circle.
    fn in_place_of<'a>(
        &'a self,
        person: &'a Person,
        hours: &Hours<'_>,
        at: DateTime<Utc>,
        asked: &mut Vec<String>,
    ) -> Option<&'a str> {
        let local = hours.local(at);
        for absence in person.absences.iter().filter(|absence| absence.covers(local)) {
            let Some(name) = absence.stand_in.as_deref() else {
                continue;
            };
            if asked.iter().any(|asked| asked == name) {
                continue;
            }
            asked.push(name.to_owned());
            let found = match self.find(name) {
                None => Some(name),
                Some((next, hours)) if next.active && hours.why_not(at).is_none() => Some(name),
                Some((next, hours)) => self.in_place_of(next, &hours, at, asked),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }
}
