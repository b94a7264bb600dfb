//! Whole numbers dealt out evenly: who takes the k-th of a class's records, where it is settled how many each takes.
//!
//! The k-th of x out of n lies between slots floor((k-1) n/x) and ceil(k n/x) - 1; wherever in them each is put, after every slot
//! everybody has been dealt within less than one of t x/n. There is always such a table, and giving each slot to whoever of
//! those who may have it must have it first finds one (Steiner and Yeomans 1993). Unlike in `turns`, nothing is kept and nobody
//! comes or goes, so instants are small numbers that lie in buckets, and one slot costs O(log R) at the worst.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Where the windows of one contender lie.
struct Windows {
    /// n / x, and what remains.
    stride: (u32, u32),
    /// k n / x, and what remains.
    end: (u32, u32),
    share: u32,
}

impl Windows {
    fn new(all: u32, share: u32) -> Windows {
        let stride = (all / share, all % share);
        Windows {
            stride,
            end: stride,
            share,
        }
    }

    /// The slot that the present one must be dealt before.
    fn deadline(&self) -> u32 {
        self.end.0 + u32::from(self.end.1 > 0)
    }

    /// Goes on to the next one; the slot from which on it may be dealt.
    fn next(&mut self) -> u32 {
        let release = self.end.0;
        let rest = u64::from(self.end.1) + u64::from(self.stride.1);
        let over = rest >= u64::from(self.share);
        let rest = if over { rest - u64::from(self.share) } else { rest };
        // Below the share, which is one of these numbers.
        self.end = (release + self.stride.0 + u32::from(over), rest as u32);
        release
    }
}

/// By slot, whose it is: each index as often as its number says. In a tie who may have it for longer goes first, then the lower
/// index.
pub(super) fn interleaved(shares: &[u32]) -> Vec<u32> {
    const NOBODY: u32 = u32::MAX;
    let all: u32 = shares.iter().sum();
    let mut windows: Vec<Windows> = Vec::with_capacity(shares.len());
    let mut line = BinaryHeap::with_capacity(shares.len());
    for (&share, who) in shares.iter().zip(0..) {
        let of = Windows::new(all, share.max(1));
        if share > 0 {
            line.push(Reverse((of.deadline(), 0, who)));
        }
        windows.push(of);
    }
    // By slot, the first of those who may be dealt one from there on; by contender, who is with it.
    let (mut first, mut with) = (vec![NOBODY; all as usize + 1], vec![NOBODY; shares.len()]);
    let mut dealt = Vec::with_capacity(all as usize);
    for slot in 0..all {
        let mut comes = first[slot as usize];
        while comes != NOBODY {
            line.push(Reverse((windows[comes as usize].deadline(), slot, comes)));
            comes = with[comes as usize];
        }
        let Some(Reverse((.., who))) = line.pop() else { break };
        dealt.push(who);
        let release = windows[who as usize].next().max(slot + 1);
        if release < all {
            with[who as usize] = std::mem::replace(&mut first[release as usize], who);
        }
    }
    dealt
}
