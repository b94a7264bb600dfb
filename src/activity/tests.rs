//! Placement against a scan of minutes that knows nothing of windows (F6), and the texts of subjects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, Timelike, Utc};
use proptest::prelude::*;

use super::{Diary, Limits, Outcome, Piece, Why, each, parse};
use crate::working::{Absence, Calendar, Hours};

const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Havana",
    "Asia/Kolkata",
];

/// Days near which clocks change in one of them, and a day like any other.
const DAYS: [(i32, u32, u32); 6] = [
    (2031, 3, 30),
    (2031, 10, 26),
    (2031, 3, 9),
    (2031, 11, 2),
    (2031, 4, 6),
    (2031, 6, 18),
];

type Span = (DateTime<Utc>, DateTime<Utc>);

/// One person, as a test knows him.
#[derive(Debug, Clone)]
struct Person {
    zone: &'static str,
    calendar: Calendar,
    absences: Vec<(NaiveDateTime, NaiveDateTime)>,
    busy: Vec<Span>,
}

impl Person {
    fn hours(&self) -> Hours<'_> {
        let absence = |&(starts, ends): &(NaiveDateTime, NaiveDateTime)| Absence {
            starts: Some(starts),
            ends: Some(ends),
            stand_in: None,
            reason: None,
        };
        let absences: Vec<Absence> = self.absences.iter().map(absence).collect();
        Hours::new(self.zone, Some(&self.calendar), &absences).unwrap()
    }

    fn diary(&self, limits: Limits) -> Diary {
        Diary::new(&self.hours(), self.busy.clone(), limits)
    }

    /// The definition, minute by minute: all the places there are, first come, first served; and whether there would be any,
    /// had he nothing else to do.
    fn places(&self, limits: &Limits) -> (Vec<DateTime<Utc>>, bool) {
        let hours = self.hours();
        let first = hours.local(limits.from).date();
        let last = first + Duration::days(limits.spread_days.into());
        let mut day_of = HashMap::new();
        let mut usable = |minute: i64| {
            *day_of.entry(minute).or_insert_with(|| {
                let at = DateTime::from_timestamp(minute * 60, 0).unwrap();
                let local = hours.local(at);
                let second = local.num_seconds_from_midnight();
                let fits = hours.why_not(at).is_none()
                    && (limits.earliest..limits.latest).contains(&second)
                    && local.date() <= last;
                fits.then_some(local.date())
            })
        };
        let mut per_day: HashMap<NaiveDate, u32> = HashMap::new();
        for (starts, _) in &self.busy {
            *per_day.entry(hours.local(*starts).date()).or_default() += 1;
        }
        let long = limits.duration.num_minutes();
        let begin = (limits.from.timestamp_micros() + 59_999_999).div_euclid(60_000_000);
        let end = begin + (i64::from(limits.spread_days) + 3) * 1440;
        let (mut found, mut minute, mut works) = (Vec::new(), begin, false);
        while minute < end {
            let day = usable(minute);
            let whole = day.is_some() && (minute..minute + long).all(|m| usable(m) == day);
            works |= whole;
            let starts = DateTime::from_timestamp(minute * 60, 0).unwrap();
            let ends = starts + limits.duration;
            let free = self
                .busy
                .iter()
                .all(|&(from, to)| from >= to || to <= starts || from >= ends);
            let count = day.map(|day| per_day.entry(day).or_default());
            match count {
                Some(count) if whole && free && limits.per_day.is_none_or(|most| *count < most) => {
                    *count += 1;
                    found.push(starts);
                    minute += long;
                }
                _ => minute += 1,
            }
        }
        (found, works)
    }
}

