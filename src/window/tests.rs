//! What windows promise (X9): a partition of time that follows the clocks, whatever they do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, Datelike, Duration, TimeZone, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::{Per, Window};

const ALL: [Per; 4] = [Per::Hour, Per::Day, Per::Week, Per::Month];

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// Beginning and end as the zone's clocks show them, and how many hours lie between.
fn shown(per: Per, zone: &str, instant: &str) -> (String, String, f64) {
    let tz: Tz = zone.parse().unwrap();
    let window = per.fixed(tz, at(instant)).unwrap();
    let show = |at: DateTime<Utc>| at.with_timezone(&tz).format("%a %F %H:%M %z").to_string();
    let hours = (window.until - window.since).num_minutes() as f64 / 60.0;
    (show(window.since), show(window.until), hours)
}

fn is(shown: (String, String, f64), since: &str, until: &str, hours: f64) {
    assert_eq!((shown.0.as_str(), shown.1.as_str(), shown.2), (since, until, hours));
}

#[test]
fn a_day_is_the_zones_own_and_has_23_or_25_hours_where_clocks_change() {
    let berlin = |instant| shown(Per::Day, "Europe/Berlin", instant);
    is(
        berlin("2031-01-15T22:59:59Z"),
        "Wed 2031-01-15 00:00 +0100",
        "Thu 2031-01-16 00:00 +0100",
        24.0,
    );
    is(
        berlin("2031-01-15T23:00:00Z"),
        "Thu 2031-01-16 00:00 +0100",
        "Fri 2031-01-17 00:00 +0100",
        24.0,
    );
    is(
        berlin("2031-03-30T00:30:00Z"),
        "Sun 2031-03-30 00:00 +0100",
        "Mon 2031-03-31 00:00 +0200",
        23.0,
    );
    is(
        berlin("2031-10-26T22:59:59Z"),
        "Sun 2031-10-26 00:00 +0200",
        "Mon 2031-10-27 00:00 +0100",
        25.0,
    );
}

#[test]
fn a_day_whose_midnight_does_not_exist_begins_after_the_gap() {
    is(
        shown(Per::Day, "America/Santiago", "2024-09-08T12:00:00Z"),
        "Sun 2024-09-08 01:00 -0300",
        "Mon 2024-09-09 00:00 -0300",
        23.0,
    );
}

#[test]
fn a_day_whose_midnight_comes_twice_begins_with_the_first() {
    let havana = |instant| shown(Per::Day, "America/Havana", instant);
    let both = ("Sun 2024-11-03 00:00 -0400", "Mon 2024-11-04 00:00 -0500", 25.0);
    is(havana("2024-11-03T04:30:00Z"), both.0, both.1, both.2);
    is(havana("2024-11-03T05:30:00Z"), both.0, both.1, both.2);
    // Clocks that went back at 00:01 showed a minute of the new day before the last hour of the old one came again.
    let st_johns = |instant| shown(Per::Day, "America/St_Johns", instant);
    let both = ("Sun 2010-11-07 00:00 -0230", "Mon 2010-11-08 00:00 -0330", 25.0);
    is(st_johns("2010-11-07T02:30:30Z"), both.0, both.1, both.2);
    is(st_johns("2010-11-07T02:45:00Z"), both.0, both.1, both.2);
    is(st_johns("2010-11-07T03:45:00Z"), both.0, both.1, both.2);
}

#[test]
fn a_date_that_a_zone_left_out_has_no_window() {
    let before = shown(Per::Day, "Pacific/Apia", "2011-12-30T09:59:59Z");
    is(before, "Thu 2011-12-29 00:00 -1000", "Sat 2011-12-31 00:00 +1400", 24.0);
    let after = shown(Per::Day, "Pacific/Apia", "2011-12-30T10:00:00Z");
    is(after, "Sat 2011-12-31 00:00 +1400", "Sun 2012-01-01 00:00 +1400", 24.0);
}

#[test]
fn an_hour_that_comes_twice_is_one_window_and_one_that_is_left_out_none() {
    let berlin = |instant| shown(Per::Hour, "Europe/Berlin", instant);
    let twice = ("Sun 2031-10-26 02:00 +0200", "Sun 2031-10-26 03:00 +0100", 2.0);
    is(berlin("2031-10-26T00:30:00Z"), twice.0, twice.1, twice.2);
    is(berlin("2031-10-26T01:30:00Z"), twice.0, twice.1, twice.2);
    is(
        berlin("2031-03-30T01:00:00Z"),
        "Sun 2031-03-30 03:00 +0200",
        "Sun 2031-03-30 04:00 +0200",
        1.0,
    );
    is(
        shown(Per::Hour, "Asia/Kolkata", "2031-01-01T00:10:00Z"),
        "Wed 2031-01-01 05:00 +0530",
        "Wed 2031-01-01 06:00 +0530",
        1.0,
    );
    is(
        shown(Per::Hour, "Australia/Lord_Howe", "2031-04-05T15:15:00Z"),
        "Sun 2031-04-06 01:00 +1100",
        "Sun 2031-04-06 02:00 +1030",
        1.5,
    );
}

