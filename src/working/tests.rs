//! Working hours against a scan of minutes that asks another library for the local time and the rows for the rest (X8).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashSet};
use std::str::FromStr;

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

use super::calendar::Shift;
use super::*;

/// The rows of one rep, as a test knows them.
#[derive(Debug, Clone)]
struct Rows {
    zone: &'static str,
    shifts: Vec<Shift>,
    holidays: HashSet<NaiveDate>,
    absences: Vec<(NaiveDateTime, NaiveDateTime)>,
}

impl Rows {
    fn calendar(&self) -> Calendar {
        Calendar::new(
            &self.shifts,
            self.holidays.iter().map(|&day| (day, "off".to_owned())).collect(),
        )
    }

    fn absences(&self) -> Vec<Absence> {
        let absence = |&(starts, ends): &(NaiveDateTime, NaiveDateTime)| Absence {
            starts: Some(starts),
            ends: Some(ends),
            stand_in: None,
            reason: None,
        };
        self.absences.iter().map(absence).collect()
    }

    /// The definition, word by word.
    fn works(&self, at: DateTime<Utc>) -> bool {
        let tz = Tz::from_str(self.zone).unwrap();
        let local = tz.from_utc_datetime(&at.naive_utc()).naive_local();
        if self
            .absences
            .iter()
            .any(|&(starts, ends)| starts <= local && local < ends)
        {
            return false;
        }
        if self.holidays.contains(&local.date()) {
            return false;
        }
        if self.shifts.is_empty() {
            return true;
        }
        let second = local.num_seconds_from_midnight();
        let yesterday = local.date().pred_opt().unwrap();
        let weekday = |day: NaiveDate| day.weekday().number_from_monday() as u8;
        self.shifts.iter().any(|&(on, starts, ends)| {
            let over_midnight = ends <= starts;
            let today = on == weekday(local.date()) && starts <= second && (over_midnight || second < ends);
            let rest =
                over_midnight && on == weekday(yesterday) && second < ends && !self.holidays.contains(&yesterday);
            today || rest
        })
    }
}

const ZONES: [&str; 8] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Havana",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Pacific/Apia",
];

/// Days near which clocks change in one of them, and a day like any other.
const DAYS: [(i32, u32, u32); 9] = [
    (2031, 3, 30),
    (2031, 10, 26),
    (2031, 3, 9),
    (2031, 11, 2),
    (2031, 4, 6),
    (2018, 11, 4),
    (2018, 2, 18),
    (2011, 12, 30),
    (2031, 6, 18),
];

