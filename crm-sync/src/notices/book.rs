//! The book of notices in a storage: each notice under its mark, found again by the hour in which something is to be done.
//!
//! A notice is one partition, written whole. With each commit goes a hint in the bucket of the hour in which it is looked at
//! next, written no later than the commit (H61); the hint of before is taken away afterwards, and one that was left by a stop
//! in between names a generation that the notice has left behind, so its reader takes it away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_storage::{Commit, CommitError, Delta, Hint, Partition, Storage, StorageError, Version};
use tokio::sync::Notify;

use super::layout;
use super::notice::{Notice, Outage, State};

/// What stands before every value: a reader that meets another number does not guess.
const FORMAT: u8 = 2;
/// How long a commit waits where the storage's queue is full.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// The book cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The storage could not read.
    #[error("the storage of notices cannot be read")]
    Storage(#[from] StorageError),
    /// The storage did not take a commit.
    #[error("the storage of notices did not take a commit")]
    Commit(#[source] CommitError),
    /// A value is not what the book writes.
    #[error("{what} in the storage of notices cannot be read: it is damaged, or was written by a later version")]
    Unreadable {
        /// Which value.
        what: &'static str,
    },
}

/// A value as it was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept<T> {
    /// The version that a change of it expects.
    pub version: Version,
    /// The value.
    pub value: T,
}

/// The book.
#[derive(Debug)]
pub struct Book {
    storage: Arc<dyn Storage>,
    /// By bucket the first key that others than the worker have put since it last looked.
    touched: Mutex<BTreeMap<u32, Bytes>>,
    moved: Notify,
}

impl Book {
    /// Over a storage that was opened with [`layout::SPACES`].
    #[must_use]
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage, touched: Mutex::default(), moved: Notify::new() }
    }

    /// The storage below.
    #[must_use]
    pub fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    /// A notice; none: there is none under this mark.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn notice(&self, mark: &str) -> Result<Option<Kept<Notice>>, BookError> {
        self.read("a notice", &layout::notice(mark)).await
    }

    /// Writes a notice and gives it as it was written; none: somebody else has written it since it was read, and nothing was
    /// changed.
    ///
    /// # Errors
    /// The storage did not take it.
    pub async fn put(&self, kept: Option<&Kept<Notice>>, mut notice: Notice) -> Result<Option<Notice>, BookError> {
        let before = kept.map(|kept| &kept.value);
        let (was_in, is_in) = (before.and_then(place), place(&notice));
        let moves = before.is_some() && was_in != is_in;
        notice.generation = before.map_or(0, |before| before.generation).saturating_add(u32::from(moves));
        let commit = Commit {
            hints: hints(before, &notice),
            deltas: deltas(before, &notice),
            ..plain(layout::notice(&notice.own_mark()), kept.map_or(Version::NONE, |kept| kept.version), encode(&notice))
        };
        if !self.commit(commit).await? {
            return Ok(None);
        }
        if let (Some(before), Some(bucket), true) = (before, was_in, moves) {
            self.storage.close_hint(bucket, &key(before)).await?;
        }
        Ok(Some(notice))
    }

    /// Takes away a hint that its notice does not mean any more.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn close(&self, bucket: u32, key: &[u8]) -> Result<(), BookError> {
        Ok(self.storage.close_hint(bucket, key).await?)
    }

    /// Changes a notice as often as it takes until nobody else writes it meanwhile, and tells the worker. None: there is
    /// none, or `change` has nothing to change.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn change(&self, mark: &str, mut change: impl FnMut(&mut Notice) -> bool) -> Result<Option<Notice>, BookError> {
        while let Some(kept) = self.notice(mark).await? {
            let mut notice = kept.value.clone();
            if !change(&mut notice) {
                return Ok(None);
            }
            if let Some(written) = self.put(Some(&kept), notice).await? {
                self.tell(&written);
                return Ok(Some(written));
            }
        }
        Ok(None)
    }

    /// Tells the worker that it has something to look at.
    pub fn tell(&self, notice: &Notice) {
        if notice.is_open() {
            let key = key(notice);
            let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
            let first = touched.entry(layout::hour(notice.look_at)).or_insert_with(|| key.clone());
            if key < *first {
                *first = key;
            }
        }
        self.moved.notify_one();
    }

    /// What others have put since the last call: the first key of each bucket.
    #[must_use]
    pub fn touched(&self) -> BTreeMap<u32, Bytes> {
        std::mem::take(&mut *self.touched.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until others have put something, or have since the last wait.
    pub async fn moved(&self) {
        self.moved.notified().await;
    }

    /// A value that there is one of, or one under an id.
    ///
    /// # Errors
    /// The storage cannot be read, or holds something else there.
    pub async fn read<T: for<'a> Deserialize<'a>>(
        &self,
        what: &'static str,
        partition: &Partition,
    ) -> Result<Option<Kept<T>>, BookError> {
        let head = self.storage.head(partition).await?;
        head.map(|head| Ok(Kept { version: head.version, value: decode(what, &head.value)? })).transpose()
    }

    /// Times in which no route worked, the oldest first.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn outages(&self) -> Result<Kept<Vec<Outage>>, BookError> {
        let kept = self.read("the outages", &layout::single("outages")).await?;
        Ok(kept.unwrap_or(Kept { version: Version::NONE, value: Vec::new() }))
    }

    /// Writes such a value; false: somebody else has written it since.
    ///
    /// # Errors
    /// The storage did not take it.
    pub async fn write<T: Serialize>(&self, partition: Partition, expected: Version, value: &T) -> Result<bool, BookError> {
        self.commit(plain(partition, expected, encode(value))).await
    }

    /// Open notices of a bucket behind a key: key, and when each is looked at, in seconds since 1970.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn hints(&self, bucket: u32, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, i64)>, BookError> {
        let hints = self.storage.hints(bucket, after, limit).await?;
        let read = |hint: Hint| {
            let second = <[u8; 8]>::try_from(&*hint.value).map(i64::from_be_bytes).unwrap_or(0);
            (hint.key, second)
        };
        Ok(hints.into_iter().map(read).collect())
    }

    /// How many notices are in each state, and how many were told late by whose fault, by name.
    ///
    /// # Errors
    /// The storage cannot be read.
    pub async fn counts(&self) -> Result<BTreeMap<&'static str, i64>, BookError> {
        let mut counts = BTreeMap::new();
        for name in COUNTERS {
            counts.insert(name, self.storage.counter(name.as_bytes()).await?);
        }
        Ok(counts)
    }

    async fn commit(&self, commit: Commit) -> Result<bool, BookError> {
        loop {
            match self.storage.commit(commit.clone()).await {
                Ok(_) => return Ok(true),
                Err(CommitError::Conflict { .. }) => return Ok(false),
                Err(CommitError::Busy) => tokio::time::sleep(BUSY_PAUSE).await,
                Err(
                    error @ (CommitError::ClaimTaken { .. }
                    | CommitError::TooLarge { .. }
                    | CommitError::Unknown(_)
                    | CommitError::Storage(_)),
                ) => return Err(BookError::Commit(error)),
            }
        }
    }
}

