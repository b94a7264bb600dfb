//! Records that match what somebody owns (X11): he has them if he may, whatever would become of them else.

use proptest::prelude::*;

use super::super::{Outcome, Recorded, distribute};
use super::world::{World, world};

fn with_matches() -> impl Strategy<Value = World> {
    (world(), prop::collection::vec(-1..6_i32, 60)).prop_map(|(mut world, matched)| {
        world.matched = matched.get(..world.leaves.len()).unwrap_or_default().to_vec();
        world
    })
}

proptest! {
    /// Who matches has it, unless he is not eligible, it was taken from him, or a cap is full; then it goes as without a match.
    /// Caps hold over both, and what was asked is answered alike again.
    #[test]
    fn x11_an_owner_of_what_matches_is_first(world in with_matches()) {
        let report = world.run();
        let mut room: Vec<u64> = world.caps.iter().map(|cap| cap.left).collect();
        for (n, &rep) in report.outcome.rep.iter().enumerate() {
            let diverted = report.outcome.diverted.iter().find(|diverted| diverted.record as usize == n);
            let by_match = diverted.is_some_and(|diverted| diverted.matched);
            prop_assert!(!by_match || rep == world.matched[n] && rep != world.owned[n]);
            if rep != Outcome::LEFT && world.matched[n] >= 0 && rep != world.matched[n] {
                // Not by a match although there is one: he may not have it, at the end at least.
                let who = world.matched[n] as u32;
                let eligibility = &world.eligibility;
                let class = world.class_of.get(n).map(|&class| &eligibility.classes[class as usize]);
                let may = class.is_none_or(|class| eligibility.within(class, who) && !class.bars(who));
                let full = world.caps_over(who, None).any(|cap| report.caps_left[cap] == 0);
                prop_assert!(!may || full, "record {} went to {} and not to {}", n, rep, who);
            }
        }
        for (cap, left) in room.iter_mut().enumerate() {
            *left -= report.caps_left[cap];
            let given = report.outcome.rep.iter().filter(|&&rep| rep >= 0 && world.caps[cap].reps.contains(&(rep as u32))).count();
            prop_assert!(*left <= given as u64);
            prop_assert!(world.caps[cap].pool.is_some() || *left == given as u64);
        }
        let (asked, arrays) = Recorded::of(&world.request());
        let again = asked.again(world.leaves.len(), arrays, distribute).unwrap();
        prop_assert_eq!(again.outcome, report.outcome);
    }

    /// Without matches nothing changes, and whose turn it is does not depend on what was matched.
    #[test]
    fn x11_no_match_is_as_if_none_were_asked_for(mut world in world()) {
        let before = world.run();
        world.matched = vec![-1; world.leaves.len()];
        prop_assert_eq!(world.run(), before);
    }
}
