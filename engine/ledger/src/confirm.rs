//! Codes that confirm what somebody stated: sent to a phone number or an address of mail, good for a while, and tried a few
//! times only (H76). A code is a keyed hash of who it is for and of the request that asked for it, so it is kept nowhere.

use compact_str::{CompactString, format_compact};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tessera_rules::id::{CustomerId, FactId, ReceiptId};

use crate::account::FactKnown;
use crate::code::CodeKey;
use crate::limits::{CODE_TRIES_MAX, CODE_WINDOW_CODES_MAX};

/// How long a code is good: the customer stands at the till, and a message may take minutes.
pub const CODE_LASTS: SignedDuration = SignedDuration::from_mins(15);
/// In so long no more than [`CODE_WINDOW_CODES_MAX`] codes are sent for one fact of one customer.
const CODE_WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// Codes are of six digits: people copy them by eye.
const CODE_NUMBERS: u64 = 1_000_000;

/// A code that was asked for, and how many were of late.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CodeAsked {
    /// The request or receipt that brought the answer.
    pub asked_by: ReceiptId,
    /// Until when it is good; none: it was used, was tried too often, or none was sent.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub open_until: Option<Timestamp>,
    /// How often a wrong one came.
    pub wrong: u8,
    /// Since when codes are counted.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub window_from: Timestamp,
    /// Codes since then.
    pub window_codes: u8,
}

impl CodeAsked {
    /// Whether it is good now.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open_until.is_some_and(|until| now < until)
    }

    /// What stands beside a new answer: a code is sent where one is wanted and not too many were of late.
    pub(crate) fn next(before: Option<&Self>, wanted: bool, asked_by: &ReceiptId, now: Timestamp) -> Option<Self> {
        let counted = before.filter(|before| now.duration_since(before.window_from) < CODE_WINDOW);
        let (window_from, codes) = counted.map_or((now, 0), |counted| (counted.window_from, counted.window_codes));
        if !wanted {
            return counted.map(|counted| Self { open_until: None, ..counted.clone() });
        }
        let is_sent = codes < CODE_WINDOW_CODES_MAX;
        Some(Self {
            asked_by: asked_by.clone(),
            open_until: is_sent.then(|| now.saturating_add(CODE_LASTS).unwrap_or(Timestamp::MAX)),
            wrong: 0,
            window_from,
            window_codes: codes.saturating_add(u8::from(is_sent)),
        })
    }
}

impl CodeKey {
    /// The code that confirms what a customer said of a fact in a request: six digits.
    #[must_use]
    pub fn confirmation(&self, customer: &CustomerId, fact: &FactId, asked_by: &ReceiptId) -> CompactString {
        let bytes = self.hash(&["confirmation", customer.as_str(), fact.as_str(), asked_by.as_str()]);
        let [a, b, c, d, e, f, g, h, ..] = *bytes.as_bytes();
        // Of 2^64 numbers to a million: no code is noticeably likelier than another.
        let number = u64::from_le_bytes([a, b, c, d, e, f, g, h]) % CODE_NUMBERS;
        format_compact!("{number:06}")
    }
}

/// A code came for what is known: it is confirmed, or one try less is left. Whether one was sent, is too old or was tried too
/// often makes no difference that the caller could see.
pub(crate) fn try_code(known: &mut FactKnown, given: &str, (customer, codes): (&CustomerId, &CodeKey), now: Timestamp) {
    let Some(asked) = &mut known.code else { return };
    let expected = codes.confirmation(customer, &known.fact, &asked.asked_by);
    // Hashes are compared in constant time, so that a wrong code tells nothing by how long it took.
    let is_right = codes.hash(&["tried", given]) == codes.hash(&["tried", &expected]);
    if is_right && asked.is_open(now) {
        asked.open_until = None;
        known.confirmed = true;
        known.known_at = now;
        return;
    }
    asked.wrong = asked.wrong.saturating_add(1);
    if asked.wrong >= CODE_TRIES_MAX {
        asked.open_until = None;
    }
}

#[cfg(test)]
mod tests;
