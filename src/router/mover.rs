//! Who moves records: a transfer, or what acts as one (sql/mover.sql).

use serde::Deserialize;

use crate::error::Place;

/// What it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A transfer.
    #[default]
    Transfer,
    /// An automation: its candidates are what came to it, whether they meet its criteria or not.
    Automation,
    /// What a service level does at a breach: its candidates are the records that it is about.
    Sla,
    /// What a hopper does with what expires in it.
    Hopper,
}

impl Kind {
    /// The table that it is a row of.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Automation => "automation",
            Self::Sla => "sla",
            Self::Hopper => "hopper",
        }
    }
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Mover {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Only members of this segment are meant, beside what it says itself.
    #[serde(default)]
    pub within: Option<String>,
}

impl Mover {
    /// The one of that kind and name.
    pub fn new(kind: Kind, name: &str) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            within: None,
        }
    }

    /// The same, about members of this segment only.
    pub fn within(self, segment: Option<String>) -> Self {
        Self {
            within: segment,
            ..self
        }
    }

    /// The transfer of that name.
    pub fn transfer(name: &str) -> Self {
        Self::new(Kind::Transfer, name)
    }

    /// Where it stands.
    pub fn place(&self) -> Place<'_> {
        Place {
            table: self.kind.table(),
            row: &self.name,
        }
    }
}
