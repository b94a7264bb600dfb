//! What the recurrences promise: examples by requirement, and random specifications against
//! oracles that share no code with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod daylight;
mod examples;
mod oracles;
mod outlook;
mod robust;

use chrono::{DateTime, NaiveDateTime, Utc};

use proptest::prelude::ProptestConfig;

use super::{Fields, Spec, SpecError};

/// How many random cases to try: PROPTEST_CASES overrules the number that keeps the suite quick.
fn cases(usual: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(usual),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Parses a row given as JSON.
fn try_spec(json: &str) -> Result<Spec, SpecError> {
    Spec::parse(&serde_json::from_str::<Fields>(json).unwrap())
}

/// Parses a row that must be right.
fn spec(json: &str) -> Spec {
    try_spec(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// The first runs, as local times with their offset.
fn runs(json: &str, n: usize) -> Vec<String> {
    let spec = spec(json);
    let show = |at: DateTime<Utc>| at.with_timezone(&spec.zone.tz).format("%a %F %H:%M %z").to_string();
    spec.upcoming(None).take(n).map(show).collect()
}

fn local(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap()
}

fn utc(text: &str) -> DateTime<Utc> {
    local(text).and_utc()
}
