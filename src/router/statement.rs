//! The statements of a run: pure set SQL, built from compiled parts. Nothing in here touches the database.
//!
//! Every statement that joins to the user's table does so on ctid (within one table of a tree), in heap order, and
//! checks the former owner again; bench/README.md has what that is worth.

use pgrx::prelude::*;
use serde_json::Value;

use crate::catalogue::{Column, Relation};
use crate::criteria::{nearest, quote_ident, quote_literal};
use crate::error::{Place, Result, error_hint};
use crate::router::expression::RECORD;
use crate::router::hopper::{self, Source};
use crate::router::intent::Object;
use crate::router::plan::Plan;

/// The instant that a run is about, in its statements; see [`candidates`].
pub const AS_OF: &str = "$2";

/// A column of the record as SQL.
pub fn column(name: &str) -> String {
    format!("{RECORD}.{}", quote_ident(name))
}

/// What no column of the table begins with: for names of ours beside those that users' text has.
pub fn prefix(relation: &Relation) -> String {
    let mut prefix = "d_".to_owned();
    while relation.columns.iter().any(|column| column.name.starts_with(&prefix)) {
        prefix.push('_');
    }
    prefix
}

/// Which optional columns a candidate carries.
#[derive(Clone, Copy)]
pub struct Shape {
    /// The table of the tree that it lies in.
    pub tree: bool,
    /// Former owner: left out where the source is unowned anyway.
    pub owned: bool,
    /// Before and after of the columns that are set.
    pub fields: bool,
}

/// Which records are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keys {
    /// All.
    All,
    /// Those with one of a few keys.
    Few,
    /// Those with one of many.
    Many,
}

/// Reads the candidates, ranked, as one row of arrays: number, ctid, key, leaf, then table, owner, owner's number in
/// the dictionary, fields as `shape` says, then the plan's numbers and texts. `$1` is the dictionary of reps, `$2` the instant the
/// run is about, `$3` the keys of the records that are meant, each once, where not all are; see [`has_arguments`].
///
/// # Errors
/// When the object has lost a column.
pub fn candidates(plan: &Plan, shape: Shape, keys: Keys, lock: bool) -> Result<String> {
    let object = &plan.object;
    let relation = object.relation()?;
    let owner = column(&object.owner()?.name);
    let mut selected = vec![
        ("tid", format!("{RECORD}.ctid")),
        ("key", format!("{}::text", column(&object.key()?.name))),
        ("leaf", format!("({})::integer", plan.leaf.as_deref().unwrap_or("0"))),
    ];
    if shape.tree {
        selected.push(("table", format!("{RECORD}.tableoid")));
    }
    if shape.owned {
        selected.push(("owner", format!("{owner}::text")));
        let reps = dictionary(&plan.reps);
        selected.push((
            "owner_number",
            format!(
                "case when {owner} is null then -1 else coalesce(array_position({reps}, {owner}::text) - 1, -2) end"
            ),
        ));
    }
    if shape.fields {
        selected.push(("fields", before_and_after(&plan.set_fields)));
    }
    let numbers: Vec<String> = (0..plan.numbers.len()).map(|n| format!("number_{n}")).collect();
    for (name, number) in numbers.iter().zip(&plan.numbers) {
        selected.push((name, format!("({number})::bigint")));
    }
    let texts: Vec<String> = (0..plan.texts.len()).map(|n| format!("text_{n}")).collect();
    for (name, text) in texts.iter().zip(&plan.texts) {
        selected.push((name, text.clone()));
    }
    // ORDER BY takes the name of what is selected for that, and not for the user's column of the same name.
    let prefix = prefix(relation);
    let arrays: Vec<String> = selected
        .iter()
        .map(|(name, _)| format!("array_agg({prefix}{name})"))
        .collect();
    let inner: Vec<String> = selected
        .iter()
        .map(|(name, value)| format!("{value} as {prefix}{name}"))
        .collect();
    // Joined, so that an index on the key is used where they are few. Behind a subselect PostgreSQL does not see how many they
    // are: it plans for a few, and only once.
    let keys = match keys {
        Keys::All => None,
        Keys::Few => Some("(select $3::text[])"),
        Keys::Many => Some("$3::text[]"),
    };
    let key = object.key()?;
    let only = keys.map(|keys| {
        format!(
            " join unnest({keys}::{}[]) as {prefix}only ({prefix}only_key) on {} = {prefix}only_key",
            key.type_sql,
            column(&key.name),
        )
    });
    let only = only.unwrap_or_default();
    let records = ranked(plan, &inner.join(", "), &only, AS_OF, lock)?;
    Ok(format!("select count(*), {} from ({records}) as d", arrays.join(", ")))
}

