//! What reps hold, for caps on what is open: one statement over the object, as the run's owner.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use pgrx::spi::SpiClient;

use crate::clock;
use crate::error::{Result, internal, noting};
use crate::router::caps::{Counts, PlannedCap};
use crate::router::expression::RECORD;
use crate::router::failure;
use crate::router::plan::Plan;
use crate::router::statement::column;

/// By number of the cap in the plan, how many records each rep holds.
pub type Held = HashMap<usize, HashMap<String, u64>>;

/// Counts what is open for all caps of a plan.
///
/// # Errors
/// What the caps' expressions raise.
pub fn of_plan(client: &SpiClient<'_>, plan: &Plan, about: DateTime<Utc>) -> Result<Held> {
    let open = plan.caps.iter().enumerate();
    let open: Vec<(usize, &PlannedCap, &str)> = open
        .filter_map(|(number, cap)| match &cap.counts {
            Counts::Open { test, .. } => Some((number, cap, test.as_str())),
            Counts::Received { .. } => None,
        })
        .collect();
    if open.is_empty() {
        return Ok(Held::new());
    }
    let owner = plan.object.owner()?;
    let owner_sql = column(&owner.name);
    // Who is counted together with others need not be somebody to whom the plan gives.
    let of_whom = if open.iter().any(|(_, cap, _)| cap.together) {
        format!("{owner_sql} is not null")
    } else {
        format!("{owner_sql} = any ($1::text[]::{}[])", owner.type_sql)
    };
    let (mut counts, mut arrays, mut tests) = (String::new(), String::new(), Vec::new());
    for (number, _, test) in &open {
        counts.push_str(&format!(", count(*) filter (where {test}) as d_{number}"));
        arrays.push_str(&format!(", array_agg(d.d_{number})"));
        tests.push(*test);
    }
    let sql = format!(
        "select array_agg(d.d_owner){arrays} from (select {owner_sql}::text as d_owner{counts} from {} as {RECORD} \
          where {of_whom} and ({}) group by {owner_sql}) as d",
        plan.object.relation()?.sql(),
        tests.join(" or "),
    );
    let names: Vec<&str> = open.iter().map(|(_, cap, _)| cap.name.as_str()).collect();
    let note = format!("While what is open was counted for dist.cap '{}'.", names.join("', '"));
    let args = [plan.reps.clone().into(), clock::to_pg(about)?.into()];
    noting(&note, || {
        let row = client.select(sql.as_str(), Some(1), &args).map_err(internal)?.first();
        let owners: Vec<String> = row.get(1).map_err(internal)?.unwrap_or_default();
        let mut held = Held::new();
        for (ordinal, (number, ..)) in (2..).zip(&open) {
            let counts: Vec<i64> = row.get(ordinal).map_err(internal)?.unwrap_or_default();
            let counts = counts.into_iter().map(i64::unsigned_abs);
            held.insert(*number, owners.iter().cloned().zip(counts).collect());
        }
        Ok(held)
    })
    .inspect_err(|_| failure::in_statement(&sql))
}
