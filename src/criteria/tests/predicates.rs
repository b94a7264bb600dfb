//! Predicates: what is refused before PostgreSQL sees it, and what is not (L3: any condition; previews tell the truth).

use super::super::predicate::scan;

fn refused(text: &str) -> (String, String) {
    let error = scan(text).expect_err(text);
    (error.message.clone(), error.hint.clone().unwrap_or_default())
}

fn date_words(text: &str) -> Vec<&str> {
    scan(text)
        .unwrap()
        .date_words
        .into_iter()
        .map(|range| &text[range])
        .collect()
}

#[test]
fn expressions_pass() {
    for text in [
        "r.employees > 10",
        "(r.a = 1) or (r.b[1] = 'x;y')",
        "exists (select 1 from crm.visit v where v.lead_id = r.id) -- recent",
        "r.attributes @> '{\"a\": 1}'::jsonb and r.attributes #>> '{a,b}' = $$;)$$",
        "r.name ~ '^\\d+$' /* ) */",
        "r.created < dist.as_of() - interval '3 days'",
        "lower(r.name) = any(array['a', 'b'])",
    ] {
        assert!(scan(text).is_ok(), "{text}: {:?}", scan(text));
    }
}

#[test]
fn nothing_is_no_predicate() {
    for text in ["", "  \n", "-- only a comment", "/* a */"] {
        assert_eq!(refused(text).0, "there is nothing in it", "{text:?}");
    }
}

#[test]
fn brackets_cannot_close_what_they_did_not_open() {
    for text in [
        "true) or (true",
        ")(",
        "(true",
        "true)",
        "(a[1)]",
        "[1)",
        "a[1",
        "f((1)",
        "true) union (select true",
    ] {
        let (message, hint) = refused(text);
        assert!(
            message.contains("closes nothing") || message.contains("never closed"),
            "{text}: {message}"
        );
        assert_eq!(hint, "Balance the brackets.");
    }
    assert!(scan("')' = r.a and \"(\" = 1 /* ( */ -- (").is_ok());
}

#[test]
fn statements_and_parameters_are_refused() {
    assert!(refused("true; drop table x").0.contains("\";\""));
    assert!(refused("(select 1;)").0.contains("\";\""));
    assert!(refused("r.id = $1").0.contains("$1"));
    assert!(scan("r.a = ';' and r.\";\" = 1").is_ok());
}

#[test]
fn broken_quotes_are_refused() {
    for (text, message) in [
        ("r.a = 'x", "unterminated string literal"),
        ("r.\"a = 1", "unterminated quoted identifier"),
        ("true /* x", "unterminated comment"),
        ("r.a = $x$ $y$", "unterminated dollar-quoted string"),
        ("r.a = 'x\\'", "a backslash before a quote is ambiguous"),
    ] {
        assert_eq!(scan(text).unwrap_err().message, message, "{text}");
    }
    assert_eq!(scan("true and 'x").unwrap_err().at, 9);
    assert_eq!(
        scan("true and 'x").unwrap_err().to_string(),
        "unterminated string literal (at byte 10)"
    );
}

#[test]
fn the_clock_is_refused_in_every_spelling() {
    for text in [
        "r.a < now()",
        "r.a < NOW ( )",
        "r.a < now /* x */ -- y\n ()",
        "r.a < pg_catalog.now()",
        "r.a < PG_CATALOG . \"now\" ()",
        "r.a < crm_db.pg_catalog.now()",
        "r.a < \"now\"()",
        "r.a < U&\"n\\006fw\"()",
        "r.a < U&\"pg\\005fcatalog\".now()",
        "r.a < current_date",
        "r.a < Current_Timestamp(3)",
        "r.a < current_time",
        "r.a < localtime",
        "(r.a < localtimestamp)",
        "r.a < clock_timestamp()",
        "r.a < statement_timestamp()",
        "r.a < transaction_timestamp()",
        "timeofday() = ''",
        "exists (select 1 from x where at < now())",
    ] {
        let (message, hint) = refused(text);
        assert!(message.ends_with("reads the clock"), "{text}: {message}");
        assert_eq!(hint, "Use dist.as_of(): the instant the run is about.");
    }
    for text in [
        "age(r.a) > '1 day'",
        "pg_catalog.age((r.a)) > '1 day'",
        "\"age\"(greatest(r.a, r.b)) > '1 day'",
    ] {
        let (message, hint) = refused(text);
        assert!(message.starts_with("age() of one argument"), "{text}");
        assert!(hint.contains("dist.as_of()"), "{text}");
    }
}

#[test]
fn names_that_only_look_like_the_clock_pass() {
    for text in [
        "r.now > 1",
        "r.current_date > '2026-01-01'",
        "r.\"current_date\" > '2026-01-01'",
        "\"current_date\" > '2026-01-01'",
        "now > 1",
        "r.a = 'now()'",
        "r.a = $$current_date$$ -- now()",
        "crm.now() > 1",
        "\"NOW\"() > 1",
        "known() and nowhere(1)",
        "age(dist.as_of(), r.a) > '1 day'",
        "age(r.b, f(r.a, 1)) > '1 day'",
        "r.age > 3",
    ] {
        assert!(scan(text).is_ok(), "{text}: {:?}", scan(text));
    }
}

#[test]
fn literals_that_may_be_the_current_time_are_reported() {
    for (text, found) in [
        ("r.a < 'now'", "'now'"),
        ("r.a < ' Today 12:00'::timestamp", "' Today 12:00'"),
        ("r.a < date $$tomorrow$$", "$$tomorrow$$"),
        ("r.a < E'yester\\x64ay'", "E'yester\\x64ay'"),
        ("r.a < U&'n\\006Fw'", "U&'n\\006Fw'"),
        ("r.a < 'no'\n'w'", "'no'\n'w'"),
        ("r.a <@ '[today,2030-01-01)'::daterange", "'[today,2030-01-01)'"),
        ("r.a < '12:00 today'", "'12:00 today'"),
        ("r.name = 'nowhere'", "'nowhere'"),
    ] {
        assert_eq!(date_words(text), [found], "{text}");
    }
    for text in [
        "r.a = 'known'",
        "r.a < 'epoch'",
        "r.a < 'infinity'",
        "r.\"now\" = 1",
        "r.a = 'x' -- 'now'",
    ] {
        assert!(date_words(text).is_empty(), "{text}");
    }
}
