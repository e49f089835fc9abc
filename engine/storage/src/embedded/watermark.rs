//! The durable watermark (H24, H27): the last sequence and chain hash that were fsynced, in a file of
//! its own, so that a store that lost its tail is noticed.
//!
//! Two slots of 4 KiB, written in turns, so that a torn write leaves the slot before it whole:
//!
//! ```text
//! 16 bytes "tessera-wmark-1\0" · 16 bytes storage id · u64 generation · u64 sequence · 32 bytes chain
//! · 32 bytes BLAKE3 over all before it; numbers big-endian
//! ```
//!
//! INVARIANT: the watermark never goes back.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::ChainHash;
use crate::codec::Fields;
use crate::cursor::StorageId;
use crate::embedded::folder::write_whole;

const MAGIC: &[u8; 16] = b"tessera-wmark-1\0";
const SLOT_BYTES: usize = 4096;
const USED_BYTES: usize = 16 + 16 + 8 + 8 + 32 + 32;
const _: () = assert!(USED_BYTES <= SLOT_BYTES, "a slot holds what is written into it");

/// What a slot says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Mark {
    /// Counts the writes; the higher one counts.
    pub(crate) generation: u64,
    /// The last durable commit.
    pub(crate) sequence: u64,
    /// The chain after it.
    pub(crate) chain: ChainHash,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct Watermark {
    file: File,
    id: StorageId,
    last: Mark,
    /// Lets the next write fail, as a broken disk would.
    #[cfg(test)]
    pub(crate) broken: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

/// Why a watermark cannot be used.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// The file is not there.
    Missing,
    /// It is there, and is not what it should be.
    Bad(String),
    /// It could not be read.
    Io(io::Error),
}

impl Watermark {
    /// Makes the file for a storage without commits.
    pub(crate) fn create(path: &Path, id: &StorageId) -> io::Result<()> {
        let mark = Mark { generation: 0, sequence: 0, chain: ChainHash::START };
        let mut bytes = encode(id, &mark);
        bytes.resize(2 * SLOT_BYTES, 0);
        write_whole(path, &bytes)
    }

    /// Opens the file and reads the younger of its whole slots.
    pub(crate) fn open(path: &Path, id: &StorageId) -> Result<Self, Unusable> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(|error| if error.kind() == io::ErrorKind::NotFound { Unusable::Missing } else { Unusable::Io(error) })?;
        let mut marks = Vec::new();
        for offset in [0, SLOT_BYTES] {
            let mut slot = [0; USED_BYTES];
            match file.read_exact_at(&mut slot, u64::try_from(offset).unwrap_or(u64::MAX)) {
                Ok(()) => marks.extend(decode(&slot)),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
                Err(error) => return Err(Unusable::Io(error)),
            }
        }
        if marks.iter().any(|(of, _)| of != id) {
            return Err(Unusable::Bad("it belongs to another storage".to_owned()));
        }
        let last = marks.into_iter().map(|(_, mark)| mark).max_by_key(|mark| mark.generation);
        let last = last.ok_or_else(|| Unusable::Bad("neither of its two slots is whole".to_owned()))?;
        Ok(Self {
            file,
            id: *id,
            last,
            #[cfg(test)]
            broken: std::sync::Arc::default(),
        })
    }

    /// The last that was written.
    pub(crate) fn last(&self) -> Mark {
        self.last
    }

    /// Moves the watermark and returns once it is on the disk. After an error it must not be used
    /// again: what the disk holds is not known then.
    pub(crate) fn advance(&mut self, sequence: u64, chain: ChainHash) -> io::Result<()> {
        assert!(sequence > self.last.sequence, "the watermark never goes back");
        #[cfg(test)]
        if self.broken.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(io::Error::other("broken by a test"));
        }
        let mark = Mark { generation: self.last.generation.saturating_add(1), sequence, chain };
        let offset = if mark.generation.is_multiple_of(2) { 0 } else { SLOT_BYTES };
        self.file.write_all_at(&encode(&self.id, &mark), u64::try_from(offset).unwrap_or(u64::MAX))?;
        self.file.sync_data()?;
        self.last = mark;
        Ok(())
    }
}

fn encode(id: &StorageId, mark: &Mark) -> Vec<u8> {
    let mut out = Vec::with_capacity(USED_BYTES);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(id);
    out.extend_from_slice(&mark.generation.to_be_bytes());
    out.extend_from_slice(&mark.sequence.to_be_bytes());
    out.extend_from_slice(&mark.chain.0);
    let checksum = blake3::hash(&out);
    out.extend_from_slice(checksum.as_bytes());
    assert_eq!(out.len(), USED_BYTES, "a slot has its fixed length");
    out
}

fn decode(slot: &[u8; USED_BYTES]) -> Option<(StorageId, Mark)> {
    let (covered, _) = slot.split_last_chunk::<32>()?;
    let mut fields = Fields::new(slot);
    if fields.array::<16>()? != *MAGIC {
        return None;
    }
    let id = fields.array()?;
    let mark = Mark { generation: fields.u64()?, sequence: fields.u64()?, chain: ChainHash(fields.array()?) };
    let checksum = fields.array::<32>()?;
    (blake3::hash(covered) == blake3::Hash::from_bytes(checksum)).then_some((id, mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: StorageId = [7; 16];

    fn path_with(marks: &[(u64, u8)]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("watermark");
        Watermark::create(&path, &ID).unwrap();
        let mut watermark = Watermark::open(&path, &ID).unwrap();
        for (sequence, chain) in marks {
            watermark.advance(*sequence, ChainHash([*chain; 32])).unwrap();
        }
        (folder, path)
    }

    fn sequence(path: &Path) -> Option<u64> {
        Watermark::open(path, &ID).ok().map(|watermark| watermark.last().sequence)
    }

    #[test]
    fn h27_a_torn_slot_falls_back_to_the_other_and_two_torn_ones_are_refused() {
        for cut in 0..USED_BYTES {
            let (_folder, path) = path_with(&[(3, 1), (8, 2), (9, 3)]);
            // Generation 3 lies in the second slot, generation 2 in the first.
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[SLOT_BYTES + cut] ^= 0x10;
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(sequence(&path), Some(8), "byte {cut}");
            bytes[cut] ^= 0x10;
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(sequence(&path), None, "byte {cut} of both");
        }
    }

    #[test]
    fn it_goes_on_after_a_torn_slot() {
        let (_folder, path) = path_with(&[(3, 1), (8, 2)]);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[40] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let mut watermark = Watermark::open(&path, &ID).unwrap();
        assert_eq!(watermark.last().sequence, 3);
        watermark.advance(8, ChainHash([2; 32])).unwrap();
        watermark.advance(10, ChainHash([4; 32])).unwrap();
        assert_eq!(sequence(&path), Some(10));
    }

    #[test]
    fn a_watermark_of_another_storage_and_a_missing_one_are_told_apart() {
        let (folder, path) = path_with(&[]);
        assert!(matches!(Watermark::open(&path, &[8; 16]), Err(Unusable::Bad(_))));
        assert!(matches!(Watermark::open(&folder.path().join("none"), &ID), Err(Unusable::Missing)));
    }

    #[test]
    #[should_panic(expected = "never goes back")]
    fn it_refuses_to_go_back() {
        let (_folder, path) = path_with(&[(3, 1)]);
        let _ = Watermark::open(&path, &ID).unwrap().advance(3, ChainHash::START);
    }
}
