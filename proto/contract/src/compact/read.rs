//! Reads what [`super::CompactWriter`] wrote. Engines sealed or signed it, so texts are not checked again beyond what
//! their types must have; what cannot be read is none, and takes no more room than its bytes allow.

use std::str;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, Error};

/// Names that room is made for at first, as in writing.
const FIRST_NAMES: usize = 64;
/// Items of a list that room is made for before they are read.
const FIRST_ITEMS: usize = 64;

/// Reads values one behind the other.
pub(crate) struct CompactReader<'a> {
    rest: &'a [u8],
    names: Vec<&'a str>,
    time: (i64, i64),
}

impl<'a> CompactReader<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, names: Vec::with_capacity(FIRST_NAMES), time: (0, 0) }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*bytes)
    }

    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let folded = self.unsigned()?;
        Some((folded >> 1).cast_signed() ^ (folded & 1).cast_signed().wrapping_neg())
    }

    /// A number in a smaller type.
    pub(crate) fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.unsigned()?).ok()
    }

    pub(crate) fn plain(&mut self) -> Option<&'a str> {
        let length = self.small()?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        str::from_utf8(text).ok()
    }

    /// A text of its type.
    pub(crate) fn text<T: Deserialize<'a>>(&mut self) -> Option<T> {
        typed(self.plain()?)
    }

    pub(crate) fn plain_name(&mut self) -> Option<&'a str> {
        let known: usize = self.small()?;
        if let Some(place) = known.checked_sub(1) {
            return self.names.get(place).copied();
        }
        let name = self.plain()?;
        self.names.push(name);
        Some(name)
    }

    /// A name of its type.
    pub(crate) fn name<T: Deserialize<'a>>(&mut self) -> Option<T> {
        typed(self.plain_name()?)
    }

    /// What [`super::CompactWriter::optional`] wrote.
    #[expect(clippy::option_option, reason = "the outer one is none where the bytes end")]
    pub(crate) fn optional<T>(&mut self, each: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            1 => each(self).map(Some),
            _ => None,
        }
    }

    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub(crate) fn list<T>(&mut self, each: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.list_up_to(usize::MAX, each)
    }

    /// A list of at most so many items.
    pub(crate) fn list_up_to<T>(&mut self, count_max: usize, each: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count: usize = self.small().filter(|count| *count <= count_max)?;
        let mut items = Vec::with_capacity(count.min(FIRST_ITEMS));
        for _ in 0..count {
            items.push(each(self)?);
        }
        Some(items)
    }

    pub(crate) fn time(&mut self) -> Option<Timestamp> {
        let seconds = self.time.0.checked_add(self.signed()?)?;
        let nanos = self.time.1.checked_add(self.signed()?)?;
        self.time = (seconds, nanos);
        Timestamp::new(seconds, i32::try_from(nanos).ok()?).ok()
    }
}

/// A text as a type that is one: ids have no other way that does not read them again letter by letter.
pub(crate) fn typed<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    let text: BorrowedStrDeserializer<'a, Error> = BorrowedStrDeserializer::new(text);
    T::deserialize(text).ok()
}
