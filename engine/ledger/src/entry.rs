//! The receipt entry: the record `receipt_id → aggregate, hash, state`.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_rules::id::{AccountId, ReceiptId, StoreId, TillId};
use tessera_rules::receipt::Place;

use crate::claim;
use crate::limits::{PARKED_BYTES_MAX, PARKED_MAX, REMEMBERED_DAYS};

/// What is known of a receipt id. An entry may be there although the commit that wrote it was refused:
/// with the states that stand for an outcome, it counts only where the outcome is there too.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReceiptEntry {
    /// Where the receipt's outcome lies.
    pub aggregate: Aggregate,
    /// How far the receipt has come.
    pub state: EntryState,
    /// BLAKE3 over the canonical encoding of the content; zeros where no content is known yet.
    pub content_hash: [u8; 32],
    /// The greatest decision of the cashier that was carried out.
    pub attempt: u32,
    /// The till's trading day.
    pub business_date: Date,
    /// Returns and claims of this receipt that came before it, at most [`PARKED_MAX`].
    pub parked: Vec<Waiting>,
    /// Who has claimed an anonymous receipt.
    pub claimed: Option<Taken>,
    /// The receipt that took over from this one.
    pub superseded_by: Option<ReceiptId>,
    /// The till that sent the void, of a voided receipt. An id does not say whose it is, so that a void counts for what
    /// comes from the same till alone (H73).
    pub voided_by: Option<TillPlace>,
}

/// A till, by its store and its id there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TillPlace {
    /// The shop.
    pub store: StoreId,
    /// The cash register in it.
    pub till: TillId,
}

impl From<&Place> for TillPlace {
    fn from(place: &Place) -> Self {
        Self { store: place.store.clone(), till: place.till.clone() }
    }
}

/// An anonymous receipt was claimed; what the claim gives may be committed later.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Taken {
    /// The account that can have it from then on.
    pub by: AccountId,
    /// When: the programs that were open then give, however late that is carried out.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub at: Timestamp,
}

/// Where a receipt's outcome lies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Aggregate {
    /// With an account.
    Account(AccountId),
    /// On its own: an anonymous receipt shares nothing with others.
    Own,
    /// With an anonymous receipt, whose goods came back.
    Sale(ReceiptId),
}

/// How far a receipt has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum EntryState {
    /// Not seen itself; something that waits for it was.
    Awaited,
    /// Paid.
    Settled,
    /// Will not be paid, or was voided before it was seen.
    Voided,
    /// The id of a return that was carried out.
    Returned,
    /// The id of a return that waits for its original.
    Parked {
        /// The receipt that it waits for.
        original: ReceiptId,
    },
    /// The id of a claim that waits for its receipt.
    ParkedClaim {
        /// The receipt that it waits for.
        receipt: ReceiptId,
    },
    /// The id of a claim that was carried out.
    Claimed {
        /// The receipt that was claimed.
        receipt: ReceiptId,
    },
}

/// A return or claim that waits for its original.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// Its own id; the entry of this id says which of the two it is.
    pub id: ReceiptId,
    /// The request as it was received, at most [`PARKED_BYTES_MAX`] bytes.
    pub request: Vec<u8>,
}

/// Why a return or claim cannot be parked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParkRefusal {
    /// Too many wait already.
    #[error("{PARKED_MAX} returns and claims of this receipt are waiting for it already")]
    Full,
    /// The request is too long.
    #[error("the request has {bytes} bytes, at most {PARKED_BYTES_MAX} can wait")]
    TooLong {
        /// How many there are.
        bytes: usize,
    },
}

impl ReceiptEntry {
    /// Where what came back of the receipt may stand, the present place first: a claim takes it along.
    pub fn homes(&self) -> impl Iterator<Item = Aggregate> + use<> {
        self.claimant().cloned().map(Aggregate::Account).into_iter().chain([self.aggregate.clone()])
    }

    /// Where returns of the receipt are carried out.
    #[must_use]
    pub fn home(&self) -> Aggregate {
        self.claimant().cloned().map_or_else(|| self.aggregate.clone(), Aggregate::Account)
    }

