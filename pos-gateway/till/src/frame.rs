//! Records of a journal file: length (4 bytes, little endian), the first 16 bytes of the payload's
//! BLAKE3 hash, payload. A file begins with eight bytes that name its format.

use crate::limits::RECORD_BYTES_MAX;

/// The first bytes of every journal; the last one is the format's version.
pub(crate) const FILE_HEADER: [u8; 8] = *b"TESSTJ\0\x01";

const LENGTH_BYTES: usize = 4;
const HASH_BYTES: usize = 16;

/// Appends one record. The payload must not be longer than `RECORD_BYTES_MAX`; None: it is.
pub(crate) fn append(file: &mut Vec<u8>, payload: &[u8]) -> Option<()> {
    let length = u32::try_from(payload.len()).ok()?;
    if payload.len() > RECORD_BYTES_MAX {
        return None;
    }
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&hash(payload));
    file.extend_from_slice(payload);
    Some(())
}

/// The whole records of a file without its header, and how many bytes they take. What follows them is
/// damaged, or was being written when the power went.
pub(crate) fn whole_records(mut bytes: &[u8]) -> (Vec<&[u8]>, usize) {
    let all = bytes.len();
    let mut records = Vec::new();
    while let Some((payload, rest)) = first_record(bytes) {
        records.push(payload);
        bytes = rest;
    }
    (records, all.saturating_sub(bytes.len()))
}

fn first_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    let (expected, rest) = rest.split_first_chunk::<HASH_BYTES>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length > RECORD_BYTES_MAX {
        return None;
    }
    let (payload, rest) = rest.split_at_checked(length)?;
    (hash(payload) == *expected).then_some((payload, rest))
}

fn hash(payload: &[u8]) -> [u8; HASH_BYTES] {
    let mut short = [0; HASH_BYTES];
    for (to, from) in short.iter_mut().zip(blake3::hash(payload).as_bytes()) {
        *to = *from;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_damaged_byte_ends_the_records_before_it() {
        let payloads: [&[u8]; 3] = [b"first", b"", b"the third"];
        let mut file = Vec::new();
        let mut ends = Vec::new();
        for payload in payloads {
            append(&mut file, payload).unwrap();
            ends.push(file.len());
        }
        assert_eq!(whole_records(&file), (payloads.to_vec(), file.len()));
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 0x40;
            let whole = ends.iter().filter(|end| **end <= at).count();
            assert_eq!(whole_records(&damaged).0, payloads[..whole], "byte {at}");
            assert_eq!(whole_records(&file[..at]).0, payloads[..whole], "cut {at}");
        }
    }
}
