//! The tier of a program as outcomes give it and take it back: the same rule as the ledger's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Gifts of one tier that are remembered beside the last: as many as the ledger remembers.
const TIERS_BEFORE_MAX: usize = 4;

/// A tier that is held.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TierHeld {
    /// The tier, and what gave it last.
    pub now: TierGiven,
    /// The tiers that it took the place of and the gifts that it goes on from, the oldest first: the last of them comes back
    /// when the receipt that gave it does.
    pub before: Vec<TierGiven>,
}

/// A tier as it was given once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TierGiven {
    /// The tier.
    pub tier_id: String,
    /// The receipt that gave it.
    pub receipt_id: String,
    /// Since when, what it goes on from included.
    pub since: Timestamp,
    /// From when on this gift gives it.
    pub begins: Timestamp,
    /// Until when; none: for ever, or as long as what was counted says.
    pub until: Option<Timestamp>,
}

/// A gift of a tier, as its outcome tells it.
#[derive(Clone, Debug)]
pub(super) struct Gift {
    pub(super) tier_id: String,
    pub(super) receipt_id: String,
    pub(super) vests_at: Option<Timestamp>,
    pub(super) until: Option<Timestamp>,
}

/// Gives a tier of a program at that time; what is held still is remembered.
pub(super) fn give(tiers: &mut BTreeMap<String, TierHeld>, program: &str, gift: Gift, at: Timestamp) {
    let held = tiers.remove(program).filter(|held| held.now.until.is_none_or(|until| at < until));
    let Gift { tier_id, receipt_id, vests_at, until } = gift;
    let fresh = TierGiven { tier_id, receipt_id, since: at, begins: at, until };
    let Some(TierHeld { now: known, mut before }) = held else {
        tiers.insert(program.to_owned(), TierHeld { now: fresh, before: Vec::new() });
        return;
    };
    let same = known.tier_id == fresh.tier_id;
    let goes_on = vests_at.filter(|vests| same && *vests > at);
    let until = match (known.until, fresh.until) {
        _ if !same => fresh.until,
        (None, _) | (_, None) => None,
        // What extends it was worked out from an end that others may have moved since.
        (Some(end), Some(own)) => match goes_on.map(|vests| end.duration_since(vests)).filter(|moved| moved.is_positive()) {
            Some(moved) => own.checked_add(moved).ok(),
            None => Some(end.max(own)),
        },
    };
    let (since, begins) = if goes_on.is_some() { (known.since, known.until.unwrap_or(at)) } else { (at, at) };
    if before.len() >= TIERS_BEFORE_MAX {
        before.remove(0);
    }
    before.push(known);
    tiers.insert(program.to_owned(), TierHeld { now: TierGiven { since, begins, until, ..fresh }, before });
}

/// Takes back what a receipt gave: the one before it is held again, and what goes on from it moves to where it began.
pub(super) fn take_back(tiers: &mut BTreeMap<String, TierHeld>, program: &str, receipt: &str, at: Timestamp) {
    let Some(held) = tiers.get_mut(program) else { return };
    if held.now.receipt_id == receipt {
        match held.before.pop() {
            Some(before) => held.now = before,
            None => drop(tiers.remove(program)),
        }
        return;
    }
    let Some(place) = held.before.iter().position(|given| given.receipt_id == receipt) else { return };
    let gone = held.before.remove(place);
    let left = gone.until.map(|end| end.duration_since(gone.begins.max(at))).filter(|left| left.is_positive());
    let Some(left) = left else { return };
    let goes_on = |given: &&mut TierGiven| given.since == gone.since && given.tier_id == gone.tier_id;
    for given in held.before.iter_mut().skip(place).chain([&mut held.now]).take_while(goes_on) {
        given.until = given.until.and_then(|until| until.checked_sub(left).ok());
        given.begins = given.begins.checked_sub(left).unwrap_or(given.begins);
    }
}
