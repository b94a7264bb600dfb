//! What an UPDATE overwrites, noted by the UPDATE itself: `dist._overwrites(key, values)` stands in it and is called once for
//! each row that it writes (`dist._overwrites_also` for each further field). So a mass edit reads each row once, and keeps just the values that it has overwritten.
//!
//! Where it is called for a row that is not written after all (somebody else has changed it meanwhile, a trigger holds it
//! back), there are more notes than rows, and whoever asked does it otherwise (see [`edit`](super::edit)).

use std::cell::RefCell;

use crate::membership::Kind;

/// The key of a row.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    /// A number, of that kind.
    Number(Kind, u128),
    /// The text form of anything else.
    Text(&'a [u8]),
}

/// So many rows with the same text after each other.
pub type Alike<'a> = (Option<&'a [u8]>, usize);

/// Texts in the order of rows. Of those that are alike and stand together there is one: mostly a field that is edited has few
/// values, and often but one.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    /// How long each is, none = null, and for how many rows it stands.
    runs: Vec<(Option<u32>, u32)>,
}

impl Texts {
    fn push(&mut self, text: Option<&[u8]>) {
        let length = text.map(|text| text.len() as u32);
        if let Some((last, rows)) = self.runs.last_mut() {
            let same = *last == length && text.is_none_or(|text| self.bytes.ends_with(text));
            if same && *rows < u32::MAX {
                *rows += 1;
                return;
            }
        }
        self.bytes.extend_from_slice(text.unwrap_or_default());
        self.runs.push((length, 1));
    }

    fn last(&self) -> Option<&[u8]> {
        let length = self.runs.last()?.0? as usize;
        self.bytes.get(self.bytes.len().checked_sub(length)?..)
    }

    fn rows(&self) -> usize {
        self.runs.iter().map(|(_, rows)| *rows as usize).sum()
    }

    /// In chunks of so many rows.
    fn chunks(&self, size: usize) -> Vec<Vec<Alike<'_>>> {
        let (mut chunks, mut chunk, mut room) = (Vec::new(), Vec::new(), size);
        let mut at = 0;
        for (length, rows) in &self.runs {
            let text = length.and_then(|length| {
                let text = self.bytes.get(at..)?.get(..length as usize);
                at += length as usize;
                text
            });
            let mut rows = *rows as usize;
            while rows > 0 {
                let here = rows.min(room);
                chunk.push((text, here));
                rows -= here;
                room -= here;
                if room == 0 {
                    chunks.push(std::mem::take(&mut chunk));
                    room = size;
                }
            }
        }
        if !chunk.is_empty() {
            chunks.push(chunk);
        }
        chunks
    }
}

/// Keys in the order of rows.
enum Keys {
    Numbers(Kind, Vec<u128>),
    Texts(Texts),
}

/// The keys of a chunk.
pub enum Chunk<'a> {
    /// Numbers.
    Numbers(Kind, &'a [u128]),
    /// Their text forms.
    Texts(Vec<Alike<'a>>),
}

/// What has been noted.
pub struct Noted {
    keys: Keys,
    rows: usize,
    /// For each field.
    before: Vec<Texts>,
}

impl Noted {
    /// How many rows.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether each field is noted for each row.
    pub fn is_whole(&self) -> bool {
        self.before.iter().all(|texts| texts.rows() == self.rows)
    }

    /// Their keys, in chunks of so many rows.
    pub fn keys(&self, size: usize) -> Vec<Chunk<'_>> {
        match &self.keys {
            Keys::Numbers(kind, keys) => keys.chunks(size).map(|keys| Chunk::Numbers(*kind, keys)).collect(),
            Keys::Texts(texts) => texts.chunks(size).into_iter().map(Chunk::Texts).collect(),
        }
    }

    /// What each had in a field, in chunks of so many rows.
    pub fn before(&self, field: usize, size: usize) -> Vec<Vec<Alike<'_>>> {
        self.before
            .get(field)
            .map(|texts| texts.chunks(size))
            .unwrap_or_default()
    }

    fn last_key(&self) -> Option<String> {
        match &self.keys {
            Keys::Numbers(kind, keys) => keys.last().map(|key| kind.text(*key)),
            Keys::Texts(texts) => texts.last().map(|key| String::from_utf8_lossy(key).into_owned()),
        }
    }
}

thread_local! {
    static LAST_KEY: RefCell<Option<String>> = const { RefCell::new(None) };
    static NOTED: RefCell<Option<Noted>> = const { RefCell::new(None) };
}

/// For as long as it lives, what is overwritten is noted; an error that unwinds ends it as well.
pub struct Noting;

impl Noting {
    /// Begins, for keys of that kind (none: texts) and so many fields.
    #[must_use]
    pub fn begin(kind: Option<Kind>, fields: usize) -> Self {
        LAST_KEY.set(None);
        NOTED.set(Some(Noted {
            keys: kind.map_or_else(|| Keys::Texts(Texts::default()), |kind| Keys::Numbers(kind, Vec::new())),
            rows: 0,
            before: std::iter::repeat_with(Texts::default).take(fields).collect(),
        }));
        Self
    }

