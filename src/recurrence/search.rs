//! From ascending local times to ascending instants.
//!
//! Local order and real order agree but for the hours around a change of the zone's offset:
//! a run moved out of a gap can come after a later one, and the second half of a fold comes
//! before later local times. Both searches therefore look around a change as far as it can
//! reach, and take the nearest instant.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::bounds::{contains, instant_of, just_after, just_after_instant, local_of};
use super::zone::{GapRule, REACH, Zone};
use super::{Kind, Spec};

impl Spec {
    /// [`Spec::next`], for an instant within bounds.
    pub(super) fn search(&self, after: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        match &self.kind {
            Kind::Hourly(_) => self.elapsed(after),
            Kind::Clock { elapsed: true, .. } => self.elapsed(after),
            Kind::Rule(rule) if rule.elapsed => self.elapsed(after),
            _ => self.wall(after),
        }
    }

    /// The first local time of the recurrence that is not before `from`, whatever is left out.
    pub(super) fn fitting(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let started = self.start.map_or(from, |start| from.max(start));
        match &self.kind {
            Kind::Once => self.start.filter(|&start| start >= from),
            Kind::Hourly(_) => None,
            // What goes by elapsed time has an instant for its start, after which the clock
            // may go back.
            Kind::Clock { clock, elapsed: true } => clock.first_from(from),
            Kind::Clock { clock, .. } => clock.first_from(started),
            Kind::Rule(rule) => rule.first_from(started),
        }
        .filter(|&local| contains(local))
    }

    /// Whether a local time is left out.
    pub(super) fn excluded(&self, local: NaiveDateTime) -> bool {
        self.exdates.binary_search(&local).is_ok()
    }

    /// Whether a local time lies after the last date.
    pub(super) fn ended(&self, local: NaiveDateTime) -> bool {
        self.until.is_some_and(|until| local.date() > until)
    }

    /// Where a search without a lower bound begins, as local time.
    fn beginning(&self) -> NaiveDateTime {
        let epoch = DateTime::UNIX_EPOCH.naive_utc();
        self.start.unwrap_or(epoch)
    }

    /// By the wall clock: each local time becomes instants by the zone's policy.
    fn wall(&self, after: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let mut from = match after {
            None => self.beginning(),
            // No local time before this one can stand for an instant after `after`.
            Some(after) => local_of(after, self.zone.offsets_around(after).0),
        };
        let mut best: Option<DateTime<Utc>> = None;
        let mut latest = None;
        while let Some(local) = self.fitting(from) {
            if self.ended(local) || latest.is_some_and(|latest| local > latest) {
                break;
            }
            from = just_after(local)?;
            if self.excluded(local) {
                continue;
            }
            let instants = self
                .zone
                .resolve(local)
                .filter(|&t| after.is_none_or(|after| t > after));
            let Some(found) = instants.filter(|&t| self.allowed(t)).min() else {
                continue;
            };
            if best.is_none_or(|best| found < best) {
                best = Some(found);
                // No local time after this one can stand for an earlier instant.
                let (least, greatest) = self.zone.offsets_around(found);
                if least == greatest {
                    break;
                }
                latest = Some(local_of(found, greatest));
            }
        }
        best
    }

    /// A limit that is an instant, not a local time.
    pub(super) fn allowed(&self, at: DateTime<Utc>) -> bool {
        match &self.kind {
            Kind::Rule(rule) => rule.until.is_none_or(|until| at <= until),
            _ => true,
        }
    }

    /// By elapsed time: every instant whose local time fits.
    fn elapsed(&self, after: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        let start = self.start_instant()?;
        let mut from = match after {
            None => start,
            Some(after) => just_after_instant(after)?.max(start),
        };
        loop {
            let at = match &self.kind {
                Kind::Hourly(hourly) => hourly.first_from(start, from, &self.zone)?,
                _ => self.fitting_instant(from)?,
            };
            let local = self.zone.local(at);
            if !contains(local) || !self.allowed(at) {
                return None;
            }
            if self.ended(local) {
                // The clock may go back across midnight, into the last date again.
                from = self.zone.change_within(at, at + REACH)?;
                if self.ended(self.zone.local(from)) {
                    return None;
                }
                continue;
            }
            if !self.excluded(local) {
                return Some(at);
            }
            from = just_after_instant(at)?;
        }
    }

    /// The n-th instant by elapsed time, counted from 1; nothing is left out but what the rule leaves out.
    pub(super) fn nth_elapsed(&self, n: u32) -> Option<DateTime<Utc>> {
        let mut from = self.start_instant()?;
        let mut at = None;
        for _ in 0..n {
            let found = self.fitting_instant(from)?;
            at = Some(found);
            from = just_after_instant(found)?;
        }
        at
    }

    /// The start as an instant. What goes by elapsed time must begin somewhere, so that a
    /// start that does not exist is moved to the end of its gap even where runs are skipped.
    fn start_instant(&self) -> Option<DateTime<Utc>> {
        let gap = match self.zone.gap {
            GapRule::Skip => GapRule::NextValid,
            rule => rule,
        };
        Zone { gap, ..self.zone }.resolve(self.beginning()).next()
    }

    /// The first instant from `from` on whose local time fits the recurrence.
    ///
    /// Between two changes of the offset, local and real order are the same: the search goes
    /// from change to change, but jumps over spans in which no local time can fit.
    fn fitting_instant(&self, mut from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        loop {
            let offset = self.zone.offset(from);
            let local = self.fitting(local_of(from, offset))?;
            let at = instant_of(local, offset)?;
            if at.signed_duration_since(from) <= REACH + REACH {
                match self.zone.change_within(from, at) {
                    Some(change) => from = change,
                    None => return Some(at),
                }
            } else if let Some(change) = self.zone.change_within(from, from + REACH) {
                // The clock may go back here, and repeat local times that fit.
                from = change;
            } else {
                from = at - REACH;
            }
        }
    }
}
