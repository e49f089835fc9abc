//! Every limit of this crate, with its unit and its reason, proven against each other below.

/// Bytes of a partition key, a row id, a hint key or a counter key.
///
/// Ids are minted by tills and people and stay far below; a key is copied into several indexes.
pub const KEY_BYTES_MAX: usize = 256;

/// Bytes of one value, 1 MiB: as large as the largest message that brings one.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;

/// Rows of one commit: 32 waiting receipts of an aggregate with some rows each.
pub const COMMIT_ROWS_MAX: usize = 1_024;

/// Claims of one commit: a CQL cluster writes each by a round of its own.
pub const COMMIT_CLAIMS_MAX: usize = 128;

/// Hints of one commit.
pub const COMMIT_HINTS_MAX: usize = 1_024;

/// Counter changes of one commit.
pub const COMMIT_DELTAS_MAX: usize = 1_024;

/// Kinds of rows that one commit may show in the feed: a kind is one byte.
pub const COMMIT_FEED_KINDS_MAX: usize = 256;

/// Bytes of all values of one commit, 8 MiB: what a CQL cluster takes in one batch without complaint.
pub const COMMIT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Commits of one group, which share one fsync. A group is what waits and never waits for more, so this only
/// bounds what one batch of the store takes; fewer would let callers wait for the fsyncs of groups before theirs.
pub const GROUP_COMMITS_MAX: usize = 256;

/// Commits that may wait for the disk: at 20,000 commits a second a fifth of a second of work.
pub const QUEUE_COMMITS_MAX: usize = 4_096;

/// Bytes of all commits that may wait for the disk, 256 MiB: memory is bounded whatever their size.
pub const QUEUE_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Rows, heads, hints or feed entries of one answer; a larger `limit` means this one.
pub const SCAN_ENTRIES_MAX: usize = 10_000;

/// Spaces that one storage may be opened with: each is two tables with buffers of their own.
pub const SPACES_MAX: usize = 64;

/// Bytes of the name of a space: it becomes part of a table's name.
pub const SPACE_NAME_BYTES_MAX: usize = 64;

/// Bytes of the creation facts that a storage keeps for its caller.
pub const FACTS_BYTES_MAX: usize = 64 * 1024;

/// A group that takes longer than this on the disk is counted as a stall, in milliseconds: the aim
/// is 50 ms for all but one commit in a thousand.
pub const STALL_MS: u64 = 50;

/// Bytes of all journals before the store must write its buffers out, 256 MiB: this bounds what is
/// copied aside and checked after an unclean stop.
pub const JOURNAL_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Threads of the store that write buffers out and merge tables. With more than one, the first of them does
/// nothing but send the order to merge back to the others for as long as one of them merges (fjall 3.1.13).
pub const STORE_WORKERS: usize = 1;

/// Bytes that the checksummed envelope adds to every stored value, see [`crate::envelope`].
pub const ENVELOPE_BYTES: usize = 1 + 1 + 1 + 8 + 16;

const _: () = {
    assert!(VALUE_BYTES_MAX <= COMMIT_BYTES_MAX, "the largest value fits a commit");
    assert!(COMMIT_BYTES_MAX <= QUEUE_BYTES_MAX, "the largest commit fits the queue");
    assert!(GROUP_COMMITS_MAX <= QUEUE_COMMITS_MAX, "a group is taken from the queue");
    assert!(KEY_BYTES_MAX + SPACE_NAME_BYTES_MAX + 64 <= 65_535, "the store's keys have at most 65,535 bytes");
    assert!(2 + KEY_BYTES_MAX + 1 + KEY_BYTES_MAX + 8 <= 65_535, "a row's whole key fits as well");
    assert!(KEY_BYTES_MAX <= 65_535, "key lengths are written with 16 bits");
    assert!(VALUE_BYTES_MAX + ENVELOPE_BYTES <= 4_294_967_295, "value lengths are written with 32 bits");
    assert!(
        GROUP_COMMITS_MAX * (2 * COMMIT_ROWS_MAX + COMMIT_CLAIMS_MAX + COMMIT_HINTS_MAX + COMMIT_DELTAS_MAX + 3) <= 4_294_967_295,
        "a group's items are counted with 32 bits"
    );
    assert!(SPACES_MAX * 2 + 8 <= 65_535, "tables are numbered with 16 bits");
    assert!(JOURNAL_BYTES_MAX >= 64 * 1024 * 1024, "the store demands at least 64 MiB");
    assert!(COMMIT_FEED_KINDS_MAX == 256, "every kind may be shown once");
};
