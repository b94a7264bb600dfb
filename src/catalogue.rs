//! The catalogue as criteria and router see it: a table and its columns, read in one query.

use pgrx::JsonB;
use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;
use pgrx::spi::{self, SpiTupleTable};
use serde::Deserialize;

use crate::criteria;
use crate::error::{Result, internal};
use crate::prepared;
use crate::router::variables;
use crate::worker::invalidate;
use crate::xact;

/// A table or partitioned table.
#[derive(Debug, Clone, Deserialize)]
pub struct Relation {
    /// Its number.
    pub oid: u32,
    /// Its schema's number.
    pub schema_oid: u32,
    /// Numbers of its columns' types that are not PostgreSQL's own.
    pub types: Vec<u32>,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `pg_class.relkind`.
    pub kind: char,
    /// Whether its rows lie in several tables (partitions, inheritance), so that a ctid alone does not name one.
    pub tree: bool,
    /// Whether records that come into it set off automations.
    #[serde(default)]
    pub intake: bool,
    /// Its columns in order.
    pub columns: Vec<Column>,
}

/// A column of a [`Relation`].
#[derive(Debug, Clone, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as SQL, qualified unless it is PostgreSQL's own.
    pub type_sql: String,
    /// The same as it was declared: with its length, and the domain itself.
    pub declared: String,
    /// `pg_type.typcategory` of the type below any domain.
    pub category: char,
    /// `pg_type.typname` of the type below any domain.
    pub base: String,
    /// Whether PostgreSQL computes it, so that it cannot be set.
    pub generated: bool,
    /// Whether comparing its values depends on a collation.
    pub collatable: bool,
    /// Whether its collation takes different texts for the same.
    pub folds: bool,
}

impl Relation {
    /// What is kept of it is forgotten when it changes.
    pub fn watch(&self) {
        let types: Vec<pg_sys::Oid> = self.types.iter().map(|oid| pg_sys::Oid::from(*oid)).collect();
        invalidate::watch_relation(self.oid.into());
        invalidate::watch_names(self.schema_oid.into(), &types);
    }

    /// Its name as SQL, quoted and qualified.
    pub fn sql(&self) -> String {
        format!(
            "{}.{}",
            criteria::quote_ident(&self.schema),
            criteria::quote_ident(&self.name)
        )
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// What the criteria need to know of it.
    pub fn for_criteria(&self) -> criteria::Relation {
        criteria::Relation {
            schema: self.schema.clone(),
            name: self.name.clone(),
            columns: self
                .columns
                .iter()
                .map(|column| criteria::Column {
                    name: column.name.clone(),
                    type_sql: column.type_sql.clone(),
                    category: column.category,
                    base: column.base.clone(),
                })
                .collect(),
        }
    }
}

/// One jsonb value that a query over `dist.*` returns, read with the extension's rights; None where it is null.
///
/// # Errors
/// When the query fails, or the value is not of the shape that is asked for.
pub fn read<T: serde::de::DeserializeOwned>(query: &str, args: &[DatumWithOid<'_>]) -> Result<Option<T>> {
    // Once the transaction has written or locked anything, which every run has by then, `select` takes a snapshot
    // of its own; before, it needs no transaction id, so that previews work on a standby.
    shaped(|| Spi::connect(|client| first(prepared::select(client, query, args)?)))
}

/// The same for an answer that can be long, as text: it is read without a tree of JSON in between.
///
/// # Errors
/// As above.
pub fn read_text<T: serde::de::DeserializeOwned>(query: &str, args: &[DatumWithOid<'_>]) -> Result<Option<T>> {
    let ask = || {
        Spi::connect(|client| {
            let rows = prepared::select(client, query, args)?;
            if rows.is_empty() {
                return Ok(None);
            }
            rows.first().get_one::<String>()
        })
    };
    xact::as_extension_owner(ask)?
        .map_err(internal)?
        .map(|text: String| serde_json::from_str(&text).map_err(internal))
        .transpose()
}

/// The same as [`read`] for a run that is going to write: sees what has been committed by now, also in a statement that has been
/// going on for long.
///
/// # Errors
/// As above.
pub fn read_newest<T: serde::de::DeserializeOwned>(query: &str, args: &[DatumWithOid<'_>]) -> Result<Option<T>> {
    shaped(|| Spi::connect_mut(|client| first(prepared::update(client, query, args)?)))
}

fn first(rows: SpiTupleTable<'_>) -> spi::Result<Option<JsonB>> {
    if rows.is_empty() {
        return Ok(None);
    }
    rows.first().get_one()
}

/// The same as [`read`] with the rights of whoever is the current role, who may not see every row.
///
/// # Errors
/// As above.
pub fn read_as_caller<T: serde::de::DeserializeOwned>(query: &str) -> Result<Option<T>> {
    Spi::connect(|client| first(prepared::select(client, query, &[])?))
        .map_err(internal)?
        .map(|json| serde_json::from_value(json.0).map_err(internal))
        .transpose()
}

fn shaped<T: serde::de::DeserializeOwned>(ask: impl FnOnce() -> spi::Result<Option<JsonB>>) -> Result<Option<T>> {
    xact::as_extension_owner(ask)?
        .map_err(internal)?
        .map(|json| serde_json::from_value(json.0).map_err(internal))
        .transpose()
}

/// Finds tables for related tests, by the name that a user wrote.
pub struct Catalogue;

impl criteria::Catalogue for Catalogue {
    fn relation(&self, name: &str) -> Option<criteria::Relation> {
        read::<Relation>("select dist._relation(to_regclass($1))", &[name.to_owned().into()])
            .ok()
            .flatten()
            .map(|relation| {
                relation.watch();
                relation.for_criteria()
            })
    }

    fn variable(&self, name: &str) -> Option<criteria::Column> {
        variables::type_of(name).ok().flatten()
    }

    fn variable_hint(&self, name: &str) -> String {
        variables::hint(name)
    }
}
