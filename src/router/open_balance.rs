//! How many records reps hold under each cap on what is open, for people who look between runs: counted as a run would
//! count it, with the rights of whoever looks.

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use serde::Deserialize;

use crate::catalogue::read;
use crate::error::{Result, internal};
use crate::router::balance::or_note;
use crate::router::caps::{self, Counts};
use crate::router::intent::Intent;
use crate::router::session::with_settings;
use crate::router::situation::open;
use crate::router::statement::AS_OF;
use crate::router::trust::check_writers;

/// One cap over one rep, or over all whom it covers together.
pub struct Open {
    /// The cap.
    pub cap: String,
    /// The rep; None = together, or not known.
    pub rep: Option<String>,
    /// How many may be held.
    pub most: i64,
    /// How many are.
    pub held: Option<i64>,
    /// Why that is not known.
    pub note: Option<String>,
}

/// An object with its caps, and everybody.
#[derive(Deserialize)]
struct Capped {
    reps: Vec<String>,
    intent: Intent,
}

/// Every active cap on what is open.
///
/// # Errors
/// When intent cannot be read, or the query is cancelled.
pub fn open(about: DateTime<Utc>) -> Result<Vec<Open>> {
    let all: Vec<Capped> = read("select dist._open_intents()", &[])?.unwrap_or_default();
    with_settings(about, || {
        let mut rows = Vec::new();
        for capped in &all {
            match or_note(|| count(capped, about))? {
                Ok(counted) => rows.extend(counted),
                Err(note) => {
                    let open = capped.intent.caps.rows.iter().filter(|cap| cap.per == "open");
                    for cap in open {
                        rows.push(Open {
                            cap: cap.name.clone(),
                            rep: None,
                            most: i64::try_from(cap.most).map_err(internal)?,
                            held: None,
                            note: Some(note.clone()),
                        });
                    }
                }
            }
        }
        Ok(rows)
    })
}

fn count(capped: &Capped, about: DateTime<Utc>) -> Result<Vec<Open>> {
    let intent = &capped.intent;
    check_writers(&intent.writers())?;
    let object = intent.object()?;
    let base = &object.owner()?.base;
    let reps = capped.reps.iter().filter(|rep| caps::can_own(base, rep));
    let reps: Vec<String> = reps.cloned().collect();
    let planned = caps::of_plan(intent, object, &reps, &[], AS_OF)?;
    let held = Spi::connect(|client| open::count(client, object, &planned, &reps, about))?;
    let mut rows = Vec::new();
    for (number, cap) in planned.iter().enumerate() {
        let Counts::Open { holders, .. } = &cap.counts else {
            continue;
        };
        let mut row = |rep: Option<&String>, held: u64| -> Result<()> {
            rows.push(Open {
                cap: cap.name.clone(),
                rep: rep.cloned(),
                most: i64::try_from(cap.most).map_err(internal)?,
                held: Some(i64::try_from(held).map_err(internal)?),
                note: None,
            });
            Ok(())
        };
        let of = |rep: &String| held.of(number, rep).unwrap_or(0);
        if cap.together {
            row(None, holders.iter().map(of).sum())?;
        } else {
            for rep in cap.reps.iter().filter_map(|rep| reps.get(*rep as usize)) {
                row(Some(rep), of(rep))?;
            }
        }
    }
    Ok(rows)
}
