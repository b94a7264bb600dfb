//! From a plan to a decision: the candidates are read as arrays in rank order, and the allocation says who gets each.
//!
//! What only passes through (ctids, keys, former owners) stays in PostgreSQL's arrays and is handed on as it came; only
//! leaf numbers and owner numbers, whole numbers both, are looked at here.

use chrono::{DateTime, Utc};
use pgrx::IntoDatum;
use pgrx::datum::{DatumWithOid, TimestampWithTimeZone};
use pgrx::itemptr::item_pointer_get_both;
use pgrx::prelude::*;
use pgrx::spi::{SpiClient, SpiTupleTable};

use crate::allocation::{Arrays, Outcome, Recorded, Report};
use crate::clock;
use crate::error::{Result, internal, noting};
use crate::prepared;
use crate::router::failure;
use crate::router::lock::States;
use crate::router::plan::Plan;
use crate::router::situation::matching::Matches;
use crate::router::situation::{Answer, Situation};
use crate::router::statement::{self, Keys, Shape};
use crate::worker::running;

/// An array that passes through: read from one statement, a parameter of the next, never looked into.
#[derive(Clone, Copy)]
pub struct Carried {
    datum: Option<pg_sys::Datum>,
    /// How many it has, where that is known.
    count: Option<usize>,
}

macro_rules! carried_as {
    ($name:ident, $oid:expr, $what:literal) => {
        #[doc = $what]
        pub struct $name(pub Carried);

        impl IntoDatum for $name {
            fn into_datum(self) -> Option<pg_sys::Datum> {
                self.0.datum
            }

            fn type_oid() -> pg_sys::Oid {
                $oid
            }
        }
    };
}
carried_as!(Tids, pg_sys::TIDARRAYOID, "A carried `tid[]`.");
carried_as!(Texts, pg_sys::TEXTARRAYOID, "A carried `text[]`.");
carried_as!(Oids, pg_sys::OIDARRAYOID, "A carried `oid[]`.");
carried_as!(Bigints, pg_sys::INT8ARRAYOID, "A carried `bigint[]`.");
carried_as!(Jsonbs, pg_sys::JSONBARRAYOID, "A carried `jsonb[]`.");

impl Carried {
    /// A null array.
    pub const NONE: Self = Self {
        datum: None,
        count: None,
    };

    /// An array as it was read.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn read(row: &SpiTupleTable<'_>, ordinal: usize) -> Result<Self> {
        Ok(Self {
            datum: row.get_datum_by_ordinal(ordinal).map_err(internal)?,
            count: None,
        })
    }

    /// An array made here, to be handed to more than one statement.
    pub fn of(array: impl IntoDatum) -> Self {
        Self {
            datum: array.into_datum(),
            count: None,
        }
    }

    /// The keys of the records that are meant, each once.
    pub fn keys(keys: Vec<String>) -> Self {
        Self {
            count: Some(keys.len()),
            ..Self::of(keys)
        }
    }

    /// How many keys they are, as a statement is written for.
    fn number(self) -> Keys {
        match self.count {
            Some(count) if count <= FEW => Keys::Few,
            _ => Keys::Many,
        }
    }

    /// Whether it is known to have just so many.
    pub fn has(&self, count: usize) -> bool {
        self.count == Some(count)
    }
}

/// The candidates of a run in rank order.
pub struct Candidates {
    /// How many there are.
    pub count: usize,
    /// Where each lies.
    pub tids: Carried,
    /// Whether they come nearly in the order in which they lie; not looked at in a tree.
    pub in_heap_order: bool,
    /// Its key as text.
    pub keys: Carried,
    /// Its table, in a tree.
    pub tables: Carried,
    /// Its owner as text, where the shape has it.
    pub owners: Carried,
    /// Before and after of the columns that are set.
    pub fields: Carried,
    /// Which leaf it reached.
    pub leaves: Vec<i32>,
    /// Its owner's number in the dictionary of reps, -1 for nobody, -2 for somebody else; empty where all are unowned.
    pub owned: Vec<i32>,
    /// What else the plan reads of each, in the order of `plan.numbers`.
    pub numbers: Vec<Vec<i64>>,
    /// And of texts, in the order of `plan.texts`.
    pub texts: Vec<Carried>,
}

/// So many keys are looked up in the key's index, if it has one.
const FEW: usize = 100;

/// What reads more than this is planned anew the next time: planning costs little then, and a bad plan much.
pub const MOST_BY_KEPT_PLAN: i64 = 1000;

/// Who gets what, and whose turn it is afterwards.
pub struct Decision {
    /// What each candidate carries.
    pub shape: Shape,
    /// The candidates.
    pub candidates: Candidates,
    /// What was known of the pools and reps.
    pub situation: Situation,
    /// What becomes of each candidate, and what is to be kept of each pool.
    pub report: Report,
    /// What was asked, where it is kept.
    pub asked: Option<(Recorded, Arrays)>,
    /// What the candidates match.
    pub matches: Matches,
}

impl Decision {
    /// What becomes of each candidate.
    pub fn outcome(&self) -> &Outcome {
        &self.report.outcome
    }

    /// Each candidate's new owner; null where it is left, or nobody.
    pub fn new_owners(&self, plan: &Plan) -> Carried {
        let name = |rep: &i32| usize::try_from(*rep).ok().and_then(|rep| plan.reps.get(rep));
        let names: Vec<Option<&str>> = self
            .report
            .outcome
            .rep
            .iter()
            .map(|rep| name(rep).map(String::as_str))
            .collect();
        Carried::of(names)
    }
}

/// How candidates are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// By a statement of its own, which leaves nothing behind: a preview.
    Once,
    /// By a statement that the session keeps.
    Kept,
    /// Locked as they are read, so that they cannot change.
    Locked,
}

