//! What reps may still take by the caps that a plan comes to, and how what they take is counted.
//!
//! A run looks at the windows that its as_of lies in, whenever it takes place. It holds the caps' locks by then, so that
//! what it reads has been counted in full by all others; a preview reads the same without the locks.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::allocation::Cap;
use crate::clock;
use crate::error::{Place, Result, error_hint, internal};
use crate::prepared;
use crate::router::caps::{Counts, PlannedCap};

use crate::router::plan::Plan;
use crate::router::situation::open;
use crate::window::{Per, Window};
use crate::xact::as_extension_owner;

/// One counter: a cap over one rep, or over all whom it covers together.
pub struct Counter {
    /// Number of the cap in the plan.
    cap: usize,
    /// The place of the rep in the cap; None = together.
    rep: Option<usize>,
    /// In which window; None for what is open.
    window: Option<(Per, Window)>,
    /// How many it has counted.
    used: u64,
}

/// What of a plan's caps has been used at an instant.
pub struct Capped {
    /// As the allocation numbers them.
    counters: Vec<Counter>,
    /// By cap of the plan, how many it had counted on the whole.
    taken: Vec<i64>,
    about: DateTime<Utc>,
}

impl Capped {
    /// Looks at all caps.
    ///
    /// # Errors
    /// What the caps' expressions raise; an instant at the end of the calendar.
    pub fn of_plan(client: &SpiClient<'_>, plan: &Plan, about: DateTime<Utc>) -> Result<Self> {
        let mut counters = Vec::new();
        for (cap, planned) in plan.caps.iter().enumerate() {
            let each = if planned.together { 1 } else { planned.reps.len() };
            for place in 0..each {
                counters.push(Counter {
                    cap,
                    rep: (!planned.together).then_some(place),
                    window: window(planned, place, about)?,
                    used: 0,
                });
            }
        }
        let mut capped = Self {
            counters,
            taken: vec![0; plan.caps.len()],
            about,
        };
        capped.read_received(client, plan)?;
        capped.read_open(client, plan)?;
        Ok(capped)
    }

    /// The caps as the allocation wants them.
    pub fn rooms(&self, plan: &Plan) -> Vec<Cap> {
        let room = |counter: &Counter| {
            let cap = plan.caps.get(counter.cap);
            let reps = cap.map_or(&[][..], |cap| match counter.rep {
                Some(place) => cap.reps.get(place..=place).unwrap_or(&[]),
                None => &cap.reps,
            });
            Cap {
                left: cap.map_or(0, |cap| cap.most.saturating_sub(counter.used)),
                reps: reps.to_vec(),
                pool: cap.and_then(|cap| cap.pool),
            }
        };
        self.counters.iter().map(room).collect()
    }

    fn read_received(&mut self, client: &SpiClient<'_>, plan: &Plan) -> Result<()> {
        let mut asked = Vec::new();
        let (mut caps, mut reps, mut since, mut until, mut seconds) = (vec![], vec![], vec![], vec![], vec![]);
        for (number, counter) in self.counters.iter().enumerate() {
            let (Some((per, window)), Some(cap)) = (counter.window, plan.caps.get(counter.cap)) else {
                continue;
            };
            asked.push(number);
            caps.push(cap.name.clone());
            reps.push(counter.rep(plan).to_owned());
            since.push(clock::to_pg(window.since)?);
            until.push(clock::to_pg(window.until)?);
            let rolls = matches!(&cap.counts, Counts::Received { zones: None, .. });
            seconds.push(if rolls { per.length().num_seconds() } else { 0 });
        }
        if asked.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = plan.caps.iter().map(|cap| cap.name.clone()).collect();
        let args = [
            caps.into(),
            reps.into(),
            since.into(),
            until.into(),
            seconds.into(),
            names.into(),
        ];
        let (questions, used, taken) = as_extension_owner(|| {
            let row = prepared::select(client, include_str!("../sql/caps_used.sql"), &args)?.first();
            let numbers = |ordinal| row.get::<Vec<i64>>(ordinal).map(Option::unwrap_or_default);
            pgrx::spi::Result::Ok((numbers(1)?, numbers(2)?, numbers(3)?))
        })?
        .map_err(internal)?;
        for (question, used) in questions.iter().zip(used) {
            let number = usize::try_from(question - 1).ok().and_then(|place| asked.get(place));
            if let Some(counter) = number.and_then(|&number| self.counters.get_mut(number)) {
                counter.used = u64::try_from(used).unwrap_or(0);
            }
        }
        self.taken = taken;
        Ok(())
    }

    fn read_open(&mut self, client: &SpiClient<'_>, plan: &Plan) -> Result<()> {
        let held = open::count(client, &plan.object, &plan.caps, &plan.reps, self.about)?;
        for counter in &mut self.counters {
            let of = |rep: &str| held.of(counter.cap, rep);
            let open = match (plan.caps.get(counter.cap).map(|cap| &cap.counts), counter.rep) {
                (Some(Counts::Open { holders, .. }), None) => holders.iter().map(|rep| of(rep)).sum(),
                _ => of(counter.rep(plan)),
            };
            counter.used = open.unwrap_or(counter.used);
        }
        Ok(())
    }

