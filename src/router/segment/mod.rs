//! Segments: who belongs to one is found by a refresh and kept; what is limited to one looks its members up.
//!
//! [`refresh`] finds and keeps them, for the action of that name (`src/action`); [`preview`] says what it would change; [`members`] reads
//! and writes what is kept; [`limit`] is the test of what is limited to one.

mod limit;
mod members;
mod refresh;

pub use limit::{Writer, is_member, limited_to, member_of, writers, writers_of};
pub use members::{members_of, unpacked, unpacked_keys};
pub use refresh::{Refreshed, preview, refresh};
