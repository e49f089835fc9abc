//! Reads: always from a snapshot that the watermark covers, never from the live tables.

use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use fjall::{Iter, Readable, Slice, Snapshot};

use super::layout::{self, TOKEN_BYTES, TableId, Tables};
use super::prepare::SHOWN;
use super::record::Record;
use crate::cursor::{self, StorageId};
use crate::envelope;
use crate::limits::SCAN_ENTRIES_MAX;
use crate::{Committed, Cursor, FeedEntry, Head, Hint, Partition, Row, RowKey, Space, StorageError, Version, Wanted};

/// What readers may see: the tables as they were when the watermark was moved last.
pub(crate) struct Visible {
    /// Before the tables, so that it is gone before the store is closed.
    snapshot: Snapshot,
    tables: Arc<Tables>,
    sequence: u64,
}

impl std::fmt::Debug for Visible {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visible").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

impl Visible {
    /// Everything that is in the tables now; `sequence` is the last commit in them.
    ///
    /// INVARIANT: only the thread that writes calls this, between two groups.
    pub(crate) fn new(tables: Arc<Tables>, sequence: u64) -> Self {
        Self { snapshot: tables.database.snapshot(), tables, sequence }
    }

    pub(crate) fn head(&self, partition: &Partition) -> Result<Option<Head>, StorageError> {
        let table = self.tables.names.heads(partition.space)?;
        let key = layout::head_key(&partition.key);
        let stored = self.get(table, &key)?;
        let head = stored.map(|stored| self.to_head(table, &key, &stored)).transpose()?;
        let version = head.as_ref().map_or(Version::NONE, |head| head.version);
        self.tables.seen.found(table, &key, version, self.sequence);
        Ok(head)
    }

    pub(crate) fn row(&self, partition: &Partition, key: &RowKey) -> Result<Option<Bytes>, StorageError> {
        let table = self.tables.names.rows(partition.space)?;
        let key = layout::row_key(&partition.key, key);
        let Some(stored) = self.get(table, &key)? else {
            return Ok(None);
        };
        let sealed = self.tables.names.open(table, &key, &stored)?;
        Ok(Some(Bytes::copy_from_slice(sealed.value)))
    }

    pub(crate) fn has_row(&self, partition: &Partition, key: &RowKey) -> Result<bool, StorageError> {
        let table = self.tables.names.rows(partition.space)?;
        let key = layout::row_key(&partition.key, key);
        let found = self.snapshot.contains_key(self.tables.keyspace(table), &key);
        found.map_err(|error| self.tables.failed(table, &key, &error))
    }

