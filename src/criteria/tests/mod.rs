//! What the criteria promise, held by tests: L3 (rules on any column), L1 (explicit and behavioural criteria) and C1
//! (exclusions by an attribute of the record or of a related row). Named after the behaviour, one file per step.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod errors;
mod lexing;
mod operators;
mod passing;
mod predicates;
mod properties;
mod related;
mod times;
mod variables;

use serde_json::Value;

use super::{Catalogue, Checked, Column, CriteriaError, Relation, check, parse};

/// The instant of every run in these tests.
const AS_OF: &str = "2026-01-31 06:00:00+00";

/// A catalogue of three relations.
struct Crm;

impl Catalogue for Crm {
    fn relation(&self, name: &str) -> Option<Relation> {
        match name {
            "crm.lead" => Some(lead()),
            "crm.\"Visit Log\"" => Some(relation(
                "Visit Log",
                &[
                    ("id", "bigint", 'N', "int8"),
                    ("lead_id", "bigint", 'N', "int8"),
                    ("lead_uuid", "uuid", 'U', "uuid"),
                    ("at", "timestamp with time zone", 'D', "timestamptz"),
                    ("kind", "text", 'S', "text"),
                    ("mail", "text", 'S', "text"),
                ],
            )),
            "crm.item" => Some(relation(
                "item",
                &[("visit", "integer", 'N', "int4"), ("sku", "text", 'S', "text")],
            )),
            _ => None,
        }
    }

    fn variable(&self, name: &str) -> Option<Column> {
        relation("variables", VARIABLES).column(name).cloned()
    }

    fn variable_hint(&self, _: &str) -> String {
        "Insert it first.".to_owned()
    }
}

/// The variables there are, by name and type.
const VARIABLES: &[(&str, &str, char, &str)] = &[
    ("least", "integer", 'N', "int4"),
    ("share", "numeric", 'N', "numeric"),
    ("country", "text", 'S', "text"),
    ("countries", "text[]", 'A', "_text"),
    ("sizes", "bigint[]", 'A', "_int8"),
    ("since", "date", 'D', "date"),
    ("idle", "interval", 'T', "interval"),
    ("stage", "crm.stage", 'E', "stage"),
    ("price", "money", 'N', "money"),
    ("document", "jsonb", 'U', "jsonb"),
    ("o'brien", "boolean", 'B', "bool"),
];

fn relation(name: &str, columns: &[(&str, &str, char, &str)]) -> Relation {
    let columns = columns.iter().map(|(name, type_sql, category, base)| Column {
        name: (*name).to_owned(),
        type_sql: (*type_sql).to_owned(),
        category: *category,
        base: (*base).to_owned(),
    });
    Relation {
        schema: "crm".to_owned(),
        name: name.to_owned(),
        columns: columns.collect(),
    }
}

fn lead() -> Relation {
    relation(
        "lead",
        &[
            ("id", "integer", 'N', "int4"),
            ("employees", "integer", 'N', "int4"),
            ("amount", "numeric(10,2)", 'N', "numeric"),
            ("price", "money", 'N', "money"),
            ("score", "real", 'N', "float4"),
            ("name", "text", 'S', "text"),
            ("code", "character varying(3)", 'S', "varchar"),
            ("fixed", "character(5)", 'S', "bpchar"),
            ("sysname", "name", 'S', "name"),
            ("mail", "ext.citext", 'S', "citext"),
            ("active", "boolean", 'B', "bool"),
            ("born", "date", 'D', "date"),
            ("seen", "timestamp without time zone", 'D', "timestamp"),
            ("created", "timestamp with time zone", 'D', "timestamptz"),
            ("wakes", "time without time zone", 'D', "time"),
            ("wakes_tz", "time with time zone", 'D', "timetz"),
            ("pause", "interval", 'T', "interval"),
            ("key", "uuid", 'U', "uuid"),
            ("stage", "crm.stage", 'E', "stage"),
            ("stages", "crm.stage[]", 'A', "_stage"),
            ("tags", "text[]", 'A', "_text"),
            ("sizes", "integer[]", 'A', "_int4"),
            ("days", "date[]", 'A', "_date"),
            ("mails", "ext.citext[]", 'A', "_citext"),
            ("attributes", "jsonb", 'U', "jsonb"),
            ("raw", "json", 'U', "json"),
            ("a", "jsonb", 'U', "jsonb"),
            ("a.b", "jsonb", 'U', "jsonb"),
            ("codes", "ext.\"code (x)\"(3)[]", 'A', "_code (x)"),
            ("shape", "ext.geometry(Point,4326)", 'U', "geometry"),
            ("span", "daterange", 'R', "daterange"),
            ("evil\"; drop table x; --", "text", 'S', "text"),
        ],
    )
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn checked(text: &str) -> Result<Checked, CriteriaError> {
    check(&parse(&json(text))?, &lead(), &Crm)
}

/// The SQL of a criterion, without the outermost parentheses.
fn sql(text: &str) -> String {
    let sql = checked(text).unwrap().to_sql("r", AS_OF);
    sql.strip_prefix('(')
        .and_then(|s| s.strip_suffix(')'))
        .unwrap()
        .to_owned()
}

/// The SQL of one test, given as field, operator and the JSON of the value ("" for none).
fn test_sql(field: &str, op: &str, value: &str) -> String {
    sql(&test_json(field, op, value))
}

fn test_json(field: &str, op: &str, value: &str) -> String {
    let value = if value.is_empty() {
        String::new()
    } else {
        format!(", \"value\": {value}")
    };
    format!("{{\"field\": {}, \"op\": \"{op}\"{value}}}", Value::from(field))
}

fn error(text: &str) -> CriteriaError {
    checked(text).unwrap_err()
}