#[test]
fn weeks_begin_on_monday_and_months_on_their_first() {
    let week = |instant| shown(Per::Week, "America/New_York", instant);
    is(
        week("2031-03-10T03:59:59Z"),
        "Mon 2031-03-03 00:00 -0500",
        "Mon 2031-03-10 00:00 -0400",
        167.0,
    );
    is(
        week("2031-03-10T04:00:00Z"),
        "Mon 2031-03-10 00:00 -0400",
        "Mon 2031-03-17 00:00 -0400",
        168.0,
    );
    is(
        shown(Per::Month, "Europe/Berlin", "2032-02-29T22:59:59Z"),
        "Sun 2032-02-01 00:00 +0100",
        "Mon 2032-03-01 00:00 +0100",
        696.0,
    );
}

#[test]
fn a_rolling_window_is_kept_by_sixtieths() {
    let window = Per::Hour.rolling(at("2031-01-01T10:20:30Z")).unwrap();
    assert_eq!(
        window,
        Window {
            since: at("2031-01-01T09:20:00Z"),
            until: at("2031-01-01T10:21:00Z"),
            kept_at: at("2031-01-01T10:20:00Z"),
        }
    );
    let before_1970 = Per::Day.rolling(at("1969-12-31T23:59:59Z")).unwrap();
    assert_eq!(before_1970.kept_at, at("1969-12-31T23:36:00Z"));
}

#[test]
fn at_the_ends_of_the_calendar_there_is_no_window() {
    for per in ALL {
        for tz in [Tz::UTC, Tz::Pacific__Kiritimati, Tz::Pacific__Niue] {
            assert_eq!(per.fixed(tz, DateTime::<Utc>::MAX_UTC), None);
            assert_eq!(per.fixed(tz, DateTime::<Utc>::MIN_UTC), None);
        }
        assert_eq!(per.rolling(DateTime::<Utc>::MIN_UTC), None);
    }
}

#[test]
fn use_is_kept_longer_than_any_window_lasts() {
    for per in ALL {
        let month = at("2031-01-31T23:59:59Z");
        let window = per.fixed(Tz::UTC, month).unwrap();
        assert!(month - per.memory() < window.since, "{per:?}");
        assert!(month - per.memory() < per.rolling(month).unwrap().since, "{per:?}");
    }
}

prop_compose! {
    fn instants()(seconds in 0_i64..4_102_444_800, nanos in 0_u32..1_000_000_000) -> DateTime<Utc> {
        Utc.timestamp_opt(seconds, nanos).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every instant lies in one window, and what lies in it names the same one: no instant is in two.
    #[test]
    fn windows_are_a_partition(zone in 0..TZ_VARIANTS.len(), instant in instants(), fraction in 0.0_f64..1.0) {
        let tz = TZ_VARIANTS[zone];
        for per in ALL {
            let window = per.fixed(tz, instant).unwrap();
            prop_assert!(window.since <= instant && instant < window.until);
            let inside = window.since + Duration::seconds(((window.until - window.since).num_seconds() as f64 * fraction) as i64);
            prop_assert_eq!(per.fixed(tz, inside).unwrap(), window);
            prop_assert_eq!(per.fixed(tz, window.until).unwrap().since, window.until);
            let last = window.until - Duration::nanoseconds(1);
            prop_assert_eq!(per.fixed(tz, last).unwrap(), window);
        }
    }

    /// A day, week or month begins where the clocks show a date that none of them showed before.
    #[test]
    fn windows_follow_the_calendar(zone in 0..TZ_VARIANTS.len(), instant in instants()) {
        let tz = TZ_VARIANTS[zone];
        let local = |at: DateTime<Utc>| at.with_timezone(&tz);
        let day = Per::Day.fixed(tz, instant).unwrap();
        prop_assert!(local(day.since).date_naive() > local(day.since - Duration::nanoseconds(1)).date_naive());
        let week = Per::Week.fixed(tz, instant).unwrap();
        prop_assert_eq!(local(week.since).weekday().num_days_from_monday(), 0);
        let month = Per::Month.fixed(tz, instant).unwrap();
        prop_assert_eq!(local(month.since).day(), 1);
        let hour = Per::Hour.fixed(tz, instant).unwrap();
        prop_assert_eq!(local(hour.until - Duration::nanoseconds(1)).hour(), local(hour.since).hour());
    }

    /// Whatever is used where it is kept, no span as long as the window has more than the cap: the oracle looks at every
    /// span that ends with a use.
    #[test]
    fn rolling_windows_are_never_passed(most in 1_u32..5, gaps in prop::collection::vec(0_i64..4000, 1..60)) {
        let per = Per::Hour;
        let mut now = at("2031-01-01T00:00:00Z");
        let mut kept: Vec<DateTime<Utc>> = Vec::new();
        let mut used: Vec<DateTime<Utc>> = Vec::new();
        for gap in gaps {
            now += Duration::milliseconds(gap * 500);
            let window = per.rolling(now).unwrap();
            let counted = kept.iter().filter(|&&at| window.since <= at && at < window.until).count();
            if counted < most as usize {
                kept.push(window.kept_at);
                used.push(now);
            }
            let within = used.iter().filter(|&&at| now - per.length() < at).count();
            prop_assert!(within <= most as usize);
            // And it is not much stricter: what is refused would be refused by a window longer by a sixtieth.
            let longer = used.iter().filter(|&&at| now - per.length() - per.length() / 60 <= at).count();
            prop_assert!(counted < most as usize || longer >= most as usize);
        }
    }
}
