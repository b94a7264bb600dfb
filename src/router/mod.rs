//! The one path a record takes: intent -> plan -> candidates -> allocation -> move -> audit.
//!
//! Run, preview, explain and undo are this path with something left out or fed from elsewhere; there is no second one.
//!
//! | step | file |
//! | --- | --- |
//! | read all intent that can be reached, once | [`intent`] |
//! | compile it: one CASE over the record, numbered leaves | [`plan`], [`expression`] |
//! | write the statements | [`statement`] |
//! | take the locks, read the candidates, allocate | [`decide`] |
//! | move, record, keep the pools | [`run`], [`failure`] |
//! | the same without the move | [`preview`] |
//! | the same for one record, keeping what lost | [`explain`] |
//! | the same fed from the audit | [`undo`] |

pub mod decide;
pub mod explain;
pub mod expression;
pub mod failure;
pub mod intent;
pub mod plan;
pub mod preview;
pub mod run;
pub mod statement;
pub mod undo;