prop_compose! {
    fn person(noon: NaiveDateTime)(
        zone in 0..ZONES.len(),
        shifts in prop::collection::vec((1..8_u8, 0..24_u32, 0..25_u32, 0..2_u32), 0..9),
        holidays in prop::collection::hash_set(-1..4_i64, 0..2),
        absences in prop::collection::vec((-2_000..4_000_i64, 0..2_000_i64), 0..2),
        // Some of it touches what is placed, and some begins within a minute.
        busy in prop::collection::vec((-100..400_i64, 0..12_i64, 0..4_i64), 0..12),
    ) -> Person {
        let shifts: Vec<(u8, u32, u32)> = shifts.into_iter().map(|(on, starts, ends, half)| {
            (on, starts * 3600 + half * 1800, (ends * 3600 + half * 900).min(86_400))
        }).collect();
        let holidays: BTreeMap<NaiveDate, String> =
            holidays.into_iter().map(|n| (noon.date() + Duration::days(n), "off".to_owned())).collect();
        Person {
            zone: ZONES[zone],
            calendar: Calendar::new(&shifts, holidays),
            absences: absences.into_iter().map(|(from, long)| {
                let from = noon + Duration::minutes(from);
                (from, from + Duration::minutes(long))
            }).collect(),
            busy: busy.into_iter().map(|(from, long, odd)| {
                let from = noon.and_utc() + Duration::seconds(from * 900 + odd / 2 * 29);
                (from, from + Duration::seconds(long * 900 + odd % 2 * 17))
            }).collect(),
        }
    }
}

