//! What a past run gave whom in each segment, and what each was entitled to there: what was kept of the run is asked again.

use crate::allocation::{distribute, shares};
use crate::error::{Result, internal};
use crate::router::replay::{Decided, decided};
use crate::xact::as_extension_owner;

/// What one member received of one segment.
pub struct Row {
    /// The distribution rule.
    pub distribution_rule: String,
    /// The members who were there and might have the segment's records, in order of their names.
    pub segment: Vec<String>,
    /// The member.
    pub rep: String,
    /// How many records it received.
    pub received: i64,
    /// How many it was entitled to, in millionths; None where weights entitle to nothing.
    pub entitled: Option<i64>,
}

/// The rows of a run; none where nothing was kept of it.
///
/// # Errors
/// When what was kept cannot be read.
pub fn of_run(run: i64) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for step in as_extension_owner(|| decided(run, false))?? {
        of_step(step, &mut rows)?;
    }
    Ok(rows)
}

fn of_step(mut step: Decided, rows: &mut Vec<Row>) -> Result<()> {
    let arrays = std::mem::take(&mut step.arrays);
    let told = step.asked.again(step.records, arrays, |request| {
        distribute(request).map(|report| shares(request, &report))
    });
    for share in told.map_err(internal)? {
        let pool = share.pool as usize;
        let (Some(spec), Some(Some(rule))) = (step.asked.pools().get(pool), step.pools.get(pool)) else {
            continue;
        };
        let name = |seat: &u32| spec.seats.get(*seat as usize).map(|seat| seat.key.clone());
        let mut segment: Vec<String> = share.segment.iter().filter_map(name).collect();
        segment.sort();
        rows.push(Row {
            distribution_rule: rule.clone(),
            segment,
            rep: name(&share.seat).unwrap_or_default(),
            received: i64::try_from(share.received).unwrap_or(i64::MAX),
            entitled: share
                .entitled
                .map(|entitled| i64::try_from(entitled).unwrap_or(i64::MAX)),
        });
    }
    Ok(())
}
