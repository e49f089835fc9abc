//! Nonces that are never used twice: 16 random bytes for the process, then a count.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a nonce of XAES-256-GCM (tokens) and XChaCha20-Poly1305 (profile values).
const NONCE_BYTES: usize = 24;
/// Of them, those that are drawn once.
const PREFIX_BYTES: usize = 16;

/// A source of nonces for one process. Two processes differ in 128 random bits.
pub(crate) struct Nonces {
    prefix: [u8; PREFIX_BYTES],
    count: AtomicU64,
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonces")
    }
}

impl Nonces {
    /// Draws the process's part.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut prefix = [0; PREFIX_BYTES];
        getrandom::fill(&mut prefix)?;
        Ok(Self { prefix, count: AtomicU64::new(0) })
    }

    /// The next one.
    pub(crate) fn next(&self) -> [u8; NONCE_BYTES] {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut nonce = [0; NONCE_BYTES];
        let (prefix, rest) = nonce.split_at_mut(PREFIX_BYTES);
        prefix.copy_from_slice(&self.prefix);
        rest.copy_from_slice(&count.to_le_bytes());
        nonce
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_nonce_comes_twice() {
        let nonces = Nonces::new().unwrap();
        let other = Nonces::new().unwrap();
        let mut seen: Vec<_> = (0..1_000).flat_map(|_| [nonces.next(), other.next()]).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 2_000);
    }
}
