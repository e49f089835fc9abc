//! The tables on disk and the keys in them.
//!
//! | table | key | value, always in an envelope |
//! | --- | --- | --- |
//! | `heads-SPACE` | u32 token, partition key | the head; stamped with its version |
//! | `rows-SPACE` | u32 token, u16 length, partition key, u8 kind, id | the row; stamped with the partition's version, mark 1 where it is in the feed |
//! | `log` | u64 sequence | [`super::record::Record`] of every commit; stamped with the sequence, mark 1 where it is in the feed |
//! | `replaced` | u16 length, space, the row's key, u64 version | a row of the feed as it was before a later commit replaced it |
//! | `hints` | u32 bucket, hint key | the hint |
//! | `counters` | counter key | i64; stamped with the sequence that wrote it |
//! | `meta` | a name | storage id, creation facts, epoch |
//!
//! Numbers are big-endian, so that keys sort as the numbers do. Because of the length before the
//! partition's key, a scan of one partition and kind meets no other. The token is a hash of the partition's
//! key, as a cluster has one: keys of one kind begin alike for twenty bytes and more, and where their first four
//! differ the store's lists in memory compare those without following a pointer.

use fjall::{Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, Slice};
use xxhash_rust::xxh3::xxh3_64;

use super::folder::Folder;
use super::record::{self, Record};
use super::seen::Seen;
use crate::envelope::{self, Place, Sealed, Stamp};
use crate::{RowKey, Space, StorageError, check};

/// Number of a table of this storage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TableId(usize);

impl TableId {
    pub(crate) const META: Self = Self(0);
    pub(crate) const LOG: Self = Self(1);
    pub(crate) const REPLACED: Self = Self(2);
    pub(crate) const HINTS: Self = Self(3);
    pub(crate) const COUNTERS: Self = Self(4);

    /// Position in a list that has one place for each table.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// What the names of tables of rows begin with.
const ROWS: &str = "rows-";
const FIXED: [&str; 5] = ["meta", "log", "replaced", "hints", "counters"];

/// Names of all tables for a list of spaces; known without the store being open.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    spaces: Vec<Space>,
    tables: Vec<String>,
}

impl Names {
    pub(crate) fn new(spaces: &[Space]) -> Self {
        let mut tables: Vec<String> = FIXED.iter().map(|&name| name.to_owned()).collect();
        for space in spaces {
            tables.push(format!("heads-{}", space.0));
            tables.push(format!("{ROWS}{}", space.0));
        }
        assert_eq!(tables.len(), FIXED.len() + 2 * spaces.len(), "two tables a space");
        Self { spaces: spaces.to_vec(), tables }
    }

    pub(crate) fn spaces(&self) -> &[Space] {
        &self.spaces
    }

    pub(crate) fn count(&self) -> usize {
        self.tables.len()
    }

    pub(crate) fn heads(&self, space: Space) -> Result<TableId, StorageError> {
        Ok(TableId(FIXED.len() + 2 * check::space(space, &self.spaces)?))
    }

    pub(crate) fn rows(&self, space: Space) -> Result<TableId, StorageError> {
        Ok(TableId(FIXED.len() + 2 * check::space(space, &self.spaces)? + 1))
    }

    /// The space of a name found on disk.
    pub(crate) fn space(&self, name: &[u8]) -> Option<Space> {
        self.spaces.iter().find(|space| space.0.as_bytes() == name).copied()
    }

    pub(crate) fn place<'a>(&'a self, table: TableId, key: &'a [u8]) -> Place<'a> {
        Place { table: self.tables.get(table.0).map_or("", String::as_str), key }
    }

    /// A value in its envelope; `scratch` is only there to be used again.
    pub(crate) fn seal(&self, table: TableId, key: &[u8], stamp: Stamp, value: &[u8], scratch: &mut Vec<u8>) -> Slice {
        envelope::seal(self.place(table, key), stamp, value, scratch);
        Slice::from(scratch.as_slice())
    }

    pub(crate) fn open<'a>(&self, table: TableId, key: &[u8], stored: &'a [u8]) -> Result<Sealed<'a>, StorageError> {
        envelope::open(self.place(table, key), stored)
    }
}

/// The open tables.
pub(crate) struct Tables {
    pub(crate) names: Names,
    pub(crate) seen: Seen,
    keyspaces: Vec<Keyspace>,
    pub(crate) database: Database,
    /// Last, so that the folder is unlocked after the store has let go of it.
    pub(crate) folder: Folder,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Tables {
    /// Opens all tables, making those that are not there. The default options hold bloom filters, so
    /// that a look for a key that is not there seldom touches the disk. Large rows lie in files of their
    /// own, which merging the tables does not write again: rows are put once and hardly ever replaced.
    pub(crate) fn open(database: Database, spaces: &[Space], folder: Folder) -> fjall::Result<Self> {
        let names = Names::new(spaces);
        let mut keyspaces = Vec::with_capacity(names.count());
        for table in &names.tables {
            let options = || {
                let apart = table.starts_with(ROWS).then(KvSeparationOptions::default);
                KeyspaceCreateOptions::default().with_kv_separation(apart)
            };
            keyspaces.push(database.keyspace(table, options)?);
        }
        assert_eq!(keyspaces.len(), names.count(), "a table a name");
        Ok(Self { names, seen: Seen::new(), keyspaces, database, folder })
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "a TableId is only made from a position in the names, and `open` makes a keyspace a name"
    )]
    pub(crate) fn keyspace(&self, table: TableId) -> &Keyspace {
        &self.keyspaces[table.0]
    }

