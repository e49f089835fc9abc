//! The table layer: partitions with conditional commits, a hash chain over them, and a feed.
//!
//! [`Storage`] is the contract, [`MemoryStorage`] the reference model that is obviously right, and
//! [`EmbeddedStorage`] the one that keeps its promises through a power cut. [`conformance`] holds the
//! laws that every implementation is tested with. Nothing here knows what the values mean.

mod api;
pub mod chain;
mod check;
mod codec;
pub mod conformance;
mod cursor;
pub mod embedded;
pub mod envelope;
pub mod limits;
pub mod memory;

pub use api::{
    ChainHash, Claim, Commit, CommitError, Committed, Cursor, Delta, FeedEntry, Head, Hint, Partition, Row, RowKey, Space,
    Storage, StorageError, Version, Wanted,
};
pub use embedded::{EmbeddedStorage, OpenError, Opened, Options};
pub use memory::{Fault, MemoryStorage};
