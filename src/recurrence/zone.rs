//! Zones, and the one place where a local time becomes instants.
//!
//! A local date-time names one instant on most days, none in the gap a clock
//! jumps over, and two in the fold it goes through twice. What then happens is
//! the schedule's own choice ([`GapRule`], [`FoldRule`]); every kind of recurrence asks
//! [`Zone::resolve`] and none decides for itself.

use std::str::FromStr;

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::{GapInfo, TZ_VARIANTS, Tz};

use super::SpecError;
use super::bounds::{instant_of, local_of};

/// What becomes of a local time that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GapRule {
    /// Later by the length of the gap: 02:30 becomes 03:30.
    Shift,
    /// No run on that day.
    Skip,
    /// The first instant after the gap: 02:30 becomes 03:00.
    NextValid,
}

/// What becomes of a local time that exists twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FoldRule {
    /// The earlier of the two instants.
    First,
    /// The later of the two instants.
    Last,
    /// Both of them.
    Both,
}

/// How far local and real order can disagree: no zone ever moved its clock by more than
/// a day, so that what happens further away than this cannot change an order.
pub(super) const REACH: Duration = Duration::hours(26);

/// Changes of offset are looked for in steps of this. In no zone do two changes lie so close
/// together: the least distance between 1830 and 2100 is 167 hours.
const STEP: Duration = REACH;

/// A zone with the policy of one schedule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone {
    /// The zone's rules.
    pub(super) tz: Tz,
    /// For local times that do not exist.
    pub(super) gap: GapRule,
    /// For local times that exist twice.
    pub(super) fold: FoldRule,
}

impl Zone {
    /// Looks up zone and policies; `None` stands for UTC, `shift` and `first`.
    ///
    /// # Errors
    /// A zone or policy of another name, with the nearest one as hint.
    pub fn parse(zone: Option<&str>, gap: Option<&str>, fold: Option<&str>) -> Result<Zone, SpecError> {
        let tz = match zone.map(str::trim) {
            None => Tz::UTC,
            Some(name) => Tz::from_str(name).map_err(|_| {
                let near = nearest(name, TZ_VARIANTS.iter().map(|tz| tz.name()));
                SpecError::new("time_zone", name, "is not a known time zone")
                    .hint_if(near.map(|near| format!("Did you mean {near}?")))
            })?,
        };
        let gap = match keyword(gap).as_deref() {
            None | Some("shift") => GapRule::Shift,
            Some("skip") => GapRule::Skip,
            Some("next_valid") => GapRule::NextValid,
            Some(other) => {
                let names = ["shift", "skip", "next_valid"];
                return Err(SpecError::unknown("dst_gap", other, &names));
            }
        };
        let fold = match keyword(fold).as_deref() {
            None | Some("first") => FoldRule::First,
            Some("last") => FoldRule::Last,
            Some("both") => FoldRule::Both,
            Some(other) => {
                let names = ["first", "last", "both"];
                return Err(SpecError::unknown("dst_fold", other, &names));
            }
        };
        Ok(Zone { tz, gap, fold })
    }

    /// The instants a local time stands for under the policy: none, one or two, ascending.
    pub fn resolve(&self, local: NaiveDateTime) -> impl Iterator<Item = DateTime<Utc>> + use<> {
        let at = |offset: i64| instant_of(local, offset);
        let pair = match self.tz.offset_from_local_datetime(&local) {
            LocalResult::Single(offset) => [at(seconds(&offset)), None],
            LocalResult::Ambiguous(a, b) => {
                let (a, b) = (seconds(&a), seconds(&b));
                // The greater offset gives the earlier instant.
                let (first, last) = (at(a.max(b)), at(a.min(b)));
                match self.fold {
                    FoldRule::First => [first, None],
                    FoldRule::Last => [last, None],
                    FoldRule::Both => [first, last],
                }
            }
            LocalResult::None => {
                let gap = GapInfo::new(&local, &self.tz);
                let before = gap.as_ref().and_then(|gap| gap.begin.as_ref());
                let end = gap.as_ref().and_then(|gap| gap.end.as_ref());
                match self.gap {
                    GapRule::Skip => [None, None],
                    GapRule::Shift => [before.and_then(|(_, o)| at(seconds(o))), None],
                    GapRule::NextValid => [end.map(|end| end.with_timezone(&Utc)), None],
                }
            }
        };
        pair.into_iter().flatten()
    }

    /// The zone's offset from UTC at an instant, in seconds.
    pub fn offset(&self, at: DateTime<Utc>) -> i64 {
        seconds(&self.tz.offset_from_utc_datetime(&at.naive_utc()))
    }

    /// The local time at an instant.
    pub fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        local_of(at, self.offset(at))
    }

    /// The first instant in `(from, to]` with another offset than `from` has.
    pub fn change_within(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let offset = self.offset(from);
        let mut low = from;
        while low < to {
            let mut high = low.checked_add_signed(STEP).map_or(to, |t| t.min(to));
            if self.offset(high) == offset {
                low = high;
                continue;
            }
            // Halve down to the second: offsets change on whole seconds only.
            while high.timestamp() - low.timestamp() > 1 {
                let middle = low.timestamp() + (high.timestamp() - low.timestamp()) / 2;
                let middle = DateTime::from_timestamp(middle, 0)?;
                if self.offset(middle) == offset {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            return DateTime::from_timestamp(high.timestamp(), 0);
        }
        None
    }

    /// The least and greatest offset within [`REACH`] of an instant, in seconds.
    pub fn offsets_around(&self, at: DateTime<Utc>) -> (i64, i64) {
        let mut t = at.checked_sub_signed(REACH).unwrap_or(at);
        let end = at.checked_add_signed(REACH).unwrap_or(at);
        let first = self.offset(t);
        let (mut least, mut greatest) = (first, first);
        while t < end {
            t = t.checked_add_signed(STEP).map_or(end, |t| t.min(end));
            let offset = self.offset(t);
            least = least.min(offset);
            greatest = greatest.max(offset);
        }
        (least, greatest)
    }
}

/// The first instant at which the clocks of a zone show a local time; where they jump over it, the first after the gap.
pub fn first_instant(tz: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    let zone = Zone {
        tz,
        gap: GapRule::NextValid,
        fold: FoldRule::First,
    };
    zone.resolve(local).next()
}

/// Lower-cased and trimmed, as keywords are compared.
fn keyword(text: Option<&str>) -> Option<String> {
    text.map(|text| text.trim().to_ascii_lowercase())
}

fn seconds(offset: &impl Offset) -> i64 {
    i64::from(offset.fix().local_minus_utc())
}

/// The name nearest to what was written, if it is near at all.
pub(super) fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody misspells a name by a thousand letters, and the distance is quadratic.
    let written: String = written.chars().take(64).collect::<String>().to_lowercase();
    names
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            // "Berlin" is meant as Europe/Berlin, "New York" as America/New_York.
            let city = lower.rsplit('/').next().unwrap_or(&lower);
            let whole = strsim::jaro_winkler(&written, &lower);
            (whole.max(strsim::jaro_winkler(&written, city) - 0.01), name)
        })
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
