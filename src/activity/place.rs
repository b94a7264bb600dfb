//! Who does which activity, and when.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, Utc};

use super::{Diary, Why};

/// What becomes of one activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has a place.
    At {
        /// Whose, as the number of the diary.
        who: usize,
        /// When it begins.
        starts: DateTime<Utc>,
    },
    /// There is no place for it.
    Left(Why),
    /// There is nobody to do it.
    Nobody,
}

/// Each activity is done by a person of its own, named by the number of the diary; any other number, and a diary that is not
/// there, is nobody.
pub fn each(diaries: &mut [Option<Diary>], wanted: &[i32]) -> Vec<Outcome> {
    let one = |who: &i32| {
        let who = usize::try_from(*who).unwrap_or(usize::MAX);
        match diaries.get_mut(who).and_then(Option::as_mut) {
            None => Outcome::Nobody,
            Some(diary) => match diary.take() {
                Some(starts) => Outcome::At { who, starts },
                None => Outcome::Left(diary.why()),
            },
        }
    };
    wanted.iter().map(one).collect()
}

/// So many activities, each done by whoever has time first: of several the one who has fewest of them, then the one who comes
/// first in the list.
pub fn any(diaries: &mut [Diary], count: usize) -> Vec<Outcome> {
    let left = if diaries.is_empty() {
        Outcome::Nobody
    } else if diaries.iter().all(|diary| diary.why() == Why::NotAtWork) {
        Outcome::Left(Why::NotAtWork)
    } else {
        Outcome::Left(Why::Full)
    };
    let mut free: BinaryHeap<Reverse<(DateTime<Utc>, usize, usize)>> = diaries
        .iter_mut()
        .enumerate()
        .filter_map(|(who, diary)| Some(Reverse((diary.peek()?, 0, who))))
        .collect();
    let mut next = || {
        let Reverse((starts, taken, who)) = free.pop()?;
        let diary = diaries.get_mut(who)?;
        diary.take();
        if let Some(then) = diary.peek() {
            free.push(Reverse((then, taken + 1, who)));
        }
        Some(Outcome::At { who, starts })
    };
    (0..count).map(|_| next().unwrap_or(left)).collect()
}
