//! The shifts of a week and the holidays, made into spans of each local day.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

/// Seconds of a day.
const DAY: u32 = 86_400;

/// Seconds of a local day, the end exclusive.
pub(super) type Span = (u32, u32);

/// One shift: (weekday from 1, Monday, to 7; first second of the day; the second at which it ends). One that does not end after
/// it starts runs over midnight.
pub type Shift = (u8, u32, u32);

/// When people who go by it are at work.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Rows")]
pub struct Calendar {
    /// By weekday, what begins on it, up to midnight.
    own: [Vec<Span>; 7],
    /// The same, with what the day before runs over.
    whole: [Vec<Span>; 7],
    holidays: BTreeMap<NaiveDate, String>,
}

#[derive(Deserialize)]
struct Rows {
    shifts: Vec<Shift>,
    holidays: BTreeMap<NaiveDate, String>,
}

impl From<Rows> for Calendar {
    fn from(rows: Rows) -> Self {
        Self::new(&rows.shifts, rows.holidays)
    }
}

impl Calendar {
    /// A calendar of shifts and named holidays. A weekday that is none is left out.
    pub fn new(shifts: &[Shift], holidays: BTreeMap<NaiveDate, String>) -> Self {
        let mut calendar = Self {
            holidays,
            ..Self::default()
        };
        for &(weekday, starts, ends) in shifts {
            let Some(day) = usize::from(weekday).checked_sub(1).filter(|&day| day < 7) else {
                continue;
            };
            let (starts, ends) = (starts.min(DAY), ends.min(DAY));
            if ends > starts {
                calendar.own[day].push((starts, ends));
            } else {
                calendar.own[day].push((starts, DAY));
                calendar.whole[(day + 1) % 7].push((0, ends));
            }
        }
        for day in 0..7 {
            if shifts.is_empty() {
                calendar.own[day].push((0, DAY));
            }
            let own = calendar.own[day].clone();
            calendar.whole[day].extend(own);
            merge(&mut calendar.own[day]);
            merge(&mut calendar.whole[day]);
        }
        calendar
    }

    /// When somebody is at work on a local day, ascending.
    pub(super) fn day(&self, day: NaiveDate) -> &[Span] {
        let weekday = day.weekday().num_days_from_monday() as usize;
        let off = |day: Option<NaiveDate>| day.is_some_and(|day| self.holidays.contains_key(&day));
        if off(Some(day)) {
            &[]
        } else if off(day.pred_opt()) {
            &self.own[weekday]
        } else {
            &self.whole[weekday]
        }
    }

    /// The name of the holiday that a local day is.
    pub(super) fn holiday(&self, day: NaiveDate) -> Option<&str> {
        self.holidays.get(&day).map(String::as_str)
    }

    /// The last holiday: after the next day every week is like the other.
    pub(super) fn last_holiday(&self) -> Option<NaiveDate> {
        self.holidays.keys().next_back().copied()
    }
}

/// Ascending spans, of which none touch.
fn merge(spans: &mut Vec<Span>) {
    spans.retain(|(start, end)| start < end);
    spans.sort_unstable();
    spans.dedup_by(|next, kept| {
        let one = next.0 <= kept.1;
        if one {
            kept.1 = kept.1.max(next.1);
        }
        one
    });
}
