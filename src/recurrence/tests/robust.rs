//! Whatever is asked: an answer, soon, in order, and no panic.

use std::time::{Duration as Elapsed, Instant};

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;

use super::{Fields, Spec, spec, try_spec, utc};

fn any_local() -> impl Strategy<Value = NaiveDateTime> {
    let usual = (0_i64..4_000_000_000).prop_map(|n| DateTime::from_timestamp(n, 0).unwrap().naive_utc());
    prop_oneof![
        8 => usual,
        1 => any::<i64>().prop_filter_map("beyond", |n| Some(DateTime::from_timestamp(n >> 20, 0)?.naive_utc())),
        1 => prop::sample::select(vec![NaiveDateTime::MIN, NaiveDateTime::MAX, DateTime::UNIX_EPOCH.naive_utc()]),
    ]
}

fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![8 => -32_i64..400, 1 => any::<i64>(), 1 => prop::sample::select(vec![i64::MIN, i64::MAX, 0])]
}

fn words(list: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![9 => prop::sample::select(list.to_vec()).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn any_recurrence() -> impl Strategy<Value = (Option<String>, Option<String>, Option<String>)> {
    let frequency = words(&["once", "hourly", "daily", "weekly", "monthly", "yearly"]);
    let cron = prop_oneof![
        words(&[
            "@daily",
            "*/7 * * * *",
            "30 2 * * *",
            "0 0 29 2 *",
            "15,45 1-3 * * sun",
            "*/20 30 2 * * *",
            "0 3 13 * 5"
        ]),
        "[0-9*/,a-z@LW#-]{1,6}( [0-9*/,a-z-]{1,6}){4,5}",
    ];
    let rule = prop_oneof![
        words(&[
            "FREQ=DAILY",
            "FREQ=HOURLY;INTERVAL=5",
            "FREQ=YEARLY;BYDAY=20MO",
            "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1;COUNT=30",
            "FREQ=SECONDLY;INTERVAL=65535;BYHOUR=3",
            "FREQ=YEARLY;BYWEEKNO=53",
            "FREQ=MINUTELY;BYSETPOS=1;BYSECOND=1,2",
            "FREQ=YEARLY;BYYEARDAY=366;INTERVAL=3",
            "FREQ=WEEKLY;WKST=SU;INTERVAL=2;BYDAY=SU,MO;UNTIL=20300101T000000Z"
        ]),
        "(FREQ|INTERVAL|BYDAY|COUNT|UNTIL|EXDATE|RDATE)[=:;][A-Z0-9,;=+-]{0,20}",
    ];
    prop_oneof![
        3 => frequency.prop_map(|text| (Some(text), None, None)),
        3 => cron.prop_map(|text| (None, Some(text), None)),
        3 => rule.prop_map(|text| (None, None, Some(text))),
        1 => Just((None, None, None)),
    ]
}

fn any_fields() -> impl Strategy<Value = Fields> {
    let zone = prop_oneof![9 => (0..TZ_VARIANTS.len()).prop_map(|n| TZ_VARIANTS[n].name().to_owned()), 1 => ".{0,20}"];
    let lists = (
        prop::option::weighted(
            0.2,
            prop::collection::vec(words(&["mon", "Friday", "2tue", "-1fri", "lastsun"]), 0..4),
        ),
        prop::option::weighted(0.2, prop::collection::vec(any_number(), 0..4)),
        prop::option::weighted(0.2, prop::collection::vec(any_number(), 0..4)),
        prop::option::weighted(0.2, prop::collection::vec(any_local(), 0..4)),
    );
    let policies = (
        prop::option::of(words(&["shift", "skip", "next_valid"])),
        prop::option::of(words(&["first", "last", "both"])),
        prop::option::weighted(0.1, any_local().prop_map(|at| at.date())),
    );
    let every = prop::option::weighted(0.3, prop_oneof![3 => 1_i64..20, 1 => any_number()]);
    let main = (
        prop::option::weighted(0.95, any_local()),
        prop::option::of(zone),
        any_recurrence(),
        every,
    );
    (main, lists, policies).prop_map(|((start_at, time_zone, recurrence, every), lists, policies)| Fields {
        start_at,
        time_zone,
        frequency: recurrence.0,
        cron: recurrence.1,
        rrule: recurrence.2,
        every,
        weekdays: lists.0,
        month_days: lists.1,
        months: lists.2,
        exdates: lists.3,
        until: policies.2,
        dst_gap: policies.0,
        dst_fold: policies.1,
    })
}

proptest! {
    #![proptest_config(super::cases(512))]

    #[test]
    fn runs_ascend_and_each_is_the_next_of_any_instant_before_it(
        fields in any_fields(), after in any_local(), part in 0.0_f64..1.0,
    ) {
        let begin = Instant::now();
        let Ok(spec) = Spec::parse(&fields) else { return Ok(()) };
        for after in [None, Some(after.and_utc()), Some(utc("2026-03-28 23:00"))] {
            let runs: Vec<_> = spec.upcoming(after).take(12).collect();
            if let (Some(after), Some(&first)) = (after, runs.first()) {
                prop_assert!(first > after);
            }
            for pair in runs.windows(2) {
                prop_assert!(pair[0] < pair[1]);
                let gap = (pair[1] - pair[0]).num_seconds();
                let between = pair[0] + Duration::seconds((gap as f64 * part) as i64);
                prop_assert_eq!(spec.next(Some(between.min(pair[1] - Duration::microseconds(1)))), Some(pair[1]));
            }
        }
        if let Some(first) = spec.next(None).filter(|_| fields.start_at.is_some()) {
            prop_assert_eq!(spec.next(Some(first - Duration::microseconds(1))), Some(first));
            prop_assert_eq!(spec.next(Some(first - Duration::days(9000))), Some(first));
        }
        prop_assert!(begin.elapsed() < Elapsed::from_secs(5), "{:?}", begin.elapsed());
    }

    #[test]
    fn garbage_is_refused_and_never_panics(
        zone in ".{0,30}", frequency in ".{0,30}", cron in ".{0,60}", rule in ".{0,80}", weekday in ".{0,10}",
        which in 0..4, number in any_number(), start in any_local(),
    ) {
        let fields = Fields {
            start_at: Some(start),
            time_zone: Some(zone).filter(|_| which == 0),
            frequency: Some(if which == 1 { frequency } else { "monthly".to_owned() }).filter(|_| which < 2),
            cron: Some(cron).filter(|_| which == 2),
            rrule: Some(rule).filter(|_| which == 3),
            weekdays: Some(vec![weekday]).filter(|_| which == 1),
            every: Some(number),
            ..Fields::default()
        };
        if let Err(error) = Spec::parse(&fields) {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn the_ends_of_time_are_no_ground_for_a_panic() {
    let limits = [
        NaiveDateTime::MIN,
        NaiveDateTime::MAX,
        utc("2026-01-01 00:00").naive_utc(),
    ];
    let ends = [
        NaiveDate::from_ymd_opt(262_140, 12, 31),
        NaiveDate::from_ymd_opt(-4711, 1, 1),
    ];
    let ends = ends
        .into_iter()
        .flatten()
        .map(|date| date.and_hms_opt(23, 59, 59).unwrap());
    for start in limits.into_iter().chain(ends) {
        for frequency in ["once", "hourly", "daily", "weekly", "monthly", "yearly"] {
            for every in [1, 1 << 31, i64::MAX / 3600, i64::MAX] {
                let fields = Fields {
                    start_at: Some(start),
                    frequency: Some(frequency.to_owned()),
                    every: Some(every).filter(|_| frequency != "once"),
                    time_zone: Some("Pacific/Kiritimati".to_owned()),
                    ..Fields::default()
                };
                let Ok(spec) = Spec::parse(&fields) else { continue };
                for after in [
                    None,
                    Some(DateTime::<Utc>::MIN_UTC),
                    Some(DateTime::<Utc>::MAX_UTC),
                    Some(start.and_utc()),
                ] {
                    assert!(spec.upcoming(after).take(3).count() <= 3);
                }
            }
        }
    }
}

#[test]
fn a_start_decades_ago_costs_nothing_and_a_search_in_vain_little() {
    let after = Some(utc("2026-03-28 23:00"));
    let rows = [
        r#""frequency":"hourly""#,
        r#""frequency":"daily""#,
        r#""frequency":"monthly","weekdays":["lastfri"]"#,
        r#""cron":"* * * * *""#,
        r#""cron":"* * * * * *""#,
        r#""rrule":"FREQ=DAILY;COUNT=10000""#,
        r#""rrule":"FREQ=SECONDLY;INTERVAL=7""#,
        r#""rrule":"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1""#,
    ];
    for row in rows {
        let spec = spec(&format!(
            r#"{{"start_at":"1971-01-01T00:00:00","time_zone":"Europe/Berlin",{row}}}"#
        ));
        let begin = Instant::now();
        for _ in 0..100 {
            std::hint::black_box(spec.next(after));
        }
        // Debug builds on busy machines: a bound for mistakes of order, not a measurement.
        assert!(
            begin.elapsed() < Elapsed::from_millis(500),
            "{row}: {:?}",
            begin.elapsed()
        );
    }
    let never = [
        r#""cron":"0 0 30 2 *""#,
        r#""rrule":"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30""#,
        r#""rrule":"FREQ=DAILY;BYMONTHDAY=31;BYMONTH=4""#,
        r#""rrule":"FREQ=SECONDLY;INTERVAL=2;BYSECOND=1""#,
        r#""rrule":"FREQ=WEEKLY;BYMONTH=2;BYDAY=MO;BYSETPOS=2""#,
    ];
    for row in never {
        let begin = Instant::now();
        let json = format!(r#"{{"start_at":"1971-01-01T00:00:00","time_zone":"Europe/Berlin",{row}}}"#);
        assert_eq!(try_spec(&json).unwrap_err().message, "never fires");
        assert!(
            begin.elapsed() < Elapsed::from_millis(1500),
            "{row}: {:?}",
            begin.elapsed()
        );
    }
}
