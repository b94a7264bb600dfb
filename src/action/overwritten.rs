//! What an UPDATE overwrites, noted by the UPDATE itself: `dist._overwrites(key, values)` stands in it and is called once for
//! each row that it writes. So a mass edit reads each row once, and keeps just the values that it has overwritten.
//!
//! Where it is called for a row that is not written after all (somebody else has changed it meanwhile, a trigger holds it
//! back), there are more notes than rows, and whoever asked does it otherwise (see [`edit`](super::edit)).

use std::cell::RefCell;

/// Texts one after the other.
#[derive(Default)]
struct Texts {
    bytes: String,
    /// Where each ends; none = null.
    ends: Vec<Option<usize>>,
}

impl Texts {
    fn push(&mut self, text: Option<&str>) {
        self.ends.push(text.map(|text| {
            self.bytes.push_str(text);
            self.bytes.len()
        }));
    }

    fn last(&self) -> Option<&str> {
        let (end, before) = self.ends.split_last()?;
        let start = before.iter().rev().flatten().next().copied().unwrap_or(0);
        self.bytes.get(start..(*end)?)
    }

    fn all(&self) -> Vec<Option<&str>> {
        let mut start = 0;
        let text = |end: &Option<usize>| {
            let end = (*end)?;
            let text = self.bytes.get(start..end);
            start = end;
            text
        };
        self.ends.iter().map(text).collect()
    }
}

/// What has been noted.
#[derive(Default)]
pub struct Noted {
    keys: Texts,
    /// For each field.
    before: Vec<Texts>,
}

impl Noted {
    /// How many rows.
    pub const fn len(&self) -> usize {
        self.keys.ends.len()
    }

    /// Their keys.
    pub fn keys(&self) -> Vec<Option<&str>> {
        self.keys.all()
    }

    /// What each had in a field.
    pub fn before(&self, field: usize) -> Vec<Option<&str>> {
        self.before.get(field).map(Texts::all).unwrap_or_default()
    }
}

thread_local! {
    static LAST_KEY: RefCell<Option<String>> = const { RefCell::new(None) };
    static NOTED: RefCell<Option<Noted>> = const { RefCell::new(None) };
}

/// For as long as it lives, what is overwritten is noted; an error that unwinds ends it as well.
pub struct Noting;

impl Noting {
    /// Begins, for so many fields.
    #[must_use]
    pub fn begin(fields: usize) -> Self {
        let before = std::iter::repeat_with(Texts::default).take(fields).collect();
        LAST_KEY.set(None);
        NOTED.set(Some(Noted {
            before,
            ..Noted::default()
        }));
        Self
    }

    /// What has been noted since.
    pub fn take(self) -> Noted {
        NOTED.take().unwrap_or_default()
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        if let Some(noted) = NOTED.take() {
            LAST_KEY.set(noted.keys.last().map(ToOwned::to_owned));
        }
    }
}

/// The row at which what was being noted has ended with an error, forgotten once it is read.
pub fn last_key() -> Option<String> {
    LAST_KEY.take()
}

/// Notes a row that is about to be written; where nobody has begun, nothing.
pub fn note<'a>(key: Option<&str>, before: impl Iterator<Item = Option<&'a str>>) {
    NOTED.with_borrow_mut(|noted| {
        if let Some(noted) = noted {
            noted.keys.push(key);
            for (texts, value) in noted.before.iter_mut().zip(before) {
                texts.push(value);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{Noting, last_key, note};

    #[test]
    fn texts_come_back_as_they_were() {
        note(Some("unheard"), [None].into_iter());
        let noting = Noting::begin(2);
        note(Some("1"), [Some("a"), None].into_iter());
        note(Some("22"), [Some(""), Some("été")].into_iter());
        let noted = noting.take();
        assert_eq!(noted.len(), 2);
        assert_eq!(noted.keys(), [Some("1"), Some("22")]);
        assert_eq!(noted.before(0), [Some("a"), Some("")]);
        assert_eq!(noted.before(1), [None, Some("été")]);
        note(Some("late"), [None].into_iter());
        assert_eq!(Noting::begin(1).take().len(), 0);
        let noting = Noting::begin(0);
        note(Some("1"), std::iter::empty());
        note(Some("22"), std::iter::empty());
        drop(noting);
        assert_eq!(last_key().as_deref(), Some("22"));
        assert_eq!(last_key(), None);
    }
}
