//! Receipt entries as version 1 wrote them, without the time of a claim.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;
use tessera_rules::id::{AccountId, ReceiptId};

use crate::entry::{Aggregate, EntryState, ReceiptEntry, Taken, Waiting};

/// An entry that did not know when it was claimed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Entry {
    pub(super) aggregate: Aggregate,
    pub(super) state: EntryState,
    pub(super) content_hash: [u8; 32],
    pub(super) attempt: u32,
    pub(super) business_date: Date,
    pub(super) parked: Vec<Waiting>,
    pub(super) claimed_by: Option<AccountId>,
    pub(super) superseded_by: Option<ReceiptId>,
}

impl From<Entry> for ReceiptEntry {
    /// What was claimed was claimed in time.
    fn from(old: Entry) -> Self {
        Self {
            aggregate: old.aggregate,
            state: old.state,
            content_hash: old.content_hash,
            attempt: old.attempt,
            business_date: old.business_date,
            parked: old.parked,
            claimed: old.claimed_by.map(|by| Taken { by, at: Timestamp::MIN }),
            superseded_by: old.superseded_by,
        }
    }
}
