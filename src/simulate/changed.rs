//! The receipts that change most: the greatest difference of what was given, the earlier receipt first among equals.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::civil::Date;
use tessera_rules::money::Amount;

use super::Both;
use super::sums::Sums;

/// How many are shown.
pub(crate) const CHANGED_MAX: usize = 20;

/// What a receipt came to on one side.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seen {
    pub(crate) paid: Amount,
    pub(crate) given: Sums,
    /// Campaigns that were applied, by place.
    pub(crate) campaigns: Vec<usize>,
}

/// A receipt and what it came to on both sides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ChangedReceipt {
    /// Its place in the files.
    pub(crate) place: usize,
    pub(crate) receipt_id: String,
    pub(crate) store: Arc<str>,
    pub(crate) business_date: Date,
    pub(crate) rung_up: Amount,
    pub(crate) seen: Both<Seen>,
}

impl ChangedReceipt {
    fn rank(&self) -> (Reverse<u128>, usize) {
        (Reverse(difference(&self.seen)), self.place)
    }
}

/// By how much what was given differs, either way.
pub(crate) fn difference(seen: &Both<Seen>) -> u128 {
    (seen.draft.given.cost() - seen.current.given.cost()).magnitude()
}

/// The first [`CHANGED_MAX`] of all receipts offered, in their order.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Changed {
    pub(crate) receipts: Vec<ChangedReceipt>,
}

impl Changed {
    /// Whether a receipt with this difference would be among them.
    pub(crate) fn takes(&self, difference: u128, place: usize) -> bool {
        let full = self.receipts.len() >= CHANGED_MAX;
        difference > 0 && !(full && self.receipts.last().is_some_and(|last| last.rank() < (Reverse(difference), place)))
    }

    pub(crate) fn offer(&mut self, receipt: ChangedReceipt) {
        if !self.takes(difference(&receipt.seen), receipt.place) {
            return;
        }
        let rank = receipt.rank();
        let place = self.receipts.partition_point(|known| known.rank() < rank);
        self.receipts.insert(place, receipt);
        self.receipts.truncate(CHANGED_MAX);
    }

    pub(crate) fn add(&mut self, other: Self) {
        other.receipts.into_iter().for_each(|receipt| self.offer(receipt));
    }
}