/// Everything that is counted.
pub const COUNTERS: [&str; 12] = [
    "due",
    "sending",
    "unsure",
    "sent",
    "unconfirmed",
    "delivered",
    "unknown",
    "undeliverable",
    "ended",
    "late_link",
    "late_provider",
    "late_ours",
];

/// The name under which notices of a state are counted.
#[must_use]
pub const fn counter(state: State) -> &'static str {
    match state {
        State::Due => "due",
        State::Sending => "sending",
        State::Unsure => "unsure",
        State::Sent => "sent",
        State::Unconfirmed => "unconfirmed",
        State::Delivered => "delivered",
        State::Unknown => "unknown",
        State::Undeliverable(_) => "undeliverable",
        State::Ended(_) => "ended",
    }
}

fn counters(notice: &Notice) -> Vec<&'static str> {
    let late = notice.late.map(|fault| match fault {
        super::notice::Fault::Link => "late_link",
        super::notice::Fault::Provider => "late_provider",
        super::notice::Fault::Ours => "late_ours",
    });
    std::iter::once(counter(notice.state)).chain(late).collect()
}

fn deltas(before: Option<&Notice>, notice: &Notice) -> Vec<Delta> {
    let mut sums: BTreeMap<&'static str, i64> = BTreeMap::new();
    for name in counters(notice) {
        *sums.entry(name).or_default() += 1;
    }
    for name in before.map(counters).unwrap_or_default() {
        *sums.entry(name).or_default() -= 1;
    }
    let changed = sums.into_iter().filter(|(_, amount)| *amount != 0);
    changed.map(|(name, amount)| Delta { key: Bytes::from_static(name.as_bytes()), amount }).collect()
}

/// The bucket in which a notice is found; none: nobody looks for it.
#[must_use]
pub fn place(notice: &Notice) -> Option<u32> {
    if notice.is_open() {
        return Some(layout::hour(notice.look_at));
    }
    notice.is_for_people().then_some(layout::FOR_PEOPLE)
}

/// The key under which it is found there.
#[must_use]
pub fn key(notice: &Notice) -> Bytes {
    layout::hint_key(notice.due_at, &notice.own_mark(), notice.generation)
}

fn hints(before: Option<&Notice>, notice: &Notice) -> Vec<Hint> {
    let value = Bytes::copy_from_slice(&seconds(notice.look_at).to_be_bytes());
    let mut hints = Vec::new();
    if let Some(bucket) = place(notice) {
        hints.push(Hint { bucket, key: key(notice), value: value.clone() });
    }
    if notice.late.is_some() && before.is_none_or(|before| before.late.is_none()) {
        let key = layout::hint_key(notice.due_at, &notice.own_mark(), 0);
        hints.push(Hint { bucket: layout::LATE, key, value });
    }
    hints
}

/// The second in which a time has been reached: a hint never says earlier than its notice.
#[must_use]
pub fn seconds(at: Timestamp) -> i64 {
    at.as_second().saturating_add(i64::from(at.subsec_nanosecond() > 0))
}

fn plain(partition: Partition, expected: Version, head: Bytes) -> Commit {
    let (rows, claims, hints, deltas, feed_kinds) = Default::default();
    Commit { partition, expected, head, rows, claims, hints, deltas, feed_kinds }
}

fn encode<T: Serialize>(value: &T) -> Bytes {
    #[expect(clippy::expect_used, reason = "texts, numbers and lists in memory are always written")]
    let bytes = postcard::to_extend(value, vec![FORMAT]).expect("a value of the book is written");
    Bytes::from(bytes)
}

fn decode<T: for<'a> Deserialize<'a>>(what: &'static str, bytes: &[u8]) -> Result<T, BookError> {
    let value = bytes.split_first().filter(|(format, _)| **format == FORMAT).map(|(_, value)| value);
    value.and_then(|value| postcard::from_bytes(value).ok()).ok_or(BookError::Unreadable { what })
}
