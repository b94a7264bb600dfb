//! Related tests: behaviour in another table (L1), and an attribute on a related row (C1).

use super::super::ErrorKind;
use super::{AS_OF, checked, error, sql};

fn visits(rest: &str) -> String {
    format!(r#"{{"related": "crm.\"Visit Log\"", "on": {{"lead_id": "id"}}{rest}}}"#)
}

const ROWS: &str = "\"crm\".\"Visit Log\" as \"related_1\" where \"related_1\".\"lead_id\" = \"r\".\"id\"";

#[test]
fn without_a_count_one_row_is_enough() {
    // L1: implicit, behavioural data
    assert_eq!(sql(&visits("")), format!("exists (select 1 from {ROWS})"));
    assert_eq!(
        sql(&visits(r#", "where": {"field": "kind", "op": "=", "value": "demo"}"#)),
        format!("exists (select 1 from {ROWS} and (\"related_1\".\"kind\" = 'demo'::text))")
    );
}

#[test]
fn counts_hold_for_records_without_any_row_too() {
    let count = |op: &str, value: u32| sql(&visits(&format!(r#", "count": {{"op": "{op}", "value": {value}}}"#)));
    let some = format!("exists (select 1 from {ROWS})");
    let none = format!("not exists (select 1 from {ROWS})");
    let number = |limit: u32, test: &str| {
        format!("(select count(*) from (select 1 from {ROWS} limit {limit}) as \"related_1_counted\") {test}")
    };
    for (op, value, wanted) in [
        (">=", 1, some.clone()),
        (">", 0, some.clone()),
        ("<>", 0, some),
        ("=", 0, none.clone()),
        ("<", 1, none.clone()),
        ("<=", 0, none),
        (">=", 3, number(3, ">= 3")),
        ("<", 3, number(3, "< 3")),
        (">", 3, number(4, "> 3")),
        ("<=", 3, number(4, "<= 3")),
        ("=", 3, number(4, "= 3")),
        ("<>", 3, number(4, "<> 3")),
        (">=", 0, number(0, ">= 0")),
    ] {
        assert_eq!(count(op, value), wanted, "{op} {value}");
    }
}

#[test]
fn pairs_are_joined_in_a_stable_order() {
    let one = sql(r#"{"related": "crm.item", "on": {"visit": "id", "sku": "name"}}"#);
    let other = sql(r#"{"related": "crm.item", "on": {"sku": "name", "visit": "id"}}"#);
    assert_eq!(one, other);
    assert_eq!(
        one,
        "exists (select 1 from \"crm\".\"item\" as \"related_1\" \
         where \"related_1\".\"sku\" = \"r\".\"name\" and \"related_1\".\"visit\" = \"r\".\"id\")"
    );
}

#[test]
fn citext_and_text_meet_folded() {
    assert_eq!(
        sql(r#"{"related": "crm.\"Visit Log\"", "on": {"mail": "mail"}}"#),
        "exists (select 1 from \"crm\".\"Visit Log\" as \"related_1\" \
         where lower((\"related_1\".\"mail\")::text) = lower((\"r\".\"mail\")::text))"
    );
}

#[test]
fn related_tests_nest_and_look_at_their_own_rows() {
    let nested = visits(
        r#", "where": {"all": [{"field": "kind", "op": "=", "value": "call"},
                               {"related": "crm.item", "on": {"visit": "id"}}]}"#,
    );
    assert_eq!(
        sql(&nested),
        format!(
            "exists (select 1 from {ROWS} and ((\"related_1\".\"kind\" = 'call'::text) and (exists (select 1 from \
             \"crm\".\"item\" as \"related_2\" where \"related_2\".\"visit\" = \"related_1\".\"id\"))))"
        )
    );
    // A column of the record is none of the related relation.
    let wrong = error(&visits(r#", "where": {"field": "employees", "op": "=", "value": 1}"#));
    assert_eq!(
        (wrong.path.as_str(), wrong.kind),
        ("$.where.field", ErrorKind::UnknownColumn)
    );
}

#[test]
fn generated_aliases_never_are_the_records() {
    let nested = visits(r#", "where": {"related": "crm.item", "on": {"visit": "id"}}"#);
    for alias in ["related_1", "related_2"] {
        let sql = checked(&nested).unwrap().to_sql(alias, AS_OF);
        assert!(sql.contains(&format!("as \"{alias}_rows\"")), "{sql}");
        assert!(!sql.contains(&format!("as \"{alias}\" ")), "{sql}");
    }
}

#[test]
fn what_is_wrong_with_a_related_test_is_said_where_it_is() {
    use ErrorKind::{Malformed, UnknownColumn, UnknownOperator, UnknownRelation, WrongType};
    for (criteria, path, kind, hint) in [
        (
            r#"{"related": "crm.vist", "on": {"a": "id"}}"#,
            "$.related",
            UnknownRelation,
            "schema.name",
        ),
        (
            r#"{"related": "crm.item"}"#,
            "$.on",
            Malformed,
            "column of the related relation",
        ),
        (
            r#"{"related": "crm.item", "on": {}}"#,
            "$.on",
            Malformed,
            "column of the related relation",
        ),
        (
            r#"{"related": "crm.item", "on": {"visit": 1}}"#,
            "$.on.visit",
            Malformed,
            "",
        ),
        (
            r#"{"related": "crm.item", "on": {"visitt": "id"}}"#,
            "$.on.visitt",
            UnknownColumn,
            "\"visit\"",
        ),
        (
            r#"{"related": "crm.item", "on": {"visit": "idd"}}"#,
            "$.on.visit",
            UnknownColumn,
            "\"id\"",
        ),
        (
            r#"{"related": "crm.item", "on": {"visit": "name"}}"#,
            "$.on.visit",
            WrongType,
            "column of the record",
        ),
        (
            r#"{"related": "crm.item", "on": {"visit": "attributes"}}"#,
            "$.on.visit",
            WrongType,
            "",
        ),
        (
            r#"{"related": "crm.item", "on": {"sku": "tags"}}"#,
            "$.on.sku",
            WrongType,
            "",
        ),
        (
            r#"{"related": "crm.item", "on": {"a b": "id"}}"#,
            "$.on[\"a b\"]",
            UnknownColumn,
            "visit, sku",
        ),
        (&visits(r#", "count": 3"#), "$.count", Malformed, "\"op\""),
        (
            &visits(r#", "count": {"op": "in", "value": 3}"#),
            "$.count.op",
            UnknownOperator,
            ">=",
        ),
        (
            &visits(r#", "count": {"op": "=", "value": -1}"#),
            "$.count.value",
            Malformed,
            "",
        ),
        (
            &visits(r#", "count": {"op": "=", "value": 1.5}"#),
            "$.count.value",
            Malformed,
            "",
        ),
        (
            &visits(r#", "count": {"op": "=", "valeu": 1}"#),
            "$.count.valeu",
            Malformed,
            "\"value\"",
        ),
        (&visits(r#", "were": {}"#), "$.were", Malformed, "\"where\""),
    ] {
        let error = error(criteria);
        assert_eq!((error.path.as_str(), error.kind), (path, kind), "{criteria}: {error}");
        assert!(error.hint.unwrap_or_default().contains(hint), "{criteria}");
    }
}
