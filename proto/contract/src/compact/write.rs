//! Writes values one behind the other, each name once.

use jiff::Timestamp;

use super::{push_length, push_signed, push_text, push_unsigned};

/// Names that are looked for: one for each value of a byte.
const SLOTS: usize = 256;
/// Names that a body is given room for at first: those of a dozen lines.
const FIRST_NAMES: usize = 64;

/// Writes values one behind the other.
pub(crate) struct CompactWriter<'a> {
    bytes: Vec<u8>,
    /// Names that stand in the bytes, in their order.
    names: Vec<&'a str>,
    /// Places of names from 1, by what [`slot`] says of them: a later name takes an earlier one's slot, which
    /// is then written out again. That costs bytes and nothing else.
    slots: [u16; SLOTS],
    /// The time that was written last, as seconds and nanoseconds.
    time: (i64, i64),
}

impl<'a> CompactWriter<'a> {
    /// Writes behind what is there.
    pub(crate) fn after(bytes: Vec<u8>) -> Self {
        Self { bytes, names: Vec::with_capacity(FIRST_NAMES), slots: [0; SLOTS], time: (0, 0) }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn unsigned(&mut self, number: u64) {
        push_unsigned(&mut self.bytes, number);
    }

    pub(crate) fn signed(&mut self, number: i64) {
        push_signed(&mut self.bytes, number);
    }

    /// A text that is not expected to come again.
    pub(crate) fn text(&mut self, text: &str) {
        push_text(&mut self.bytes, text);
    }

    /// A name: the first time 0 and the text, later its place among the names from 1.
    pub(crate) fn name(&mut self, name: &'a str) {
        let slot = self.slots.get_mut(slot(name));
        let known = slot.as_ref().map_or(0, |slot| **slot);
        if let Some(place) = known.checked_sub(1)
            && self.names.get(usize::from(place)).is_some_and(|other| *other == name)
        {
            return self.unsigned(u64::from(known));
        }
        self.names.push(name);
        if let (Some(slot), Ok(place)) = (slot, u16::try_from(self.names.len())) {
            *slot = place;
        }
        self.byte(0);
        self.text(name);
    }

    pub(crate) fn optional<T>(&mut self, value: Option<T>, each: impl FnOnce(&mut Self, T)) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            each(self, value);
        }
    }

    pub(crate) fn list<T>(&mut self, items: &'a [T], each: impl Fn(&mut Self, &'a T)) {
        push_length(&mut self.bytes, items.len());
        for item in items {
            each(self, item);
        }
    }

    /// The same of things that are collected for it.
    pub(crate) fn each<T: Copy>(&mut self, items: &[T], each: impl Fn(&mut Self, T)) {
        push_length(&mut self.bytes, items.len());
        for item in items {
            each(self, *item);
        }
    }

    /// A time; the times of one decision are mostly the same.
    pub(crate) fn time(&mut self, at: Timestamp) {
        let (seconds, nanos) = (at.as_second(), i64::from(at.subsec_nanosecond()));
        self.signed(seconds.wrapping_sub(self.time.0));
        self.signed(nanos.wrapping_sub(self.time.1));
        self.time = (seconds, nanos);
    }
}

/// Where a name is looked for: of its length, beginning and end.
fn slot(name: &str) -> usize {
    let bytes = name.as_bytes();
    let length = u64::try_from(bytes.len()).unwrap_or(0);
    let ends = match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first).rotate_left(23) ^ u64::from_le_bytes(*last),
        _ => bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
    };
    let [.., high] = (ends ^ length.rotate_right(8)).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
    usize::from(high)
}
