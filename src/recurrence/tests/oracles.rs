//! Random recurrences against scans that know nothing of how runs are found.

use chrono::{DateTime, Datelike, Days as DayCount, Duration, NaiveDate, NaiveDateTime, Timelike, Utc};
use proptest::prelude::*;
use rrule::{RRule, RRuleSet, Unvalidated};

use super::{Fields, Spec, utc};

/// One element of a cron field: text, and the numbers it stands for.
fn element(low: u32, high: u32) -> impl Strategy<Value = (String, Vec<u32>)> {
    let every = (1..=high).prop_map(move |step| {
        (
            format!("*/{step}"),
            (low..=high).filter(|n| (n - low).is_multiple_of(step)).collect(),
        )
    });
    let range = (low..=high, low..=high, 1_u32..8).prop_map(|(a, b, step)| {
        let (a, b) = (a.min(b), a.max(b));
        (
            format!("{a}-{b}/{step}"),
            (a..=b).filter(|n| (n - a).is_multiple_of(step)).collect(),
        )
    });
    prop_oneof![
        2 => Just(("*".to_owned(), (low..=high).collect())),
        1 => every,
        2 => range,
        3 => (low..=high).prop_map(|n| (n.to_string(), vec![n])),
    ]
}

fn field(low: u32, high: u32) -> impl Strategy<Value = (String, Vec<u32>)> {
    prop::collection::vec(element(low, high), 1..3).prop_map(|parts| {
        let text = parts.iter().map(|part| part.0.as_str()).collect::<Vec<_>>().join(",");
        (text, parts.into_iter().flat_map(|part| part.1).collect())
    })
}

fn day(days: i64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2023, 1, 1).unwrap() + Duration::days(days)
}

/// Whether a day is the n-th such weekday of its month; negative from the end.
fn is_nth(date: NaiveDate, n: i64) -> bool {
    let step = Duration::days(if n > 0 { -7 } else { 7 });
    let mut same = 0;
    let mut other = date;
    while other.month() == date.month() {
        same += 1;
        other += step;
    }
    same == n.abs()
}

fn last_day(date: NaiveDate) -> u32 {
    (28..=31).filter(|&n| date.with_day(n).is_some()).max().unwrap()
}

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

