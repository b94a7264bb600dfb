//! Variables in the place of values (Z4): each is read once by a statement, as the type that the column is compared with, and
//! refused where its type does not fit.

use super::super::ErrorKind;
use super::super::predicate::{scan, variables};
use super::*;

#[test]
fn a_variable_is_read_in_a_subquery_of_its_own() {
    let sql = |field, op, value| test_sql(field, op, value);
    assert_eq!(
        sql("employees", ">=", r#"{"var": "least"}"#),
        r#""r"."employees" >= (select dist.var('least')::integer)"#
    );
    assert_eq!(
        sql("name", "=", r#"{"var": "country"}"#),
        r#""r"."name" = (select dist.var('country')::text)"#
    );
    assert_eq!(
        sql("active", "=", r#"{"var": "o'brien"}"#),
        r#""r"."active" = (select dist.var('o''brien')::boolean)"#
    );
    assert_eq!(
        sql("stage", "<>", r#"{"var": "stage"}"#),
        r#""r"."stage" <> (select dist.var('stage')::crm.stage)"#
    );
    // Among literals, and as a bound.
    assert_eq!(
        sql("employees", "between", r#"[1, {"var": "least"}]"#),
        r#""r"."employees" between '1'::integer and (select dist.var('least')::integer)"#
    );
    assert_eq!(
        sql("name", "in", r#"["DE", {"var": "country"}]"#),
        r#""r"."name" in ('DE'::text, (select dist.var('country')::text))"#
    );
}

#[test]
fn a_variable_is_a_whole_list() {
    assert_eq!(
        test_sql("name", "in", r#"{"var": "countries"}"#),
        r#""r"."name" = any((select dist.var('countries')::text[])::text[])"#
    );
    assert_eq!(
        test_sql("employees", "not in", r#"{"var": "sizes"}"#),
        r#""r"."employees" <> all((select dist.var('sizes')::bigint[])::bigint[])"#
    );
    assert_eq!(
        test_sql("mail", "in", r#"{"var": "countries"}"#),
        r#"lower(("r"."mail")::text) = any((select array(select lower(v) from unnest(dist.var('countries')::text[]) v))::text[])"#
    );
}

#[test]
fn a_number_is_compared_as_it_is_and_not_cut() {
    // 3.5 in an integer would be 4.
    assert_eq!(
        test_sql("employees", "<", r#"{"var": "share"}"#),
        r#""r"."employees" < (select dist.var('share')::numeric)"#
    );
    assert_eq!(
        test_sql("score", "<", r#"{"var": "share"}"#),
        r#""r"."score" < (select dist.var('share')::real)"#
    );
}

#[test]
fn a_day_without_a_zone_is_utc() {
    assert_eq!(
        test_sql("created", "<", r#"{"var": "since"}"#),
        r#""r"."created" < (select dist.var('since')::timestamp at time zone 'UTC')"#
    );
    assert_eq!(
        test_sql("seen", "<", r#"{"var": "since"}"#),
        r#""r"."seen" < (select dist.var('since')::date::timestamp)"#
    );
    assert!(test_sql("created", "older than", r#"{"var": "idle"}"#).contains("(select dist.var('idle')::interval)"));
}

#[test]
fn text_is_looked_for_literally() {
    assert_eq!(
        test_sql("name", "prefix", r#"{"var": "country"}"#),
        r#"left(("r"."name")::text, length((select dist.var('country')))) = (select dist.var('country'))"#
    );
    assert_eq!(
        test_sql("name", "ilike", r#"{"var": "country"}"#),
        r#"("r"."name")::text ilike (select dist.var('country'))"#
    );
    assert_eq!(
        test_sql("name", "contains", r#"{"var": "country"}"#),
        r#"strpos(("r"."name")::text, (select dist.var('country'))) > 0"#
    );
}

#[test]
fn json_holds_any_of_the_simple_types() {
    assert_eq!(
        test_sql("attributes.source", "=", r#"{"var": "country"}"#),
        r#"nullif(("r"."attributes" #> '{"source"}'::text[]), 'null'::jsonb) = (select to_jsonb(dist.var('country')::text))"#
    );
    assert!(
        test_sql("attributes.size", ">", r#"{"var": "least"}"#).ends_with("> (select dist.var('least')::numeric) end")
    );
    assert!(
        test_sql("attributes", "has", r#"{"var": "document"}"#)
            .contains("@> (select to_jsonb(dist.var('document')::jsonb))")
    );
    assert!(test_sql("tags", "has", r#"{"var": "country"}"#).starts_with("(select dist.var('country')::text) = any("));
}

#[test]
fn nothing_is_known_of_it_where_rules_are_looked_up() {
    let known = |text: &str| {
        let conjunct = checked(text).unwrap().conjuncts("r", AS_OF).remove(0);
        (conjunct.lookup.is_some(), conjunct.passing.is_some())
    };
    assert_eq!(known(r#"{"field": "employees", "op": "=", "value": 1}"#), (true, true));
    assert_eq!(
        known(r#"{"field": "employees", "op": "=", "value": {"var": "least"}}"#),
        (false, false)
    );
    assert_eq!(
        known(r#"{"field": "employees", "op": "in", "value": [1, {"var": "least"}]}"#),
        (false, false)
    );
}

#[test]
fn a_type_that_does_not_fit_is_refused() {
    for (field, op, value, message) in [
        (
            "employees",
            "=",
            "country",
            "variable 'country' is text, and \"=\" on \"employees\" takes integer",
        ),
        (
            "name",
            "=",
            "least",
            "variable 'least' is integer, and \"=\" on \"name\" takes text",
        ),
        (
            "name",
            "like",
            "least",
            "variable 'least' is integer, and \"like\" on \"name\" takes text",
        ),
        (
            "name",
            "in",
            "country",
            "variable 'country' is text, and \"in\" on \"name\" takes text[]",
        ),
        (
            "name",
            "=",
            "countries",
            "variable 'countries' is text[], and \"=\" on \"name\" takes text",
        ),
        (
            "created",
            "older than",
            "since",
            "variable 'since' is date, and \"older than\" on \"created\" takes interval",
        ),
        (
            "stage",
            "=",
            "country",
            "variable 'country' is text, and \"=\" on \"stage\" takes crm.stage",
        ),
        (
            "price",
            "=",
            "price",
            "variable 'price' is money, and \"=\" on \"price\" takes numeric",
        ),
    ] {
        let refused = error(&test_json(field, op, &format!(r#"{{"var": "{value}"}}"#)));
        assert_eq!(
            (refused.kind, refused.message.as_str()),
            (ErrorKind::WrongType, message)
        );
        assert!(
            refused
                .hint
                .is_some_and(|hint| hint.starts_with("Name a variable of type "))
        );
    }
    let unknown = error(r#"{"field": "name", "op": "=", "value": {"var": "contry"}}"#);
    assert_eq!(unknown.kind, ErrorKind::UnknownVariable);
    assert_eq!(unknown.message, "there is no variable 'contry'");
    // Anything else that is an object is none.
    let object = error(r#"{"field": "name", "op": "=", "value": {"var": "country", "or": 1}}"#);
    assert_eq!(object.kind, ErrorKind::Malformed);
}

#[test]
fn what_a_predicate_reads_is_found() {
    let text =
        "r.a > dist.var('least', 0) and r.b = /* here */ \"dist\" . VAR ( $$o'brien$$ ) and other.var('x') > var('y')";
    assert_eq!(scan(text).unwrap().variables, ["least", "o'brien"]);
    assert_eq!(variables(text), ["least", "o'brien"]);
    assert!(variables("'dist.var(''least'')' = r.a").is_empty());
    for text in [
        "dist.var(r.name) = 'x'",
        "dist.var('a' || 'b') = 'x'",
        "dist.var(name => 'a') = 'x'",
    ] {
        let refused = scan(text).unwrap_err();
        assert_eq!(refused.message, "dist.var does not say which variable it reads");
    }
}
