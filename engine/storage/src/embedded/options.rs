//! How a storage is opened, and what is known once it is.

use std::path::PathBuf;

use bytes::Bytes;

use super::{EmbeddedStorage, OnFatal, OpenError};
use crate::limits::{FACTS_BYTES_MAX, SPACE_NAME_BYTES_MAX, SPACES_MAX};
use crate::{ChainHash, Space};

/// Memory for blocks read from the disk, 64 MiB, where the caller does not say.
const CACHE_BYTES_DEFAULT: u64 = 64 * 1024 * 1024;

/// How a storage is opened.
pub struct Options {
    /// The spaces that will be used: those that are not there yet are made. Others stay untouched.
    pub spaces: Vec<Space>,
    /// A folder for the watermark, best on another disk; none: the storage's own folder.
    pub watermark_folder: Option<PathBuf>,
    /// Kept when the storage is made, and given back by every opening.
    pub facts: Bytes,
    /// Memory for blocks read from the disk, in bytes.
    pub cache_bytes: u64,
    /// Called once, from the commit thread, when a write fails: the process is expected to end then,
    /// since what the disk holds can only be told by opening anew.
    pub on_fatal: OnFatal,
}

impl Options {
    /// Options with a cache of 64 MiB, the watermark inside the folder, no facts, and a hook that
    /// only writes a log line.
    pub fn new(spaces: &[Space]) -> Self {
        Self {
            spaces: spaces.to_vec(),
            watermark_folder: None,
            facts: Bytes::new(),
            cache_bytes: CACHE_BYTES_DEFAULT,
            on_fatal: Box::new(|reason| tracing::error!(reason, "the process should end now")),
        }
    }

    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let wrong = |what: String| Err(OpenError::Options(what));
        if self.spaces.len() > SPACES_MAX {
            return wrong(format!("{} spaces, at most {SPACES_MAX}", self.spaces.len()));
        }
        if self.facts.len() > FACTS_BYTES_MAX {
            return wrong(format!("{} bytes of facts, at most {FACTS_BYTES_MAX}", self.facts.len()));
        }
        for (position, space) in self.spaces.iter().enumerate() {
            let name = space.0;
            let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if name.is_empty() || name.len() > SPACE_NAME_BYTES_MAX || !plain {
                return wrong(format!("«{name}» is no name of a space: 1 to {SPACE_NAME_BYTES_MAX} of a to z, 0 to 9 and _"));
            }
            if self.spaces.iter().skip(position + 1).any(|other| other == space) {
                return wrong(format!("the space «{name}» is named twice"));
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("spaces", &self.spaces)
            .field("watermark_folder", &self.watermark_folder)
            .field("cache_bytes", &self.cache_bytes)
            .finish_non_exhaustive()
    }
}

/// An open storage and what was found when it was opened.
#[derive(Debug)]
pub struct Opened {
    /// The storage.
    pub storage: EmbeddedStorage,
    /// Whether it was made just now.
    pub created: bool,
    /// Whether it had not been stopped cleanly; everything acknowledged was found nevertheless.
    pub unclean: bool,
    /// The facts that it was made with.
    pub facts: Bytes,
    /// Counts the openings, from 1: no two share an epoch.
    pub epoch: u64,
    /// The last commit; 0 where there is none.
    pub sequence: u64,
    /// The chain after it.
    pub chain: ChainHash,
}
