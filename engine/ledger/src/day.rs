//! Closed ledger days: what was booked on each, what the books and lots hold at its end, and the chain that fixes it.
//!
//! INVARIANT: a closed day never changes. Its hash covers all that it says and the hash of the day before, so whoever
//! knows the hash of one day can tell whether any day up to it is another one than it was.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_rules::id::{AccountId, AssetId, ProgramId};

use crate::posting::{Book, Posting, PostingPlace, PostingReason};

mod content;

pub use content::ContentSum;

/// What the hash of a day is derived with, so that it is the hash of nothing else.
const HASH_CONTEXT: &str = "tessera 2026 ledger day 1";

/// One side of the double entry: all lots of all accounts, or a book.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Side {
    /// The lots of all accounts.
    Lots,
    /// A book.
    Book(Book),
}

/// Where something lies: what is summed up.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The asset.
    pub asset: AssetId,
    /// The program of a book; lots and books of the whole business have none.
    pub program: Option<ProgramId>,
    /// Lots or a book.
    pub side: Side,
}

/// What moved for one reason.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Movement {
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: PostingReason,
    /// Smallest units into it, less those out of it; never zero.
    pub units: i128,
}

/// What a place holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Held {
    /// Where.
    pub place: Place,
    /// Smallest units; never zero.
    pub units: i128,
}

/// What was booked on a day, summed up outcome by outcome in any order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    outcomes: u64,
    postings: u64,
    sums: BTreeMap<(Place, PostingReason), i128>,
    content: ContentSum,
}

/// A closed day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LedgerDay {
    /// The day, in the ledger's time zone.
    #[serde(with = "crate::encode::day")]
    pub date: Date,
    /// Outcomes that were booked on it.
    pub outcomes: u64,
    /// Their postings.
    pub postings: u64,
    /// What moved, in order.
    pub movements: Vec<Movement>,
    /// What every place holds at its end, in order; sums to zero per asset.
    pub held: Vec<Held>,
    /// The sum over the bytes of its outcomes, see [`ContentSum`].
    pub content: [u8; 32],
    /// Accounts whose expiry could not be posted, since what is stored of them is broken: tried again with each close.
    pub set_aside: Vec<AccountId>,
    /// When it was closed.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub closed_at: Timestamp,
    /// The hash of the day closed before it; zeros: it is the first.
    pub before: [u8; 32],
}

/// What is wrong with a closed day.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BrokenDay {
    /// It does not name the hash of the day before it.
    #[error("{date} does not follow the day closed before it: one of the two was changed")]
    Chain {
        /// The day.
        date: Date,
    },
    /// Days are not in their order.
    #[error("{date} is not later than the day closed before it")]
    Order {
        /// The day.
        date: Date,
    },
    /// What is held is not what was held and what moved.
    #[error("{date}: what is held at its end is not what was held before it and what moved")]
    RollForward {
        /// The day.
        date: Date,
    },
    /// An asset does not sum to zero.
    #[error("{date}: {asset} does not sum to zero over lots and books")]
    Balance {
        /// The day.
        date: Date,
        /// The asset.
        asset: AssetId,
    },
    /// What is in the feed for the day is something else.
    #[error("{date}: the day says {said}, the feed has {found}")]
    Content {
        /// The day.
        date: Date,
        /// What the day says.
        said: String,
        /// What was summed up.
        found: String,
    },
}

impl Tally {
    /// Adds an outcome: its bytes as stored and its postings.
    pub fn add(&mut self, bytes: &[u8], postings: &[Posting]) {
        self.outcomes = self.outcomes.saturating_add(1);
        self.content.add(bytes);
        for posting in postings {
            self.postings = self.postings.saturating_add(1);
            let (side, program) = match &posting.place {
                PostingPlace::Lot(_) => (Side::Lots, None),
                PostingPlace::Book(book) => (Side::Book(*book), posting.program.clone()),
            };
            let place = Place { asset: posting.asset.clone(), program, side };
            let sum = self.sums.entry((place, posting.reason)).or_default();
            *sum = sum.saturating_add(i128::from(posting.units.units()));
        }
    }

    /// Adds what another tally of the same day has.
    pub fn merge(&mut self, other: &Self) {
        self.outcomes = self.outcomes.saturating_add(other.outcomes);
        self.postings = self.postings.saturating_add(other.postings);
        self.content.merge(&other.content);
        for (key, units) in &other.sums {
            let sum = self.sums.entry(key.clone()).or_default();
            *sum = sum.saturating_add(*units);
        }
    }

