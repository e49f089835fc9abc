//! Looks through the store's journals before the store does (H23, H24).
//!
//! A power cut leaves the tail of the last journal torn. The store cuts most torn tails by itself, but
//! refuses to open at some, so the tail is cut here: nothing in it can have been acknowledged, because
//! an fsync that covers it never returned; should it have been nevertheless, the watermark tells.
//! Anywhere else in the journals, and after a clean stop, what does not read is damage.
//!
//! The format is that of fjall 3, little-endian, without compression:
//!
//! ```text
//! batch: u8 1, u32 items, u64 number · items · u8 3, u64 XXH3 over the items, "FJL" 3
//! item:  u8 2, u8 0 to 2, u8 0, u64 table, u16 key length, u32 value length twice, key, value
//!        or u8 4, u64 table
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: [u8; 4] = *b"FJL\x03";
const ITEM_HEADER_BYTES: usize = 2 + 8 + 2 + 4 + 4;

/// What a journal holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Scanned {
    /// Bytes of whole batches from the beginning.
    pub(crate) whole_bytes: u64,
    /// Whether anything but zeros lies behind them: the store fills a fresh journal with zeros.
    pub(crate) torn: bool,
}

/// Reads a journal up to the first batch that is not whole.
pub(crate) fn scan(path: &Path) -> io::Result<Scanned> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut journal =
        Journal { reader: BufReader::with_capacity(1 << 16, file), position: 0, length, scratch: Vec::new(), number: None };
    let mut whole_bytes = 0;
    while journal.batch()? {
        assert!(journal.position > whole_bytes, "every batch moves on");
        whole_bytes = journal.position;
    }
    let mut file = journal.reader.into_inner();
    file.seek(SeekFrom::Start(whole_bytes))?;
    Ok(Scanned { whole_bytes, torn: !only_zeros(BufReader::with_capacity(1 << 16, file))? })
}

/// Cuts a journal behind its whole batches, durably.
pub(crate) fn cut(path: &Path, scanned: &Scanned) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    assert!(scanned.whole_bytes <= file.metadata()?.len(), "a cut never makes a journal longer");
    file.set_len(scanned.whole_bytes)?;
    file.sync_all()
}

fn only_zeros(mut reader: impl Read) -> io::Result<bool> {
    let mut chunk = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut chunk)?;
        let read = chunk.get(..count).unwrap_or_default();
        if count == 0 || read.iter().any(|byte| *byte != 0) {
            return Ok(count == 0);
        }
    }
}

struct Journal {
    reader: BufReader<File>,
    position: u64,
    length: u64,
    scratch: Vec<u8>,
    /// Of the last batch. The numbers are not covered by the checksums, but they only grow.
    number: Option<u64>,
}

/// A batch number that no store reaches.
const NUMBER_END: u64 = 1 << 62;

impl Journal {
    /// Reads one batch; false where what follows is not a whole one.
    fn batch(&mut self) -> io::Result<bool> {
        let Some([START]) = self.array::<1>()? else {
            return Ok(false);
        };
        let (Some(items), Some(number)) = (self.array::<4>()?, self.array::<8>()?) else {
            return Ok(false);
        };
        let number = u64::from_le_bytes(number);
        if number >= NUMBER_END || self.number.is_some_and(|before| number <= before) {
            return Ok(false);
        }
        self.number = Some(number);
        let mut hasher = Xxh3::new();
        for _ in 0..u32::from_le_bytes(items) {
            if !self.item(&mut hasher)? {
                return Ok(false);
            }
        }
        let (Some([END]), Some(checksum), Some(TRAILER)) = (self.array::<1>()?, self.array::<8>()?, self.array::<4>()?) else {
            return Ok(false);
        };
        Ok(u64::from_le_bytes(checksum) == hasher.digest())
    }

    fn item(&mut self, hasher: &mut Xxh3) -> io::Result<bool> {
        match self.array::<1>()? {
            Some([CLEAR]) => {
                let Some(table) = self.array::<8>()? else {
                    return Ok(false);
                };
                hasher.update(&[CLEAR]);
                hasher.update(&table);
                Ok(true)
            }
            Some([ITEM]) => self.key_and_value(hasher),
            Some(_) | None => Ok(false),
        }
    }

