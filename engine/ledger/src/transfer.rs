//! Transfer: points that one customer gives another. They keep their vesting, their end and who pays for them.

use std::mem;

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_rules::id::{AccountId, AssetId, ReceiptId};
use tessera_rules::money::{Currency, Units};

use crate::account::Account;
use crate::booking::Booking;
use crate::follow_up::{FollowUpKind, cause};
use crate::outcome::{Outcome, OutcomeKind};
use crate::posting::is_balanced;
use crate::profile::Profiled;

/// What goes from one account to another.
#[derive(Clone, Debug)]
pub struct Transfer<'a> {
    /// Its minted id.
    pub id: &'a ReceiptId,
    /// Who gets it.
    pub to: &'a AccountId,
    /// What.
    pub asset: &'a AssetId,
    /// How much, above zero.
    pub units: Units,
    /// BLAKE3 over what the people signed.
    pub content_hash: [u8; 32],
    /// Now, by the engine's clock.
    pub booked_at: Timestamp,
    /// The day of `booked_at` in the ledger's time zone.
    pub booking_date: Date,
    /// The store's currency, of the amounts of zero in the outcome.
    pub currency: Currency,
}

/// There is less than was to go, what is promised to open quotes and what is owed left aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("only {} units are free", free.units())]
pub struct TooFew {
    /// What may go.
    pub free: Units,
}

/// Sends units on their way to another account.
///
/// # Errors
/// Fewer are free: nothing is sent then.
pub fn transfer(account: &Account, transfer: &Transfer<'_>) -> Result<Profiled, TooFew> {
    assert!(transfer.units.is_positive(), "a transfer of nothing is none");
    let mut next = account.clone();
    let now = next.booked_at(transfer.booked_at);
    let mut booking = Booking::new(mem::take(&mut next.lots), transfer.id, now);
    let holds: Vec<_> = next.open_quotes.iter().filter(|quote| quote.is_open(now)).flat_map(|quote| &quote.holds).collect();
    let free = booking.spendable(transfer.asset, Units::ZERO, &holds);
    if free < transfer.units {
        return Err(TooFew { free });
    }
    let lots = booking.send(transfer.asset, transfer.units, transfer.id);
    booking.store(&mut next);
    next.booked_at_last = now;
    next.outcomes = next.outcomes.saturating_add(1);
    let kind = OutcomeKind::Adjustment;
    let mut outcome = Outcome {
        content_hash: transfer.content_hash,
        account: Some(next.id.clone()),
        postings: booking.postings,
        ..Outcome::without_lines(kind, transfer.id.clone(), now, transfer.booking_date, transfer.currency)
    };
    cause(&mut outcome, transfer.to, FollowUpKind::Transfer { lots });
    assert!(is_balanced(&outcome.postings), "postings sum to zero per asset (P5)");
    assert!(next.check().is_ok(), "a transfer keeps the account's invariants");
    Ok(Profiled { account: next, outcome, aside: booking.aside })
}

#[cfg(test)]
mod tests;
