//! Accounts and receipt entries as version 1 wrote them: accounts without prizes, tickets and what waits, and of what was
//! used only how often; entries without the time of a claim.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;
use tessera_rules::decision::{CounterTime, Promise};
use tessera_rules::id::{AccountId, AssetId, CampaignId, CustomerId, FactId, ProgramId, ReceiptId, RewardId, TierId};
use tessera_rules::money::Units;
use tessera_rules::usage::Usage;

use crate::account::{Consents, FactKnown, FactSource, ListMembership, PersonalCoupon, Statistics, TierHeld, UseCount};
use crate::entry::{Aggregate, EntryState, ReceiptEntry, Taken, Waiting};
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
    pub(super) open_quotes: Vec<Quote>,
    pub(super) counters: Vec<Counter>,
    pub(super) uses: Vec<Used>,
    pub(super) coupons: Vec<Coupon>,
    pub(super) tiers: Vec<Tier>,
    pub(super) statistics: Statistics,
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub(super) booked_at_last: Timestamp,
    pub(super) outcomes: u64,
}

/// A quote whose holds count uses alone.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Quote {
    pub(super) receipt: ReceiptId,
    pub(super) quote_no: u32,
    pub(super) holds: Vec<Hold>,
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub(super) until: Timestamp,
}

/// What a quote held.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) enum Hold {
    Units { asset: AssetId, units: Units },
    Threshold { campaign: CampaignId, counted_milli: i64, rewarded: i64 },
    Uses { campaign: CampaignId, count: u32 },
    Code { code: CompactString },
    Budget { campaign: CampaignId, amount: i64 },
}

/// How often a campaign was used.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Used {
    pub(super) campaign: CampaignId,
    pub(super) ever: u32,
    pub(super) day: Date,
    pub(super) on_day: u32,
}

/// A person of whose facts rules could read nothing.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Member {
    pub(super) customer: CustomerId,
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub(super) enrolled_at: Option<Timestamp>,
    pub(super) facts: Vec<Fact>,
    pub(super) consents: Consents,
    pub(super) lists: Vec<ListMembership>,
}

/// A fact of which rules could read nothing.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Fact {
    pub(super) fact: FactId,
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub(super) known_at: Timestamp,
    pub(super) source: FactSource,
    pub(super) confirmed: bool,
    pub(super) refused: bool,
}

/// A counter that counted for ever.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Counter {
    pub(super) campaign: CampaignId,
    pub(super) counted_milli: i64,
    pub(super) rewarded: i64,
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

/// An entry that did not know when it was claimed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct Entry {
    pub(super) aggregate: Aggregate,
    pub(super) state: EntryState,
    pub(super) content_hash: [u8; 32],
    pub(super) attempt: u32,
    pub(super) business_date: Date,
    pub(super) parked: Vec<Waiting>,
    pub(super) claimed_by: Option<AccountId>,
    pub(super) superseded_by: Option<ReceiptId>,
}

impl From<Entry> for ReceiptEntry {
    /// What was claimed was claimed in time.
    fn from(old: Entry) -> Self {
        Self {
            aggregate: old.aggregate,
            state: old.state,
            content_hash: old.content_hash,
            attempt: old.attempt,
            business_date: old.business_date,
            parked: old.parked,
            claimed: old.claimed_by.map(|by| Taken { by, at: Timestamp::MIN }),
            superseded_by: old.superseded_by,
        }
    }
}

impl From<Account> for crate::account::Account {
    fn from(old: Account) -> Self {
        Self {
            id: old.id,
            members: old.members.into_iter().map(crate::account::Member::from).collect(),
            blocked: old.blocked,
            moved_to: old.moved_to,
            lots: old.lots,
            open_quotes: old.open_quotes.into_iter().map(OpenQuote::from).collect(),
            counters: old.counters.into_iter().map(crate::account::Counter::from).collect(),
            uses: old.uses.into_iter().map(UseCount::from).collect(),
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

impl From<Quote> for OpenQuote {
    fn from(old: Quote) -> Self {
        let holds = old.holds.into_iter().map(Promise::from).collect();
        Self { receipt: old.receipt, quote_no: old.quote_no, holds, until: old.until }
    }
}

impl From<Hold> for Promise {
    fn from(old: Hold) -> Self {
        match old {
            Hold::Units { asset, units } => Self::Units { asset, units },
            Hold::Threshold { campaign, counted_milli, rewarded } => {
                Self::Threshold { campaign, counted_milli, rewarded, time: CounterTime::Ever }
            }
            Hold::Uses { campaign, count } => Self::Uses { campaign, usage: uses(count) },
            Hold::Code { code } => Self::Code { code },
            Hold::Budget { campaign, amount } => Self::Budget { campaign, usage: Usage { uses: amount, ..Usage::NONE } },
        }
    }
}

impl From<Used> for UseCount {
    /// Of the month no more is known than of its last day.
    fn from(old: Used) -> Self {
        let on_day = uses(old.on_day);
        Self { campaign: old.campaign, ever: uses(old.ever), day: old.day, on_day, in_month: on_day }
    }
}

fn uses(count: u32) -> Usage {
    Usage { uses: count.into(), ..Usage::NONE }
}

impl From<Member> for crate::account::Member {
    fn from(old: Member) -> Self {
        let facts = old.facts.into_iter().map(FactKnown::from).collect();
        Self { customer: old.customer, enrolled_at: old.enrolled_at, facts, consents: old.consents, lists: old.lists }
    }
}

impl From<Fact> for FactKnown {
    fn from(old: Fact) -> Self {
        Self {
            fact: old.fact,
            known_at: old.known_at,
            source: old.source,
            confirmed: old.confirmed,
            refused: old.refused,
            readable: None,
        }
    }
}

impl From<Counter> for crate::account::Counter {
    fn from(old: Counter) -> Self {
        Self { campaign: old.campaign, counted_milli: old.counted_milli, rewarded: old.rewarded, stretches: Vec::new() }
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