prop_compose! {
    fn rows()(
        zone in 0..ZONES.len(),
        day in 0..DAYS.len(),
        shifts in prop::collection::vec((1..8_u8, 0..24_u32, 0..25_u32, 0..2_u32), 0..6),
        holidays in prop::collection::hash_set(-3..5_i64, 0..3),
        absences in prop::collection::vec((-4_000..4_000_i64, 0..3_000_i64), 0..3),
    ) -> (Rows, DateTime<Utc>) {
        let (year, month, day) = DAYS[day];
        let day = NaiveDate::from_ymd_opt(year, month, day).unwrap();
        let noon = day.and_hms_opt(12, 0, 0).unwrap();
        let rows = Rows {
            zone: ZONES[zone],
            shifts: shifts.into_iter().map(|(on, starts, ends, half)| {
                (on, starts * 3600 + half * 1800, (ends * 3600 + half * 900).min(86_400))
            }).collect(),
            holidays: holidays.into_iter().map(|n| day + Duration::days(n)).collect(),
            absences: absences.into_iter().map(|(from, long)| {
                let from = noon + Duration::minutes(from);
                (from, from + Duration::minutes(long))
            }).collect(),
        };
        (rows, noon.and_utc())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Everything that is asked of somebody's hours agrees with a scan of the minutes of nine days around a change of clocks.
    #[test]
    fn hours_are_what_a_scan_of_minutes_says((rows, middle) in rows(), probe in 0..8_000_i64, length in 0..4_000_i64) {
        let calendar = rows.calendar();
        let hours = Hours::new(rows.zone, Some(&calendar), &rows.absences()).unwrap();
        let first = middle - Duration::minutes(4 * 1440);
        let minute = |n: i64| first + Duration::minutes(n);
        let total = 9 * 1440;
        let works: Vec<bool> = (0..total).map(|n| rows.works(minute(n))).collect();
        for n in 0..total {
            prop_assert_eq!(hours.why_not(minute(n)).is_none(), works[n as usize], "{}", minute(n));
        }
        let probe = probe % (total - length.max(1));
        let at = minute(probe);
        // Next at work, and until when.
        let next = (probe..total).find(|&n| works[n as usize]);
        match (next, hours.next_at_work(at)) {
            (Some(n), found) => prop_assert_eq!(found, Some(minute(n))),
            (None, found) => prop_assert!(found.is_none_or(|found| found >= minute(total))),
        }
        if works[probe as usize] {
            let end = (probe..total).find(|&n| !works[n as usize]);
            match (end, hours.works_until(at)) {
                (Some(n), found) => prop_assert_eq!(found, Some(minute(n))),
                (None, found) => prop_assert!(found.is_none_or(|found| found >= minute(total))),
            }
        }
        // Working time, and the instant by which it has gone by.
        let worked = (probe..probe + length).filter(|&n| works[n as usize]).count() as i64;
        prop_assert_eq!(hours.between(at, minute(probe + length)), Duration::minutes(worked));
        let mut left = length;
        let reached = (probe..total).find(|&n| {
            left -= i64::from(works[n as usize]);
            left <= 0
        });
        if length > 0 {
            match (reached, hours.after(at, Duration::minutes(length))) {
                (Some(n), found) => prop_assert_eq!(found, Some(minute(n + 1))),
                (None, found) => prop_assert!(found.is_none_or(|found| found > minute(total))),
            }
        }
    }

    /// Working time adds up, and `after` is its inverse; to the microsecond.
    #[test]
    fn working_time_adds_up((rows, middle) in rows(), a in 0..400_000_000_000_i64, b in 0..400_000_000_000_i64) {
        let calendar = rows.calendar();
        let hours = Hours::new(rows.zone, Some(&calendar), &rows.absences()).unwrap();
        let (from, between) = (middle - Duration::days(4), middle - Duration::days(4) + Duration::microseconds(a));
        let to = between + Duration::microseconds(b);
        let whole = hours.between(from, to);
        prop_assert_eq!(hours.between(from, between) + hours.between(between, to), whole);
        prop_assert_eq!(hours.between(to, from), Duration::zero());
        if whole > Duration::zero() {
            let reached = hours.after(from, whole).unwrap();
            prop_assert!(reached <= to);
            prop_assert_eq!(hours.between(from, reached), whole);
            prop_assert_eq!(hours.between(reached, to), Duration::zero());
        }
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn local(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

/// Nine to five stays nine to five when the clocks change, and a night shift is an hour longer or shorter.
#[test]
fn shifts_keep_their_local_hours() {
    let nine = 9 * 3600;
    let day = Calendar::new(&[(6, nine, 17 * 3600), (1, nine, 17 * 3600)], BTreeMap::new());
    let hours = Hours::new("Europe/Berlin", Some(&day), &[]).unwrap();
    // Saturday 29 March 2031 is before the change, Monday after it.
    assert_eq!(
        hours.next_at_work(instant("2031-03-29T00:00:00Z")),
        Some(instant("2031-03-29T08:00:00Z"))
    );
    assert_eq!(
        hours.works_until(instant("2031-03-29T10:00:00Z")),
        Some(instant("2031-03-29T16:00:00Z"))
    );
    assert_eq!(
        hours.next_at_work(instant("2031-03-29T16:00:00Z")),
        Some(instant("2031-03-31T07:00:00Z"))
    );
    let night = Calendar::new(&[(6, 22 * 3600, 6 * 3600)], BTreeMap::new());
    let hours = Hours::new("Europe/Berlin", Some(&night), &[]).unwrap();
    let week = |from: &str| hours.between(instant(from), instant(from) + Duration::days(6));
    assert_eq!(week("2031-03-27T00:00:00Z"), Duration::hours(7));
    assert_eq!(week("2031-10-23T00:00:00Z"), Duration::hours(9));
    assert_eq!(week("2031-06-12T00:00:00Z"), Duration::hours(8));
}

/// Who never works is found to, whatever the reason, and soon.
#[test]
fn never_is_an_answer() {
    let always = Calendar::default();
    let calendar = Calendar::new(&[(1, 3600, 7200)], BTreeMap::new());
    let forever = |starts| Absence {
        starts,
        ends: None,
        stand_in: None,
        reason: None,
    };
    let at = instant("2031-01-01T00:00:00Z");
    for absence in [forever(None), forever(Some(local("2030-12-31T00:00:00")))] {
        let hours = Hours::new("UTC", Some(&calendar), std::slice::from_ref(&absence)).unwrap();
        assert_eq!(hours.why_not(at), Some(Why::Absent));
        assert_eq!(hours.next_at_work(at), None);
        assert_eq!(hours.after(at, Duration::seconds(1)), None);
        assert_eq!(hours.between(at, at + Duration::days(400_000)), Duration::zero());
    }
    // (A calendar made by Default has not even the hours that one without shifts has.)
    assert_eq!(Hours::new("UTC", Some(&always), &[]).unwrap().next_at_work(at), None);
    let hours = Hours::new("UTC", None, &[]).unwrap();
    assert_eq!(
        (hours.next_at_work(at), hours.works_until(at), hours.why_not(at)),
        (Some(at), None, None)
    );
    assert_eq!(
        hours.after(at, Duration::hours(50)),
        Some(instant("2031-01-03T02:00:00Z"))
    );
    // Back after nine years.
    let long = Absence {
        ends: Some(local("2040-01-01T00:00:00")),
        ..forever(None)
    };
    let hours = Hours::new("UTC", Some(&calendar), &[long]).unwrap();
    assert_eq!(hours.next_at_work(at), Some(instant("2040-01-02T01:00:00Z")));
}

/// Who is not on the roster works round the clock; who never works again is told of as such.
#[test]
fn working_time_of_people() {
    let always_away = r#"{"zone": "UTC", "calendar": null, "active": true,
                          "absences": [{"starts": null, "ends": null, "stand_in": null, "reason": null}]}"#;
    let nine = r#"{"zone": "UTC", "calendar": "nine", "active": true, "absences": []}"#;
    let roster = roster(&format!(r#"{{"away": {always_away}, "nine": {nine}}}"#));
    let (from, work) = (instant("2031-01-01T16:30:00Z"), Duration::hours(1));
    assert_eq!(
        roster.worked("nobody known", from, work),
        Some(instant("2031-01-01T17:30:00Z"))
    );
    // Wednesdays from 9 to 17, and the next one is a holiday.
    assert_eq!(roster.worked("nine", from, work), Some(instant("2031-01-15T09:30:00Z")));
    assert_eq!(roster.worked("away", from, work), None);
}

fn roster(people: &str) -> Roster {
    let calendars = r#"{"nine": {"shifts": [[3, 32400, 61200]], "holidays": {"2031-01-08": "Some Day"}}}"#;
    serde_json::from_str(&format!(r#"{{"calendars": {calendars}, "people": {people}}}"#)).unwrap()
}

/// Whoever stands in must be there, else hands on; a circle, an inactive one, and one who is merely out of hours end it.
#[test]
fn stand_ins_hand_on() {
    let person = |zone: &str, calendar: &str, active: bool, stand_ins: &[&str]| {
        let absence =
            |name: &&str| format!(r#"{{"starts": null, "ends": null, "stand_in": "{name}", "reason": "trip"}}"#);
        let absences: Vec<String> = stand_ins.iter().map(absence).collect();
        format!(
            r#"{{"zone": "{zone}", "calendar": {calendar}, "active": {active}, "absences": [{}]}}"#,
            absences.join(", ")
        )
    };
    let people = [
        ("a", person("UTC", "null", true, &["b"])),
        ("b", person("UTC", "null", true, &["c"])),
        ("c", person("UTC", "\"nine\"", true, &[])),
        ("d", person("UTC", "null", true, &["e"])),
        ("e", person("UTC", "null", true, &["d"])),
        ("f", person("UTC", "null", true, &["off", "c", "free"])),
        ("off", person("UTC", "null", false, &[])),
        ("g", person("UTC", "\"nine\"", true, &[])),
    ];
    let people: Vec<String> = people.iter().map(|(name, row)| format!(r#""{name}": {row}"#)).collect();
    let roster = roster(&format!("{{{}}}", people.join(", ")));
    let at = |hour: &str| instant(&format!("2031-01-01T{hour}:00:00Z"));
    let absent = |stand_in| Standing::Away {
        why: Why::Absent,
        stand_in,
    };
    // 1 January 2031 is a Wednesday.
    assert_eq!(roster.standing("a", at("10")), absent(Some("c")));
    assert_eq!(roster.standing("a", at("18")), absent(None));
    assert_eq!(roster.standing("d", at("10")), absent(None));
    assert_eq!(roster.standing("f", at("10")), absent(Some("c")));
    assert_eq!(roster.standing("f", at("18")), absent(Some("free")));
    assert_eq!(roster.standing("nobody known", at("18")), Standing::AtWork);
    let told = roster.away("a", at("10")).unwrap();
    assert_eq!(
        (told.why, told.detail.as_deref(), told.until, told.stand_in.as_deref()),
        (Why::Absent, Some("trip"), None, Some("c"))
    );
    // The holiday is the next Wednesday.
    let told = roster.away("g", at("18")).unwrap();
    assert_eq!(
        (told.why, told.until),
        (Why::OutOfHours, Some(instant("2031-01-15T09:00:00Z")))
    );
    let told = roster.away("g", instant("2031-01-08T10:00:00Z")).unwrap();
    assert_eq!((told.why, told.detail.as_deref()), (Why::Holiday, Some("Some Day")));
    assert_eq!(roster.works_until("g", at("10")), Some(at("17")));
    assert!(roster.stand_ins("f").eq(["off", "c", "free"]));
}
