//! Which of many names are alike: a join of two lists of names by the share of trigrams that they have in common, which is
//! pg_trgm's similarity().
//!
//! Comparing each with each would be 100 000 000 000 comparisons for 100 000 names against 1 000 000. Two sets of which a
//! share t of all is common must have one in common of the first few of each, where "first" is by any order of all trigrams
//! (Chaudhuri, Ganti and Kaushik 2006; Bayardo, Ma and Srikant 2007), and lists are short where that order is: the rarest
//! first. So a name is looked for among those with the same rare trigrams only, and yet none that is alike is left out:
//! the tests compare with every pair. Sizes that are too different, and a word of 64 bits for each set, rule most of the
//! rest out before sets are compared.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::trigrams::{Bits, Spread, bits, collect, differing, folded};

/// Thresholds are in thousandths.
const WHOLE: usize = 1000;
/// So many names are looked at together.
const BATCH: usize = 1 << 16;
/// The least threshold: below it, everything is like everything.
pub const LEAST: u32 = 300;

/// A name that is alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alike {
    /// Which of the names that were offered.
    pub other: u32,
    /// Trigrams in common.
    pub common: u32,
    /// Trigrams of either.
    pub all: u32,
}

impl Alike {
    /// What pg_trgm's similarity() is: 1 = the same.
    pub fn score(&self) -> f64 {
        f64::from(self.common) / f64::from(self.all)
    }

    /// The larger score first, then the one that was offered first.
    fn before(&self, other: &Alike) -> bool {
        let (mine, theirs) = (
            u64::from(self.common) * u64::from(other.all),
            u64::from(other.common) * u64::from(self.all),
        );
        (theirs, self.other) < (mine, other.other)
    }
}

/// A name with one of its first trigrams.
#[derive(Clone, Copy)]
struct Posting {
    /// Its bits in one word.
    bits: u64,
    name: u32,
    /// How many trigrams it has.
    size: u32,
}

/// Names that others are looked for.
pub struct Wanted {
    threshold: usize,
    most: usize,
    /// By trigram, its number: the rarest first.
    order: HashMap<u64, u32, BuildHasherDefault<Spread>>,
    /// The names that have a trigram among their first ones: by its number, by its place among them, by size.
    postings: Vec<Posting>,
    /// Where those of each number and place begin; one more at the end.
    starts: Vec<u32>,
    /// How many places there are.
    places: usize,
    /// By name, its trigrams' numbers, ascending, each name's behind those of the one before.
    sets: Vec<u32>,
    /// By name, where they begin; one more at the end.
    set_starts: Vec<usize>,
    /// By name, its bits.
    bits: Vec<Bits>,
    /// By name, the best that were offered, the best first.
    found: Vec<Vec<Alike>>,
    /// Names that were offered and have not been looked at.
    batch: Batch,
    trigrams: Vec<u64>,
    /// By size of what is offered, what sizes can be like it.
    needs: Vec<Option<Needs>>,
}

/// Offered names, kept until there are many: looked at in the order of their trigrams, all that have the same rare one find
/// the same list, and it is still where the processor is quickest.
#[derive(Default)]
struct Batch {
    first: u32,
    bits: Vec<Bits>,
    /// As for the names that are wanted; trigrams that none of them has are left out.
    sets: Vec<u32>,
    set_starts: Vec<usize>,
    sizes: Vec<u32>,
    /// Number, place, and which name, to be sorted.
    probes: Vec<(u32, u32, u32)>,
}

/// What a set of one size needs to be like sets of other sizes.
#[derive(Clone)]
struct Needs {
    /// The least size that can be alike.
    smallest: usize,
    /// By size from the smallest: how many trigrams must be common.
    common: Vec<u32>,
    /// By size from the smallest: by how many bits they may differ.
    differ: Vec<u32>,
    /// By place of the first common trigram in the set that is looked for: from which size on it can be there.
    from: Vec<u32>,
    /// By place of the first common trigram in the set that is offered: up to which size it can be there.
    to: Vec<u32>,
}

