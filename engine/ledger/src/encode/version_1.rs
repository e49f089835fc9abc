//! Accounts as version 1 wrote them: without prizes, tickets and what waits.

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;
use tessera_rules::id::{AccountId, CampaignId, ProgramId, ReceiptId, RewardId, TierId};

use crate::account::{Counter, Member, PersonalCoupon, Statistics, TierHeld, UseCount};
use crate::hold::OpenQuote;
use crate::lot::Lot;

/// The account of version 1, field by field in its order.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Account {
    pub(super) id: AccountId,
    pub(super) members: Vec<Member>,
    pub(super) blocked: bool,
    pub(super) moved_to: Option<AccountId>,
    pub(super) lots: Vec<Lot>,
    pub(super) open_quotes: Vec<OpenQuote>,
    pub(super) counters: Vec<Counter>,
    pub(super) uses: Vec<UseCount>,
    pub(super) coupons: Vec<Coupon>,
    pub(super) tiers: Vec<Tier>,
    pub(super) statistics: Statistics,
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub(super) booked_at_last: Timestamp,
    pub(super) outcomes: u64,
}

/// A coupon that did not know its reward.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Coupon {
    pub(super) code: CompactString,
    pub(super) campaign: CampaignId,
    pub(super) issued_by: ReceiptId,
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub(super) valid_from: Timestamp,
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub(super) valid_until: Option<Timestamp>,
    pub(super) used_by: Option<ReceiptId>,
}

/// A tier that did not know what gave it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Tier {
    pub(super) program: ProgramId,
    pub(super) tier: TierId,
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub(super) since: Timestamp,
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub(super) until: Option<Timestamp>,
}

impl From<Account> for crate::account::Account {
    fn from(old: Account) -> Self {
        Self {
            id: old.id,
            members: old.members,
            blocked: old.blocked,
            moved_to: old.moved_to,
            lots: old.lots,
            open_quotes: old.open_quotes,
            counters: old.counters,
            uses: old.uses,
            coupons: old.coupons.into_iter().map(PersonalCoupon::from).collect(),
            tiers: old.tiers.into_iter().map(TierHeld::from).collect(),
            prizes: Vec::new(),
            tickets: Vec::new(),
            waiting: Vec::new(),
            statistics: old.statistics,
            booked_at_last: old.booked_at_last,
            outcomes: old.outcomes,
        }
    }
}

impl From<Coupon> for PersonalCoupon {
    fn from(old: Coupon) -> Self {
        // No reward is called so: a return cannot withdraw the coupon, in the customer's favour.
        #[expect(clippy::expect_used, reason = "one hyphen is an id")]
        let reward = RewardId::parse("-").expect("a hyphen is an id");
        Self {
            code: old.code,
            campaign: old.campaign,
            issued_by: old.issued_by,
            reward,
            valid_from: old.valid_from,
            valid_until: old.valid_until,
            used_by: old.used_by,
        }
    }
}

impl From<Tier> for TierHeld {
    fn from(old: Tier) -> Self {
        Self { program: old.program, tier: old.tier, since: old.since, until: old.until, given_by: None, before: None }
    }
}
