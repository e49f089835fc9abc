//! The storage contract: partitions, conditional commits, and the feed of what was committed.
//!
//! The contract is the weaker of two worlds, so that one caller is right on both: the embedded storage
//! commits everything at once, a CQL cluster only what lies in one partition. What is promised is said
//! at each type; a caller must not rely on more.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;

/// A named table of partitions, such as `accounts`. The name is part of the layout on disk.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Space(pub &'static str);

/// Where one aggregate lies: everything in it is committed together or not at all.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Partition {
    /// The table.
    pub space: Space,
    /// The key in it: 1 to [`crate::limits::KEY_BYTES_MAX`] bytes.
    pub key: Bytes,
}

/// How often a partition has been committed: 0 is «not there yet», the first commit makes it 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Version(pub u64);

impl Version {
    /// The version of a partition that was never committed.
    pub const NONE: Self = Self(0);
}

/// The head of a partition: its version and the value that goes with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// Version, at least 1.
    pub version: Version,
    /// The value, opaque here.
    pub value: Bytes,
}

/// The name of a row inside its partition: a kind, and an id that sorts by its bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RowKey {
    /// The kind of row, the caller's numbering.
    pub kind: u8,
    /// The id: at most [`crate::limits::KEY_BYTES_MAX`] bytes.
    pub id: Bytes,
}

/// A row put by a commit; it replaces a row of the same key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Its name.
    pub key: RowKey,
    /// Its value, opaque here.
    pub value: Bytes,
}

/// A conditional write of the head of *another* partition.
///
/// Contract: a claim is on disk no later than the commit that carries it. It may be there although
/// its commit was refused or is unknown (a CQL cluster writes it first), so whoever reads one must
/// look into the partition that it points to before believing it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The other partition.
    pub partition: Partition,
    /// The version that it must have.
    pub expected: Version,
    /// Its new head.
    pub head: Bytes,
}

/// A row of a bucketed index, written no later than the commit that carries it and perhaps without it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hint {
    /// The bucket, such as a day number.
    pub bucket: u32,
    /// The key inside the bucket; the same key again replaces the value.
    pub key: Bytes,
    /// The value, opaque here.
    pub value: Bytes,
}

/// A change of a shared counter, such as what is left of a budget.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Delta {
    /// The counter.
    pub key: Bytes,
    /// What to add; counters begin at 0.
    pub amount: i64,
}

/// One conditional batch: applied whole where the partition has the expected version, else not at all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// The partition.
    pub partition: Partition,
    /// The version it must have; [`Version::NONE`]: it must not be there.
    pub expected: Version,
    /// The new head.
    pub head: Bytes,
    /// Rows put into the partition.
    pub rows: Vec<Row>,
    /// Heads of other partitions, see [`Claim`].
    pub claims: Vec<Claim>,
    /// Index rows, see [`Hint`].
    pub hints: Vec<Hint>,
    /// Counter changes, applied in commit order.
    pub deltas: Vec<Delta>,
    /// Kinds of rows that are shown in the feed; empty: this commit is not in the feed.
    pub feed_kinds: Vec<u8>,
}

impl Commit {
    /// A commit of a partition's head and nothing else; no feed shows it.
    #[must_use]
    pub fn of_head(partition: Partition, expected: Version, head: impl Into<Bytes>) -> Self {
        Self {
            partition,
            expected,
            head: head.into(),
            rows: Vec::new(),
            claims: Vec::new(),
            hints: Vec::new(),
            deltas: Vec::new(),
            feed_kinds: Vec::new(),
        }
    }
}

/// Where a commit stands in the order of all commits of this storage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Committed {
    /// The partition's version now.
    pub version: Version,
    /// The commit sequence, from 1, without gaps.
    pub sequence: u64,
    /// Hash over this commit and the hash before it: see [`crate::chain`].
    pub chain: ChainHash,
}

/// A link of the hash chain over all commits: BLAKE3, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// The chain before the first commit.
    pub const START: Self = Self([0; 32]);
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
    }
}

/// A place in the feed, opaque to followers: they keep the last one they have dealt with.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Cursor(pub Bytes);

/// One commit as a follower sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedEntry {
    /// The place behind this entry: resume here.
    pub cursor: Cursor,
    /// The commit's place in the order.
    pub committed: Committed,
    /// The partition.
    pub partition: Partition,
    /// The rows of the kinds that the commit named, as they were committed.
    pub rows: Vec<Row>,
}

/// Which rows of a feed are wanted; others are not even read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// All that the commits named.
    All,
    /// Those of one kind.
    Kind(u8),
}

