//! Who does which activity and when: the records and what the reps have to do are read, and the diaries say the rest.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use pgrx::datum::TimestampWithTimeZone;
use pgrx::spi::{SpiClient, SpiTupleTable};
use serde::Deserialize;

use crate::action::Context;
use crate::action::create_activities::plan::{self, Plan};
use crate::action::create_activities::table::Table;
use crate::action::create_activities::{OPEN, UNOWNED};
use crate::action::target::Segment;
use crate::activity::{Diary, Limits, Outcome, Why, any, each};
use crate::catalogue::read_newest;
use crate::clock;
use crate::error::{Place, Result, internal, noting};
use crate::router::decide::{Carried, Texts};
use crate::router::statement::{column, prefix};
use crate::working::Roster;
use crate::xact::as_extension_owner;

/// Those who can do activities, in the order in which they are asked.
#[derive(Deserialize)]
pub struct People {
    /// Their names.
    pub reps: Vec<String>,
    /// Their zones.
    pub zones: Vec<String>,
    roster: Roster,
}

/// The active ones of those named, or all.
///
/// # Errors
/// When they cannot be read.
pub fn people(reps: Option<Vec<String>>) -> Result<People> {
    read_newest("select dist._activity_people($1)", &[reps.into()])?
        .ok_or_else(|| internal("nothing is known of the reps"))
}

/// The records that want an activity, in the order in which they are served.
pub struct Records {
    /// Their keys.
    pub keys: Carried,
    /// What each activity is called.
    pub subjects: Carried,
    /// Who is to do each, by number; or why nobody is.
    pub who: Vec<i32>,
}

/// What became of them, in their order.
pub struct Placed {
    /// When each begins.
    pub starts: Vec<Option<TimestampWithTimeZone>>,
    /// Who does it, or would have, by number from 1.
    pub who: Vec<Option<i32>>,
    /// Why there is no place, from 1; 0 where there is one, or none is wanted.
    pub why: Vec<i32>,
}

/// Reads the members as one row of arrays: number, keys, subjects, who is to do it. `$1` reps, `$2` keys of records that have an
/// open one.
///
/// # Errors
/// What is wrong with the plan.
pub fn reads(place: &Place<'_>, segment: &Segment, of: &Plan) -> Result<String> {
    let rows = segment.rows(place, None)?;
    let relation = rows.relation;
    let subject = plan::subject(place, &of.subject, relation)?;
    let order = plan::order(place, of.ranking.as_deref(), &segment.object)?;
    // The names are none that the user's text can mean.
    let p = prefix(relation);
    let owner = column(&segment.object.owner()?.name);
    let (who, of_owner) = match of.assign.as_str() {
        "owner" => (
            format!("when {owner} is null then {UNOWNED} else coalesce({p}n::integer - 1, -1)"),
            format!(
                " left join unnest($1::text[]) with ordinality as {p}who ({p}rep, {p}n) on {p}rep = {owner}::text collate \"C\""
            ),
        ),
        _ => (
            "when cardinality($1::text[]) = 0 then -1 else 0".to_owned(),
            String::new(),
        ),
    };
    Ok(format!(
        "select count(*), array_agg(d.{p}key), array_agg(d.{p}subject), array_agg(d.{p}who) from ( \
           select {key} as {p}key, {subject} as {p}subject, case when {p}open is not null then {OPEN} {who} end as {p}who \
             from {table}{of_owner} left join unnest($2::text[]) as {p}has ({p}open) on {p}open = {key} collate \"C\" \
            where {which} order by {order}) as d",
        key = rows.key_sql(),
        which = rows.condition(),
        table = rows.table(),
    ))
}

/// Reads them.
///
/// # Errors
/// What the records raise.
pub fn records(
    client: &mut SpiClient<'_>,
    context: &Context<'_>,
    segment: &Segment,
    plan: &Plan,
    table: Option<&Table<'_>>,
    (reads, people): (&str, &People),
) -> Result<Records> {
    let about = clock::to_pg(context.about)?;
    let open = match table {
        None => as_extension_owner(|| {
            let row = client
                .update(
                    "select array_agg(a.record_key) from dist.activity a where a.segment = $1 and a.plan = $2 and a.status = 'open'",
                    None,
                    &[segment.name.clone().into(), plan.name.clone().into()],
                )
                .map_err(internal)?
                .first();
            Carried::read(&row, 1)
        })??,
        Some(table) => {
            let sql = table.open_keys(plan, &segment.name).ok_or_else(no_column)?;
            let note = format!("While the rows of {} were read.", table.relation.sql());
            let row = noting(&note, || {
                client.update(sql.as_str(), None, &[about.into()]).map_err(internal)
            })?
            .first();
            Carried::read(&row, 1)?
        }
    };
    let note = format!("While the records of segment '{}' were read.", segment.name);
    let args = [people.reps.clone().into(), Texts(open).into()];
    let place = Place {
        table: "segment",
        row: &segment.name,
    };
    let rows = segment.rows(&place, None)?;
    let row = noting(&note, || {
        rows.planned(|| client.update(reads, None, &args).map_err(internal))
    })?
    .first();
    Ok(Records {
        keys: Carried::read(&row, 2)?,
        subjects: Carried::read(&row, 3)?,
        who: row.get::<Vec<i32>>(4).map_err(internal)?.unwrap_or_default(),
    })
}

/// What cannot be, for the plan was compiled.
pub fn no_column() -> pgrx::pg_sys::panic::ErrorReport {
    internal("the table of activities has no column for the key")
}

