//! What several schedules are going to do, merged by time.
//!
//! Each schedule is asked for its next instant only when the merge has come to its last one: the cost goes with the
//! number of events that are wanted, not with the length of time that is looked at.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use chrono::{DateTime, Duration, NaiveDateTime, Utc};

use super::Spec;
use super::left_out::Reason;

/// A schedule as it stands.
#[derive(Debug)]
pub struct Entry {
    /// Its recurrence.
    pub spec: Rc<Spec>,
    /// The instant at which it is due next, where it is armed; without one it runs from the outlook's beginning on.
    pub due: Option<DateTime<Utc>>,
    /// Runs until it has had all that it may have.
    pub runs_left: Option<u32>,
}

/// What happens at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A run.
    Run,
    /// No run: its local time is left out.
    Exdate(NaiveDateTime),
    /// No run: its local time does not exist.
    Gap(NaiveDateTime),
    /// No run here or later: the recurrence has come to its end.
    End,
    /// No run here or later: it has had its runs.
    Enough,
}

/// An event of one of the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happening {
    /// When.
    pub at: DateTime<Utc>,
    /// The number of the entry; entries at the same instant keep their order.
    pub entry: usize,
    /// What.
    pub event: Event,
}

/// What is going to happen from one instant to another, both included.
#[derive(Debug)]
pub struct Outlook {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    most: usize,
    entries: Vec<Waiting>,
}

/// An entry with what is known of it.
#[derive(Debug)]
struct Waiting {
    number: usize,
    entry: Entry,
    runs_left: Option<u32>,
    /// Its first run, or its end; and whatever is left out. Not empty.
    known: Vec<(DateTime<Utc>, Event)>,
}

impl Outlook {
    /// Nothing yet; at most so many events are wanted.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>, most: usize) -> Outlook {
        Outlook {
            from,
            to,
            most,
            entries: Vec::new(),
        }
    }

    /// Adds an entry. `pause` is called now and then, so that the caller can break off.
    pub fn add(&mut self, number: usize, entry: Entry, mut pause: impl FnMut()) {
        let (first, runs_left) = entry.first_from(self.from, &mut pause);
        let left_out = entry.spec.left_out(self.from, self.to, self.most);
        let left_out = left_out.into_iter().map(|left_out| match left_out.reason {
            Reason::Exdate => (left_out.at, Event::Exdate(left_out.local)),
            Reason::Gap => (left_out.at, Event::Gap(left_out.local)),
        });
        let mut known: Vec<_> = first
            .into_iter()
            .chain(left_out)
            .filter(|&(at, _)| at <= self.to)
            .collect();
        known.sort_unstable();
        if known.is_empty() {
            return;
        }
        self.entries.push(Waiting {
            number,
            entry,
            runs_left,
            known,
        });
        // Of more entries than events are wanted, those that begin last have no say.
        if self.entries.len() > self.most.saturating_mul(2).saturating_add(64) {
            self.entries
                .sort_unstable_by_key(|waiting| (waiting.known.first().copied(), waiting.number));
            self.entries.truncate(self.most);
        }
    }

    /// The events, ascending.
    pub fn happenings(self, mut pause: impl FnMut()) -> Vec<Happening> {
        let mut entries: BTreeMap<usize, (Entry, Option<u32>)> = BTreeMap::new();
        let mut heap = BinaryHeap::new();
        for waiting in self.entries {
            let entry = waiting.number;
            heap.extend(
                waiting
                    .known
                    .iter()
                    .map(|&(at, event)| Reverse(Happening { at, entry, event })),
            );
            entries.insert(entry, (waiting.entry, waiting.runs_left));
        }
        let mut found = Vec::new();
        while found.len() < self.most
            && let Some(Reverse(happening)) = heap.pop()
            && happening.at <= self.to
        {
            // An entry that has come to its end is gone: what would have been left out later is not worth a word.
            let Some((entry, left)) = entries.get_mut(&happening.entry) else {
                continue;
            };
            found.push(happening);
            match happening.event {
                Event::Run => {
                    *left = left.map(|left| left.saturating_sub(1));
                    let next = entry.after(happening.at, *left);
                    heap.extend(next.map(|(at, event)| Reverse(Happening { at, event, ..happening })));
                }
                Event::End | Event::Enough => {
                    entries.remove(&happening.entry);
                }
                Event::Exdate(_) | Event::Gap(_) => {}
            }
            if found.len().is_multiple_of(1024) {
                pause();
            }
        }
        found
    }
}

impl Entry {
    /// The first event from an instant on, and the runs that are then left.
    fn first_from(
        &self,
        from: DateTime<Utc>,
        pause: &mut impl FnMut(),
    ) -> (Option<(DateTime<Utc>, Event)>, Option<u32>) {
        let before = from.checked_sub_signed(Duration::nanoseconds(1)).unwrap_or(from);
        let Some(due) = self.due else {
            return (self.after(before, self.runs_left), self.runs_left);
        };
        let mut next = Some((
            due,
            if self.runs_left == Some(0) {
                Event::Enough
            } else {
                Event::Run
            },
        ));
        let mut left = self.runs_left;
        let mut counted = 0_u32;
        // Runs before the beginning use up what may be left of them.
        while let Some((at, Event::Run)) = next.filter(|&(at, _)| at < from) {
            left = left.map(|left| left.saturating_sub(1));
            next = match left {
                None => self.after(before, left),
                Some(_) => self.after(at, left),
            };
            counted = counted.wrapping_add(1);
            if counted.is_multiple_of(1024) {
                pause();
            }
        }
        // It may also have come to its end before.
        if let Some((at, event)) = next
            && at < from
        {
            next = self.spec.endless().next(Some(before)).map(|at| (at, event));
        }
        (next, left)
    }

    /// What comes after an instant: the next run, or where it would be had the schedule not ended.
    fn after(&self, at: DateTime<Utc>, left: Option<u32>) -> Option<(DateTime<Utc>, Event)> {
        match (self.spec.next(Some(at)), left) {
            (Some(next), Some(0)) => Some((next, Event::Enough)),
            (Some(next), _) => Some((next, Event::Run)),
            (None, _) => self.spec.endless().next(Some(at)).map(|next| (next, Event::End)),
        }
    }
}
