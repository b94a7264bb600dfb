//! Keys that are asked for one by one, millions of times.

/// Keys that are numbers, found in a step or two: the span from the least to the greatest is cut into about as many places as
/// there are keys, and of each place it is known which keys lie in it. Keys that lie closely together cost more steps, at
/// worst those of a search among all.
#[derive(Debug, Default)]
pub struct Set {
    keys: Vec<u128>,
    least: u128,
    /// A place has so many bits.
    shift: u32,
    /// Where the keys of each place begin, and behind the last where they end.
    begins: Vec<u32>,
}

impl Set {
    /// Of keys that are in order, each once.
    pub fn of(keys: Vec<u128>) -> Self {
        let (Some(&least), Some(&most)) = (keys.first(), keys.last()) else {
            return Self::default();
        };
        let bits = |number: u128| 128 - number.leading_zeros();
        let shift = bits(most - least).saturating_sub(bits(keys.len() as u128));
        let last = ((most - least) >> shift) as usize;
        let mut begins = vec![0_u32; last + 2];
        for key in &keys {
            if let Some(count) = begins.get_mut(((key - least) >> shift) as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for begin in &mut begins {
            sum += *begin;
            *begin = sum;
        }
        Self {
            keys,
            least,
            shift,
            begins,
        }
    }

    /// Whether it has this key.
    pub fn has(&self, key: u128) -> bool {
        let Some(place) = key
            .checked_sub(self.least)
            .and_then(|offset| usize::try_from(offset >> self.shift).ok())
        else {
            return false;
        };
        match self.begins.get(place..).and_then(|begins| begins.get(..2)) {
            Some(&[from, to]) => self
                .keys
                .get(from as usize..to as usize)
                .is_some_and(|keys| keys.binary_search(&key).is_ok()),
            _ => false,
        }
    }
}
