//! How a session learns that what it keeps of intent and of the catalogue is out of date. It serves all sessions, not
//! only the worker's processes; it stands here because the unsafe code does.
//!
//! PostgreSQL tells every session of changed tables, types and schemas by invalidation messages: at once the session
//! that makes the change (and again when it is rolled back), the others once it commits, when they next look, which they
//! do at every transaction's start and in [`receive`]. Triggers on the intent tables send such a message about
//! `dist.intent_stamp` (sql/stamp.sql). Each message about something that is kept from raises the generation; what was
//! kept in an earlier generation is not used again.
#![allow(unsafe_code)]

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::ffi::c_int;
use std::hash::Hash;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pgrx::prelude::*;

use crate::error;

/// More tables and types than this are forgotten, and everything kept with them.
const MOST_WATCHED: usize = 10_000;

static GENERATION: AtomicU64 = AtomicU64::new(1);
static REGISTERED: AtomicBool = AtomicBool::new(false);
/// Something is being read that is to be kept: what it will watch is not known yet, so every message counts.
static FILLING: AtomicBool = AtomicBool::new(false);

#[derive(Default)]
struct Watched {
    relations: HashSet<pg_sys::Oid>,
    /// Rows of catalogues: number of the catalogue's cache, and the row's hash.
    rows: HashSet<(c_int, u32)>,
}

thread_local! {
    static WATCHED: RefCell<Watched> = RefCell::new(Watched::default());
}

/// The present generation.
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

fn raise() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Takes the messages that have come meanwhile: to be called once locks are held, before anything kept is used. Where
/// the transaction sees the database as it was at its start, nothing kept must be used or made: then false.
pub fn receive() -> bool {
    if !REGISTERED.swap(true, Ordering::Relaxed) {
        // SAFETY: the callbacks have the signatures that are asked for, and the library stays loaded.
        unsafe {
            pg_sys::CacheRegisterRelcacheCallback(Some(on_relation), pg_sys::Datum::from(0));
            for cache in CACHES {
                pg_sys::CacheRegisterSyscacheCallback(cache, Some(on_row), pg_sys::Datum::from(0));
            }
        }
        raise();
    }
    // SAFETY: in a transaction; reads a backend-local variable.
    unsafe {
        pg_sys::AcceptInvalidationMessages();
        pg_sys::XactIsoLevel < pg_sys::XACT_REPEATABLE_READ as c_int
    }
}

const CACHES: [c_int; 2] = [
    pg_sys::SysCacheIdentifier::TYPEOID as c_int,
    pg_sys::SysCacheIdentifier::NAMESPACEOID as c_int,
];

/// Runs `read`, whose result is to be kept; also the generation it belongs to, or none where something changed meanwhile.
pub fn filling<T>(read: impl FnOnce() -> T) -> (T, Option<u64>) {
    struct Done(bool);
    impl Drop for Done {
        fn drop(&mut self) {
            FILLING.store(self.0, Ordering::Relaxed);
        }
    }
    let before = generation();
    let done = Done(FILLING.swap(true, Ordering::Relaxed));
    let value = read();
    drop(done);
    (value, (generation() == before).then_some(before))
}

/// Things that were read, by name: each used again as long as nothing it was read from has changed.
pub struct Kept<T, K = String> {
    all: RefCell<HashMap<K, (u64, Rc<T>)>>,
    most: usize,
}

impl<T, K: Eq + Hash> Kept<T, K> {
    /// None yet; more than so many are forgotten together.
    pub fn new(most: usize) -> Self {
        Self {
            all: RefCell::default(),
            most,
        }
    }