/// So many names are written out.
const FEW_REPS: usize = 64;

/// A few reps are a part of the statement: see [`has_arguments`].
fn dictionary(reps: &[String]) -> String {
    if reps.len() > FEW_REPS {
        return "$1::text[]".to_owned();
    }
    let names: Vec<String> = reps.iter().map(|rep| quote_literal(rep)).collect();
    format!("array[{}]::text[]", names.join(", "))
}

/// Whether a statement that reads candidates is to be given its arguments. PostgreSQL plans one that has any anew for each of its
/// first five executions, which is as long as many a transfer's statement lives in a session.
pub fn has_arguments(candidates: &str) -> bool {
    candidates.contains('$')
}

/// Reads `selected` of the candidates, ranked and cut at the limits; `only` is joined, `as_of` the instant the run is about.
fn ranked(plan: &Plan, selected: &str, only: &str, as_of: &str, lock: bool) -> Result<String> {
    let object = &plan.object;
    let (relation, owner) = (object.relation()?, column(&object.owner()?.name));
    let prefix = prefix(relation);
    let limit = plan.row_limit.map(|limit| format!(" limit {limit}"));
    let limit = limit.unwrap_or_default();
    let filter = &plan.filter;
    // The hopper's columns are called as none of the user's is.
    let order = &plan.order.replace(hopper::SINCE, &format!("{prefix}since"));
    let lies_in = match &plan.from_hopper {
        Source::Hopper(name) => format!(
            " join dist._in_hopper({}, {}, {}) as {prefix}hopper ({prefix}key, {prefix}rep, {prefix}since) \
               on {} = {prefix}key::{} and {owner}::text is not distinct from {prefix}rep",
            quote_literal(&object.name),
            quote_literal(name),
            if plan.only_expired { as_of } else { "null" },
            column(&object.key()?.name),
            object.key()?.type_sql,
        ),
        _ => String::new(),
    };
    let from = format!("from {} as {RECORD}{only}{lies_in} where {filter}", relation.sql());
    let of_owner = plan.limit_per_rep.map(|most| {
        let nth = format!("row_number() over (partition by {owner} order by {order}) as {prefix}nth");
        (nth, format!("{prefix}nth <= {most}"))
    });
    Ok(match (of_owner, lock) {
        (None, false) => format!("select {selected} {from} order by {order}{limit}"),
        (None, true) => format!("select {selected} {from} order by {order}{limit} for update of {RECORD}"),
        (Some((nth, first)), false) => format!(
            "select * from (select {selected}, {nth} {from} order by {order}) as {prefix}of_owner where {first}{limit}"
        ),
        // What is locked cannot be counted in the same breath.
        (Some((nth, first)), true) => format!(
            "select {selected} {from} and ({RECORD}.tableoid, {RECORD}.ctid) in (select {prefix}tab, {prefix}tid from \
               (select {RECORD}.tableoid as {prefix}tab, {RECORD}.ctid as {prefix}tid, {nth} {from}) as {prefix}of_owner \
               where {first}) order by {order}{limit} for update of {RECORD}"
        ),
    })
}

/// Which place a record has among the candidates that a run takes; null where it is not among them.
///
/// # Errors
/// When the object has lost a column.
pub fn place_in_run(plan: &Plan, key: &str, as_of: &str) -> Result<String> {
    let key_column = plan.object.key()?;
    let prefix = prefix(plan.object.relation()?);
    let is_it = format!(
        "{} = {}::{} as {prefix}is_it",
        column(&key_column.name),
        quote_literal(key),
        key_column.type_sql
    );
    Ok(format!(
        "select array_position(array_agg({prefix}is_it), true) from ({}) as d",
        ranked(
            plan,
            &is_it,
            "",
            &format!("{}::timestamptz", quote_literal(as_of)),
            false
        )?
    ))
}

