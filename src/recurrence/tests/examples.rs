//! Examples, each under the requirement it holds.

use super::{Fields, Spec, runs, spec, try_spec, utc};

fn error(json: &str) -> String {
    let error = try_spec(json).expect_err(json);
    format!("{error} | {}", error.hint.as_deref().unwrap_or_default())
}

#[test]
fn g3_once_runs_once() {
    let once = spec(r#"{"start_at":"2026-01-05T06:00:00","time_zone":"Europe/Berlin"}"#);
    assert!(!once.is_recurring());
    assert_eq!(once.next(None), Some(utc("2026-01-05 05:00")));
    assert_eq!(once.next(Some(utc("2026-01-05 04:59"))), Some(utc("2026-01-05 05:00")));
    assert_eq!(once.next(Some(utc("2026-01-05 05:00"))), None);
    assert!(!spec(r#"{"start_at":"2026-01-05T06:00:00","frequency":"once","every":1}"#).is_recurring());
    assert!(error(r#"{"time_zone":"UTC"}"#).starts_with("start_at: is missing"));
}

#[test]
fn g4_weekly_from_a_monday_is_every_monday_at_the_same_local_time() {
    let runs = runs(
        r#"{"start_at":"2026-03-16T06:00:00","time_zone":"Europe/Berlin","frequency":"weekly"}"#,
        3,
    );
    assert_eq!(
        runs,
        [
            "Mon 2026-03-16 06:00 +0100",
            "Mon 2026-03-23 06:00 +0100",
            "Mon 2026-03-30 06:00 +0200"
        ]
    );
}

#[test]
fn g4_the_first_run_is_the_first_fitting_instant_from_the_start() {
    let json = r#"{"start_at":"2026-01-07T06:00:00","frequency":"weekly","every":2,"weekdays":["MON","Friday"]}"#;
    let expected = [
        "Fri 2026-01-09 06:00 +0000",
        "Mon 2026-01-19 06:00 +0000",
        "Fri 2026-01-23 06:00 +0000",
    ];
    assert_eq!(runs(json, 3), expected);
    let json = r#"{"start_at":"2026-01-15T06:00:00","frequency":"monthly","every":2,"month_days":[1]}"#;
    assert_eq!(
        runs(json, 2),
        ["Sun 2026-03-01 06:00 +0000", "Fri 2026-05-01 06:00 +0000"]
    );
}

#[test]
fn g5_no_zone_is_utc_and_an_unknown_zone_is_hinted_at() {
    assert_eq!(
        runs(r#"{"start_at":"2026-01-05T06:00:00"}"#, 2),
        ["Mon 2026-01-05 06:00 +0000"]
    );
    let hint = |zone: &str| error(&format!(r#"{{"start_at":"2026-01-05T06:00:00","time_zone":"{zone}"}}"#));
    assert!(hint("Berlin").contains("Europe/Berlin"));
    assert!(hint("Europe/Berln").contains("Europe/Berlin"));
    assert!(hint("New York").contains("America/New_York"));
    assert!(hint("europe/berlin").contains("Europe/Berlin"));
    assert!(hint(&"x".repeat(100_000)).ends_with("| "));
}

#[test]
fn z2_every_n_days_weeks_months_years() {
    let first = |rest: &str| runs(&format!(r#"{{"start_at":"2026-01-30T06:00:00",{rest}}}"#), 4);
    let day = |runs: Vec<String>| runs.iter().map(|run| run[..14].to_owned()).collect::<Vec<_>>();
    let cases: [(&str, [&str; 4]); 9] = [
        (
            r#""frequency":"daily","every":3"#,
            ["Fri 2026-01-30", "Mon 2026-02-02", "Thu 2026-02-05", "Sun 2026-02-08"],
        ),
        (
            r#""frequency":"monthly""#,
            ["Fri 2026-01-30", "Sat 2026-02-28", "Mon 2026-03-30", "Thu 2026-04-30"],
        ),
        (
            r#""frequency":"monthly","month_days":[-1]"#,
            ["Sat 2026-01-31", "Sat 2026-02-28", "Tue 2026-03-31", "Thu 2026-04-30"],
        ),
        (
            r#""frequency":"monthly","weekdays":["2tue","lastfri"]"#,
            ["Fri 2026-01-30", "Tue 2026-02-10", "Fri 2026-02-27", "Tue 2026-03-10"],
        ),
        (
            r#""frequency":"monthly","weekdays":["fri"],"month_days":[13]"#,
            ["Fri 2026-02-13", "Fri 2026-03-13", "Fri 2026-11-13", "Fri 2027-08-13"],
        ),
        (
            r#""frequency":"monthly","months":[3,9]"#,
            ["Mon 2026-03-30", "Wed 2026-09-30", "Tue 2027-03-30", "Thu 2027-09-30"],
        ),
        (
            r#""frequency":"yearly","every":2"#,
            ["Fri 2026-01-30", "Sun 2028-01-30", "Wed 2030-01-30", "Fri 2032-01-30"],
        ),
        (
            r#""frequency":"yearly","months":[2]"#,
            ["Sat 2026-02-28", "Sun 2027-02-28", "Tue 2028-02-29", "Wed 2029-02-28"],
        ),
        (
            r#""frequency":"yearly","months":[11],"weekdays":["4thu"]"#,
            ["Thu 2026-11-26", "Thu 2027-11-25", "Thu 2028-11-23", "Thu 2029-11-22"],
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(day(first(rest)), expected, "{rest}");
    }
}

#[test]
fn z2_hourly_goes_by_elapsed_time() {
    let json = r#"{"start_at":"2026-10-24T22:00:00","time_zone":"Europe/Berlin","frequency":"hourly","every":2}"#;
    let expected = [
        "Sat 2026-10-24 22:00 +0200",
        "Sun 2026-10-25 00:00 +0200",
        "Sun 2026-10-25 02:00 +0200",
        "Sun 2026-10-25 03:00 +0100",
    ];
    assert_eq!(runs(json, 4), expected);
    let json = r#"{"start_at":"2026-01-02T22:00:00","frequency":"hourly","weekdays":["fri"]}"#;
    let expected = [
        "Fri 2026-01-02 22:00 +0000",
        "Fri 2026-01-02 23:00 +0000",
        "Fri 2026-01-09 00:00 +0000",
    ];
    assert_eq!(runs(json, 3), expected);
}

#[test]
fn z2_cron_as_crontab_reads_it() {
    let from = |cron: &str| runs(&format!(r#"{{"start_at":"2026-01-01T00:00:00","cron":"{cron}"}}"#), 3);
    // Two restricted day fields are ORed; a star in one of them makes it AND.
    assert_eq!(
        from("0 9 13 * 5"),
        [
            "Fri 2026-01-02 09:00 +0000",
            "Fri 2026-01-09 09:00 +0000",
            "Tue 2026-01-13 09:00 +0000"
        ]
    );
    assert_eq!(
        from("0 9 */12 * 5"),
        [
            "Fri 2026-02-13 09:00 +0000",
            "Fri 2026-03-13 09:00 +0000",
            "Fri 2026-05-01 09:00 +0000"
        ]
    );
    for sunday in ["0", "7", "sun", "SUN"] {
        assert_eq!(from(&format!("30 1 * * {sunday}"))[0], "Sun 2026-01-04 01:30 +0000");
    }
    assert_eq!(from("0 0 * feb-apr/2 fri-7")[0], "Sun 2026-02-01 00:00 +0000");
    assert_eq!(from("@weekly")[0], "Sun 2026-01-04 00:00 +0000");
    assert_eq!(from("@Annually")[1], "Fri 2027-01-01 00:00 +0000");
    assert_eq!(from("@hourly")[1], "Thu 2026-01-01 01:00 +0000");
    let seconds = spec(r#"{"start_at":"2026-01-01T00:00:00","cron":"*/30 * * * * *"}"#);
    assert_eq!(
        seconds.next(Some(utc("2026-01-01 00:00"))).unwrap().timestamp() % 60,
        30
    );
    // Beyond the calendar of the crate.
    let late = spec(r#"{"cron":"0 0 29 2 1"}"#);
    assert_eq!(late.next(Some(utc("2399-12-31 23:59"))), Some(utc("2400-02-07 00:00")));
    assert!(
        spec(r#"{"cron":"0 0 */28 2 1"}"#)
            .next(Some(utc("2090-01-01 00:00")))
            .is_some()
    );
}

#[test]
fn z2_cron_without_a_start_runs_from_the_instant_asked_about() {
    let cron = spec(r#"{"cron":"0 6 * * *","time_zone":"Europe/Berlin"}"#);
    assert_eq!(cron.next(Some(utc("2026-07-01 04:00"))), Some(utc("2026-07-02 04:00")));
}

#[test]
fn z2_what_crontab_does_not_know_is_an_error() {
    let wrong = |cron: &str| error(&format!(r#"{{"cron":"{cron}"}}"#));
    for foreign in [
        "0 0 L * *",
        "0 0 15W * *",
        "0 0 * * 5#2",
        "0 0 * * 5L",
        "0 0 LW * *",
        "0 0 L-3 * *",
        "0 0 * * friL",
    ] {
        assert!(wrong(foreign).contains("RRULE"), "{foreign}: {}", wrong(foreign));
    }
    assert!(wrong("0 0 * * 5-1").contains("does not ascend"));
    assert!(wrong("0 0 * * fri-mon").contains("does not ascend"));
    assert!(wrong("0 0 30 2 *").contains("never fires"));
    assert!(wrong("@reboot").contains("no time"));
    assert!(wrong("@dayly").contains("@daily"));
    assert!(wrong("60 * * * *").contains("not from 0 to 59"));
    assert!(wrong("0 0 0 * *").contains("not from 1 to 31"));
    assert!(wrong("* * * *").contains("4 fields"));
    assert!(wrong("0 0 0 1 1 * 2026").contains("7 fields"));
    for bad in [
        "5/10 * * * *",
        "*/0 * * * *",
        "*/ * * * *",
        ", * * * *",
        "1,,2 * * * *",
        "+1 * * * *",
        "1- * * * *",
        "mon * * * *",
        "*/+5 * * * *",
        "** * * * *",
        "? * * * *",
        "1~5 * * * *",
        "0 0 * * 8",
        "é * * * *",
    ] {
        assert!(try_spec(&format!(r#"{{"cron":"{bad}"}}"#)).is_err(), "{bad}");
    }
}

#[test]
fn z3_until_is_inclusive_and_exdates_are_left_out() {
    let json = r#"{"start_at":"2026-01-05T23:00:00","time_zone":"America/New_York","frequency":"daily",
        "until":"2026-01-08","exdates":["2026-01-06T23:00:00"]}"#;
    let expected = [
        "Mon 2026-01-05 23:00 -0500",
        "Wed 2026-01-07 23:00 -0500",
        "Thu 2026-01-08 23:00 -0500",
    ];
    assert_eq!(runs(json, 9), expected);
    assert!(
        error(r#"{"start_at":"2026-01-05T06:00:00","frequency":"daily","until":"2026-01-04"}"#).contains("never fires")
    );
    let json = r#"{"start_at":"2026-01-05T06:00:00","exdates":["2026-01-05T06:00:00"]}"#;
    assert!(error(json).starts_with("start_at") && error(json).contains("never fires"));
}

#[test]
fn x14_rrule() {
    let from = |rule: &str, n: usize| {
        let runs = runs(
            &format!(r#"{{"start_at":"2026-01-31T06:00:00","time_zone":"Europe/Berlin","rrule":"{rule}"}}"#),
            n,
        );
        runs.iter().map(|run| run[4..20].to_owned()).collect::<Vec<_>>()
    };
    // RFC 5545 skips a month without the day; a frequency would use its last one.
    assert_eq!(
        from("FREQ=MONTHLY", 3),
        ["2026-01-31 06:00", "2026-03-31 06:00", "2026-05-31 06:00"]
    );
    assert_eq!(
        from("rrule:freq=monthly;bymonthday=-1;count=2", 9),
        ["2026-01-31 06:00", "2026-02-28 06:00"]
    );
    let working_day = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1";
    assert_eq!(
        from(working_day, 3),
        ["2026-02-27 06:00", "2026-03-31 06:00", "2026-04-30 06:00"]
    );
    // A start that does not fit is not a run, and is not counted.
    assert_eq!(
        from("FREQ=WEEKLY;BYDAY=MO;COUNT=2", 9),
        ["2026-02-02 06:00", "2026-02-09 06:00"]
    );
    // An EXDATE is counted, and then left out.
    assert_eq!(
        from("FREQ=DAILY;COUNT=3\\nEXDATE:20260201T060000", 9),
        ["2026-01-31 06:00", "2026-02-02 06:00"]
    );
    assert_eq!(from("FREQ=DAILY;UNTIL=20260201", 9).len(), 2);
    assert_eq!(from("FREQ=DAILY;UNTIL=20260202T055959", 9).len(), 2);
    assert_eq!(from("FREQ=DAILY;UNTIL=20260202T050000Z", 9).len(), 3);
    assert_eq!(from("FREQ=DAILY;UNTIL=20260202T045959Z", 9).len(), 2);
    assert_eq!(
        from("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", 2),
        ["2027-01-04 06:00", "2028-01-03 06:00"]
    );
    assert_eq!(
        from("FREQ=YEARLY;BYDAY=-1SU", 2),
        ["2026-12-27 06:00", "2027-12-26 06:00"]
    );
    assert_eq!(from("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", 1), ["2026-03-29 06:00"]);
    // January has a fifth Saturday, and its fifth but last is the 3rd; the crate does not know of -5.
    assert_eq!(
        from("FREQ=MONTHLY;BYDAY=-5SA", 2),
        ["2026-05-02 06:00", "2026-08-01 06:00"]
    );
    assert_eq!(from("FREQ=YEARLY;BYMONTH=5;BYDAY=-5SA", 1), ["2026-05-02 06:00"]);
    // Only a year that begins with a Friday, or a leap year with one as its second day, has 53 of them.
    assert_eq!(
        from("FREQ=YEARLY;BYDAY=-53FR", 2),
        ["2027-01-01 06:00", "2032-01-02 06:00"]
    );
    // 2034-01-02 is the last day of a week that begins on Tuesday and has more days in 2033: its 52nd.
    assert_eq!(
        from("FREQ=YEARLY;WKST=TU;BYWEEKNO=52;BYDAY=MO;UNTIL=20340601", 99)
            .last()
            .unwrap(),
        "2034-01-02 06:00"
    );
    assert_eq!(
        from("FREQ=HOURLY;INTERVAL=6;BYHOUR=0,12", 2),
        ["2026-01-31 12:00", "2026-02-01 00:00"]
    );
    assert_eq!(
        from("FREQ=MINUTELY;INTERVAL=45;BYDAY=MO", 2),
        ["2026-02-02 00:00", "2026-02-02 00:45"]
    );
}

#[test]
fn x14_wrong_rules_are_refused() {
    let wrong = |rule: &str| error(&format!(r#"{{"start_at":"2026-01-05T06:00:00","rrule":"{rule}"}}"#));
    assert!(wrong("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").contains("never fires"));
    assert!(wrong("FREQ=SECONDLY;INTERVAL=2;BYSECOND=1").contains("never fires"));
    assert!(wrong("FREQ=DAILY;UNTIL=20260104").contains("never fires"));
    assert!(wrong("DTSTART:20260101T000000\\nRRULE:FREQ=DAILY").contains("start_at"));
    assert!(wrong("FREQ=DAILY;COUNT=2;UNTIL=20270101").contains("exclude"));
    assert!(wrong("FREQ=DAILY;COUNT=4000000000").contains("COUNT"));
    assert!(wrong("FREQ=WEEKLY;BYDAY=2MO").contains("BYDAY"));
    for bad in [
        "FREQ=DALY",
        "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=70000",
        "FREQ=MONTHLY;BYDAY=XXMO",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=DAILY;COUNT=0",
        "FREQ",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYHOUR=",
        "FREQ=DAILY;X=1",
        "RDATE:20260101T000000",
        "FREQ=DAILY\\nRRULE:FREQ=DAILY",
        "FREQ=MONTHLY;BYDAY=9MO",
        "FREQ=MONTHLY;BYDAY=-6MO",
        "FREQ=YEARLY;BYDAY=-54MO",
        "FREQ=MÄRZ",
        "FREQ=DAILY;BYSETPOS=1;BYSETPOS=2",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=DAILY\\nEXDATE:monday",
    ] {
        assert!(
            try_spec(&format!(r#"{{"start_at":"2026-01-05T06:00:00","rrule":"{bad}"}}"#)).is_err(),
            "{bad}"
        );
    }
}

#[test]
fn z2_columns_that_do_not_go_together_are_refused() {
    let wrong = |rest: &str| error(&format!(r#"{{"start_at":"2026-01-05T06:00:00",{rest}}}"#));
    assert!(wrong(r#""frequency":"daily","cron":"@daily""#).contains("second recurrence"));
    assert!(wrong(r#""frequency":"once","cron":"@daily""#).contains("second recurrence"));
    assert!(wrong(r#""cron":"@daily","weekdays":["mon"]"#).starts_with("weekdays"));
    assert!(wrong(r#""every":2"#).starts_with("every"));
    assert!(wrong(r#""frequency":"daily","every":0"#).starts_with("every"));
    assert!(wrong(r#""frequency":"week""#).contains("Did you mean weekly?"));
    assert!(wrong(r#""frequency":"dayly""#).contains("Did you mean daily?"));
    assert!(wrong(r#""frequency":"weekly","weekdays":["2tue"]"#).contains("monthly"));
    assert!(wrong(r#""frequency":"monthly","weekdays":["6tue"]"#).contains("beyond"));
    assert!(wrong(r#""frequency":"monthly","weekdays":["0tue"]"#).contains("beyond"));
    assert!(wrong(r#""frequency":"monthly","month_days":[0]"#).starts_with("month_days"));
    assert!(wrong(r#""frequency":"monthly","month_days":[-32]"#).starts_with("month_days"));
    assert!(wrong(r#""frequency":"monthly","months":[13]"#).starts_with("months"));
    assert!(wrong(r#""dst_gap":"shfit""#).contains("Did you mean shift?"));
    assert!(wrong(r#""dst_fold":"second""#).starts_with("dst_fold"));
}

#[test]
fn a_whole_row_as_json_is_read_and_the_rest_of_it_ignored() {
    let row = r#"{"name":"nightly","start_at":"2026-01-05T06:00:00.25","time_zone":null,"frequency":"daily","every":1,
        "weekdays":null,"max_runs":3,"until":null,"exdates":[],"month_days":[],"cron":" ","dst_gap":"shift"}"#;
    let fields: Fields = serde_json::from_str(row).unwrap();
    let first = Spec::parse(&fields).unwrap().next(None).unwrap();
    assert_eq!(first.timestamp_subsec_millis(), 250);
}
