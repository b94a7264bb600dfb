//! The members of a segment as they are kept: read to be compared, and written where they have changed. All as the
//! extension's owner.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::error::{Place, Result, error_hint, internal};
use crate::membership::{Changes, in_order, pack, unpack};
use crate::xact::as_extension_owner;

/// Keys, by the type of the object's key.
pub enum Keys {
    /// Whole numbers, in order, each once.
    Numbers(Vec<i64>),
    /// Anything else, in any order.
    Texts(Vec<String>),
}

/// More than this share of the members leaving, and the members are read through rather than looked up.
const FEW: usize = 5;

/// The members as they were found last; `numbers`: the keys are whole numbers.
///
/// # Errors
/// When what is kept cannot be read.
pub fn kept(client: &SpiClient<'_>, segment: &str, numbers: bool) -> Result<Keys> {
    let args = [segment.to_owned().into()];
    as_extension_owner(|| {
        if !numbers {
            let sql = "select array_agg(m.record_key) from dist.segment_member m where m.segment = $1";
            let keys = client.select(sql, None, &args).map_err(internal)?.first();
            return Ok(Keys::Texts(keys.get_one().map_err(internal)?.unwrap_or_default()));
        }
        let sql = "select (select r.keys from dist.segment_roll r where r.segment = $1)";
        let packed = client.select(sql, None, &args).map_err(internal)?.first();
        if let Some(packed) = packed.get_one::<&[u8]>().map_err(internal)? {
            return unpack(packed).map(Keys::Numbers).ok_or_else(|| broken(segment));
        }
        let sql = "select array_agg(m.record_key::bigint) from dist.segment_member m where m.segment = $1";
        let keys = client.select(sql, None, &args).map_err(internal)?.first();
        let keys = keys.get_one::<Vec<i64>>().map_err(internal)?;
        Ok(Keys::Numbers(in_order(keys.unwrap_or_default())))
    })?
}

/// Writes who joined and who left; `now`: all members as they are, where they are whole numbers, and how many they were.
///
/// # Errors
/// When it cannot be written, or what is there is not what was compared with.
pub fn keep(
    client: &mut SpiClient<'_>,
    segment: &str,
    changes: Changes<String>,
    (run, at): (i64, TimestampWithTimeZone),
    now: Option<&[i64]>,
    members: usize,
) -> Result<()> {
    let name = || segment.to_owned().into();
    let (joined, left) = (changes.joined.len(), changes.left.len());
    as_extension_owner(|| {
        if left > 0 {
            let few = left < members / FEW;
            let args = [name(), changes.left.into(), run.into(), at.into()];
            let sql = if few {
                include_str!("../sql/segment_left_few.sql")
            } else {
                include_str!("../sql/segment_left.sql")
            };
            expect(client, segment, sql, &args, left)?;
        }
        if joined > 0 {
            let args = [name(), changes.joined.into(), run.into(), at.into()];
            expect(
                client,
                segment,
                include_str!("../sql/segment_joined.sql"),
                &args,
                joined,
            )?;
        }
        if let Some(now) = now {
            let args = [name(), pack(now).into()];
            let sql = include_str!("../sql/segment_roll.sql");
            client.update(sql, None, &args).map_err(internal)?;
        }
        Ok(())
    })?
}

/// Runs a statement that says of how many keys it did what was to be done.
fn expect(
    client: &mut SpiClient<'_>,
    segment: &str,
    sql: &str,
    args: &[pgrx::datum::DatumWithOid<'_>],
    keys: usize,
) -> Result<()> {
    let done = client.update(sql, None, args).map_err(internal)?.first();
    let done = done.get_one::<i64>().map_err(internal)?.unwrap_or(0);
    if usize::try_from(done) == Ok(keys) {
        return Ok(());
    }
    Err(broken(segment))
}

fn broken(segment: &str) -> pgrx::pg_sys::panic::ErrorReport {
    let place = Place {
        table: "segment_roll",
        row: segment,
    };
    error_hint(
        PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        format!("{place}: it is not what dist.segment_member has"),
        "Delete the row: the next refresh makes it anew.",
    )
}
