//! What a rep's claims from a hopper go by, compiled and kept by the session as transfers are; and the statements that
//! touch the user's table.

use std::rc::Rc;

use chrono::{DateTime, Utc};
use pgrx::prelude::*;
use serde::Deserialize;

use crate::criteria::{quote_ident, quote_literal};
use crate::error::{Place, Result, error_hint, internal};
use crate::router::caps::Counts;
use crate::router::clocks::SlaRow;
use crate::router::expression::RECORD;
use crate::router::hopper::{self, SINCE};
use crate::router::intent::Intent;
use crate::router::lock::Needs;
use crate::router::plan::{self, Plan};
use crate::router::situation::eligibility;
use crate::router::statement::{self, column};
use crate::router::trust::check_writers;
use crate::worker::invalidate::Kept;

/// More of them than this are forgotten together.
const MOST: usize = 5000;

/// What intent says about a rep's claims from a hopper.
#[derive(Deserialize)]
struct ClaimIntent {
    intent: Intent,
    hopper: Option<Hopper>,
    rep: Option<Rep>,
}

/// A row of `dist.hopper`.
#[derive(Deserialize)]
pub struct Hopper {
    /// Its name.
    pub name: String,
    claimable: bool,
    blind: bool,
    /// Who comes first.
    pub ranking: Option<String>,
    /// At most so many of each rep and day.
    pub claim_limit: Option<i64>,
    /// Whether what has an owner can be claimed.
    pub others_may_claim: bool,
    /// Whether who puts something back is kept from it for a while.
    pub cool_off: Option<String>,
    active: bool,
    written_by: String,
}

/// A row of `dist.rep`.
#[derive(Deserialize)]
pub struct Rep {
    /// The rep.
    pub rep: String,
    active: bool,
    time_zone: String,
}

/// The same, ready to be used.
pub struct Compiled {
    /// The hopper.
    pub hopper: Hopper,
    /// The rep.
    pub rep: Rep,
    /// A plan by which every record goes to him: its caps count.
    pub plan: Plan,
    /// Which records the rep may have; None = all.
    pub eligible: Option<String>,
    /// What is locked.
    pub needs: Needs,
    /// The kinds of events that somebody wants to be told of.
    pub events: Vec<String>,
    /// The service levels of the object.
    pub slas: Vec<SlaRow>,
    /// Its statements.
    pub sql: Statements,
    writers: Vec<(&'static str, String, String)>,
}

/// The statements of a claim, as they are handed to PostgreSQL.
#[derive(Default)]
pub struct Statements {
    /// The rep's view of the hopper: the best he may have, `$3` at most, of `$1` if it is given.
    pub best: String,
    /// Gives locked places' records to the rep: `$1` keys, `$2` the instant, `$3` former owners, `$4` rep.
    pub give: String,
    /// The same for one record, `$1` and `$3` being texts.
    pub give_one: String,
    /// Locks the oldest places: of any number, and the very first.
    pub lock_oldest: String,
    /// The same for one place, by a claim that has not looked at any yet.
    pub lock_next: String,
    /// Locks the places of given records.
    pub lock_these: String,
}

thread_local! {
    static COMPILED: Kept<Compiled> = Kept::new(MOST);
}

/// The claims of a rep from a hopper, as intent says now.
///
/// # Errors
/// 42704 for a hopper or rep that does not exist; what is wrong with texts.
pub fn compiled(hopper: &str, rep: &str) -> Result<Rc<Compiled>> {
    COMPILED.with(|kept| kept.get(&format!("{rep}\0{hopper}"), true, || compile(hopper, rep)))
}

fn compile(hopper: &str, rep: &str) -> Result<Compiled> {
    let args = [hopper.to_owned().into(), rep.to_owned().into()];
    let found: ClaimIntent = crate::catalogue::read_newest("select dist._claim_intent($1, $2)", &args)?
        .ok_or_else(|| internal("no intent of a claim"))?;
    let hopper = found.hopper.ok_or_else(|| crate::check::no_such("hopper", hopper))?;
    let rep = found.rep.ok_or_else(|| crate::check::no_such("rep", rep))?;
    let place = Place {
        table: "hopper",
        row: &hopper.name,
    };
    let intent = &found.intent;
    let object = intent.object()?;
    object.relation()?.watch();
    let mut plan = plan::to_rep(intent, &rep.rep)?;
    eligibility::compile(intent, object, &mut plan, statement::AS_OF)?;
    plan.order = hopper::order(intent, object, &hopper.name, (&place, None))?;
    let tests: Vec<&str> = plan.limits.rows.iter().map(|row| row.test.sql.as_str()).collect();
    let eligible = (!tests.is_empty()).then(|| format!("({})", tests.join(" or ")));
    let mut writers = intent.writers();
    writers.extend(plan.limits.writers());
    if hopper.ranking.is_some() {
        writers.push(("hopper", hopper.name.clone(), hopper.written_by.as_str()));
    }
    let writers = writers.into_iter().map(|(table, row, by)| (table, row, by.to_owned()));
    let open = plan.caps.iter().any(|cap| matches!(cap.counts, Counts::Open { .. }));
    // Only who has put something back can be kept from it.
    let cooled = |text: &str| match hopper.cool_off {
        Some(_) => text.to_owned(),
        None => text.replace(include_str!("sql/claim_cool.sql").trim(), "true"),
    };
    let sql = Statements {
        lock_oldest: cooled(include_str!("sql/claim_oldest.sql")),
        lock_next: cooled(include_str!("sql/claim_next.sql")),
        lock_these: cooled(include_str!("sql/claim_these.sql")),
        ..Statements::default()
    };
    let mut compiled = Compiled {
        eligible,
        sql,
        writers: writers.collect(),
        needs: Needs {
            // What is open is kept from others by the object's lock.
            objects: open.then(|| object.name.clone()).into_iter().collect(),
            pools: Vec::new(),
            alone: open,
            caps: plan
                .caps
                .iter()
                .filter(|cap| cap.is_locked())
                .map(|cap| cap.name.clone())
                .collect(),
        },
        events: intent.events.clone(),
        slas: intent.slas.clone(),
        plan,
        hopper,
        rep,
    };
    compiled.sql.best = compiled.best()?;
    compiled.sql.give = compiled.give(false)?;
    compiled.sql.give_one = compiled.give(true)?;
    Ok(compiled)
}

impl Compiled {
    /// Refuses what the hopper does not allow.
    ///
    /// # Errors
    /// 55000; 42501 for text of somebody who is not trusted.
    pub fn check(&self, chosen: bool) -> Result<()> {
        let refuse = |problem: &str, hint: &str| {
            let place = Place {
                table: "hopper",
                row: &self.hopper.name,
            };
            let code = PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
            Err(error_hint(code, format!("{place}: {problem}"), hint))
        };
        let writers: Vec<_> = self
            .writers
            .iter()
            .map(|(table, row, by)| (*table, row.clone(), by.as_str()))
            .collect();
        check_writers(&writers)?;
        if !self.hopper.claimable {
            return refuse(
                "it is a queue, and nobody claims from it",
                "Release its records by a transfer with from_hopper, or set claimable = true.",
            );
        } else if !self.hopper.active {
            return refuse("it is passive", "Set active = true.");
        } else if chosen && self.hopper.blind {
            return refuse(
                "it is blind, and nobody chooses",
                "Leave record_keys out, or set blind = false.",
            );
        } else if !self.rep.active {
            let problem = format!("rep '{}' is not active", self.rep.rep);
            return refuse(&problem, "Set active = true in dist.rep.");
        }
        Ok(())
    }

