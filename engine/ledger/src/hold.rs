//! Holds: scarce things promised to open quotes, for a time that the engine's clock judges on every read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_rules::decision::Promise;
use tessera_rules::id::ReceiptId;

use crate::entry::TillPlace;

/// A quote that promised something scarce. It stays until its time is over even when a later quote of
/// the same receipt holds nothing, so that a late copy of an earlier quote is known for what it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OpenQuote {
    /// The receipt, whose id is the hold's id too: the same id replaces its own holds.
    pub receipt: ReceiptId,
    /// The till that asked: no other may void it (H73).
    pub till: TillPlace,
    /// The greatest quote number seen.
    pub quote_no: u32,
    /// The cashier's decision under which it was asked: a tombstone of it is no later one.
    pub attempt: u32,
    /// What is held for it; empty after a later quote that promised nothing.
    pub holds: Vec<Promise>,
    /// Until when, exclusive.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub until: Timestamp,
}

impl OpenQuote {
    /// Whether its time is not over yet.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// Whether a promise is of more than nothing.
#[must_use]
pub fn is_something(promise: &Promise) -> bool {
    match promise {
        Promise::Units { units, .. } => units.is_positive(),
        Promise::Threshold { counted_milli, rewarded, .. } => {
            *counted_milli >= 0 && *rewarded >= 0 && (*counted_milli > 0 || *rewarded > 0)
        }
        Promise::Uses { usage, .. } | Promise::Budget { usage, .. } => usage.is_something(),
        Promise::Code { .. } => true,
    }
}
