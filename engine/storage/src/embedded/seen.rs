//! Which versions heads have, as far as that is known without asking the tables.
//!
//! A commit expects versions that its caller has just read. Readers note here what they found and the last commit that
//! they could see; the commit thread notes what it writes. Where nothing was written in a head's place since somebody
//! found a version, that is the version still, and the tables need not be searched once more: backward validation
//! (Kung and Robinson, On optimistic methods for concurrency control, 1981, <https://doi.org/10.1145/319566.319567>).
//!
//! INVARIANT: [`Place::written`] is not before the last commit that wrote any head of that place. What is not known is
//! searched for: a place that is forgotten, or shared by two heads, costs time and nothing else.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::layout::TableId;
use crate::Version;

/// Places, a power of two: 4 MiB. More heads than that share them.
const PLACES: u64 = 1 << 17;

/// What is known of the head that was noted last in a place.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Of table and key, with a seed that nobody outside knows.
    head: u64,
    /// [`Version::NONE`]: it was not there.
    version: Version,
    /// The last commit that could be seen when it had this version.
    seen: u64,
    /// The last commit that wrote a head of this place.
    written: u64,
}

/// What is known of all heads.
pub(crate) struct Seen {
    places: Box<[Mutex<Place>]>,
    hasher: RandomState,
}

impl Seen {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// A reader who could see commits up to `seen` found this version.
    pub(crate) fn found(&self, table: TableId, key: &[u8], version: Version, seen: u64) {
        let (head, mut place) = self.place(table, key);
        *place = Place { head, version, seen, written: place.written };
    }

    /// The commit thread writes this version with commit `sequence`.
    pub(crate) fn writes(&self, table: TableId, key: &[u8], version: Version, sequence: u64) {
        let (head, mut place) = self.place(table, key);
        *place = Place { head, version, seen: sequence, written: sequence };
    }

    /// Whether it is certain that the head has this version.
    pub(crate) fn is_certain(&self, table: TableId, key: &[u8], version: Version) -> bool {
        let (head, place) = self.place(table, key);
        place.head == head && place.version == version && place.written <= place.seen
    }

    #[expect(
        clippy::indexing_slicing,
        clippy::expect_used,
        reason = "the remainder of a division by the number of places is a place"
    )]
    fn place(&self, table: TableId, key: &[u8]) -> (u64, MutexGuard<'_, Place>) {
        let head = self.hasher.hash_one((table.index(), key));
        let place = usize::try_from(head % PLACES).expect("it is below the number of places");
        (head, self.places[place].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: TableId = TableId::META;

    #[test]
    fn a_version_is_certain_until_its_place_is_written() {
        let seen = Seen::new();
        assert!(!seen.is_certain(TABLE, b"a", Version::NONE), "nothing is known yet");
        seen.found(TABLE, b"a", Version::NONE, 7);
        assert!(seen.is_certain(TABLE, b"a", Version::NONE));
        assert!(!seen.is_certain(TABLE, b"a", Version(1)), "another version is to be searched for");
        assert!(!seen.is_certain(TABLE, b"b", Version::NONE), "nobody looked for this one");
        seen.writes(TABLE, b"a", Version(1), 8);
        assert!(!seen.is_certain(TABLE, b"a", Version::NONE));
        assert!(seen.is_certain(TABLE, b"a", Version(1)));
    }

    #[test]
    fn what_an_older_snapshot_showed_is_not_certain() {
        let seen = Seen::new();
        seen.writes(TABLE, b"a", Version(2), 9);
        // A slow reader, whose snapshot is from before that commit, notes what it found only now.
        seen.found(TABLE, b"a", Version(1), 8);
        assert!(!seen.is_certain(TABLE, b"a", Version(1)));
        assert!(!seen.is_certain(TABLE, b"a", Version(2)), "it is searched for, and found");
        seen.found(TABLE, b"a", Version(2), 9);
        assert!(seen.is_certain(TABLE, b"a", Version(2)));
    }
}
