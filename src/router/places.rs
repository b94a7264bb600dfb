//! Explain: whether a record that passes every test is also among those that a limit lets through, of which only the other
//! candidates can tell.

use chrono::{DateTime, Utc};
use pgrx::prelude::*;

use crate::clock;
use crate::error::{Result, internal};
use crate::router::explain::{Line, line};
use crate::router::plan::Plan;
use crate::router::statement;

/// Tells which place a stored record has where there is a limit, and whether a run takes it.
///
/// # Errors
/// What the user's expressions raise for another record.
pub fn tell(plan: &Plan, key: &str, about: DateTime<Utc>, lines: &mut Vec<Line>) -> Result<bool> {
    let mut say = |item, holds, why: String| {
        lines.push(line("candidate", item, if holds { "holds" } else { "does not hold" }).because(why));
        holds
    };
    if let Some(most) = plan.limit_per_rep {
        let sql = statement::place_of_owner(plan, key)?;
        let place = read::<i64>(&sql)?.ok_or_else(|| internal("a candidate without a place"))?;
        let why = format!("place {place} of its owner, of {most} that go");
        if !say("limit_per_rep", place <= i64::from(most), why) {
            return Ok(false);
        }
    }
    let Some(most) = plan.row_limit else { return Ok(true) };
    let place = read::<i32>(&statement::place_in_run(plan, key, &clock::literal(about))?)?;
    let why = match place {
        Some(place) => format!("place {place} in the order of the run, of {most} that go"),
        None => format!("beyond the first {most} in the order of the run"),
    };
    Ok(say("row_limit", place.is_some(), why))
}

fn read<T: pgrx::FromDatum + pgrx::IntoDatum>(sql: &str) -> Result<Option<T>> {
    Spi::connect(|client| client.select(sql, Some(1), &[])?.first().get_one::<T>()).map_err(internal)
}
