//! Numbers and texts in few bytes, for what engines seal or sign: seven bits a byte, least first, the
//! highest bit says that more follow; signed numbers folded (0, -1, 1, -2 …). One value, one encoding.

mod read;
mod write;

pub(crate) use read::{CompactReader, typed};
pub(crate) use write::CompactWriter;

/// Appends a number.
pub(crate) fn push_unsigned(bytes: &mut Vec<u8>, number: u64) {
    let mut rest = number;
    while rest > 0x7f {
        let [low, ..] = rest.to_le_bytes();
        bytes.push(low | 0x80);
        rest >>= 7;
    }
    let [low, ..] = rest.to_le_bytes();
    bytes.push(low);
}

/// Appends a number that may be below zero.
pub(crate) fn push_signed(bytes: &mut Vec<u8>, number: i64) {
    push_unsigned(bytes, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Appends a length or place.
pub(crate) fn push_length(bytes: &mut Vec<u8>, length: usize) {
    push_unsigned(bytes, u64::try_from(length).unwrap_or(u64::MAX));
}

/// Appends a text with its length before it.
pub(crate) fn push_text(bytes: &mut Vec<u8>, text: &str) {
    push_length(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}