    /// The name of the outcome that the entry of this id stands for: a claim's is its sale's.
    #[must_use]
    pub fn outcome_id(&self, id: &ReceiptId) -> CompactString {
        match &self.state {
            EntryState::Claimed { receipt } => claim::outcome_id(receipt),
            EntryState::Awaited
            | EntryState::Settled
            | EntryState::Voided
            | EntryState::Returned
            | EntryState::Parked { .. }
            | EntryState::ParkedClaim { .. } => id.as_str().into(),
        }
    }

    /// The account that claimed it.
    #[must_use]
    pub fn claimant(&self) -> Option<&AccountId> {
        self.claimed.as_ref().map(|taken| &taken.by)
    }

    /// An entry that says only where and how far.
    #[must_use]
    pub fn new(aggregate: Aggregate, state: EntryState, content_hash: [u8; 32], attempt: u32, business_date: Date) -> Self {
        Self {
            aggregate,
            state,
            content_hash,
            attempt,
            business_date,
            parked: Vec::new(),
            claimed: None,
            superseded_by: None,
            voided_by: None,
        }
    }

    /// The entry after the receipt was settled. What was parked stays: each of it is carried out once, by its own id.
    #[must_use]
    pub fn settled(
        before: Option<&Self>,
        aggregate: Aggregate,
        content_hash: [u8; 32],
        attempt: u32,
        business_date: Date,
    ) -> Self {
        let mut entry = Self::new(aggregate, EntryState::Settled, content_hash, attempt, business_date);
        entry.keep_from(before);
        entry
    }

    /// The tombstone of a void that a till sent; the greatest attempt stays.
    #[must_use]
    pub fn voided(before: Option<&Self>, aggregate: Aggregate, attempt: u32, business_date: Date, by: TillPlace) -> Self {
        let mut entry = Self::new(aggregate, EntryState::Voided, [0; 32], attempt, business_date);
        entry.keep_from(before);
        let voided_before = before.filter(|known| known.state == EntryState::Voided);
        entry.attempt = voided_before.map_or(attempt, |known| known.attempt.max(attempt));
        entry.voided_by = Some(by);
        entry
    }

    /// The tombstone of a receipt that was parked and is resumed under another id: it counts for the till that it was
    /// quoted for, by that decision, and whatever that till's cashier decides from then on goes before it.
    #[must_use]
    pub fn superseded(
        before: Option<&Self>,
        aggregate: Aggregate,
        day: Date,
        (attempt, of): (u32, TillPlace),
        by: ReceiptId,
    ) -> Self {
        Self { superseded_by: Some(by), ..Self::voided(before, aggregate, attempt, day, of) }
    }

    /// Whether another till voided it.
    #[must_use]
    pub fn is_voided_elsewhere(&self, till: &TillPlace) -> bool {
        self.voided_by.as_ref().is_some_and(|by| by != till)
    }

    /// The entry as it counts for what comes from a till: another till's void is none.
    #[must_use]
    pub fn seen_from(self, till: &TillPlace) -> Self {
        if !self.is_voided_elsewhere(till) {
            return self;
        }
        Self { state: EntryState::Awaited, attempt: 0, voided_by: None, ..self }
    }

    /// Adds a return or claim that waits; the same id twice waits once.
    ///
    /// # Errors
    /// Too many wait, or the request is too long.
    pub fn park(&mut self, id: ReceiptId, request: Vec<u8>) -> Result<(), ParkRefusal> {
        if request.len() > PARKED_BYTES_MAX {
            return Err(ParkRefusal::TooLong { bytes: request.len() });
        }
        if self.parked.iter().any(|waiting| waiting.id == id) {
            return Ok(());
        }
        if self.parked.len() >= PARKED_MAX {
            return Err(ParkRefusal::Full);
        }
        self.parked.push(Waiting { id, request });
        Ok(())
    }

    fn keep_from(&mut self, before: Option<&Self>) {
        if let Some(known) = before {
            self.parked.clone_from(&known.parked);
            self.claimed.clone_from(&known.claimed);
            self.superseded_by.clone_from(&known.superseded_by);
        }
    }
}

/// Whether a receipt of that trading day is older than ids are remembered: people must look at it (H3).
#[must_use]
pub fn is_too_old(business_date: Date, today: Date) -> bool {
    today.checked_sub(jiff::ToSpan::days(REMEMBERED_DAYS)).is_ok_and(|horizon| business_date < horizon)
}

#[cfg(test)]
mod tests;
