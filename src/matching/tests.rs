//! Values that are the same company, and values that are not; likeness against every pair.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::similar::Alike;
use super::{Wanted, company_name, mail_domain};

#[test]
fn x11_domains_of_mail_and_web_addresses() {
    for address in [
        "ada@acme.example",
        "ADA@Acme.Example",
        "  Ada Example <ada+news@acme.example> ",
        "mailto:ada@acme.example",
        "https://www.acme.example/contact?x=1#y",
        "http://user:secret@acme.example:8080",
        "www.acme.example",
        "acme.example.",
        "//acme.example".trim_start_matches('/'),
    ] {
        assert_eq!(mail_domain(address).as_deref(), Some("acme.example"), "{address}");
    }
    // Other companies may be behind other names below it.
    assert_eq!(mail_domain("a@mail.acme.example").as_deref(), Some("mail.acme.example"));
    assert_eq!(mail_domain("www.example").as_deref(), Some("www.example"));
    assert_eq!(mail_domain("a@bücher.example").as_deref(), Some("bücher.example"));
    for nothing in [
        "",
        " ",
        "ada",
        "ada@",
        "@",
        "ada@localhost",
        "ada@127.0.0.1",
        "n/a",
        "ada@acme..example",
        "a b.example",
        "x@-a.example",
    ] {
        assert_eq!(mail_domain(nothing), None, "{nothing}");
    }
}

#[test]
fn x11_names_of_one_company() {
    for (plain, names) in [
        (
            "acme robotics",
            &[
                "Acme Robotics",
                "ACME ROBOTICS GmbH",
                "Acme Robotics G.m.b.H.",
                "acme-robotics, inc.",
                "The Acme Robotics Company",
                "Acme Robotics GmbH & Co. KG",
                "Acme Robotics Sp. z o.o.",
                "Acmé Robotics S.A.R.L.",
                "Acme\u{a0}Robotics, S. A.",
                "Ａcme Robotics Ltd",
            ][..],
        ),
        (
            "mueller soehne",
            &[
                "Müller & Söhne",
                "MUELLER und Soehne OHG",
                "Mu\u{308}ller and So\u{308}hne",
            ],
        ),
        ("strasse 7", &["Straße 7", "STRASSE 7 AG"]),
        ("oneil", &["O'Neil", "O’Neil Ltd."]),
        ("abc media", &["A.B.C. Media", "ABC Media Inc"]),
        ("3 m", &["3 M", "3 M Corp."]),
        // The first word stays, whatever it is.
        ("limited", &["Limited", "Limited Inc."]),
        ("the", &["The"]),
        ("and", &["and", "& And Co."]),
        ("рога и копыта", &["Рога и Копыта ООО".trim_end_matches(" ООО")]),
    ] {
        for name in names {
            assert_eq!(company_name(name).as_deref(), Some(plain), "{name}");
        }
    }
    // Raised letters are letters: what compatibility makes of them is written as they are.
    assert_eq!(company_name("ꟹ 𐞃").as_deref(), Some("oe ae"));
    for nothing in ["", "  ", "-", "&", "...", "'"] {
        assert_eq!(company_name(nothing), None, "{nothing}");
    }
    // What is no legal form tells companies apart.
    assert_ne!(company_name("Acme Robotics"), company_name("Acme Robotics Group"));
    assert_ne!(company_name("Acme Robotics"), company_name("Acme Robot"));
}

proptest! {
    #[test]
    fn x11_a_plain_name_stays_as_it_is(name in "\\PC{0,24}") {
        if let Some(plain) = company_name(&name) {
            prop_assert!(!plain.is_empty() && plain.split(' ').all(|word| !word.is_empty()));
            prop_assert_eq!(company_name(&plain).map(|again| again.split(' ').next().map(str::to_owned)), Some(plain.split(' ').next().map(str::to_owned)));
        }
        if let Some(domain) = mail_domain(&name) {
            prop_assert_eq!(mail_domain(&domain), Some(domain.clone()));
        }
    }
}

#[test]
fn x11_scores_are_those_of_pg_trgm() {
    // select similarity('word', 'two words'), similarity('acme robotics', 'acme robotic'), similarity('a b', 'b a')
    for (one, other, common, all) in [
        ("word", "two words", 4, 11),
        ("acme robotics", "acme robotic", 12, 15),
        ("a b", "b a", 4, 4),
    ] {
        let mut wanted = Wanted::new(&[one], 300, 1);
        wanted.offer(other);
        assert_eq!(wanted.found(), [[Alike { other: 0, common, all }]], "{one} and {other}");
    }
}

/// Every pair, the slow way.
fn all_pairs(names: &[String], others: &[String], threshold: u32, most: usize) -> Vec<Vec<Alike>> {
    let set = |name: &str| -> std::collections::BTreeSet<String> {
        let words = name.split(' ').filter(|word| !word.is_empty());
        let padded = words.map(|word| format!("  {word} ").chars().collect::<Vec<char>>());
        padded
            .flat_map(|word| {
                word.windows(3)
                    .map(|three| three.iter().collect())
                    .collect::<Vec<String>>()
            })
            .collect()
    };
    let of_name = |name: &String| {
        let mine = set(name);
        let mut alike: Vec<Alike> = Vec::new();
        for (other, at) in others.iter().zip(0..) {
            let theirs = set(other);
            let common = mine.intersection(&theirs).count() as u32;
            let all = mine.union(&theirs).count() as u32;
            if all > 0 && common * 1000 >= threshold * all {
                alike.push(Alike { other: at, common, all });
            }
        }
        alike.sort_by(|a, b| b.score().total_cmp(&a.score()));
        alike.truncate(most);
        alike
    };
    names.iter().map(of_name).collect()
}

fn names() -> impl Strategy<Value = Vec<String>> {
    // Few letters and few words, so that many are alike, and some are the same.
    let word = prop_oneof![
        "[ab]{1,3}",
        "[a-d]{2,6}",
        Just("solutions".to_owned()),
        Just("über".to_owned())
    ];
    let name = prop::collection::vec(word, 0..4).prop_map(|words| words.join(" "));
    prop::collection::vec(name, 0..25)
}

proptest! {
    #[test]
    fn x11_none_that_is_alike_is_left_out(wanted in names(), others in names(), threshold in 300..=1000_u32, most in 1..4_usize) {
        let mut index = Wanted::new(&wanted, threshold, most);
        others.iter().for_each(|other| index.offer(other));
        prop_assert_eq!(index.found(), all_pairs(&wanted, &others, threshold, most));
    }
}
