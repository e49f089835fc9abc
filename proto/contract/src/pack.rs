//! The rule pack on its way from engine to gateway, and what a gateway's answer from it brings back.
//!
//! A pack's **content** is hashed alone, so that one content serves all stores and revisions that it is good for. A signed
//! **head** says that an engine has it in force, for which stores and until when. A **token** lets an engine decide
//! again, by the same content, what a till was told.

mod answer;
mod content;
mod head;
mod token;

use std::fmt;

use jiff::Timestamp;
use tessera_rules::catalogue::Catalogue;
use tessera_rules::decision::Decision;
use tessera_rules::effort::Effort;
use tessera_rules::pack::decide;
use tessera_rules::receipt::Receipt;
use tessera_rules::revision::Revision;

use crate::limits::PACK_CONTENT_BYTES_MAX;
pub use answer::{MORE_FOLLOWS_TEXT, NOT_CHECKED_TEXT, NOT_REDEEMED_TEXT, PackTexts, answer_from_pack};
pub use content::PackContent;
pub use head::{PackHead, SignedPackHead, stores_hash};
pub use token::{PACK_TOKEN_VERSION, PackToken};

/// BLAKE3 over a pack's content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackHash(pub [u8; 32]);

impl fmt::Display for PackHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for PackHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PackHash({self})")
    }
}

/// Why bytes are no pack that can be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PackError {
    /// Longer than a pack may be.
    #[error("the pack has {0} bytes, more than a pack may have")]
    TooLong(usize),
    /// Other bytes than those that were named.
    #[error("the pack's bytes are not those that its hash names")]
    Hash,
    /// Made in a form that this build does not know, or cut, or damaged before it was hashed.
    #[error("the pack's bytes cannot be read by this version")]
    Form,
    /// Its programs have mistakes: made by a build that knows more of the language.
    #[error("the pack's programs cannot be compiled: {0}")]
    Programs(String),
    /// Its products contradict each other.
    #[error("the pack's products cannot be used: {0}")]
    Products(String),
}

/// A pack that can decide.
#[derive(Debug)]
pub struct OpenedPack {
    hash: PackHash,
    revision: Revision,
    catalogue: Catalogue,
}

impl OpenedPack {
    /// Reads and compiles content.
    ///
    /// # Errors
    /// The bytes are not those of the hash, or no content that this build can use.
    pub fn open(hash: PackHash, bytes: &[u8]) -> Result<Self, PackError> {
        if bytes.len() > PACK_CONTENT_BYTES_MAX {
            return Err(PackError::TooLong(bytes.len()));
        }
        if *blake3::hash(bytes).as_bytes() != hash.0 {
            return Err(PackError::Hash);
        }
        let content = PackContent::decode(bytes).ok_or(PackError::Form)?;
        let compiled = Revision::compile(0, Timestamp::UNIX_EPOCH, &content.sources);
        let revision = compiled.map_err(|mistakes| PackError::Programs(mistakes.to_string()))?.revision;
        let catalogue = Catalogue::new(0, content.products).map_err(|fault| PackError::Products(fault.to_string()))?;
        Ok(Self { hash, revision, catalogue })
    }

    /// The hash of its content.
    #[must_use]
    pub fn hash(&self) -> PackHash {
        self.hash
    }

    /// Its programs, numbered 0: they are of many revisions.
    #[must_use]
    pub fn revision(&self) -> &Revision {
        &self.revision
    }

    /// Its products, numbered 0.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// What it makes of a receipt: see [`decide`].
    #[must_use]
    pub fn decide(&self, receipt: &Receipt, at: Timestamp, effort: Effort) -> Decision {
        decide(&self.revision, &self.catalogue, receipt, at, effort)
    }
}

#[cfg(test)]
mod tests;
