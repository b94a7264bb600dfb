//! Working hours: whether somebody is at work at an instant and why not, when next, and working time as a measure.
//!
//! This is pure: no server, no clock, no state. It goes by what the clock on the wall says where somebody works: a shift is a
//! set of local times, and whoever's local time is in it is at work. So a shift keeps its local hours across daylight saving,
//! an hour that exists twice counts twice, and one that does not exist does not count.
//!
//! | what | file |
//! | --- | --- |
//! | shifts of a week, and holidays | `calendar` |
//! | one person: zone, calendar, absences | `hours` |
//! | everybody: who stands in for whom | `roster` |
//!
//! - A shift whose end is not after its start runs over midnight. Shifts that overlap count once. A calendar without shifts
//!   is round the clock, holidays apart; so is who has no calendar.
//! - On a holiday nobody is at work, from midnight to midnight, and no shift begins: one that would run over midnight does not
//!   take place on the day after either.
//! - Absences are spans of local time, whose end is exclusive; who is absent is absent at night too.

mod calendar;
mod hours;
mod roster;
#[cfg(test)]
mod tests;

pub use calendar::Calendar;
pub use hours::{Absence, Hours};
pub use roster::{Roster, Standing};

/// Why somebody is not at work. Of several reasons the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// No shift is on.
    OutOfHours,
    /// The day is a holiday.
    Holiday,
    /// Somebody is away.
    Absent,
}

impl Why {
    /// As people and views read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfHours => "out of hours",
            Self::Holiday => "holiday",
            Self::Absent => "absent",
        }
    }
}