    /// All keyspaces, in the order of their [`TableId`].
    pub(crate) fn keyspaces(&self) -> &[Keyspace] {
        &self.keyspaces
    }

    /// A counter taken out of its envelope.
    pub(crate) fn counter(&self, key: &[u8], stored: &[u8]) -> Result<i64, StorageError> {
        let sealed = self.names.open(TableId::COUNTERS, key, stored)?;
        let place = self.names.place(TableId::COUNTERS, key);
        let bytes = sealed.value.try_into().map_err(|_| envelope::damaged(place, "a counter has 8 bytes"))?;
        Ok(i64::from_be_bytes(bytes))
    }

    /// A record of the log taken out of its envelope, and what was written with it.
    pub(crate) fn record(&self, key: &[u8], stored: &[u8]) -> Result<(Stamp, Record), StorageError> {
        let sealed = self.names.open(TableId::LOG, key, stored)?;
        let place = self.names.place(TableId::LOG, key);
        let record = record::decode(sealed.value).ok_or_else(|| envelope::damaged(place, "it is not a record of a commit"))?;
        Ok((sealed.stamp, record))
    }

    /// The error for a read that failed.
    pub(crate) fn failed(&self, table: TableId, key: &[u8], error: &fjall::Error) -> StorageError {
        let io = matches!(error, fjall::Error::Io(_) | fjall::Error::Storage(fjall::LsmError::Io(_)));
        if io {
            return StorageError::Unavailable(format!("reading the disk failed: {error}"));
        }
        envelope::damaged(self.names.place(table, key), &error.to_string())
    }
}

/// Bytes of a token.
pub(crate) const TOKEN_BYTES: usize = size_of::<u32>();

/// What the keys of a partition begin with: the upper half of XXH3 over its key, big-endian.
fn token(partition: &[u8]) -> [u8; TOKEN_BYTES] {
    let [a, b, c, d, ..] = xxh3_64(partition).to_be_bytes();
    [a, b, c, d]
}

/// Key of a head.
pub(crate) fn head_key(partition: &[u8]) -> Vec<u8> {
    [&token(partition), partition].concat()
}

/// Key of a row.
pub(crate) fn row_key(partition: &[u8], row: &RowKey) -> Vec<u8> {
    let mut key = row_prefix(partition, row.kind);
    key.extend_from_slice(&row.id);
    key
}

/// What the keys of all rows of one kind in one partition begin with.
pub(crate) fn row_prefix(partition: &[u8], kind: u8) -> Vec<u8> {
    let mut key = Vec::with_capacity(partition.len().saturating_add(48));
    key.extend_from_slice(&token(partition));
    key.extend_from_slice(&length(partition));
    key.extend_from_slice(partition);
    key.push(kind);
    key
}

/// Key of a row of the feed that was replaced: `row` is its whole key in its own table.
pub(crate) fn replaced_key(space: Space, row: &[u8], version: u64) -> Vec<u8> {
    let mut key = Vec::with_capacity(row.len().saturating_add(space.0.len()).saturating_add(10));
    key.extend_from_slice(&length(space.0.as_bytes()));
    key.extend_from_slice(space.0.as_bytes());
    key.extend_from_slice(row);
    key.extend_from_slice(&version.to_be_bytes());
    key
}

/// Key of a hint.
pub(crate) fn hint_key(bucket: u32, key: &[u8]) -> Vec<u8> {
    let mut whole = bucket.to_be_bytes().to_vec();
    whole.extend_from_slice(key);
    whole
}

/// The first key behind all that begin with `prefix`; none where there is no such key.
pub(crate) fn behind_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

fn length(bytes: &[u8]) -> [u8; 2] {
    debug_assert!(u16::try_from(bytes.len()).is_ok(), "the limits keep keys below 64 KiB");
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_a_prefix_comes_the_next_key_that_does_not_begin_with_it() {
        let cases: [(&[u8], Option<&[u8]>); 5] = [
            (b"a", Some(b"b")),
            (b"a\xFF", Some(b"b")),
            (b"\x00\x01k\xFF\xFF", Some(b"\x00\x01l")),
            (b"\xFF\xFF\xFF\xFF", None),
            (b"", None),
        ];
        for (prefix, expected) in cases {
            assert_eq!(behind_prefix(prefix).as_deref(), expected, "{prefix:?}");
        }
    }

    #[test]
    fn no_row_of_one_partition_lies_between_those_of_another() {
        let id = |id: &'static [u8]| RowKey { kind: 1, id: bytes::Bytes::from_static(id) };
        let prefix = row_prefix(b"ab", 1);
        for (partition, row) in [(&b"a"[..], id(b"b\x01x")), (b"abc", id(b"")), (b"", id(b"ab\x01")), (b"ab\x01", id(b"x"))] {
            assert!(!row_key(partition, &row).starts_with(&prefix), "{partition:?}");
        }
        assert!(row_key(b"ab", &id(b"x")).starts_with(&prefix));
    }
}
