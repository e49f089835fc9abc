//! Where an outcome stands in the feed.

use serde::{Deserialize, Serialize};

/// The place of an outcome: the sequence of its commit and its number in it, from 0. Places ascend along the feed; the
/// default one stands before the first outcome.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Place {
    /// The commit, from 1.
    pub sequence: u64,
    /// Its number among the outcomes of the commit.
    pub number: u32,
}

impl Place {
    /// The place of the next outcome, whose commit has this sequence.
    #[must_use]
    pub fn next(self, sequence: u64) -> Self {
        let number = if sequence == self.sequence { self.number.saturating_add(1) } else { 0 };
        Self { sequence, number }
    }

    /// Bytes that sort the later place first.
    #[must_use]
    pub fn newest_first(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let (sequence, number) = bytes.split_at_mut(8);
        sequence.copy_from_slice(&(!self.sequence).to_be_bytes());
        number.copy_from_slice(&(!self.number).to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_ascend_along_the_feed_and_their_bytes_descend() {
        let mut place = Place::default();
        for sequence in [1, 1, 2, 9, 9, 300] {
            let next = place.next(sequence);
            assert!(next > place, "{next:?} after {place:?}");
            assert!(next.newest_first() < place.newest_first(), "{next:?}");
            place = next;
        }
        assert_eq!(place, Place { sequence: 300, number: 0 });
    }
}
