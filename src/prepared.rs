//! Statements that are prepared once and kept for the session. PostgreSQL itself revises them when what they read
//! changes, or whose rights and search_path they run with; here they are only found again by their text.

use std::cell::RefCell;
use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::time::{Duration, Instant};

use pgrx::datum::DatumWithOid;
use pgrx::pg_sys::{self, PgOid};
use pgrx::spi::{OwnedPreparedStatement, Result, SpiClient, SpiTupleTable};
use rustc_hash::FxBuildHasher;

/// More statements than this are forgotten together: a statement takes some ten kilobytes.
const MOST: usize = 2000;
/// A plan is made anew after this time, for what it was made for grows without anybody being told.
const LIFE: Duration = Duration::from_secs(60);

struct Kept {
    statement: Rc<OwnedPreparedStatement>,
    made: Instant,
}

/// A run finds some twenty statements by their texts, of a kilobyte each.
type Statements = HashMap<String, Kept, FxBuildHasher>;

thread_local! {
    // Never dropped at the end of the process, when PostgreSQL has taken down what freeing a plan needs.
    static KEPT: RefCell<ManuallyDrop<Statements>> = RefCell::new(ManuallyDrop::new(HashMap::default()));
}

/// Reads by a kept statement.
///
/// # Errors
/// What PostgreSQL says.
pub fn select<'conn>(client: &SpiClient<'conn>, text: &str, args: &[DatumWithOid<'_>]) -> Result<SpiTupleTable<'conn>> {
    client.select(&*statement(client, text, args)?, None, args)
}

/// Writes, or reads the newest rows, by a kept statement.
///
/// # Errors
/// What PostgreSQL says.
pub fn update<'conn>(
    client: &mut SpiClient<'conn>,
    text: &str,
    args: &[DatumWithOid<'_>],
) -> Result<SpiTupleTable<'conn>> {
    let statement = statement(client, text, args)?;
    client.update(&*statement, None, args)
}

/// Prepares a statement that is soon to be run with arguments of these types.
///
/// # Errors
/// What PostgreSQL says.
pub fn prepare(client: &SpiClient<'_>, text: &str, types: &[pg_sys::Oid]) -> Result<()> {
    found(client, text, types.iter().copied()).map(|_| ())
}

/// Lets a statement be planned anew the next time.
pub fn forget(text: &str) {
    KEPT.with_borrow_mut(|kept| kept.remove(text));
}

fn statement(client: &SpiClient<'_>, text: &str, args: &[DatumWithOid<'_>]) -> Result<Rc<OwnedPreparedStatement>> {
    found(client, text, args.iter().map(DatumWithOid::oid))
}

/// Kept in use by whoever runs it, also where a run inside of it makes room for others.
fn found(
    client: &SpiClient<'_>,
    text: &str,
    types: impl Iterator<Item = pg_sys::Oid>,
) -> Result<Rc<OwnedPreparedStatement>> {
    let found = KEPT.with_borrow(|kept| {
        kept.get(text)
            .filter(|kept| kept.made.elapsed() < LIFE)
            .map(|kept| Rc::clone(&kept.statement))
    });
    if let Some(found) = found {
        return Ok(found);
    }
    let types: Vec<PgOid> = types.map(PgOid::from).collect();
    let statement = Rc::new(client.prepare(text, &types)?.keep());
    let kept = Kept {
        statement: Rc::clone(&statement),
        made: Instant::now(),
    };
    KEPT.with_borrow_mut(|all| {
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(text.to_owned(), kept);
    });
    Ok(statement)
}
