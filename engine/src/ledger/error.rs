//! Why something about ledger days could not be done.

use jiff::civil::Date;
use tessera_contract::refusal::Refusal;
use tessera_ledger::day::BrokenDay;
use tessera_ledger::encode::Damaged;
use tessera_storage::{CommitError, StorageError};

/// A ledger day could not be closed or read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The storage failed.
    #[error("reading the ledger: {0}")]
    Storage(#[from] StorageError),
    /// The record of a day could not be written.
    #[error("writing the close of {date}: {source}")]
    Commit {
        /// The day.
        date: Date,
        /// Why.
        source: CommitError,
    },
    /// An outcome in the feed cannot be read.
    #[error("commit {sequence} in the feed: {what}")]
    Unreadable {
        /// The commit.
        sequence: u64,
        /// What is wrong.
        what: String,
    },
    /// The record of a day cannot be read.
    #[error("the record of {date} cannot be read: {source}")]
    Damaged {
        /// The day, or `latest`.
        date: String,
        /// What is wrong.
        source: Damaged,
    },
    /// A closed day is not what it was.
    #[error(transparent)]
    Broken(#[from] BrokenDay),
    /// Something was booked on a day that was closed already.
    #[error("commit {sequence} was booked on {date}, which was closed before: the ledger is not to be trusted from there on")]
    Late {
        /// The commit.
        sequence: u64,
        /// The day that it names.
        date: Date,
    },
    /// What lapsed in an account could not be posted.
    #[error("posting what lapsed in account {account}: {refusal:?}")]
    Post {
        /// The account.
        account: String,
        /// Why.
        refusal: Box<Refusal>,
    },
    /// The day is not over, or nothing was ever booked.
    #[error("{0} is not over yet: it can be closed when the next ledger day has begun")]
    NotOver(Date),
    /// Nobody can name the day's beginning.
    #[error("{0} cannot be closed: it has no beginning or end in the ledger's time zone")]
    NoSuchDay(Date),
    /// The days asked for are not there.
    #[error("{0}")]
    Asked(String),
}
