//! The proof of the transfer book: what left one account is what arrived on the other, or is under way.

use std::collections::BTreeMap;

use tessera_ledger::posting::{Book, PostingPlace};

use super::finding::Finding;
use crate::record::PostedOutcome;

/// By follow-up and asset what was sent less what arrived, of those where that is not nothing.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    open: BTreeMap<(String, String), i128>,
}

impl Transfers {
    /// Takes an outcome. Returns what is wrong with it by itself: what it posts into the book must be what it sends.
    pub(super) fn take(&mut self, posted: &PostedOutcome) -> Option<String> {
        let mut book: BTreeMap<&str, i128> = BTreeMap::new();
        for posting in posted.postings.iter().filter(|posting| posting.place == PostingPlace::Book(Book::Transfer)) {
            let sum = book.entry(posting.asset.as_str()).or_default();
            *sum = sum.saturating_add(i128::from(posting.units.units()));
        }
        if posted.is_follow_up {
            book.iter().for_each(|(asset, units)| self.add(&posted.id, asset, *units));
            return None;
        }
        for (follow_up, asset, units) in &posted.sent {
            let sum = book.entry(asset.as_str()).or_default();
            *sum = sum.saturating_sub(i128::from(*units));
            self.add(follow_up, asset, i128::from(*units));
        }
        let differs = book.values().any(|left| *left != 0);
        differs.then(|| "what it posts into the transfer book is not what its follow-ups send".to_owned())
    }

    fn add(&mut self, follow_up: &str, asset: &str, units: i128) {
        let key = (follow_up.to_owned(), asset.to_owned());
        let sum = self.open.get(&key).copied().unwrap_or(0).saturating_add(units);
        if sum == 0 {
            self.open.remove(&key);
        } else {
            self.open.insert(key, sum);
        }
    }

    /// Takes in what another part of the feed has.
    pub(super) fn merge(&mut self, other: Self) {
        other.open.into_iter().for_each(|((follow_up, asset), units)| self.add(&follow_up, &asset, units));
    }

    /// Of which follow-ups more arrived than was sent.
    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> {
        self.open.iter().filter(|(_, units)| **units < 0).map(|((follow_up, asset), units)| Finding::Transfer {
            follow_up: follow_up.clone(),
            what: format!("{} units of {asset} arrived that nobody sent", units.unsigned_abs()),
        })
    }
}
