//! X13: what is looked up is what a naive walk through the rules finds, whatever the rules; and nothing is asked that the
//! walk would not have asked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Branch, Lookup, first_match};
use crate::criteria::{Conjunct, Passing, Point};

const TEXTS: [&str; 9] = ["", "a", "a\u{1}", "ab", "abc", "b", "ba", "c", "\u{10ffff}"];

fn text(n: usize) -> Point {
    Point::Text(TEXTS[n].to_owned())
}

/// Tests of three columns: two texts and a whole number.
fn passing() -> impl Strategy<Value = Passing> {
    let turns = proptest::collection::btree_set(0..TEXTS.len(), 0..4);
    (0..3_usize, turns, any::<bool>(), proptest::bool::weighted(0.2)).prop_map(|(column, turns, least, null)| {
        let point = |n: usize| match column {
            2 => Point::Whole(n as i64 * 3 - 7),
            _ => text(n),
        };
        Passing {
            value: ["r.a", "r.b", "r.n"][column].to_owned(),
            text: column < 2,
            null,
            least,
            turns: turns.into_iter().map(point).collect(),
        }
    })
}

fn test() -> impl Strategy<Value = Conjunct> {
    prop_oneof![
        6 => passing().prop_map(|passing| Conjunct { passing: Some(passing), ..Conjunct::plain("passing".to_owned()) }),
        1 => (0..6_u32).prop_map(|n| Conjunct::plain(format!("p{n}"))),
    ]
}

fn branches() -> impl Strategy<Value = Vec<Branch>> {
    let tests = proptest::collection::vec(proptest::collection::vec(test(), 1..4), 0..60);
    tests.prop_map(|rules| {
        let numbered = rules.into_iter().enumerate();
        let branch = |(n, tests): (usize, Vec<Conjunct>)| Branch {
            tests,
            number: (n + 1).to_string(),
        };
        numbered.map(branch).collect()
    })
}

type Record = (BTreeMap<&'static str, Option<Point>>, Vec<bool>);

fn record() -> impl Strategy<Value = Record> {
    let a_text = proptest::option::weighted(0.8, (0..TEXTS.len()).prop_map(text));
    let number = proptest::option::weighted(0.8, (-9..24_i64).prop_map(Point::Whole));
    let asked = proptest::collection::vec(any::<bool>(), 6);
    (a_text.clone(), a_text, number, asked)
        .prop_map(|(a, b, n, asked)| (BTreeMap::from([("r.a", a), ("r.b", b), ("r.n", n)]), asked))
}

/// The place of the first rule all of whose tests hold, and what had to be asked on the way.
fn naive(branches: &[Branch], (values, asked): &Record) -> (usize, Vec<String>) {
    let mut seen = Vec::new();
    let place = branches.iter().position(|branch| {
        let passes = |test: &Conjunct| {
            test.passing
                .as_ref()
                .is_none_or(|it| it.passes(values[it.value.as_str()].as_ref()))
        };
        branch.tests.iter().all(passes)
            && branch.tests.iter().filter(|test| test.passing.is_none()).all(|test| {
                seen.push(test.sql.clone());
                asked[test.sql[1..].parse::<usize>().unwrap()]
            })
    });
    (place.unwrap_or(branches.len()), seen)
}

fn found(lookup: &Lookup, (values, asked): &Record) -> (usize, Vec<String>) {
    let mut seen = Vec::new();
    let value = |value: &str| values[value].clone();
    let mut holds = |sql: &str| {
        seen.push(sql.to_owned());
        asked[sql[1..].parse::<usize>().unwrap()]
    };
    let place = lookup.find(&value, &mut holds).unwrap_or(lookup.last);
    (place as usize, seen)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn x13_what_is_looked_up_is_what_a_naive_walk_finds(
        branches in branches(),
        few in 1..12_usize,
        records in proptest::collection::vec(record(), 20),
    ) {
        let lookup = Lookup::new(&branches, few);
        for record in &records {
            prop_assert_eq!(found(&lookup, record), naive(&branches, record));
        }
    }
}

/// Country, industry and size, with what holds for a country alone behind them, and some that have to be asked in between.
fn territories(countries: usize, industries: usize, sizes: i64, asked_every: usize) -> Vec<Branch> {
    let equal = |column: &str, value: String| Passing {
        value: column.to_owned(),
        text: true,
        null: false,
        least: false,
        turns: vec![Point::Text(value.clone()), Point::Text(value + "\u{1}")],
    };
    let conjunct = |passing| Conjunct {
        passing: Some(passing),
        ..Conjunct::plain("looked up".to_owned())
    };
    let mut rules: Vec<Vec<Conjunct>> = Vec::new();
    for country in 0..countries {
        for industry in 0..industries {
            for size in 0..sizes {
                let size = Passing {
                    text: false,
                    turns: vec![Point::Whole(size * 10), Point::Whole(size * 10 + 10)],
                    ..equal("r.size", String::new())
                };
                let (country, industry) = (
                    equal("r.country", format!("c{country}")),
                    equal("r.industry", format!("i{industry}")),
                );
                rules.push([country, industry, size].map(conjunct).to_vec());
                if rules.len().is_multiple_of(asked_every) {
                    rules.push(vec![Conjunct::plain(format!("p{}", rules.len()))]);
                }
            }
        }
    }
    rules.extend((0..countries).map(|country| vec![conjunct(equal("r.country", format!("c{country}")))]));
    let numbered = rules.into_iter().enumerate();
    let branch = |(n, tests): (usize, _)| Branch {
        tests,
        number: n.to_string(),
    };
    numbered.map(branch).collect()
}

#[test]
fn x13_ten_thousand_rules_are_a_few_constants() {
    let branches = territories(10, 20, 50, usize::MAX);
    assert_eq!(branches.len(), 10_010);
    let sql = first_match(&branches, 0, "d_");
    assert!(!sql.contains("looked up"), "tests are asked");
    assert!(sql.matches('(').count() < 50, "{} calls", sql.matches('(').count());
}

#[test]
fn x13_what_must_be_asked_is_asked_only_before_what_was_found() {
    let branches = territories(10, 20, 50, 1000);
    let sql = first_match(&branches, 0, "d_");
    assert_eq!(sql.matches(" p1000 ").count(), 1);
    assert!(
        sql.contains("when d_found.d_place > 1000 and p1000 then 1000"),
        "{}",
        &sql[..200]
    );
}

#[test]
fn rules_behind_one_that_every_record_passes_are_never_asked() {
    let mut branches = territories(2, 2, 10, usize::MAX);
    branches[40].tests = vec![Conjunct::plain("true".to_owned())];
    branches[41].tests = vec![Conjunct::plain("p41".to_owned())];
    let sql = first_match(&branches, 7, "d_");
    assert!(sql.ends_with(", 40)") && !sql.contains("p41"), "{sql}");
}
