//! Every bound of the till library, with its unit and its reason.

use std::time::Duration;

use tessera_contract::limits as contract;

/// How long a till waits for an answer, where nothing else is said: promise P1.
pub const BUDGET_DEFAULT: Duration = contract::BUDGET;

/// Largest message that is sent or received, bytes: the contract's limit.
pub const MESSAGE_BYTES_MAX: usize = contract::MESSAGE_BYTES_MAX;

/// How many advices may wait for their outcome in a journal: two hours of one busy till.
pub const OPEN_ADVICES_MAX: usize = 500;

/// How many of the newest receipts keep their requests: what was lost behind the till is sent again
/// from there.
pub(crate) const DONE_ADVICES_MAX: usize = 500;

/// Length of those requests together, bytes: 500 of 16 KiB, as receipts of forty lines have; of large ones fewer are kept.
pub(crate) const DONE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// How many receipts are remembered by id and hash: some weeks of a busy till.
pub(crate) const DONE_NOTES_MAX: usize = 20_000;

/// How long the close of a day waits for an answer, where nothing else is said: no customer waits for it.
pub(crate) const DAY_BUDGET: Duration = Duration::from_secs(30);

/// Largest message about a day, bytes: 10,000 receipts by name.
pub(crate) const DAY_MESSAGE_BYTES_MAX: usize = 2 * MESSAGE_BYTES_MAX;

/// Largest record of a journal, bytes: one message and what names it.
pub(crate) const RECORD_BYTES_MAX: usize = MESSAGE_BYTES_MAX + 4 * 1024;

/// A journal is rewritten when it is longer than this and most of it is struck out, bytes.
pub(crate) const JOURNAL_REWRITE_BYTES: u64 = 4 * 1024 * 1024;

/// The till's own part of the budget at its end: enough to add up 1,000 lines on a slow till.
pub(crate) const RESERVE_MAX: Duration = Duration::from_millis(25);

/// Below this a second attempt is not worth its work.
pub(crate) const ATTEMPT_MIN: Duration = Duration::from_millis(20);

/// Shortest pause before a second attempt, milliseconds.
pub(crate) const RETRY_PAUSE_MS_MIN: u64 = 5;

/// What chance may add to that pause, milliseconds: tills that lost the same gateway come back apart.
pub(crate) const RETRY_JITTER_MS_MAX: u64 = 45;

/// Share of calls that may be repeated, besides one a second (H49).
pub(crate) const RETRY_SHARE: f32 = 0.1;

/// Time over which that share is counted.
pub(crate) const RETRY_WINDOW: Duration = Duration::from_secs(10);

/// Calls that wait to be written to one stream.
pub(crate) const STREAM_QUEUE_MAX: usize = 1_024;

/// Largest budget that a message on a stream may name, milliseconds: the contract's number.
pub(crate) const BUDGET_MS_MAX: u32 = contract::STREAM_BUDGET_MS_MAX;

/// How long a stream that is closing is read on: the contract's 30 s and the way back.
pub(crate) const CLOSING_READ_MAX: Duration = Duration::from_secs(35);

/// How many sequence numbers are taken from the disk at once; a crash skips at most as many.
pub(crate) const SEQUENCES_RESERVED: u64 = 64;

/// Longest receipt id, bytes: the contract's limit.
pub(crate) const RECEIPT_ID_BYTES_MAX: usize = 64;

const _: () = assert!(RECORD_BYTES_MAX > MESSAGE_BYTES_MAX);
const _: () = assert!(DONE_BYTES_MAX > MESSAGE_BYTES_MAX, "the newest receipt keeps its request");
const _: () = assert!(RESERVE_MAX.as_millis() * 10 < BUDGET_DEFAULT.as_millis());