proptest! {
    #![proptest_config(super::cases(96))]

    #[test]
    fn z2_cron_agrees_with_a_scan_of_minutes(
        minute in field(0, 59), hour in field(0, 23), dom in field(1, 31), month in field(1, 12), dow in field(0, 7),
        from in 0_i64..2000, offset in 0_i64..86_400,
    ) {
        let cron = format!("{} {} {} {} {}", minute.0, hour.0, dom.0, month.0, dow.0);
        let fields = Fields { cron: Some(cron), ..Fields::default() };
        let parsed = Spec::parse(&fields);
        let from = day(from).and_hms_opt(0, 0, 0).unwrap().and_utc() + Duration::seconds(offset);
        let to = from + Duration::days(50);
        let mut expected = Vec::new();
        let mut at = from.with_second(0).unwrap() + Duration::minutes(1);
        while at <= to && expected.len() < 500 {
            let weekday = at.weekday().num_days_from_sunday();
            let dom_fits = dom.1.contains(&at.day());
            let dow_fits = dow.1.contains(&weekday) || (weekday == 0 && dow.1.contains(&7));
            let day_fits = if dom.0.starts_with('*') || dow.0.starts_with('*') {
                dom_fits && dow_fits
            } else {
                dom_fits || dow_fits
            };
            if !(day_fits && month.1.contains(&at.month())) {
                at = at.with_hour(0).unwrap().with_minute(0).unwrap() + Duration::days(1);
                continue;
            }
            if minute.1.contains(&at.minute()) && hour.1.contains(&at.hour()) {
                expected.push(at);
            }
            at += Duration::minutes(1);
        }
        match parsed {
            Ok(spec) => {
                let found: Vec<_> = spec.upcoming(Some(from)).take_while(|at| *at <= to).take(500).collect();
                prop_assert_eq!(found, expected);
            }
            Err(error) => {
                prop_assert_eq!(error.message.as_str(), "never fires");
                prop_assert!(expected.is_empty());
            }
        }
    }

    #[test]
    fn z2_frequencies_agree_with_a_scan_of_days(
        frequency in prop::sample::select(vec!["daily", "weekly", "monthly", "yearly"]),
        start in 0_i64..1500, every in 1_i64..5,
        weekdays in prop::collection::vec(0_usize..7, 0..3),
        nth in prop::option::weighted(0.3, (prop_oneof![-5_i64..0, 1_i64..6], 0_usize..7)),
        month_days in prop::collection::vec(prop_oneof![-31_i64..0, 1_i64..32], 0..3),
        months in prop::collection::vec(1_i64..13, 0..3),
        skipped in 0_u64..2000,
    ) {
        let first = day(start);
        let monthly = frequency == "monthly" || frequency == "yearly";
        let nth = nth.filter(|_| monthly);
        let mut names: Vec<String> = weekdays.iter().map(|&n| WEEKDAYS[n].to_owned()).collect();
        names.extend(nth.map(|(n, day)| format!("{n}{}", WEEKDAYS[day])));
        let fields = Fields {
            start_at: first.and_hms_opt(6, 0, 0),
            frequency: Some(frequency.to_owned()),
            every: Some(every),
            weekdays: Some(names.clone()),
            month_days: Some(month_days.clone()),
            months: Some(months.clone()),
            ..Fields::default()
        };
        let plain = names.is_empty() && month_days.is_empty();
        let monday = |date: NaiveDate| date - Duration::days(i64::from(date.weekday().num_days_from_monday()));
        let fits = |date: NaiveDate| {
            let counted = match frequency {
                "daily" => (date - first).num_days(),
                "weekly" => (monday(date) - monday(first)).num_days() / 7,
                "monthly" => i64::from(date.year() - first.year()) * 12 + i64::from(date.month()) - i64::from(first.month()),
                _ => i64::from(date.year() - first.year()),
            };
            let mut wanted_days = month_days.clone();
            if plain && monthly { wanted_days.push(i64::from(first.day())); }
            let last = i64::from(last_day(date));
            let dom = i64::from(date.day());
            let by_day = wanted_days.is_empty() || wanted_days.iter().any(|&n| {
                let n = if monthly && names.is_empty() { n.min(last) } else { n };
                dom == if n > 0 { n } else { last + 1 + n }
            });
            let by_weekday = if plain && frequency == "weekly" {
                date.weekday() == first.weekday()
            } else {
                let number = date.weekday().num_days_from_monday() as usize;
                names.is_empty()
                    || weekdays.contains(&number)
                    || nth.is_some_and(|(n, day)| day == number && is_nth(date, n))
            };
            let by_month = if months.is_empty() {
                frequency != "yearly" || date.month() == first.month()
            } else {
                months.contains(&i64::from(date.month()))
            };
            counted % every == 0 && by_day && by_weekday && by_month
        };
        let from = first + DayCount::new(skipped);
        let expected: Vec<NaiveDateTime> = (0..1500)
            .map(|n| from + DayCount::new(n))
            .filter(|&date| fits(date))
            .map(|date| date.and_hms_opt(6, 0, 0).unwrap())
            .collect();
        match Spec::parse(&fields) {
            Ok(spec) => {
                let after = from.and_hms_opt(5, 59, 59).unwrap().and_utc();
                let to = after + Duration::days(1500);
                let found: Vec<_> = spec.upcoming(Some(after)).take_while(|at| *at <= to).map(|at| at.naive_utc()).collect();
                prop_assert_eq!(found, expected);
            }
            Err(error) => {
                prop_assert_eq!(error.message.as_str(), "never fires");
                prop_assert!(expected.is_empty());
            }
        }
    }
}

