//! The table of orders in which the messages of one receipt may arrive, one exhaustive function a call.
//!
//! `outcome_present` says whether the outcome of this very id is in the aggregate that the entry names.
//! An entry that stands for an outcome which is not there counts as not there: its commit was refused.

use tessera_rules::id::{AccountId, ReceiptId};

use crate::entry::{Aggregate, EntryState, ReceiptEntry};

/// What is to be done with a settle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SettleAdmission {
    /// Commit it.
    New {
        /// The cashier resumed after a void: flagged `paid_after_void`.
        after_void: bool,
    },
    /// Answer with the stored outcome.
    Repeat,
    /// Same id, other content: answer `CONFLICT`, change nothing, raise an alarm.
    Conflict,
    /// The void came first and is the later decision: answer `VOIDED`, no effect.
    Voided,
}

/// What is to be done with a void.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VoidAdmission {
    /// Write the tombstone and release the holds.
    New,
    /// It was voided so already.
    Repeat,
    /// It was paid: answer `ALREADY_SETTLED`, change nothing.
    AlreadySettled,
    /// The id is a return's: answer `CONFLICT`.
    Conflict,
}

/// What is to be done with a return that was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReturnAdmission {
    /// Commit it, also where it was parked until now.
    New,
    /// Answer with the stored outcome.
    Repeat,
    /// The original is not there: keep it with the original's entry.
    Park,
    /// It is waiting already.
    RepeatParked,
    /// Same id, other content or a sale's id: answer `CONFLICT`.
    Conflict,
    /// The void of this id is the later decision: no effect.
    Voided,
}

/// What is to be done with a quote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum QuoteAdmission {
    /// Answer it.
    Open,
    /// It was paid: answer `ALREADY_SETTLED` with the outcome.
    AlreadySettled,
    /// It was voided by a decision as late as this quote: answer, but hold nothing.
    Voided,
    /// Another receipt took over from it: answer `SUPERSEDED`.
    Superseded {
        /// Which.
        by: ReceiptId,
    },
    /// The id is a return's: answer `CONFLICT`.
    Conflict,
}

/// What is to be done with a claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClaimAdmission {
    /// The receipt is not there: keep the claim with its entry.
    Park,
    /// It has no customer: it may be claimed.
    Free,
    /// This account claimed it: give what is not given yet.
    Own,
    /// It has a customer, or another account claimed it: answer `ALREADY_CLAIMED`.
    Taken,
    /// It is no sale's id: answer `CONFLICT`.
    Conflict,
}

/// What is known of the receipt that a return names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OriginalKnown {
    /// The return names none.
    NotNamed,
    /// Settled, with its outcome.
    Settled,
    /// Not seen, or voided: it may still be paid.
    NotSettled,
}

/// A settle arrives.
#[must_use]
pub fn admit_settle(
    entry: Option<&ReceiptEntry>,
    outcome_present: bool,
    content_hash: &[u8; 32],
    attempt: u32,
) -> SettleAdmission {
    let Some(entry) = entry else {
        return SettleAdmission::New { after_void: false };
    };
    match &entry.state {
        EntryState::Awaited => SettleAdmission::New { after_void: false },
        EntryState::Settled if !outcome_present => SettleAdmission::New { after_void: false },
        EntryState::Settled if entry.content_hash == *content_hash => SettleAdmission::Repeat,
        EntryState::Settled => SettleAdmission::Conflict,
        EntryState::Voided if attempt > entry.attempt => SettleAdmission::New { after_void: true },
        EntryState::Voided => SettleAdmission::Voided,
        EntryState::Returned | EntryState::Claimed { .. } if !outcome_present => SettleAdmission::New { after_void: false },
        EntryState::Returned | EntryState::Parked { .. } | EntryState::ParkedClaim { .. } | EntryState::Claimed { .. } => {
            SettleAdmission::Conflict
        }
    }
}

