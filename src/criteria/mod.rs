//! Criteria: which records a rule, a transfer or an exclusion is about.
//!
//! A criterion is written as JSON and travels one way, each step in a file of its own:
//!
//! ```text
//! JSON --grammar--> tree --check (columns, types, values)--> Checked --sql--> one boolean expression
//! ```
//!
//! Nothing of the user's text reaches the SQL but identifiers that the catalogue gave back and literals that were
//! quoted here, each cast to its type. The other form of criteria, a predicate written in SQL, is only looked over
//! ([`predicate`]); PostgreSQL's own parser has the last word on it.
//!
//! Nulls: a test on a null column counts as false, whatever its operator, `is null` excepted. So `{"not": t}` is true
//! where `t` is false *and* where it is null, while `<>` and `not in` on a null column are false. A JSON null inside a
//! jsonb column counts as null.
//!
//! Zones: nothing here depends on the session. A time written without a zone is UTC, `timestamp` and `date` columns are
//! taken to hold UTC, and intervals are counted back on the UTC calendar.
//!
//! Everything in here is pure: it knows of PostgreSQL only what a [`Catalogue`] tells it.

mod catalogue;
mod check;
mod clock;
mod describe;
mod error;
mod grammar;
mod json;
mod lexer;
mod literal;
mod passing;
pub mod predicate;
mod quote;
mod side;
mod sql;
pub mod tree;
mod types;
mod value;
mod variable;
#[cfg(test)]
mod write;

#[cfg(test)]
mod tests;

pub use catalogue::{Catalogue, Column, Relation};
pub use check::{Checked, check};
pub use error::{CriteriaError, ErrorKind, nearest};
pub use grammar::parse;
pub use json::variable;
pub use passing::{Passing, Point};
pub use quote::{array_text, quote_ident, quote_literal};
pub use sql::{Conjunct, Lookup, Test};