proptest! {
    #![proptest_config(super::cases(64))]

    #[test]
    fn x14_rules_agree_with_the_iterator_of_the_crate(
        freq in prop::sample::select(vec!["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"]),
        interval in 1_u32..13, start in 0_i64..2000, second in 0_i64..86_400,
        by_day in prop::collection::vec(prop::sample::select(vec!["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), 0..3),
        nth in prop::option::weighted(0.3, prop_oneof![-4_i32..0, 1_i32..5]),
        month_days in prop::collection::vec(prop_oneof![-31_i32..0, 1_i32..32], 0..3),
        months in prop::collection::vec(1_u32..13, 0..3),
        hours in prop::collection::vec(0_u32..24, 0..3),
        minutes in prop::collection::vec(0_u32..60, 0..3),
        places in prop::option::weighted(0.2, prop_oneof![-3_i32..0, 1_i32..4]),
        wkst in prop::sample::select(vec!["MO", "SU", "WE"]),
        skipped in 0_usize..20,
    ) {
        let mut rule = format!("FREQ={freq};INTERVAL={interval};WKST={wkst}");
        let mut add = |name: &str, list: Vec<String>| {
            if !list.is_empty() { rule += &format!(";{name}={}", list.join(",")); }
        };
        let texts = |list: &[u32]| list.iter().map(u32::to_string).collect::<Vec<_>>();
        // The crate looks for hours and less one by one: sparse ones are not worth its time.
        let short = matches!(freq, "HOURLY" | "MINUTELY" | "SECONDLY");
        let long = freq == "YEARLY" || freq == "MONTHLY";
        let prefix = nth.filter(|_| long).map(|n| n.to_string()).unwrap_or_default();
        add("BYDAY", by_day.iter().map(|day| format!("{prefix}{day}")).collect());
        if freq != "WEEKLY" && !short {
            add("BYMONTHDAY", month_days.iter().map(i32::to_string).collect());
        }
        if !short {
            add("BYMONTH", texts(&months));
        }
        if !short || freq == "HOURLY" {
            add("BYHOUR", texts(&hours));
            add("BYMINUTE", texts(&minutes));
        }
        // A first week cut short by the start has other places in the crate.
        if freq != "WEEKLY" && !short && !by_day.is_empty() {
            add("BYSETPOS", places.iter().map(i32::to_string).collect());
        }
        let start = day(start).and_hms_opt(0, 0, 0).unwrap() + Duration::seconds(second);
        let fields = Fields { start_at: Some(start), rrule: Some(rule.clone()), ..Fields::default() };
        let spec = match Spec::parse(&fields) {
            Ok(spec) => spec,
            Err(error) => {
                // The crate would look for it until the year 10000.
                prop_assert_eq!(error.message.as_str(), "never fires");
                return Ok(());
            }
        };
        let oracle: RRule<Unvalidated> = rule.parse().unwrap();
        let dtstart = start.and_utc().with_timezone(&rrule::Tz::UTC);
        let oracle: RRuleSet = oracle.build(dtstart).unwrap().limit();
        let end = utc("2060-01-01 00:00");
        let found: Vec<_> = spec.upcoming(None).take_while(|at| *at < end).take(40).collect();
        // One more than there are can cost the crate half a minute.
        let expected: Vec<DateTime<Utc>> =
            oracle.into_iter().map(|at| at.with_timezone(&Utc)).take(found.len()).collect();
        prop_assert_eq!(&found, &expected);
        // Asked for from the middle, nothing is counted up to it.
        if let Some(&after) = expected.get(skipped) {
            prop_assert_eq!(spec.next(Some(after)), expected.get(skipped + 1).copied().or(spec.next(Some(after)).filter(|at| *at >= end)));
        }
    }
}
