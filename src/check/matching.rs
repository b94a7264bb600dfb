//! What the check trigger of `dist.match` asks: that its expression, column and ranking compile over the two tables.

use pgrx::prelude::*;
use serde_json::Value;

use crate::catalogue::read;
use crate::check::parse::{is_one_expression, no_moving_dates, parses, ranks};
use crate::check::{column_hint, no_such};
use crate::criteria::quote_ident;
use crate::error::{Place, Result, error_hint, internal};
use crate::router::expression::{self, RECORD};
use crate::router::intent::Object;
use crate::router::situation::match_plan::{Kind, MatchText, OTHER};

/// Checks a row of `dist.match`.
///
/// # Errors
/// What is wrong, with the place and a HINT.
pub fn row(name: &str, row: Value) -> Result<()> {
    let place = Place {
        table: "match",
        row: name,
    };
    let row: MatchText = serde_json::from_value(row).map_err(internal)?;
    let object = |name: &String| {
        read::<Object>("select dist._object_intent($1)", &[name.clone().into()])?.ok_or_else(|| no_such("object", name))
    };
    let (object, other) = (object(&row.object)?, object(&row.other_object)?);
    let (table, relation) = (object.relation()?.sql(), other.relation()?);
    let other_table = relation.sql();
    let Some(column) = relation.column(&row.other_column) else {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            format!(
                "{place}: other_column \"{}\" does not exist in {other_table}",
                row.other_column
            ),
            column_hint(relation, &row.other_column),
        ));
    };
    if row.kind != Kind::Key && column.category != 'S' {
        return Err(error_hint(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!(
                "{place}: other_column \"{}\" is of type {}",
                column.name, column.declared
            ),
            "Domains and names are compared as texts; name a column of text, or take kind key.",
        ));
    }
    let dates = expression::scan(&place, "own", &row.own)?;
    is_one_expression(&place, "own", &table, &row.own, "", |text| format!("{text} is null"))?;
    let column = format!("{OTHER}.{}", quote_ident(&row.other_column));
    let compared = |text: &str| match row.kind {
        // The types have to be such as can be compared.
        Kind::Key => format!("select from {table} as {RECORD}, {other_table} as {OTHER} where ({text}\n) = {column}"),
        _ => format!("select from {table} as {RECORD} where ({text}\n)::text is null"),
    };
    parses(&place, "own", &compared(&row.own))?;
    no_moving_dates(&place, "own", &row.own, &dates, compared)?;
    if let Some(text) = &row.ranking {
        let dates = expression::scan(&place, "ranking", text)?;
        let key = format!("{OTHER}.{}", quote_ident(&other.key()?.name));
        let hint = "ranking is an ORDER BY list over the other record m, such as: m.revenue desc nulls last";
        // As the ranking of a transfer: sort keys and nothing else, one value for each record.
        let in_window =
            |text: &str| format!("select row_number() over (order by {text}\n, {key}) from {other_table} as {OTHER}");
        ranks(&place, &in_window(text), hint)?;
        let plain = format!("select from {other_table} as {OTHER} order by {text}\n, {key}");
        ranks(&place, &plain, hint)?;
        ranks(&place, &format!("{plain} for update of {OTHER}"), hint)?;
        no_moving_dates(&place, "ranking", text, &dates, in_window)?;
    }
    Ok(())
}
