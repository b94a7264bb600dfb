//! The two sides of a comparison in SQL: the column as it is compared, and the values beside it.

use super::check::{Field, Literal, Ordered, Side};
use super::quote::{array_text, quote_ident, quote_literal};
use super::sql::Lookup;
use super::tree::{Comparison, Op};
use super::types::{Kind, Wrap};

/// From this many values on, a list is one array literal: shorter to plan, and hashed by the executor.
const LONG_LIST: usize = 9;

/// Equality and `in` of whole numbers, which are written in one way only, and of texts.
pub(super) fn lookup(field: &Field, alias: &str) -> Option<Lookup> {
    let side = &field.column;
    let exact = match side.kind {
        Kind::Whole(..) => true,
        Kind::Text => side.sql != "bpchar" && side.wrap != Wrap::Lower,
        _ => false,
    };
    let equals = matches!(field.op, Op::In | Op::Compare(Comparison::Equal));
    let each = |value: &Literal| value.known().map(|text| literal(text, &side.sql));
    let literals: Vec<String> = field.literals.iter().map(each).collect::<Option<_>>()?;
    (equals && exact && !side.array).then(|| Lookup {
        value: value(field, alias),
        literals,
    })
}

pub(super) fn literal(text: &str, ty: &str) -> String {
    format!("{}::{ty}", quote_literal(text))
}

/// The value, of a type.
pub(super) fn written(value: &Literal, ty: &str) -> String {
    match value {
        Literal::Text(text) => literal(text, ty),
        Literal::Sql(sql) | Literal::List(sql) => sql.clone(),
    }
}

/// The value, of no type yet where it is a literal.
pub(super) fn untyped(value: &Literal) -> String {
    match value {
        Literal::Text(text) => quote_literal(text),
        Literal::Sql(sql) | Literal::List(sql) => sql.clone(),
    }
}

pub(super) fn column(side: &Side, alias: &str) -> String {
    format!("{}.{}", quote_ident(alias), quote_ident(&side.name))
}

/// The column as it is compared.
pub(super) fn wrapped(side: &Side, alias: &str) -> String {
    let column = column(side, alias);
    match side.wrap {
        Wrap::Plain => column,
        Wrap::Text => format!("({column})::text"),
        Wrap::Lower => format!("lower(({column})::text)"),
        Wrap::Numeric => format!("({column})::numeric"),
        Wrap::Jsonb => format!("({column})::jsonb"),
    }
}

/// The literal beside a column that is compared folded.
pub(super) fn lowered(side: &Side, literal: String) -> String {
    if side.wrap == Wrap::Lower {
        format!("lower({literal})")
    } else {
        literal
    }
}

/// The left side of a comparison.
pub(super) fn value(field: &Field, alias: &str) -> String {
    if field.column.kind == Kind::Json {
        // A JSON null is no value: without this, "<>" would hold for it.
        format!("nullif({}, 'null'::jsonb)", json_value(field, alias))
    } else {
        wrapped(&field.column, alias)
    }
}

/// The left side of an operator on text.
pub(super) fn text(field: &Field, alias: &str) -> String {
    match (field.column.kind, field.column.wrap) {
        (Kind::Json, _) => json_text(field, alias),
        // The cast strips what char(n) is padded with, which would else be part of the end.
        (_, Wrap::Plain) => format!("({})::text", column(&field.column, alias)),
        _ => wrapped(&field.column, alias),
    }
}

pub(super) fn json_value(field: &Field, alias: &str) -> String {
    let column = wrapped(&field.column, alias);
    if field.keys.is_empty() {
        column
    } else {
        format!("({column} #> {})", keys(field))
    }
}

pub(super) fn json_text(field: &Field, alias: &str) -> String {
    format!("({} #>> {})", wrapped(&field.column, alias), keys(field))
}

fn keys(field: &Field) -> String {
    literal(&array_text(field.keys.iter().map(String::as_str)), "text[]")
}

/// Order inside jsonb: what is of another kind in the data is no error, the test just does not hold for it.
pub(super) fn ordered(field: &Field, alias: &str) -> String {
    let node = json_value(field, alias);
    let (kind, left, ty) = match field.ordered {
        Some(Ordered::Strings) => ("string", json_text(field, alias), "text"),
        _ => ("number", format!("({node})::numeric"), "numeric"),
    };
    let literals: Vec<String> = field.literals.iter().map(|value| written(value, ty)).collect();
    let right = literals.join(" and ");
    format!(
        "case when jsonb_typeof({node}) = '{kind}' then {left} {} {right} end",
        field.op.word()
    )
}

pub(super) fn list(field: &Field, all: &[String], alias: &str) -> String {
    let (left, side) = (value(field, alias), &field.column);
    let word = field.op.word();
    let one_array = |array: &str| {
        if field.op == Op::NotIn {
            format!("{left} <> all({array})")
        } else {
            format!("{left} = any({array})")
        }
    };
    if let [Literal::List(array)] = field.literals.as_slice() {
        return one_array(array);
    }
    let known: Option<Vec<&str>> = field.literals.iter().map(Literal::known).collect();
    let Some(known) = known.filter(|known| known.len() >= LONG_LIST && side.wrap != Wrap::Lower) else {
        return format!("{left} {word} ({})", all.join(", "));
    };
    one_array(&literal(&array_text(known.into_iter()), &format!("{}[]", side.sql)))
}
