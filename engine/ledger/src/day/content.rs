//! A sum over byte strings that does not mind their order: the same set has the same sum, and nobody finds another
//! set that has it.
//!
//! `LtHash` (Bellare and Micciancio 1997; with these measures Lewi and others 2019): each string is stretched to 1,024
//! numbers of 16 bits by BLAKE3, and these are added place by place. A feed may be read in parts, by several threads
//! and in any order that keeps each account's own.

use std::fmt;

/// Numbers of a sum.
const LANES: usize = 1_024;
/// Bytes of a stretched string.
const BYTES: usize = LANES * 2;

/// The sum of byte strings.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentSum(Box<[u16; LANES]>);

impl Default for ContentSum {
    fn default() -> Self {
        Self(Box::new([0; LANES]))
    }
}

impl fmt::Debug for ContentSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(blake3::Hash::from_bytes(self.digest()).to_hex().as_str())
    }
}

impl ContentSum {
    /// Adds a string.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let mut stretched = [0_u8; BYTES];
        blake3::Hasher::new().update(bytes).finalize_xof().fill(&mut stretched);
        for (lane, pair) in self.0.iter_mut().zip(stretched.as_chunks::<2>().0) {
            *lane = lane.wrapping_add(u16::from_le_bytes(*pair));
        }
    }

    /// Adds all strings of another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        for (lane, more) in self.0.iter_mut().zip(other.0.iter()) {
            *lane = lane.wrapping_add(*more);
        }
    }

    /// BLAKE3 over the numbers.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for lane in self.0.iter() {
            hasher.update(&lane.to_le_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}
