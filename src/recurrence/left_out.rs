//! The instants that a recurrence names and at which it yet does not run: for telling people, not for running.

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};

use super::bounds::{instant_of, just_after, local_of};
use super::zone::{FoldRule, GapRule, REACH, Zone};
use super::{Kind, Spec};

/// No zone's rules are known beyond this year, so there is no gap either.
const LAST_YEAR_OF_RULES: i32 = 2101;

/// Why there is no run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is among the exdates.
    Exdate,
    /// The clock jumps over it, and such times are skipped.
    Gap,
}

/// An instant at which nothing runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The instant; of a local time that the clock jumps over, that of the jump.
    pub at: DateTime<Utc>,
    /// The local time that is left out.
    pub local: NaiveDateTime,
    /// Why.
    pub reason: Reason,
}

impl Spec {
    /// The instants from `from` to `to` that are left out, ascending, and at most so many of either reason.
    pub fn left_out(&self, from: DateTime<Utc>, to: DateTime<Utc>, most: usize) -> Vec<LeftOut> {
        let mut all = self.left_out_by_exdates(from, to, most);
        all.extend(self.left_out_in_gaps(from, to, most));
        all.sort_unstable_by_key(|left_out| (left_out.at, left_out.local));
        all
    }

    /// The recurrence without the end that was given to it.
    pub fn endless(&self) -> Spec {
        let mut spec = Spec {
            until: None,
            ..self.clone()
        };
        if let Kind::Rule(rule) = &mut spec.kind {
            rule.last = None;
            rule.until = None;
        }
        spec
    }

    /// Whether it is by the wall clock that it goes.
    fn by_wall_clock(&self) -> bool {
        match &self.kind {
            Kind::Once => true,
            Kind::Hourly(_) => false,
            Kind::Clock { elapsed, .. } => !elapsed,
            Kind::Rule(rule) => !rule.elapsed,
        }
    }

    fn left_out_by_exdates(&self, from: DateTime<Utc>, to: DateTime<Utc>, most: usize) -> Vec<LeftOut> {
        if self.exdates.is_empty() {
            return Vec::new();
        }
        let whole = Spec {
            exdates: Vec::new(),
            ..self.clone()
        };
        let zone = if self.by_wall_clock() {
            self.zone
        } else {
            Zone {
                gap: GapRule::Skip,
                fold: FoldRule::Both,
                ..self.zone
            }
        };
        // Neither end can be further off than this, as a local time.
        let low = from.checked_sub_signed(REACH).unwrap_or(from).naive_utc();
        let high = to.checked_add_signed(REACH).unwrap_or(to).naive_utc();
        let first = self.exdates.partition_point(|&local| local < low);
        let near = self.exdates.iter().skip(first).take_while(|&&local| local <= high);
        let is_run = |spec: &Spec, at: DateTime<Utc>| {
            let before = at.checked_sub_signed(chrono::Duration::nanoseconds(1));
            spec.next(before) == Some(at)
        };
        near.flat_map(|&local| zone.resolve(local).map(move |at| (at, local)))
            .filter(|&(at, _)| (from..=to).contains(&at) && is_run(&whole, at) && !is_run(self, at))
            .map(|(at, local)| LeftOut {
                at,
                local,
                reason: Reason::Exdate,
            })
            .take(most)
            .collect()
    }

    fn left_out_in_gaps(&self, from: DateTime<Utc>, to: DateTime<Utc>, most: usize) -> Vec<LeftOut> {
        let mut found = Vec::new();
        if self.zone.gap != GapRule::Skip || !self.by_wall_clock() {
            return found;
        }
        let end = Utc.with_ymd_and_hms(LAST_YEAR_OF_RULES, 1, 1, 0, 0, 0).single();
        let to = end.map_or(to, |end| to.min(end));
        let mut at = from.checked_sub_signed(chrono::Duration::seconds(1)).unwrap_or(from);
        while let Some(change) = self.zone.change_within(at, to)
            && found.len() < most
        {
            let (before, after) = (self.zone.offset(at), self.zone.offset(change));
            at = change;
            if after <= before {
                continue;
            }
            let (mut low, high) = (local_of(change, before), local_of(change, after));
            while let Some(local) = self.fitting(low)
                && local < high
                && !self.ended(local)
                && found.len() < most
            {
                if !self.excluded(local) && instant_of(local, before).is_some_and(|at| self.allowed(at)) {
                    found.push(LeftOut {
                        at: change,
                        local,
                        reason: Reason::Gap,
                    });
                }
                let Some(next) = just_after(local) else { return found };
                low = next;
            }
        }
        found
    }
}