/// Reads the excluded ones that are no candidates, as arrays: key, leaf. `$1` is not used, `$2` the instant the run is about.
///
/// # Errors
/// When the object has lost a column.
pub fn beyond(plan: &Plan, filter: &str) -> Result<String> {
    let object = &plan.object;
    Ok(format!(
        "select count(*), array_agg({}::text), array_agg(({})::integer), $1::text[] is null from {} as {RECORD} where {filter}",
        column(&object.key()?.name),
        plan.leaf.as_deref().unwrap_or("0"),
        object.relation()?.sql(),
    ))
}

/// Which place a candidate has, by ranking, among those of its owner.
///
/// # Errors
/// When the object has lost a column.
pub fn place_of_owner(plan: &Plan, key: &str) -> Result<String> {
    let object = &plan.object;
    let (table, key_column) = (object.relation()?.sql(), object.key()?);
    let (owner, key_sql) = (column(&object.owner()?.name), column(&key_column.name));
    let is_it = format!("{key_sql} = {}::{}", quote_literal(key), key_column.type_sql);
    Ok(format!(
        "select place from (select {is_it} as is_it, row_number() over (order by {order}) as place from {table} as {RECORD} \
          where {filter} and {owner} = (select {owner} from {table} as {RECORD} where {is_it} limit 1)) as p where is_it",
        order = plan.order,
        filter = plan.filter,
    ))
}

fn before_and_after(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| {
            format!(
                "{}, jsonb_build_array({}::text, ({value})::text)",
                quote_literal(name),
                column(name)
            )
        })
        .collect();
    format!("jsonb_build_object({})", pairs.join(", "))
}

/// Moves the planned records. `$1` ctid, `$2` rep's number (-1 left, -2 unowned), `$3` new owner, `$4` former owner and
/// `$5` table where the shape has them.
///
/// The plan is put into heap order and each record fetched by its ctid, so that the table and its log are written page
/// after page, whatever the ranking. A ctid of a tree would be fetched from each of its tables: there it is a hash join.
///
/// # Errors
/// When the object has lost a column.
pub fn moves(plan: &Plan, shape: Shape, in_heap_order: bool) -> Result<String> {
    let object = &plan.object;
    let owner = object.owner()?;
    let owner_sql = column(&owner.name);
    let mut arrays = vec![
        ("$1::tid[]", "tid"),
        ("$2::integer[]", "rep"),
        ("$3::text[]", "new_owner"),
    ];
    let mut join = vec![format!("{RECORD}.ctid = p.tid")];
    if shape.owned {
        arrays.push(("$4::text[]", "old"));
        join.push(format!("{owner_sql}::text is not distinct from p.old"));
    } else {
        join.push(format!("{owner_sql} is null"));
    }
    if shape.tree {
        arrays.push(("$5::oid[]", "tab"));
        join.push(format!("{RECORD}.tableoid = p.tab"));
    }
    if !shape.tree {
        // Again, for a row that had to be waited for and has changed: before the minor versions of November 2025 a fetch
        // by ctid does not look at the ctid once more, and would move it as it was decided before the change.
        join.push(format!("{RECORD}.ctid is not distinct from p.tid"));
    }
    // Runs with the search_path of the user's session, where an unnest(tid[]) would fit better than PostgreSQL's own: names
    // are qualified unless an operator fits exactly.
    // In the select list arrays are read as a stream; in FROM each would be copied first. Behind a subselect the planner
    // does not see how long they are, and fetches by ctid.
    let columns: Vec<String> = arrays
        .iter()
        .map(|(array, name)| match shape.tree {
            true => format!("pg_catalog.unnest({array}) as {name}"),
            false => format!("pg_catalog.unnest((select {array})) as {name}"),
        })
        .collect();
    let order = match (in_heap_order, shape.tree) {
        (true, _) => "",
        (false, false) => " order by tid",
        (false, true) => " order by tab, tid",
    };
    Ok(format!(
        "update {} as {RECORD} set {} from (select {}{order}) as p where p.rep <> -1 and {}",
        object.relation()?.sql(),
        sets(plan, &owner.name, &format!("p.new_owner::{}", owner.type_sql)),
        columns.join(", "),
        join.join(" and "),
    ))
}

