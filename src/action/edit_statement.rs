//! The statements of an edit of fields: pure set SQL, built from compiled parts. Nothing in here touches the database.

use crate::action::edit::{CHUNK, Edit, Field, How};
use crate::criteria::quote_ident;
use crate::membership::Kind;
use crate::router::expression::RECORD;
use crate::router::statement::{column, prefix};

impl Edit<'_> {
    /// Writes the rows whose values change, and notes what they had. Names are qualified, for it runs with the search_path
    /// of the user's sessions.
    pub(super) fn writes_in_one(&self, keep: bool) -> String {
        let sets: Vec<String> = self
            .fields
            .iter()
            .enumerate()
            .map(|(n, field)| {
                let name = quote_ident(&field.column.name);
                if !keep {
                    return format!("{name} = {}", field.value);
                }
                let before = format!("{}::text", column(&field.column.name));
                let notes = match n {
                    0 => format!("dist._overwrites({}, {before})", self.noted_key()),
                    n => format!("dist._overwrites_also({n}, {before})"),
                };
                format!("{name} = case when {notes} then {} end", field.value)
            })
            .collect();
        format!(
            "update {} set {} where {} and ({})",
            self.rows.table(),
            sets.join(", "),
            self.rows.condition(),
            self.changed(),
        )
    }

    /// A row's key as it is noted.
    fn noted_key(&self) -> String {
        format!("{}::{}", column(&self.rows.key.name), Kind::sql(self.rows.kind()))
    }

    fn changed(&self) -> String {
        let changed: Vec<String> = self.fields.iter().map(differs).collect();
        changed.join(" or ")
    }

    /// Finds all new values, and nothing else; notes each record before it is looked at.
    pub(super) fn finds(&self) -> String {
        let values: Vec<String> = self
            .fields
            .iter()
            .map(|field| format!("({})::text", field.value))
            .collect();
        format!(
            "select count(d.found) from (select case when dist._overwrites({}, null) then array[{}] end as found from {} where {}) as d",
            self.noted_key(),
            values.join(", "),
            self.rows.table(),
            self.rows.condition(),
        )
    }

    /// Reads what changes, a row of arrays a chunk: how many, ctids, keys, tables, then each field's former and new values,
    /// or the one new value where it is the same for all.
    pub(super) fn reads(&self, how: How) -> String {
        let prefix = prefix(self.rows.relation);
        let mut selected = vec![
            ("tid".to_owned(), format!("{RECORD}.ctid")),
            ("key".to_owned(), self.rows.key_sql()),
            ("tab".to_owned(), format!("{RECORD}.tableoid")),
        ];
        for (n, field) in self.fields.iter().enumerate() {
            selected.push((format!("was_{n}"), format!("{}::text", column(&field.column.name))));
            if !field.same {
                // As the column will have it; but an explicit cast cuts texts that are too long.
                let cast = match field.column.category {
                    'S' => String::new(),
                    _ => format!("::{}", field.column.declared),
                };
                selected.push((format!("new_{n}"), format!("({}){cast}::text", field.value)));
            }
        }
        let inner: Vec<String> = selected
            .iter()
            .map(|(name, value)| format!("{value} as {prefix}{name}"))
            .collect();
        let mut arrays: Vec<String> = ["tid", "key"].map(|name| format!("array_agg({prefix}{name})")).into();
        arrays.push(match self.rows.relation.tree {
            true => format!("array_agg({prefix}tab)"),
            false => "null::oid[]".to_owned(),
        });
        for (n, field) in self.fields.iter().enumerate() {
            arrays.push(format!("array_agg({prefix}was_{n})"));
            arrays.push(match field.same {
                // As the column will have it.
                true => format!("({})::{}::text", field.value, field.column.declared),
                false => format!("array_agg({prefix}new_{n})"),
            });
        }
        let lock = if how == How::Locked {
            format!(" for update of {RECORD}")
        } else {
            String::new()
        };
        // What is locked cannot be counted in the same breath.
        format!(
            "select count(*), {} from (select d.*, (row_number() over () - 1) / {CHUNK} as {prefix}chunk \
               from (select {} from {} where {} and ({}){lock}) as d) as d group by {prefix}chunk",
            arrays.join(", "),
            inner.join(", "),
            self.rows.table(),
            self.rows.condition(),
            self.changed(),
        )
    }

    /// Writes a chunk. `$1` ctids, `$2` tables, `$3` and on the new values of each field.
    pub(super) fn writes(&self) -> String {
        let tree = self.rows.relation.tree;
        let mut arrays = vec![(1, "tid[]", "tid".to_owned())];
        if tree {
            arrays.push((2, "oid[]", "tab".to_owned()));
        }
        let mut sets = Vec::new();
        for (n, field) in self.fields.iter().enumerate() {
            let value = if field.same {
                field.value.clone()
            } else {
                arrays.push((3 + n, "text[]", format!("new_{n}")));
                format!("p.new_{n}::{}", field.column.type_sql)
            };
            sets.push(format!("{} = {value}", quote_ident(&field.column.name)));
        }
        // As for moves (router/statement.rs).
        let columns: Vec<String> = arrays
            .iter()
            .map(|(n, array, name)| match tree {
                true => format!("pg_catalog.unnest(${n}::{array}) as {name}"),
                false => format!("pg_catalog.unnest((select ${n}::{array})) as {name}"),
            })
            .collect();
        let also = if tree {
            format!("{RECORD}.tableoid = p.tab")
        } else {
            format!("{RECORD}.ctid is not distinct from p.tid")
        };
        format!(
            "update {} set {} from (select {}) as p where {RECORD}.ctid = p.tid and {also}",
            self.rows.table(),
            sets.join(", "),
            columns.join(", "),
        )
    }
}

/// Where a field's new values stand in a chunk's row: behind its former ones.
pub(super) const fn new_of(field: usize) -> usize {
    6 + 2 * field
}

/// Whether the field's value changes.
fn differs(field: &Field<'_>) -> String {
    const COMPARED: [&str; 16] = [
        "int2",
        "int4",
        "int8",
        "numeric",
        "float4",
        "float8",
        "bool",
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "interval",
        "uuid",
        "jsonb",
        "bytea",
    ];
    let was = column(&field.column.name);
    if COMPARED.contains(&field.column.base.as_str()) {
        // As the column will have it: with two decimals where it has two.
        return format!("{was} is distinct from ({})::{}", field.value, field.column.declared);
    }
    // By their letters: a type may have no equality, or take different texts for the same.
    format!(
        "{was}::text collate \"C\" is distinct from ({})::text collate \"C\"",
        field.value
    )
}