fn world() -> impl Strategy<Value = (Vec<Person>, Limits)> {
    let rest = (
        -100_000_000_000..100_000_000_000_i64,
        prop::sample::select(vec![1_i64, 15, 20, 45, 60, 90, 117, 180]),
        0..24_u32,
        1..25_u32,
        0..4_u32,
        prop::option::of(1..6_u32),
        prop::bool::ANY,
    );
    (0..DAYS.len(), rest).prop_flat_map(|(day, (from, long, earliest, window, spread_days, per_day, whole))| {
        let (year, month, day) = DAYS[day];
        let noon = NaiveDate::from_ymd_opt(year, month, day)
            .unwrap()
            .and_hms_opt(12, 0, 0)
            .unwrap();
        let micros = if whole { from / 60_000_000 * 60_000_000 } else { from };
        let limits = Limits {
            from: noon.and_utc() + Duration::microseconds(micros),
            duration: Duration::minutes(long),
            earliest: earliest * 3600,
            latest: ((earliest + window) * 3600 - 900).min(86_400),
            spread_days,
            per_day,
        };
        (prop::collection::vec(person(noon), 1..4), Just(limits))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    /// Each place is the first that a scan of minutes finds, and there are as many; who is left is told why.
    #[test]
    fn places_are_what_a_scan_of_minutes_finds((people, limits) in world(), wanted in prop::collection::vec(-1..4_i32, 0..60)) {
        let mut diaries: Vec<Option<Diary>> = people.iter().map(|person| Some(person.diary(limits))).collect();
        let placed = each(&mut diaries, &wanted);
        let mut expected: Vec<_> = people.iter().map(|person| {
            let (places, works) = person.places(&limits);
            (places.into_iter(), works)
        }).collect();
        for (who, outcome) in wanted.iter().zip(placed) {
            let who = usize::try_from(*who).unwrap_or(usize::MAX);
            let then = match expected.get_mut(who) {
                None => Outcome::Nobody,
                Some((places, works)) => match places.next() {
                    Some(starts) => Outcome::At { who, starts },
                    None => Outcome::Left(if *works { Why::Full } else { Why::NotAtWork }),
                },
            };
            prop_assert_eq!(outcome, then);
        }
    }

    /// Of several the one with the earliest place gets the next; nobody's diary has more than one thing at a time; and none is
    /// left while anybody has time.
    #[test]
    fn whoever_has_time_first((people, limits) in world(), count in 0..100_usize) {
        let mut diaries: Vec<Diary> = people.iter().map(|person| person.diary(limits)).collect();
        let placed = super::any(&mut diaries, count);
        let all: Vec<Vec<DateTime<Utc>>> = people.iter().map(|person| person.places(&limits).0).collect();
        let mut taken = vec![0; people.len()];
        prop_assert_eq!(placed.len(), count);
        for outcome in placed {
            let least = (0..people.len())
                .filter_map(|who| Some((*all[who].get(taken[who])?, taken[who], who)))
                .min();
            match (outcome, least) {
                (Outcome::At { who, starts }, Some((then, _, whose))) => {
                    prop_assert_eq!((who, starts), (whose, then));
                    taken[who] += 1;
                }
                (Outcome::Left(_), None) => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    /// A text without braces is itself, and one of pieces is put together again.
    #[test]
    fn subjects_are_taken_apart(texts in prop::collection::vec("[a-z{} ]{0,6}", 0..6), fields in prop::collection::vec("[a-z_]{1,8}", 6)) {
        let (mut written, mut expected) = (String::new(), Vec::new());
        for (text, field) in texts.iter().zip(&fields) {
            written.push_str(&text.replace('{', "{{").replace('}', "}}"));
            written.push_str(&format!("{{{field}}}"));
            if !text.is_empty() {
                expected.push(Piece::Text(text.clone()));
            }
            expected.push(Piece::Field(field.clone()));
        }
        prop_assert_eq!(parse(&written), Ok(expected));
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A day of eight hours, a meeting in it, and three hours a call: two on the first day, then the next working day.
#[test]
fn a_full_day_spills_to_the_next() {
    let nine = 9 * 3600;
    let weekdays: Vec<_> = (1..6).map(|day| (day, nine, 17 * 3600)).collect();
    let calendar = Calendar::new(&weekdays, BTreeMap::new());
    let hours = Hours::new("Europe/Berlin", Some(&calendar), &[]).unwrap();
    let limits = Limits {
        // A Friday, 11:00 in Berlin.
        from: instant("2031-06-20T09:00:00Z"),
        duration: Duration::minutes(90),
        earliest: nine,
        latest: 17 * 3600,
        spread_days: 3,
        per_day: None,
    };
    let meeting = (instant("2031-06-20T10:30:00Z"), instant("2031-06-20T12:00:00Z"));
    let mut diary = Diary::new(&hours, vec![meeting], limits);
    let places: Vec<String> = std::iter::from_fn(|| diary.take()).map(|at| at.to_rfc3339()).collect();
    let expected = [
        "2031-06-20T09:00:00+00:00",
        "2031-06-20T12:00:00+00:00",
        "2031-06-20T13:30:00+00:00",
        "2031-06-23T07:00:00+00:00",
        "2031-06-23T08:30:00+00:00",
        "2031-06-23T10:00:00+00:00",
        "2031-06-23T11:30:00+00:00",
        "2031-06-23T13:00:00+00:00",
    ];
    assert_eq!(places, expected);
    assert_eq!((diary.take(), diary.why()), (None, Why::Full));
    let two = Limits {
        per_day: Some(2),
        ..limits
    };
    let mut diary = Diary::new(&hours, vec![meeting], two);
    let places: Vec<String> = std::iter::from_fn(|| diary.take()).map(|at| at.to_rfc3339()).collect();
    assert_eq!(places, [expected[0], expected[3], expected[4]]);
    let weekend = Limits {
        from: instant("2031-06-21T09:00:00Z"),
        spread_days: 1,
        ..limits
    };
    let mut diary = Diary::new(&hours, vec![], weekend);
    assert_eq!((diary.take(), diary.why()), (None, Why::NotAtWork));
}

/// A brace that is alone is a mistake, and so is a field without a name.
#[test]
fn subjects_that_are_wrong() {
    for (text, problem) in [
        ("Call {name", "the { before 'name' has no } after it"),
        ("Call {a{b}}", "the { before 'a' has no } after it"),
        ("Call name}", "a } has no { before it"),
        ("Call { }", "there is no field between { and }"),
    ] {
        assert_eq!(parse(text), Err(problem.to_owned()), "{text}");
    }
    assert_eq!(parse(""), Ok(vec![]));
}
