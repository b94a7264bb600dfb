//! Trigrams of names as pg_trgm has them, and what is kept of a set of them to rule out quickly what differs too much.

use std::hash::Hasher;

/// The trigrams of a name, each once: of every word with two spaces before it and one behind, as pg_trgm has them.
pub fn collect(name: &str, trigrams: &mut Vec<u64>) {
    trigrams.clear();
    for word in name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        let (mut first, mut second) = (' ', ' ');
        for third in word.chars().chain([' ']) {
            trigrams.push(u64::from(first) << 42 | u64::from(second) << 21 | u64::from(third));
            (first, second) = (second, third);
        }
    }
    trigrams.sort_unstable();
    trigrams.dedup();
}

/// A bit for each of a set's trigrams: two sets differ at least by as many trigrams as these differ by bits.
pub type Bits = [u64; 4];

/// A set's bits.
pub fn bits(trigrams: &[u64]) -> Bits {
    let mut bits = [0; 4];
    for trigram in trigrams {
        let hash = spread(*trigram);
        bits[(hash >> 56) as usize & 3] |= 1 << (hash >> 58);
    }
    bits
}

/// The same in one word.
pub fn folded(bits: &Bits) -> u64 {
    bits.iter().fold(0, |all, word| all | word)
}

/// By how many bits they differ.
pub fn differing(one: &Bits, other: &Bits) -> u32 {
    one.iter()
        .zip(other)
        .map(|(one, other)| (one ^ other).count_ones())
        .sum()
}

fn spread(trigram: u64) -> u64 {
    (trigram ^ trigram >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A hash of a trigram: nobody chooses names to make them collide, and there are twenty for each.
#[derive(Default)]
pub struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = spread(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, trigram: u64) {
        self.0 = spread(trigram);
        self.0 ^= self.0 >> 32;
    }
}
