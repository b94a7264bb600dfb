//! Several transfers as the steps of one run, and row for row what they did. The caller takes it back: what acts on one
//! another can only be told by doing it.

use chrono::{DateTime, Utc};

use crate::clock;
use crate::error::{Result, internal};
use crate::router::inside::enter;
use crate::router::lock::{lock_movers, next_run_id};
use crate::router::mover::Mover;
use crate::router::preview::{self, Row};
use crate::router::record::{Header, Totals, finish, started_now};
use crate::router::run;
use crate::router::session::with_settings;
use crate::worker::running::{self, Trigger};
use crate::worker::timeout::InProgress;
use crate::xact::current_role_name;

/// Runs transfers one after the other in one run; what each did, with its place among them. (Were it not taken back, it
/// would be a run like any other.)
///
/// # Errors
/// Everything that keeps it from running.
pub fn rehearse(transfers: &[String], about: DateTime<Utc>) -> Result<Vec<(usize, Row)>> {
    let started = started_now()?;
    let _in_progress = InProgress::new(Trigger::Execute, transfers.first().map_or("", String::as_str));
    let movers: Vec<Mover> = transfers.iter().map(|name| Mover::transfer(name)).collect();
    let mut locked = lock_movers(&movers, false)?.ok_or_else(|| internal("a rule of the run is gone"))?;
    let run = next_run_id()?;
    running::numbered(run);
    let _inside = enter(run, None);
    let (mut totals, mut rows) = (Totals::default(), Vec::new());
    with_settings(about, || {
        for (place, transfer) in movers.iter().enumerate() {
            running::step(place + 1, movers.len(), &transfer.name);
            run::step(
                transfer,
                run::Narrow::default(),
                about,
                run,
                &mut locked,
                &mut totals,
                |client, plan, decision| {
                    let told = preview::rows(client, plan, decision)?;
                    rows.extend(told.into_iter().map(|row| (place, row)));
                    Ok(())
                },
            )?;
        }
        Ok(())
    })?;
    let header = Header {
        schedule: None,
        trigger: "execute".to_owned(),
        cause_name: None,
        due_at: None,
        as_of: clock::to_pg(about)?,
        attempt: 1,
        undoes: None,
        run_by: current_role_name()?,
    };
    finish(run, &header, started, &totals)?;
    Ok(rows)
}