impl Wanted {
    /// Looks for those that are alike to these names: with at least `threshold` thousandths in common, and at most `most` for
    /// each.
    pub fn new<T: AsRef<str>>(names: &[T], threshold: u32, most: usize) -> Wanted {
        let threshold = threshold.clamp(LEAST, 1000) as usize;
        let mut trigrams = Vec::new();
        let mut counts: HashMap<u64, u32, BuildHasherDefault<Spread>> = HashMap::default();
        let mut all: Vec<u64> = Vec::new();
        let mut set_starts = vec![0];
        for name in names {
            collect(name.as_ref(), &mut trigrams);
            for trigram in &trigrams {
                *counts.entry(*trigram).or_default() += 1;
            }
            all.extend(&trigrams);
            set_starts.push(all.len());
        }
        let mut rarest: Vec<(u32, u64)> = counts.into_iter().map(|(trigram, count)| (count, trigram)).collect();
        rarest.sort_unstable();
        let mut wanted = Wanted {
            threshold,
            most,
            order: rarest.iter().map(|(_, trigram)| *trigram).zip(0..).collect(),
            postings: Vec::new(),
            starts: Vec::new(),
            places: 0,
            sets: Vec::with_capacity(all.len()),
            found: vec![Vec::new(); names.len()],
            batch: Batch::default(),
            trigrams,
            needs: Vec::new(),
            set_starts,
            bits: Vec::with_capacity(names.len()),
        };
        // With number and place, to be sorted by them.
        let mut postings: Vec<(u32, u32, Posting)> = Vec::new();
        for (ends, name) in wanted.set_starts.windows(2).zip(0..) {
            let &[from, to] = ends else { continue };
            let set = all.get(from..to).unwrap_or_default();
            let start = wanted.sets.len();
            wanted
                .sets
                .extend(set.iter().filter_map(|trigram| wanted.order.get(trigram)));
            let numbers = wanted.sets.get_mut(start..).unwrap_or_default();
            numbers.sort_unstable();
            let bits = bits(set);
            wanted.bits.push(bits);
            let posting = Posting {
                bits: folded(&bits),
                name,
                size: set.len() as u32,
            };
            let first = set.len() + 1 - least(set.len(), threshold);
            wanted.places = wanted.places.max(first);
            let firsts = numbers.iter().take(first).zip(0..);
            postings.extend(firsts.map(|(number, place)| (*number, place, posting)));
        }
        postings.sort_unstable_by_key(|(number, place, posting)| (*number, *place, posting.size, posting.name));
        let mut at = 0;
        for list in 0..=rarest.len() * wanted.places {
            wanted.starts.push(at as u32);
            let here =
                |(number, place, _): &&(u32, u32, Posting)| *number as usize * wanted.places + *place as usize == list;
            at += postings.iter().skip(at).take_while(here).count();
        }
        wanted.postings = postings.into_iter().map(|(.., posting)| posting).collect();
        wanted
    }

    /// Compares the next name with all that may be like it. Of those that are equally alike the ones offered first are kept.
    pub fn offer(&mut self, name: &str) {
        collect(name, &mut self.trigrams);
        let size = self.trigrams.len();
        if self.needs.len() <= size {
            self.needs.resize(size + 1, None);
        }
        if let Some(needs) = self.needs.get_mut(size) {
            needs.get_or_insert_with(|| Needs::new(size, self.threshold));
        }
        let batch = &mut self.batch;
        let start = batch.sets.len();
        let known = self.trigrams.iter().filter_map(|trigram| self.order.get(trigram));
        batch.sets.extend(known);
        let numbers = batch.sets.get_mut(start..).unwrap_or_default();
        numbers.sort_unstable();
        // Those that no name has are the rarest of all.
        let unknown = size - numbers.len();
        let places = unknown..(size + 1).saturating_sub(least(size, self.threshold));
        let which = batch.sizes.len() as u32;
        let probes = numbers.iter().zip(places);
        batch
            .probes
            .extend(probes.map(|(number, place)| (*number, place as u32, which)));
        batch.set_starts.push(start);
        batch.sizes.push(size as u32);
        batch.bits.push(bits(&self.trigrams));
        if batch.sizes.len() == BATCH {
            self.settle();
        }
    }

