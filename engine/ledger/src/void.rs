//! Void: "this receipt will not be paid". What its quotes held is free again.

use jiff::Timestamp;
use tessera_rules::id::ReceiptId;

use crate::account::Account;
use crate::entry::TillPlace;
use crate::hold::OpenQuote;

/// Another till asked for the quote that is to be voided (H73).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the receipt was quoted for another till")]
pub struct QuotedElsewhere;

/// Releases what the receipt's quotes held, for a till. None: there was nothing to release, nothing need be
/// written.
///
/// # Errors
/// An open quote of the receipt is another till's.
pub fn void(
    account: &Account,
    receipt: &ReceiptId,
    till: &TillPlace,
    now: Timestamp,
) -> Result<Option<Account>, QuotedElsewhere> {
    let at = account.booked_at(now);
    let mut own = account.open_quotes.iter().filter(|quote| quote.receipt == *receipt);
    if own.any(|quote| quote.is_open(at) && quote.till != *till) {
        return Err(QuotedElsewhere);
    }
    if account.open_quotes.iter().all(|quote| quote.receipt != *receipt) {
        return Ok(None);
    }
    let mut next = account.clone();
    next.open_quotes.retain(|quote| quote.is_open(at) && quote.receipt != *receipt);
    assert!(next.check().is_ok(), "a void keeps the account's invariants");
    Ok(Some(next))
}

/// Whether the receipt's quotes hold something for a till.
#[must_use]
pub fn is_held_by(account: &Account, receipt: &ReceiptId, till: &TillPlace, now: Timestamp) -> bool {
    let at = account.booked_at(now);
    let own = |quote: &&OpenQuote| quote.receipt == *receipt && quote.till == *till && quote.is_open(at);
    account.open_quotes.iter().find(own).is_some_and(|quote| !quote.holds.is_empty())
}

#[cfg(test)]
mod tests;
