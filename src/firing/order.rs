//! Which of the schedules that are due at one instant goes first (F4): each in its place (what takes records back before what
//! gives them away, then what edits and tells), and what refreshes a segment before what reads it, a part before what is made
//! of it. A refresh is brought forward as far as that takes. What is left open goes by name; what waits for itself in a circle
//! goes as if it waited for nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// A schedule that is due.
#[derive(Debug, Clone, Deserialize)]
pub struct Due {
    /// What it is known by.
    pub id: i32,
    /// Its name, which decides among equals.
    pub name: String,
    /// Its place among the others, the lowest first.
    pub place: i32,
    /// The segments that it refreshes.
    pub refreshes: BTreeSet<String>,
    /// The segments whose members matter to it, and all that they are made of.
    pub reads: BTreeSet<String>,
}

/// The schedules' numbers, each with the place to which it is brought forward, in the order in which they are to run.
pub fn order(due: &[Due]) -> Vec<(i32, i32)> {
    let before = before(due);
    let mut place: Vec<i32> = due.iter().map(|one| one.place).collect();
    // Each round brings it one refresh further; the places only ever become lower.
    loop {
        let mut changed = false;
        for (later, earlier) in before.iter().enumerate() {
            for &one in earlier {
                if place[one] > place[later] {
                    place[one] = place[later];
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    let mut waits_for: Vec<usize> = before.iter().map(BTreeSet::len).collect();
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); due.len()];
    for (later, earlier) in before.iter().enumerate() {
        for &one in earlier {
            after[one].push(later);
        }
    }
    let key = |one: usize| (place[one], due[one].name.as_str(), one);
    let mut left: BTreeSet<_> = (0..due.len()).map(key).collect();
    let mut ready: BTreeSet<_> = left.iter().copied().filter(|one| waits_for[one.2] == 0).collect();
    let mut sorted = Vec::with_capacity(due.len());
    while let Some(first) = left.first() {
        // Where nobody is ready, somebody is in a circle.
        let in_circle = || left.iter().find(|one| waits_for_itself(one.2, &after));
        let next = *ready.first().or_else(in_circle).unwrap_or(first);
        ready.remove(&next);
        left.remove(&next);
        sorted.push((due[next.2].id, next.0));
        for &later in &after[next.2] {
            waits_for[later] -= 1;
            let later_key = key(later);
            if waits_for[later] == 0 && left.contains(&later_key) {
                ready.insert(later_key);
            }
        }
    }
    sorted
}

/// Whether one comes after itself.
fn waits_for_itself(one: usize, after: &[Vec<usize>]) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = after[one].clone();
    while let Some(later) = next.pop() {
        if later == one {
            return true;
        }
        if seen.insert(later) {
            next.extend(&after[later]);
        }
    }
    false
}

/// For each of them those that refresh what it reads, but for what it refreshes itself.
fn before(due: &[Due]) -> Vec<BTreeSet<usize>> {
    let mut refreshers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, one) in due.iter().enumerate() {
        for segment in &one.refreshes {
            refreshers.entry(segment).or_default().push(place);
        }
    }
    due.iter()
        .enumerate()
        .map(|(place, one)| {
            let others = one.reads.difference(&one.refreshes);
            let earlier = others.filter_map(|segment| refreshers.get(segment.as_str()));
            earlier.flatten().copied().filter(|other| *other != place).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Due, order};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn due(id: i32, place: i32, refreshes: &[&str], reads: &[&str]) -> Due {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        Due {
            id,
            name: format!("{id:03}"),
            place,
            refreshes: set(refreshes),
            reads: set(reads),
        }
    }

    fn ids(due: &[Due]) -> Vec<i32> {
        order(due).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn f4_place_then_name() {
        assert_eq!(
            ids(&[
                due(4, 1, &[], &[]),
                due(3, 3, &[], &[]),
                due(2, 1, &[], &[]),
                due(1, 4, &[], &[])
            ]),
            [2, 4, 3, 1]
        );
    }

    #[test]
    fn f4_refreshes_before_readers_and_parts_before_wholes() {
        let all = [
            due(1, 4, &[], &["whole", "part"]),
            due(2, 0, &["whole"], &["whole", "part"]),
            due(3, 0, &["part"], &["part"]),
        ];
        assert_eq!(ids(&all), [3, 2, 1]);
    }

    #[test]
    fn f4_a_refresh_that_also_distributes_comes_before_a_retrieval_that_reads_it() {
        let all = [
            due(1, 3, &[], &[]),
            due(2, 3, &["a"], &["a"]),
            due(3, 1, &[], &["a"]),
            due(4, 1, &[], &[]),
        ];
        // Else the retrieval would come after a distribution that has nothing to do with it.
        assert_eq!(order(&all), [(2, 1), (3, 1), (4, 1), (1, 3)]);
    }

    #[test]
    fn f4_what_waits_for_itself_goes_by_name() {
        let all = [
            due(3, 4, &["a"], &["b"]),
            due(2, 4, &["b"], &["a"]),
            due(1, 4, &["c"], &["c", "a"]),
            due(4, 4, &["a"], &["a"]),
        ];
        assert_eq!(ids(&all), [4, 2, 3, 1]);
    }

    proptest! {
        /// Everybody has a turn, whatever refreshes what; the order in which they are asked does not matter; and where there
        /// is no circle nothing is read before it is refreshed.
        #[test]
        fn f4_everybody_once_and_never_before_what_it_reads(
            shapes in prop::collection::vec((0..4_i32, prop::collection::btree_set(0..6_i32, 0..3), prop::collection::btree_set(0..6_i32, 0..3)), 0..12),
        ) {
            let name = |n: &i32| n.to_string();
            let all: Vec<Due> = (0..).zip(&shapes).map(|(id, (place, refreshes, reads))| Due {
                id,
                name: format!("{id:03}"),
                place: *place,
                refreshes: refreshes.iter().map(name).collect(),
                // Only of segments with a lower number: no circle.
                reads: reads.iter().filter(|n| refreshes.iter().all(|r| *n < r)).map(name).collect(),
            }).collect();
            let sorted = ids(&all);
            prop_assert_eq!(sorted.iter().copied().collect::<BTreeSet<_>>(), all.iter().map(|one| one.id).collect::<BTreeSet<_>>());
            let mut turned = all.clone();
            turned.reverse();
            prop_assert_eq!(&ids(&turned), &sorted);
            let at = |id: i32| sorted.iter().position(|other| *other == id);
            for reader in all.iter().filter(|one| !one.refreshes.is_empty()) {
                for other in all.iter().filter(|one| one.id != reader.id) {
                    if !other.refreshes.is_disjoint(&reader.reads) {
                        prop_assert!(at(other.id) < at(reader.id));
                    }
                }
            }
        }
    }
}
