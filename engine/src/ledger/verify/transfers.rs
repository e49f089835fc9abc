//! The proof of the transfer book: what left one account is what arrived on the other, or is under way.

use std::collections::BTreeMap;

use tessera_ledger::posting::{Book, PostingPlace};

use super::finding::Finding;
use crate::record::PostedOutcome;

/// By follow-up and asset what was sent less what arrived, of those where that is not nothing. What is owed goes the same
/// way, and is counted by itself: it makes up for nothing that was not sent.
#[derive(Debug, Default)]
pub(super) struct Transfers {
    open: BTreeMap<Way, i128>,
}

type Way = (String, String, Owed);

/// Whether units are a debt that goes along.
type Owed = bool;

impl Transfers {
    /// Takes an outcome. Returns what is wrong with it by itself: what it posts into the book must be what it sends.
    pub(super) fn take(&mut self, posted: &PostedOutcome) -> Option<String> {
        let mut book: BTreeMap<(&str, Owed), i128> = BTreeMap::new();
        for posting in posted.postings.iter().filter(|posting| posting.place == PostingPlace::Book(Book::Transfer)) {
            // What is owed comes out of the book as what is given goes in.
            let owed = posting.units.is_positive() == posted.is_follow_up;
            let sum = book.entry((posting.asset.as_str(), owed)).or_default();
            *sum = sum.saturating_add(i128::from(posting.units.units()));
        }
        if posted.is_follow_up {
            book.iter().for_each(|((asset, owed), units)| self.add((&posted.id, asset, *owed), *units));
            return None;
        }
        for (follow_up, asset, units) in &posted.sent {
            let owed = *units < 0;
            let sum = book.entry((asset.as_str(), owed)).or_default();
            *sum = sum.saturating_sub(i128::from(*units));
            self.add((follow_up, asset, owed), i128::from(*units));
        }
        let differs = book.values().any(|left| *left != 0);
        differs.then(|| "what it posts into the transfer book is not what its follow-ups send".to_owned())
    }

    fn add(&mut self, (follow_up, asset, owed): (&str, &str, Owed), units: i128) {
        let key = (follow_up.to_owned(), asset.to_owned(), owed);
        let sum = self.open.get(&key).copied().unwrap_or(0).saturating_add(units);
        if sum == 0 {
            self.open.remove(&key);
        } else {
            self.open.insert(key, sum);
        }
    }

    /// Takes in what another part of the feed has.
    pub(super) fn merge(&mut self, other: Self) {
        other.open.into_iter().for_each(|((follow_up, asset, owed), units)| self.add((&follow_up, &asset, owed), units));
    }

    /// Of which follow-ups more arrived than was sent.
    pub(super) fn findings(&self) -> impl Iterator<Item = Finding> {
        let arrived = |(_, _, owed): &Way, units: i128| if *owed { units > 0 } else { units < 0 };
        self.open.iter().filter(move |(way, units)| arrived(way, **units)).map(|((follow_up, asset, _), units)| {
            Finding::Transfer {
                follow_up: follow_up.clone(),
                what: format!("{} units of {asset} arrived that nobody sent", units.unsigned_abs()),
            }
        })
    }
}
