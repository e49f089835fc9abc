//! The laws of the storage contract: what every implementation is tested with.
//!
//! Each law is an async function over a fresh storage that was opened with [`SPACES`]; one that does
//! not hold ends the test with an assertion. [`crate::for_each_law`] hands the list of all laws to a
//! macro, so that a new law reaches every implementation.

mod feed;
mod heads;
mod order;
mod refusals;
mod rows;

use std::sync::Arc;

use bytes::Bytes;

pub use feed::{
    feed_goes_on_behind_any_cursor, feed_keeps_rows_as_they_were_committed, feed_moves_when_it_grows,
    feed_refuses_a_cursor_of_another_storage, feed_shows_only_the_named_kinds,
};
pub use heads::{
    a_claim_is_there_with_its_commit, a_commit_replaces_a_head_of_the_expected_version_only,
    a_head_that_was_never_committed_is_absent, a_taken_claim_refuses_the_commit_and_says_which, heads_are_scanned_by_space,
    version_counts_commits,
};
pub use order::{
    a_dropped_commit_is_still_done, of_two_commits_with_one_expectation_exactly_one_wins,
    the_chain_can_be_computed_from_the_commits, thousand_commits_agree_with_versions_feed_and_counters,
};
pub use refusals::{
    a_commit_over_a_limit_is_refused_whole, a_commit_that_writes_one_place_twice_is_refused, a_counter_does_not_overflow,
    a_space_that_was_not_opened_is_refused, closed_means_stopped,
};
pub use rows::{
    counters_add_up, hints_are_kept_by_bucket_until_closed, rows_are_put_replaced_and_read,
    rows_are_scanned_in_order_behind_a_place, rows_of_neighbouring_partitions_do_not_mix,
};

use crate::{Claim, Commit, Delta, Hint, Partition, Row, RowKey, Space, Storage, Version};

/// The spaces that a storage under test is opened with.
pub const SPACES: [Space; 2] = [THINGS, CODES];

/// A space for partitions.
pub const THINGS: Space = Space("things");

/// A space for what is claimed.
pub const CODES: Space = Space("codes");

/// The storage under test.
pub type Subject = Arc<dyn Storage>;

/// Calls a macro with the names of all laws, separated by commas.
///
/// ```
/// macro_rules! print { ($($law:ident),*) => { $( let _ = stringify!($law); )* } }
/// tessera_storage::for_each_law!(print);
/// ```
#[macro_export]
macro_rules! for_each_law {
    ($with:ident) => {
        $with! {
            a_head_that_was_never_committed_is_absent,
            a_commit_replaces_a_head_of_the_expected_version_only,
            version_counts_commits,
            heads_are_scanned_by_space,
            a_claim_is_there_with_its_commit,
            a_taken_claim_refuses_the_commit_and_says_which,
            rows_are_put_replaced_and_read,
            rows_are_scanned_in_order_behind_a_place,
            rows_of_neighbouring_partitions_do_not_mix,
            hints_are_kept_by_bucket_until_closed,
            counters_add_up,
            feed_shows_only_the_named_kinds,
            feed_goes_on_behind_any_cursor,
            feed_keeps_rows_as_they_were_committed,
            feed_moves_when_it_grows,
            feed_refuses_a_cursor_of_another_storage,
            of_two_commits_with_one_expectation_exactly_one_wins,
            thousand_commits_agree_with_versions_feed_and_counters,
            the_chain_can_be_computed_from_the_commits,
            a_dropped_commit_is_still_done,
            a_commit_over_a_limit_is_refused_whole,
            a_commit_that_writes_one_place_twice_is_refused,
            a_counter_does_not_overflow,
            a_space_that_was_not_opened_is_refused,
            closed_means_stopped
        }
    };
}

/// A partition in [`THINGS`].
pub fn thing(key: &str) -> Partition {
    Partition { space: THINGS, key: bytes(key) }
}

/// A partition in [`CODES`].
pub fn code(key: &str) -> Partition {
    Partition { space: CODES, key: bytes(key) }
}

/// A commit of a head and nothing else.
pub fn commit(partition: Partition, expected: u64, head: &str) -> Commit {
    Commit::of_head(partition, Version(expected), bytes(head))
}

/// A row.
pub fn row(kind: u8, id: &str, value: &str) -> Row {
    Row { key: key(kind, id), value: bytes(value) }
}

/// The key of a row.
pub fn key(kind: u8, id: &str) -> RowKey {
    RowKey { kind, id: bytes(id) }
}

/// A claim.
pub fn claim(partition: Partition, expected: u64, head: &str) -> Claim {
    Claim { partition, expected: Version(expected), head: bytes(head) }
}

/// A hint.
pub fn hint(bucket: u32, key: &str, value: &str) -> Hint {
    Hint { bucket, key: bytes(key), value: bytes(value) }
}

/// A change of a counter.
pub fn delta(key: &str, amount: i64) -> Delta {
    Delta { key: bytes(key), amount }
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}
