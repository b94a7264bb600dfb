//! Dealing a class: exact at every prefix (X3, X12).

use proptest::prelude::*;

use super::super::interleave::interleaved;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Everybody has exactly his number, and after every slot is within less than one of his part of those dealt.
    #[test]
    fn everybody_is_within_one_of_his_part_at_every_prefix(
        shares in prop::collection::vec(prop_oneof![0..4_u32, 0..60_u32, 0..2_000_u32], 1..40),
    ) {
        let all: u64 = shares.iter().copied().map(u64::from).sum();
        let dealt = interleaved(&shares);
        prop_assert_eq!(dealt.len() as u64, all);
        let mut have = vec![0_u64; shares.len()];
        for (before, &who) in (0..).zip(&dealt) {
            let slots: u64 = before + 1;
            have[who as usize] += 1;
            for (&have, &share) in have.iter().zip(&shares) {
                prop_assert!((have * all).abs_diff(slots * u64::from(share)) < all, "{have} of {share} after {slots} of {all}");
            }
        }
        prop_assert_eq!(have, shares.iter().copied().map(u64::from).collect::<Vec<_>>());
    }
}

#[test]
fn the_lower_index_goes_first_in_a_tie() {
    assert_eq!(interleaved(&[1, 1, 1]), [0, 1, 2]);
    assert_eq!(interleaved(&[2, 1]), [0, 1, 0]);
    assert_eq!(interleaved(&[0, 3]), [1, 1, 1]);
    assert!(interleaved(&[0, 0]).is_empty());
}
