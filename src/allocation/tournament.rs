//! A tournament over all contenders of a pool that knows for how long each of its results holds.
//!
//! Nothing changes about two contenders between the instants at which one is released, or one claim overtakes the other,
//! so each match carries the first step at which it must be played again, and the tree the earliest of them (a kinetic
//! tournament). A turn then costs O(log R) matches, whatever the weights, rather than a look at every member.

use super::contender::{Contender, NEVER, Rule};

/// The result of one match and of all matches that led to it.
#[derive(Debug, Clone, Copy)]
struct Match {
    winner: u32,
    /// The first step at which this match or one below must be played again.
    until: i64,
}

/// The tree of matches, played by one rule.
#[derive(Debug, Clone)]
pub(super) struct Tournament {
    rule: Rule,
    /// Node 1 is the final; the matches of node n are those of 2n and 2n + 1; the last half are the contenders.
    tree: Vec<Match>,
}

impl Tournament {
    /// Plays all matches at step `t`. Contenders are in the order that decides what is otherwise equal.
    pub fn new(rule: Rule, contenders: &[Contender], t: i64) -> Tournament {
        let leaf = |winner| Match { winner, until: NEVER };
        let mut tree = vec![leaf(0); contenders.len()];
        tree.extend((0_u32..).take(contenders.len()).map(leaf));
        let mut tournament = Tournament { rule, tree };
        for node in (1..contenders.len()).rev() {
            tournament.play(node, contenders, t);
        }
        tournament
    }

    /// Who wins at step `t`; steps only go up. None when there are no contenders.
    pub fn winner(&mut self, contenders: &[Contender], t: i64) -> Option<usize> {
        self.refresh(1, contenders, t);
        self.tree.get(1).map(|root| root.winner as usize)
    }

    /// Plays again the matches of one contender, which has changed, for step `t`.
    pub fn changed(&mut self, contender: usize, contenders: &[Contender], t: i64) {
        let mut node = (contender + contenders.len()) / 2;
        while node > 0 {
            self.play(node, contenders, t);
            node /= 2;
        }
    }

    fn refresh(&mut self, node: usize, contenders: &[Contender], t: i64) {
        // A contender itself never expires, so this ends at the leaves.
        if self.tree.get(node).is_some_and(|m| m.until <= t) {
            self.refresh(2 * node, contenders, t);
            self.refresh(2 * node + 1, contenders, t);
            self.play(node, contenders, t);
        }
    }

    fn play(&mut self, node: usize, contenders: &[Contender], t: i64) {
        let (left, right) = (self.tree[2 * node], self.tree[2 * node + 1]);
        let (a, b) = if left.winner <= right.winner {
            (left.winner, right.winner)
        } else {
            (right.winner, left.winner)
        };
        let (first, until) = self.rule.first(&contenders[a as usize], &contenders[b as usize], t);
        self.tree[node] = Match {
            winner: if first { a } else { b },
            until: until.min(left.until).min(right.until),
        };
    }
}
