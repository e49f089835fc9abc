//! The envelope around every stored value (H25): a value that rotted on the disk is never believed.
//!
//! ```text
//! u8 magic 0xE5 · u8 format 2 · u8 mark · u64 version, big-endian · 16 bytes checksum · the value
//! ```
//!
//! The checksum is XXH3 of 128 bits, big-endian, over table name, key, mark, version and value, so that a
//! value that was moved to another key is noticed too. It is there for what a disk does to bytes; that
//! nobody changed what was committed is the hash chain's to prove, whose content hash covers every value.
//! What mark and version mean is the table's business.

use xxhash_rust::xxh3::Xxh3;

use crate::codec::{Fields, count};
use crate::limits::ENVELOPE_BYTES;
use crate::{StorageError, Version};

const MAGIC: u8 = 0xE5;
const FORMAT: u8 = 2;

/// Where a value lies: a table's name and the key in it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Name of the table.
    pub table: &'a str,
    /// Key in it.
    pub key: &'a [u8],
}

/// What is written with a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stamp {
    /// The version, or what the table counts instead.
    pub version: Version,
    /// A byte for the table's own use.
    pub mark: u8,
}

/// What an envelope held, after its checksum was found right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sealed<'a> {
    /// What was written with the value.
    pub stamp: Stamp,
    /// The value.
    pub value: &'a [u8],
}

/// Writes the envelope of a value over what is in `out`.
pub fn seal(place: Place<'_>, stamp: Stamp, value: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.reserve(ENVELOPE_BYTES.saturating_add(value.len()));
    out.push(MAGIC);
    out.push(FORMAT);
    out.push(stamp.mark);
    out.extend_from_slice(&stamp.version.0.to_be_bytes());
    out.extend_from_slice(&checksum(place, stamp, value));
    assert_eq!(out.len(), ENVELOPE_BYTES, "the header has its fixed length");
    out.extend_from_slice(value);
}

/// Takes a value out of its envelope.
///
/// # Errors
///
/// [`StorageError::Damaged`] where the bytes are no envelope of this place.
pub fn open<'a>(place: Place<'_>, stored: &'a [u8]) -> Result<Sealed<'a>, StorageError> {
    let (header, value) = stored.split_at_checked(ENVELOPE_BYTES).ok_or_else(|| damaged(place, "it is cut short"))?;
    let mut fields = Fields::new(header);
    let (Some(magic), Some(format), Some(mark), Some(version), Some(found)) =
        (fields.u8(), fields.u8(), fields.u8(), fields.u64(), fields.array::<16>())
    else {
        return Err(damaged(place, "it is cut short"));
    };
    if magic != MAGIC || format != FORMAT {
        return Err(damaged(place, "its first bytes are not those of an envelope of format 2"));
    }
    let stamp = Stamp { version: Version(version), mark };
    if checksum(place, stamp, value) != found {
        return Err(damaged(place, "its checksum does not match"));
    }
    Ok(Sealed { stamp, value })
}

/// The error for a value that is not to be used.
pub(crate) fn damaged(place: Place<'_>, what: &str) -> StorageError {
    let mut hex = String::with_capacity(place.key.len().saturating_mul(2));
    for byte in place.key {
        for nibble in [byte >> 4, byte & 0x0F] {
            hex.push(char::from_digit(u32::from(nibble), 16).unwrap_or('?'));
        }
    }
    StorageError::Damaged { place: format!("{}/{hex}", place.table), what: what.to_owned() }
}

fn checksum(place: Place<'_>, stamp: Stamp, value: &[u8]) -> [u8; 16] {
    let mut hasher = Xxh3::new();
    hasher.update(&count(place.table.len()));
    hasher.update(place.table.as_bytes());
    hasher.update(&count(place.key.len()));
    hasher.update(place.key);
    hasher.update(&[stamp.mark]);
    hasher.update(&stamp.version.0.to_be_bytes());
    hasher.update(value);
    hasher.digest128().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { version: Version(7), mark: 1 };
    const PLACE: Place<'_> = Place { table: "heads-things", key: b"k\xF1" };

    fn sealed() -> Vec<u8> {
        let mut out = Vec::new();
        seal(PLACE, STAMP, b"the value", &mut out);
        out
    }

    #[test]
    fn h25_every_flipped_bit_and_every_cut_is_damage() {
        let good = sealed();
        assert_eq!(open(PLACE, &good).unwrap(), Sealed { stamp: STAMP, value: b"the value" });
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(open(PLACE, &bad), Err(StorageError::Damaged { .. })), "bit {bit}");
        }
        for cut in 0..good.len() {
            assert!(matches!(open(PLACE, &good[..cut]), Err(StorageError::Damaged { .. })), "cut at {cut}");
        }
    }

    #[test]
    fn h25_a_value_of_another_key_or_table_is_damage_and_the_error_names_the_place() {
        let good = sealed();
        for place in [Place { key: b"k", ..PLACE }, Place { table: "rows-things", ..PLACE }] {
            assert!(matches!(open(place, &good), Err(StorageError::Damaged { .. })), "{place:?}");
        }
        let text = open(PLACE, b"").unwrap_err().to_string();
        assert!(text.contains("heads-things/6bf1"), "{text}");
    }
}