    fn settle(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        batch.set_starts.push(batch.sets.len());
        batch.probes.sort_unstable();
        for (number, place, which) in &batch.probes {
            let at = *which as usize;
            let (Some(size), Some(bits)) = (batch.sizes.get(at), batch.bits.get(at)) else {
                continue;
            };
            let Some(needs) = self.needs.get(*size as usize).and_then(Option::as_ref) else {
                continue;
            };
            let word = folded(bits);
            let Some(to) = needs.to.get(*place as usize) else {
                continue;
            };
            let theirs = slice(&batch.sets, &batch.set_starts, at);
            let lists = *number as usize * self.places;
            let starts = self.starts.get(lists..=lists + self.places).unwrap_or_default();
            for (ends, from) in starts.windows(2).zip(&needs.from) {
                let &[start, end] = ends else { continue };
                let list = self.postings.get(start as usize..end as usize).unwrap_or_default();
                let first = list.partition_point(|posting| posting.size < *from);
                for posting in list.iter().skip(first) {
                    if posting.size > *to {
                        break;
                    }
                    let nth = posting.size as usize - needs.smallest;
                    let (Some(differ), Some(needed)) = (needs.differ.get(nth), needs.common.get(nth)) else {
                        break;
                    };
                    if (posting.bits ^ word).count_ones() > *differ {
                        continue;
                    }
                    let name = posting.name as usize;
                    if self.bits.get(name).is_none_or(|mine| differing(mine, bits) > *differ) {
                        continue;
                    }
                    let common = common(slice(&self.sets, &self.set_starts, name), theirs, *number);
                    if common < *needed {
                        continue;
                    }
                    let alike = Alike {
                        other: batch.first + which,
                        common,
                        all: posting.size + size - common,
                    };
                    if let Some(found) = self.found.get_mut(name) {
                        keep(found, alike, self.most);
                    }
                }
            }
        }
        self.batch.first = batch.first + batch.sizes.len() as u32;
    }

    /// By name, the best that were offered, the best first.
    pub fn found(mut self) -> Vec<Vec<Alike>> {
        self.settle();
        self.found
    }
}

fn slice<'a>(sets: &'a [u32], starts: &[usize], at: usize) -> &'a [u32] {
    let ends = (starts.get(at), starts.get(at + 1));
    let (Some(from), Some(to)) = ends else { return &[] };
    sets.get(*from..*to).unwrap_or_default()
}

/// The least size of another set that is like one of this size; and so many are common then.
fn least(size: usize, threshold: usize) -> usize {
    (size * threshold).div_ceil(WHOLE).max(1)
}

impl Needs {
    fn new(size: usize, threshold: usize) -> Needs {
        let smallest = least(size, threshold);
        let sizes = smallest..=size * WHOLE / threshold;
        // common / (theirs + size - common) >= threshold.
        let common: Vec<usize> = sizes
            .map(|theirs| ((theirs + size) * threshold).div_ceil(WHOLE + threshold))
            .collect();
        // If the first common one is at some place, only those from there on can be common.
        let sizes = || (smallest..).zip(&common);
        let from = |place: usize| {
            sizes()
                .find(|(theirs, common)| theirs - *common >= place)
                .map(|(theirs, _)| theirs as u32)
        };
        let to = |place: usize| {
            sizes()
                .filter(|(_, common)| size - place >= **common)
                .last()
                .map(|(theirs, _)| theirs as u32)
        };
        Needs {
            smallest,
            differ: sizes()
                .map(|(theirs, common)| (theirs + size - 2 * common) as u32)
                .collect(),
            from: (0..).map_while(from).collect(),
            to: (0..size).map_while(to).collect(),
            common: common.into_iter().map(|common| common as u32).collect(),
        }
    }
}

fn keep(found: &mut Vec<Alike>, alike: Alike, most: usize) {
    let at = found.partition_point(|known| known.before(&alike));
    if at < most {
        found.truncate(most - 1);
        found.insert(at, alike);
    }
}

/// How many numbers two ascending lists have in common, if `first` is the first of them; else none.
fn common(one: &[u32], other: &[u32], first: u32) -> u32 {
    let (mut one, mut other) = (one.iter(), other.iter());
    let (mut mine, mut theirs) = (one.next(), other.next());
    let mut count = 0;
    while let (Some(a), Some(b)) = (mine, theirs) {
        if a == b {
            if count == 0 && *a != first {
                return 0;
            }
            count += 1;
        }
        let next = (a <= b, b <= a);
        if next.0 {
            mine = one.next();
        }
        if next.1 {
            theirs = other.next();
        }
    }
    count
}
