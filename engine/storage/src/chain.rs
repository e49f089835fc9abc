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
//! The order of rows, claims, hints, deltas and kinds is the commit's own. The hash is computed over
//! the values where they lie; nothing is copied.

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
    let mut hasher = Hasher::new();
    bytes(&mut hasher, CONTENT_DOMAIN);
    head(&mut hasher, &commit.partition, commit.expected, &commit.head);
    hasher.update(&count(commit.rows.len()));
    for row in &commit.rows {
        hasher.update(&[row.key.kind]);
        bytes(&mut hasher, &row.key.id);
        bytes(&mut hasher, &row.value);
    }
    hasher.update(&count(commit.claims.len()));
    for claim in &commit.claims {
        head(&mut hasher, &claim.partition, claim.expected, &claim.head);
    }
    hasher.update(&count(commit.hints.len()));
    for hint in &commit.hints {
        hasher.update(&hint.bucket.to_be_bytes());
        bytes(&mut hasher, &hint.key);
        bytes(&mut hasher, &hint.value);
    }
    hasher.update(&count(commit.deltas.len()));
    for delta in &commit.deltas {
        bytes(&mut hasher, &delta.key);
        hasher.update(&delta.amount.to_be_bytes());
    }
    bytes(&mut hasher, &commit.feed_kinds);
    ContentHash(*hasher.finalize().as_bytes())
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

fn head(hasher: &mut Hasher, partition: &Partition, expected: Version, value: &[u8]) {
    bytes(hasher, partition.space.0.as_bytes());
    bytes(hasher, &partition.key);
    hasher.update(&expected.0.saturating_add(1).to_be_bytes());
    bytes(hasher, value);
}

fn bytes(hasher: &mut Hasher, value: &[u8]) {
    hasher.update(&count(value.len()));
    hasher.update(value);
}

#[cfg(test)]
mod tests;
