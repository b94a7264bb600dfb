//! Against sets, which know nothing of order (F1).

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Changes, changes, changes_of_texts, in_order, pack, unpack};

fn by_sets<T: Ord + Clone>(was: &[T], is: &[T]) -> Changes<T> {
    let (was, is): (BTreeSet<T>, BTreeSet<T>) = (was.iter().cloned().collect(), is.iter().cloned().collect());
    Changes {
        joined: is.difference(&was).cloned().collect(),
        left: was.difference(&is).cloned().collect(),
    }
}

/// Near each other, so that lists overlap, or anywhere.
fn key() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => -20..20_i64,
        1 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX]),
    ]
}

proptest! {
    #[test]
    fn numbers_are_compared_as_sets(was in prop::collection::vec(key(), 0..40), is in prop::collection::vec(key(), 0..40)) {
        let told = changes(&in_order(was.clone()), &in_order(is.clone()));
        prop_assert_eq!(told, by_sets(&was, &is));
    }

    #[test]
    fn texts_are_compared_as_sets(was in prop::collection::vec("[ab]{0,3}", 0..20), is in prop::collection::vec("[ab]{0,3}", 0..20)) {
        prop_assert_eq!(changes_of_texts(was.clone(), is.clone()), by_sets(&was, &is));
    }

    #[test]
    fn what_is_packed_is_unpacked(keys in prop::collection::vec(key(), 0..60)) {
        let keys = in_order(keys);
        prop_assert_eq!(unpack(&pack(&keys)), Some(keys));
    }

    /// Whatever the bytes are: nothing, or what packs into the like and is in order.
    #[test]
    fn bytes_of_somebody_else_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Some(keys) = unpack(&bytes) {
            prop_assert!(keys.is_sorted_by(|one, next| one < next));
        }
    }
}

#[test]
fn a_million_neighbours_take_a_megabyte() {
    let keys: Vec<i64> = (1..=1_000_000).collect();
    assert!(pack(&keys).len() <= 1_000_010);
}

#[test]
fn what_is_cut_off_is_not_read() {
    let bytes = pack(&[1000, 2_000_000]);
    let cut = bytes.get(..bytes.len() - 1).unwrap_or_default();
    assert_eq!(unpack(cut), None);
}
