//! Every limit of the mirror, with its unit and its reason.

/// Outcomes that are folded together: their commits share fsyncs, and memory stays bounded.
pub const BATCH_OUTCOMES_MAX: usize = 1_000;

/// Rows of one commit: well below what the storage takes, so that its values fit too.
pub const COMMIT_ROWS_MAX: usize = 500;

/// Bytes of the rows of one commit; a single row may have more.
pub const COMMIT_ROW_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Commits on their way at the same time: a group of the storage.
pub const COMMITS_IN_FLIGHT_MAX: usize = 256;

/// Cards kept in memory between batches; a household buys again within the hour.
pub const CARDS_CACHED_MAX: usize = 20_000;

/// Days of stores kept in memory between batches: today's of each store.
pub const DAYS_CACHED_MAX: usize = 2_000;

/// Lots of a card: beyond, the lapsed ones that ended first are left out.
pub const LOTS_MAX: usize = 1_000;

/// Coupons, and prizes, of a card: beyond, the oldest are left out; the history has them.
pub const RIGHTS_MAX: usize = 256;

/// Facts known of a card's customers.
pub const FACTS_MAX: usize = 512;

/// Draws and programs that a card tells of.
pub const NAMED_MAX: usize = 256;

/// Entries of a history that are read at once.
pub const HISTORY_MAX: usize = 1_000;

const _: () = {
    assert!(COMMIT_ROWS_MAX <= tessera_storage::limits::COMMIT_ROWS_MAX, "a commit takes its rows");
    assert!(COMMIT_ROW_BYTES_MAX <= tessera_storage::limits::COMMIT_BYTES_MAX, "and their bytes");
    assert!(COMMITS_IN_FLIGHT_MAX <= tessera_storage::limits::QUEUE_COMMITS_MAX, "the storage has room for them");
};
