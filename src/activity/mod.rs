//! When activities take place: calls, visits and the like, put into the free time of those who do them.
//!
//! This is pure: no server, no clock, no state.
//!
//! | what | file |
//! | --- | --- |
//! | one person's free time, taken piece by piece | `diary` |
//! | who does which activity, and when | `place` |
//! | what an activity is called | `subject` |
//!
//! - An activity lies as a whole in the working time of whoever does it, on one local day, between the earliest and the latest
//!   local time, and over nothing that is in the diary already. It begins on a whole minute, as early as can be.
//! - A day is full when nothing more fits in, or when it has as many activities as a day may have, those that were there
//!   before among them. Then the next day is taken, up to so many days after the first, which is the local day of the instant
//!   from which on they are placed.
//! - Who comes first in the list has the earlier place.

mod diary;
mod place;
mod subject;
#[cfg(test)]
mod tests;

pub use diary::{Diary, Limits};
pub use place::{Outcome, any, each};
pub use subject::{Piece, parse};

/// Why there is no place for an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Whoever would do it is never at work for so long between the earliest and the latest time of these days.
    NotAtWork,
    /// All the time there is, is taken.
    Full,
}
