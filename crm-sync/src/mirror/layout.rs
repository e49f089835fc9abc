//! Where the mirror keeps what: its spaces, partitions and kinds of rows.

use bytes::Bytes;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_storage::{Partition, RowKey, Space};

use super::place::Place;

/// Cards by account id.
pub const CARDS: Space = Space("mirror_cards");
/// Entries of histories by account id.
pub const HISTORIES: Space = Space("mirror_histories");
/// Account ids by customer id.
pub const CUSTOMERS: Space = Space("mirror_customers");
/// Sums by day and store.
pub const DAYS: Space = Space("mirror_days");
/// The position, and what revisions say of assets.
pub const MIRROR: Space = Space("mirror");

/// Every space of a mirror: its storage is opened with these.
pub const SPACES: [Space; 5] = [CARDS, HISTORIES, CUSTOMERS, DAYS, MIRROR];

/// Entries of a history, newest first.
pub const ENTRY: u8 = 1;
/// Sums of a day, by a hash of what they are of.
pub const SUM: u8 = 2;
/// Assets of a revision, by its number.
pub const ASSETS: u8 = 3;

/// Every kind of row.
pub const KINDS: [u8; 3] = [ENTRY, SUM, ASSETS];

/// Which of its two dates an outcome counts for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Basis {
    /// The engine's booking date: what proofs and ledger days go by.
    Ledger,
    /// The till's business date.
    Till,
}

/// A day of a store. The store is empty where none took part.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DayOfStore {
    /// By which date.
    pub basis: Basis,
    /// The day.
    pub day: Date,
    /// The store.
    pub store: String,
}

impl DayOfStore {
    /// Its partition: days of one basis lie in their order.
    #[must_use]
    pub fn partition(&self) -> Partition {
        let basis = match self.basis {
            Basis::Ledger => 'L',
            Basis::Till => 'T',
        };
        Partition { space: DAYS, key: Bytes::from(format!("{basis}{}/{}", self.day, self.store)) }
    }

    /// What a partition's key says; none where it is no such key.
    #[must_use]
    pub fn read(key: &[u8]) -> Option<Self> {
        let (basis, rest) = std::str::from_utf8(key).ok()?.split_at_checked(1)?;
        let (day, store) = rest.split_once('/')?;
        let basis = match basis {
            "L" => Basis::Ledger,
            "T" => Basis::Till,
            _ => return None,
        };
        Some(Self { basis, day: day.parse().ok()?, store: store.to_owned() })
    }
}

/// The partition of an account's card.
#[must_use]
pub fn card(account: &str) -> Partition {
    Partition { space: CARDS, key: Bytes::copy_from_slice(account.as_bytes()) }
}

/// The partition of an account's history.
#[must_use]
pub fn history(account: &str) -> Partition {
    Partition { space: HISTORIES, key: Bytes::copy_from_slice(account.as_bytes()) }
}

/// The partition of a customer.
#[must_use]
pub fn customer(customer: &str) -> Partition {
    Partition { space: CUSTOMERS, key: Bytes::copy_from_slice(customer.as_bytes()) }
}

/// The partition of the position.
#[must_use]
pub fn position() -> Partition {
    Partition { space: MIRROR, key: Bytes::from_static(b"position") }
}

/// The partition of what revisions say of assets.
#[must_use]
pub fn revisions() -> Partition {
    Partition { space: MIRROR, key: Bytes::from_static(b"revisions") }
}

/// The row of an entry.
#[must_use]
pub fn entry_row(place: Place) -> RowKey {
    RowKey { kind: ENTRY, id: Bytes::copy_from_slice(&place.newest_first()) }
}

/// The row of a revision's assets.
#[must_use]
pub fn assets_row(revision: u64) -> RowKey {
    RowKey { kind: ASSETS, id: Bytes::copy_from_slice(&revision.to_be_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_a_store_is_read_from_its_key_and_nothing_else_is() {
        for (basis, day, store) in [(Basis::Ledger, "2026-11-23", "S/1"), (Basis::Till, "0009-01-02", "")] {
            let wanted = DayOfStore { basis, day: day.parse().unwrap(), store: store.to_owned() };
            assert_eq!(DayOfStore::read(&wanted.partition().key), Some(wanted));
        }
        for other in ["", "L", "X2026-11-23/S", "L2026-11-23", "L2026-13-01/S"] {
            assert_eq!(DayOfStore::read(other.as_bytes()), None, "{other}");
        }
    }
}
