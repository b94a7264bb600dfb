//! The members of a segment as they are kept: read to be compared, and written where they have changed. All as the
//! extension's owner. Keys that are numbers are one packed row, others a row each.

use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use pgrx::spi::SpiClient;

use crate::error::{Place, Result, error, error_hint, internal};
use crate::membership::{Changes, Kind, Roll, Set, changes, in_order, unpack};
use crate::prepared;
use crate::xact::as_extension_owner;

/// Keys, in order, each once.
pub enum Keys {
    /// Numbers.
    Numbers(Kind, Vec<u128>),
    /// Anything else.
    Texts(Vec<String>),
}

impl Keys {
    /// How many they are.
    pub const fn len(&self) -> usize {
        match self {
            Self::Numbers(_, keys) => keys.len(),
            Self::Texts(keys) => keys.len(),
        }
    }

    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Numbers(kind, _) => Some(*kind),
            Self::Texts(_) => None,
        }
    }

    fn texts(self) -> Vec<String> {
        match self {
            Self::Texts(keys) => keys,
            Self::Numbers(kind, keys) => in_order(keys.into_iter().map(|key| kind.text(key)).collect()),
        }
    }
}

/// The members as they were found last.
enum Kept {
    /// Packed, with how many runs they are of.
    Packed(Roll, u32),
    /// Rows, or (as the type of the key has changed) packed keys of another kind.
    Texts(Vec<String>),
}

/// Who has joined and who has left, if these are the members now.
///
/// # Errors
/// When what is kept cannot be read.
pub fn compare(client: &SpiClient<'_>, segment: &str, found: Keys) -> Result<Changes<String>> {
    let kept = as_extension_owner(|| kept(client, segment, found.kind()))??;
    Ok(changed(&kept, &found).unwrap_or_else(|| of_texts(kept, found)))
}

/// Keeps these as the members; returns who has joined and who has left.
///
/// # Errors
/// When what is kept cannot be read, or cannot be written.
pub fn keep(
    client: &mut SpiClient<'_>,
    segment: &str,
    found: Keys,
    (run, at): (i64, TimestampWithTimeZone),
) -> Result<(usize, usize)> {
    as_extension_owner(|| {
        let kept = kept(client, segment, found.kind())?;
        let (changes, packed) = match (kept, found) {
            (Kept::Packed(was, runs), Keys::Numbers(kind, now)) => {
                let changes = changes(&was.keys, &now).map(|key| kind.text(key));
                if changes.is_empty() {
                    return Ok((0, 0));
                }
                (changes, Some((kind, was.with(now, runs), runs)))
            }
            // In a form of their own from now on: all by the run that finds them so.
            (kept @ Kept::Texts(_), Keys::Numbers(kind, now)) => {
                let roll = Roll::default().with(now.clone(), 0);
                let changes = of_texts(kept, Keys::Numbers(kind, now));
                let args = [segment.to_owned().into()];
                client
                    .update("delete from dist.segment_row m where m.segment = $1", None, &args)
                    .map_err(internal)?;
                (changes, Some((kind, roll, 0)))
            }
            (kept, Keys::Texts(now)) => {
                let args = [segment.to_owned().into()];
                let sql = "delete from dist.segment_roll r where r.segment = $1 returning true";
                let were_packed = !client.update(sql, None, &args).map_err(internal)?.is_empty();
                // As above: none of them has a row yet.
                let all = were_packed.then(|| now.clone());
                let changes = of_texts(kept, Keys::Texts(now));
                match all {
                    Some(all) => {
                        let sql = "delete from dist.segment_row m where m.segment = $1";
                        client.update(sql, None, &args).map_err(internal)?;
                        write_rows(client, segment, &[], &all, (run, at))?;
                    }
                    None => write_rows(client, segment, &changes.left, &changes.joined, (run, at))?,
                }
                (changes, None)
            }
        };
        let counts = (changes.joined.len(), changes.left.len());
        if let Some((kind, roll, runs)) = packed {
            write_packed(client, segment, kind, roll, runs, (run, at))?;
        }
        if counts != (0, 0) {
            let args = [
                run.into(),
                segment.to_owned().into(),
                at.into(),
                changes.joined.into(),
                changes.left.into(),
            ];
            let sql = include_str!("../sql/segment_told.sql");
            client.update(sql, None, &args).map_err(internal)?;
        }
        Ok(counts)
    })?
}

fn changed(kept: &Kept, found: &Keys) -> Option<Changes<String>> {
    match (kept, found) {
        (Kept::Packed(was, _), Keys::Numbers(kind, now)) => Some(changes(&was.keys, now).map(|key| kind.text(key))),
        _ => None,
    }
}

fn of_texts(kept: Kept, found: Keys) -> Changes<String> {
    let was = match kept {
        Kept::Texts(was) => was,
        // Only ever asked of texts.
        Kept::Packed(..) => Vec::new(),
    };
    changes(&was, &found.texts())
}

