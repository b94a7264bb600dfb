//! Patience: when to try again what went wrong, and whether to speak about it.

/// Microseconds in a second, PostgreSQL's unit of time.
pub const SECOND: i64 = 1_000_000;
/// A process that lived so long has ended for a reason of today.
const SETTLED: i64 = 60 * SECOND;

/// Tries again at once, more and more seldom, and reports an incident once however long it lasts.
#[derive(Default)]
pub struct Backoff {
    failures: u32,
    /// When the first of them was noted that does not pass by itself.
    lasting_since: Option<i64>,
    /// Something was said of them.
    told: bool,
    since: i64,
    until: i64,
}

impl Backoff {
    const FIRST: i64 = SECOND / 10;

    /// Notes a failure; true when it is the first of its incident, which is when it is worth a line in the log.
    pub fn failed(&mut self, now: i64, longest: i64) -> bool {
        let delay = Self::FIRST << self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        self.since = now;
        self.until = now.saturating_add(delay.min(longest));
        self.failures == 1
    }

    /// Whether a failure, noted already, is worth a line in the log: once in an incident; of what may be over at the next attempt,
    /// when that attempt was worth the wait. One that was not waited for, because something called, says nothing: DROP EXTENSION
    /// wakes everybody before the catalogue's changes have reached them.
    pub fn is_worth_a_line(&mut self, now: i64, may_be_over: bool) -> bool {
        let lasting_since = *self.lasting_since.get_or_insert(now);
        let lasted = !(lasting_since..lasting_since.saturating_add(Self::FIRST)).contains(&now);
        let is_worth_it = !self.told && (!may_be_over || lasted);
        self.told |= is_worth_it;
        is_worth_it
    }

    /// Notes the untimely end of a process that was started then: of an incident of its own where it had lived for
    /// long. Else a process that never leaves by itself would be replaced later and later, the more such ends there
    /// have been in all its database's days.
    pub fn ended(&mut self, started_at: i64, now: i64, longest: i64) -> bool {
        if now.saturating_sub(started_at) > SETTLED {
            self.succeeded();
        }
        self.failed(now, longest)
    }

    /// Notes that it went well.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Whether the last attempt was a failure.
    pub fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Something changed: the next attempt may be made now.
    pub fn hurry(&mut self) {
        self.until = 0;
    }

    /// When to try again; None = now. So too where the clock has been set back since, lest the wait last as long as
    /// that step.
    pub fn wait_until(&self, now: i64) -> Option<i64> {
        (self.until > now && self.since <= now).then_some(self.until)
    }
}

/// The earlier of two instants of which either may be missing.
pub fn earlier(a: Option<i64>, b: Option<i64>) -> Option<i64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, SECOND, earlier};

    #[test]
    fn waits_longer_and_longer_and_speaks_once() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.wait_until(0), None);
        assert!(backoff.failed(0, 60 * SECOND));
        assert_eq!(backoff.wait_until(0), Some(SECOND / 10));
        assert_eq!(backoff.wait_until(SECOND / 10), None);
        assert!(!backoff.failed(0, 60 * SECOND));
        assert_eq!(backoff.wait_until(0), Some(SECOND / 5));
        for _ in 0..100 {
            assert!(!backoff.failed(0, 60 * SECOND));
        }
        assert_eq!(backoff.wait_until(0), Some(60 * SECOND));
        backoff.succeeded();
        assert!(backoff.failed(0, SECOND));
    }

    #[test]
    fn what_may_be_over_is_worth_a_line_when_it_is_not() {
        let mut backoff = Backoff::default();
        // A lock that was not had counts for nothing.
        backoff.failed(0, SECOND);
        backoff.failed(SECOND, SECOND);
        assert!(!backoff.is_worth_a_line(SECOND, true));
        backoff.failed(SECOND + 1, SECOND);
        assert!(backoff.is_worth_a_line(SECOND + 1, false));
        assert!(!backoff.is_worth_a_line(9 * SECOND, true));
        backoff.succeeded();
        assert!(!backoff.is_worth_a_line(0, true));
        // Called before its wait was over.
        assert!(!backoff.is_worth_a_line(SECOND / 10 - 1, true));
        assert!(backoff.is_worth_a_line(SECOND / 10, true));
        assert!(!backoff.is_worth_a_line(SECOND, false));
    }

    #[test]
    fn forgets_what_a_process_that_lived_for_long_had_before() {
        let mut backoff = Backoff::default();
        let mut now = 0;
        for _ in 0..20 {
            let started_at = now;
            now += 61 * SECOND;
            assert!(backoff.ended(started_at, now, 60 * SECOND));
            assert_eq!(backoff.wait_until(now), Some(now + SECOND / 10));
        }
        assert!(!backoff.ended(now, now + 59 * SECOND, 60 * SECOND));
    }

    #[test]
    fn does_not_wait_for_a_clock_that_was_set_back() {
        let mut backoff = Backoff::default();
        let now = 7200 * SECOND;
        assert!(backoff.failed(now, SECOND));
        assert_eq!(backoff.wait_until(now), Some(now + SECOND / 10));
        assert_eq!(backoff.wait_until(now - 3600 * SECOND), None);
    }

    #[test]
    fn earlier_prefers_what_there_is() {
        assert_eq!(earlier(None, None), None);
        assert_eq!(earlier(Some(2), None), Some(2));
        assert_eq!(earlier(Some(2), Some(1)), Some(1));
    }
}
