//! Tiers that receipts give: held for a time, extended, and taken back when what gave them comes back.
//!
//! Receipts that extend a tier stand in a row, each with its own part of the time: which of them comes back first makes no
//! difference.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_rules::id::{ProgramId, ReceiptId, TierId};

use crate::limits::TIERS_BEFORE_MAX;

/// A tier and since when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TierHeld {
    /// The program.
    pub program: ProgramId,
    /// The tier, and what gave it last.
    pub now: TierGiven,
    /// The tiers that it took the place of and the gifts that it goes on from, the oldest first, at most
    /// [`TIERS_BEFORE_MAX`]: the last of them comes back when the receipt that gave it does.
    pub before: Vec<TierGiven>,
}

/// A tier as it was given once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TierGiven {
    /// The tier.
    pub tier: TierId,
    /// Since when, what it goes on from included.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub since: Timestamp,
    /// From when on this gift gives it: where what it goes on from would have ended.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub begins: Timestamp,
    /// Until when it is held without being reached again; none: for ever.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub until: Option<Timestamp>,
    /// The receipt that gave it; none: it was not earned by one receipt.
    pub given_by: Option<ReceiptId>,
}

/// What taking a receipt's gift back does to a tier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TakenBack {
    /// Nothing: the receipt gave nothing that is still held.
    Nothing,
    /// It lasts less long, or the one before it is held again.
    Less,
    /// Nothing is left of it.
    All,
}

impl TierHeld {
    /// A tier that somebody has who had none.
    #[must_use]
    pub fn new(program: ProgramId, now: TierGiven) -> Self {
        Self { program, now, before: Vec::new() }
    }

    /// Puts a gift in the place of what is held; what lasts still is remembered.
    pub(crate) fn replace(&mut self, given: TierGiven, now: Timestamp) {
        let lasts = self.now.lasts(now);
        let before = std::mem::replace(&mut self.now, given);
        if !lasts {
            self.before.clear();
            return;
        }
        if self.before.len() >= TIERS_BEFORE_MAX {
            self.before.remove(0);
        }
        self.before.push(before);
    }

    /// Takes back what a receipt gave. Later gifts that go on from it move to where it began; one whose place another tier
    /// has taken does not come back any more.
    pub(crate) fn take_back(&mut self, receipt: &ReceiptId, now: Timestamp) -> TakenBack {
        let is_its = |given: &TierGiven| given.given_by.as_ref() == Some(receipt);
        if is_its(&self.now) {
            let Some(before) = self.before.pop() else { return TakenBack::All };
            self.now = before;
            return TakenBack::Less;
        }
        let Some(place) = self.before.iter().position(is_its) else { return TakenBack::Nothing };
        let gone = self.before.remove(place);
        let later = self.before.iter_mut().skip(place).chain([&mut self.now]);
        let moved: Vec<bool> =
            later.take_while(|given| given.goes_on_from(&gone)).map(|given| given.move_up(&gone, now)).collect();
        if moved.contains(&true) { TakenBack::Less } else { TakenBack::Nothing }
    }
}

impl TierGiven {
    /// Whether it is held still.
    #[must_use]
    pub fn lasts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    fn goes_on_from(&self, before: &Self) -> bool {
        self.since == before.since && self.tier == before.tier
    }

    /// Moves it by what is left of a gift that is gone; whether it was.
    fn move_up(&mut self, gone: &Self, now: Timestamp) -> bool {
        let Some(left) = gone.until.map(|end| end.duration_since(gone.begins.max(now))).filter(|left| left.is_positive()) else {
            return false;
        };
        let moved = self.until.and_then(|until| until.checked_sub(left).ok());
        let Some((until, begins)) = moved.zip(self.begins.checked_sub(left).ok()) else { return false };
        (self.until, self.begins) = (Some(until), begins);
        true
    }
}
