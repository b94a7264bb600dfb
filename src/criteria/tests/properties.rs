//! What holds for any input: no panic, no way out of a literal, and what is written reads back.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::super::lexer::{TokenKind, tokens};
use super::super::predicate::scan;
use super::super::tree::{Comparison, Count, FieldTest, Node, Op, Operand, RelatedTest};
use super::super::{check, parse, quote_ident, quote_literal};
use super::{AS_OF, Crm, lead};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[^\0]{0,8}".prop_map(Value::from)
    ]
}

/// Names that are columns, nearly columns, or none.
fn name() -> impl Strategy<Value = String> {
    let columns: Vec<String> = lead().columns.into_iter().map(|column| column.name).collect();
    prop_oneof![
        4 => prop::sample::select(columns),
        1 => "attributes(\\.[a-z'\"\\\\]{1,4}){1,3}",
        1 => "[^\0]{1,8}",
    ]
}

fn field_test() -> impl Strategy<Value = Node> {
    (
        name(),
        prop::sample::select(Op::ALL.to_vec()),
        prop::collection::vec(scalar(), 2..12),
    )
        .prop_map(|(field, op, mut values)| {
            let (first, second) = (values[0].clone(), values[1].clone());
            let value = match op {
                Op::IsNull | Op::IsNotNull => Operand::Nothing,
                Op::In | Op::NotIn => Operand::List(std::mem::take(&mut values)),
                Op::Between => Operand::Pair(first, second),
                _ => Operand::One(first),
            };
            Node::Test(FieldTest { field, op, value })
        })
}

fn node() -> impl Strategy<Value = Node> {
    field_test().prop_recursive(4, 24, 4, |inner| {
        let count =
            (prop::sample::select(Comparison::ALL.to_vec()), any::<u32>()).prop_map(|(op, value)| Count { op, value });
        let relation = prop_oneof![Just("crm.item".to_owned()), "[^\0]{1,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Node::All),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Node::Any),
            inner.clone().prop_map(|node| Node::Not(Box::new(node))),
            (
                relation,
                prop::collection::btree_map(prop_oneof![Just("visit".to_owned()), name()], name(), 1..3),
                prop::option::of(inner),
                prop::option::of(count)
            )
                .prop_map(|(relation, on, filter, count)| {
                    let on = on.into_iter().collect();
                    Node::Related(Box::new(RelatedTest {
                        relation,
                        on,
                        filter,
                        count,
                    }))
                }),
        ]
    })
}

/// Any JSON, made of the grammar's own words so that it gets far.
fn any_json() -> impl Strategy<Value = Value> {
    let words: Vec<&str> = [
        "all", "any", "not", "field", "op", "value", "related", "on", "where", "count", "id", "crm.item",
    ]
    .into_iter()
    .chain(Op::ALL.iter().map(|op| op.word()))
    .collect();
    let key = prop_oneof![prop::sample::select(words).prop_map(str::to_owned), any::<String>()];
    let leaf = prop_oneof![Just(Value::Null), scalar(), key.clone().prop_map(Value::from)];
    leaf.prop_recursive(5, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Text made of what lexers trip over.
fn sql_soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "'",
            "\"",
            "\\",
            "$",
            "$$",
            "$a$",
            "E'",
            "U&'",
            "U&\"",
            "--",
            "/*",
            "*/",
            "\n",
            "(",
            ")",
            "[",
            "]",
            ";",
            "now",
            "age",
            ".",
            ",",
            "pg_catalog",
            "1",
            "1e",
            "é",
            "''",
            "\\'",
            "uescape",
            "today",
            " ",
            "\r",
            "\0",
            "::",
            "@>",
            "\\u",
            "\\x4",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

/// Whether a generated text is one run of tokens with balanced brackets, no `;` and nothing left open.
fn contained(sql: &str) -> bool {
    let mut depth = 0_i32;
    tokens(sql).is_ok_and(|tokens| {
        tokens.iter().all(|token| {
            match token.kind {
                TokenKind::Mark('(') => depth += 1,
                TokenKind::Mark(')') => depth -= 1,
                _ => {}
            }
            depth >= 0 && token.kind != TokenKind::Mark(';')
        }) && depth == 0
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_node_reads_back_from_its_json(node in node()) {
        prop_assert_eq!(parse(&node.to_json()), Ok(node));
    }

    #[test]
    fn what_is_checked_compiles_to_contained_and_stable_sql(node in node()) {
        if let Ok(checked) = check(&node, &lead(), &Crm) {
            let sql = checked.to_sql("r", AS_OF);
            prop_assert!(contained(&sql), "{}", sql);
            let again = parse(&node.to_json()).and_then(|node| check(&node, &lead(), &Crm));
            prop_assert_eq!(again.map(|checked| checked.to_sql("r", AS_OF)), Ok(sql));
            for test in checked.tests("r", AS_OF) {
                prop_assert!(contained(&test.sql) && test.actual.is_none_or(|sql| contained(&sql)));
            }
        }
    }

    #[test]
    fn a_test_with_a_fitting_value_always_compiles_contained(text in "[^\0]{1,12}", count in 1_usize..12) {
        // L3: whatever a company is called, the name stays a value.
        let values = vec![Value::from(text.as_str()); count];
        for (field, op, value) in [
            ("name".to_owned(), Op::In, Operand::List(values)),
            ("name".to_owned(), Op::Suffix, Operand::One(Value::from(text.as_str()))),
            ("mail".to_owned(), Op::Prefix, Operand::One(Value::from(text.as_str()))),
            (format!("attributes.{}", text.replace('.', "_")), Op::IsNull, Operand::Nothing),
        ] {
            let checked = check(&Node::Test(FieldTest { field, op, value }), &lead(), &Crm);
            let sql = checked.map(|checked| checked.to_sql("r", AS_OF));
            prop_assert!(sql.as_deref().is_ok_and(contained), "{:?}", sql);
        }
    }

    #[test]
    fn no_json_makes_it_panic(value in any_json()) {
        if let Ok(node) = parse(&value) {
            let _ = check(&node, &lead(), &Crm).map(|checked| checked.to_sql("r", AS_OF));
        }
    }

    #[test]
    fn no_value_makes_a_check_panic(field in name(), op in prop::sample::select(Op::ALL.to_vec()), text in any::<String>()) {
        let value = Operand::One(Value::from(text));
        let _ = check(&Node::Test(FieldTest { field, op, value }), &lead(), &Crm);
    }

    #[test]
    fn no_text_makes_the_scan_panic(any_text in any::<String>(), soup in sql_soup()) {
        let _ = scan(&any_text);
        if let Ok(found) = scan(&soup) {
            prop_assert!(found.date_words.iter().all(|range| soup.get(range.clone()).is_some()));
        }
    }

    #[test]
    fn quoted_text_is_one_token(text in "[^\0]{1,12}", soup in sql_soup()) {
        for text in [text, soup.replace('\0', "")] {
            let literal: Vec<_> = tokens(&quote_literal(&text)).unwrap_or_default().into_iter().map(|t| t.kind).collect();
            prop_assert_eq!(literal, [TokenKind::Literal(text.clone())]);
            if !text.is_empty() {
                let name: Vec<_> = tokens(&quote_ident(&text)).unwrap_or_default().into_iter().map(|t| t.kind).collect();
                prop_assert_eq!(name, [TokenKind::Word { name: text, quoted: true }]);
            }
        }
    }
}
