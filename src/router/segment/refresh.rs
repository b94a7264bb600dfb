//! Who belongs to a segment now, compared with who did: kept by a refresh, told by a preview.
//!
//! Who belongs is found with the rights of the run's owner, by one statement that gives an array; the comparison is made
//! here (`src/membership`), for neither a sort nor a join of two million texts is as fast.

use chrono::{DateTime, Utc};
use pgrx::Uuid;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;
use serde::Deserialize;
use serde_json::Value;

use crate::catalogue::read;
use crate::check::no_such;
use crate::clock;
use crate::error::{Place, Result, error_hint, internal, noting};
use crate::membership::{Changes, Kind, in_order, integer};
use crate::router::expression::{self, RECORD};
use crate::router::failure::{self, compiling};
use crate::router::intent::Object;
use crate::router::segment::limit::{self, Writer, member_of, no_member_of};
use crate::router::segment::members::{self, Keys};
use crate::router::session::with_settings;
use crate::router::statement::column;
use crate::router::trust::check_writers;
use crate::worker::running::{self, Phase};
use crate::xact::{current_role_name, is_superuser_or_member, role_named};

/// What says who belongs to a segment.
#[derive(Deserialize)]
struct Segment {
    name: String,
    object: Object,
    criteria: Option<Value>,
    predicate: Option<String>,
    owner: String,
    parts: Vec<Part>,
    writers: Vec<Writer>,
}

/// Another segment that it is made of.
#[derive(Deserialize)]
struct Part {
    part: String,
    member: bool,
}

/// What a refresh has done.
pub struct Refreshed {
    /// The object.
    pub object: String,
    /// How many members there are now.
    pub members: usize,
    /// So many are new.
    pub joined: usize,
    /// So many were members and are not any more.
    pub left: usize,
}

/// Finds and keeps the members of a segment, with the rights of the current role and the settings of its run; the segment's
/// object must be locked.
///
/// # Errors
/// What keeps it from being refreshed.
pub fn refresh(name: &str, about: DateTime<Utc>, run: i64) -> Result<Refreshed> {
    running::phase(Phase::Reading);
    let at = clock::to_pg(about)?;
    let segment = compiling(|| {
        let segment = Segment::named(name)?;
        segment.check_may_refresh()?;
        Ok(segment)
    })?;
    Spi::connect_mut(|client| {
        let found = segment.find(client, about)?;
        running::phase(Phase::Recording);
        let members = found.len();
        let (joined, left) = members::keep(client, name, found, (run, at))?;
        Ok(Refreshed {
            object: segment.object.name.clone(),
            members,
            joined,
            left,
        })
    })
}

/// Who would join and who would leave, each in order; nothing is written.
///
/// # Errors
/// As for [`refresh`].
pub fn preview(name: &str, about: DateTime<Utc>) -> Result<Changes<String>> {
    let segment = Segment::named(name)?;
    check_writers(&segment.trusted())?;
    with_settings(about, || {
        Spi::connect(|client| {
            let found = segment.find(client, about)?;
            members::compare(client, name, found)
        })
    })
}

impl Segment {
    fn named(name: &str) -> Result<Self> {
        read("select dist._segment_intent($1)", &[name.to_owned().into()])?.ok_or_else(|| no_such("segment", name))
    }

    fn place(&self) -> Place<'_> {
        Place {
            table: "segment",
            row: &self.name,
        }
    }

    /// Who wrote what is about to be executed.
    fn trusted(&self) -> Vec<(&'static str, String, &str)> {
        let object = ("object", self.object.name.clone(), self.object.written_by.as_str());
        std::iter::once(object).chain(limit::writers(&self.writers)).collect()
    }

    /// Refuses what somebody wrote whom the current role does not trust, and a segment that is another's: whoever refreshes
    /// it says by his rights who belongs to it.
    fn check_may_refresh(&self) -> Result<()> {
        check_writers(&self.trusted())?;
        let me = current_role_name()?;
        if role_named(&self.owner).is_some_and(|owner| is_superuser_or_member(&me, owner)) {
            return Ok(());
        }
        Err(error_hint(
            PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
            format!(
                "{}: role '{me}' is not a member of its owner '{}'",
                self.place(),
                self.owner
            ),
            "Only the owner's members refresh it: whom it groups depends on what they can see.",
        ))
    }

    /// Reads the keys of all records that belong.
    fn find(&self, client: &SpiClient<'_>, about: DateTime<Utc>) -> Result<Keys> {
        let (kind, sql) = compiling(|| {
            let kind = Kind::of_type(&self.object.key()?.base);
            Ok((kind, self.statement(kind, about)?))
        })?;
        let note = format!("While the members of {} were looked for.", self.place());
        let failed = |_: &_| failure::in_statement(&sql);
        noting(&note, || {
            let row = client.select(sql.as_str(), None, &[]).map_err(internal)?.first();
            Ok(match kind {
                Some(Kind::Integer) => {
                    let keys = row.get_one::<Vec<i64>>().map_err(internal)?.unwrap_or_default();
                    Keys::Numbers(Kind::Integer, in_order(keys.into_iter().map(integer).collect()))
                }
                Some(Kind::Uuid) => {
                    let keys = row.get_one::<Vec<Uuid>>().map_err(internal)?.unwrap_or_default();
                    let number = |key: Uuid| u128::from_be_bytes(*key.as_bytes());
                    Keys::Numbers(Kind::Uuid, in_order(keys.into_iter().map(number).collect()))
                }
                None => Keys::Texts(in_order(row.get_one().map_err(internal)?.unwrap_or_default())),
            })
        })
        .inspect_err(failed)
    }

    fn statement(&self, kind: Option<Kind>, about: DateTime<Utc>) -> Result<String> {
        let object = &self.object;
        let (relation, key) = (object.relation()?, object.key()?);
        let key_sql = column(&key.name);
        let test = expression::compile(
            &self.place(),
            relation,
            self.criteria.as_ref(),
            self.predicate.as_deref(),
            &clock::literal(about),
        )?;
        let mut tests = vec![format!("{key_sql} is not null")];
        for part in &self.parts {
            tests.push(match part.member {
                true => member_of(object, &part.part)?.sql,
                false => no_member_of(object, &part.part)?,
            });
        }
        tests.push(test.sql);
        Ok(format!(
            "select array_agg({key_sql}::{}) from {} as {RECORD} where {}",
            Kind::sql(kind),
            relation.sql(),
            tests.join(" and ")
        ))
    }
}
