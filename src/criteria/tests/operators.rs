//! Each operator, on each kind of column it fits, and the SQL it becomes (L3: company size, location, name, any column).

use super::super::Test;
use super::{AS_OF, checked, sql, test_sql};

#[test]
fn comparisons_cast_the_value_to_the_columns_type() {
    // L3: company size
    for op in ["=", "<>", "<", "<=", ">", ">="] {
        assert_eq!(
            test_sql("employees", op, "500"),
            format!("\"r\".\"employees\" {op} '500'::integer")
        );
    }
    assert_eq!(test_sql("name", "=", "\"Acme\""), "\"r\".\"name\" = 'Acme'::text");
    assert_eq!(test_sql("active", "=", "true"), "\"r\".\"active\" = 'true'::boolean");
    assert_eq!(test_sql("stage", ">", "\"new\""), "\"r\".\"stage\" > 'new'::crm.stage");
    assert_eq!(
        test_sql("key", "=", "\"{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}\""),
        "\"r\".\"key\" = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid"
    );
}

#[test]
fn no_length_of_the_column_cuts_the_value() {
    assert_eq!(
        test_sql("code", "=", "\"abcd\""),
        "\"r\".\"code\" = 'abcd'::character varying"
    );
    assert_eq!(
        test_sql("fixed", "=", "\"abcdefgh\""),
        "\"r\".\"fixed\" = 'abcdefgh'::bpchar"
    );
    assert_eq!(
        test_sql("amount", ">", "99.985"),
        "\"r\".\"amount\" > '99.985'::numeric"
    );
    assert_eq!(
        test_sql("sysname", "=", "\"x\""),
        "(\"r\".\"sysname\")::text = 'x'::text"
    );
}

#[test]
fn numbers_keep_their_text() {
    assert_eq!(
        test_sql("amount", "=", "0.10000000000000000001"),
        "\"r\".\"amount\" = '0.10000000000000000001'::numeric"
    );
    assert_eq!(
        test_sql("employees", "=", "5e2"),
        "\"r\".\"employees\" = '500'::integer"
    );
    assert_eq!(
        test_sql("employees", "=", "500.0"),
        "\"r\".\"employees\" = '500'::integer"
    );
    assert_eq!(test_sql("employees", "=", "-0"), "\"r\".\"employees\" = '0'::integer");
    assert_eq!(
        test_sql("price", "=", "12.5"),
        "(\"r\".\"price\")::numeric = '12.5'::numeric"
    );
}