    /// The one of that name, read unless it is kept. `may_keep`: whether what is read now is what everybody sees.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn get<Q>(&self, name: &Q, may_keep: bool, read: impl FnOnce() -> error::Result<T>) -> error::Result<Rc<T>>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let may_keep = receive() && may_keep;
        let kept = self.all.borrow().get(name).cloned();
        if let Some((_, value)) = kept.filter(|(of, _)| may_keep && *of == generation()) {
            return Ok(value);
        }
        let (value, generation) = filling(read);
        let value = Rc::new(value?);
        if let (true, Some(generation)) = (may_keep, generation) {
            let mut all = self.all.borrow_mut();
            if all.len() >= self.most {
                all.clear();
            }
            all.insert(name.to_owned(), (generation, Rc::clone(&value)));
        }
        Ok(value)
    }

    /// Reads together what is not kept of these, as far as there is room, and keeps it: as [`get`](Self::get) would have, one by
    /// one. Those that `read` does not return are still to be read.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn foresee<I>(&self, names: I, read: impl FnOnce(&[K]) -> error::Result<Vec<(K, T)>>) -> error::Result<()>
    where
        I: IntoIterator<Item = K>,
    {
        if !receive() {
            return Ok(());
        }
        let now = generation();
        let missing: Vec<K> = {
            let all = self.all.borrow();
            let is_missing = |name: &K| all.get(name).is_none_or(|(of, _)| *of != now);
            names.into_iter().filter(is_missing).take(self.most).collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        let (values, generation) = filling(|| read(&missing));
        let values = values?;
        if let Some(generation) = generation {
            let mut all = self.all.borrow_mut();
            if all.len() + values.len() > self.most {
                all.clear();
            }
            all.extend(
                values
                    .into_iter()
                    .map(|(name, value)| (name, (generation, Rc::new(value)))),
            );
        }
        Ok(())
    }
}

/// From now on, messages about this table count.
pub fn watch_relation(relation: pg_sys::Oid) {
    WATCHED.with_borrow_mut(|watched| {
        watched.make_room();
        watched.relations.insert(relation);
    });
}

/// From now on, messages about this schema and these types count.
pub fn watch_names(schema: pg_sys::Oid, types: &[pg_sys::Oid]) {
    // SAFETY: in a transaction; computes a hash.
    let hash = |cache: c_int, oid: pg_sys::Oid| unsafe {
        let nothing = pg_sys::Datum::from(0);
        let oid = pg_sys::Datum::from(oid);
        (
            cache,
            pg_sys::GetSysCacheHashValue(cache, oid, nothing, nothing, nothing),
        )
    };
    let [type_cache, schema_cache] = CACHES;
    let rows = std::iter::once(hash(schema_cache, schema)).chain(types.iter().map(|oid| hash(type_cache, *oid)));
    WATCHED.with_borrow_mut(|watched| {
        watched.make_room();
        watched.rows.extend(rows);
    });
}

impl Watched {
    fn make_room(&mut self) {
        if self.relations.len() + self.rows.len() > MOST_WATCHED {
            *self = Self::default();
            raise();
        }
    }
}

/// Whether a message counts; where that cannot be told now, it does.
fn counts(matches: impl FnOnce(&Watched) -> bool) -> bool {
    FILLING.load(Ordering::Relaxed)
        || WATCHED
            .try_with(|watched| watched.try_borrow().map_or(true, |watched| matches(&watched)))
            .unwrap_or(true)
}

/// Must not raise an error, nor look into a catalogue.
#[pg_guard]
unsafe extern "C-unwind" fn on_relation(_arg: pg_sys::Datum, relation: pg_sys::Oid) {
    if relation == pg_sys::InvalidOid || counts(|watched| watched.relations.contains(&relation)) {
        raise();
    }
}

/// As above.
#[pg_guard]
unsafe extern "C-unwind" fn on_row(_arg: pg_sys::Datum, cache: c_int, hash: u32) {
    if hash == 0 || counts(|watched| watched.rows.contains(&(cache, hash))) {
        raise();
    }
}

/// `dist._touch_intent()`: sends a message about `dist.intent_stamp`.
#[pg_trigger(sql = false)]
fn touch_intent<'a>(
    trigger: &'a PgTrigger<'a>,
) -> Result<Option<PgHeapTuple<'a, AllocatedByPostgres>>, std::convert::Infallible> {
    let _ = trigger;
    // SAFETY: in a transaction; both names are there where the trigger is.
    unsafe {
        let stamp = stamp();
        if stamp != pg_sys::InvalidOid {
            pg_sys::CacheInvalidateRelcacheByRelid(stamp);
        }
    }
    Ok(None)
}

/// The table about which edits send messages; InvalidOid where the extension is not there.
pub fn stamp() -> pg_sys::Oid {
    // SAFETY: in a transaction; looks into catalogue caches.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"dist".as_ptr(), true);
        if schema == pg_sys::InvalidOid {
            return schema;
        }
        pg_sys::get_relname_relid(c"intent_stamp".as_ptr(), schema)
    }
}
