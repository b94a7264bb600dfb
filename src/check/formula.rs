//! A row of `dist.formula`: its field can be set, and its expression gives one value that the field can hold.

use crate::action::apply_formulas::settable;
use crate::check::object_named;
use crate::check::parse::{is_one_expression, no_moving_dates, parses};
use crate::criteria::quote_ident;
use crate::error::{Place, Result};
use crate::router::expression::{self, RECORD};
use crate::router::session::with_settings;

/// Checks field and expression.
///
/// # Errors
/// 42703, 42P10, 42601, 42804 and kin, with the HINT.
pub fn row(place: &Place<'_>, object: &str, field: &str, text: &str) -> Result<()> {
    let object = object_named(object)?;
    let relation = object.relation()?;
    let column = settable(place, &object, field)?;
    let table = relation.sql();
    with_settings(chrono::Utc::now(), || {
        let dates = expression::scan(place, "expression", text)?;
        // In a WHERE there are no aggregates and no sets.
        is_one_expression(place, "expression", &table, text, "", |text| format!("{text} is null"))?;
        // And PostgreSQL assigns it to the column.
        parses(
            place,
            "expression",
            &format!(
                "update {table} as {RECORD} set {} = ({text}\n) where false",
                quote_ident(&column.name)
            ),
        )?;
        no_moving_dates(place, "expression", text, &dates, |text| {
            format!("select ({text}\n)::{} from {table} as {RECORD}", column.type_sql)
        })
    })
}
