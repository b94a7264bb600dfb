//! Daylight saving: every policy, in every zone, against a scan of real minutes.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, NaiveDateTime, TimeZone, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::{Spec, local, runs, spec, utc};

#[test]
fn g4_a_time_in_the_gap_is_shifted_skipped_or_moved_to_its_end() {
    let on = |gap: &str| {
        let json =
            r#"{"start_at":"2026-03-28T02:30:00","time_zone":"Europe/Berlin","frequency":"daily","dst_gap":"GAP"}"#;
        runs(&json.replace("GAP", gap), 2)[1].clone()
    };
    assert_eq!(on("shift"), "Sun 2026-03-29 03:30 +0200");
    assert_eq!(on("skip"), "Mon 2026-03-30 02:30 +0200");
    assert_eq!(on("next_valid"), "Sun 2026-03-29 03:00 +0200");
}

#[test]
fn g4_a_time_in_the_fold_is_the_first_the_last_or_both() {
    let on = |fold: &str| {
        let json =
            r#"{"start_at":"2026-10-25T02:30:00","time_zone":"Europe/Berlin","rrule":"FREQ=DAILY","dst_fold":"FOLD"}"#;
        runs(&json.replace("FOLD", fold), 2)
    };
    assert_eq!(
        on("first"),
        ["Sun 2026-10-25 02:30 +0200", "Mon 2026-10-26 02:30 +0100"]
    );
    assert_eq!(on("last"), ["Sun 2026-10-25 02:30 +0100", "Mon 2026-10-26 02:30 +0100"]);
    assert_eq!(on("both"), ["Sun 2026-10-25 02:30 +0200", "Sun 2026-10-25 02:30 +0100"]);
}

#[test]
fn g4_a_day_the_zone_left_out_is_shifted_by_a_day() {
    // Samoa went from Thursday to Saturday.
    let json = r#"{"start_at":"2011-12-29T06:00:00","time_zone":"Pacific/Apia","frequency":"daily"}"#;
    let expected = [
        "Thu 2011-12-29 06:00 -1000",
        "Sat 2011-12-31 06:00 +1400",
        "Sun 2012-01-01 06:00 +1400",
    ];
    assert_eq!(runs(json, 3), expected);
}

#[test]
fn z2_a_star_in_minute_or_hour_knows_neither_gap_nor_fold() {
    let json = r#"{"start_at":"2026-10-25T02:30:00","time_zone":"Europe/Berlin","cron":"*/30 * * * *"}"#;
    let expected = [
        "Sun 2026-10-25 02:30 +0200",
        "Sun 2026-10-25 02:00 +0100",
        "Sun 2026-10-25 02:30 +0100",
    ];
    assert_eq!(runs(json, 3), expected);
    let json =
        r#"{"start_at":"2026-03-28T12:00:00","time_zone":"Europe/Berlin","cron":"30 */2 29 3 *","dst_gap":"shift"}"#;
    assert_eq!(
        runs(json, 2),
        ["Sun 2026-03-29 00:30 +0100", "Sun 2026-03-29 04:30 +0200"]
    );
    let json = r#"{"start_at":"2026-03-29T00:00:00","time_zone":"Europe/Berlin","cron":"0 30 2 * * *"}"#;
    assert_eq!(runs(json, 1), ["Mon 2026-03-30 02:30 +0200"], "six fields");
}

#[test]
fn x14_a_count_of_hours_is_of_runs_whatever_the_clock_does() {
    let count = |start: &str, rule: &str| {
        let json = r#"{"start_at":"START","time_zone":"Europe/Berlin","rrule":"RULE"}"#;
        let runs = runs(&json.replace("START", start).replace("RULE", rule), 99);
        (runs.len(), runs.last().unwrap().clone())
    };
    let ten = "FREQ=HOURLY;COUNT=10";
    assert_eq!(
        count("2026-10-25T00:00:00", ten),
        (10, "Sun 2026-10-25 08:00 +0100".into())
    );
    assert_eq!(
        count("2026-03-29T00:00:00", ten),
        (10, "Sun 2026-03-29 10:00 +0200".into())
    );
    // An EXDATE is counted, and then left out.
    let nine = "FREQ=HOURLY;COUNT=10\\nEXDATE:20260329T040000";
    assert_eq!(
        count("2026-03-29T00:00:00", nine),
        (9, "Sun 2026-03-29 10:00 +0200".into())
    );
}

