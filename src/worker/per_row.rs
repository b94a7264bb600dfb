//! Functions that are called for each row of the router's big statements: whether a record is a member, and what an edit
//! overwrites. With a million rows it is the handing over that costs, so arguments are taken as they lie, and what does not
//! change from row to row is kept where PostgreSQL has a place for it, until the statement ends.
//!
//! They serve all sessions, not only the worker's processes; they stand here because the unsafe code does.
#![allow(unsafe_code)]

use pgrx::PgMemoryContexts;
use pgrx::prelude::*;
use pgrx::varlena::{varatt_is_1b, varatt_is_1b_e, varatt_is_4b_u, varlena_to_byte_slice};

use crate::action::overwritten::{self, Key};
use crate::error::{Result, error_hint};
use crate::membership::{Kind, Set, integer};
use crate::router::{segment, session};

/// `dist._is_member(segment, bigint)`, strict.
#[pg_extern(sql = false)]
fn is_member_integer(call: pg_sys::FunctionCallInfo) -> Result<bool> {
    // SAFETY: called by PostgreSQL as it is declared: with two arguments that are not null.
    unsafe { Ok(members(call, Kind::Integer)?.has(integer(argument(call, 1).value() as i64))) }
}

/// `dist._is_member(segment, uuid)`, strict.
#[pg_extern(sql = false)]
fn is_member_uuid(call: pg_sys::FunctionCallInfo) -> Result<bool> {
    // SAFETY: as above.
    unsafe { Ok(members(call, Kind::Uuid)?.has(uuid(argument(call, 1)))) }
}

/// `dist._overwrites(bigint, text)`.
#[pg_extern(sql = false)]
fn overwrites_integer(call: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: called by PostgreSQL as it is declared.
    unsafe {
        if !is_null(call, 0) {
            let key = integer(argument(call, 0).value() as i64);
            overwritten::note(Key::Number(Kind::Integer, key), text(call, 1));
        }
    }
    true
}

/// `dist._overwrites(uuid, text)`.
#[pg_extern(sql = false)]
fn overwrites_uuid(call: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: as above.
    unsafe {
        if !is_null(call, 0) {
            overwritten::note(Key::Number(Kind::Uuid, uuid(argument(call, 0))), text(call, 1));
        }
    }
    true
}

/// `dist._overwrites(text, text)`.
#[pg_extern(sql = false)]
fn overwrites_text(call: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: as above.
    unsafe {
        if let Some(key) = text(call, 0) {
            overwritten::note(Key::Text(key), text(call, 1));
        }
    }
    true
}

/// `dist._overwrites_also(integer, text)`.
#[pg_extern(sql = false)]
fn overwrites_also(call: pg_sys::FunctionCallInfo) -> bool {
    // SAFETY: as above.
    unsafe {
        if !is_null(call, 0) {
            let field = usize::try_from(argument(call, 0).value() as i32);
            overwritten::note_also(field.unwrap_or(0), text(call, 1));
        }
    }
    true
}

/// The members of the segment that the first argument names, read at the first call in a statement.
///
/// # Safety
/// To be called with what PostgreSQL calls such a function with; what it returns is gone when the statement is.
unsafe fn members<'a>(call: pg_sys::FunctionCallInfo, kind: Kind) -> Result<&'a Set> {
    // SAFETY: as said; what is kept there is only ever put there below, and lives as long as the place itself.
    unsafe {
        let place = (*call).flinfo;
        let first = (*place).fn_extra.is_null();
        // Nobody is told who is a member by calling it; and a place answers for one segment only.
        if !session::is_routing() || first && !pg_sys::get_fn_expr_arg_stable(place, 0) {
            return Err(error_hint(
                PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
                "dist._is_member is for the router",
                "See dist.segment_member.",
            ));
        }
        if first {
            let name = String::from_utf8_lossy(text(call, 0).unwrap_or_default());
            let set = segment::members_of(&name, kind)?;
            (*place).fn_extra = PgMemoryContexts::For((*place).fn_mcxt)
                .leak_and_drop_on_delete(set)
                .cast();
        }
        Ok(&*(*place).fn_extra.cast::<Set>())
    }
}

/// # Safety
/// There must be such an argument.
unsafe fn argument(call: pg_sys::FunctionCallInfo, n: usize) -> pg_sys::Datum {
    // SAFETY: as said.
    unsafe { (*(*call).args.as_ptr().add(n)).value }
}

/// # Safety
/// There must be such an argument.
unsafe fn is_null(call: pg_sys::FunctionCallInfo, n: usize) -> bool {
    // SAFETY: as said.
    unsafe { (*(*call).args.as_ptr().add(n)).isnull }
}

/// # Safety
/// It must be a uuid.
unsafe fn uuid(datum: pg_sys::Datum) -> u128 {
    // SAFETY: as said: sixteen bytes, the highest first.
    unsafe { u128::from_be_bytes(*datum.cast_mut_ptr::<[u8; 16]>()) }
}

/// A text's letters, where it is not null; they are there until the row is done with.
///
/// # Safety
/// There must be such an argument, a text.
unsafe fn text<'a>(call: pg_sys::FunctionCallInfo, n: usize) -> Option<&'a [u8]> {
    // SAFETY: as said; what is compressed or lies elsewhere is brought here first.
    unsafe {
        if is_null(call, n) {
            return None;
        }
        let mut at: *mut pg_sys::varlena = argument(call, n).cast_mut_ptr();
        if !(varatt_is_4b_u(at) || varatt_is_1b(at) && !varatt_is_1b_e(at)) {
            at = pg_sys::pg_detoast_datum_packed(at);
        }
        Some(varlena_to_byte_slice(at))
    }
}
