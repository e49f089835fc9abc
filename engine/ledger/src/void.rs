//! Void: "this receipt will not be paid". What its quotes held is free again.

use jiff::Timestamp;
use tessera_rules::id::ReceiptId;

use crate::account::Account;

/// Releases what the receipt's quotes held. None: there was nothing to release, nothing need be written.
#[must_use]
pub fn void(account: &Account, receipt: &ReceiptId, now: Timestamp) -> Option<Account> {
    let at = account.booked_at(now);
    account.open_quotes.iter().any(|quote| quote.receipt == *receipt).then(|| {
        let mut next = account.clone();
        next.open_quotes.retain(|quote| quote.is_open(at) && quote.receipt != *receipt);
        assert!(next.check().is_ok(), "a void keeps the account's invariants");
        next
    })
}

#[cfg(test)]
mod tests;
