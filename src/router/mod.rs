//! The one path a record takes: intent -> plan -> candidates -> allocation -> move -> audit.
//!
//! Run, preview, explain and undo are this path with something left out or fed from elsewhere; there is no second one.
//!
//! | step | file |
//! | --- | --- |
//! | who moves records: a transfer, or what acts as one | [`mover`] |
//! | take the locks | [`lock`] |
//! | read all intent that can be reached, once; refuse what the owner does not trust | [`reach`], [`intent`], [`distribution_rule`], [`kept`], [`foresight`], [`trust`] |
//! | compile it: one CASE over the record, numbered leaves | [`plan`], [`compiler`], [`branches`], [`expression`], [`caps`] |
//! | write the statements | [`statement`] |
//! | where records go, and where to when who is named is away | [`goal`] |
//! | into which hoppers, and out of them | [`hopper`] |
//! | read the candidates, allocate | [`decide`] |
//! | what is known at that instant beside them: presence, loads, caps, eligibility | [`situation`] |
//! | move them | [`apply`], [`give_way`], [`failure`] |
//! | write the audit, the pools, the outcome | [`ways`], [`record`], [`partition`], [`run_row`] |
//! | tell those who want to know; keep the clocks of service levels | [`events`], [`clocks`] |
//!
//! [`automation`] goes that way for the records that came in, and [`exclusion`] keeps records out.
//! [`fire`] fires a schedule that is [`due`], by an [`attempt`] at its run. [`course`] goes through the steps of a schedule. [`steps`] has
//! the other thing that a step can do, the call of a [`function`] with its [`arguments`]; what is done to a segment, or to its records,
//! is in `src/action`.
//!
//! [`run`] goes that way; [`preview`] without locks, move and audit, [`rehearse`] for several at once; [`explain`] and
//! [`outlook`] for one record, stored or not ([`subject`]; what is asked of it: [`questions`]), keeping what lost; [`places`] where
//! a limit cuts it off. [`automation`] goes it for records that come in, [`claim`] for those that a rep asks for, [`task`] for what
//! leaves a hopper by itself, [`sla`] for what nobody has worked on. [`undo`] is fed from the audit, [`give_back`] takes one record from its owner; [`replay`] asks again what a run was asked,
//! [`shares`] for what it gave whom in each segment; [`balance`] counts what a run would count, for people to look at.
//! [`segment`] keeps the members of segments. [`session`] holds the settings that all of them share, [`variables`] the named values,
//! [`inside`] which runs a session is inside of. [`publish`] tells of records that nothing has moved.

pub mod apply;
pub mod arguments;
pub mod attempt;
pub mod automation;
pub mod balance;
pub mod branches;
pub mod call;
pub mod caps;
pub mod claim;
pub mod claim_plan;
pub mod clocks;
pub mod compiler;
pub mod course;
pub mod decide;
pub mod distribution_rule;
pub mod due;
pub mod each;
pub mod events;
pub mod exclusion;
pub mod explain;
pub mod expression;
pub mod failure;
pub mod fire;
pub mod foresight;
pub mod function;
pub mod give_back;
pub mod give_way;
pub mod goal;
pub mod hopper;
pub mod inside;
pub mod intent;
pub mod kept;
pub mod lock;
pub mod mover;
pub mod open_balance;
pub mod outlook;
pub mod partition;
pub mod places;
pub mod plan;
pub mod preview;
pub mod publish;
pub mod questions;
pub mod reach;
pub mod record;
pub mod rehearse;
pub mod replay;
pub mod run;
pub mod run_row;
pub mod segment;
pub mod session;
pub mod shares;
pub mod situation;
pub mod sla;
pub mod statement;
pub mod steps;
pub mod subject;
pub mod task;
pub mod trust;
pub mod turns;
pub mod undo;
pub mod variables;
pub mod ways;
