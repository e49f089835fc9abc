//! What is kept of a draw: its record, and the list of tickets that it was closed with.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tessera_rules::id::AccountId;

/// The version in which records and lists are written.
const FORMAT: u8 = 2;

/// A draw that is closed or held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) draw: String,
    pub(super) closed: Closed,
    pub(super) held: Option<Held>,
}

/// What was fixed when it was closed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Closed {
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub(super) at: Timestamp,
    pub(super) winners: u32,
    pub(super) one_each: bool,
    pub(super) source: String,
    /// How the value is spelt; empty: it is any text.
    pub(super) numbers: String,
    pub(super) secret: [u8; 32],
    pub(super) list: [u8; 32],
    pub(super) tickets: u64,
    pub(super) accounts: u64,
    /// Up to where the feed was read for the list.
    pub(super) cursor: Vec<u8>,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Held {
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub(super) at: Timestamp,
    pub(super) value: String,
    pub(super) seed: [u8; 32],
    pub(super) winners: Vec<Winner>,
    pub(super) out: Vec<String>,
    pub(super) again: u64,
}

/// Who won.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Winner {
    pub(super) ticket: String,
    pub(super) account: String,
    pub(super) customers: Vec<String>,
}

/// The tickets of a draw when it was closed, by account as stretches from a first place to a last one. They follow from the
/// list: whoever closes the draw with the same list has the same.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Tickets {
    pub(super) draw: String,
    /// By account, ascending.
    pub(super) accounts: Vec<(AccountId, Vec<(u32, u32)>)>,
}

impl Record {
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        encode(self)
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        decode(bytes)
    }
}

impl Tickets {
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        encode(self)
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        decode(bytes)
    }
}

fn encode<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    postcard::to_extend(value, vec![FORMAT]).ok()
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (format, body) = bytes.split_first()?;
    let (value, rest) = postcard::take_from_bytes(body).ok().filter(|_| *format == FORMAT)?;
    rest.is_empty().then_some(value)
}