    /// Counts what was received, given what is left of each counter. To be called as the extension's owner.
    ///
    /// # Errors
    /// 55006 when a run inside of this one has counted meanwhile.
    pub fn keep(&self, client: &mut SpiClient<'_>, plan: &Plan, left: &[u64]) -> Result<()> {
        if self.counters.is_empty() {
            return Ok(());
        }
        let now = clock::from_pg(clock::now()?)?.min(self.about);
        let (mut caps, mut reps, mut since, mut received, mut oldest) = (vec![], vec![], vec![], vec![], vec![]);
        let mut more = vec![0_i64; plan.caps.len()];
        for (counter, left) in self.counters.iter().zip(left) {
            let (Some((per, window)), Some(cap)) = (counter.window, plan.caps.get(counter.cap)) else {
                continue;
            };
            let used = cap.most.saturating_sub(counter.used).saturating_sub(*left);
            let used = i64::try_from(used).map_err(internal)?;
            if used == 0 {
                continue;
            }
            caps.push(cap.name.clone());
            reps.push(counter.rep(plan).to_owned());
            since.push(clock::to_pg(window.kept_at)?);
            received.push(used);
            oldest.push(clock::to_pg(
                now.checked_sub_signed(per.memory()).unwrap_or(window.since),
            )?);
            if let Some(more) = more.get_mut(counter.cap) {
                *more += used;
            }
        }
        if caps.is_empty() {
            return Ok(());
        }
        let changed = plan.caps.iter().zip(&self.taken).zip(more);
        let changed: Vec<(String, i64, i64)> = changed
            .filter(|(_, more)| *more > 0)
            .map(|((cap, taken), more)| (cap.name.clone(), *taken, more))
            .collect();
        let expected = changed.len() as i64;
        let names: Vec<String> = changed.iter().map(|(name, ..)| name.clone()).collect();
        let args = [
            caps.into(),
            reps.into(),
            since.into(),
            received.into(),
            oldest.into(),
            names.clone().into(),
            changed.iter().map(|(_, taken, _)| *taken).collect::<Vec<_>>().into(),
            changed.iter().map(|(.., more)| *more).collect::<Vec<_>>().into(),
        ];
        let kept = prepared::update(client, include_str!("../sql/keep_caps.sql"), &args)
            .and_then(|rows| rows.first().get_one::<i64>())
            .map_err(internal)?;
        if kept == Some(expected) {
            return Ok(());
        }
        // The rows are locked, so only this very transaction can have counted since they were read.
        let places = names.iter().map(|row| Place { table: "cap", row }.to_string());
        Err(error_hint(
            PgSqlErrorCode::ERRCODE_OBJECT_IN_USE,
            format!(
                "{}: a run inside of this one has counted by it",
                places.collect::<Vec<_>>().join(", ")
            ),
            "A trigger on the records that move calls pg_dist; let the cap not cover those to whom it gives.",
        ))
    }

    /// What is used of a counter that is full before the run, as the allocation numbers it.
    pub fn full(&self, plan: &Plan, number: usize) -> Option<String> {
        let counter = self.counters.get(number)?;
        let cap = plan.caps.get(counter.cap)?;
        if counter.used < cap.most {
            return None;
        }
        let count = format!("cap '{}': {} of {}", cap.name, counter.used, cap.most);
        let Some((_, window)) = counter.window else {
            return Some(format!("{count} open"));
        };
        let zone = match &cap.counts {
            Counts::Received { zones: Some(zones), .. } => zones.get(counter.rep.unwrap_or(0)).copied(),
            _ => None,
        };
        let shown = |at: DateTime<Utc>| at.with_timezone(&zone.unwrap_or(Tz::UTC)).format("%Y-%m-%d %H:%M%:z");
        Some(format!(
            "{count} since {} until {}",
            shown(window.since),
            shown(window.until)
        ))
    }

    /// The same for whatever keeps a rep from what is given to it directly.
    pub fn full_for(&self, plan: &Plan, rep: usize) -> Option<String> {
        let covers = |counter: &Counter| {
            let cap = plan.caps.get(counter.cap)?;
            let is_rep = |of: &u32| *of as usize == rep;
            match counter.rep {
                Some(place) => cap.reps.get(place).filter(|of| is_rep(of))?,
                None => cap.reps.iter().find(|of| is_rep(of))?,
            };
            cap.pool.is_none().then_some(())
        };
        let mut covering = (0..)
            .zip(&self.counters)
            .filter(|(_, counter)| covers(counter).is_some());
        covering.find_map(|(number, _)| self.full(plan, number))
    }
}

impl Counter {
    /// Under whose name it is kept.
    fn rep<'a>(&self, plan: &'a Plan) -> &'a str {
        let name = || {
            let rep = plan.caps.get(self.cap)?.reps.get(self.rep?)?;
            plan.reps.get(*rep as usize)
        };
        name().map_or("", String::as_str)
    }
}

fn window(cap: &PlannedCap, place: usize, about: DateTime<Utc>) -> Result<Option<(Per, Window)>> {
    let Counts::Received { per, zones } = &cap.counts else {
        return Ok(None);
    };
    let window = match zones.as_ref().and_then(|zones| zones.get(place)) {
        Some(zone) => per.fixed(*zone, about),
        None => per.rolling(about),
    };
    let beyond = || {
        let place = Place {
            table: "cap",
            row: &cap.name,
        };
        error_hint(
            PgSqlErrorCode::ERRCODE_DATETIME_FIELD_OVERFLOW,
            format!("{place}: it has no window at {}", clock::literal(about)),
            "Give an as_of within the next centuries.",
        )
    };
    window.map(|window| Some((*per, window))).ok_or_else(beyond)
}
