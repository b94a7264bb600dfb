use serde_json::json;

use super::*;

fn function(params: Value) -> Function {
    serde_json::from_value(json!({
        "oid": 1, "sql": "s.f", "types": "...", "kind": "f", "set": false, "returns": "void", "pseudo": true,
        "shapeless": false, "executable": true, "params": params,
    }))
    .unwrap_or_else(|error| unreachable!("{error}"))
}

fn param(name: &str, mode: &str, default: Option<&str>) -> Value {
    json!({"name": name, "mode": mode, "type": "integer", "pseudo": null, "dated": false, "default": default})
}

fn notify() -> Function {
    function(json!([
        param("limit", "i", None),
        param("seen", "o", None),
        param("note", "b", Some("'x'"))
    ]))
}

#[test]
fn names_in_any_order_defaults_left_out() {
    let args = json!({"note": 2, "limit": 1});
    let given = notify().take(Some(&args));
    assert_eq!(given, Ok(vec![(1, Some(&json!(1))), (2, Some(&json!(2)))]));
    let args = json!({"limit": null});
    assert_eq!(notify().take(Some(&args)), Ok(vec![(1, Some(&Value::Null)), (2, None)]));
}

#[test]
fn positions_skip_what_is_only_returned() {
    let args = json!([1, 2]);
    assert_eq!(
        notify().take(Some(&args)),
        Ok(vec![(1, Some(&json!(1))), (2, Some(&json!(2)))])
    );
    let args = json!([1]);
    assert_eq!(notify().take(Some(&args)), Ok(vec![(1, Some(&json!(1))), (2, None)]));
}

#[test]
fn what_does_not_fit_is_named() {
    let misfit = |args: Option<Value>| {
        notify()
            .take(args.as_ref())
            .map(|given| given.len())
            .map_err(|misfit| (misfit.message, misfit.hint))
    };
    let refused = |message: &str, hint: &str| Err((message.to_owned(), hint.to_owned()));
    assert_eq!(
        misfit(Some(json!({"limti": 1}))),
        refused("s.f(...) has no argument \"limti\"", "Perhaps you meant \"limit\".")
    );
    assert_eq!(
        misfit(Some(json!({"seen": 1}))),
        refused("argument \"seen\" of s.f(...) is only returned", "Leave it out.")
    );
    for none in [None, Some(json!({})), Some(json!([]))] {
        assert_eq!(
            misfit(none),
            refused(
                "s.f(...) needs argument \"limit\" of type integer",
                "Give it in args: {\"limit\": ...}."
            )
        );
    }
    assert_eq!(
        misfit(Some(json!([1, 2, 3]))),
        refused(
            "s.f(...) takes 2 arguments, not 3",
            "Its arguments: \"limit\" of type integer, \"note\" of type integer."
        )
    );
    assert!(misfit(Some(json!(7))).is_err());
}

#[test]
fn a_parameter_without_a_name_is_given_by_position_only() {
    let f = function(json!([param("", "i", None)]));
    assert!(f.take(Some(&json!({"": 1}))).is_err());
    assert_eq!(f.take(Some(&json!([1]))).map(|given| given.len()), Ok(1));
}

#[test]
fn any_takes_the_type_of_an_equal_literal() {
    let of = |pseudo: &str, value: Value| type_for(pseudo, &value, &[&value]).ok();
    let is = |name: &str| Some(name.to_owned());
    assert_eq!(of("anyelement", json!("x")), is("text"));
    assert_eq!(of("anyelement", json!(5)), is("integer"));
    assert_eq!(of("anyelement", json!(5_000_000_000_i64)), is("bigint"));
    assert_eq!(of("anyelement", json!(5.5)), is("numeric"));
    assert_eq!(of("anyelement", json!({"a": 1})), is("jsonb"));
    assert_eq!(of("anyarray", json!([1, null, 2])), is("integer[]"));
    assert_eq!(of("anyarray", json!([1, "x"])), is("jsonb[]"));
    assert_eq!(of("anyrange", json!("[1,2]")), None);
    // Those of one call agree.
    let (list, one) = (json!([1, 2]), json!(2.5));
    assert_eq!(type_for("anyarray", &list, &[&list, &one]), Ok("numeric[]".to_owned()));
}