    pub(crate) fn rows(
        &self,
        partition: &Partition,
        kind: u8,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StorageError> {
        let table = self.tables.names.rows(partition.space)?;
        let prefix = layout::row_prefix(&partition.key, kind);
        self.scan(table, &prefix, after, limit, |id, key, stored| {
            let sealed = self.tables.names.open(table, key, stored)?;
            let key = RowKey { kind, id: Bytes::copy_from_slice(id) };
            Ok(Some(Row { key, value: Bytes::copy_from_slice(sealed.value) }))
        })
    }

    pub(crate) fn heads(&self, space: Space, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Head)>, StorageError> {
        let table = self.tables.names.heads(space)?;
        let after = after.map(layout::head_key);
        self.scan(table, &[], after.as_deref(), limit, |_, key, stored| {
            let partition = key.get(TOKEN_BYTES..).unwrap_or(&[]);
            Ok(Some((Bytes::copy_from_slice(partition), self.to_head(table, key, stored)?)))
        })
    }

    pub(crate) fn hints(&self, bucket: u32, after: Option<&[u8]>, limit: usize) -> Result<Vec<Hint>, StorageError> {
        self.scan(TableId::HINTS, &bucket.to_be_bytes(), after, limit, |id, key, stored| {
            let sealed = self.tables.names.open(TableId::HINTS, key, stored)?;
            Ok(Some(Hint { bucket, key: Bytes::copy_from_slice(id), value: Bytes::copy_from_slice(sealed.value) }))
        })
    }

    pub(crate) fn counter(&self, key: &[u8]) -> Result<i64, StorageError> {
        let stored = self.get(TableId::COUNTERS, key)?;
        stored.map_or(Ok(0), |stored| self.tables.counter(key, &stored))
    }

    pub(crate) fn feed(
        &self,
        id: &StorageId,
        after: &Cursor,
        limit: usize,
        wanted: Wanted,
    ) -> Result<Vec<FeedEntry>, StorageError> {
        let after = cursor::decode(id, self.sequence, after)?;
        let after = after.to_be_bytes();
        // Commits that are not shown, such as those of quotes that hold something, are passed over.
        self.scan(TableId::LOG, &[], Some(&after), limit, |_, key, stored| {
            let (stamp, record) = self.tables.record(key, stored)?;
            (stamp.mark == SHOWN).then(|| self.entry(id, stamp.version.0, record, wanted)).transpose()
        })
    }

    /// The log's record of a commit; none where the log does not have it.
    pub(crate) fn record(&self, sequence: u64) -> Result<Option<Record>, StorageError> {
        let key = sequence.to_be_bytes();
        let stored = self.get(TableId::LOG, &key)?;
        stored.map(|stored| Ok(self.tables.record(&key, &stored)?.1)).transpose()
    }

    /// The last sequence in the log; none where it is empty.
    pub(crate) fn last_in_log(&self) -> Result<Option<u64>, StorageError> {
        let Some(guard) = self.snapshot.last_key_value(self.tables.keyspace(TableId::LOG)) else {
            return Ok(None);
        };
        let key = guard.key().map_err(|error| self.tables.failed(TableId::LOG, &[], &error))?;
        let damaged = || envelope::damaged(self.tables.names.place(TableId::LOG, &key), "a sequence has 8 bytes");
        let bytes = <[u8; 8]>::try_from(&*key).map_err(|_| damaged())?;
        Ok(Some(u64::from_be_bytes(bytes)))
    }

    /// A value that the storage keeps about itself.
    pub(crate) fn meta(&self, name: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let stored = self.get(TableId::META, name)?;
        stored.map(|stored| Ok(self.tables.names.open(TableId::META, name, &stored)?.value.to_vec())).transpose()
    }

    /// The version that is stamped on a value; none where there is no value.
    pub(crate) fn version(&self, table: TableId, key: &[u8]) -> Result<Option<Version>, StorageError> {
        let stored = self.get(table, key)?;
        stored.map(|stored| Ok(self.tables.names.open(table, key, &stored)?.stamp.version)).transpose()
    }

    /// The tables behind it.
    pub(crate) fn tables(&self) -> &Arc<Tables> {
        &self.tables
    }

    fn entry(&self, id: &StorageId, sequence: u64, record: Record, wanted: Wanted) -> Result<FeedEntry, StorageError> {
        let space = self.tables.names.space(&record.head.space).ok_or_else(|| {
            let name = String::from_utf8_lossy(&record.head.space).into_owned();
            StorageError::Misuse(format!("the feed shows the space «{name}», which the storage was not opened with"))
        })?;
        let partition = Partition { space, key: record.head.key };
        let version = record.head.version;
        let shown = record.rows.into_iter().filter(|key| record.feed_kinds.contains(&key.kind) && wanted.has(key.kind));
        let rows = shown.map(|key| self.as_committed(&partition, key, version)).collect::<Result<_, _>>()?;
        let committed = Committed { version, sequence, chain: record.chain };
        Ok(FeedEntry { cursor: cursor::encode(id, sequence), committed, partition, rows })
    }

    /// A row as the commit with this version of its partition left it.
    fn as_committed(&self, partition: &Partition, key: RowKey, version: Version) -> Result<Row, StorageError> {
        let table = self.tables.names.rows(partition.space)?;
        let whole = layout::row_key(&partition.key, &key);
        if let Some(stored) = self.get(table, &whole)? {
            let sealed = self.tables.names.open(table, &whole, &stored)?;
            if sealed.stamp.version == version {
                return Ok(Row { key, value: Bytes::copy_from_slice(sealed.value) });
            }
        }
        let replaced = layout::replaced_key(partition.space, &whole, version.0);
        let place = self.tables.names.place(TableId::REPLACED, &replaced);
        let stored = self.get(TableId::REPLACED, &replaced)?;
        let stored = stored.ok_or_else(|| envelope::damaged(place, "a row of the feed is missing"))?;
        let sealed = self.tables.names.open(TableId::REPLACED, &replaced, &stored)?;
        Ok(Row { key, value: Bytes::copy_from_slice(sealed.value) })
    }

    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice>, StorageError> {
        let found = self.snapshot.get(self.tables.keyspace(table), key);
        found.map_err(|error| self.tables.failed(table, key, &error))
    }

    fn to_head(&self, table: TableId, key: &[u8], stored: &[u8]) -> Result<Head, StorageError> {
        let sealed = self.tables.names.open(table, key, stored)?;
        Ok(Head { version: sealed.stamp.version, value: Bytes::copy_from_slice(sealed.value) })
    }

    /// Reads entries whose key is `prefix` and then something greater than `after`, until `read` has made `limit` of
    /// something out of them; it gets what follows the prefix, the whole key and the stored value.
    fn scan<T>(
        &self,
        table: TableId,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
        read: impl Fn(&[u8], &[u8], &[u8]) -> Result<Option<T>, StorageError>,
    ) -> Result<Vec<T>, StorageError> {
        let limit = limit.min(SCAN_ENTRIES_MAX);
        let mut found = Vec::new();
        let mut entries = self.range(table, prefix, after);
        while found.len() < limit
            && let Some(guard) = entries.next()
        {
            let (key, stored) = guard.into_inner().map_err(|error| self.tables.failed(table, prefix, &error))?;
            let id = key.strip_prefix(prefix).unwrap_or(&[]);
            found.extend(read(id, &key, &stored)?);
        }
        assert!(found.len() <= limit, "never more than was asked for");
        Ok(found)
    }

    fn range(&self, table: TableId, prefix: &[u8], after: Option<&[u8]>) -> Iter {
        let from = match after {
            Some(after) => Bound::Excluded([prefix, after].concat()),
            None => Bound::Included(prefix.to_vec()),
        };
        let to = layout::behind_prefix(prefix).map_or(Bound::Unbounded, Bound::Excluded);
        self.snapshot.range::<Vec<u8>, _>(self.tables.keyspace(table), (from, to))
    }
}
