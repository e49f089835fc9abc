//! Mints receipt ids: STORE/TILL/YYYYMMDD/SEQUENCE/NONCE. The sequence is on disk ahead of its use, and
//! the nonce is another one at each boot, so an id never comes twice, even from a disk that was put back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use thiserror::Error;

use crate::journal::{JournalError, replace_file};
use crate::limits::{RECEIPT_ID_BYTES_MAX, SEQUENCES_RESERVED};

/// Bytes of store, till and nonce together, so that date, separators and 13 digits of sequence fit.
const NAMES_BYTES_MAX: usize = RECEIPT_ID_BYTES_MAX - 4 - 8 - 13;

/// Why no id can be minted.
#[derive(Debug, Error)]
pub enum MintError {
    /// A part of the id has a character that ids may not have, is empty, or all are too long together.
    #[error(
        "{part} {value:?} cannot stand in a receipt id: letters, digits and . _ : - only, together with the others at most {NAMES_BYTES_MAX}"
    )]
    Part {
        /// Which part.
        part: &'static str,
        /// As it was given.
        value: String,
    },
    /// The sequence cannot be read or written.
    #[error("the sequence of receipt ids cannot be kept")]
    Disk(#[from] JournalError),
    /// The file of the sequence is damaged, and the nonce is a constant: an id could come twice.
    #[error("{} is damaged; with a constant nonce an id could come twice", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The system has no source of chance for a nonce.
    #[error("no random numbers for a boot nonce: {0}")]
    Chance(getrandom::Error),
}

/// The part of an id that differs from boot to boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootNonce {
    text: String,
    by_chance: bool,
}

impl BootNonce {
    /// A new one: 32 bits of chance as eight hexadecimal digits.
    ///
    /// # Errors
    ///
    /// The system has no source of chance.
    pub fn random() -> Result<Self, MintError> {
        let number = getrandom::u32().map_err(MintError::Chance)?;
        Ok(Self { text: format!("{number:08x}"), by_chance: true })
    }

    /// A constant one, for a replay that must mint the same ids each time.
    pub fn constant(text: impl Into<String>) -> Self {
        Self { text: text.into(), by_chance: false }
    }
}

/// Mints the receipt ids of one till.
#[derive(Debug)]
pub struct ReceiptIdMinter {
    store_id: String,
    till_id: String,
    nonce: BootNonce,
    folder: Option<PathBuf>,
    sequence: Mutex<Sequence>,
}

#[derive(Debug, Clone, Copy)]
struct Sequence {
    next: u64,
    /// The first number that is not yet on disk as used.
    reserved_until: u64,
}

impl ReceiptIdMinter {
    /// A minter whose sequence lies in this folder, which may be the journal's.
    ///
    /// # Errors
    ///
    /// A name that cannot stand in an id; a folder that cannot be used; a damaged file with a constant
    /// nonce (with a random one the sequence begins anew, since its ids differ anyway).
    pub fn open(folder: &Path, store_id: &str, till_id: &str, nonce: BootNonce) -> Result<Self, MintError> {
        let mut minter = Self::in_memory(store_id, till_id, nonce)?;
        fs::create_dir_all(folder).map_err(|source| JournalError::Io {
            action: "create the folder",
            path: folder.to_owned(),
            source,
        })?;
        let next = minter.read_sequence(folder)?;
        minter.folder = Some(folder.to_owned());
        minter.sequence = Mutex::new(Sequence { next, reserved_until: next });
        Ok(minter)
    }

    /// A minter that begins at 1 each time it is made: for a replay, whose receipts stay the same.
    ///
    /// # Errors
    ///
    /// A name that cannot stand in an id.
    pub fn in_memory(store_id: &str, till_id: &str, nonce: BootNonce) -> Result<Self, MintError> {
        let parts = [("store", store_id), ("till", till_id), ("nonce", nonce.text.as_str())];
        let together: usize = parts.iter().map(|(_, value)| value.len()).sum();
        for (part, value) in parts {
            if together > NAMES_BYTES_MAX || value.is_empty() || !value.bytes().all(may_stand) {
                return Err(MintError::Part { part, value: value.to_owned() });
            }
        }
        Ok(Self {
            store_id: store_id.to_owned(),
            till_id: till_id.to_owned(),
            nonce,
            folder: None,
            sequence: Mutex::new(Sequence { next: 1, reserved_until: u64::MAX }),
        })
    }