#[test]
fn z3_the_last_date_is_over_when_the_clock_has_shown_it_twice() {
    // Newfoundland put its clocks back from 00:01 to 23:01 of the day before.
    let cron = r#"{"cron":"*/30 * * * *","time_zone":"America/St_Johns","start_at":"2010-11-06T23:00:00","until":"2010-11-06"}"#;
    let expected = [
        "Sat 2010-11-06 23:00 -0230",
        "Sat 2010-11-06 23:30 -0230",
        "Sat 2010-11-06 23:30 -0330",
    ];
    assert_eq!(runs(cron, 9), expected);
    let rule = r#"{"rrule":"FREQ=MINUTELY;INTERVAL=30","time_zone":"America/St_Johns","start_at":"2010-11-06T23:00:00",
        "until":"2010-11-06"}"#;
    assert_eq!(runs(rule, 9), expected);
    // Alaska went over to the American side of the date line: one day came twice.
    let hourly = r#"{"frequency":"hourly","every":7,"weekdays":["fri"],"time_zone":"America/Sitka",
        "start_at":"1867-10-18T00:00:00"}"#;
    assert!(runs(hourly, 5).iter().all(|run| run.contains("1867-10-18")));
}

#[test]
fn g3_once_is_once_even_in_a_fold() {
    let json = r#"{"start_at":"2026-10-25T02:30:00","time_zone":"Europe/Berlin","dst_fold":"both"}"#;
    assert_eq!(runs(json, 3), ["Sun 2026-10-25 02:30 +0200"]);
}

#[test]
fn g3_a_start_in_the_gap_that_is_to_be_skipped_never_fires() {
    let json = r#"{"start_at":"2026-03-29T02:30:00","time_zone":"Europe/Berlin","dst_gap":"skip"}"#;
    assert!(super::try_spec(json).unwrap_err().message.contains("never fires"));
}

/// The runs expected of all local times that pass, on minutes counted one by one.
fn scanned(
    tz: Tz,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    passes: impl Fn(NaiveDateTime) -> bool,
    (gap, fold): (&str, &str),
) -> BTreeSet<DateTime<Utc>> {
    let minute = Duration::minutes(1);
    let mut standing: BTreeMap<NaiveDateTime, Vec<DateTime<Utc>>> = BTreeMap::new();
    let mut expected = BTreeSet::new();
    let mut before = None;
    // From far enough before, so that a fold's first half is seen with its second.
    let mut at = from - Duration::hours(26);
    while at <= to + Duration::hours(26) {
        let now = at.with_timezone(&tz).naive_local();
        standing.entry(now).or_default().push(at);
        if let Some(previous) = before {
            let mut missing = previous + minute;
            while missing < now {
                // What the clock would have shown, had it not jumped.
                let shifted = at + (missing - (previous + minute));
                match gap {
                    _ if !passes(missing) => false,
                    "shift" => expected.insert(shifted),
                    "next_valid" => expected.insert(at),
                    _ => false,
                };
                missing += minute;
            }
        }
        before = Some(now);
        at += minute;
    }
    for (_, instants) in standing.iter().filter(|(now, _)| passes(**now)) {
        match fold {
            "first" => expected.extend(instants.first()),
            "last" => expected.extend(instants.last()),
            _ => expected.extend(instants),
        }
    }
    expected.into_iter().filter(|at| *at > from && *at <= to).collect()
}

