//! One group of commits: each is checked against the tables and against those before it in the group,
//! and those that hold become one batch.

use std::collections::BTreeMap;

use bytes::Bytes;
use fjall::{OwnedWriteBatch, PersistMode, Slice};

use super::layout::{self, TableId, Tables};
use super::prepare::{HeadPut, Prepared, Put, SHOWN};
use super::record;
use crate::envelope::Stamp;
use crate::{ChainHash, CommitError, Committed, Delta, Head, StorageError, Version, chain, memory};

/// The end of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Tip {
    pub(crate) sequence: u64,
    pub(crate) chain: ChainHash,
    /// Keys and values of all commits so far, in bytes.
    pub(crate) bytes_so_far: u64,
}

impl Tip {
    /// Before the first commit.
    pub(crate) const START: Self = Self { sequence: 0, chain: ChainHash::START, bytes_so_far: 0 };
}

/// What a group will write: per table the last value of each key, none where it is taken away.
///
/// Only the commit thread has one, and only one at a time, so that what it reads beside the group is
/// the durable state.
pub(crate) struct Group<'a> {
    tables: &'a Tables,
    tip: Tip,
    changed: Vec<BTreeMap<Slice, Option<Slice>>>,
    feed_grew: bool,
    scratch: Vec<u8>,
    value: Vec<u8>,
}

impl<'a> Group<'a> {
    /// An empty group behind `tip`.
    pub(crate) fn new(tables: &'a Tables, tip: Tip) -> Self {
        let mut changed = Vec::new();
        changed.resize_with(tables.names.count(), BTreeMap::new);
        Self { tables, tip, changed, feed_grew: false, scratch: Vec::new(), value: Vec::new() }
    }

    /// The end of the log with this group.
    pub(crate) fn tip(&self) -> Tip {
        self.tip
    }

    /// Whether the feed is longer with this group.
    pub(crate) fn feed_grew(&self) -> bool {
        self.feed_grew
    }

    /// Takes a commit into the group, or refuses it and leaves the group as it was.
    pub(crate) fn commit(&mut self, prepared: Prepared) -> Result<Committed, CommitError> {
        for (index, claim) in prepared.claims.iter().enumerate() {
            if let Err(found) = self.expect_version(claim)? {
                return Err(CommitError::ClaimTaken { index, found });
            }
        }
        if let Err(found) = self.expect_version(&prepared.head)? {
            return Err(CommitError::Conflict { found });
        }
        let counters = self.counters(&prepared.deltas)?;
        let replaced = self.replaced_rows(&prepared)?;
        Ok(self.apply(prepared, counters, replaced))
    }

    /// Takes a hint away.
    pub(crate) fn close_hint(&mut self, key: Slice) {
        self.change(TableId::HINTS, key, None);
    }

    /// The one batch of this group, or none where there is nothing to write.
    pub(crate) fn into_batch(self) -> Option<OwnedWriteBatch> {
        let items = self.changed.iter().map(BTreeMap::len).sum();
        if items == 0 {
            return None;
        }
        let mut batch =
            OwnedWriteBatch::with_capacity(self.tables.database.clone(), items).durability(Some(PersistMode::SyncAll));
        for (keyspace, changes) in self.tables.keyspaces().iter().zip(self.changed) {
            for (key, value) in changes {
                match value {
                    Some(value) => batch.insert(keyspace, key, value),
                    None => batch.remove(keyspace, key),
                }
            }
        }
        assert_eq!(batch.len(), items, "everything changed is in the batch");
        Some(batch)
    }

    /// The value as this group leaves it so far.
    fn get(&self, table: TableId, key: &[u8]) -> Result<Option<Slice>, StorageError> {
        if let Some(changed) = self.changed.get(table.index()).and_then(|changes| changes.get(key)) {
            return Ok(changed.clone());
        }
        self.tables.keyspace(table).get(key).map_err(|error| self.tables.failed(table, key, &error))
    }

    fn change(&mut self, table: TableId, key: Slice, value: Option<Slice>) {
        let changes = self.changed.get_mut(table.index());
        assert!(changes.is_some(), "a place for every table");
        changes.and_then(|changes| changes.insert(key, value));
    }

    fn put(&mut self, put: Put) {
        self.change(put.table, put.key, Some(put.value));
    }