    fn key_and_value(&mut self, hasher: &mut Xxh3) -> io::Result<bool> {
        let Some(header) = self.array::<ITEM_HEADER_BYTES>()? else {
            return Ok(false);
        };
        let [kind, compression, _, _, _, _, _, _, _, _, key_0, key_1, rest @ ..] = header;
        let [value_0, value_1, value_2, value_3, disk @ ..] = rest;
        let value = [value_0, value_1, value_2, value_3];
        if kind > 2 || compression != 0 || value != disk {
            return Ok(false);
        }
        let bytes = u64::from(u16::from_le_bytes([key_0, key_1])).saturating_add(u64::from(u32::from_le_bytes(value)));
        if bytes > self.length.saturating_sub(self.position) {
            return Ok(false);
        }
        self.scratch.resize(usize::try_from(bytes).unwrap_or(usize::MAX), 0);
        self.reader.read_exact(&mut self.scratch)?;
        self.position = self.position.saturating_add(bytes);
        hasher.update(&[ITEM]);
        hasher.update(&header);
        hasher.update(&self.scratch);
        Ok(true)
    }

    /// The next `N` bytes; none where the file ends before.
    fn array<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let bytes = u64::try_from(N).unwrap_or(u64::MAX);
        if bytes > self.length.saturating_sub(self.position) {
            return Ok(None);
        }
        let mut array = [0; N];
        self.reader.read_exact(&mut array)?;
        self.position = self.position.saturating_add(bytes);
        Ok(Some(array))
    }
}

#[cfg(test)]
mod tests {
    use fjall::{Database, KeyspaceCreateOptions, PersistMode};

    use super::*;

    /// A journal that the store itself wrote: puts, removals, empty and large values, a cleared table.
    fn written() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::builder(folder.path()).open().unwrap();
        let table = database.keyspace("table", KeyspaceCreateOptions::default).unwrap();
        for number in 0..20u8 {
            let mut batch = database.batch().durability(Some(PersistMode::SyncAll));
            batch.insert(&table, [number], vec![number; usize::from(number) * 40]);
            batch.insert(&table, [number, 1], []);
            batch.remove(&table, [number, 2]);
            batch.commit().unwrap();
        }
        table.insert("single", "put").unwrap();
        table.clear().unwrap();
        database.persist(PersistMode::SyncAll).unwrap();
        let path = folder.path().join("0.jnl");
        (folder, path)
    }

    #[test]
    fn h23_a_journal_that_the_store_wrote_reads_whole() {
        let (_folder, path) = written();
        let bytes = std::fs::read(&path).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        assert_eq!(scan(&path).unwrap(), Scanned { whole_bytes: u64::try_from(used).unwrap(), torn: false });
    }

    #[test]
    fn h23_a_torn_tail_is_found_wherever_it_is_torn() {
        let (folder, path) = written();
        let whole = scan(&path).unwrap().whole_bytes;
        let bytes = std::fs::read(&path).unwrap();
        let torn = folder.path().join("torn");
        let used = usize::try_from(whole).unwrap();
        for cut in (1..used).step_by(37) {
            let mut image = bytes[..used + 100].to_vec();
            image[cut..].fill(0);
            std::fs::write(&torn, &image).unwrap();
            let scanned = scan(&torn).unwrap();
            assert!(scanned.whole_bytes <= u64::try_from(cut).unwrap(), "cut at {cut}: {scanned:?}");
            let rest = &image[usize::try_from(scanned.whole_bytes).unwrap()..];
            assert_eq!(scanned.torn, rest.iter().any(|byte| *byte != 0), "cut at {cut}");
            super::cut(&torn, &scanned).unwrap();
            assert_eq!(scan(&torn).unwrap(), Scanned { torn: false, ..scanned }, "cut at {cut}");
        }
    }

    #[test]
    fn h24_every_flipped_byte_ends_the_whole_batches_before_it() {
        let (folder, path) = written();
        let used = usize::try_from(scan(&path).unwrap().whole_bytes).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let flipped = folder.path().join("flipped");
        let ends: Vec<_> = (4..=used).filter(|end| bytes[end - 4..*end] == TRAILER).collect();
        for position in (0..used).step_by(41) {
            // The number of a batch is not covered by its checksum: the batch after it shows the flip.
            let mut image = bytes[..used].to_vec();
            image[position] ^= 0x41;
            std::fs::write(&flipped, &image).unwrap();
            let scanned = scan(&flipped).unwrap();
            let end = ends.iter().copied().find(|end| *end > position).unwrap();
            let ends_in_time = scanned.whole_bytes <= u64::try_from(end).unwrap();
            assert!(ends_in_time, "byte {position}: {scanned:?}");
            assert!(scanned.torn || end == used, "byte {position}: {scanned:?}");
        }
    }
}