    /// What has been noted since.
    pub fn take(self) -> Option<Noted> {
        NOTED.take()
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        if let Some(noted) = NOTED.take() {
            LAST_KEY.set(noted.last_key());
        }
    }
}

/// The row at which what was being noted has ended with an error, forgotten once it is read.
pub fn last_key() -> Option<String> {
    LAST_KEY.take()
}

/// Notes a row that is about to be written, with what it has in the first field; where nobody has begun, nothing.
pub fn note(key: Key<'_>, before: Option<&[u8]>) {
    NOTED.with_borrow_mut(|noted| {
        let Some(noted) = noted else { return };
        noted.rows += 1;
        match (&mut noted.keys, key) {
            (Keys::Numbers(kind, keys), Key::Number(of, key)) if *kind == of => keys.push(key),
            (Keys::Texts(texts), Key::Text(key)) => texts.push(Some(key)),
            // Not by a statement of ours: then there are more notes than rows.
            _ => return,
        }
        if let Some(texts) = noted.before.first_mut() {
            texts.push(before);
        }
    });
}

/// Notes what the same row has in another field.
pub fn note_also(field: usize, before: Option<&[u8]>) {
    NOTED.with_borrow_mut(|noted| {
        if let Some(texts) = noted.as_mut().and_then(|noted| noted.before.get_mut(field)) {
            texts.push(before);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::{Alike, Chunk, Key, Noting, last_key, note, note_also};
    use crate::membership::{Kind, integer};

    fn texts(chunks: Vec<Vec<Alike<'_>>>) -> Vec<Vec<(Option<&str>, usize)>> {
        fn text(alike: Alike<'_>) -> (Option<&str>, usize) {
            (alike.0.map(|text| std::str::from_utf8(text).unwrap_or("?")), alike.1)
        }
        chunks
            .into_iter()
            .map(|each| each.into_iter().map(text).collect())
            .collect()
    }

    fn of<'a>(key: &'a str, before: &[Option<&'a str>]) {
        let mut before = before.iter().map(|text| text.map(str::as_bytes));
        note(Key::Text(key.as_bytes()), before.next().flatten());
        for (field, before) in (1..).zip(before) {
            note_also(field, before);
        }
    }

    #[test]
    fn texts_come_back_as_they_were() {
        of("unheard", &[None]);
        let noting = Noting::begin(None, 2);
        of("1", &[Some("a"), None]);
        of("22", &[Some(""), Some("été")]);
        let noted = noting.take();
        let noted = noted.as_ref();
        assert_eq!(noted.map(|noted| (noted.len(), noted.is_whole())), Some((2, true)));
        let before = |field| noted.map(|noted| texts(noted.before(field, 10)));
        assert_eq!(before(0), Some(vec![vec![(Some("a"), 1), (Some(""), 1)]]));
        assert_eq!(before(1), Some(vec![vec![(None, 1), (Some("été"), 1)]]));
        of("late", &[None]);
        assert_eq!(Noting::begin(None, 1).take().map(|noted| noted.len()), Some(0));
        let noting = Noting::begin(None, 0);
        of("1", &[]);
        of("22", &[]);
        drop(noting);
        assert_eq!(last_key().as_deref(), Some("22"));
        assert_eq!(last_key(), None);
    }

    #[test]
    fn what_is_alike_is_noted_once_and_told_in_every_chunk() {
        let noting = Noting::begin(Some(Kind::Integer), 1);
        let values = [
            None,
            None,
            None,
            Some("b"),
            Some("ab"),
            Some("b"),
            Some("b"),
            Some(""),
            None,
        ];
        for (n, value) in (0..).zip(values) {
            let key = Key::Number(Kind::Integer, integer(n));
            note(key, value.map(str::as_bytes));
        }
        let noted = noting.take();
        let before = noted.as_ref().map(|noted| texts(noted.before(0, 2)));
        let expected = vec![
            vec![(None, 2)],
            vec![(None, 1), (Some("b"), 1)],
            vec![(Some("ab"), 1), (Some("b"), 1)],
            vec![(Some("b"), 1), (Some(""), 1)],
            vec![(None, 1)],
        ];
        assert_eq!(before, Some(expected));
        let keys: Vec<usize> = noted
            .iter()
            .flat_map(|noted| noted.keys(2))
            .map(|chunk| match chunk {
                Chunk::Numbers(Kind::Integer, keys) => keys.len(),
                _ => 0,
            })
            .collect();
        assert_eq!(keys, [2, 2, 2, 2, 1]);
    }

    #[test]
    fn keys_of_another_kind_are_counted_but_not_noted() {
        let noting = Noting::begin(Some(Kind::Uuid), 1);
        of("1", &[None]);
        let noted = noting.take();
        assert_eq!(
            noted.as_ref().map(|noted| (noted.len(), noted.is_whole())),
            Some((1, false))
        );
        assert_eq!(noted.map(|noted| noted.keys(10).len()), Some(0));
    }
}
