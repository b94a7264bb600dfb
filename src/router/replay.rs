//! Replay: what a past run was asked is asked again, and the answer compared with what the audit says it did.

use std::collections::BTreeMap;

use pgrx::prelude::*;

use crate::allocation::{self, Arrays, Outcome, Reason, Recorded};
use crate::error::{Result, error_hint, internal};
use crate::xact::as_extension_owner;

/// How one transfer of a run stands up to being asked again.
pub struct Step {
    /// Which transfer of the run, from 1.
    pub step: i32,
    /// The transfer.
    pub transfer: String,
    /// How many records it looked at.
    pub records: i64,
    /// How many moved.
    pub moved: i64,
    /// How many moves, and reasons, differ.
    pub differences: i64,
    /// The first of them.
    pub first: Option<String>,
}

/// A row of `dist.decision` with the moves that followed from it.
pub struct Decided {
    step: i32,
    transfer: String,
    /// How many records it looked at.
    pub records: usize,
    reasons: BTreeMap<String, i64>,
    reps: Vec<String>,
    /// What it was asked.
    pub asked: Recorded,
    /// The same by record.
    pub arrays: Arrays,
    /// The pools, as `asked` numbers them; None where no record could come to it.
    pub pools: Vec<Option<String>>,
    moves: Vec<String>,
}

/// Asks again what a run was asked.
///
/// # Errors
/// 42704 for a run that does not exist; 55000 for one of which nothing was kept.
pub fn replay(run: i64) -> Result<Vec<Step>> {
    let decided = as_extension_owner(|| decided(run, true))??;
    if decided.is_empty() {
        return Err(nothing_kept(run)?);
    }
    decided.into_iter().map(again).collect()
}

/// What a run was asked, a row for each of its transfers; `moves` = and what became of it. Called as the extension's owner.
///
/// # Errors
/// When it cannot be read.
pub fn decided(run: i64, moves: bool) -> Result<Vec<Decided>> {
    Spi::connect(|client| {
        let rows = client
            .select(include_str!("sql/decided.sql"), None, &[run.into(), moves.into()])
            .map_err(internal)?;
        let mut decided = Vec::new();
        for row in rows {
            let text = |n| row.get::<String>(n).map(Option::unwrap_or_default).map_err(internal);
            let whole = |n| row.get::<Vec<i32>>(n).map(Option::unwrap_or_default).map_err(internal);
            let long = |n| row.get::<Vec<i64>>(n).map(Option::unwrap_or_default).map_err(internal);
            let texts = |n| {
                row.get::<Vec<String>>(n)
                    .map(Option::unwrap_or_default)
                    .map_err(internal)
            };
            let number = |n| row.get::<i32>(n).map(Option::unwrap_or_default).map_err(internal);
            decided.push(Decided {
                step: number(1)?,
                transfer: text(2)?,
                records: usize::try_from(number(3)?).map_err(internal)?,
                reasons: serde_json::from_str(&text(4)?).map_err(internal)?,
                reps: texts(5)?,
                asked: serde_json::from_str(&text(6)?).map_err(internal)?,
                arrays: Arrays {
                    leaves: whole(7)?,
                    owned: whole(8)?,
                    class_of: whole(9)?,
                    values: long(10)?,
                    hashes: long(11)?,
                    previous: whole(12)?,
                    segments: long(13)?,
                    matched: whole(16)?,
                },
                moves: texts(14)?,
                pools: row
                    .get::<Vec<Option<String>>>(15)
                    .map_err(internal)?
                    .unwrap_or_default(),
            });
        }
        Ok(decided)
    })
}

fn nothing_kept(run: i64) -> Result<pgrx::pg_sys::panic::ErrorReport> {
    let known = Spi::get_one_with_args::<bool>("select exists (select from dist.run r where r.id = $1)", &[run.into()]);
    if known.map_err(internal)? != Some(true) {
        return Ok(crate::check::no_such("run", &run.to_string()));
    }
    Ok(error_hint(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("dist.run {run}: nothing was kept of what it was asked"),
        "Only runs that succeeded and looked at records can be replayed, not undos, as long as the policy keep_decisions is 1.",
    ))
}

fn again(mut step: Decided) -> Result<Step> {
    let arrays = std::mem::take(&mut step.arrays);
    let asked = step.asked.again(step.records, arrays, allocation::distribute);
    let outcome = asked.map_err(internal)?.outcome;
    let reps = &step.reps;
    // Nobody is the empty text, as no rep is.
    let name = |rep: i32| {
        usize::try_from(rep)
            .ok()
            .and_then(|rep| reps.get(rep))
            .map_or("", String::as_str)
    };
    let moves: Vec<&str> = outcome
        .rep
        .iter()
        .filter(|&&rep| rep != Outcome::LEFT)
        .map(|&rep| name(rep))
        .collect();
    let mut reasons: BTreeMap<String, i64> = BTreeMap::new();
    for code in outcome.reason.iter().filter(|code| **code != i16::from(Reason::Moved)) {
        *reasons.entry(Reason::from(*code).as_str().to_owned()).or_default() += 1;
    }
    let shown = |name: Option<&str>| match name {
        None => "no move".to_owned(),
        Some("") => "to nobody".to_owned(),
        Some(name) => format!("to {name}"),
    };
    let mut differences = 0;
    let mut first = None;
    for n in 0..moves.len().max(step.moves.len()) {
        let (told, was) = (moves.get(n).copied(), step.moves.get(n).map(String::as_str));
        if told != was {
            differences += 1;
            first.get_or_insert_with(|| format!("move {}: {}, asked again {}", n + 1, shown(was), shown(told)));
        }
    }
    if reasons != step.reasons {
        differences += 1;
        first.get_or_insert_with(|| format!("left: {:?}, asked again {reasons:?}", step.reasons));
    }
    Ok(Step {
        step: step.step,
        transfer: step.transfer,
        records: i64::try_from(step.records).unwrap_or(i64::MAX),
        moved: i64::try_from(step.moves.len()).unwrap_or(i64::MAX),
        differences,
        first,
    })
}