/// Moves the one record that is to move: a fetch by ctid and nothing to join. Parameters as for [`moves`]; `$6` is its
/// place in the arrays, from 1.
///
/// # Errors
/// When the object has lost a column.
pub fn moves_one(plan: &Plan, shape: Shape) -> Result<String> {
    let object = &plan.object;
    let owner = object.owner()?;
    let owner_sql = column(&owner.name);
    let new_owner = format!("($3::text[])[$6]::{}", owner.type_sql);
    let mut tests = vec![
        format!("{RECORD}.ctid = ($1::tid[])[$6]"),
        format!("{RECORD}.ctid is not distinct from ($1::tid[])[$6]"),
    ];
    tests.push(if shape.owned {
        format!("{owner_sql}::text is not distinct from ($4::text[])[$6]")
    } else {
        format!("{owner_sql} is null")
    });
    if shape.tree {
        tests.push(format!("{RECORD}.tableoid = ($5::oid[])[$6]"));
    }
    Ok(format!(
        "update {} as {RECORD} set {} where {}",
        object.relation()?.sql(),
        sets(plan, &owner.name, &new_owner),
        tests.join(" and "),
    ))
}

fn sets(plan: &Plan, owner: &str, new_owner: &str) -> String {
    let mut sets = vec![format!("{} = {new_owner}", quote_ident(owner))];
    for (name, value) in &plan.set_fields {
        sets.push(format!("{} = {value}", quote_ident(name)));
    }
    sets.join(", ")
}

/// The columns that a transfer sets, as typed literals.
///
/// # Errors
/// 42703, 42804, 0A000 with the HINT.
pub fn set_fields(
    place: &Place<'_>,
    object: &Object,
    given: Option<&serde_json::Map<String, Value>>,
) -> Result<Vec<(String, String)>> {
    let relation = object.relation()?;
    let mut fields = Vec::new();
    for (name, value) in given.into_iter().flatten() {
        let wrong = |code, problem: String, hint: String| {
            Err(error_hint(code, format!("{place}: set_fields: {problem}"), hint))
        };
        let Some(target) = relation.column(name) else {
            return wrong(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!("column \"{name}\" does not exist in {}", relation.sql()),
                nearest(name, relation.columns.iter().map(|c| c.name.as_str())).map_or_else(
                    || "Name a column of the object's table.".to_owned(),
                    |near| format!("Did you mean \"{near}\"?"),
                ),
            );
        };
        if *name == object.key_column || *name == object.owner_column || target.generated {
            return wrong(
                PgSqlErrorCode::ERRCODE_INVALID_COLUMN_REFERENCE,
                format!("column \"{name}\" cannot be set"),
                "Key, owner and generated columns are not set by set_fields.".to_owned(),
            );
        }
        let Some(literal) = typed(target, value) else {
            return wrong(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                format!("{value} is no value of column \"{name}\" of type {}", target.type_sql),
                "Give numbers as JSON numbers, booleans as true or false, everything else as a string, or null."
                    .to_owned(),
            );
        };
        fields.push((name.clone(), literal));
    }
    Ok(fields)
}

/// A JSON value as a typed literal for a column; none where it is not of the kind that the column takes.
pub fn typed(column: &Column, value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => None,
        value if matches!(column.base.as_str(), "json" | "jsonb") => Some(value.to_string()),
        Value::String(text) if !matches!(column.category, 'N' | 'B') => Some(text.clone()),
        Value::Number(number) if column.category == 'N' => Some(number.to_string()),
        Value::Bool(truth) if column.category == 'B' => Some(truth.to_string()),
        _ => return None,
    };
    let literal = text.map_or_else(|| "null".to_owned(), |text| quote_literal(&text));
    Some(format!("{literal}::{}", column.type_sql))
}