    /// The next id of this trading day.
    ///
    /// # Errors
    ///
    /// The sequence cannot be written; then no id was used up.
    pub fn mint(&self, business_date: Date) -> Result<String, MintError> {
        let mut sequence = lock(&self.sequence);
        if sequence.next >= sequence.reserved_until
            && let Some(folder) = &self.folder
        {
            let until = sequence.next.saturating_add(SEQUENCES_RESERVED);
            write_sequence(folder, until)?;
            sequence.reserved_until = until;
        }
        let number = sequence.next;
        sequence.next = number.saturating_add(1);
        Ok(receipt_id(&self.store_id, &self.till_id, business_date, number, &self.nonce.text))
    }

    fn read_sequence(&self, folder: &Path) -> Result<u64, MintError> {
        let path = sequence_path(folder);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(1),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
            Err(source) => {
                return Err(MintError::Disk(JournalError::Io { action: "read", path, source }));
            }
        };
        match parse_sequence(&text) {
            Some(next) => Ok(next),
            None if self.nonce.by_chance => {
                tracing::warn!(path = %path.display(), "the sequence of receipt ids is damaged and begins anew under a new nonce");
                Ok(1)
            }
            None => Err(MintError::Damaged { path }),
        }
    }
}

fn receipt_id(store_id: &str, till_id: &str, date: Date, sequence: u64, nonce: &str) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    let id = format!("{store_id}/{till_id}/{year:04}{month:02}{day:02}/{sequence}/{nonce}");
    assert!(
        id.len() <= RECEIPT_ID_BYTES_MAX || sequence >= 10_000_000_000_000,
        "the names were measured when the minter was made"
    );
    id
}

fn may_stand(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._:-".contains(&byte)
}

fn sequence_path(folder: &Path) -> PathBuf {
    folder.join("receipt-ids")
}

fn write_sequence(folder: &Path, reserved_until: u64) -> Result<(), MintError> {
    let path = sequence_path(folder);
    let beside = folder.join("receipt-ids.new");
    let text = format!("{reserved_until} {}\n", check(reserved_until));
    Ok(replace_file(folder, &beside, &path, text.as_bytes())?)
}

fn parse_sequence(text: &str) -> Option<u64> {
    let (number, told) = text.trim_end().split_once(' ')?;
    let number = number.parse().ok()?;
    (check(number) == told).then_some(number)
}

fn check(number: u64) -> String {
    blake3::hash(&number.to_le_bytes()).to_hex().to_string()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const DAY: Date = jiff::civil::date(2026, 11, 22);

    #[test]
    fn an_id_never_comes_twice_over_restarts_even_with_a_constant_nonce() {
        let folder = tempfile::tempdir().unwrap();
        let mut seen = BTreeSet::new();
        for count in [1, 64, 65, 200, 3] {
            let minter = ReceiptIdMinter::open(folder.path(), "s1", "t1", BootNonce::constant("n")).unwrap();
            for _ in 0..count {
                let id = minter.mint(DAY).unwrap();
                assert!(seen.insert(id.clone()), "{id} came twice");
            }
        }
        assert_eq!(seen.len(), 333);
        assert!(seen.contains("s1/t1/20261122/1/n"));
    }

    #[test]
    fn a_replay_mints_the_same_ids_each_time() {
        let ids = || {
            let minter = ReceiptIdMinter::in_memory("s1", "t1", BootNonce::constant("replay")).unwrap();
            [minter.mint(DAY).unwrap(), minter.mint(DAY).unwrap()]
        };
        assert_eq!(ids(), ids());
        assert_eq!(ids()[1], "s1/t1/20261122/2/replay");
    }

    #[test]
    fn a_damaged_sequence_begins_anew_only_under_a_random_nonce() {
        let folder = tempfile::tempdir().unwrap();
        let open = |nonce| ReceiptIdMinter::open(folder.path(), "s1", "t1", nonce);
        let first = open(BootNonce::random().unwrap()).unwrap().mint(DAY).unwrap();
        fs::write(sequence_path(folder.path()), b"66 \xff").unwrap();
        let second = open(BootNonce::random().unwrap()).unwrap().mint(DAY).unwrap();
        assert_ne!(first, second);
        fs::write(sequence_path(folder.path()), "1 00").unwrap();
        let refused = open(BootNonce::constant("n")).unwrap_err();
        assert!(matches!(refused, MintError::Damaged { .. }), "{refused}");
    }

    #[test]
    fn names_that_cannot_stand_in_an_id_are_refused() {
        let long = "x".repeat(40);
        for (store, till) in [("", "t"), ("a/b", "t"), ("s", "t t"), ("s", "é"), (&long, "t")] {
            let made = ReceiptIdMinter::in_memory(store, till, BootNonce::constant("n"));
            assert!(matches!(made, Err(MintError::Part { .. })), "{store:?} {till:?}");
        }
    }
}
