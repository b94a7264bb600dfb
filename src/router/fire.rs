//! How a due schedule runs: claim, choice, attempt, advance, in one transaction. The worker's runners, `dist.tick` and the scheduler (for
//! roles that are gone) come here; the steps themselves run as the schedule's owner.
//!
//! What is done at every fire is done here, by three statements around the run; what is done now and then is SQL, in `sql/fire.sql`.

use chrono::{DateTime, Utc};
use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};
use pgrx::prelude::*;
use pgrx::spi::{SpiClient, SpiTupleTable};

use crate::clock;
use crate::error::{Result, internal};
use crate::firing::{Choice, Ended, Outcome, Skipped, Standing};
use crate::prepared;
use crate::router::attempt::{Attempted, attempt, word};
use crate::router::due::{self, Plan};
use crate::router::inside::runs_here;
use crate::router::kept;
use crate::router::run::Occasion;
use crate::standing::{self, Due, StateRow};
use crate::worker::{mark, running};
use crate::xact;

/// How a fire ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fired {
    /// It ran, well or not, or gave up what was due, and has been advanced.
    Done,
    /// One step of it ran well, and the next is to follow.
    More,
    /// It stays due, or somebody else has it.
    Busy,
    /// It is not due any more.
    Idle,
}

impl Fired {
    /// As `dist._fire` says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "fired",
            Self::More => "more",
            Self::Busy => "busy",
            Self::Idle => "idle",
        }
    }
}

/// Fires one schedule if it is due. live: the clock is the wall clock (worker), not `as_of` (`dist.tick`).
///
/// # Errors
/// What keeps it from being fired at all; what its run fails of is a row.
pub fn fire(target: i32, as_of: TimestampWithTimeZone, live: bool) -> Result<Fired> {
    // Its own run calls dist.tick.
    if runs_here(target, false) {
        return Ok(Fired::Idle);
    }
    xact::as_extension_owner(|| {
        Spi::connect_mut(|client| {
            let Some(state) = due::claim(client, target, as_of)? else {
                let due = due::is_due(client, target, as_of)?;
                return Ok(if due { Fired::Busy } else { Fired::Idle });
            };
            // Read once its state is locked: nobody edits it any more.
            let Some(plan) = due::plan(client, target)? else {
                return Ok(Fired::Idle);
            };
            Fire {
                client,
                target,
                as_of,
                live,
                state,
                plan,
            }
            .run()
        })
    })?
}

struct Fire<'a, 'conn> {
    client: &'a mut SpiClient<'conn>,
    target: i32,
    as_of: TimestampWithTimeZone,
    live: bool,
    state: StateRow,
    plan: Plan,
}

/// What became of the instant that was chosen.
enum Became {
    /// The schedule is advanced; None: there was nothing to run.
    Through(Option<Outcome>, Option<String>),
    /// One step of it has run, and the next is to follow.
    More(DateTime<Utc>),
    /// It stays due.
    PutOff,
}

