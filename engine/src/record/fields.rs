//! Writes the fields of a message straight into bytes, as the protobuf encoding says and `prost` does it: fields
//! that hold their default are left out, lengths and numbers are shortest varints.
//!
//! An outcome is written once and never changed; making its message first would be a thousand small texts that
//! are thrown away at once.

use jiff::Timestamp;
use tessera_contract::convert::timestamp_to_wire;

/// The wire types of the encoding.
const VARINT: u32 = 0;
const BYTES: u32 = 2;
/// Lengths below this take one byte.
const ONE_BYTE: usize = 0x80;

/// A message being written.
#[derive(Debug)]
pub(super) struct Fields {
    bytes: Vec<u8>,
}

impl Fields {
    /// An empty message.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// The message.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// `uint32`, `uint64`.
    pub(super) fn unsigned(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.key(number, VARINT);
            self.varint(value);
        }
    }

    /// `int64`, and enumerations, which are told as `int32` and never below zero here.
    pub(super) fn signed(&mut self, number: u32, value: impl Into<i64>) {
        self.unsigned(number, value.into().cast_unsigned());
    }

    /// `sint64`: zigzag, so that small numbers below zero are short too.
    pub(super) fn zigzag(&mut self, number: u32, value: i64) {
        self.unsigned(number, ((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// `bool`.
    pub(super) fn truth(&mut self, number: u32, value: bool) {
        self.unsigned(number, u64::from(value));
    }

    /// `string`.
    pub(super) fn text(&mut self, number: u32, value: &str) {
        self.raw(number, value.as_bytes());
    }

    /// A `string` that may not be there.
    pub(super) fn text_of<T>(&mut self, number: u32, value: Option<&T>, text: impl FnOnce(&T) -> &str) {
        if let Some(value) = value {
            self.text(number, text(value));
        }
    }

    /// A `string` of texts and a number behind them; it is there even where it is empty.
    pub(super) fn text_and_number(&mut self, number: u32, (first, second): (&str, &str), last: u64) {
        let mut digits = [b'0'; 20];
        let mut count = 0_usize;
        let mut rest = last;
        for digit in digits.iter_mut().rev() {
            let [low, ..] = (rest % 10).to_le_bytes();
            *digit |= low;
            rest /= 10;
            count = count.saturating_add(1);
            if rest == 0 {
                break;
            }
        }
        let shown = digits.get(digits.len().saturating_sub(count)..).unwrap_or_default();
        self.key(number, BYTES);
        self.length(first.len().saturating_add(second.len()).saturating_add(shown.len()));
        self.bytes.extend_from_slice(first.as_bytes());
        self.bytes.extend_from_slice(second.as_bytes());
        self.bytes.extend_from_slice(shown);
    }

    /// `repeated string`: an empty one counts.
    pub(super) fn texts(&mut self, number: u32, values: &[String]) {
        for value in values {
            self.counted(number, value.as_bytes());
        }
    }

    /// `bytes`.
    pub(super) fn raw(&mut self, number: u32, value: &[u8]) {
        if !value.is_empty() {
            self.counted(number, value);
        }
    }

    /// A message that is written field by field; it is there even where it is empty.
    pub(super) fn message(&mut self, number: u32, write: impl FnOnce(&mut Self)) {
        self.key(number, BYTES);
        let place = self.bytes.len();
        self.bytes.push(0);
        let begin = self.bytes.len();
        write(self);
        let length = self.bytes.len().saturating_sub(begin);
        match (u8::try_from(length), self.bytes.get_mut(place)) {
            (Ok(short), Some(byte)) if length < ONE_BYTE => *byte = short,
            _ => {
                let (varint, count) = shortest(u64::try_from(length).unwrap_or(u64::MAX));
                self.bytes.splice(place..begin, varint.into_iter().take(count));
            }
        }
    }

    /// A message that is there as its struct.
    pub(super) fn made<M: prost::Message>(&mut self, number: u32, message: &M) {
        self.key(number, BYTES);
        self.length(message.encoded_len());
        message.encode_raw(&mut self.bytes);
    }

    /// Several of them.
    pub(super) fn all_made<M: prost::Message>(&mut self, number: u32, messages: &[M]) {
        for message in messages {
            self.made(number, message);
        }
    }

    /// `repeated` enumeration, packed.
    pub(super) fn packed(&mut self, number: u32, values: impl ExactSizeIterator<Item = i32>) {
        if values.len() > 0 {
            self.message(number, |packed| values.for_each(|value| packed.varint(i64::from(value).cast_unsigned())));
        }
    }

    /// `google.protobuf.Timestamp`.
    pub(super) fn time(&mut self, number: u32, at: Timestamp) {
        let at = timestamp_to_wire(at);
        self.message(number, |time| {
            time.signed(1, at.seconds);
            time.signed(2, at.nanos);
        });
    }

    /// A time that may not be there.
    pub(super) fn time_of(&mut self, number: u32, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.time(number, at);
        }
    }

    fn counted(&mut self, number: u32, value: &[u8]) {
        self.key(number, BYTES);
        self.length(value.len());
        self.bytes.extend_from_slice(value);
    }

    fn key(&mut self, number: u32, wire_type: u32) {
        self.varint(u64::from((number << 3) | wire_type));
    }

    fn length(&mut self, length: usize) {
        self.varint(u64::try_from(length).unwrap_or(u64::MAX));
    }

    fn varint(&mut self, value: u64) {
        match u8::try_from(value) {
            Ok(short) if short < 0x80 => self.bytes.push(short),
            _ => {
                let (varint, count) = shortest(value);
                self.bytes.extend(varint.into_iter().take(count));
            }
        }
    }
}

/// A number as its shortest varint, and how many of the bytes it takes.
fn shortest(value: u64) -> ([u8; 10], usize) {
    let mut varint = [0; 10];
    let mut rest = value;
    let mut count = 0_usize;
    for byte in &mut varint {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        count = count.saturating_add(1);
        if rest == 0 {
            *byte = low & 0x7F;
            break;
        }
        *byte = low | 0x80;
    }
    (varint, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_prost_writes_them() {
        for value in [0, 1, 127, 128, 300, 16_383, 16_384, u64::from(u32::MAX), 1 << 62, u64::MAX] {
            let mut expected = Vec::new();
            prost::encoding::encode_varint(value, &mut expected);
            let mut fields = Fields::with_capacity(0);
            fields.varint(value);
            assert_eq!(fields.into_bytes(), expected, "{value}");
        }
        for value in [1, -1, 64, -64, -65, i64::MAX, i64::MIN] {
            let mut expected = Vec::new();
            prost::encoding::sint64::encode(7, &value, &mut expected);
            prost::encoding::int64::encode(200, &value, &mut expected);
            let mut fields = Fields::with_capacity(0);
            fields.zigzag(7, value);
            fields.signed(200, value);
            assert_eq!(fields.into_bytes(), expected, "{value}");
        }
    }

    #[test]
    fn a_number_behind_a_text_is_written_in_full() {
        for last in [0, 7, 10, 99, 100, 65_535, u64::MAX] {
            let mut expected = Vec::new();
            prost::encoding::string::encode(3, &format!("a~{last}"), &mut expected);
            let mut fields = Fields::with_capacity(0);
            fields.text_and_number(3, ("a", "~"), last);
            assert_eq!(fields.into_bytes(), expected, "{last}");
        }
    }

    #[test]
    fn a_message_of_any_length_stands_behind_its_length() {
        for length in [0, 1, 125, 126, 127, 128, 129, 300, 16_380, 16_383, 16_384, 40_000] {
            let text = "x".repeat(length);
            let mut inner = Vec::new();
            prost::encoding::string::encode(1, &text, &mut inner);
            let mut expected = Vec::new();
            prost::encoding::bytes::encode(3, &inner, &mut expected);
            prost::encoding::uint32::encode(4, &9, &mut expected);
            let mut fields = Fields::with_capacity(0);
            fields.message(3, |message| message.counted(1, text.as_bytes()));
            fields.unsigned(4, 9);
            assert_eq!(fields.into_bytes(), expected, "{length}");
        }
    }
}
