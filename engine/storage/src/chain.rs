//! The hash chain over all commits: what makes a lost, changed or moved commit visible.
//!
//! Two steps, so that the costly one can be done before the place in the order is known:
//!
//! - `content` = BLAKE3 over the canonical encoding of what a commit writes;
//! - `chain(n)` = BLAKE3 over the chain before it, the sequence `n` and `content(n)`.
//!
//! Canonical encoding, version 1. Numbers are big-endian; *bytes* are a 32-bit length and the bytes;
//! a list is a 32-bit count and its items:
//!
//! ```text
//! content: bytes "tessera.storage.content.v1"
//!          bytes space, bytes key, u64 new version, bytes head
//!          list rows:   u8 kind, bytes id, bytes value
//!          list claims: bytes space, bytes key, u64 new version, bytes head
//!          list hints:  u32 bucket, bytes key, bytes value
//!          list deltas: bytes key, i64 amount
//!          list feed kinds: u8
//! chain:   bytes "tessera.storage.chain.v1", 32 bytes previous chain, u64 sequence, 32 bytes content
//! ```
//!
//! The order of rows, claims, hints, deltas and kinds is the commit's own. Short values are gathered before
//! they are hashed: BLAKE3 works on many pieces of 1 KiB at once where it gets them at once, which is worth
//! a copy many times over.

use blake3::Hasher;

use crate::codec::count;
use crate::{ChainHash, Commit, Partition, Version};

const CONTENT_DOMAIN: &[u8] = b"tessera.storage.content.v1";
const CHAIN_DOMAIN: &[u8] = b"tessera.storage.chain.v1";

/// The hash over what one commit writes, without its place in the order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ContentHash(pub [u8; 32]);

/// The content of a commit that is applied: the version it makes is the one after the expected.
pub fn content(commit: &Commit) -> ContentHash {
    let mut content = Content::new();
    content.bytes(CONTENT_DOMAIN);
    content.head(&commit.partition, commit.expected, &commit.head);
    content.plain(&count(commit.rows.len()));
    for row in &commit.rows {
        content.plain(&[row.key.kind]);
        content.bytes(&row.key.id);
        content.bytes(&row.value);
    }
    content.plain(&count(commit.claims.len()));
    for claim in &commit.claims {
        content.head(&claim.partition, claim.expected, &claim.head);
    }
    content.plain(&count(commit.hints.len()));
    for hint in &commit.hints {
        content.plain(&hint.bucket.to_be_bytes());
        content.bytes(&hint.key);
        content.bytes(&hint.value);
    }
    content.plain(&count(commit.deltas.len()));
    for delta in &commit.deltas {
        content.bytes(&delta.key);
        content.plain(&delta.amount.to_be_bytes());
    }
    content.bytes(&commit.feed_kinds);
    content.hash()
}

/// The chain after the commit `sequence` with this content.
pub fn link(previous: ChainHash, sequence: u64, content: ContentHash) -> ChainHash {
    assert!(sequence > 0, "the first commit has the sequence 1");
    let mut hasher = Hasher::new();
    bytes(&mut hasher, CHAIN_DOMAIN);
    hasher.update(&previous.0);
    hasher.update(&sequence.to_be_bytes());
    hasher.update(&content.0);
    ChainHash(*hasher.finalize().as_bytes())
}

/// Bytes gathered before the hasher sees them: the commit of a usual receipt fits whole.
const GATHERED_BYTES: usize = 16 * 1024;

/// Content on its way into the hasher.
struct Content {
    hasher: Hasher,
    gathered: Vec<u8>,
}

impl Content {
    fn new() -> Self {
        Self { hasher: Hasher::new(), gathered: Vec::with_capacity(GATHERED_BYTES / 2) }
    }

    fn head(&mut self, partition: &Partition, expected: Version, value: &[u8]) {
        self.bytes(partition.space.0.as_bytes());
        self.bytes(&partition.key);
        self.plain(&expected.0.saturating_add(1).to_be_bytes());
        self.bytes(value);
    }

    fn bytes(&mut self, value: &[u8]) {
        self.plain(&count(value.len()));
        self.plain(value);
    }

    fn plain(&mut self, bytes: &[u8]) {
        if self.gathered.len().saturating_add(bytes.len()) > GATHERED_BYTES {
            self.hasher.update(&self.gathered);
            self.gathered.clear();
        }
        if bytes.len() > GATHERED_BYTES {
            self.hasher.update(bytes);
        } else {
            self.gathered.extend_from_slice(bytes);
        }
    }

    fn hash(mut self) -> ContentHash {
        self.hasher.update(&self.gathered);
        ContentHash(*self.hasher.finalize().as_bytes())
    }
}

fn bytes(hasher: &mut Hasher, value: &[u8]) {
    hasher.update(&count(value.len()));
    hasher.update(value);
}

#[cfg(test)]
mod tests;
