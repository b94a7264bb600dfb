//! Who joined and who left: the keys of a segment's members as they were and as they are, compared. And keys that are numbers
//! packed, with the run that found each: the members of a segment of a million are a value of a few megabytes, read and
//! written at once. [`Set`] is asked for one key after the other; [`pack`] is for keys in any order.

mod set;

pub use set::Set;

/// What has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes<T> {
    /// Keys that are new, in order.
    pub joined: Vec<T>,
    /// Keys that are not there any more, in order.
    pub left: Vec<T>,
}

impl<T> Changes<T> {
    /// Whether all is as it was.
    pub const fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.left.is_empty()
    }

    /// The same of something else.
    pub fn map<U>(self, one: impl Fn(T) -> U + Copy) -> Changes<U> {
        Changes {
            joined: self.joined.into_iter().map(one).collect(),
            left: self.left.into_iter().map(one).collect(),
        }
    }
}

/// Keys in order, each once: as they come from a table they often are.
pub fn in_order<T: Ord>(mut keys: Vec<T>) -> Vec<T> {
    if !keys.is_sorted_by(|one, next| one < next) {
        // Finds the stretches that are in order; a table is mostly read in that of its keys.
        keys.sort();
        keys.dedup();
    }
    keys
}

/// What has changed between two lists, both in order and each key once.
pub fn changes<T: Ord + Clone>(was: &[T], is: &[T]) -> Changes<T> {
    let (mut joined, mut left) = (Vec::new(), Vec::new());
    let (mut was, mut is) = (was.iter().peekable(), is.iter().peekable());
    loop {
        match (was.peek(), is.peek()) {
            (Some(old), Some(new)) if old == new => {
                was.next();
                is.next();
            }
            (Some(old), Some(new)) if old > new => joined.extend(is.next().cloned()),
            (Some(_), _) => left.extend(was.next().cloned()),
            (None, Some(_)) => joined.extend(is.next().cloned()),
            (None, None) => return Changes { joined, left },
        }
    }
}

/// Keys that are numbers in order, each with the number of the run that found it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roll {
    /// The keys.
    pub keys: Vec<u128>,
    /// For each, its run's place in a list of runs.
    pub runs: Vec<u32>,
}

impl Roll {
    /// The same with these keys for members: who stays keeps his run, who is new has the run `new`.
    pub fn with(&self, keys: Vec<u128>, new: u32) -> Self {
        let mut was = self.keys.iter().zip(&self.runs).peekable();
        let runs = keys
            .iter()
            .map(|key| {
                while was.next_if(|(old, _)| *old < key).is_some() {}
                was.next_if(|(old, _)| *old == key).map_or(new, |(_, run)| *run)
            })
            .collect();
        Self { keys, runs }
    }

    /// Numbers the runs anew, so that only those have a place that found somebody; returns their former places.
    pub fn renumber(&mut self) -> Vec<u32> {
        let mut places = std::collections::BTreeMap::new();
        for run in &self.runs {
            places.entry(*run).or_insert(0);
        }
        let former: Vec<u32> = places.keys().copied().collect();
        for (n, place) in (0..).zip(places.values_mut()) {
            *place = n;
        }
        for run in &mut self.runs {
            *run = places.get(run).copied().unwrap_or(0);
        }
        former
    }

    /// As two lists of bytes: how far each key is from the one before it, and the runs.
    pub fn pack(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut keys, mut runs) = (
            Vec::with_capacity(self.keys.len() + 10),
            Vec::with_capacity(self.runs.len()),
        );
        let mut before = 0;
        for key in &self.keys {
            put(&mut keys, key.wrapping_sub(before));
            before = *key;
        }
        for run in &self.runs {
            put(&mut runs, u128::from(*run));
        }
        (keys, runs)
    }

    /// What was packed; none where that was something else.
    pub fn unpack(keys: &[u8], runs: &[u8]) -> Option<Self> {
        let steps = numbers(keys)?;
        let mut before = 0_u128;
        let mut all = Vec::with_capacity(steps.len());
        for (n, step) in steps.into_iter().enumerate() {
            if n > 0 && step == 0 {
                return None;
            }
            before = before.checked_add(step)?;
            all.push(before);
        }
        let runs: Option<Vec<u32>> = numbers(runs)?.into_iter().map(|run| run.try_into().ok()).collect();
        let runs = runs?;
        (runs.len() == all.len()).then_some(Self { keys: all, runs })
    }
}

