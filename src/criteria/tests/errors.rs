//! Every refusal: where it points, of what kind it is, and what it hints at (L3: a typo must not change who gets a lead).

use serde_json::{Value, json};

use super::super::{ErrorKind, nearest, parse};
use super::{error, test_json};

use ErrorKind::{BadValue, Malformed, UnknownColumn, UnknownOperator, WrongType};

#[test]
fn malformed_nodes_are_refused() {
    for (criteria, path, hint) in [
        ("[]", "$", "{\"all\""),
        ("null", "$", "{\"all\""),
        ("{}", "$", ""),
        (r#"{"al": []}"#, "$", "\"all\""),
        (r#"{"all": {}}"#, "$.all", ""),
        (r#"{"all": []}"#, "$.all", "Leave the criteria out"),
        (r#"{"any": []}"#, "$.any", "Leave the criteria out"),
        (r#"{"all": [{"any": [1]}]}"#, "$.all[0].any[0]", ""),
        (r#"{"all": [], "field": "id"}"#, "$", "Put the two into"),
        (r#"{"not": [], "x": 1}"#, "$.x", "The keys here are: not."),
        (r#"{"not": []}"#, "$.not", ""),
        (r#"{"field": "id", "op": "=", "vaule": 1}"#, "$.vaule", "\"value\""),
        (r#"{"field": 1, "op": "="}"#, "$.field", ""),
        (r#"{"field": "", "op": "="}"#, "$.field", ""),
        (r#"{"field": "id"}"#, "$.op", ""),
        (r#"{"field": "id", "op": "="}"#, "$.value", ""),
    ] {
        let error = error(criteria);
        assert_eq!(
            (error.path.as_str(), error.kind),
            (path, Malformed),
            "{criteria}: {error}"
        );
        assert!(error.hint.unwrap_or_default().contains(hint), "{criteria}");
    }
}

#[test]
fn operands_of_the_wrong_shape_are_refused() {
    for (op, value, path, hint) in [
        ("=", "null", "$.value", "is null"),
        ("<>", "null", "$.value", "is not null"),
        ("=", "[1]", "$.value", "\"in\""),
        ("=", "{}", "$.value", "\"has\""),
        ("in", "[]", "$.value", ""),
        ("in", "1", "$.value", "\"=\""),
        ("not in", "[1, null]", "$.value[1]", "is not null"),
        ("in", "[[1]]", "$.value[0]", ""),
        ("between", "[1]", "$.value", ""),
        ("between", "[1, 2, 3]", "$.value", ""),
        ("between", "1", "$.value", ""),
        ("is null", "1", "$.value", ""),
        ("is not null", "null", "$.value", ""),
    ] {
        let error = error(&test_json("employees", op, value));
        assert_eq!(
            (error.path.as_str(), error.kind),
            (path, Malformed),
            "{op} {value}: {error}"
        );
        assert!(error.hint.unwrap_or_default().contains(hint), "{op} {value}");
    }
}

#[test]
fn unknown_operators_are_refused_with_the_nearest() {
    for (op, hint) in [
        ("==", "\"=\""),
        ("!=", "\"<>\""),
        ("=>", "\">=\""),
        ("=<", "\"<=\""),
        ("betwen", "\"between\""),
        ("LIKE", "\"like\""),
        ("older then", "\"older than\""),
        ("~", "The operators are: ="),
    ] {
        let error = error(&test_json("id", op, "1"));
        assert_eq!((error.path.as_str(), error.kind), ("$.op", UnknownOperator), "{op}");
        assert!(error.hint.unwrap_or_default().contains(hint), "{op}");
    }
}

#[test]
fn unknown_columns_are_refused_with_the_nearest() {
    let typo = error(r#"{"all": [{"field": "employes", "op": "=", "value": 1}]}"#);
    assert_eq!((typo.path.as_str(), typo.kind), ("$.all[0].field", UnknownColumn));
    assert_eq!(typo.message, "crm.lead has no column \"employes\"");
    assert_eq!(typo.hint.as_deref(), Some("Did you mean \"employees\"?"));
    let path = error(&test_json("atributes.source", "is null", ""));
    assert_eq!(path.hint.as_deref(), Some("Did you mean \"attributes\"?"));
    let none = error(&test_json("zzzzzzzz", "is null", ""));
    assert!(
        none.hint
            .is_some_and(|hint| hint.starts_with("The columns are: id, employees"))
    );
}

#[test]
fn paths_lead_only_into_json() {
    let scalar = error(&test_json("employees.x", "is null", ""));
    assert_eq!((scalar.path.as_str(), scalar.kind), ("$.field", WrongType));
    for field in ["attributes.", "attributes..x", "attributes.x."] {
        let error = error(&test_json(field, "is null", ""));
        assert_eq!((error.path.as_str(), error.kind), ("$.field", Malformed), "{field}");
    }
}

#[test]
fn operators_that_do_not_fit_the_type_are_refused() {
    for (field, op, value, kind) in [
        ("employees", "like", "\"x\"", UnknownOperator),
        ("created", "prefix", "\"2026\"", UnknownOperator),
        ("stage", "contains", "\"x\"", UnknownOperator),
        ("tags", "=", "\"x\"", UnknownOperator),
        ("tags", "contains", "\"x\"", UnknownOperator),
        ("name", "has", "\"x\"", UnknownOperator),
        ("shape", "=", "\"x\"", UnknownOperator),
        ("span", "=", "\"[today,tomorrow)\"", UnknownOperator),
        ("mails", "has", "\"x\"", UnknownOperator),
        ("employees", "older than", "\"3 days\"", WrongType),
        ("wakes", "newer than", "\"3 days\"", WrongType),
        ("attributes.x", "newer than", "\"3 days\"", WrongType),
    ] {
        let error = error(&test_json(field, op, value));
        assert_eq!(
            (error.path.as_str(), error.kind),
            ("$.op", kind),
            "{field} {op}: {error}"
        );
        assert!(
            error.hint.is_some_and(|hint| hint.contains("is not null")),
            "{field} {op}"
        );
    }
}

#[test]
fn values_of_another_kind_are_refused() {
    for (field, op, value, path, hint) in [
        ("employees", "=", "\"500\"", "$.value", "without quotes: 500"),
        ("employees", "=", "\"many\"", "$.value", ""),
        ("employees", "in", "[1, \"2\"]", "$.value[1]", "without quotes: 2"),
        ("amount", "=", "true", "$.value", ""),
        ("score", "between", "[1, \"2\"]", "$.value[1]", "without quotes"),
        ("name", "=", "500", "$.value", "in quotes: \"500\""),
        ("name", "like", "5", "$.value", "in quotes"),
        ("stage", "=", "true", "$.value", "in quotes"),
        ("active", "=", "\"true\"", "$.value", "Write true without quotes"),
        ("active", "=", "1", "$.value", ""),
        ("created", "=", "5", "$.value", ""),
        ("created", "older than", "30", "$.value", ""),
        ("key", "=", "5", "$.value", ""),
        ("tags", "has", "5", "$.value", ""),
        ("tags", "has", "{}", "$.value", ""),
        ("sizes", "has", "\"5\"", "$.value", "without quotes"),
        ("attributes.x", ">", "true", "$.value", ""),
        ("attributes.x", "prefix", "1", "$.value", ""),
        ("attributes.x", "between", "[1, \"2\"]", "$.value", ""),
    ] {
        let error = error(&test_json(field, op, value));
        assert_eq!(
            (error.path.as_str(), error.kind),
            (path, WrongType),
            "{field} {op} {value}: {error}"
        );
        assert!(error.hint.unwrap_or_default().contains(hint), "{field} {op} {value}");
    }
}

#[test]
fn values_that_the_type_cannot_hold_are_refused() {
    let long = format!("1{}", "0".repeat(1_000));
    for (field, op, value) in [
        ("employees", "=", "1.5"),
        ("employees", "=", "2147483648"),
        ("employees", "=", "1e40"),
        ("employees", "=", "1e-1"),
        ("score", "=", "1e39"),
        ("score", "=", "1e-60"),
        ("amount", "=", "1e100000"),
        ("amount", "=", &long),
        ("attributes.x", "=", "1e100000"),
        ("key", "=", "\"not-a-uuid\""),
        ("key", "=", "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g\""),
        ("name", "=", "\"a\\u0000b\""),
        ("name", "prefix", "\"\""),
        ("name", "suffix", "\"\""),
        ("name", "contains", "\"\""),
        ("name", "like", "\"a\\\\\""),
        ("created", "older than", "\"soon\""),
    ] {
        let error = error(&test_json(field, op, value));
        assert_eq!(
            (error.path.as_str(), error.kind),
            ("$.value", BadValue),
            "{field} {op} {value}: {error}"
        );
    }
    assert_eq!(error(&test_json("a\0b", "is null", "")).kind, BadValue);
}

#[test]
fn depth_and_size_are_limited() {
    let nested = |levels: usize| {
        (0..levels).fold(
            json!({"field": "id", "op": "is null"}),
            |inner, _| json!({"not": inner}),
        )
    };
    assert!(parse(&nested(63)).is_ok());
    let deep = parse(&nested(64)).unwrap_err();
    assert_eq!(deep.kind, Malformed);
    let test = json!({"field": "id", "op": "is null"});
    assert!(parse(&json!({"all": vec![test.clone(); 9_999]})).is_ok());
    assert_eq!(
        parse(&json!({"all": vec![test; 10_000]})).unwrap_err().path,
        "$.all[9999]"
    );
    let value = (0..70).fold(Value::from(1), |inner, _| json!([inner]));
    let deep = parse(&json!({"field": "attributes", "op": "has", "value": value})).unwrap_err();
    assert_eq!(deep.kind, BadValue);
}

#[test]
fn an_error_says_where_it_is() {
    let error = error(r#"{"any": [{"field": "id", "op": "="}]}"#);
    assert_eq!(error.to_string(), "\"=\" needs a value (at $.any[0].value)");
}

#[test]
fn the_nearest_name_is_near() {
    let names = ["employees", "employer", "country"];
    assert_eq!(nearest("Employes", names.into_iter()), Some("employees"));
    assert_eq!(nearest("COUNTRY", names.into_iter()), Some("country"));
    assert_eq!(nearest("x", names.into_iter()), None);
    assert_eq!(nearest("ab", ["ac", "ad"].into_iter()), Some("ac"));
}