fn found(spec: &Spec, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> BTreeSet<DateTime<Utc>> {
    spec.upcoming(Some(from)).take_while(|at| *at <= to).collect()
}

/// The first two changes of offset after an instant, within two years.
fn changes(tz: Tz, after: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let offset = |at: DateTime<Utc>| chrono::Offset::fix(&tz.offset_from_utc_datetime(&at.naive_utc()));
    let samples = (0..2 * 365 * 2).map(|n| after + Duration::hours(12 * n));
    samples
        .filter(|&at| offset(at) != offset(at + Duration::hours(12)))
        .take(2)
        .collect()
}

#[test]
fn g4_every_zone_and_policy_agrees_with_a_scan_of_minutes() {
    let policies = [
        ("shift", "first"),
        ("skip", "last"),
        ("next_valid", "both"),
        ("shift", "both"),
        ("shift", "last"),
    ];
    let mut seen = 0;
    for (n, &tz) in TZ_VARIANTS.iter().step_by(2).enumerate() {
        // Every second name is enough: half of them are links. Other years for other zones, back to where offsets were odd but whole minutes.
        let year = [2025, 1983, 2010, 2022][n % 4];
        for change in changes(tz, utc(&format!("{year}-01-01 00:00"))) {
            let (gap, fold) = policies[seen % policies.len()];
            seen += 1;
            let window = (change - Duration::hours(3), change + Duration::hours(21));
            let row = |cron: &str| {
                spec(&format!(
                    r#"{{"cron":"{cron}","time_zone":"{tz}","dst_gap":"{gap}","dst_fold":"{fold}"}}"#
                ))
            };
            let passes = |at: NaiveDateTime| at.minute().is_multiple_of(20) && at.hour() < 5;
            let wall = row("0,20,40 0-4 * * *");
            assert_eq!(
                found(&wall, window),
                scanned(tz, window, passes, (gap, fold)),
                "{tz} {gap} {fold}"
            );
            let elapsed = row("*/20 0-4 * * *");
            assert_eq!(
                found(&elapsed, window),
                scanned(tz, window, passes, ("skip", "both")),
                "{tz} elapsed"
            );
        }
    }
    assert!(seen > 150, "{seen}");
}

#[test]
fn g4_folds_and_gaps_of_many_sizes_agree_with_a_scan_of_minutes() {
    let cases = [
        ("Australia/Lord_Howe", "2026-04-04 15:00"),
        ("Australia/Lord_Howe", "2026-10-03 15:30"),
        ("Pacific/Apia", "2011-12-30 10:00"),
        ("Pacific/Kwajalein", "1993-08-21 00:00"),
        ("America/Sao_Paulo", "2018-11-04 03:00"),
        ("Antarctica/Troll", "2026-03-29 01:00"),
        ("Antarctica/Troll", "2026-10-25 01:00"),
        ("Asia/Manila", "1844-12-30 16:00"),
        ("Africa/Casablanca", "2026-02-15 02:00"),
        ("Europe/Dublin", "2026-10-25 01:00"),
    ];
    for (zone, at) in cases {
        let tz: Tz = zone.parse().unwrap();
        let at = utc(at);
        // Local mean time is no whole number of minutes; scans need one.
        if at.with_timezone(&tz).naive_local().second() != 0 {
            continue;
        }
        for gap in ["shift", "skip", "next_valid"] {
            for fold in ["first", "last", "both"] {
                let window = (at - Duration::hours(27), at + Duration::hours(30));
                let json = format!(
                    r#"{{"cron":"0,15,30,45 0-23 * * *","time_zone":"{zone}","dst_gap":"{gap}","dst_fold":"{fold}"}}"#
                );
                let passes = |at: NaiveDateTime| at.minute().is_multiple_of(15);
                let expected = scanned(tz, window, passes, (gap, fold));
                assert_eq!(found(&spec(&json), window), expected, "{zone} {gap} {fold}");
            }
        }
    }
    assert_eq!(local("2026-01-01 00:00").minute(), 0);
}
