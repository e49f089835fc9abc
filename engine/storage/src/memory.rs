//! The reference model: maps under one lock, obviously right, for tests of everything above.
//!
//! It can imitate the weaker contract of a CQL cluster ([`MemoryStorage::with_claims_first`]) and
//! fail on demand ([`MemoryStorage::inject`]). Several callers share one `Arc<MemoryStorage>`.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

use crate::cursor::StorageId;
use crate::limits::SCAN_ENTRIES_MAX;
use crate::{
    ChainHash, Claim, Commit, CommitError, Committed, Cursor, FeedEntry, Head, Hint, Partition, Row, RowKey, Space, Storage,
    StorageError, Version, Wanted, chain, check, cursor,
};

/// What happens to a commit for which [`MemoryStorage::inject`] was called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It is applied where its expectations hold, and answered [`CommitError::Unknown`] then.
    UnknownAfterApplying,
    /// It is not applied, and answered [`CommitError::Unknown`].
    UnknownBeforeApplying,
    /// It is not applied, and answered [`CommitError::Busy`].
    Busy,
    /// It is not applied, and answered [`StorageError::Unavailable`].
    Unavailable,
}

/// Partitions in memory. Nothing survives it.
#[derive(Debug)]
pub struct MemoryStorage {
    id: StorageId,
    spaces: Vec<Space>,
    claims_first: bool,
    tables: Mutex<Tables>,
    feed_moved: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Tables {
    closed: bool,
    heads: BTreeMap<Partition, Head>,
    rows: BTreeMap<(Partition, RowKey), Bytes>,
    hints: BTreeMap<(u32, Bytes), Bytes>,
    counters: BTreeMap<Bytes, i64>,
    sequence: u64,
    /// All zero before the first commit, as [`ChainHash::START`] is.
    chain: [u8; 32],
    feed: Vec<FeedEntry>,
    faults: VecDeque<(u64, Fault)>,
    commits_seen: u64,
}

impl MemoryStorage {
    /// An empty storage with these spaces: everything of a commit is applied at once or not at all.
    pub fn new(spaces: &[Space]) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(1);
        let mut id = *b"in-memory\0\0\0\0\0\0\0";
        if let Some(tail) = id.last_chunk_mut::<7>() {
            let number = MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            tail.copy_from_slice(number.last_chunk::<7>().unwrap_or(&[0; 7]));
        }
        Self { id, spaces: spaces.to_vec(), claims_first: false, tables: Mutex::default(), feed_moved: watch::Sender::new(0) }
    }

    /// An empty storage that writes claims and hints before the commit that carries them, as a CQL
    /// cluster does: they stay behind when the commit is then refused.
    pub fn with_claims_first(spaces: &[Space]) -> Self {
        Self { claims_first: true, ..Self::new(spaces) }
    }

    /// Lets the `nth` commit from now (1: the next one) meet a fault. Refused ones count too.
    pub fn inject(&self, nth: u64, fault: Fault) {
        assert!(nth > 0, "the next commit is number 1");
        let mut tables = self.locked();
        let at = tables.commits_seen.saturating_add(nth);
        tables.faults.push_back((at, fault));
    }

    /// The sequence and the chain after the last commit: (0, [`ChainHash::START`]) before the first.
    pub fn tip(&self) -> (u64, ChainHash) {
        let tables = self.locked();
        (tables.sequence, ChainHash(tables.chain))
    }

    /// A panic elsewhere while the lock was held has left whole maps: every change below is made
    /// after the last check that could fail.
    fn locked(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, Tables>, StorageError> {
        let tables = self.locked();
        if tables.closed {
            return Err(StorageError::Stopped("it was closed".to_owned()));
        }
        Ok(tables)
    }

    fn opened(&self, space: Space) -> Result<MutexGuard<'_, Tables>, StorageError> {
        let tables = self.open()?;
        check::space(space, &self.spaces)?;
        Ok(tables)
    }

