//! The tier of a program as outcomes give it and take it back: the same rule as the ledger's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A tier.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TierGiven {
    /// The tier.
    pub tier_id: String,
    /// The receipt that gave it.
    pub receipt_id: String,
    /// Until when; none: for ever, or as long as what was counted says.
    pub until: Option<Timestamp>,
    /// The tier that it took the place of, which comes back when the receipt that gave it does.
    pub before: Option<TierBefore>,
}

/// A tier that another one took the place of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TierBefore {
    /// The tier.
    pub tier_id: String,
    /// The receipt that gave it.
    pub receipt_id: String,
    /// Until when; none: for ever.
    pub until: Option<Timestamp>,
}

/// Gives a tier of a program at that time; the one before it is kept where that still lasts.
pub(super) fn give(
    tiers: &mut BTreeMap<String, TierGiven>,
    program: &str,
    TierBefore { tier_id, receipt_id, until }: TierBefore,
    at: Option<Timestamp>,
) {
    let lasts = |known: &TierGiven| known.until.is_none_or(|until| at.is_some_and(|at| at < until));
    let known = tiers.remove(program).filter(lasts);
    let before = known.map(|TierGiven { tier_id, receipt_id, until, .. }| TierBefore { tier_id, receipt_id, until });
    tiers.insert(program.to_owned(), TierGiven { tier_id, receipt_id, until, before });
}

/// Takes back what a receipt gave, where no other has taken its place; the one before it comes back.
pub(super) fn take_back(tiers: &mut BTreeMap<String, TierGiven>, program: &str, receipt: &str) {
    let Some(held) = tiers.remove(program) else { return };
    let before = held.before.filter(|before| before.receipt_id != receipt);
    let held = if held.receipt_id == receipt {
        before.map(|TierBefore { tier_id, receipt_id, until }| TierGiven { tier_id, receipt_id, until, before: None })
    } else {
        Some(TierGiven { before, ..held })
    };
    if let Some(held) = held {
        tiers.insert(program.to_owned(), held);
    }
}
