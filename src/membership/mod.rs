//! Who joined and who left: the keys of a segment's members as they were and as they are, compared. And whole numbers packed,
//! so that the keys of a million members are a value of a megabyte, which is read at once.

use std::collections::HashSet;

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

/// Numbers in order, each once: as they come from a table they often are.
pub fn in_order(mut numbers: Vec<i64>) -> Vec<i64> {
    if !numbers.is_sorted_by(|one, next| one < next) {
        // Finds the runs that are in order; a table is mostly read in that of its keys.
        numbers.sort();
        numbers.dedup();
    }
    numbers
}

/// What has changed between two lists, both in order and each key once.
pub fn changes(was: &[i64], is: &[i64]) -> Changes<i64> {
    let (mut joined, mut left) = (Vec::new(), Vec::new());
    let (mut was, mut is) = (was.iter().peekable(), is.iter().peekable());
    loop {
        match (was.peek(), is.peek()) {
            (Some(old), Some(new)) if old == new => {
                was.next();
                is.next();
            }
            (Some(old), Some(new)) if old > new => joined.extend(is.next()),
            (Some(_), _) => left.extend(was.next()),
            (None, Some(_)) => joined.extend(is.next()),
            (None, None) => return Changes { joined, left },
        }
    }
}

/// What has changed between two lists in any order.
pub fn changes_of_texts(was: Vec<String>, is: Vec<String>) -> Changes<String> {
    let mut left: HashSet<String> = was.into_iter().collect();
    let mut stayed: HashSet<String> = HashSet::with_capacity(left.len());
    let mut joined = HashSet::new();
    for key in is {
        match left.take(&key) {
            Some(key) => {
                stayed.insert(key);
            }
            None if stayed.contains(&key) => {}
            None => {
                joined.insert(key);
            }
        }
    }
    let sorted = |keys: HashSet<String>| {
        let mut keys: Vec<String> = keys.into_iter().collect();
        keys.sort_unstable();
        keys
    };
    Changes {
        joined: sorted(joined),
        left: sorted(left),
    }
}

/// Numbers in order, each once, as bytes: the first, then how far each is from the one before it, seven bits a byte.
pub fn pack(numbers: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.len() + 10);
    let mut before = i64::MIN;
    for number in numbers {
        let mut step = number.wrapping_sub(before).cast_unsigned();
        while step >= 0x80 {
            bytes.push((step & 0x7f) as u8 | 0x80);
            step >>= 7;
        }
        bytes.push(step as u8);
        before = *number;
    }
    bytes
}

/// What was packed; none where that was something else.
pub fn unpack(bytes: &[u8]) -> Option<Vec<i64>> {
    let mut numbers = Vec::with_capacity(bytes.len());
    let (mut before, mut step, mut shift) = (i64::MIN, 0_u64, 0);
    for byte in bytes {
        let bits = u64::from(byte & 0x7f);
        if shift > 63 || shift == 63 && bits > 1 {
            return None;
        }
        step |= bits << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            // Only the first can be the least of all numbers, and so no step.
            if step == 0 && !numbers.is_empty() {
                return None;
            }
            before = before.checked_add_unsigned(step)?;
            numbers.push(before);
            (step, shift) = (0, 0);
        }
    }
    (shift == 0).then_some(numbers)
}

#[cfg(test)]
mod tests;
