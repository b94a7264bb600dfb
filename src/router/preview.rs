//! Preview: the path of a run with locks, move and audit left out.

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::allocation::{Outcome, Reason};
use crate::error::{Result, internal};
use crate::router::decide::{Decision, Reading, decide, texts};
use crate::router::intent::Intent;
use crate::router::mover::Mover;
use crate::router::plan::{self, Plan};
use crate::router::session::with_settings;
use crate::router::statement;
use crate::router::trust::check_writers;
use crate::router::ways::Ways;

/// What would become of one record.
pub struct Row {
    /// Its key.
    pub key: Option<String>,
    /// Who owns it.
    pub old_owner: Option<String>,
    /// Who would own it; None where it would be left, or become unowned.
    pub new_owner: Option<String>,
    /// The assignment rule that matched.
    pub rule: Option<String>,
    /// Why it would move, or be left.
    pub reason: String,
}

/// What a run of the transfer would do, in rank order.
///
/// # Errors
/// Those of the run.
pub fn preview(transfer: &str, about: DateTime<Utc>) -> Result<Vec<Row>> {
    let intent = Intent::of_mover(&Mover::transfer(transfer))?;
    check_writers(&intent.writers())?;
    let plan = plan::of_transfer(&intent, statement::AS_OF)?;
    check_writers(&plan.limits.writers())?;
    with_settings(about, || {
        Spi::connect(|client| {
            let decision = decide(client, &plan, None, about, None, Reading::Once)?;
            rows(client, &plan, &decision)
        })
    })
}

/// What was decided, row for row.
///
/// # Errors
/// When the arrays are not of one length.
pub fn rows(client: &SpiClient<'_>, plan: &Plan, decision: &Decision) -> Result<Vec<Row>> {
    let candidates = &decision.candidates;
    let outcome = decision.outcome();
    let ways = Ways::of(plan, decision);
    let keys = texts(client, candidates.keys, candidates.count)?;
    let owners = texts(client, candidates.owners, candidates.count)?;
    keys.into_iter()
        .zip(owners)
        .enumerate()
        .map(|(n, (key, old_owner))| {
            let at = |list: &[i32]| list.get(n).copied().ok_or_else(|| internal("arrays differ"));
            let way = ways.get(n).ok_or_else(|| internal("way out of range"))?;
            let rep = at(&outcome.rep)?;
            let moved = at(&outcome.seq)? > 0;
            Ok(Row {
                key,
                old_owner,
                new_owner: usize::try_from(rep)
                    .ok()
                    .filter(|_| rep != Outcome::LEFT)
                    .and_then(|rep| plan.reps.get(rep).cloned()),
                rule: way.rule.clone(),
                reason: if moved {
                    way.reason.clone()
                } else {
                    Reason::from(outcome.reason.get(n).copied().unwrap_or(0))
                        .as_str()
                        .to_owned()
                },
            })
        })
        .collect()
}
