//! Why a record is left where it is: one code for each reason, counted and audited by name.

use serde::{Deserialize, Serialize};

/// Why a record was left where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "i16", into = "i16")]
#[repr(i16)]
pub enum Reason {
    /// A code that is none of these.
    Unknown = -1,
    /// It was not left: it was moved.
    Moved = 0,
    /// No rule matched it.
    Unmatched = 1,
    /// It has an owner, and the rule that matched leaves owned records alone.
    AlreadyOwned = 2,
    /// The rep it would go to owns it.
    SameOwner = 3,
    /// It would lose its owner, and has none.
    AlreadyUnowned = 4,
    /// The pool it would go to has no active member.
    NobodyActive = 5,
    /// The rep it would go to is not active.
    RepInactive = 6,
    /// The rule that matched says nothing of where it should go.
    NoDestination = 7,
    /// Every rep who could have it is full, one of them at least by a cap.
    CapsFull = 8,
    /// Every rep who could have it has as many as its book or number allows.
    BooksFull = 9,
    /// No rep meets the criteria by which such records are limited to some.
    NoEligibleRep = 10,
    /// Every rep who could have it held it lately.
    CooledDown = 11,
    /// Every rep who could have it is away, one of them at least out of working hours.
    OutOfHours = 12,
    /// Every rep who could have it is absent.
    Absent = 13,
    /// The pool it would go to fills another segment of books than the one that it is in.
    OtherSegment = 14,
    /// An exclusion names it.
    Excluded = 15,
    /// It came to an automation and does not meet its criteria.
    NoMatch = 16,
}

impl Reason {
    /// The name under which reasons are counted and audited.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Moved => "moved",
            Self::Unmatched => "unmatched",
            Self::AlreadyOwned => "already_owned",
            Self::SameOwner => "same_owner",
            Self::AlreadyUnowned => "already_unowned",
            Self::NobodyActive => "nobody_active",
            Self::RepInactive => "rep_inactive",
            Self::NoDestination => "no_destination",
            Self::CapsFull => "caps_full",
            Self::BooksFull => "books_full",
            Self::NoEligibleRep => "no_eligible_rep",
            Self::CooledDown => "cooled_down",
            Self::OutOfHours => "out_of_hours",
            Self::Absent => "absent",
            Self::OtherSegment => "other_segment",
            Self::Excluded => "excluded",
            Self::NoMatch => "no_match",
        }
    }
}

impl From<i16> for Reason {
    fn from(code: i16) -> Reason {
        match code {
            0 => Self::Moved,
            1 => Self::Unmatched,
            2 => Self::AlreadyOwned,
            3 => Self::SameOwner,
            4 => Self::AlreadyUnowned,
            5 => Self::NobodyActive,
            6 => Self::RepInactive,
            7 => Self::NoDestination,
            8 => Self::CapsFull,
            9 => Self::BooksFull,
            10 => Self::NoEligibleRep,
            11 => Self::CooledDown,
            12 => Self::OutOfHours,
            13 => Self::Absent,
            14 => Self::OtherSegment,
            15 => Self::Excluded,
            16 => Self::NoMatch,
            _ => Self::Unknown,
        }
    }
}

impl From<Reason> for i16 {
    fn from(reason: Reason) -> i16 {
        reason as i16
    }
}
