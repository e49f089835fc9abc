//! Where notices lie: their spaces, partitions, and the buckets of hours.

use bytes::Bytes;
use jiff::Timestamp;
use tessera_storage::{Partition, Space};

/// Notices by mark.
pub const NOTICES: Space = Space("notices");
/// What customers want, by customer id.
pub const CUSTOMERS: Space = Space("notice_customers");
/// How far the feed is read, the first hour that may hold work, outages.
pub const POSITION: Space = Space("notice_position");

/// Every space: the storage of notices is opened with these.
pub const SPACES: [Space; 3] = [NOTICES, CUSTOMERS, POSITION];

/// The bucket of notices that people have to look at; far behind every hour.
pub const FOR_PEOPLE: u32 = u32::MAX;
/// The bucket of notices that were told late.
pub const LATE: u32 = u32::MAX - 1;

/// The partition of a notice.
#[must_use]
pub fn notice(mark: &str) -> Partition {
    Partition { space: NOTICES, key: Bytes::copy_from_slice(mark.as_bytes()) }
}

/// The partition of a customer.
#[must_use]
pub fn customer(customer: &str) -> Partition {
    Partition { space: CUSTOMERS, key: Bytes::copy_from_slice(customer.as_bytes()) }
}

/// The partition of something that there is one of.
#[must_use]
pub fn single(name: &'static str) -> Partition {
    Partition { space: POSITION, key: Bytes::from_static(name.as_bytes()) }
}

/// The bucket of a time: hours since 1970.
#[must_use]
pub fn hour(at: Timestamp) -> u32 {
    u32::try_from(at.as_second().max(0) / 3_600).unwrap_or(0).min(LATE - 1)
}

/// The key of a notice in its bucket: the earliest deadline first. Each place that a notice takes has a generation of its own,
/// so that taking away an earlier one can never take away a later one.
#[must_use]
pub fn hint_key(due_at: Timestamp, mark: &str, generation: u32) -> Bytes {
    let mut key = u64::try_from(due_at.as_second()).unwrap_or(0).to_be_bytes().to_vec();
    key.extend(mark.as_bytes());
    key.extend(generation.to_be_bytes());
    Bytes::from(key)
}

/// What a key says: the mark and the generation. None: it is no such key.
#[must_use]
pub fn read_hint_key(key: &[u8]) -> Option<(&str, u32)> {
    let (_, rest) = key.split_at_checked(8)?;
    let (mark, generation) = rest.split_last_chunk::<4>()?;
    Some((std::str::from_utf8(mark).ok()?, u32::from_be_bytes(*generation)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_deadline_and_hours_ascend() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let keys = [(100, "z"), (300, "a"), (70_000_000_000, "b")].map(|(second, mark)| hint_key(at(second), mark, 7));
        assert!(keys.is_sorted());
        assert_eq!(read_hint_key(&keys[1]), Some(("a", 7)));
        assert_eq!(read_hint_key(b"short"), None);
        assert_eq!((hour(at(-5)), hour(at(3_599)), hour(at(3_600))), (0, 0, 1));
        assert!(hour(Timestamp::MAX) < LATE);
    }
}
