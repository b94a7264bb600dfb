//! The steps of a run, one after the other: each transfer, call or action, and what is recorded of it.

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use serde_json::json;

use crate::action::{self, Context, Told};
use crate::error::{Result, noting};
use crate::router::lock::Locked;
use crate::router::preview;
use crate::router::run::{self, Narrow};
use crate::router::run_row::Totals;
use crate::router::steps::{Done, Step};
use crate::router::{call, failure};
use crate::worker::running::{self, Phase};

/// A run whose locks are held, between its steps.
pub struct Course<'a> {
    /// The schedule.
    pub schedule: &'a str,
    /// Its zone.
    pub zone: &'a str,
    /// The role whose rights it has, which is the current one.
    pub owner: pg_sys::Oid,
    /// The run.
    pub run: i64,
    /// The instant that it is about.
    pub about: DateTime<Utc>,
    /// Its locks.
    pub locked: Locked,
    /// What it has done so far.
    pub totals: Totals,
    /// What each step has done to each record, with the step's place; kept for a preview, which takes all back.
    pub told: Option<Vec<(usize, Told)>>,
}

impl Course<'_> {
    /// Runs the steps in their order.
    ///
    /// # Errors
    /// What the first that fails raises, with a DETAIL that names the step.
    pub fn all(&mut self, steps: &[Step]) -> Result<Vec<Done>> {
        let mut done = Vec::with_capacity(steps.len());
        for (n, one) in steps.iter().enumerate() {
            running::step(n + 1, steps.len(), &one.target);
            // Of one transfer, the error itself says all; a function's has it in its CONTEXT.
            done.push(if one.is_function() || (one.is_transfer() && steps.len() == 1) {
                self.one(n, one)?
            } else {
                noting(&one.told(), || self.one(n, one))?
            });
        }
        Ok(done)
    }

    fn one(&mut self, n: usize, step: &Step) -> Result<Done> {
        match step.action.as_str() {
            "transfer" => self.transfer(n, step),
            "function" => self.function(n, step),
            _ => self.action(n, step),
        }
    }

    fn transfer(&mut self, n: usize, step: &Step) -> Result<Done> {
        let (started, candidates, assigned) = (Utc::now(), self.totals.candidates, self.totals.assigned);
        let mover = step.mover();
        let told = &mut self.told;
        run::step(
            &mover,
            Narrow::default(),
            self.about,
            self.run,
            &mut self.locked,
            &mut self.totals,
            |client, plan, decision| {
                if let Some(told) = told {
                    let relation = plan.object.relation()?.sql();
                    let rows = preview::rows(client, plan, decision)?;
                    told.extend(rows.into_iter().map(|row| (n, of_transfer(&relation, row))));
                }
                Ok(())
            },
        )?;
        Ok(Done::transfer(
            step,
            started,
            self.totals.candidates - candidates,
            self.totals.assigned - assigned,
        ))
    }

    fn function(&mut self, n: usize, step: &Step) -> Result<Done> {
        self.locked.turns_may_pass();
        if let Some(told) = &mut self.told {
            // What a function does beyond this database would not be rolled back.
            told.push((n, not_called(step, self.run)?));
            return Ok(Done::action(step, Utc::now(), &action::Did::default()));
        }
        call::call(self.schedule, step, self.run, self.owner)
    }

    fn action(&mut self, n: usize, step: &Step) -> Result<Done> {
        let started = Utc::now();
        running::phase(Phase::Reading);
        // What an action sets off (a trigger, a function) may take turns.
        self.locked.turns_may_pass();
        let context = Context {
            schedule: self.schedule,
            zone: self.zone,
            step,
            run: self.run,
            about: self.about,
            rehearsed: self.told.is_some(),
        };
        let did = action::run(&context)?;
        failure::begin();
        if let Some(told) = &mut self.told {
            told.extend(action::told(&context)?.into_iter().map(|row| (n, row)));
        }
        self.totals.objects.extend(did.object.clone());
        Ok(Done::action(step, started, &did))
    }
}

fn of_transfer(relation: &str, row: preview::Row) -> Told {
    Told {
        relation: Some(relation.to_owned()),
        record_key: row.key,
        effect: row.reason,
        detail: Some(json!({"old_owner": row.old_owner, "new_owner": row.new_owner, "rule": row.rule})),
    }
}

fn not_called(step: &Step, run: i64) -> Result<Told> {
    let mut detail = json!({"args": step.args});
    if let (Some(subject), Some(fields)) = (call::subject(step, run)?, detail.as_object_mut()) {
        fields.insert("per".to_owned(), step.per.as_deref().unwrap_or("segment").into());
        fields.insert("segment".to_owned(), subject.segment.name.clone().into());
        fields.insert("members".to_owned(), subject.members()?.into());
    }
    Ok(Told {
        relation: None,
        record_key: None,
        effect: "not_called".to_owned(),
        detail: Some(detail),
    })
}