/// Reads the candidates, of all records or of those with these keys, and allocates them; `states` is whose turn it is, where the plan itself does not say.
///
/// # Errors
/// What the user's expressions raise; a broken pool.
pub fn decide(
    client: &SpiClient<'_>,
    plan: &Plan,
    only_keys: Option<Carried>,
    about: DateTime<Utc>,
    states: Option<&States>,
    how: Reading,
) -> Result<Decision> {
    let shape = shape(plan)?;
    let situation = Situation::of_plan(client, plan, about, states)?;
    let note = format!("While the candidates of {} were read.", plan.source);
    let keys = only_keys.map_or(Keys::All, Carried::number);
    let sql = failure::compiling(|| statement::candidates(plan, shape, keys, how == Reading::Locked))?;
    let candidates = noting(&note, || read(client, plan, shape, &sql, (only_keys, about), how))
        .inspect_err(|_| failure::in_statement(&sql))?;
    running::allocating(candidates.count);
    let Answer { report, asked, matches } =
        situation.ask(client, plan, &candidates, how != Reading::Once && plan.keep_decisions)?;
    Ok(Decision {
        shape,
        candidates,
        situation,
        report,
        asked,
        matches,
    })
}

fn shape(plan: &Plan) -> Result<Shape> {
    Ok(Shape {
        tree: plan.object.relation()?.tree,
        owned: !plan.filters.iter().any(|(name, _)| name == "source unowned"),
        fields: !plan.set_fields.is_empty(),
    })
}

/// Prepares the statement by which a run of the whole plan reads its candidates; nothing is read.
///
/// # Errors
/// What is wrong with the user's expressions.
pub fn prepare(client: &SpiClient<'_>, plan: &Plan) -> Result<()> {
    let sql = statement::candidates(plan, shape(plan)?, Keys::All, false)?;
    let mut types = vec![Vec::<String>::type_oid(), TimestampWithTimeZone::type_oid()];
    types.retain(|_| statement::has_arguments(&sql));
    prepared::prepare(client, &sql, &types).map_err(internal)
}

fn read(
    client: &SpiClient<'_>,
    plan: &Plan,
    shape: Shape,
    sql: &str,
    (only_keys, about): (Option<Carried>, DateTime<Utc>),
    how: Reading,
) -> Result<Candidates> {
    let mut args: Vec<DatumWithOid<'_>> = vec![plan.reps.clone().into(), clock::to_pg(about)?.into()];
    args.extend(only_keys.map(|keys| Texts(keys).into()));
    args.retain(|_| statement::has_arguments(sql));
    let rows = if how == Reading::Kept {
        prepared::select(client, sql, &args)
    } else {
        client.select(sql, None, &args)
    };
    let row = rows.map_err(internal)?.first();
    let mut next = 0;
    let mut column = || {
        next += 1;
        next
    };
    let carried = |ordinal| Carried::read(&row, ordinal);
    let numbers =
        |ordinal| -> Result<Vec<i32>> { Ok(row.get::<Vec<i32>>(ordinal).map_err(internal)?.unwrap_or_default()) };
    let count = row.get::<i64>(column()).map_err(internal)?.unwrap_or(0);
    if how == Reading::Kept && count > MOST_BY_KEPT_PLAN {
        prepared::forget(sql);
    }
    let tids = column();
    let places = row.get::<Vec<pg_sys::ItemPointerData>>(tids).map_err(internal)?;
    let places = places.unwrap_or_default();
    let tids = carried(tids)?;
    let keys = carried(column())?;
    let leaves = numbers(column())?;
    let tables = if shape.tree { carried(column())? } else { Carried::NONE };
    let (owners, owned) = if shape.owned {
        (carried(column())?, numbers(column())?)
    } else {
        (Carried::NONE, Vec::new())
    };
    let fields = if shape.fields {
        carried(column())?
    } else {
        Carried::NONE
    };
    let mut whole = Vec::with_capacity(plan.numbers.len());
    for _ in &plan.numbers {
        whole.push(row.get::<Vec<i64>>(column()).map_err(internal)?.unwrap_or_default());
    }
    let texts = plan.texts.iter().map(|_| carried(column())).collect::<Result<_>>()?;
    Ok(Candidates {
        count: usize::try_from(count).unwrap_or(0),
        tids,
        in_heap_order: !shape.tree && in_heap_order(&places),
        keys,
        tables,
        owners,
        fields,
        leaves,
        owned,
        numbers: whole,
        texts,
    })
}

/// Whether records come nearly in the order in which they lie: all steps back together cover less than a tenth of the
/// pages from the first to the last. (Even a table that was loaded in order has small steps back.)
fn in_heap_order(tids: &[pg_sys::ItemPointerData]) -> bool {
    let mut pages = tids.iter().map(|tid| u64::from(item_pointer_get_both(*tid).0));
    let Some(mut last) = pages.next() else { return true };
    let (mut lowest, mut highest, mut back) = (last, last, 0);
    for page in pages {
        lowest = lowest.min(page);
        highest = highest.max(page);
        back += last.saturating_sub(page);
        last = page;
    }
    back * 10 <= highest - lowest
}

/// The texts of a carried array; as many nulls where there is none.
///
/// # Errors
/// When it is no array of texts.
pub fn texts(client: &SpiClient<'_>, carried: Carried, count: usize) -> Result<Vec<Option<String>>> {
    let array = client
        .select("select $1", None, &[Texts(carried).into()])
        .map_err(internal)?
        .first()
        .get_one::<Vec<Option<String>>>()
        .map_err(internal)?;
    Ok(array.unwrap_or_else(|| std::iter::repeat_n(None, count).collect()))
}
