//! Who may not have one record, and by what: the rows of eligibility that leave him out, or what he held before. For explain.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pgrx::spi::SpiClient;

use crate::allocation::{Pool, Reason};
use crate::error::{Result, internal};
use crate::router::decide::Candidates;
use crate::router::explain::{Line, line};
use crate::router::goal::Found;
use crate::router::plan::Plan;
use crate::router::situation::eligibility;
use crate::router::situation::previous::{self, Bar, Because};

/// By number in the dictionary of reps: the outcome that explain shows, and why.
#[derive(Default)]
pub struct Barred {
    reps: BTreeMap<u32, (Reason, String)>,
}

impl Barred {
    /// Whether a rep is kept from the record.
    pub fn is(&self, rep: u32) -> bool {
        self.reps.contains_key(&rep)
    }

    /// Tells why a rep may not have the record; false where he may.
    pub fn tell(&self, rep: u32, plan: &Plan, lines: &mut Vec<Line>) -> bool {
        let Some((reason, why)) = self.reps.get(&rep) else {
            return false;
        };
        let name = plan.reps.get(rep as usize).map_or("", String::as_str);
        let outcome = if *reason == Reason::NoEligibleRep {
            "not eligible"
        } else {
            reason.as_str()
        };
        lines.push(line("rep", name, outcome).because(why.clone()));
        true
    }
}

/// Who may not have the one record there is.
///
/// # Errors
/// When the history cannot be read.
pub fn of_record(
    client: &SpiClient<'_>,
    plan: &Plan,
    known: (&[Pool], &[Found]),
    candidates: &Candidates,
    about: DateTime<Utc>,
) -> Result<Barred> {
    let held = previous::of_candidates(client, plan, known, candidates, about)?;
    let mut barred = Barred::default();
    let untils = untils(client, plan, &held.whys)?;
    for (((_, rep), bar), until) in held.bars.iter().zip(&held.whys).zip(untils) {
        barred.reps.insert(*rep, (Reason::CooledDown, why(plan, bar, until)));
    }
    // Who is not eligible at all is not told to wait.
    for (rep, rows) in eligibility::refused(plan, candidates) {
        let why = format!("may have only what matches {}", rows.join(" or "));
        barred.reps.insert(rep, (Reason::NoEligibleRep, why));
    }
    Ok(barred)
}

fn why(plan: &Plan, bar: &Bar, until: Option<String>) -> String {
    let rule = bar.pool.and_then(|pool| plan.pools.get(pool as usize));
    match bar.because {
        Because::Taken => "the run has just taken it away".to_owned(),
        Because::GaveBack => "gave it back".to_owned(),
        Because::Interval => format!(
            "held it within {}, cooled down until {}",
            rule.and_then(|rule| rule.cool_down.as_deref()).unwrap_or_default(),
            until.unwrap_or_default()
        ),
        Because::Number => format!(
            "holder {} counted from the last, not back to the last {}",
            bar.place,
            rule.and_then(|rule| rule.cool_down_holders).unwrap_or_default()
        ),
    }
}

/// Until when each is kept from it by its rule's interval.
fn untils(client: &SpiClient<'_>, plan: &Plan, bars: &[Bar]) -> Result<Vec<Option<String>>> {
    if bars.is_empty() {
        return Ok(Vec::new());
    }
    let rule = |bar: &Bar| bar.pool.and_then(|pool| plan.pools.get(pool as usize));
    let intervals: Vec<Option<String>> = bars.iter().map(|bar| rule(bar)?.cool_down.clone()).collect();
    let at: Vec<i64> = bars.iter().map(|bar| bar.at).collect();
    let untils = client
        .select(
            include_str!("../sql/cooled_until.sql"),
            None,
            &[at.into(), intervals.into()],
        )
        .map_err(internal)?
        .first()
        .get_one::<Vec<Option<String>>>()
        .map_err(internal)?;
    Ok(untils.unwrap_or_default())
}
