//! Times and intervals mean the same in every session (L3; a preview tells the truth about the run).

use super::super::ErrorKind;
use super::super::clock::interval;
use super::{error, test_json, test_sql};

const UTC: &str = "('2026-01-31 06:00:00+00'::timestamp with time zone at time zone 'UTC')";

#[test]
fn older_and_newer_count_back_from_the_runs_instant() {
    assert_eq!(
        test_sql("created", "older than", "\"30 days\""),
        format!("\"r\".\"created\" < (({UTC} - '30 days'::interval) at time zone 'UTC')")
    );
    assert_eq!(
        test_sql("seen", "newer than", "\"90 min\""),
        format!("\"r\".\"seen\" > ({UTC} - '90 minutes'::interval)")
    );
    assert_eq!(
        test_sql("born", "older than", "\"1 year\""),
        format!("\"r\".\"born\" < ({UTC} - '1 years'::interval)::date")
    );
}

#[test]
fn intervals_are_read_here_and_spelled_out() {
    for (text, spelled) in [
        ("30 days", "30 days"),
        (" 1 Year 6 mons ", "1 years 6 months"),
        ("1.5 hours", "1.5 hours"),
        ("90m", "90 minutes"),
        ("1d12h", "1 days 12 hours"),
        ("02:30", "02 hours 30 minutes"),
        ("1 day 02:30:15.5", "1 days 02 hours 30 minutes 15.5 seconds"),
        (
            "P1Y2M3W4DT5H6M7.5S",
            "1 years 2 months 3 weeks 4 days 5 hours 6 minutes 7.5 seconds",
        ),
        ("PT36H", "36 hours"),
        ("0 days", "0 days"),
    ] {
        assert_eq!(interval(text).as_deref(), Some(spelled), "{text}");
    }
    for text in [
        "",
        "30",
        "days",
        "-3 days",
        "3 days ago",
        "3 fortnights",
        "3 days 4 days",
        "1:2:3:4",
        "1:75",
        "1:.5",
        "02:30 1 day",
        "1. days",
        ".5 days",
        "P",
        "PT",
        "P1H",
        "2000 years",
        "1e3 days",
        "3 days;",
        "now",
        "1 day '",
        "३ days",
    ] {
        assert_eq!(interval(text), None, "{text}");
    }
}

#[test]
fn times_without_a_zone_are_utc() {
    for (field, value, literal) in [
        ("born", "2024-02-29", "'2024-02-29'::date"),
        (
            "seen",
            "2026-01-05",
            "'2026-01-05 00:00:00'::timestamp without time zone",
        ),
        (
            "seen",
            "2026-01-05T06:30",
            "'2026-01-05 06:30:00'::timestamp without time zone",
        ),
        (
            "created",
            "2026-01-05",
            "'2026-01-05 00:00:00+00:00'::timestamp with time zone",
        ),
        (
            "created",
            "2026-01-05 06:30:01.5",
            "'2026-01-05 06:30:01.5+00:00'::timestamp with time zone",
        ),
        (
            "created",
            "2026-01-05T06:30Z",
            "'2026-01-05 06:30:00+00:00'::timestamp with time zone",
        ),
        (
            "created",
            "2026-01-05 06:30 -0330",
            "'2026-01-05 06:30:00-03:30'::timestamp with time zone",
        ),
        (
            "created",
            "2026-01-05 06:30+05",
            "'2026-01-05 06:30:00+05:00'::timestamp with time zone",
        ),
        ("wakes", "06:30", "'06:30:00'::time without time zone"),
        ("wakes_tz", "06:30", "'06:30:00+00:00'::time with time zone"),
        ("pause", "2 hours", "'2 hours'::interval"),
    ] {
        let sql = test_sql(field, "=", &format!("\"{value}\""));
        assert_eq!(sql, format!("\"r\".\"{field}\" = {literal}"));
    }
}

#[test]
fn what_hangs_on_the_clock_or_the_session_is_no_time() {
    for (field, value) in [
        ("created", "now"),
        ("created", "today"),
        ("born", "tomorrow"),
        ("born", "01/02/2026"),
        ("born", "2026-1-5"),
        ("born", "2026-02-29"),
        ("born", "2026-13-01"),
        ("born", "0000-01-01"),
        ("born", "2026-01-05 06:00"),
        ("seen", "2026-01-05 06:00+01"),
        ("seen", "2026-01-05 24:00"),
        ("created", "2026-01-05 06:00 CET"),
        ("created", "2026-01-05 06:00+16"),
        ("created", "2026-01-05 06"),
        ("created", "06:00"),
        ("created", "2026-01-05 06:00:00.1234567"),
        ("created", "2026-01-05é"),
        ("wakes", "06:00+01"),
        ("pause", "-2 hours"),
    ] {
        let error = error(&test_json(field, "=", &format!("\"{value}\"")));
        assert_eq!(
            (error.path.as_str(), error.kind),
            ("$.value", ErrorKind::BadValue),
            "{field} {value}"
        );
        assert!(error.hint.is_some(), "{field} {value}");
    }
    // Elements of an array are values of that type too.
    assert_eq!(error(&test_json("days", "has", "\"today\"")).kind, ErrorKind::BadValue);
}
