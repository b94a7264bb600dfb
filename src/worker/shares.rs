//! Which of an owner's due work, schedules and tasks, a runner takes, where the owner has several runners.
//!
//! Two runs about the same object cannot go on at once, and those that are due together keep their order: retrievals
//! first, then by name. So the work is divided by objects. A runner begins with its own share; once that is done it looks
//! again and takes what is left of the others'. Where somebody else is at an object, everything later of that object is
//! left alone until the next look: else a run could overtake one that has to come before it. So it is where the work of
//! another owner comes first (`dist._due`).

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What can be due.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Work {
    /// A schedule, by its number.
    Schedule(i32),
    /// A row of `dist.task`.
    Task {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schedule(id) => write!(f, "schedule {id}"),
            Self::Task { kind, name } => write!(f, "{kind} '{name}'"),
        }
    }
}

/// Something that is due.
pub struct Due {
    /// What.
    pub work: Work,
    /// The objects that it is about.
    pub objects: Vec<String>,
    /// Something of another owner, due at the same instant, comes first.
    pub waits: bool,
}

/// How far the objects of what is due are taken by others.
#[derive(Default)]
pub struct Taken {
    objects: HashSet<String>,
    /// Attempts in a row that found somebody else there, or that he had been there.
    in_a_row: usize,
}

/// So many attempts in a row that found somebody else there, or that he had been there, cost as much as another look.
const ENOUGH: usize = 32;

impl Taken {
    /// Whether something is to be left alone in this pass. Then so is what shares an object with it.
    pub fn holds_back(&mut self, due: &Due) -> bool {
        let held = due.waits || due.objects.iter().any(|object| self.objects.contains(object));
        if held {
            self.objects.extend(due.objects.iter().cloned());
        }
        held
    }

    /// Somebody else was there.
    pub fn by_others(&mut self, due: &Due) {
        self.objects.extend(due.objects.iter().cloned());
        self.in_a_row += 1;
    }

    /// Somebody else had been there before: it is done, and what comes after it may come.
    pub fn before(&mut self) {
        self.in_a_row += 1;
    }

    /// Nobody was.
    pub fn not(&mut self) {
        self.in_a_row = 0;
    }

    /// Whether to look again rather than to go on.
    pub fn is_enough(&self) -> bool {
        self.in_a_row >= ENOUGH
    }
}

/// What of it the runner of this place among so many begins with: its share, or all where there is nothing of that.
pub fn share(due: &[Due], place: usize, runners: usize) -> Vec<&Due> {
    let own: Vec<&Due> = due.iter().filter(|one| place_of(one, runners) == place).collect();
    if own.is_empty() { due.iter().collect() } else { own }
}

/// Whether it has a share of its own.
pub fn has_share(due: &[Due], place: usize, runners: usize) -> bool {
    due.iter().any(|one| place_of(one, runners) == place)
}

/// The runner to which it belongs.
fn place_of(due: &Due, runners: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    match due.objects.first() {
        Some(object) => object.hash(&mut hasher),
        None => due.work.hash(&mut hasher),
    }
    usize::try_from(hasher.finish() % (runners.max(1) as u64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Due, ENOUGH, Taken, Work, share};

    fn due(id: i32, objects: &[&str]) -> Due {
        Due {
            work: Work::Schedule(id),
            objects: objects.iter().map(|name| (*name).to_owned()).collect(),
            waits: false,
        }
    }

    #[test]
    fn f4_what_waits_for_another_owner_holds_back_what_comes_after_it() {
        let mut taken = Taken::default();
        let waiting = Due {
            waits: true,
            ..due(1, &["a"])
        };
        assert!(taken.holds_back(&waiting));
        assert!(taken.holds_back(&due(2, &["a", "b"])));
        assert!(taken.holds_back(&due(3, &["b"])));
        assert!(!taken.holds_back(&due(4, &["c"])));
    }

    #[test]
    fn what_others_have_done_holds_nothing_back() {
        let mut taken = Taken::default();
        taken.before();
        assert!(!taken.holds_back(&due(1, &["a"])));
    }

    fn ids(due: &[&Due]) -> Vec<i32> {
        let number = |one: &&Due| match one.work {
            Work::Schedule(id) => id,
            Work::Task { .. } => 0,
        };
        due.iter().map(number).collect()
    }

    #[test]
    fn one_runner_takes_all_in_order() {
        let all = [due(2, &["a"]), due(1, &["b"]), due(3, &[])];
        assert_eq!(ids(&share(&all, 0, 1)), [2, 1, 3]);
    }

    #[test]
    fn shares_are_apart_and_together_all_and_an_object_has_one_runner() {
        let names: Vec<String> = (0..16).map(|n| format!("object {n}")).collect();
        let all: Vec<Due> = (0..160).map(|n| due(n, &[&names[n as usize % 16]])).collect();
        let (first, second) = (ids(&share(&all, 0, 2)), ids(&share(&all, 1, 2)));
        assert_eq!(first.len() + second.len(), all.len());
        assert!(
            first.len() > 20 && second.len() > 20,
            "{} {}",
            first.len(),
            second.len()
        );
        let objects = |ids: &[i32]| ids.iter().map(|id| id % 16).collect::<std::collections::BTreeSet<_>>();
        assert!(objects(&first).is_disjoint(&objects(&second)));
        assert!(first.is_sorted() && second.is_sorted());
    }

    #[test]
    fn who_has_nothing_of_his_own_helps() {
        let all = [due(1, &["a"]), due(2, &["a"])];
        for place in 0..2 {
            assert_eq!(ids(&share(&all, place, 2)), [1, 2]);
        }
    }

    #[test]
    fn what_comes_after_something_taken_of_the_same_object_is_held_back() {
        let mut taken = Taken::default();
        taken.by_others(&due(1, &["a"]));
        assert!(!taken.holds_back(&due(2, &["b"])));
        // It shares one object with what is taken, and what comes after it must not overtake it by the other.
        assert!(taken.holds_back(&due(3, &["a", "c"])));
        assert!(taken.holds_back(&due(4, &["c"])));
        assert!(!taken.holds_back(&due(5, &[])));
    }

    #[test]
    fn a_look_is_worth_more_than_attempt_after_attempt() {
        let mut taken = Taken::default();
        for _ in 1..ENOUGH {
            taken.by_others(&due(0, &[]));
        }
        taken.not();
        for _ in 1..ENOUGH {
            taken.before();
        }
        assert!(!taken.is_enough());
        taken.by_others(&due(0, &[]));
        assert!(taken.is_enough());
    }
}
