//! Codes that are sent to what somebody stated, a phone number or an address of mail: they confirm it, or let a receipt redeem
//! much. Good for a while, and tried a few times only (H76). A code is a keyed hash of who it is for and of the request that asked
//! for it, so it is kept nowhere.

pub mod enrol;
pub mod redeem;

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
    /// The request or receipt that brought the answer, or the engine's own name for this asking.
    pub asked_by: ReceiptId,
    /// What it is for.
    pub purpose: Purpose,
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

/// What a code is for: one for the one is none for the other.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Purpose {
    /// It confirms the answer that it was sent to.
    Answer,
    /// A redemption waits for it.
    Redeem {
        /// The receipt that redeems.
        receipt: ReceiptId,
        /// It has come back and was right: that receipt may redeem as long as no other has asked.
        came_back: bool,
    },
    /// A request to enrol waits for it.
    Enrol {
        /// Of that request, the code apart.
        content_hash: [u8; 32],
    },
}

/// How many codes were sent to one phone of late, by whoever asked: who is not enrolled yet can name a new card each time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CodesSent {
    /// Since when they are counted.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub since: Timestamp,
    /// Codes since then.
    pub codes: u8,
}

impl CodesSent {
    /// With one more. None: so many were sent within a day that no more are.
    #[must_use]
    pub fn one_more(before: Option<Self>, now: Timestamp) -> Option<Self> {
        let counted = before.filter(|before| now.duration_since(before.since) < CODE_WINDOW);
        let before = counted.unwrap_or(Self { since: now, codes: 0 });
        (before.codes < CODE_WINDOW_CODES_MAX).then(|| Self { codes: before.codes.saturating_add(1), ..before })
    }
}

impl CodeAsked {
    /// Whether it is good now.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.open_until.is_some_and(|until| now < until)
    }

    /// Whether so many were sent of late that no more are.
    pub(crate) fn is_used_up(&self, now: Timestamp) -> bool {
        now.duration_since(self.window_from) < CODE_WINDOW && self.window_codes >= CODE_WINDOW_CODES_MAX
    }

    /// What stands beside a new answer: a code is sent where one is wanted and not too many were of late.
    pub(crate) fn next(before: Option<&Self>, wanted: bool, asked_by: &ReceiptId, now: Timestamp) -> Option<Self> {
        if wanted {
            return Some(Self::asked(before, (asked_by, Purpose::Answer), now));
        }
        let counted = before.filter(|before| now.duration_since(before.window_from) < CODE_WINDOW)?;
        Some(Self { open_until: None, purpose: Purpose::Answer, ..counted.clone() })
    }

    /// A code is asked for; it is sent where not too many were of late.
    fn asked(before: Option<&Self>, (asked_by, purpose): (&ReceiptId, Purpose), now: Timestamp) -> Self {
        let counted = before.filter(|before| now.duration_since(before.window_from) < CODE_WINDOW);
        let (window_from, codes) = counted.map_or((now, 0), |counted| (counted.window_from, counted.window_codes));
        let is_sent = codes < CODE_WINDOW_CODES_MAX;
        Self {
            asked_by: asked_by.clone(),
            purpose,
            open_until: is_sent.then(|| now.saturating_add(CODE_LASTS).unwrap_or(Timestamp::MAX)),
            wrong: 0,
            window_from,
            window_codes: codes.saturating_add(u8::from(is_sent)),
        }
    }

    fn count_wrong(&mut self) {
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong >= CODE_TRIES_MAX {
            self.open_until = None;
        }
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

/// A code came for what is known: it is confirmed, which is answered, or one try less is left. Whether one was sent, is too old
/// or was tried too often makes no difference that the caller could see.
pub(crate) fn try_code(known: &mut FactKnown, given: &str, whose: (&CustomerId, &CodeKey), now: Timestamp) -> bool {
    let Some(asked) = &mut known.code else { return false };
    if !is_right(asked, (&known.fact, given), whose, now) || asked.purpose != Purpose::Answer {
        asked.count_wrong();
        return false;
    }
    asked.open_until = None;
    (known.confirmed, known.known_at) = (true, now);
    true
}

fn is_right(
    asked: &CodeAsked,
    (fact, given): (&FactId, &str),
    (customer, codes): (&CustomerId, &CodeKey),
    now: Timestamp,
) -> bool {
    let expected = codes.confirmation(customer, fact, &asked.asked_by);
    // Hashes are compared in constant time, so that a wrong code tells nothing by how long it took.
    codes.hash(&["tried", given]) == codes.hash(&["tried", &expected]) && asked.is_open(now)
}

#[cfg(test)]
mod tests;
