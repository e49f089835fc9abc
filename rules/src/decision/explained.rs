//! Why a campaign did what it did.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::id::CampaignId;

/// Why a campaign did what it did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Explained {
    /// The campaign.
    pub campaign: CampaignId,
    /// Applied, or the first reason why not, in words a marketer understands.
    pub why: CompactString,
    /// What kind of reason that is; none: it was applied.
    pub reason: Option<NotApplied>,
}

impl Explained {
    /// Whether it was applied.
    #[must_use]
    pub const fn applied(&self) -> bool {
        self.reason.is_none()
    }
}

/// What kind of reason keeps a campaign from being applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum NotApplied {
    /// The revision has no such campaign.
    UnknownCampaign,
    /// The receipt is in another currency.
    Currency,
    /// Date, weekday or hour.
    Time,
    /// Store or zone.
    Store,
    /// The channel.
    Channel,
    /// It needs a customer who is known and not blocked.
    Customer,
    /// Segment or tier.
    Segment,
    /// The customer is in the control group.
    ControlGroup,
    /// It needs a code or coupon that was not presented or is not good.
    Code,
    /// Too few of its goods, or none.
    Goods,
    /// A condition does not hold, or cannot be worked out yet or at all.
    Condition,
    /// A limit or budget is used up.
    Limit,
    /// It could change or give nothing here.
    Effect,
    /// Another combination is better.
    BetterDeal,
    /// What it would give was declined.
    Declined,
    /// The search ended before it was looked at.
    Dropped,
}
