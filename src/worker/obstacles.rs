//! What stands in a runner's way: what raised an error and is put off, and what somebody else is at.

use std::collections::{HashMap, HashSet};

use super::backoff::{Backoff, SECOND, earlier};
use super::shares::{Due, Work};

/// The longest wait before another attempt at what somebody else is at.
const BUSY: i64 = SECOND;
/// What somebody is at for longer keeps what comes after it of the same object waiting no more.
const BUSY_FOR_LONG: i64 = 5 * SECOND;
/// The first wait where others are in the way.
const CROWDED: i64 = SECOND / 500;
/// It is so many times as long as a look takes, at least.
const LOOKS: i64 = 4;
/// So often that wait doubles where something ran all the same.
const MOST_WAITS: u32 = 4;

/// They.
#[derive(Default)]
pub struct Obstacles {
    /// What stays due for now.
    put_off: HashMap<Work, Backoff>,
    /// Since when somebody else is at it.
    busy: HashMap<Work, i64>,
    /// Others, its like among them, are at what it would run next.
    pub crowded: bool,
    /// How often in a row that was all there was to do.
    waits: u32,
}

impl Obstacles {
    /// Whether another attempt at it is not to be made yet.
    pub fn put_off(&self, work: &Work, now: i64) -> bool {
        self.put_off
            .get(work)
            .is_some_and(|backoff| backoff.wait_until(now).is_some())
    }

    /// The patience with it, for an attempt that raised an error.
    pub fn patience(&mut self, work: &Work) -> &mut Backoff {
        self.put_off.entry(work.clone()).or_default()
    }

    /// Somebody else is at it: true where what comes after it is to wait too. After some time it is tried again alone.
    pub fn is_busy(&mut self, work: &Work, now: i64) -> bool {
        let since = *self.busy.entry(work.clone()).or_insert(now);
        if (since..since + BUSY_FOR_LONG).contains(&now) {
            self.crowded = true;
            return true;
        }
        self.patience(work).failed(now, BUSY);
        false
    }

    /// It was done.
    pub fn forget(&mut self, work: &Work) {
        self.put_off.remove(work);
        self.busy.remove(work);
    }

    /// What is not due any more is not in the way.
    pub fn forget_all_but(&mut self, due: &[Due]) {
        if self.put_off.is_empty() && self.busy.is_empty() {
            return;
        }
        let due: HashSet<&Work> = due.iter().map(|one| &one.work).collect();
        self.put_off.retain(|work, _| due.contains(work));
        self.busy.retain(|work, _| due.contains(work));
    }

    /// Something changed: what was put off may be tried now.
    pub fn hurry(&mut self) {
        self.put_off.values_mut().for_each(Backoff::hurry);
    }

    /// Something ran, for so long, where looking took so long: where that was little beside it, nobody is in the way of another.
    pub fn ran(&mut self, spent: i64, took: i64) {
        self.crowded &= spent < took.saturating_mul(LOOKS);
        self.waits = if self.crowded { self.waits.min(MOST_WAITS) } else { 0 };
    }

    /// When to try again, where looking took so long.
    pub fn wait_until(&mut self, now: i64, took: i64) -> Option<i64> {
        let crowded = std::mem::take(&mut self.crowded);
        let retry = self
            .put_off
            .values()
            // Its time may have come while it was out of sight: it is tried when others let this one come so far.
            .filter_map(|backoff| backoff.wait_until(now).or((!crowded).then_some(now)))
            .min();
        if !crowded {
            return retry;
        }
        let wait = CROWDED.max(took.saturating_mul(LOOKS)) << self.waits.min(16);
        self.waits = self.waits.saturating_add(1);
        earlier(retry, Some(now + wait.min(BUSY)))
    }
}

#[cfg(test)]
mod tests {
    use super::{BUSY, BUSY_FOR_LONG, CROWDED, LOOKS, Obstacles};
    use crate::worker::shares::Work;

    #[test]
    fn f4_what_comes_after_something_busy_waits_for_some_time() {
        let (mut obstacles, work) = (Obstacles::default(), Work::Schedule(1));
        assert!(obstacles.is_busy(&work, 0));
        assert!(obstacles.crowded && !obstacles.put_off(&work, 0));
        assert!(obstacles.is_busy(&work, BUSY_FOR_LONG - 1));
        assert!(!obstacles.is_busy(&work, BUSY_FOR_LONG));
        assert!(obstacles.put_off(&work, BUSY_FOR_LONG));
        obstacles.forget(&work);
        assert!(obstacles.is_busy(&work, BUSY_FOR_LONG));
        obstacles.forget_all_but(&[]);
        assert!(obstacles.is_busy(&work, 3 * BUSY_FOR_LONG));
        // The clock was set back.
        assert!(!obstacles.is_busy(&work, 0));
    }

    #[test]
    fn rests_longer_and_longer_where_others_are_in_the_way() {
        let mut obstacles = Obstacles::default();
        assert_eq!(obstacles.wait_until(0, 0), None);
        let mut rest = |took| {
            obstacles.crowded = true;
            obstacles.wait_until(0, took)
        };
        assert_eq!(rest(0), Some(CROWDED));
        assert_eq!(rest(0), Some(2 * CROWDED));
        assert_eq!(rest(CROWDED), Some(4 * LOOKS * CROWDED));
        for _ in 0..100 {
            assert!(rest(0) <= Some(BUSY));
        }
        obstacles.ran(1, 0);
        assert_eq!(obstacles.wait_until(0, 0), None);
        obstacles.crowded = true;
        assert_eq!(obstacles.wait_until(0, 0), Some(CROWDED));
    }

    #[test]
    fn others_are_not_in_the_way_where_looking_is_little_beside_what_runs() {
        let mut obstacles = Obstacles {
            crowded: true,
            ..Obstacles::default()
        };
        obstacles.ran(10 * LOOKS - 1, 10);
        assert!(obstacles.crowded);
        obstacles.ran(10 * LOOKS, 10);
        assert!(!obstacles.crowded);
        assert_eq!(obstacles.wait_until(0, 0), None);
    }

    #[test]
    fn what_is_put_off_and_out_of_sight_leaves_no_rest_undone() {
        let mut obstacles = Obstacles::default();
        obstacles.patience(&Work::Schedule(1)).failed(0, BUSY);
        let until = obstacles.wait_until(0, 0);
        assert!(until.is_some_and(|at| at > 0));
        assert_eq!(obstacles.wait_until(BUSY, 0), Some(BUSY));
        obstacles.crowded = true;
        assert_eq!(obstacles.wait_until(BUSY, 0), Some(BUSY + CROWDED));
        obstacles.hurry();
        assert!(!obstacles.put_off(&Work::Schedule(1), 0));
    }
}