impl<'conn> Fire<'_, 'conn> {
    fn run(mut self) -> Result<Fired> {
        let claimed = clock::from_pg(self.as_of)?;
        // Of an instant that has been begun, the rest is run, whatever has passed since.
        let begun = match self.state.due_at {
            Some(due) if self.plan.in_steps => self.has_run(due, true)?,
            _ => false,
        };
        let limits = kept::limits()?;
        let spec = self.plan.spec()?;
        let due = Due::new(self.target, spec, &self.plan.terms, &self.state, begun, &limits)?;
        let choice = due.firing().choose(&due.standing, claimed).unwrap_or(Choice {
            run: None,
            skipped: None,
        });
        // What keeps others out is the state's row; this only lets them see (dist._is_running).
        running::show_to_others(self.target);
        let became = match choice.run {
            None => Became::Through(None, None),
            Some(run) => self.run_at(run)?,
        };
        match became {
            Became::PutOff => Ok(Fired::Busy),
            Became::More(run) => {
                // It stays due for the rest; the next step has its own attempts.
                let stays = Standing {
                    next: Some(run),
                    due: Some(run),
                    attempt: 1,
                    queued: false,
                    ..due.standing.clone()
                };
                self.stand(&stays, None, true, Some(run))?;
                self.note(choice.skipped.as_ref())?;
                Ok(Fired::More)
            }
            Became::Through(outcome, message) => {
                self.advance(&due, &choice, claimed, outcome, message.as_deref())?;
                Ok(Fired::Done)
            }
        }
    }

    /// Whether the schedule, or steps of it, has run well at an instant.
    fn has_run(&mut self, at: DateTime<Utc>, in_steps: bool) -> Result<bool> {
        if !self.state.may_have_run(at) {
            return Ok(false);
        }
        let args = [self.target.into(), clock::to_pg(at)?.into(), in_steps.into()];
        let answer = self.ask("select dist._has_run($1, $2, $3)", &args)?;
        Ok(answer.first().get_one::<bool>().map_err(internal)? == Some(true))
    }

    fn run_at(&mut self, run: DateTime<Utc>) -> Result<Became> {
        let at = clock::to_pg(run)?;
        let mut more = false;
        let repeated = if self.plan.in_steps {
            let args = [self.target.into(), self.plan.planned.name.clone().into(), at.into()];
            let answer = self.ask("select * from dist._steps_left($1, $2, $3)", &args)?;
            let left = answer.first();
            let planned = &mut self.plan.planned;
            planned.step = left.get::<i32>(1).map_err(internal)?;
            more = left.get::<bool>(2).map_err(internal)? == Some(true);
            planned.earlier = left.get::<Vec<i64>>(3).map_err(internal)?.unwrap_or_default();
            planned.step.is_none()
        } else {
            // An edited plan can come to an instant at which it has run already (dist.tick had gone ahead of the clock).
            self.has_run(run, false)?
        };
        if repeated {
            return Ok(Became::Through(Some(Outcome::Repeated), None));
        }
        if !mark::mark(self.target, at, self.state.attempt, self.state.crashes > 0) {
            return Ok(Became::PutOff);
        }
        let occasion = Occasion {
            trigger: "schedule",
            due_at: Some(at),
            as_of: at,
            attempt: self.state.attempt,
            nowait: self.live,
        };
        let steps = std::mem::take(&mut self.plan.steps);
        let Attempted { outcome, message, .. } = attempt(&self.plan.planned, occasion, || Ok(steps))?;
        Ok(match outcome {
            None => Became::PutOff,
            Some(Outcome::Succeeded) if more => Became::More(run),
            outcome => Became::Through(outcome, message),
        })
    }

    fn advance(
        &mut self,
        due: &Due,
        choice: &Choice,
        claimed: DateTime<Utc>,
        outcome: Option<Outcome>,
        message: Option<&str>,
    ) -> Result<()> {
        let finished = if self.live {
            let clock = TimestampWithTimeZone::try_from(xact::clock()).map_err(internal)?;
            claimed.max(clock::from_pg(clock)?)
        } else {
            claimed
        };
        let (becomes, overlapped) = due.firing().advance(
            &due.standing,
            choice,
            outcome.unwrap_or(Outcome::Succeeded),
            claimed,
            finished,
        );
        let stopped = matches!(becomes.ended, Some(Ended::Failed | Ended::Quarantined));
        let went_through = !matches!(outcome, None | Some(Outcome::Repeated));
        let ran = choice.run.filter(|_| outcome == Some(Outcome::Succeeded));
        self.stand(&becomes, message.filter(|_| stopped), went_through, ran)?;
        self.note(choice.skipped.as_ref())?;
        self.note(overlapped.as_ref())?;
        self.note_gaps(choice.run, becomes.due)?;
        self.tell(choice.run, outcome, message, becomes.ended)
    }

    /// Writes where it stands now. safely: it has not been interrupted. ran: an instant at which something has run well.
    fn stand(&mut self, now: &Standing, note: Option<&str>, safely: bool, ran: Option<DateTime<Utc>>) -> Result<()> {
        let args = [
            self.target.into(),
            instant(now.next)?.into(),
            instant(now.due)?.into(),
            now.attempt.into(),
            now.queued.into(),
            now.runs.into(),
            now.failures.into(),
            now.ended.map(standing::ended).into(),
            note.into(),
            safely.into(),
            instant(ran)?.into(),
        ];
        self.ask(include_str!("sql/fire_advance.sql"), &args).map(drop)
    }

    /// Instants that are given up have a row that says so.
    fn note(&mut self, skipped: Option<&Skipped>) -> Result<()> {
        let Some(skipped) = skipped else { return Ok(()) };
        let args = [
            self.target.into(),
            clock::to_pg(skipped.from)?.into(),
            clock::to_pg(skipped.to)?.into(),
            standing::cause(skipped.cause).into(),
        ];
        let query = "select dist._note_skipped(s, $2, $3, $4) from dist.schedule s where s.id = $1";
        self.ask(query, &args).map(drop)
    }

    /// What its plan names and no clock shows, up to the next run.
    fn note_gaps(&mut self, run: Option<DateTime<Utc>>, next: Option<DateTime<Utc>>) -> Result<()> {
        match (run, next) {
            (Some(run), Some(next)) if self.plan.leaves_gaps && next > run => {
                let args = [
                    self.target.into(),
                    clock::to_pg(run)?.into(),
                    clock::to_pg(next)?.into(),
                ];
                self.ask("select dist._note_gaps($1, $2, $3)", &args).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// What the server's log says.
    fn tell(
        &mut self,
        run: Option<DateTime<Utc>>,
        outcome: Option<Outcome>,
        message: Option<&str>,
        ended: Option<Ended>,
    ) -> Result<()> {
        let name = self.plan.planned.name.clone();
        let was_well = self.state.failures == 0 && self.state.attempt == 1;
        let outcome = match outcome {
            _ if ended == Some(Ended::Quarantined) => {
                let args = [name.into(), instant(run)?.into(), message.into()];
                let query = "select dist._tell_quarantine($1, $2, $3)";
                return self.ask(query, &args).map(drop);
            }
            Some(outcome @ (Outcome::Failed | Outcome::Cancelled)) => outcome,
            Some(Outcome::Succeeded) if !was_well => Outcome::Succeeded,
            _ => return Ok(()),
        };
        let args = [
            name.into(),
            was_well.into(),
            instant(run)?.into(),
            word(outcome).into(),
            message.into(),
            ended.map(standing::ended).into(),
        ];
        self.ask("select dist._tell($1, $2, $3, $4, $5, $6)", &args).map(drop)
    }

    fn ask(&mut self, query: &str, args: &[DatumWithOid<'_>]) -> Result<SpiTupleTable<'conn>> {
        prepared::update(self.client, query, args).map_err(internal)
    }
}

fn instant(at: Option<DateTime<Utc>>) -> Result<Option<TimestampWithTimeZone>> {
    at.map(clock::to_pg).transpose()
}
