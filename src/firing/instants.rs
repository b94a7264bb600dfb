//! Looking back over a recurrence, which by itself only looks ahead: by bisection, so that an outage of years costs no more
//! than one of minutes. No recurrence has two instants within the same second.

use chrono::Duration;

use super::Instant;
use crate::recurrence::Spec;

const TICK: Duration = Duration::microseconds(1);

/// The first instant at or after `at`.
pub fn from(spec: &Spec, at: Instant) -> Option<Instant> {
    spec.next(Some(at - TICK))
}

/// The last instant up to `upto`; `first` is one that is not later.
pub fn latest(spec: &Spec, first: Instant, upto: Instant) -> Instant {
    let within = |after: Instant| spec.next(Some(after)).filter(|next| *next <= upto);
    let Some(mut latest) = within(first) else {
        return first;
    };
    let mut beyond = upto;
    while beyond.signed_duration_since(latest) > Duration::seconds(1) {
        let middle = latest + beyond.signed_duration_since(latest) / 2;
        match within(middle) {
            Some(later) => latest = later,
            None => beyond = middle,
        }
    }
    while let Some(later) = within(latest) {
        latest = later;
    }
    latest
}

/// The last instant before `at`, which is one; `first` is one that is earlier.
pub fn before(spec: &Spec, first: Instant, at: Instant) -> Instant {
    latest(spec, first, at - TICK)
}

/// The first of the last `most` instants from `first` to `upto`.
pub fn among_last(spec: &Spec, first: Instant, upto: Instant, most: usize) -> Instant {
    // The instants after `after` are more than `most`.
    let too_many = |after: Instant| {
        spec.upcoming(Some(after))
            .take_while(|next| *next <= upto)
            .take(most + 1)
            .count()
            > most
    };
    if !too_many(first - TICK) {
        return first;
    }
    let (mut many, mut few) = (first - TICK, upto);
    while few.signed_duration_since(many) > Duration::seconds(1) {
        let middle = many + few.signed_duration_since(many) / 2;
        if too_many(middle) {
            many = middle;
        } else {
            few = middle;
        }
    }
    while too_many(many) {
        match spec.next(Some(many)) {
            Some(next) => many = next,
            None => break,
        }
    }
    // `many` is the last instant that is left out, or just before the first that is kept.
    spec.next(Some(many)).unwrap_or(first)
}