    /// How many outcomes it has.
    #[must_use]
    pub const fn outcomes(&self) -> u64 {
        self.outcomes
    }

    /// How many postings it has.
    #[must_use]
    pub const fn postings(&self) -> u64 {
        self.postings
    }

    /// What moved, in order.
    #[must_use]
    pub fn movements(&self) -> Vec<Movement> {
        let moved = self.sums.iter().filter(|(_, units)| **units != 0);
        moved.map(|((place, reason), units)| Movement { place: place.clone(), reason: *reason, units: *units }).collect()
    }
}

/// What every place holds after the movements, in order.
#[must_use]
pub fn roll_forward(held: &[Held], movements: &[Movement]) -> Vec<Held> {
    let mut sums: BTreeMap<&Place, i128> = BTreeMap::new();
    let parts = held.iter().map(|held| (&held.place, held.units));
    for (place, units) in parts.chain(movements.iter().map(|movement| (&movement.place, movement.units))) {
        let sum = sums.entry(place).or_default();
        *sum = sum.saturating_add(units);
    }
    sums.into_iter().filter(|(_, units)| *units != 0).map(|(place, units)| Held { place: place.clone(), units }).collect()
}

/// The first asset whose places do not sum to zero.
#[must_use]
pub fn unbalanced(held: &[Held]) -> Option<&AssetId> {
    let mut sums: BTreeMap<&AssetId, i128> = BTreeMap::new();
    for held in held {
        let sum = sums.entry(&held.place.asset).or_default();
        *sum = sum.saturating_add(held.units);
    }
    sums.into_iter().find(|(_, units)| *units != 0).map(|(asset, _)| asset)
}

impl LedgerDay {
    /// The day that follows `before` and on which `tally` was booked.
    ///
    /// # Errors
    /// An asset of what was booked does not sum to zero: the tally is read from a feed, which may have been changed.
    pub fn close(
        before: Option<&Self>,
        date: Date,
        tally: &Tally,
        set_aside: Vec<AccountId>,
        now: Timestamp,
    ) -> Result<Self, BrokenDay> {
        assert!(before.is_none_or(|before| before.date < date), "days are closed in their order");
        let movements = tally.movements();
        let held = roll_forward(before.map_or(&[], |before| before.held.as_slice()), &movements);
        if let Some(asset) = unbalanced(&held) {
            return Err(BrokenDay::Balance { date, asset: asset.clone() });
        }
        Ok(Self {
            date,
            outcomes: tally.outcomes,
            postings: tally.postings,
            movements,
            held,
            content: tally.content.digest(),
            set_aside,
            closed_at: now,
            before: before.map_or([0; 32], Self::hash),
        })
    }

    /// The hash that fixes it: BLAKE3 over its encoding.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        blake3::derive_key(HASH_CONTEXT, &self.encode())
    }

    /// Whether it follows the day before it and sums up in itself.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self, before: Option<&Self>) -> Result<(), BrokenDay> {
        let date = self.date;
        if before.is_some_and(|before| before.date >= date) {
            return Err(BrokenDay::Order { date });
        }
        if self.before != before.map_or([0; 32], Self::hash) {
            return Err(BrokenDay::Chain { date });
        }
        if self.held != roll_forward(before.map_or(&[], |before| before.held.as_slice()), &self.movements) {
            return Err(BrokenDay::RollForward { date });
        }
        match unbalanced(&self.held) {
            Some(asset) => Err(BrokenDay::Balance { date, asset: asset.clone() }),
            None => Ok(()),
        }
    }

    /// Whether what the feed has for the day is what it says.
    ///
    /// # Errors
    /// It says something else.
    pub fn check_content(&self, tally: &Tally) -> Result<(), BrokenDay> {
        let differs = |said: String, found: String| Err(BrokenDay::Content { date: self.date, said, found });
        if (self.outcomes, self.postings) != (tally.outcomes, tally.postings) {
            let said = format!("{} outcomes with {} postings", self.outcomes, self.postings);
            return differs(said, format!("{} with {}", tally.outcomes, tally.postings));
        }
        if self.movements != tally.movements() {
            return differs("other sums".to_owned(), "these".to_owned());
        }
        if self.content != tally.content.digest() {
            return differs("outcomes of other bytes".to_owned(), "these".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
