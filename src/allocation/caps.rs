//! Caps: how many records reps may still take, and who is full.
//!
//! A cap row of the caller's is one counter here: what is left of its limit (limit less used, in its window) for the
//! reps it covers together. A cap per rep covers one, a team's covers all its members; one that belongs to a
//! distribution rule counts what comes through that pool only. Caps stack: a rep may take what the least of its caps
//! leaves. As one counter may be shared, every record that is given is counted at once, whatever strategy gives it, so a
//! cap is never passed in a run. (Concurrent runs are kept apart by the caller's locks.)

use serde::{Deserialize, Serialize};

/// One cap row, as it stands when the run begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Records that may still be given.
    pub left: u64,
    /// To whom: indexes into the run's dictionary of reps, which share what is left.
    pub reps: Vec<u32>,
    /// Counts only what comes through this pool; None = whatever comes to the reps.
    pub pool: Option<u32>,
}

/// What is left of all caps of a run.
#[derive(Debug, Clone)]
pub(super) struct Room {
    left: Vec<u64>,
    /// By rep, where its caps begin in `of_rep`; one more entry than reps.
    starts: Vec<usize>,
    /// Index of the cap, and the pool it is for.
    of_rep: Vec<(usize, Option<u32>)>,
    /// Caps that were used up since this was last asked.
    emptied: Vec<usize>,
}

impl Room {
    /// The caps of a run with so many reps; reps beyond that are ignored, they cannot receive.
    pub fn new(caps: &[Cap], reps: usize) -> Room {
        let mut of_rep: Vec<(u32, usize, Option<u32>)> = Vec::new();
        for (index, cap) in caps.iter().enumerate() {
            let covered = cap.reps.iter().filter(|&&rep| (rep as usize) < reps);
            of_rep.extend(covered.map(|&rep| (rep, index, cap.pool)));
        }
        of_rep.sort_unstable();
        // Named twice in a row, a rep is covered once.
        of_rep.dedup();
        let start = |rep: usize| of_rep.partition_point(|&(of, ..)| (of as usize) < rep);
        Room {
            left: caps.iter().map(|cap| cap.left).collect(),
            starts: (0..=reps).map(start).collect(),
            of_rep: of_rep.iter().map(|&(_, cap, pool)| (cap, pool)).collect(),
            emptied: Vec::new(),
        }
    }

    /// The caps that count what a rep receives through a pool (None: as a destination named directly).
    pub fn over(&self, rep: u32, pool: Option<u32>) -> impl Iterator<Item = usize> + '_ {
        let rep = rep as usize;
        let range = match (self.starts.get(rep), self.starts.get(rep + 1)) {
            (Some(&start), Some(&end)) => start..end,
            _ => 0..0,
        };
        let counts = move |&&(_, of): &&(usize, Option<u32>)| of.is_none() || of == pool;
        self.of_rep[range].iter().filter(counts).map(|&(cap, _)| cap)
    }

    /// The first cap by which a rep is full.
    pub fn full(&self, rep: u32, pool: Option<u32>) -> Option<usize> {
        self.over(rep, pool).find(|&cap| self.left[cap] == 0)
    }

    /// What is left of a cap.
    pub fn left_of(&self, cap: usize) -> u64 {
        self.left[cap]
    }

    /// A rep, who is not full, receives one.
    pub fn take(&mut self, rep: u32, pool: Option<u32>) {
        let rep = rep as usize;
        let Some((&start, &end)) = self.starts.get(rep).zip(self.starts.get(rep + 1)) else {
            return;
        };
        for &(cap, of) in &self.of_rep[start..end] {
            if of.is_none() || of == pool {
                self.left[cap] = self.left[cap].saturating_sub(1);
                if self.left[cap] == 0 {
                    self.emptied.push(cap);
                }
            }
        }
    }

    /// A cap that has been used up and not been told of yet.
    pub fn emptied(&mut self) -> Option<usize> {
        self.emptied.pop()
    }

    /// What is left of each cap.
    pub fn into_left(self) -> Vec<u64> {
        self.left
    }
}
