//! Missed, overlapped and failed instants against a list of all instants (G11, Z3).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use super::{Cause, Choice, Ended, Firing, Instant, Misfire, Outcome, Skipped, Standing, Terms};
use crate::recurrence::{Fields, Spec};

fn at(text: &str) -> Instant {
    format!("2031-03-03T{text}Z").parse::<DateTime<Utc>>().unwrap()
}

fn spec(cron: &str) -> Spec {
    let fields = Fields {
        cron: Some(cron.to_owned()),
        ..Fields::default()
    };
    Spec::parse(&fields).unwrap()
}

fn terms() -> Terms {
    Terms {
        misfire: Misfire::One,
        grace: Some(Duration::seconds(60)),
        window: Some(Duration::days(1)),
        most: Some(100),
        queue_one: false,
        max_runs: None,
        attempts: 1,
        retry_after: Duration::seconds(30),
        retry_most: Some(Duration::hours(1)),
        pause_after: None,
    }
}

fn due(instant: Instant) -> Standing {
    Standing {
        next: Some(instant),
        due: Some(instant),
        attempt: 1,
        queued: false,
        begun: false,
        runs: 0,
        failures: 0,
        ended: None,
    }
}

fn firing<'a>(spec: &'a Spec, terms: &'a Terms) -> Firing<'a> {
    Firing { spec, terms, seed: 7 }
}

fn skipped(from: &str, to: &str, cause: Cause) -> Option<Skipped> {
    Some(Skipped {
        from: at(from),
        to: at(to),
        cause,
    })
}

#[test]
fn an_hour_down_is_made_up_for_as_the_policy_says() {
    let minutes = spec("* * * * *");
    let (was, now) = (due(at("09:01:00")), at("10:00:30"));
    let chosen = |misfire, window, most| {
        let terms = Terms {
            misfire,
            window,
            most,
            ..terms()
        };
        firing(&minutes, &terms).choose(&was, now).unwrap()
    };
    let day = Some(Duration::days(1));
    let one = chosen(Misfire::One, day, None);
    assert_eq!(one.run, Some(at("10:00:00")));
    assert_eq!(one.skipped, skipped("09:01:00", "09:59:00", Cause::Misfire));
    let skip = chosen(Misfire::Skip, day, None);
    assert_eq!(skip.run, None);
    assert_eq!(skip.skipped, skipped("09:01:00", "10:00:00", Cause::Misfire));
    let all = chosen(Misfire::All, day, None);
    assert_eq!(
        all,
        Choice {
            run: Some(at("09:01:00")),
            skipped: None
        }
    );
    let ten = chosen(Misfire::All, day, Some(10));
    assert_eq!(ten.run, Some(at("09:51:00")));
    assert_eq!(ten.skipped, skipped("09:01:00", "09:50:00", Cause::Misfire));
    let window = chosen(Misfire::All, Some(Duration::minutes(5)), None);
    assert_eq!(window.run, Some(at("09:56:00")));
    assert_eq!(window.skipped, skipped("09:01:00", "09:55:00", Cause::Misfire));
    let too_late = chosen(Misfire::One, Some(Duration::seconds(20)), None);
    assert_eq!(too_late.run, None);
}

#[test]
fn a_run_late_by_less_than_the_grace_is_no_misfire() {
    let hourly = spec("0 * * * *");
    let terms = Terms {
        misfire: Misfire::Skip,
        ..terms()
    };
    let choice = firing(&hourly, &terms)
        .choose(&due(at("09:00:00")), at("09:00:59"))
        .unwrap();
    assert_eq!(
        choice,
        Choice {
            run: Some(at("09:00:00")),
            skipped: None
        }
    );
}

#[test]
fn what_passes_during_a_run_is_skipped_or_the_latest_of_it_queued() {
    let minutes = spec("* * * * *");
    let was = due(at("09:00:00"));
    let choice = Choice {
        run: Some(at("09:00:00")),
        skipped: None,
    };
    let after = |terms: &Terms| {
        firing(&minutes, terms).advance(&was, &choice, Outcome::Succeeded, at("09:00:00"), at("09:05:30"))
    };
    let (skip, gone) = after(&terms());
    assert_eq!((skip.next, skip.queued), (Some(at("09:06:00")), false));
    assert_eq!(gone, skipped("09:01:00", "09:05:00", Cause::Overlap));
    let queueing = Terms {
        queue_one: true,
        misfire: Misfire::Skip,
        ..terms()
    };
    let (queued, gone) = after(&queueing);
    assert_eq!((queued.due, queued.queued), (Some(at("09:05:00")), true));
    assert_eq!(gone, skipped("09:01:00", "09:04:00", Cause::Overlap));
    // What was queued is run, however late: it is no misfire.
    let choice = firing(&minutes, &queueing).choose(&queued, at("09:08:00")).unwrap();
    assert_eq!(
        choice,
        Choice {
            run: Some(at("09:05:00")),
            skipped: None
        }
    );
}

