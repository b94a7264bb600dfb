//! What the criteria need to know of the user's tables, and the door through which they ask.

/// A relation as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// Schema, unquoted.
    pub schema: String,
    /// Name, unquoted.
    pub name: String,
    /// Its columns, in the order of the table; dropped ones left out.
    pub columns: Vec<Column>,
}

/// A column as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, unquoted.
    pub name: String,
    /// The text of `format_type()`, schema-qualified where not in `pg_catalog`: `integer`, `text[]`, `crm.stage`.
    pub type_sql: String,
    /// `pg_type.typcategory`: N numeric, S string, B boolean, D date/time, A array, E enum, U user (json, uuid), ...
    pub category: char,
    /// `typname` of the base type, domains resolved: `int4`, `uuid`, `jsonb`, `timestamptz`, `_text`, ...
    pub base: String,
}

/// Finds relations by the name a user wrote.
pub trait Catalogue {
    /// Resolves `schema.name`, with SQL's quoting rules (`crm."Visit Log"`); `None` where there is no such relation.
    fn relation(&self, name: &str) -> Option<Relation>;

    /// The type of a variable, as that of a column of its name; `None` where there is no such variable.
    fn variable(&self, name: &str) -> Option<Column>;

    /// How to mend that there is none of that name.
    fn variable_hint(&self, name: &str) -> String;
}

impl Relation {
    /// The column of exactly this name.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The name as messages show it.
    pub(super) fn shown(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}
