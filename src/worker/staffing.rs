//! How many runners an owner has, and who makes room for another owner: what the scheduler goes by when it starts them.

use super::backoff::SECOND;
use super::shared::{self, Entry};

/// A runner that has been busy for so long makes room when another owner waits.
pub const LONG: i64 = SECOND;

/// So many schedules that are due at once are work for more than one runner.
const MANY: usize = 20;
/// Runners of an owner that have all been at one run for so long, while something waits, are given help.
const STUCK: i64 = SECOND / 10;

/// So many runners an owner is to have where so much is due of his, or will be in a moment: they are started together, and get ready
/// side by side. `owners`: how many owners have much to do then and share the processors.
pub fn wanted(due: usize, owners: usize) -> usize {
    (due / MANY + 1).min((processors() / owners.max(1)).max(1))
}

/// Whether so much is due that it is work for more than one runner.
pub const fn is_much(due: usize) -> bool {
    due >= MANY
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Whether an owner who has the runners that are wanted is to be given one more.
pub enum Needs {
    /// No.
    Nothing,
    /// Not yet: ask again then.
    Later(i64),
    /// Yes.
    Now,
}

/// One more than [`wanted`] where all have been at one run for a while and something waits. `due`: how many schedules are, those
/// included that are running.
pub fn needs_more(due: usize, own: &[&Entry], now: i64) -> Needs {
    if due <= own.len() || own.iter().any(|runner| runner.idle) {
        return Needs::Nothing;
    }
    let since = own.iter().map(|runner| runner.run_since).max().unwrap_or(now);
    if since.saturating_add(STUCK) <= now {
        Needs::Now
    } else {
        Needs::Later(now + STUCK)
    }
}

/// So much being due is all that `wanted` and `needs_more` have to know.
pub fn enough() -> usize {
    let runners = usize::try_from(super::MAX_RUNNERS.get()).unwrap_or(0);
    (MANY * processors()).max(runners + 1)
}

/// Asks a runner to leave for another owner's sake: the one that is missed least, or those that have been busy for long.
pub fn make_room(runners: &[Entry], now: i64) {
    let has_several = |runner: &Entry| runners.iter().filter(|other| other.role == runner.role).count() > 1;
    // What has nothing to run now may have been started for what is due in a moment; an owner's second is a luxury.
    let least = runners
        .iter()
        .filter(|runner| runner.idle || has_several(runner))
        .min_by_key(|runner| (!has_several(runner), !runner.idle));
    if let Some(one) = least {
        shared::ask_to_yield(one);
        return;
    }
    for runner in runners.iter().filter(|runner| runner.busy_since < now - LONG) {
        shared::ask_to_yield(runner);
    }
}

#[cfg(test)]
mod tests {
    use super::{MANY, processors, wanted};

    #[test]
    fn much_of_one_owner_is_for_all_processors_and_that_of_many_for_one_each() {
        assert_eq!(wanted(1, 1), 1);
        assert_eq!(wanted(MANY - 1, 0), 1);
        assert_eq!(wanted(1000 * MANY, 1), processors());
        assert_eq!(wanted(1000 * MANY, processors()), 1);
        assert_eq!(wanted(1000 * MANY, 1000), 1);
    }
}
