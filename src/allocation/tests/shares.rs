//! What is told of segments is what the run did (X3, X12).

use proptest::prelude::*;

use super::super::{Class, Pool, Strategy as Way, shares};
use super::world::{World, bits, seats, world};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the run: over all segments each member received what the report says, and nobody of a pool by turns is
    /// entitled to a part of what the others received alone.
    #[test]
    fn segments_add_up_to_the_run(world in world()) {
        let report = world.run();
        let told = shares(&world.request(), &report);
        for (pool, after) in (0..).zip(&report.pools) {
            for (seat, after) in (0..).zip(&after.seats) {
                let of_seat = told.iter().filter(|share| (share.pool, share.seat) == (pool, seat));
                prop_assert_eq!(of_seat.map(|share| share.received).sum::<u64>(), after.received);
            }
            let entitled: u64 = told.iter().filter(|s| s.pool == pool).filter_map(|s| s.entitled).sum();
            prop_assert!(entitled <= after.placed * 1_000_000 + 1_000, "{entitled} of {}", after.placed);
        }
    }

    /// With nothing scarce everybody has his part of each segment, rounded down or up.
    #[test]
    fn in_each_segment_everybody_has_his_part(
        weights in prop::collection::vec(1..5_000_u64, 6),
        masks in prop::collection::btree_set(1..64_u32, 1..5),
        picks in prop::collection::vec(0..4_usize, 1..150),
    ) {
        let masks: Vec<u32> = masks.into_iter().collect();
        let mut world = World::of(Pool::new(Way::Turns, seats(&weights)), picks.len());
        let numbers: Vec<u32> = masks.iter().map(|&mask| {
            let set = Some(world.eligibility.set(bits(mask)));
            world.eligibility.class(Class { set, ..Class::default() })
        }).collect();
        world.class_of = picks.iter().map(|&pick| numbers[pick % numbers.len()]).collect();
        let told = shares(&world.request(), &world.run());
        for &mask in &masks {
            let records = picks.iter().filter(|&&pick| masks[pick % masks.len()] == mask).count() as u64;
            let of_mask: Vec<_> = told.iter().filter(|share| share.segment == bits(mask)).collect();
            prop_assert_eq!(of_mask.len(), if records == 0 { 0 } else { bits(mask).len() });
            prop_assert_eq!(of_mask.iter().map(|share| share.received).sum::<u64>(), records);
            let total: u64 = bits(mask).iter().map(|&rep| weights[rep as usize]).sum();
            for share in of_mask {
                let exact = (records * weights[share.seat as usize]) as f64 * 1e6 / total as f64;
                let entitled = share.entitled.unwrap();
                prop_assert!((entitled as f64 - exact).abs() < 1.0, "{entitled} {exact}");
                prop_assert!((share.received * 1_000_000).abs_diff(entitled) < 1_000_001);
            }
        }
    }
}