    /// The day it is for the rep.
    ///
    /// # Errors
    /// 22023 for a zone that is not known.
    pub fn day(&self, about: DateTime<Utc>) -> Result<String> {
        let zone: chrono_tz::Tz = self.rep.time_zone.parse().map_err(|_| {
            let place = Place {
                table: "rep",
                row: &self.rep.rep,
            };
            error_hint(
                PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
                format!("{place}: time zone '{}' is not known", self.rep.time_zone),
                "Set time_zone to an IANA time zone such as Europe/Berlin.",
            )
        })?;
        Ok(about.with_timezone(&zone).date_naive().to_string())
    }

    fn best(&self) -> Result<String> {
        let object = &self.plan.object;
        let (key, owner) = (object.key()?, column(&object.owner()?.name));
        let p = statement::prefix(object.relation()?);
        let others = if self.hopper.others_may_claim {
            ""
        } else {
            " and {p}rep is null"
        }
        .replace("{p}", &p);
        Ok(format!(
            "select array_agg({p}key), array_agg({p}rep) from (select {p}hopper.{p}key, {p}rep from {table} as {RECORD} \
               join dist._in_hopper({object}, {hopper}, null) as {p}hopper ({p}key, {p}rep, {p}since) \
                 on {key_sql} = {p}key::{key_type} and {owner}::text is not distinct from {p}rep \
              where ($1::text[] is null or {p}key = any ($1)) and {p}rep is distinct from {rep}{others} and {eligible} and $2 is not null \
              order by {order} limit $3) as d",
            table = object.relation()?.sql(),
            object = quote_literal(&object.name),
            hopper = quote_literal(&self.hopper.name),
            rep = quote_literal(&self.rep.rep),
            key_sql = column(&key.name),
            key_type = key.type_sql,
            eligible = self.eligible.as_deref().unwrap_or("true"),
            order = self.plan.order.replace(SINCE, &format!("{p}since")),
        ))
    }

    /// A row is locked before it is written, for only a lock can be had by skipping what others hold. In one table its ctid then
    /// says which one it is.
    fn give(&self, one: bool) -> Result<String> {
        let object = &self.plan.object;
        let (key, owner) = (object.key()?, object.owner()?);
        let (key_sql, owner_sql) = (column(&key.name), column(&owner.name));
        let p = statement::prefix(object.relation()?);
        let table = object.relation()?.sql();
        let eligible = self.eligible.as_deref().unwrap_or("true");
        let (from, its_key, its_rep) = if one {
            (
                format!("{table} as {RECORD}"),
                "$1::text".to_owned(),
                "$3::text".to_owned(),
            )
        } else {
            let places = format!(
                "rows from (pg_catalog.unnest((select $1::text[])), pg_catalog.unnest((select $3::text[]))) as {p}place ({p}key, {p}rep), \
                 {table} as {RECORD}"
            );
            (places, format!("{p}key"), format!("{p}rep"))
        };
        let mine = format!(
            "from {from} where {key_sql} operator(pg_catalog.=) {its_key}::{key_type} \
                and {owner_sql}::text is not distinct from {its_rep} and {eligible} and $2 is not null for update of {RECORD} skip locked",
            key_type = key.type_sql,
        );
        let written = if object.relation()?.tree {
            format!(
                "from (select {RECORD}.ctid as {p}tid, {RECORD}.tableoid as {p}tab {mine}) as {p}mine \
                  where {RECORD}.ctid = {p}tid and {RECORD}.tableoid = {p}tab"
            )
        } else {
            format!("where {RECORD}.ctid = any (array(select {RECORD}.ctid {mine}))")
        };
        Ok(format!(
            "update {table} as {RECORD} set {owner} = $4::text::{owner_type} {written} returning {key_sql}::text",
            owner = quote_ident(&owner.name),
            owner_type = owner.type_sql,
        ))
    }
}
