//! Against sets and maps, which know nothing of order (F1).

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{Changes, Kind, Roll, Set, changes, in_order, integer, pack, unpack};

fn by_sets<T: Ord + Clone>(was: &[T], is: &[T]) -> Changes<T> {
    let (was, is): (BTreeSet<T>, BTreeSet<T>) = (was.iter().cloned().collect(), is.iter().cloned().collect());
    Changes {
        joined: is.difference(&was).cloned().collect(),
        left: was.difference(&is).cloned().collect(),
    }
}

/// Near each other, so that lists overlap, or anywhere.
fn key() -> impl Strategy<Value = u128> {
    prop_oneof![
        6 => 0..40_u128,
        2 => (-20..20_i64).prop_map(integer),
        1 => any::<u128>(),
        1 => prop::sample::select(vec![0, 1, u128::MAX - 1, u128::MAX, integer(i64::MIN), integer(i64::MAX)]),
    ]
}

fn keys() -> impl Strategy<Value = Vec<u128>> {
    prop::collection::vec(key(), 0..40)
}

proptest! {
    #[test]
    fn lists_are_compared_as_sets(was in keys(), is in keys()) {
        let told = changes(&in_order(was.clone()), &in_order(is.clone()));
        prop_assert_eq!(told, by_sets(&was, &is));
    }

    #[test]
    fn texts_are_compared_as_sets(was in prop::collection::vec("[ab]{0,3}", 0..20), is in prop::collection::vec("[ab]{0,3}", 0..20)) {
        let told = changes(&in_order(was.clone()), &in_order(is.clone()));
        prop_assert_eq!(told, by_sets(&was, &is));
    }

    /// Through any number of refreshes each member has the run that found him when he last joined.
    #[test]
    fn who_stays_keeps_his_run(refreshes in prop::collection::vec(keys(), 1..8)) {
        let (mut roll, mut runs) = (Roll::default(), Vec::new());
        let mut expected: BTreeMap<u128, usize> = BTreeMap::new();
        for (n, found) in refreshes.into_iter().enumerate() {
            let members: BTreeSet<u128> = found.iter().copied().collect();
            expected.retain(|key, _| members.contains(key));
            for key in members {
                expected.entry(key).or_insert(n);
            }
            runs.push(n);
            roll = roll.with(in_order(found), u32::try_from(runs.len() - 1).unwrap_or(0));
            let former = roll.renumber();
            runs = former.iter().filter_map(|place| runs.get(*place as usize).copied()).collect();
            let (keys, places) = roll.pack();
            prop_assert_eq!(Roll::unpack(&keys, &places), Some(roll.clone()));
            let told: BTreeMap<u128, usize> = roll
                .keys
                .iter()
                .zip(&roll.runs)
                .filter_map(|(key, run)| runs.get(*run as usize).map(|run| (*key, *run)))
                .collect();
            prop_assert_eq!(&told, &expected);
            prop_assert_eq!(roll.keys.len(), expected.len());
        }
    }

    /// Whatever the bytes are: nothing, or keys in order.
    #[test]
    fn bytes_of_somebody_else_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..40), runs in prop::collection::vec(any::<u8>(), 0..20)) {
        if let Some(roll) = Roll::unpack(&bytes, &runs) {
            prop_assert!(roll.keys.is_sorted_by(|one, next| one < next));
            prop_assert_eq!(roll.keys.len(), roll.runs.len());
        }
    }

    /// Near each other and far apart, in it and not.
    #[test]
    fn a_set_has_what_it_was_made_of(is in keys(), asked in keys()) {
        let expected: BTreeSet<u128> = is.iter().copied().collect();
        let set = Set::of(in_order(is.clone()));
        for key in is.iter().chain(&asked).flat_map(|key| [key.wrapping_sub(1), *key, key.wrapping_add(1)]) {
            prop_assert_eq!(set.has(key), expected.contains(&key), "{}", key);
        }
    }

    #[test]
    fn keys_in_any_order_come_back(keys in keys(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        prop_assert_eq!(unpack(&pack(&keys)), Some(keys));
        // Whatever the bytes are.
        let _ = unpack(&bytes);
    }

    #[test]
    fn a_key_is_read_as_it_was_written(key in key(), number in any::<i64>()) {
        prop_assert_eq!(Kind::Uuid.parse(&Kind::Uuid.text(key)), Some(key));
        prop_assert_eq!(Kind::Integer.parse(&number.to_string()), Some(integer(number)));
    }

    #[test]
    fn whole_numbers_keep_their_order_and_text(one in any::<i64>(), other in any::<i64>()) {
        prop_assert_eq!(integer(one).cmp(&integer(other)), one.cmp(&other));
        prop_assert_eq!(Kind::Integer.text(integer(one)), one.to_string());
    }
}

#[test]
fn a_million_neighbours_take_two_megabytes() {
    let roll = Roll::default().with((1..=1_000_000).map(integer).collect(), 0);
    let (keys, runs) = roll.pack();
    assert!(keys.len() + runs.len() <= 2_000_020);
}

#[test]
fn neighbours_in_order_take_a_byte_each() {
    let keys: Vec<u128> = (1..=1000).map(|n| integer(2 * n)).collect();
    assert!(pack(&keys).len() <= 1010);
}

#[test]
fn what_no_key_is_written_as_is_none() {
    for text in ["", "01", "+1", " 1", "1.0", "9223372036854775808", "one"] {
        assert_eq!(Kind::Integer.parse(text), None, "{text}");
    }
    for text in [
        "",
        "0123",
        "0123456789abcdef0123456789abcdef",
        "01234567-89AB-cdef-0123-456789abcdef",
    ] {
        assert_eq!(Kind::Uuid.parse(text), None, "{text}");
    }
}

#[test]
fn what_is_cut_off_is_not_read() {
    let (keys, runs) = Roll::default().with(vec![1000, 2_000_000], 0).pack();
    assert_eq!(
        Roll::unpack(keys.get(..keys.len() - 1).unwrap_or_default(), &runs),
        None
    );
    assert_eq!(Roll::unpack(&keys, runs.get(..1).unwrap_or_default()), None);
}

#[test]
fn the_same_key_twice_is_not_read() {
    assert_eq!(Roll::unpack(&[5, 0], &[0, 0]), None);
    assert_eq!(Roll::unpack(&[0, 5], &[0, 0]).map(|roll| roll.keys), Some(vec![0, 5]));
}

#[test]
fn a_number_of_more_than_128_bits_is_not_read() {
    let of = |last: u8| [vec![0xff; 18], vec![last]].concat();
    let key = |last| Roll::unpack(&of(last), &[0]).map(|roll| roll.keys);
    assert_eq!(key(3), Some(vec![u128::MAX]));
    assert_eq!(key(4), None);
    assert_eq!(Roll::unpack(&[vec![0x80; 19], vec![1]].concat(), &[0]), None);
}

#[test]
fn neighbours_that_are_alike_are_one() {
    assert_eq!(in_order(vec![1, 1, 2, 2]), vec![1, 2]);
}

#[test]
fn a_uuid_is_written_as_postgresql_writes_it() {
    assert_eq!(
        Kind::Uuid.text(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        "01234567-89ab-cdef-0123-456789abcdef"
    );
    assert_eq!(Kind::Uuid.text(0), "00000000-0000-0000-0000-000000000000");
}
