//! Whose record belongs to which other record: the values by which they are compared, without a database.
//!
//! | file | idea |
//! | --- | --- |
//! | [`domain`] | the domain of an e-mail or web address |
//! | [`company`] | the name of a company without what is written now one way and now another |
//! | [`similar`] | which names are alike: a set-similarity join that leaves none out |
//! | [`trigrams`] | the trigrams of a name, and a few words that stand for the set |
//!
//! Domains and names are texts that have to be equal, so that PostgreSQL can join (and index) them; likeness is joined here.

pub mod company;
pub mod domain;
pub mod similar;
mod trigrams;

#[cfg(test)]
mod tests;

pub use company::company_name;
pub use domain::mail_domain;
pub use similar::Wanted;
