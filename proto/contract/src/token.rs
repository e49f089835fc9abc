//! The quote token: what a quote promised, sealed so that only engines with the key can read or make it
//! (H15).
//!
//! Bytes of a token: version (1), key id (`u32`, big-endian), nonce (24), then the body in a form of its own,
//! sealed by XAES-256-GCM with the 29 bytes before it as associated data, then the tag (16). A nonce must not be
//! used twice under one key: 24 random bytes, or random ones and a count.

mod body;
mod seal;

use std::fmt;

use bytes::Bytes;
use tessera_rules::decision::Decision;

use self::seal::SealKey;
use crate::limits::TOKEN_BYTES_MAX;
pub use body::{Promised, RevisionName, TokenBody, TokenHead, decision_hash};

/// The version of the token's form.
const VERSION: u8 = 11;
/// Bytes before the sealed body.
const HEADER_BYTES: usize = 1 + 4 + NONCE_BYTES;
/// Bytes of the seal's tag.
const TAG_BYTES: usize = 16;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 24;
/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Bytes that one serialisation is given at first.
const FIRST_BYTES: usize = 4 << 10;

const _: () = assert!(HEADER_BYTES + TAG_BYTES < TOKEN_BYTES_MAX, "a token has room for a body");

/// Why a token is none. Each counts as no token, and the settle is flagged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// Shorter than any token, or longer than the limit.
    #[error("the token is cut or too long")]
    Length,
    /// Sealed in a form that this build does not know.
    #[error("the token's version {0} is not known")]
    Version(u8),
    /// Sealed with a key that this engine does not have.
    #[error("the token's key {0} is not known")]
    UnknownKey(u32),
    /// Not what an engine sealed: forged, damaged, or of another system.
    #[error("the token's seal is broken")]
    Seal,
    /// Sealed by us, and not readable: made by a build with another body under the same version.
    #[error("the token's body cannot be read")]
    Body,
}

/// A token that was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedToken {
    /// The token, at most 64 KiB.
    pub bytes: Bytes,
    /// The decision did not fit and stands there as its hash: settle evaluates again.
    pub shortened: bool,
}

/// The keys that all engines share: one to seal with, older ones to open with.
#[derive(Clone)]
pub struct TokenKeys {
    current: (u32, SealKey),
    previous: Vec<(u32, SealKey)>,
}

impl fmt::Debug for TokenKeys {
    /// Prints the ids of the keys, never the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let previous: Vec<u32> = self.previous.iter().map(|(id, _)| *id).collect();
        f.debug_struct("TokenKeys").field("current", &self.current.0).field("previous", &previous).finish_non_exhaustive()
    }
}

impl TokenKeys {
    /// Takes the key to seal with, and those of before, each with its id.
    #[must_use]
    pub fn new(current: (u32, [u8; KEY_BYTES]), previous: &[(u32, [u8; KEY_BYTES])]) -> Self {
        let with_key = |(id, key): &(u32, [u8; KEY_BYTES])| (*id, SealKey::new(key));
        Self { current: with_key(&current), previous: previous.iter().map(with_key).collect() }
    }

    /// Seals what a quote promised. `nonce` must be random and never used before.
    ///
    /// What [`Promised::Decision`] names is left out: a settle does not need it. Where the decision is still too
    /// large its hash takes its place.
    #[must_use]
    pub fn seal(&self, head: &TokenHead, decision: &Decision, nonce: [u8; NONCE_BYTES]) -> SealedToken {
        let whole = self.sealed(nonce, |bytes| body::write_whole(bytes, head, decision));
        match whole {
            Some(bytes) if bytes.len() <= TOKEN_BYTES_MAX => SealedToken { bytes, shortened: false },
            _ => {
                let short = self.sealed(nonce, |bytes| body::write_hash(bytes, head, decision));
                SealedToken { bytes: short.unwrap_or_default(), shortened: true }
            }
        }
    }

    /// Opens a token.
    ///
    /// # Errors
    /// Says why it is none; the caller goes on as without a token.
    pub fn open(&self, token: &[u8]) -> Result<TokenBody, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Length);
        }
        let (header, sealed) = token.split_first_chunk::<HEADER_BYTES>().ok_or(TokenError::Length)?;
        let [version, k1, k2, k3, k4, nonce @ ..] = header;
        if *version != VERSION {
            return Err(TokenError::Version(*version));
        }
        let id = u32::from_be_bytes([*k1, *k2, *k3, *k4]);
        let key = self.key(id).ok_or(TokenError::UnknownKey(id))?;
        let (sealed, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or(TokenError::Seal)?;
        let mut opened = sealed.to_vec();
        key.open(nonce, header, &mut opened, *tag).map_err(|_| TokenError::Seal)?;
        body::read(&opened).ok_or(TokenError::Body)
    }

    fn key(&self, id: u32) -> Option<&SealKey> {
        if id == self.current.0 {
            return Some(&self.current.1);
        }
        self.previous.iter().find(|(other, _)| *other == id).map(|(_, key)| key)
    }

    /// Header, the sealed body that `write` puts behind it, and tag; none where it is too long to be sealed.
    fn sealed(&self, nonce: [u8; NONCE_BYTES], write: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Option<Bytes> {
        let (id, key) = &self.current;
        let mut token = Vec::with_capacity(FIRST_BYTES);
        token.push(VERSION);
        token.extend_from_slice(&id.to_be_bytes());
        token.extend_from_slice(&nonce);
        let mut token = write(token);
        let (header, plain) = token.split_first_chunk_mut::<HEADER_BYTES>()?;
        let tag = key.seal(&nonce, header, plain).ok()?;
        token.extend_from_slice(&tag);
        Some(token.into())
    }
}

#[cfg(test)]
mod tests;