#[test]
fn short_lists_are_in_and_long_ones_arrays() {
    // L3: location
    assert_eq!(
        test_sql("name", "in", r#"["DE", "O'Neil"]"#),
        "\"r\".\"name\" in ('DE'::text, 'O''Neil'::text)"
    );
    assert_eq!(
        test_sql("employees", "not in", "[1, 2]"),
        "\"r\".\"employees\" not in ('1'::integer, '2'::integer)"
    );
    let nine = "[1,2,3,4,5,6,7,8,9]";
    assert_eq!(
        test_sql("employees", "in", nine),
        r#""r"."employees" = any('{"1","2","3","4","5","6","7","8","9"}'::integer[])"#
    );
    assert_eq!(
        test_sql("employees", "not in", nine),
        r#""r"."employees" <> all('{"1","2","3","4","5","6","7","8","9"}'::integer[])"#
    );
    assert_eq!(
        test_sql("code", "in", r#"["a'b","\"","\\","{}",",","null","","x","y"]"#),
        r#""r"."code" = any(E'{"a''b","\\"","\\\\","{}",",","null","","x","y"}'::character varying[])"#
    );
}

#[test]
fn between_includes_both_bounds() {
    assert_eq!(
        test_sql("employees", "between", "[1, 5]"),
        "\"r\".\"employees\" between '1'::integer and '5'::integer"
    );
}

#[test]
fn patterns_are_taken_as_patterns() {
    assert_eq!(
        test_sql("name", "like", "\"ac_e%\""),
        "(\"r\".\"name\")::text like 'ac_e%'"
    );
    assert_eq!(
        test_sql("name", "ilike", r#""a\\_%""#),
        r#"("r"."name")::text ilike E'a\\_%'"#
    );
}

#[test]
fn prefix_suffix_and_contains_take_the_value_literally() {
    // L3: named major accounts
    assert_eq!(
        test_sql("name", "prefix", "\"Acme\""),
        "(\"r\".\"name\")::text like 'Acme%'"
    );
    assert_eq!(
        test_sql("name", "prefix", r#""10%_\\""#),
        r#"("r"."name")::text like E'10\\%\\_\\\\%'"#
    );
    assert_eq!(
        test_sql("name", "suffix", "\"0%\""),
        "right((\"r\".\"name\")::text, length('0%')) = '0%'"
    );
    assert_eq!(
        test_sql("name", "contains", "\"%_\""),
        "strpos((\"r\".\"name\")::text, '%_') > 0"
    );
}

#[test]
fn citext_is_compared_without_case_though_its_operators_are_out_of_reach() {
    assert_eq!(
        test_sql("mail", "=", "\"A@x\""),
        "lower((\"r\".\"mail\")::text) = lower('A@x'::text)"
    );
    assert_eq!(
        test_sql("mail", "prefix", "\"A\""),
        "lower((\"r\".\"mail\")::text) like lower('A%')"
    );
    assert_eq!(
        test_sql("mail", "like", "\"A%\""),
        "lower((\"r\".\"mail\")::text) ilike 'A%'"
    );
    let ten = test_sql("mail", "in", r#"["A","b","c","d","e","f","g","h","i","j"]"#);
    assert!(
        ten.starts_with("lower((\"r\".\"mail\")::text) in (lower('A'::text), "),
        "{ten}"
    );
}

#[test]
fn null_is_asked_for_by_name() {
    assert_eq!(test_sql("shape", "is null", ""), "\"r\".\"shape\" is null");
    assert_eq!(test_sql("name", "is not null", ""), "\"r\".\"name\" is not null");
    assert_eq!(
        test_sql("attributes.x", "is null", ""),
        "(\"r\".\"attributes\" #>> '{\"x\"}'::text[]) is null"
    );
}

#[test]
fn has_finds_elements_and_contained_objects() {
    assert_eq!(test_sql("tags", "has", "\"vip\""), "'vip'::text = any(\"r\".\"tags\")");
    assert_eq!(test_sql("sizes", "has", "3"), "'3'::integer = any(\"r\".\"sizes\")");
    assert_eq!(
        test_sql("stages", "has", "\"won\""),
        "'won'::crm.stage = any(\"r\".\"stages\")"
    );
    assert_eq!(
        test_sql("codes", "has", "\"abcd\""),
        "'abcd'::ext.\"code (x)\" = any(\"r\".\"codes\")"
    );
    assert_eq!(
        test_sql("attributes", "has", r#"{"a":1}"#),
        "\"r\".\"attributes\" @> '{\"a\":1}'::jsonb"
    );
    assert_eq!(
        test_sql("attributes.tags", "has", "\"vip\""),
        "(\"r\".\"attributes\" #> '{\"tags\"}'::text[]) @> '\"vip\"'::jsonb"
    );
}

#[test]
fn jsonb_paths_compare_values_with_values() {
    assert_eq!(
        test_sql("attributes.source.kind", "=", "\"web\""),
        "nullif((\"r\".\"attributes\" #> '{\"source\",\"kind\"}'::text[]), 'null'::jsonb) = '\"web\"'::jsonb"
    );
    assert_eq!(
        test_sql("raw.x", "in", "[1, true]"),
        "nullif(((\"r\".\"raw\")::jsonb #> '{\"x\"}'::text[]), 'null'::jsonb) in ('1'::jsonb, 'true'::jsonb)"
    );
    assert_eq!(
        test_sql("attributes.x", "contains", "\"a\""),
        "strpos((\"r\".\"attributes\" #>> '{\"x\"}'::text[]), 'a') > 0"
    );
}

#[test]
fn order_inside_jsonb_is_guarded_against_values_of_another_kind() {
    assert_eq!(
        test_sql("attributes.n", ">", "4"),
        "case when jsonb_typeof((\"r\".\"attributes\" #> '{\"n\"}'::text[])) = 'number' \
         then ((\"r\".\"attributes\" #> '{\"n\"}'::text[]))::numeric > '4'::numeric end"
    );
    assert_eq!(
        test_sql("attributes.n", "between", r#"["a", "b"]"#),
        "case when jsonb_typeof((\"r\".\"attributes\" #> '{\"n\"}'::text[])) = 'string' \
         then (\"r\".\"attributes\" #>> '{\"n\"}'::text[]) between 'a'::text and 'b'::text end"
    );
}

#[test]
fn a_column_with_a_dot_in_its_name_wins_over_a_path() {
    assert_eq!(
        test_sql("a.c", "is null", ""),
        "(\"r\".\"a\" #>> '{\"c\"}'::text[]) is null"
    );
    assert_eq!(
        test_sql("a.b", "is null", ""),
        "(\"r\".\"a.b\" #>> '{}'::text[]) is null"
    );
    assert_eq!(
        test_sql("a.b.c", "is null", ""),
        "(\"r\".\"a.b\" #>> '{\"c\"}'::text[]) is null"
    );
}

#[test]
fn negation_counts_a_test_that_is_null_as_false() {
    // C1: "calendly_created = true" excludes; the records without the attribute are routed.
    assert_eq!(
        sql(r#"{"not": {"field": "active", "op": "=", "value": true}}"#),
        "(\"r\".\"active\" = 'true'::boolean) is not true"
    );
}

#[test]
fn all_any_and_not_nest() {
    assert_eq!(
        sql(r#"{"all": [{"field": "id", "op": "=", "value": 1},
                        {"any": [{"field": "id", "op": "=", "value": 2},
                                 {"not": {"field": "id", "op": "is null"}}]}]}"#),
        "(\"r\".\"id\" = '1'::integer) and ((\"r\".\"id\" = '2'::integer) or ((\"r\".\"id\" is null) is not true))"
    );
}

#[test]
fn text_cannot_leave_its_literal_nor_a_name_its_quotes() {
    assert_eq!(
        test_sql("name", "=", r#""'; drop table x; --""#),
        "\"r\".\"name\" = '''; drop table x; --'::text"
    );
    assert_eq!(
        test_sql("name", "=", r#""\\'; drop table x; --""#),
        r#""r"."name" = E'\\''; drop table x; --'::text"#
    );
    assert_eq!(
        test_sql("evil\"; drop table x; --", "is null", ""),
        "\"r\".\"evil\"\"; drop table x; --\" is null"
    );
    assert_eq!(
        test_sql("attributes.a'b\"c\\d}", "is null", ""),
        r#"("r"."attributes" #>> E'{"a''b\\"c\\\\d}"}'::text[]) is null"#
    );
    let sql = checked(r#"{"field": "id", "op": "is null"}"#)
        .unwrap()
        .to_sql("r\" or true --", AS_OF);
    assert_eq!(sql, "(\"r\"\" or true --\".\"id\" is null)");
}

#[test]
fn explain_gets_every_leaf_with_its_path_and_actual_value() {
    let checked = checked(
        r#"{"all": [{"field": "employees", "op": ">=", "value": 500},
                    {"not": {"field": "attributes.x", "op": "in", "value": ["a", "b", "c", "d", "e", "f"]}},
                    {"related": "crm.item", "on": {"visit": "id"}, "count": {"op": ">", "value": 2},
                     "where": {"not": {"field": "sku", "op": "is null"}}}]}"#,
    );
    let tests = checked.unwrap().tests("r", AS_OF);
    let shown: Vec<(&str, &str)> = tests
        .iter()
        .map(|t| (t.path.as_str(), t.description.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("$.all[0]", "employees >= 500"),
            ("$.all[1].not", "attributes.x in ('a', 'b', 'c', 'd', 'e', and 1 more)"),
            ("$.all[2]", "count of crm.item > 2 where not (sku is null)"),
        ]
    );
    assert_eq!(
        tests[0],
        Test {
            path: "$.all[0]".to_owned(),
            description: "employees >= 500".to_owned(),
            sql: "(\"r\".\"employees\" >= '500'::integer)".to_owned(),
            actual: Some("(\"r\".\"employees\")::text".to_owned()),
        }
    );
    assert_eq!(
        tests[1].actual.as_deref(),
        Some("(\"r\".\"attributes\" #>> '{\"x\"}'::text[])")
    );
    assert!(
        tests[2]
            .actual
            .as_deref()
            .is_some_and(|sql| sql.starts_with("(select count(*) from \"crm\".\"item\""))
    );
}
