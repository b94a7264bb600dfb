//! pg_dist: lead and account distribution inside PostgreSQL.
//!
//! Wiring only: the modules, the SQL files in their order, and what happens when the library is loaded. ARCHITECTURE.md
//! is the map.

use pgrx::prelude::*;

mod action;
mod activity;
mod ahead;
mod allocation;
mod api;
mod catalogue;
mod check;
mod clock;
mod criteria;
mod error;
mod firing;
mod matching;
mod membership;
mod prepared;
mod recurrence;
mod router;
mod settings;
mod signature;
mod standing;
mod timing;
mod window;
mod worker;
mod working;
mod xact;

pgrx::pg_module_magic!(name, version);

extension_sql_file!("../sql/bootstrap.sql", bootstrap);
extension_sql_file!("../sql/sight.sql", name = "sight", requires = ["bootstrap"]);
extension_sql_file!("../sql/checks.sql", name = "checks", requires = ["sight"]);
extension_sql_file!("../sql/intent/calendar.sql", name = "calendar", requires = ["checks"]);
extension_sql_file!("../sql/intent/people.sql", name = "people", requires = ["calendar"]);
extension_sql_file!("../sql/intent/absence.sql", name = "absence", requires = ["people"]);
extension_sql_file!("../sql/intent/object.sql", name = "object", requires = ["absence"]);
extension_sql_file!(
    "../sql/intent/distribution_rule.sql",
    name = "distribution_rule",
    requires = ["object"]
);
extension_sql_file!(
    "../sql/intent/hopper.sql",
    name = "hopper",
    requires = ["distribution_rule"]
);
extension_sql_file!("../sql/intent/segment.sql", name = "segment", requires = ["hopper"]);
extension_sql_file!("../sql/intent/rules.sql", name = "rules", requires = ["segment"]);
extension_sql_file!("../sql/intent/transfer.sql", name = "transfer", requires = ["rules"]);
extension_sql_file!(
    "../sql/intent/automation.sql",
    name = "automation",
    requires = ["transfer"]
);
extension_sql_file!(
    "../sql/intent/exclusion.sql",
    name = "exclusion",
    requires = ["automation"]
);
extension_sql_file!("../sql/intent/cap.sql", name = "cap", requires = ["exclusion"]);
extension_sql_file!("../sql/intent/release.sql", name = "release", requires = ["cap"]);
extension_sql_file!("../sql/intent/schedule.sql", name = "schedule", requires = ["release"]);
extension_sql_file!(
    "../sql/intent/activity_plan.sql",
    name = "activity_plan",
    requires = ["schedule"]
);
extension_sql_file!(
    "../sql/intent/formula.sql",
    name = "formula",
    requires = ["activity_plan"]
);
extension_sql_file!("../sql/intent/step.sql", name = "step", requires = ["formula"]);
extension_sql_file!("../sql/intent/policy.sql", name = "policy", requires = ["step"]);
extension_sql_file!("../sql/state.sql", name = "state", requires = ["policy"]);
extension_sql_file!("../sql/hopper_state.sql", name = "hopper_state", requires = ["state"]);
extension_sql_file!(
    "../sql/segment_state.sql",
    name = "segment_state",
    requires = ["hopper_state"]
);
extension_sql_file!(
    "../sql/intent/references.sql",
    name = "references",
    requires = ["segment_state"]
);
extension_sql_file!("../sql/intent/measure.sql", name = "measure", requires = ["references"]);
extension_sql_file!("../sql/intent/book.sql", name = "book", requires = ["measure"]);
extension_sql_file!("../sql/history.sql", name = "history", requires = ["book"]);
extension_sql_file!("../sql/rep_name.sql", name = "rep_name", requires = ["history"]);
extension_sql_file!("../sql/cap_use.sql", name = "cap_use", requires = ["rep_name"]);
extension_sql_file!("../sql/run_step.sql", name = "run_step", requires = ["cap_use"]);
extension_sql_file!("../sql/field_edit.sql", name = "field_edit", requires = ["run_step"]);
extension_sql_file!("../sql/decision.sql", name = "decision", requires = ["field_edit"]);
extension_sql_file!("../sql/home.sql", name = "home", requires = ["decision"]);
extension_sql_file!("../sql/quarantine.sql", name = "quarantine", requires = ["home"]);
extension_sql_file!("../sql/hopper.sql", name = "hopper_api", requires = ["quarantine"]);
extension_sql_file!("../sql/segment.sql", name = "segment_api", requires = ["hopper_api"]);
extension_sql_file!("../sql/mover.sql", name = "mover", requires = ["segment_api"]);
extension_sql_file!("../sql/catalogue.sql", name = "catalogue", requires = ["mover"]);
extension_sql_file!("../sql/cap_reach.sql", name = "cap_reach", requires = ["catalogue"]);
extension_sql_file!("../sql/lock.sql", name = "lock", requires = ["cap_reach"]);
extension_sql_file!("../sql/call.sql", name = "call", requires = ["lock"]);
extension_sql_file!("../sql/stamp.sql", name = "stamp", requires = ["call"]);
extension_sql_file!(
    "../sql/intent/eligibility.sql",
    name = "eligibility",
    requires = ["stamp"]
);
extension_sql_file!("../sql/intent/match.sql", name = "match", requires = ["stamp"]);
extension_sql_file!("../sql/intent/consumer.sql", name = "consumer", requires = ["stamp"]);
extension_sql_file!("../sql/intent/variable.sql", name = "variable", requires = ["stamp"]);
extension_sql_file!(
    "../sql/event.sql",
    name = "event",
    requires = ["consumer", "match", "variable"]
);
extension_sql_file!("../sql/read_events.sql", name = "read_events", requires = ["event"]);
extension_sql_file!("../sql/function.sql", name = "function", requires = ["read_events"]);
extension_sql_file!("../sql/action.sql", name = "action", requires = ["function"]);
extension_sql_file!("../sql/activity.sql", name = "activity", requires = ["action"]);
extension_sql_file!("../sql/emit_state.sql", name = "emit_state", requires = ["activity"]);
extension_sql_file!("../sql/running.sql", name = "running", requires = ["emit_state"]);
extension_sql_file!("../sql/tell.sql", name = "tell", requires = ["running"]);
extension_sql_file!("../sql/fire.sql", name = "fire", requires = ["tell"]);
extension_sql_file!("../sql/task.sql", name = "task", requires = ["fire"]);
extension_sql_file!("../sql/intake.sql", name = "intake", requires = ["task"]);
extension_sql_file!("../sql/intent/sla.sql", name = "sla", requires = ["intake"]);
extension_sql_file!("../sql/sla.sql", name = "sla_clock", requires = ["sla"]);
extension_sql_file!(
    "../sql/hold_variables.sql",
    name = "hold_variables",
    requires = ["sla_clock", "eligibility", "match", "variable"]
);
extension_sql_file!("../sql/turn.sql", name = "turn", requires = ["hold_variables"]);
extension_sql_file!("../sql/due.sql", name = "due", requires = ["turn"]);
extension_sql_file!("../sql/api.sql", name = "api", requires = ["due"]);
extension_sql_file!("../sql/preview_steps.sql", name = "preview_steps", requires = ["api"]);
extension_sql_file!("../sql/totals.sql", name = "totals", requires = ["preview_steps"]);
extension_sql_file!("../sql/templates.sql", name = "templates", requires = ["totals"]);
extension_sql_file!("../sql/views.sql", name = "views", requires = ["templates"]);
extension_sql_file!("../sql/hopper_task.sql", name = "hopper_task", requires = ["views"]);
extension_sql_file!("../sql/fairness.sql", name = "fairness", requires = ["hopper_task"]);
extension_sql_file!("../sql/books.sql", name = "books", requires = ["fairness"]);
extension_sql_file!("../sql/availability.sql", name = "availability", requires = ["books"]);
extension_sql_file!(
    "../sql/cap_balance.sql",
    name = "cap_balance",
    requires = ["availability"]
);
extension_sql_file!("../sql/health.sql", name = "health", requires = ["cap_balance"]);
extension_sql_file!("../sql/ahead.sql", name = "ahead", requires = ["health"]);
extension_sql_file!("../sql/retention.sql", name = "retention", requires = ["ahead"]);
extension_sql_file!(
    "../sql/shape.sql",
    name = "shape",
    requires = ["retention", "eligibility"]
);
extension_sql_file!("../sql/grants.sql", name = "grants", requires = ["shape"]);
extension_sql_file!(
    "../sql/row_security.sql",
    name = "row_security",
    requires = ["grants"],
    finalize
);

/// Declares the settings and, where the library is preloaded, registers the worker.
#[allow(non_snake_case)]
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::init();
    worker::init();
}