/// A void arrives.
#[must_use]
pub fn admit_void(entry: Option<&ReceiptEntry>, outcome_present: bool, attempt: u32) -> VoidAdmission {
    let Some(entry) = entry else {
        return VoidAdmission::New;
    };
    match &entry.state {
        EntryState::Awaited => VoidAdmission::New,
        EntryState::Settled if !outcome_present => VoidAdmission::New,
        EntryState::Settled => VoidAdmission::AlreadySettled,
        EntryState::Voided if attempt > entry.attempt => VoidAdmission::New,
        EntryState::Voided => VoidAdmission::Repeat,
        EntryState::Returned | EntryState::Claimed { .. } if !outcome_present => VoidAdmission::New,
        EntryState::Returned | EntryState::Parked { .. } | EntryState::ParkedClaim { .. } | EntryState::Claimed { .. } => {
            VoidAdmission::Conflict
        }
    }
}

/// A return arrives, or a parked one's original did. `entry` is the return's own.
#[must_use]
pub fn admit_return(
    entry: Option<&ReceiptEntry>,
    outcome_present: bool,
    content_hash: &[u8; 32],
    attempt: u32,
    original: OriginalKnown,
) -> ReturnAdmission {
    let first = match original {
        OriginalKnown::NotNamed | OriginalKnown::Settled => ReturnAdmission::New,
        OriginalKnown::NotSettled => ReturnAdmission::Park,
    };
    let Some(entry) = entry else { return first };
    match &entry.state {
        EntryState::Awaited => first,
        EntryState::Settled | EntryState::Returned | EntryState::Claimed { .. } if !outcome_present => first,
        EntryState::Settled => ReturnAdmission::Conflict,
        EntryState::Voided if attempt > entry.attempt => first,
        EntryState::Voided => ReturnAdmission::Voided,
        EntryState::Returned if entry.content_hash == *content_hash => ReturnAdmission::Repeat,
        EntryState::Returned | EntryState::ParkedClaim { .. } | EntryState::Claimed { .. } => ReturnAdmission::Conflict,
        EntryState::Parked { .. } if entry.content_hash != *content_hash => ReturnAdmission::Conflict,
        EntryState::Parked { .. } => match first {
            ReturnAdmission::Park => ReturnAdmission::RepeatParked,
            ReturnAdmission::New
            | ReturnAdmission::Repeat
            | ReturnAdmission::RepeatParked
            | ReturnAdmission::Conflict
            | ReturnAdmission::Voided => first,
        },
    }
}

/// A claim arrives. `entry` is that of the receipt it names.
#[must_use]
pub fn admit_claim(entry: Option<&ReceiptEntry>, outcome_present: bool, account: &AccountId) -> ClaimAdmission {
    let Some(entry) = entry else { return ClaimAdmission::Park };
    match (&entry.state, &entry.aggregate) {
        (EntryState::Awaited | EntryState::Voided, _) => ClaimAdmission::Park,
        (EntryState::Settled | EntryState::Returned | EntryState::Claimed { .. }, _) if !outcome_present => ClaimAdmission::Park,
        (EntryState::Settled, Aggregate::Own) => match entry.claimant() {
            None => ClaimAdmission::Free,
            Some(by) if by == account => ClaimAdmission::Own,
            Some(_) => ClaimAdmission::Taken,
        },
        (EntryState::Settled, Aggregate::Account(_) | Aggregate::Sale(_)) => ClaimAdmission::Taken,
        (EntryState::Returned | EntryState::Parked { .. } | EntryState::ParkedClaim { .. } | EntryState::Claimed { .. }, _) => {
            ClaimAdmission::Conflict
        }
    }
}

/// A quote arrives.
#[must_use]
pub fn admit_quote(entry: Option<&ReceiptEntry>, outcome_present: bool, attempt: u32) -> QuoteAdmission {
    let Some(entry) = entry else {
        return QuoteAdmission::Open;
    };
    match &entry.state {
        EntryState::Awaited => QuoteAdmission::Open,
        EntryState::Settled | EntryState::Returned | EntryState::Claimed { .. } if !outcome_present => QuoteAdmission::Open,
        EntryState::Settled => QuoteAdmission::AlreadySettled,
        EntryState::Voided if attempt > entry.attempt => QuoteAdmission::Open,
        EntryState::Voided => match &entry.superseded_by {
            Some(by) => QuoteAdmission::Superseded { by: by.clone() },
            None => QuoteAdmission::Voided,
        },
        EntryState::Returned | EntryState::Parked { .. } | EntryState::ParkedClaim { .. } | EntryState::Claimed { .. } => {
            QuoteAdmission::Conflict
        }
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
