//! Records as bytes: one version byte, then postcard. What is read is checked before it is believed.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::account::Account;
use crate::check::BrokenInvariant;
use crate::day::LedgerDay;
use crate::entry::ReceiptEntry;
use crate::follow_up::FollowUp;
use crate::limits::{ACCOUNT_BYTES_MAX, GIVEN_LATER_MAX, LOTS_MAX, PARKED_MAX, RETURNED_LINES_MAX, RETURNS_MAX, WAITING_MAX};
use crate::return_goods::{DecidedWith, ReturnedSoFar};

/// The version in which accounts are written; those before it were never released.
pub const ACCOUNT_VERSION: u8 = 15;

/// The version in which receipt entries are written; those before it were never released.
pub const ENTRY_VERSION: u8 = 3;

/// The version in which closed days are written.
pub const RECORD_VERSION: u8 = 1;

/// The version in which follow-ups are written; those before it were never released. An account in one has its own.
pub const FOLLOW_UP_VERSION: u8 = 2;

/// The version in which is written what sales were decided with; those before it were never released.
pub const DECIDED_VERSION: u8 = 7;

/// The version in which what came back of a receipt is written; those before it were never released.
pub const RETURNED_VERSION: u8 = 5;

/// Room for a usual record: an entry has less, the account of somebody who buys often has more.
const USUAL_BYTES: usize = 1024;

/// Why stored bytes are not believed: the aggregate is quarantined, the process goes on.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Damaged {
    /// No byte at all.
    #[error("the record is empty")]
    Empty,
    /// Written by a version that this program does not know.
    #[error("the record has version {found}, which this program does not read")]
    UnknownVersion {
        /// The version byte.
        found: u8,
    },
    /// Longer than it may be.
    #[error("the record has {bytes} bytes, at most {limit}")]
    TooLong {
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        limit: usize,
    },
    /// No value of this kind.
    #[error("the record cannot be decoded")]
    Decode(#[source] postcard::Error),
    /// Bytes are left after the value.
    #[error("{bytes} bytes are left after the record")]
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// A value, but one that cannot be.
    #[error("the account breaks an invariant")]
    Invariant(#[source] BrokenInvariant),
}

impl Account {
    /// The account as bytes, at most [`ACCOUNT_BYTES_MAX`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let bytes = write(self, ACCOUNT_VERSION);
        assert!(bytes.len() <= ACCOUNT_BYTES_MAX, "an account fits its bound: every command keeps it so");
        bytes
    }

    /// Reads and checks an account.
    ///
    /// # Errors
    /// What is wrong with the bytes; never a panic.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        if bytes.len() > ACCOUNT_BYTES_MAX {
            return Err(Damaged::TooLong { bytes: bytes.len(), limit: ACCOUNT_BYTES_MAX });
        }
        let (version, body) = opened(bytes)?;
        let account: Self = match version {
            ACCOUNT_VERSION => read(body)?,
            found => return Err(Damaged::UnknownVersion { found }),
        };
        account.check().map_err(Damaged::Invariant)?;
        Ok(account)
    }
}

impl ReceiptEntry {
    /// The entry as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        write(self, ENTRY_VERSION)
    }

    /// Reads and checks an entry.
    ///
    /// # Errors
    /// What is wrong with the bytes; never a panic.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let (version, body) = opened(bytes)?;
        let entry: Self = match version {
            ENTRY_VERSION => read(body)?,
            found => return Err(Damaged::UnknownVersion { found }),
        };
        within("parked returns", entry.parked.len(), PARKED_MAX)?;
        Ok(entry)
    }
}

impl ReturnedSoFar {
    /// The record as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        write(self, RETURNED_VERSION)
    }

    /// Reads and checks a record.
    ///
    /// # Errors
    /// What is wrong with the bytes; never a panic.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let (version, body) = opened(bytes)?;
        let so_far: Self = match version {
            RETURNED_VERSION => read(body)?,
            found => return Err(Damaged::UnknownVersion { found }),
        };
        within("returned lines", so_far.lines.len(), RETURNED_LINES_MAX)?;
        within("returns", so_far.returns.len(), RETURNS_MAX)?;
        within("lapsed lots", so_far.lapsed.len(), LOTS_MAX)?;
        within("rewards given later", so_far.given.len(), GIVEN_LATER_MAX)?;
        within("refused campaigns", so_far.refused.len(), WAITING_MAX)?;
        Ok(so_far)
    }
}

impl DecidedWith {
    /// The record as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        write(self, DECIDED_VERSION)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// What is wrong with the bytes; never a panic.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        match opened(bytes)? {
            (DECIDED_VERSION, body) => read(body),
            (found, _) => Err(Damaged::UnknownVersion { found }),
        }
    }
}

impl FollowUp {
    /// The follow-up as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        write(self, FOLLOW_UP_VERSION)
    }

    /// Reads a follow-up.
    ///
    /// # Errors
    /// What is wrong with the bytes; never a panic.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        match opened(bytes)? {
            (FOLLOW_UP_VERSION, body) => read(body),
            (found, _) => Err(Damaged::UnknownVersion { found }),
        }
    }
}

impl LedgerDay {
    /// The day as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        write(self, RECORD_VERSION)
    }

    /// Reads a day; whether it is the one that was closed, [`LedgerDay::check`] says.
    ///
    /// # Errors
    /// What is wrong with the bytes; never a panic.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        match opened(bytes)? {
            (RECORD_VERSION, body) => read(body),
            (found, _) => Err(Damaged::UnknownVersion { found }),
        }
    }
}

fn within(list: &'static str, length: usize, limit: usize) -> Result<(), Damaged> {
    if length > limit { Err(Damaged::Invariant(BrokenInvariant::TooMany { list, length, limit })) } else { Ok(()) }
}

/// A day as year, month and day, in four bytes instead of eleven.
pub(crate) mod day {
    use jiff::civil::Date;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(crate) fn serialize<S: Serializer>(day: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        (day.year(), day.month(), day.day()).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        let (year, month, day) = <(i16, i8, i8)>::deserialize(deserializer)?;
        Date::new(year, month, day).map_err(D::Error::custom)
    }
}

/// An account within another record, with the version of its own: what accounts become is not what the record becomes.
pub(crate) mod account {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::account::Account;

    pub(crate) fn serialize<S: Serializer>(account: &Account, serializer: S) -> Result<S::Ok, S::Error> {
        account.encode().serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Account, D::Error> {
        Account::decode(&Vec::<u8>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Encoding into memory cannot fail: every type here has a known length and no custom serialiser.
fn write<T: Serialize>(value: &T, version: u8) -> Vec<u8> {
    #[expect(
        clippy::expect_used,
        reason = "postcard fails on full buffers and on sequences of unknown length; a Vec grows and the types here have neither"
    )]
    postcard::to_extend(value, first_byte(version)).expect("a record can be encoded")
}

/// With room for a usual record, so that it does not move several times while it grows.
fn first_byte(version: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    bytes.push(version);
    bytes
}

fn opened(bytes: &[u8]) -> Result<(u8, &[u8]), Damaged> {
    let (version, body) = bytes.split_first().ok_or(Damaged::Empty)?;
    Ok((*version, body))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Damaged> {
    let (value, rest) = postcard::take_from_bytes::<T>(body).map_err(Damaged::Decode)?;
    if !rest.is_empty() {
        return Err(Damaged::Trailing { bytes: rest.len() });
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