/// Keys in any order as bytes: how far each is from the one before it, forwards or backwards.
pub fn pack(keys: &[u128]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(keys.len() + 10);
    let mut before = 0;
    for key in keys {
        let step = key.wrapping_sub(before).cast_signed();
        put(&mut bytes, ((step << 1) ^ (step >> 127)).cast_unsigned());
        before = *key;
    }
    bytes
}

/// What [`pack`] has packed; none where that was something else.
pub fn unpack(bytes: &[u8]) -> Option<Vec<u128>> {
    let mut before = 0_u128;
    let one = |step: u128| {
        before = before.wrapping_add((step >> 1) ^ (step & 1).wrapping_neg());
        before
    };
    Some(numbers(bytes)?.into_iter().map(one).collect())
}

/// Seven bits a byte, the lowest first; the last byte is less than 128.
fn put(bytes: &mut Vec<u8>, mut number: u128) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn numbers(bytes: &[u8]) -> Option<Vec<u128>> {
    let mut numbers = Vec::with_capacity(bytes.len());
    let (mut number, mut shift) = (0_u128, 0);
    for byte in bytes {
        let bits = u128::from(byte & 0x7f);
        if shift > 126 || shift == 126 && bits > 3 {
            return None;
        }
        number |= bits << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            numbers.push(number);
            (number, shift) = (0, 0);
        }
    }
    (shift == 0).then_some(numbers)
}

/// What the keys of an object are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Integer,
    /// UUIDs, which are numbers too.
    Uuid,
}

/// Whole numbers begin at the least that there is.
const LEAST: u64 = i64::MIN.cast_unsigned();

impl Kind {
    /// Of a key column whose type is, below any domain, this; none where they are texts.
    pub fn of_type(base: &str) -> Option<Self> {
        match base {
            "int2" | "int4" | "int8" => Some(Self::Integer),
            "uuid" => Some(Self::Uuid),
            _ => None,
        }
    }

    /// As it is kept.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Uuid => "uuid",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Integer, Self::Uuid].into_iter().find(|kind| kind.name() == name)
    }

    /// The key of that text form; none where no key is written so.
    pub fn parse(self, text: &str) -> Option<u128> {
        let key = match self {
            Self::Integer => integer(text.parse().ok()?),
            Self::Uuid => u128::from_str_radix(&text.replace('-', ""), 16).ok()?,
        };
        (self.text(key) == text).then_some(key)
    }

    /// What the key column is cast to where a function of ours is given keys; to text where they are no numbers.
    pub const fn sql(kind: Option<Self>) -> &'static str {
        match kind {
            Some(Self::Integer) => "bigint",
            Some(Self::Uuid) => "uuid",
            None => "text",
        }
    }

    /// The text form of a key.
    pub fn text(self, key: u128) -> String {
        match self {
            Self::Integer => ((key as u64) ^ LEAST).cast_signed().to_string(),
            Self::Uuid => {
                let hex = format!("{key:032x}");
                let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
                format!(
                    "{}-{}-{}-{}-{}",
                    part(0, 8),
                    part(8, 12),
                    part(12, 16),
                    part(16, 20),
                    part(20, 32)
                )
            }
        }
    }
}

/// A whole number as a key.
pub const fn integer(number: i64) -> u128 {
    (number.cast_unsigned() ^ LEAST) as u128
}

#[cfg(test)]
mod tests;