    fn commit_now(&self, commit: &Commit) -> Result<Committed, CommitError> {
        let mut tables = self.open()?;
        check::commit(commit, &self.spaces)?;
        let fault = tables.next_fault();
        match fault {
            Some(Fault::UnknownBeforeApplying) => {
                return Err(CommitError::Unknown("injected, not applied".to_owned()));
            }
            Some(Fault::Busy) => return Err(CommitError::Busy),
            Some(Fault::Unavailable) => {
                return Err(CommitError::Storage(StorageError::Unavailable("injected".to_owned())));
            }
            Some(Fault::UnknownAfterApplying) | None => {}
        }
        if self.claims_first {
            tables.apply_claims_first(commit)?;
            tables.check_head_and_counters(commit)?;
        } else {
            tables.check_claims(&commit.claims)?;
            tables.check_head_and_counters(commit)?;
            tables.apply_claims(&commit.claims);
            tables.apply_hints(&commit.hints);
        }
        let committed = tables.apply(&self.id, commit);
        if !commit.feed_kinds.is_empty() {
            self.feed_moved.send_replace(committed.sequence);
        }
        match fault {
            Some(Fault::UnknownAfterApplying) => Err(CommitError::Unknown("injected, applied".to_owned())),
            Some(Fault::UnknownBeforeApplying | Fault::Busy | Fault::Unavailable) | None => Ok(committed),
        }
    }
}

impl Tables {
    fn next_fault(&mut self) -> Option<Fault> {
        self.commits_seen = self.commits_seen.saturating_add(1);
        let at = self.faults.iter().position(|(nth, _)| *nth == self.commits_seen)?;
        self.faults.remove(at).map(|(_, fault)| fault)
    }

    fn version(&self, partition: &Partition) -> Version {
        self.heads.get(partition).map_or(Version::NONE, |head| head.version)
    }

    fn check_claims(&self, claims: &[Claim]) -> Result<(), CommitError> {
        for (index, claim) in claims.iter().enumerate() {
            if self.version(&claim.partition) != claim.expected {
                return Err(CommitError::ClaimTaken { index, found: self.heads.get(&claim.partition).cloned() });
            }
        }
        Ok(())
    }

    /// Claims whose own expectation holds are applied, and hints, whatever becomes of the commit.
    fn apply_claims_first(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let answer = self.check_claims(&commit.claims);
        for claim in &commit.claims {
            if self.version(&claim.partition) == claim.expected {
                self.put_head(&claim.partition, claim.expected, &claim.head);
            }
        }
        self.apply_hints(&commit.hints);
        answer
    }

    fn apply_claims(&mut self, claims: &[Claim]) {
        for claim in claims {
            self.put_head(&claim.partition, claim.expected, &claim.head);
        }
    }

    fn apply_hints(&mut self, hints: &[Hint]) {
        for hint in hints {
            self.hints.insert((hint.bucket, hint.key.clone()), hint.value.clone());
        }
    }

    fn check_head_and_counters(&self, commit: &Commit) -> Result<(), CommitError> {
        let found = self.heads.get(&commit.partition);
        if found.map_or(Version::NONE, |head| head.version) != commit.expected {
            return Err(CommitError::Conflict { found: found.cloned() });
        }
        let mut counters = BTreeMap::new();
        for delta in &commit.deltas {
            let before = counters.get(&delta.key).or_else(|| self.counters.get(&delta.key)).copied().unwrap_or(0);
            counters.insert(&delta.key, add(before, delta.amount)?);
        }
        Ok(())
    }

    fn put_head(&mut self, partition: &Partition, expected: Version, value: &Bytes) {
        let version = Version(expected.0.saturating_add(1));
        assert_eq!(self.version(partition), expected, "a head is only put over the expected version");
        self.heads.insert(partition.clone(), Head { version, value: value.clone() });
    }

    /// Applies what was checked.
    fn apply(&mut self, id: &StorageId, commit: &Commit) -> Committed {
        self.put_head(&commit.partition, commit.expected, &commit.head);
        for row in &commit.rows {
            self.rows.insert((commit.partition.clone(), row.key.clone()), row.value.clone());
        }
        for delta in &commit.deltas {
            let counter = self.counters.entry(delta.key.clone()).or_insert(0);
            *counter = counter.saturating_add(delta.amount);
        }
        self.sequence = self.sequence.saturating_add(1);
        let chain = chain::link(ChainHash(self.chain), self.sequence, chain::content(commit));
        self.chain = chain.0;
        let committed = Committed { version: self.version(&commit.partition), sequence: self.sequence, chain };
        if !commit.feed_kinds.is_empty() {
            let rows = commit.rows.iter().filter(|row| commit.feed_kinds.contains(&row.key.kind)).cloned().collect();
            let cursor = cursor::encode(id, self.sequence);
            let entry = FeedEntry { cursor, committed, partition: commit.partition.clone(), rows };
            self.feed.push(entry);
        }
        committed
    }
}

