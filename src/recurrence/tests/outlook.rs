//! What several schedules are going to do, against a plain merge of what each of them does.

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

use super::super::{Entry, Event, Outlook};
use super::{spec, utc};

const ROWS: [&str; 8] = [
    r#""cron":"*/20 * * * *""#,
    r#""cron":"0 */5 * * *","exdates":["2027-03-28T05:00:00","2027-03-29T10:00:00"]"#,
    r#""cron":"0,30 0-4 * * *","dst_gap":"skip""#,
    r#""frequency":"daily","until":"2027-03-29""#,
    r#""frequency":"hourly","every":7,"exdates":["2027-03-28T01:00:00"]"#,
    r#""rrule":"FREQ=DAILY;COUNT=4""#,
    r#""frequency":"once""#,
    r#""rrule":"FREQ=SECONDLY;INTERVAL=907""#,
];

fn entry(row: &str, runs_left: Option<u32>) -> Entry {
    let json = format!(r#"{{"start_at":"2027-03-26T02:30:00","time_zone":"Europe/Berlin",{row}}}"#);
    Entry {
        spec: spec(&json).into(),
        due: None,
        runs_left,
    }
}

proptest! {
    #![proptest_config(super::cases(64))]

    #[test]
    fn z3_an_outlook_is_the_merge_of_all_runs_within_their_limits(
        rows in prop::collection::vec((0..ROWS.len(), prop::option::of(0_u32..9), any::<bool>()), 0..7),
        from in 0_i64..200, length in 0_i64..90, most in 1_usize..60,
    ) {
        let from = utc("2027-03-25 00:00") + Duration::minutes(from * 37);
        let to = from + Duration::hours(length);
        let mut outlook = Outlook::new(from, to, most);
        let mut expected: Vec<(DateTime<Utc>, usize)> = Vec::new();
        for (number, &(row, runs_left, armed)) in rows.iter().enumerate() {
            let mut entry = entry(ROWS[row], runs_left);
            // Armed before the outlook begins, it has used up some of its runs by then.
            let first = if armed { entry.spec.next(None) } else { entry.spec.next(Some(from - Duration::nanoseconds(1))) };
            entry.due = first.filter(|_| armed);
            let runs = first.into_iter().chain(entry.spec.upcoming(first).filter(|_| first.is_some()));
            let runs = runs.take(runs_left.map_or(usize::MAX, |n| n as usize)).take_while(|at| *at <= to);
            expected.extend(runs.filter(|at| *at >= from).map(|at| (at, number)));
            outlook.add(number, entry, || ());
        }
        expected.sort_unstable();
        let all = outlook.happenings(|| ());
        prop_assert!(all.is_sorted() && all.len() <= most && all.iter().all(|h| (from..=to).contains(&h.at)));
        let runs: Vec<_> = all.iter().filter(|h| h.event == Event::Run).map(|h| (h.at, h.entry)).collect();
        if all.len() < most {
            prop_assert_eq!(&runs, &expected);
        } else {
            prop_assert_eq!(&runs[..], &expected[..runs.len()]);
        }
        // An entry ends once, and then nothing more is said of it.
        for (n, happening) in all.iter().enumerate() {
            if matches!(happening.event, Event::End | Event::Enough) {
                prop_assert!(all[n + 1..].iter().all(|later| later.entry != happening.entry));
            }
        }
    }
}

#[test]
fn z3_what_is_left_out_is_told_with_its_reason() {
    let mut outlook = Outlook::new(utc("2027-03-27 00:00"), utc("2027-03-29 20:00"), 99);
    outlook.add(0, entry(ROWS[1], None), || ());
    outlook.add(1, entry(ROWS[2], None), || ());
    outlook.add(2, entry(r#""rrule":"FREQ=DAILY;COUNT=3""#, None), || ());
    let all = outlook.happenings(|| ());
    let told: Vec<String> = all
        .iter()
        .filter(|happening| happening.event != Event::Run)
        .map(|happening| {
            format!(
                "{} {} {:?}",
                happening.entry,
                happening.at.format("%d %H:%M"),
                happening.event
            )
        })
        .collect();
    let expected = [
        "1 28 01:00 Gap(2027-03-28T02:00:00)",
        "1 28 01:00 Gap(2027-03-28T02:30:00)",
        "0 28 03:00 Exdate(2027-03-28T05:00:00)",
        "2 29 00:30 End",
        "0 29 08:00 Exdate(2027-03-29T10:00:00)",
    ];
    assert_eq!(told, expected);
}