/// Who does what, and when.
///
/// # Errors
/// When the diaries cannot be read.
pub fn all(
    client: &mut SpiClient<'_>,
    context: &Context<'_>,
    plan: &Plan,
    table: Option<&Table<'_>>,
    people: &People,
    wanted: &[i32],
) -> Result<Placed> {
    let limits = Limits {
        from: context.about,
        duration: TimeDelta::minutes(plan.minutes.into()),
        earliest: plan.earliest,
        latest: plan.latest,
        spread_days: plan.spread_days,
        per_day: plan.per_day,
    };
    let anybody = plan.assign == "reps";
    let mut asked = vec![anybody; people.reps.len()];
    for who in wanted {
        if let Some(asked) = usize::try_from(*who).ok().and_then(|who| asked.get_mut(who)) {
            *asked = true;
        }
    }
    let mut busy = busy(client, context, plan, table, people, &asked)?;
    let mut diaries: Vec<Option<Diary>> = Vec::with_capacity(people.reps.len());
    for (n, (rep, zone)) in people.reps.iter().zip(&people.zones).enumerate() {
        let hours = people.roster.hours(rep, zone).filter(|_| asked.get(n) == Some(&true));
        diaries.push(hours.map(|hours| Diary::new(&hours, busy.remove(&n).unwrap_or_default(), limits)));
    }
    let outcomes = if anybody {
        let (numbers, mut free): (Vec<usize>, Vec<Diary>) = diaries
            .into_iter()
            .enumerate()
            .filter_map(|(n, diary)| Some((n, diary?)))
            .unzip();
        let mut next = any(&mut free, wanted.iter().filter(|who| **who >= 0).count()).into_iter();
        let named = |outcome| match outcome {
            Outcome::At { who, starts } => Outcome::At {
                who: numbers.get(who).copied().unwrap_or(who),
                starts,
            },
            other => other,
        };
        let one = |who: &i32| match who {
            0.. => next.next().map_or(Outcome::Nobody, named),
            _ => Outcome::Nobody,
        };
        wanted.iter().map(one).collect()
    } else {
        each(&mut diaries, wanted)
    };
    let mut placed = Placed {
        starts: Vec::with_capacity(outcomes.len()),
        who: Vec::with_capacity(outcomes.len()),
        why: Vec::with_capacity(outcomes.len()),
    };
    for (wanted, outcome) in wanted.iter().zip(outcomes) {
        let number = |who: usize| i32::try_from(who + 1).map_err(internal);
        let (starts, who, why) = match (*wanted, outcome) {
            (OPEN, _) => (None, None, 0),
            (UNOWNED, _) => (None, None, 1),
            (_, Outcome::At { who, starts }) => (Some(clock::to_pg(starts)?), Some(number(who)?), 0),
            (_, Outcome::Nobody) => (None, None, 2),
            (who, Outcome::Left(why)) => {
                let who = usize::try_from(who).ok().filter(|_| !anybody);
                (
                    None,
                    who.map(number).transpose()?,
                    if why == Why::NotAtWork { 3 } else { 4 },
                )
            }
        };
        placed.starts.push(starts);
        placed.who.push(who);
        placed.why.push(why);
    }
    Ok(placed)
}

type Spans = Vec<(DateTime<Utc>, DateTime<Utc>)>;

/// What those who are asked have to do already, by number.
fn busy(
    client: &mut SpiClient<'_>,
    context: &Context<'_>,
    plan: &Plan,
    table: Option<&Table<'_>>,
    people: &People,
    asked: &[bool],
) -> Result<HashMap<usize, Spans>> {
    let (mut reps, mut numbers) = (Vec::new(), Vec::new());
    for (n, rep) in people.reps.iter().enumerate() {
        if asked.get(n) == Some(&true) {
            reps.push(rep.clone());
            numbers.push(i32::try_from(n).map_err(internal)?);
        }
    }
    let mut spans: HashMap<usize, Spans> = HashMap::new();
    let from = clock::to_pg(context.about)?;
    let until = context.about + TimeDelta::days(i64::from(plan.spread_days) + 3);
    let until = clock::to_pg(until)?;
    let mut add = |row: SpiTupleTable<'_>| -> Result<()> {
        let row = row.first();
        let read = |n| row.get::<Vec<i64>>(n).map(Option::unwrap_or_default).map_err(internal);
        let who = row.get::<Vec<i32>>(1).map_err(internal)?.unwrap_or_default();
        for ((who, starts), ends) in who.iter().zip(read(2)?).zip(read(3)?) {
            let instants = (
                DateTime::from_timestamp_micros(starts),
                DateTime::from_timestamp_micros(ends),
            );
            if let (Ok(who), (Some(starts), Some(ends))) = (usize::try_from(*who), instants) {
                spans.entry(who).or_default().push((starts, ends));
            }
        }
        Ok(())
    };
    let theirs = table.and_then(|table| Some((table, table.busy()?)));
    if let Some((table, sql)) = &theirs {
        let note = format!("While the rows of {} were read.", table.relation.sql());
        let args = [from.into(), reps.clone().into(), numbers.clone().into(), until.into()];
        add(noting(&note, || {
            client.update(sql.as_str(), None, &args).map_err(internal)
        })?)?;
    }
    let itself = theirs.map(|(table, _)| table.relation.sql());
    as_extension_owner(|| {
        let args = [reps.into(), numbers.into(), from.into(), until.into(), itself.into()];
        add(client
            .update(include_str!("sql/activity_busy.sql"), None, &args)
            .map_err(internal)?)
    })??;
    Ok(spans)
}
