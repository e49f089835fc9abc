//! Heads that are written by themselves: lists, stock, draws. Whoever writes has read the version before.

use std::time::Duration;

use tessera_contract::refusal::Refusal;
use tessera_storage::{Commit, CommitError, Partition, Version};

use crate::core::Core;

/// What a caller waits before it comes back to a full queue, or to a head that others keep writing.
pub(crate) const BACK_OFF: Duration = Duration::from_millis(50);

/// What came of writing a head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Written {
    /// It is on the disk.
    Done,
    /// Somebody else wrote first.
    Beaten,
    /// It is on the disk or not: the next read tells.
    Unknown,
}

impl Core {
    /// Writes a head where it has still this version.
    pub(crate) async fn write_head(&self, partition: Partition, expected: Version, head: Vec<u8>) -> Result<Written, Refusal> {
        match self.storage.commit(Commit::of_head(partition, expected, head)).await {
            Ok(_) => Ok(Written::Done),
            Err(CommitError::Conflict { .. }) => Ok(Written::Beaten),
            Err(CommitError::Unknown(_)) => Ok(Written::Unknown),
            Err(CommitError::Busy) => Err(Refusal::TooManyWaiting { retry_after: BACK_OFF }),
            Err(CommitError::Storage(error)) => Err(self.storage_refusal(&error)),
            Err(error @ (CommitError::ClaimTaken { .. } | CommitError::TooLarge { .. })) => {
                Err(self.internal(&error.to_string()))
            }
        }
    }
}
