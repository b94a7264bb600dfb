//! Whether this database is where its schedules fire, or a copy of that one (sql/home.sql).
#![allow(unsafe_code)]

use pgrx::prelude::*;

use super::txn;
use crate::error::{error_hint, internal};

/// That nothing fires in this database and why, or null.
pub const PAUSED: &str = "
    select 'pg_dist: no schedule fires in database ' || pg_catalog.quote_literal(pg_catalog.current_database())
           || ': ' || dist._is_paused_copy()";

const ADOPT_ZONES: &str = "select dist._adopt_zones()";

/// What a scheduler has said about it.
#[derive(Default)]
pub struct Home {
    told: Option<String>,
    has_zones: bool,
}

impl Home {
    /// Once, where schedules fire: has the next runs derived again if the time zone data has changed.
    pub fn adopt_zones(&mut self) {
        if self.has_zones || self.told.is_some() {
            return;
        }
        let adopted = txn::transaction(|| {
            Spi::connect(|client| client.select(ADOPT_ZONES, None, &[]).map(drop)).map_err(internal)
        });
        match adopted {
            Ok(()) => self.has_zones = true,
            // Somebody holds a lock: at the next look.
            Err(failure) if failure.is_transient() => {}
            Err(failure) => {
                self.has_zones = true;
                failure.log("deriving next runs with newer time zone data");
            }
        }
    }

    /// Says it once.
    pub fn is_paused(&mut self, why: Option<&str>) {
        if self.told.as_deref() == why {
            return;
        }
        self.told = why.map(ToOwned::to_owned);
        if let Some(why) = why {
            error_hint(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                why,
                "If its schedules are to fire here, and not in the original, call dist.resume_all() in it.",
            )
            .report(PgLogLevel::WARNING);
        }
    }
}

/// `dist._system_identifier()`
#[pg_extern(sql = false)]
fn system_identifier() -> String {
    // SAFETY: reads what the server has read of its control file.
    unsafe { pg_sys::GetSystemIdentifier() }.to_string()
}
