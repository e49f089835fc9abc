//! What receipts hold of what is limited over all customers: the sums are kept, so that a look costs the
//! same however many quotes are open.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use tessera_ledger::entry::TillPlace;
use tessera_rules::id::{AccountId, ReceiptId};
use tessera_rules::usage::Usage;

use super::Asker;
use super::share::{Limited, Share};

/// INVARIANT: `by_until` names each receipt once, with its hold's time; `sums` are the shares of all holds.
#[derive(Debug, Default)]
pub(super) struct Holds {
    by_receipt: HashMap<ReceiptId, Hold>,
    by_until: BTreeSet<(Timestamp, ReceiptId)>,
    sums: HashMap<Limited, Usage>,
}

/// What a receipt holds; nothing after a later quote that used nothing, as long as the number must be known.
#[derive(Debug)]
struct Hold {
    /// The greatest number of its quotes.
    quote_no: u32,
    /// The till that asked; none: it is not known any more.
    till: Option<TillPlace>,
    /// Whose; none: nobody is known.
    account: Option<AccountId>,
    until: Timestamp,
    shares: Vec<Share>,
    /// A settle of that trading day may have been committed with it: it stays until that is known.
    in_doubt: Option<Date>,
}

impl Holds {
    pub(super) fn len(&self) -> usize {
        self.by_receipt.len()
    }

    /// Lets go of what was held until now.
    pub(super) fn lapse(&mut self, now: Timestamp) {
        while let Some((_, receipt)) = self.by_until.first().filter(|(until, _)| *until <= now).cloned() {
            self.remove(&receipt);
        }
    }

    /// What others than the asker hold.
    pub(super) fn of_others(&self, limited: &Limited, asker: Asker<'_>) -> Usage {
        let all = self.sums.get(limited).copied().unwrap_or(Usage::NONE);
        let own = self.by_receipt.get(asker.receipt);
        let taken_over = self.taken_over(asker);
        own.into_iter().chain(taken_over).fold(all, |all, hold| all.less(hold.of(limited)))
    }

    /// Whether a later quote of the receipt has been answered.
    pub(super) fn is_late(&self, asker: Asker<'_>) -> bool {
        let known = self.by_receipt.get(asker.receipt);
        known.zip(asker.quote_no).is_some_and(|(known, number)| number < known.quote_no)
    }

    /// In place of what the asker's receipt, and the one that it takes over from, held before.
    pub(super) fn replace(&mut self, shares: &[Share], asker: Asker<'_>) {
        if let Some(before) = asker.supersedes.filter(|_| self.taken_over(asker).is_some()) {
            self.remove(before);
        }
        let known = self.remove(asker.receipt);
        if shares.is_empty() && known.is_none() {
            return;
        }
        let number = known.as_ref().map_or(0, |known| known.quote_no);
        let until = known.filter(|known| shares.is_empty() && known.in_doubt.is_none()).map_or(asker.until, |known| known.until);
        let quote_no = number.max(asker.quote_no.unwrap_or(0));
        let (till, account) = (Some(TillPlace::from(asker.place)), asker.account.cloned());
        self.insert(asker.receipt, Hold { quote_no, till, account, until, shares: shares.to_vec(), in_doubt: None });
    }

    /// A settle that uses these may have been committed or not.
    pub(super) fn doubt(&mut self, receipt: &ReceiptId, shares: &[Share], day: Date) {
        let known = self.remove(receipt);
        let quote_no = known.as_ref().map_or(0, |known| known.quote_no);
        let (till, account) = known.map_or((None, None), |known| (known.till, known.account));
        let (until, shares) = (Timestamp::MAX, shares.to_vec());
        self.insert(receipt, Hold { quote_no, till, account, until, shares, in_doubt: Some(day) });
    }

    /// What a settle in doubt uses, which has been committed; none: nobody doubted it.
    pub(super) fn cleared(&mut self, receipt: &ReceiptId) -> Option<(Vec<Share>, Date)> {
        let day = self.by_receipt.get(receipt)?.in_doubt?;
        self.remove(receipt).map(|hold| (hold.shares, day))
    }

    /// The receipt holds nothing any more.
    pub(super) fn release(&mut self, receipt: &ReceiptId) {
        self.remove(receipt);
    }

    /// Whether another till asked for what the receipt holds.
    pub(super) fn is_of_another(&self, receipt: &ReceiptId, till: &TillPlace) -> bool {
        self.by_receipt.get(receipt).and_then(|hold| hold.till.as_ref()).is_some_and(|own| own != till)
    }

    /// Whether the receipt holds something that this till asked for.
    pub(super) fn is_held_by(&self, receipt: &ReceiptId, till: &TillPlace) -> bool {
        let hold = self.by_receipt.get(receipt).filter(|hold| hold.till.as_ref() == Some(till));
        hold.is_some_and(|hold| !hold.shares.is_empty())
    }

    /// The hold that the asker takes over: of the same store (H73), and of the same customer, or of a receipt for which nobody
    /// was known yet.
    fn taken_over(&self, asker: Asker<'_>) -> Option<&Hold> {
        let before = asker.supersedes.filter(|before| *before != asker.receipt)?;
        let hold = self.by_receipt.get(before)?;
        let same_store = hold.till.as_ref().is_none_or(|till| till.store == asker.place.store);
        (same_store && (hold.account.is_none() || hold.account.as_ref() == asker.account)).then_some(hold)
    }

    fn insert(&mut self, receipt: &ReceiptId, hold: Hold) {
        for share in &hold.shares {
            let sum = self.sums.entry(share.limited.clone()).or_default();
            *sum = sum.plus(share.held());
        }
        self.by_until.insert((hold.until, receipt.clone()));
        self.by_receipt.insert(receipt.clone(), hold);
    }

    fn remove(&mut self, receipt: &ReceiptId) -> Option<Hold> {
        let (receipt, hold) = self.by_receipt.remove_entry(receipt)?;
        for share in &hold.shares {
            if let Some(sum) = self.sums.get_mut(&share.limited) {
                *sum = sum.less(share.held());
                if *sum == Usage::NONE {
                    self.sums.remove(&share.limited);
                }
            }
        }
        self.by_until.remove(&(hold.until, receipt));
        Some(hold)
    }
}

impl Hold {
    fn of(&self, limited: &Limited) -> Usage {
        self.shares.iter().filter(|share| share.limited == *limited).fold(Usage::NONE, |sum, share| sum.plus(share.held()))
    }
}

#[cfg(test)]
mod tests;
