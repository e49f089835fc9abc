//! The bytes of the spool: headers of segments, records under a hash of their place, and reading what a crash
//! or a failing disk left of them. Described for others in `SPOOL.md`.

use bytes::Bytes;
use prost::Message as _;

use crate::limits::RECORD_BYTES_MAX;

/// Bytes of a segment's header.
pub(super) const HEADER_BYTES: usize = 56;
/// Bytes of a record before its payload.
pub(super) const FRAME_BYTES: usize = 24;

const FORMAT: [u8; 8] = *b"TESSSP\0\x01";
const RECORD_MARK: [u8; 4] = *b"REC1";
const HASH_BYTES: usize = 16;

/// What a segment says of itself and of the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Its number.
    pub(super) segment: u64,
    /// Sequence of its first record.
    pub(super) first_sequence: u64,
    /// The segment before it; 0: there is none.
    pub(super) before: u64,
    /// How far that one is to be believed, bytes.
    pub(super) before_bytes: u64,
}

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An entry, or one that was moved here.
    Entry,
    /// An engine has it.
    Delivered,
    /// It was refused for good.
    Parked,
    /// A parked one is to be tried again.
    WaitingAgain,
    /// The end of an export, with the number of its entries.
    ExportEnd,
}

/// The payload of a record.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Record {
    #[prost(uint64, tag = "1")]
    pub(super) sequence: u64,
    #[prost(uint32, tag = "2")]
    pub(super) kind: u32,
    #[prost(uint64, tag = "3")]
    pub(super) entry: u64,
    #[prost(string, tag = "4")]
    pub(super) reason: String,
    #[prost(sint64, tag = "5")]
    pub(super) at_ms: i64,
    #[prost(uint32, tag = "6")]
    pub(super) call: u32,
    #[prost(string, tag = "7")]
    pub(super) id: String,
    #[prost(uint32, tag = "8")]
    pub(super) attempt: u32,
    #[prost(fixed64, tag = "9")]
    pub(super) content: u64,
    #[prost(fixed32, repeated, tag = "10")]
    pub(super) keys: Vec<u32>,
    #[prost(sint64, tag = "11")]
    pub(super) due_ms: i64,
    #[prost(bytes = "bytes", tag = "12")]
    pub(super) request: Bytes,
}

/// Where a record's payload lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(super) segment: u64,
    /// Byte of the segment at which the record begins.
    pub(super) at: u32,
    /// Bytes of the whole record.
    pub(super) bytes: u32,
}

impl Kind {
    fn number(self) -> u32 {
        match self {
            Self::Entry => 1,
            Self::Delivered => 2,
            Self::Parked => 3,
            Self::WaitingAgain => 4,
            Self::ExportEnd => 5,
        }
    }
}

impl Record {
    /// A mark on an entry.
    pub(super) fn mark(kind: Kind, entry: u64, at_ms: i64, reason: String) -> Self {
        Self { kind: kind.number(), entry, at_ms, reason, ..Self::default() }
    }

    pub(super) fn of_kind(self, kind: Kind) -> Self {
        Self { kind: kind.number(), ..self }
    }

    /// None: a kind of a later version.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.kind {
            1 => Some(Kind::Entry),
            2 => Some(Kind::Delivered),
            3 => Some(Kind::Parked),
            4 => Some(Kind::WaitingAgain),
            5 => Some(Kind::ExportEnd),
            _ => None,
        }
    }
}

impl Header {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&FORMAT);
        for number in [self.segment, self.first_sequence, self.before, self.before_bytes] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let hash = short_hash(&[&bytes]);
        bytes.extend_from_slice(&hash);
        assert!(bytes.len() == HEADER_BYTES, "a header has one length");
        bytes
    }

    /// None: damaged, cut short, or of another format.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (said, rest) = bytes.split_at_checked(HEADER_BYTES - HASH_BYTES)?;
        if rest.get(..HASH_BYTES)? != short_hash(&[said]) {
            return None;
        }
        let mut numbers = said.strip_prefix(&FORMAT)?.chunks_exact(8);
        let mut next = || Some(u64::from_le_bytes(numbers.next()?.try_into().ok()?));
        Some(Self { segment: next()?, first_sequence: next()?, before: next()?, before_bytes: next()? })
    }
}

/// Appends a record that will lie at `at` of this segment, and says how many bytes it takes.
pub(super) fn append(buffer: &mut Vec<u8>, segment: u64, at: u64, record: &Record) -> usize {
    let payload = record.encode_to_vec();
    assert!(payload.len() <= RECORD_BYTES_MAX, "a request of at most 1 MiB fits a record");
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    buffer.extend_from_slice(&RECORD_MARK);
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(&place_hash(segment, at, &payload));
    buffer.extend_from_slice(&payload);
    payload.len() + FRAME_BYTES
}

