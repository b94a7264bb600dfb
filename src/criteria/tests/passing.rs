//! Which values pass a test, as far as that is known without PostgreSQL (X13): that it is what the SQL says is held by
//! tests/sql/rules_many.sql.

use super::super::Point;
use super::{checked, test_json};

/// Which of the values pass; nothing where that is not known.
fn passing<T: Clone>(test: &str, values: &[Option<T>], point: fn(T) -> Point) -> Option<Vec<bool>> {
    let parts = checked(test).unwrap().conjuncts("r", super::AS_OF);
    let passing = parts.first().unwrap().passing.clone()?;
    let values = values.iter().cloned();
    Some(values.map(|value| passing.passes(value.map(point).as_ref())).collect())
}

fn texts(op: &str, value: &str) -> Option<String> {
    let values = [
        None,
        Some(""),
        Some("a"),
        Some("a\u{1}"),
        Some("ab"),
        Some("b"),
        Some("\u{10ffff}"),
    ];
    let point = |text: &str| Point::Text(text.to_owned());
    passing(&test_json("name", op, value), &values, point).map(shown)
}

fn wholes(test: &str) -> Option<String> {
    let values = [None, Some(i64::MIN), Some(1), Some(2), Some(3), Some(i64::MAX)];
    passing(test, &values, Point::Whole).map(shown)
}

fn shown(passes: Vec<bool>) -> String {
    passes
        .into_iter()
        .map(|passes| if passes { 'x' } else { '.' })
        .collect()
}

#[test]
fn texts_pass_by_equality_membership_and_prefix() {
    assert_eq!(texts("=", "\"a\"").unwrap(), "..x....");
    assert_eq!(texts("=", "\"\"").unwrap(), ".x.....");
    assert_eq!(texts("<>", "\"a\"").unwrap(), ".x.xxxx");
    assert_eq!(texts("in", "[\"b\", \"a\", \"b\"]").unwrap(), "..x..x.");
    assert_eq!(texts("not in", "[\"b\", \"a\"]").unwrap(), ".x.xx.x");
    assert_eq!(texts("prefix", "\"a\"").unwrap(), "..xxx..");
    assert_eq!(texts("prefix", "\"\u{10ffff}\"").unwrap(), "......x");
    assert_eq!(texts("is null", "").unwrap(), "x......");
    assert_eq!(texts("is not null", "").unwrap(), ".xxxxxx");
    // The order of texts is the column's collation's business.
    assert_eq!(texts(">", "\"a\""), None);
    assert_eq!(texts("like", "\"a%\""), None);
}

#[test]
fn whole_numbers_pass_by_every_comparison() {
    let test = |op, value| wholes(&test_json("employees", op, value)).unwrap();
    assert_eq!(test("=", "2"), "...x..");
    assert_eq!(test("<", "2"), ".xx...");
    assert_eq!(test("<=", "2"), ".xxx..");
    assert_eq!(test(">", "2"), "....xx");
    assert_eq!(test(">=", "2"), "...xxx");
    assert_eq!(test("between", "[1, 2]"), "..xx..");
    assert_eq!(test("between", "[2, 1]"), "......");
    assert_eq!(test("not in", "[1, 2, 3]"), ".x...x");
}

#[test]
fn negations_unions_and_parts_of_one_column_are_known_too() {
    let small = test_json("employees", "<", "2");
    let three = test_json("employees", "=", "3");
    assert_eq!(wholes(&format!("{{\"not\": {small}}}")).unwrap(), "x..xxx");
    assert_eq!(wholes(&format!("{{\"any\": [{small}, {three}]}}")).unwrap(), ".xx.x.");
    assert_eq!(
        wholes(&format!("{{\"not\": {{\"all\": [{small}, {three}]}}}}")).unwrap(),
        "xxxxxx"
    );
    assert_eq!(
        wholes(&format!("{{\"any\": [{small}, {}]}}", test_json("id", "=", "3"))),
        None
    );
    assert_eq!(wholes(&test_json("active", "=", "true")).unwrap(), "..x...");
}

#[test]
fn nothing_is_known_where_bytes_do_not_decide() {
    for (field, value) in [
        ("fixed", "\"a\""),
        ("mail", "\"a\""),
        ("amount", "2"),
        ("attributes", "\"a\""),
    ] {
        let parts = checked(&test_json(field, "=", value))
            .unwrap()
            .conjuncts("r", super::AS_OF);
        assert_eq!(parts.first().unwrap().passing, None, "{field}");
    }
}