#[test]
fn a_failure_is_tried_again_later_and_later() {
    let hourly = spec("0 * * * *");
    let terms = Terms {
        attempts: 12,
        ..terms()
    };
    let firing = firing(&hourly, &terms);
    let mut standing = due(at("09:00:00"));
    let mut waits = Vec::new();
    for attempt in 2..=12 {
        let now = standing.next.unwrap();
        let choice = firing.choose(&standing, now).unwrap();
        assert_eq!(choice.run, Some(at("09:00:00")));
        standing = firing.advance(&standing, &choice, Outcome::Failed, now, now).0;
        assert_eq!((standing.attempt, standing.runs, standing.failures), (attempt, 0, 0));
        waits.push(standing.next.unwrap().signed_duration_since(now).num_seconds());
    }
    for (n, wait) in waits.iter().enumerate() {
        let plain = (30_i64 << n).min(3600);
        assert!(
            (plain * 3 / 4 - 1..=plain * 5 / 4 + 1).contains(wait) && *wait <= 3600,
            "{n}: {wait}"
        );
    }
    let now = standing.next.unwrap();
    let choice = firing.choose(&standing, now).unwrap();
    let (last, gone) = firing.advance(&standing, &choice, Outcome::Failed, now, now);
    assert_eq!((last.attempt, last.runs, last.failures, last.ended), (1, 1, 1, None));
    assert!(last.next.unwrap() > now);
    assert_eq!(gone.map(|gone| gone.cause), Some(Cause::Overlap));
}

#[test]
fn it_stops_after_so_many_failures_in_a_row_and_when_it_is_broken() {
    let hourly = spec("0 * * * *");
    let terms = Terms {
        pause_after: Some(2),
        ..terms()
    };
    let firing = firing(&hourly, &terms);
    let run = |standing: &Standing, outcome| {
        let now = standing.due.unwrap();
        let choice = firing.choose(standing, now).unwrap();
        firing.advance(standing, &choice, outcome, now, now).0
    };
    let once = run(&due(at("09:00:00")), Outcome::Failed);
    let mended = run(&once, Outcome::Succeeded);
    assert_eq!((once.ended, mended.failures), (None, 0));
    let twice = run(&once, Outcome::Failed);
    assert_eq!(
        (twice.ended, twice.next, twice.due),
        (Some(Ended::Failed), None, Some(at("11:00:00")))
    );
    assert_eq!(run(&mended, Outcome::Broken).ended, Some(Ended::Quarantined));
    assert_eq!(run(&once, Outcome::Cancelled).ended, None);
}

#[test]
fn it_ends_after_its_last_run_failed_ones_counted_and_repeated_ones_not() {
    let hourly = spec("0 * * * *");
    let terms = Terms {
        max_runs: Some(1),
        ..terms()
    };
    let firing = firing(&hourly, &terms);
    let was = due(at("09:00:00"));
    let choice = firing.choose(&was, at("09:00:00")).unwrap();
    let after = |outcome| firing.advance(&was, &choice, outcome, at("09:00:00"), at("09:00:00")).0;
    assert_eq!(after(Outcome::Failed).ended, Some(Ended::Done));
    assert_eq!(after(Outcome::Repeated).next, Some(at("10:00:00")));
}

proptest! {
    /// Every instant is run once or given up in one range, none twice, whatever is late, slow or failing (G11, X2).
    #[test]
    fn every_instant_is_run_or_given_up_once(
        step in 1_u32..30,
        misfire in prop_oneof![Just(Misfire::One), Just(Misfire::Skip), Just(Misfire::All)],
        queue_one in any::<bool>(),
        most in proptest::option::of(1_usize..6),
        window in proptest::option::of(1_i64..20),
        attempts in 1..4,
        rounds in proptest::collection::vec((0_i64..1500, 0_i64..1500, any::<bool>()), 1..12),
    ) {
        let spec = spec(&format!("*/{step} * * * *"));
        let terms = Terms {
            misfire, queue_one, most, attempts, window: window.map(Duration::minutes), ..terms()
        };
        let firing = firing(&spec, &terms);
        let start = at("00:00:00");
        let mut standing = due(start);
        let mut seen: Vec<Instant> = Vec::new();
        let mut now = start;
        let mut all_at_once = 0;
        for (late, slow, fails) in rounds {
            now = now.max(standing.next.unwrap()) + Duration::seconds(late);
            let choice = firing.choose(&standing, now).unwrap();
            let finished = now + Duration::seconds(if choice.run.is_some() { slow } else { 0 });
            let outcome = if fails { Outcome::Failed } else { Outcome::Succeeded };
            let (becomes, gone) = firing.advance(&standing, &choice, outcome, now, finished);
            let retried = becomes.attempt > 1;
            for range in [choice.skipped, gone].into_iter().flatten() {
                prop_assert!(range.from <= range.to);
                let before = range.from - Duration::microseconds(1);
                seen.extend(spec.upcoming(Some(before)).take_while(|next| *next <= range.to));
            }
            if let Some(run) = choice.run.filter(|_| !retried) {
                prop_assert!(run <= now);
                seen.push(run);
                if let (Misfire::All, Some(most)) = (misfire, most) {
                    let left = spec.upcoming(Some(run)).take_while(|next| *next <= now).count();
                    prop_assert!(left < most || standing.attempt > 1 || standing.queued);
                }
                all_at_once += 1;
            }
            standing = becomes;
            now = finished;
        }
        prop_assert!(all_at_once <= 12);
        seen.sort_unstable();
        let pending = standing.due.unwrap();
        let expected: Vec<Instant> = spec.upcoming(Some(start - Duration::microseconds(1))).take_while(|next| *next < pending).collect();
        prop_assert_eq!(seen, expected);
    }
}