impl Wanted {
    /// Whether rows of that kind are wanted.
    #[must_use]
    pub fn has(self, kind: u8) -> bool {
        match self {
            Self::All => true,
            Self::Kind(wanted) => wanted == kind,
        }
    }
}

/// Storage could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// What was read does not match its checksum or its form: the value is not to be used.
    #[error("damaged value in {place}: {what}")]
    Damaged {
        /// Space and key, in hex.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// A space that the storage was not opened with, or a cursor of another storage.
    #[error("{0}")]
    Misuse(String),
    /// The storage has stopped after a failed write, or was closed: nothing can be done with it any more.
    #[error("the storage has stopped: {0}")]
    Stopped(String),
    /// The storage did not answer in time or could not be reached.
    #[error("the storage did not answer: {0}")]
    Unavailable(String),
}

/// A commit that was not applied, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The partition has another version; nothing of the batch was applied (claims and hints may be).
    #[error("the partition has version {}, not the expected one", found.as_ref().map_or(0, |h| h.version.0))]
    Conflict {
        /// The head as found, or none.
        found: Option<Head>,
    },
    /// A claimed partition has another version; nothing of the batch was applied.
    #[error("claim {index} found another version")]
    ClaimTaken {
        /// Which of [`Commit::claims`].
        index: usize,
        /// The head as found, or none.
        found: Option<Head>,
    },
    /// The queue before the disk is full: try again later; nothing was applied.
    #[error("too many commits are waiting for the disk")]
    Busy,
    /// The batch is over a limit; nothing was applied.
    #[error("the commit is too large: {what} has {actual}, at most {limit}")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// Its size.
        actual: usize,
        /// The limit.
        limit: usize,
    },
    /// Whether it was applied is not known: read the partition to find out.
    #[error("whether the commit was applied is unknown: {0}")]
    Unknown(String),
    /// Storage failed before anything was applied.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Partitions with conditional commits, and the feed over them.
///
/// Reads see only what is durable: a value returned here survives a power cut. All reads of one
/// partition after a commit to it was acknowledged see that commit or a later one.
#[async_trait]
pub trait Storage: Send + Sync + fmt::Debug + 'static {
    /// The head of a partition.
    async fn head(&self, partition: &Partition) -> Result<Option<Head>, StorageError>;

    /// One row.
    async fn row(&self, partition: &Partition, key: &RowKey) -> Result<Option<Bytes>, StorageError>;

    /// Whether there is such a row: its value is not read where the storage can tell without.
    async fn has_row(&self, partition: &Partition, key: &RowKey) -> Result<bool, StorageError> {
        Ok(self.row(partition, key).await?.is_some())
    }

    /// Rows of one kind whose id is greater than `after`, by ascending id, at most `limit`.
    async fn rows(&self, partition: &Partition, kind: u8, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StorageError>;

    /// Heads of a space that follow `after` in an order of the storage's own (by key, by a hash of it), at most
    /// `limit`. For scans by operators, never on the live path.
    async fn heads(&self, space: Space, after: Option<&[u8]>, limit: usize) -> Result<Vec<(Bytes, Head)>, StorageError>;

    /// Applies one conditional batch. When it returns `Ok`, the batch is on disk.
    ///
    /// Dropping the future does not cancel the commit.
    async fn commit(&self, commit: Commit) -> Result<Committed, CommitError>;

    /// Hints of a bucket whose key is greater than `after`, by ascending key, at most `limit`.
    async fn hints(&self, bucket: u32, after: Option<&[u8]>, limit: usize) -> Result<Vec<Hint>, StorageError>;

    /// Takes a hint away once it has been dealt with; taking away what is not there is no error.
    async fn close_hint(&self, bucket: u32, key: &[u8]) -> Result<(), StorageError>;

    /// The value of a shared counter; 0 where it was never changed.
    async fn counter(&self, key: &[u8]) -> Result<i64, StorageError>;

    /// Entries behind `after` (the default cursor: from the beginning), at most `limit`, in an order in
    /// which commits of one partition keep theirs. At least once: an entry may come again. Entries without any of the
    /// `wanted` rows come too, with what else they say, so that the cursor moves.
    async fn feed(&self, after: &Cursor, limit: usize, wanted: Wanted) -> Result<Vec<FeedEntry>, StorageError>;

    /// Changes whenever the feed may have grown. The value is near the sequence of the last commit where the storage has
    /// one order of all commits, else 0: good for showing how far a reader is, and for nothing else.
    fn feed_moved(&self) -> watch::Receiver<u64>;

    /// Writes what is buffered and stops. Later calls answer [`StorageError::Stopped`].
    async fn close(&self) -> Result<(), StorageError>;
}
