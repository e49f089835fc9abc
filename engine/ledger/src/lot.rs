//! Lots: what was earned at one time, with vesting, expiry and what is left of it.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_rules::id::{AssetId, CampaignId, ProgramId, ReceiptId};
use tessera_rules::money::Units;

/// The name of a lot: the receipt that made it and its place among that receipt's lots.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct LotId {
    /// The receipt, return or follow-up that made it.
    pub receipt: ReceiptId,
    /// Its place among them, from 0.
    pub place: u16,
}

impl fmt::Display for LotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.receipt, self.place)
    }
}

/// An amount of one asset earned at one time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lot {
    /// Its name.
    pub id: LotId,
    /// The asset.
    pub asset: AssetId,
    /// The program that issued it.
    pub program: ProgramId,
    /// The campaign that issued it; none: a debt, an adjustment, a transfer.
    pub campaign: Option<CampaignId>,
    /// Earned or owed.
    pub kind: LotKind,
    /// What it began with; below zero for a debt.
    pub begun: Units,
    /// What is left; never zero, below zero for a debt.
    pub left: Units,
    /// From when it can be used.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub vests_at: Timestamp,
    /// Until when, exclusive; none: for ever.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub expires_at: Option<Timestamp>,
    /// When it was booked.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub booked_at: Timestamp,
}

/// What a lot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum LotKind {
    /// The customer's.
    Earned,
    /// Owed by the customer, paid first by later earnings.
    Debt,
}

/// Earliest expiry first, those without one last; then the earlier booked, then by name.
#[must_use]
pub fn spending_order(a: &Lot, b: &Lot) -> Ordering {
    let expiry = match (a.expires_at, b.expires_at) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    a.asset.cmp(&b.asset).then(expiry).then(a.booked_at.cmp(&b.booked_at)).then_with(|| a.id.cmp(&b.id))
}