/// Hands out the whole records of a segment in their order; what lies between them is damaged. Says where the
/// last one ends.
pub(super) fn each_record(file: &Bytes, segment: u64, mut found: impl FnMut(Place, Record)) -> usize {
    let mut at = HEADER_BYTES;
    let mut end = HEADER_BYTES;
    while at < file.len() {
        if let Some((record, bytes)) = record_at(file, segment, at) {
            let place = u32::try_from(at).ok().zip(u32::try_from(bytes).ok());
            if let Some((place, length)) = place {
                found(Place { segment, at: place, bytes: length }, record);
            }
            at += bytes;
            end = at;
        } else {
            at = next_mark(file, at + 1);
        }
    }
    end
}

/// The record at one place of a segment, and its bytes. None: none begins there, or it is damaged.
fn record_at(file: &Bytes, segment: u64, at: usize) -> Option<(Record, usize)> {
    unframed(file.slice(at..), segment, u64::try_from(at).ok()?)
}

/// The record that was read from its place alone. None: it is damaged, or lies there no more.
pub(super) fn record_alone(bytes: Bytes, place: Place) -> Option<Record> {
    unframed(bytes, place.segment, u64::from(place.at)).map(|(record, _)| record)
}

fn unframed(bytes: Bytes, segment: u64, at: u64) -> Option<(Record, usize)> {
    let rest = bytes.strip_prefix(&RECORD_MARK)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (hash, rest) = rest.split_first_chunk::<HASH_BYTES>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length == 0 || length > RECORD_BYTES_MAX {
        return None;
    }
    let payload = rest.get(..length)?;
    if place_hash(segment, at, payload) != *hash {
        return None;
    }
    let record = Record::decode(bytes.slice(FRAME_BYTES..FRAME_BYTES + length)).ok()?;
    Some((record, FRAME_BYTES + length))
}

fn next_mark(file: &[u8], from: usize) -> usize {
    let rest = file.get(from..).unwrap_or_default();
    rest.windows(RECORD_MARK.len()).position(|window| window == RECORD_MARK).map_or(file.len(), |found| from + found)
}

fn place_hash(segment: u64, at: u64, payload: &[u8]) -> [u8; HASH_BYTES] {
    short_hash(&[&segment.to_le_bytes(), &at.to_le_bytes(), payload])
}

fn short_hash(parts: &[&[u8]]) -> [u8; HASH_BYTES] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut short = [0; HASH_BYTES];
    hasher.finalize_xof().fill(&mut short);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(records: u64) -> (Vec<u8>, Vec<usize>) {
        let mut file = Header { segment: 7, first_sequence: 1, before: 0, before_bytes: 0 }.encode();
        let mut ends = Vec::new();
        for sequence in 1..=records {
            let request = vec![u8::try_from(sequence).unwrap(); 40];
            let record = Record { sequence, kind: 1, request: request.into(), ..Record::default() };
            let at = u64::try_from(file.len()).unwrap();
            append(&mut file, 7, at, &record);
            ends.push(file.len());
        }
        (file, ends)
    }

    fn sequences(file: Vec<u8>) -> (Vec<u64>, usize) {
        let mut sequences = Vec::new();
        let end = each_record(&file.into(), 7, |_, record| sequences.push(record.sequence));
        (sequences, end)
    }

    #[test]
    fn h56_every_damaged_byte_costs_the_record_that_it_hit_and_every_cut_those_behind_it() {
        let (file, ends) = segment(3);
        assert_eq!(sequences(file.clone()), (vec![1, 2, 3], file.len()));
        for at in HEADER_BYTES..file.len() {
            let hit = 1 + u64::try_from(ends.iter().filter(|end| **end <= at).count()).unwrap();
            let rest: Vec<u64> = (1..=3).filter(|sequence| *sequence != hit).collect();
            let mut damaged = file.clone();
            damaged[at] ^= 0x20;
            assert_eq!(sequences(damaged).0, rest, "byte {at}");
            let (whole, end) = sequences(file[..at].to_vec());
            assert_eq!(whole, (1..hit).collect::<Vec<_>>(), "cut at {at}");
            assert_eq!(end, ends.iter().rev().find(|end| **end <= at).copied().unwrap_or(HEADER_BYTES));
        }
    }

    #[test]
    fn a_record_is_good_at_its_own_place_alone() {
        let (file, ends) = segment(2);
        let second = file[ends[0]..].to_vec();
        let mut moved = file[..HEADER_BYTES].to_vec();
        moved.extend_from_slice(&second);
        assert_eq!(sequences(moved).0, Vec::<u64>::new());
        assert!(record_at(&file.into(), 8, HEADER_BYTES).is_none(), "another segment's");
    }

    #[test]
    fn a_header_says_what_was_written_or_nothing() {
        let header = Header { segment: 3, first_sequence: 900, before: 2, before_bytes: 70_000 };
        let bytes = header.encode();
        assert_eq!(Header::decode(&bytes), Some(header));
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(Header::decode(&damaged), None, "byte {at}");
            assert_eq!(Header::decode(&bytes[..at]), None, "cut at {at}");
        }
    }
}
