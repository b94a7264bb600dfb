//! One active member of a pool in absolute time, and who of two goes before the other until when.
//!
//! Counted from the opening of the books, step t (from 0) finds a member at D(t) = base + t * pace, where pace = w * S.
//! Its release and its deadline are then fixed instants that move only when it takes a turn:
//!
//! - released at t when base + (t + 1) * pace > 0, that is from t = floor(-base / pace) on;
//! - due by ceil((W * S - base) / pace), counted from the opening too.
//!
//! Taking a turn makes -base what W * S - base was, so both instants advance by addition only.

use std::cmp::Ordering;

/// An instant that never comes.
pub(super) const NEVER: i64 = i64::MAX;

/// A member that can take turns.
#[derive(Debug, Clone)]
pub(super) struct Contender {
    /// The deficit it would have had at step 0 without the steps since.
    base: i128,
    /// What it is entitled to at each step: w * S.
    pace: i128,
    /// The step from which it may take its next turn.
    release: i64,
    /// W * S - base divided by pace ...
    quotient: i128,
    /// ... and what remained.
    remainder: i128,
    /// W * S divided by pace ...
    stride: i128,
    /// ... and what remained.
    stride_remainder: i128,
}

impl Contender {
    /// A member with `deficit` at step 0, entitled to `pace` of every turn, a turn being `whole`.
    pub fn new(deficit: i128, pace: i128, whole: i128) -> Contender {
        Contender {
            base: deficit,
            pace,
            release: instant((-deficit).div_euclid(pace)),
            quotient: (whole - deficit).div_euclid(pace),
            remainder: (whole - deficit).rem_euclid(pace),
            stride: whole / pace,
            stride_remainder: whole % pace,
        }
    }

    /// Takes one turn.
    pub fn win(&mut self, whole: i128) {
        self.base -= whole;
        self.release = instant(self.quotient);
        self.quotient += self.stride;
        self.remainder += self.stride_remainder;
        if self.remainder >= self.pace {
            self.remainder -= self.pace;
            self.quotient += 1;
        }
    }

    /// D before step `t`.
    pub fn deficit(&self, t: i64) -> i128 {
        self.base + i128::from(t) * self.pace
    }

    /// D after the entitlement of step `t`: what ties are broken by.
    pub fn claim(&self, t: i64) -> i128 {
        self.base + i128::from(t + 1) * self.pace
    }

    /// Whether it may take the turn of step `t` without running ahead of its share.
    pub fn released(&self, t: i64) -> bool {
        self.release <= t
    }

    /// The step by which it must have taken its next turn in order not to fall behind its share.
    pub fn deadline(&self) -> i128 {
        self.quotient + i128::from(self.remainder > 0)
    }
}

/// How two contenders are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Among the released the earliest deadline, then the larger claim. While one of them is not released the other is
    /// taken, and while neither is, whichever will be first: who finds the winner unreleased knows that all are.
    Due,
    /// The larger claim alone: for the steps at which nobody is released.
    Claim,
}

impl Rule {
    /// Whether `a` goes before `b` at step `t`, and the first later step at which that may be otherwise, if neither takes
    /// a turn meanwhile. What ties entirely goes to `a`.
    pub fn first(self, a: &Contender, b: &Contender, t: i64) -> (bool, i64) {
        if self == Rule::Due {
            let later = a.release.max(b.release);
            if later > t {
                return (a.release <= b.release, later);
            }
            match a.deadline().cmp(&b.deadline()) {
                Ordering::Less => return (true, NEVER),
                Ordering::Greater => return (false, NEVER),
                Ordering::Equal => {}
            }
        }
        larger_claim(a, b, t)
    }

    /// Best first among all of a pool at step `t`; the order in which a pool would be explained.
    pub fn order(a: &Contender, b: &Contender, t: i64) -> Ordering {
        let (a_in, b_in) = (a.released(t), b.released(t));
        let by_claim = || b.claim(t).cmp(&a.claim(t));
        match (a_in, b_in) {
            (true, true) => a.deadline().cmp(&b.deadline()).then_with(by_claim),
            (false, false) => by_claim(),
            _ => b_in.cmp(&a_in),
        }
    }
}

/// The claims are two straight lines over time: they cross once or never.
fn larger_claim(a: &Contender, b: &Contender, t: i64) -> (bool, i64) {
    let lead = a.base - b.base;
    let gain = a.pace - b.pace;
    if lead + i128::from(t + 1) * gain >= 0 {
        // Until lead + (t + 1) * gain < 0; as it is not yet, lead is above zero when gain is below.
        (true, if gain < 0 { instant(lead / -gain) } else { NEVER })
    } else {
        // Until lead + (t + 1) * gain >= 0; as it is not yet, lead is below zero when gain is above. Rounded up, less one.
        (false, if gain > 0 { instant((-lead - 1) / gain) } else { NEVER })
    }
}

/// An instant as the clock counts. One beyond what it can count is beyond what it will: see [`super::limit::TURNS`].
fn instant(t: i128) -> i64 {
    i64::try_from(t).unwrap_or(if t > 0 { NEVER } else { i64::MIN })
}