/// What is kept; packed where it is of this kind.
fn kept(client: &SpiClient<'_>, segment: &str, kind: Option<Kind>) -> Result<Kept> {
    let args = [segment.to_owned().into()];
    if let Some(kind) = kind {
        let sql = "select r.kind, r.keys, r.runs, cardinality(r.run_ids) from dist.segment_roll r where r.segment = $1 \
                   and not exists (select from dist.segment_row m where m.segment = $1)";
        let mut rows = client.select(sql, None, &args).map_err(internal)?;
        if rows.next().is_some() {
            let named = rows.get::<String>(1).map_err(internal)?;
            if named.as_deref() == Some(kind.name()) {
                let keys = rows.get::<&[u8]>(2).map_err(internal)?.unwrap_or_default();
                let runs = rows.get::<&[u8]>(3).map_err(internal)?.unwrap_or_default();
                let of = rows.get::<i32>(4).map_err(internal)?.unwrap_or(0);
                let of = u32::try_from(of).map_err(internal)?;
                let roll = Roll::unpack(keys, runs).filter(|roll| roll.runs.iter().all(|run| *run < of));
                return roll.map(|roll| Kept::Packed(roll, of)).ok_or_else(|| broken(segment));
            }
        }
    }
    let sql = "select array_agg(m.record_key) from dist.segment_member m where m.segment = $1";
    let keys = client.select(sql, None, &args).map_err(internal)?.first();
    let keys = keys.get_one::<Vec<String>>().map_err(internal)?;
    Ok(Kept::Texts(in_order(keys.unwrap_or_default())))
}

fn write_packed(
    client: &mut SpiClient<'_>,
    segment: &str,
    kind: Kind,
    mut roll: Roll,
    runs: u32,
    (run, at): (i64, TimestampWithTimeZone),
) -> Result<()> {
    let places = roll.renumber();
    let new = places.last() == Some(&runs);
    let former: Vec<i32> = places
        .iter()
        .filter(|place| **place < runs)
        .map(|place| place.cast_signed() + 1)
        .collect();
    let (keys, of) = roll.pack();
    let args = [
        segment.to_owned().into(),
        kind.name().into(),
        keys.into(),
        of.into(),
        former.into(),
        run.into(),
        at.into(),
        new.into(),
    ];
    let sql = include_str!("../sql/segment_roll.sql");
    prepared::update(client, sql, &args).map(|_| ()).map_err(internal)
}

fn write_rows(
    client: &mut SpiClient<'_>,
    segment: &str,
    left: &[String],
    joined: &[String],
    (run, at): (i64, TimestampWithTimeZone),
) -> Result<()> {
    if !left.is_empty() {
        let args = [segment.to_owned().into(), left.to_vec().into()];
        let sql = include_str!("../sql/segment_left.sql");
        client.update(sql, None, &args).map_err(internal)?;
    }
    if !joined.is_empty() {
        let args = [segment.to_owned().into(), joined.to_vec().into(), run.into(), at.into()];
        let sql = include_str!("../sql/segment_joined.sql");
        client.update(sql, None, &args).map_err(internal)?;
    }
    Ok(())
}

fn broken(segment: &str) -> pgrx::pg_sys::panic::ErrorReport {
    let place = Place {
        table: "segment_roll",
        row: segment,
    };
    unreadable(&place.to_string())
}

fn unreadable(place: &str) -> pgrx::pg_sys::panic::ErrorReport {
    error_hint(
        PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
        format!("{place}: not what pg_dist wrote"),
        "Delete the row: the next refresh finds all members anew.",
    )
}

/// The members of a segment whose object's keys are of this kind, to be looked up.
///
/// # Errors
/// When what is kept cannot be read.
pub fn members_of(segment: &str, kind: Kind) -> Result<Set> {
    let kept = as_extension_owner(|| Spi::connect(|client| kept(client, segment, Some(kind))))??;
    Ok(match kept {
        Kept::Packed(roll, _) => Set::of(roll.keys),
        // What is no key of this kind is no record's.
        Kept::Texts(keys) => Set::of(in_order(keys.iter().filter_map(|key| kind.parse(key)).collect())),
    })
}

/// The keys of a chunk of edits as texts.
///
/// # Errors
/// XX001 where they are something else.
pub fn unpacked_keys(kind: &str, packed: &[u8]) -> Result<Vec<String>> {
    let (Some(kind), Some(keys)) = (Kind::named(kind), unpack(packed)) else {
        return Err(error(
            PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
            "dist.field_edit_chunk: not what pg_dist wrote",
        ));
    };
    Ok(keys.into_iter().map(|key| kind.text(key)).collect())
}

/// Packed members as texts, each with the place of its run, from 1.
///
/// # Errors
/// XX001 where they are something else.
pub fn unpacked(kind: &str, keys: &[u8], runs: &[u8]) -> Result<impl Iterator<Item = (String, i32)> + 'static> {
    let kind = Kind::named(kind);
    let roll = Roll::unpack(keys, runs);
    let (Some(kind), Some(roll)) = (kind, roll) else {
        return Err(unreadable("dist.segment_roll"));
    };
    let runs = roll.runs.into_iter().map(|run| run.cast_signed().saturating_add(1));
    Ok(roll.keys.into_iter().map(move |key| kind.text(key)).zip(runs))
}