/// Where a scan begins: behind `after`, or at the smallest key.
fn from<K>(after: Option<&[u8]>, key: impl Fn(Bytes) -> K) -> Bound<K> {
    match after {
        Some(after) => Bound::Excluded(key(Bytes::copy_from_slice(after))),
        None => Bound::Included(key(Bytes::new())),
    }
}

/// Adds to a counter.
pub(crate) fn add(before: i64, amount: i64) -> Result<i64, CommitError> {
    before
        .checked_add(amount)
        .ok_or_else(|| CommitError::Storage(StorageError::Misuse(format!("a counter at {before} cannot change by {amount}"))))
}

#[async_trait]
impl Storage for MemoryStorage {
    async fn head(&self, partition: &Partition) -> Result<Option<Head>, StorageError> {
        Ok(self.opened(partition.space)?.heads.get(partition).cloned())
    }

    async fn row(&self, partition: &Partition, key: &RowKey) -> Result<Option<Bytes>, StorageError> {
        Ok(self.opened(partition.space)?.rows.get(&(partition.clone(), key.clone())).cloned())
    }

    async fn rows(&self, partition: &Partition, kind: u8, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StorageError> {
        let tables = self.opened(partition.space)?;
        let from = from(after, |id| (partition.clone(), RowKey { kind, id }));
        let behind = tables.rows.range((from, Bound::Unbounded));
        let mine = behind.take_while(|((of, key), _)| of == partition && key.kind == kind);
        let rows = mine.map(|((_, key), value)| Row { key: key.clone(), value: value.clone() });
        Ok(rows.take(limit.min(SCAN_ENTRIES_MAX)).collect())
    }

    async fn heads(&self, space: Space, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Head)>, StorageError> {
        let tables = self.opened(space)?;
        let behind = tables.heads.range((from(after, |key| Partition { space, key }), Bound::Unbounded));
        let mine = behind.take_while(|(of, _)| of.space == space);
        Ok(mine.map(|(of, head)| (of.key.clone(), head.clone())).take(limit.min(SCAN_ENTRIES_MAX)).collect())
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError> {
        let answer = self.commit_now(&commit);
        // Others get their turn between a commit and its answer, as they do where a disk is waited for.
        tokio::task::yield_now().await;
        answer
    }

    async fn hints(&self, bucket: u32, after: Option<&[u8]>, limit: usize) -> Result<Vec<Hint>, StorageError> {
        let tables = self.open()?;
        let behind = tables.hints.range((from(after, |key| (bucket, key)), Bound::Unbounded));
        let mine = behind.take_while(|((of, _), _)| *of == bucket);
        let hints = mine.map(|((_, key), value)| Hint { bucket, key: key.clone(), value: value.clone() });
        Ok(hints.take(limit.min(SCAN_ENTRIES_MAX)).collect())
    }

    async fn close_hint(&self, bucket: u32, key: &[u8]) -> Result<(), StorageError> {
        self.open()?.hints.remove(&(bucket, Bytes::copy_from_slice(key)));
        Ok(())
    }

    async fn counter(&self, key: &[u8]) -> Result<i64, StorageError> {
        Ok(self.open()?.counters.get(key).copied().unwrap_or(0))
    }

    async fn feed(&self, after: &Cursor, limit: usize, wanted: Wanted) -> Result<Vec<FeedEntry>, StorageError> {
        let tables = self.open()?;
        let after = cursor::decode(&self.id, tables.sequence, after)?;
        let first = tables.feed.partition_point(|entry| entry.committed.sequence <= after);
        let mut page: Vec<FeedEntry> = tables.feed.iter().skip(first).take(limit.min(SCAN_ENTRIES_MAX)).cloned().collect();
        page.iter_mut().for_each(|entry| entry.rows.retain(|row| wanted.has(row.key.kind)));
        Ok(page)
    }

    fn feed_moved(&self) -> watch::Receiver<u64> {
        self.feed_moved.subscribe()
    }

    async fn close(&self) -> Result<(), StorageError> {
        self.open()?.closed = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