    fn put_head(&mut self, head: HeadPut, sequence: u64) -> Version {
        let version = Version(head.expected.0.saturating_add(1));
        self.tables.seen.writes(head.put.table, &head.put.key, version, sequence);
        self.put(head.put);
        version
    }

    /// Whether a head has the version it must have; else what was found.
    fn expect_version(&self, head: &HeadPut) -> Result<Result<(), Option<Head>>, StorageError> {
        let (table, key) = (head.put.table, &head.put.key);
        if self.tables.seen.is_certain(table, key, head.expected) {
            return Ok(Ok(()));
        }
        let Some(stored) = self.get(table, key)? else {
            return Ok(if head.expected == Version::NONE { Ok(()) } else { Err(None) });
        };
        let sealed = self.tables.names.open(table, key, &stored)?;
        if sealed.stamp.version == head.expected {
            return Ok(Ok(()));
        }
        Ok(Err(Some(Head { version: sealed.stamp.version, value: Bytes::copy_from_slice(sealed.value) })))
    }

    /// Every counter that the commit changes, with its new value.
    fn counters(&self, deltas: &[Delta]) -> Result<BTreeMap<Bytes, i64>, CommitError> {
        let mut counters = BTreeMap::new();
        for delta in deltas {
            let before = match counters.get(&delta.key) {
                Some(value) => *value,
                None => match self.get(TableId::COUNTERS, &delta.key)? {
                    Some(stored) => self.tables.counter(&delta.key, &stored)?,
                    None => 0,
                },
            };
            counters.insert(delta.key.clone(), memory::add(before, delta.amount)?);
        }
        Ok(counters)
    }

    /// Rows of the feed that this commit replaces, to be kept for followers who have not seen them.
    fn replaced_rows(&mut self, prepared: &Prepared) -> Result<Vec<Put>, StorageError> {
        let mut kept = Vec::new();
        if prepared.head.expected == Version::NONE {
            return Ok(kept);
        }
        for row in &prepared.rows {
            let Some(stored) = self.get(row.table, &row.key)? else {
                continue;
            };
            let sealed = self.tables.names.open(row.table, &row.key, &stored)?;
            if sealed.stamp.mark == SHOWN {
                let key = layout::replaced_key(prepared.space, &row.key, sealed.stamp.version.0);
                let names = &self.tables.names;
                let value = names.seal(TableId::REPLACED, &key, sealed.stamp, sealed.value, &mut self.scratch);
                kept.push(Put { table: TableId::REPLACED, key: Slice::from(key), value });
            }
        }
        Ok(kept)
    }

    /// Applies what was checked: from here on nothing can fail.
    fn apply(&mut self, prepared: Prepared, counters: BTreeMap<Bytes, i64>, replaced: Vec<Put>) -> Committed {
        let sequence = self.tip.sequence.saturating_add(1);
        assert!(sequence > self.tip.sequence, "a sequence is used once");
        let chain = chain::link(self.tip.chain, sequence, prepared.content);
        let bytes = u64::try_from(prepared.bytes).unwrap_or(u64::MAX);
        self.tip = Tip { sequence, chain, bytes_so_far: self.tip.bytes_so_far.saturating_add(bytes) };
        let key = sequence.to_be_bytes();
        let stamp = Stamp { version: Version(sequence), mark: 0 };
        let logged = Stamp { mark: if prepared.in_feed { SHOWN } else { 0 }, ..stamp };

        record::encode(chain, self.tip.bytes_so_far, &prepared.record_body, &mut self.value);
        let value = self.tables.names.seal(TableId::LOG, &key, logged, &self.value, &mut self.scratch);
        self.put(Put { table: TableId::LOG, key: Slice::from(key), value });
        self.feed_grew |= prepared.in_feed;
        for (key, counter) in counters {
            let value = counter.to_be_bytes();
            let value = self.tables.names.seal(TableId::COUNTERS, &key, stamp, &value, &mut self.scratch);
            self.put(Put { table: TableId::COUNTERS, key: Slice::from(&*key), value });
        }
        for put in replaced.into_iter().chain(prepared.rows).chain(prepared.hints) {
            self.put(put);
        }
        for claim in prepared.claims {
            self.put_head(claim, sequence);
        }
        let version = self.put_head(prepared.head, sequence);
        Committed { version, sequence, chain }
    }
}
