//! The account: the one aggregate that a customer's receipts are committed to.

use compact_str::CompactString;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tessera_rules::brakes::{ReceiptsSeen, StaffOf};
use tessera_rules::decision::Calendar;
use tessera_rules::habits::Habits;
use tessera_rules::id::{AccountId, AssetId, CampaignId, CustomerId, FactId, ReceiptId, RewardId};
use tessera_rules::money::Units;
use tessera_rules::standing::CountedStretch;
use tessera_rules::usage::Usage;

use crate::code::{ean13, is_ean13};
use crate::confirm::CodeAsked;
use crate::hold::OpenQuote;
use crate::lot::Lot;
use crate::right::{PrizeHeld, TicketsHeld, WaitingReward};
use crate::tier::TierHeld;

/// Everything that is decided together for one household: at most [`crate::limits::ACCOUNT_BYTES_MAX`] encoded.
///
/// INVARIANT: lots are sorted by [`crate::lot::spending_order`], counters and uses by campaign, members
/// and facts by id, merged accounts by id, tickets by draw, receipts seen by day; no lot is empty; every list is within
/// its limit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Its name, opaque.
    pub id: AccountId,
    /// The people it is kept for, at least one.
    pub members: Vec<Member>,
    /// No earning and no spending while it is set; asked and answered like an anonymous sale.
    pub blocked: bool,
    /// Since when nothing is known of whom it was kept for: they wanted to be forgotten. It is blocked too.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub erased_at: Option<Timestamp>,
    /// Where the account went in a merge: whoever finds this follows it.
    pub moved_to: Option<MovedTo>,
    /// Accounts that were merged into it: what was sold to them comes back to it. At most [`crate::limits::MERGED_MAX`].
    pub merged: Vec<AccountId>,
    /// What was earned and not used up yet.
    pub lots: Vec<Lot>,
    /// Quotes that hold something.
    pub open_quotes: Vec<OpenQuote>,
    /// Counters over receipts.
    pub counters: Vec<Counter>,
    /// What was used of campaigns that are limited per customer.
    pub uses: Vec<UseCount>,
    /// Personal coupons.
    pub coupons: Vec<PersonalCoupon>,
    /// The tier in each program where one was reached.
    pub tiers: Vec<TierHeld>,
    /// Prizes, the oldest first; those that are not due any more stay as long as there is room.
    pub prizes: Vec<PrizeHeld>,
    /// Tickets of draws.
    pub tickets: Vec<TicketsHeld>,
    /// Rewards that wait for answers, the oldest first.
    pub waiting: Vec<WaitingReward>,
    /// Receipts of late, as far as brakes of a program count them, sorted.
    pub seen: Vec<ReceiptsSeen>,
    /// What rules of behaviour read, in constant space.
    pub statistics: Statistics,
    /// The greatest time that was ever booked here: time does not run back for an account.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub booked_at_last: Timestamp,
    /// Outcomes committed so far, the next one's number in the account.
    pub outcomes: u64,
    /// Who brought the customer, where somebody did.
    pub referred: Option<Referred>,
}

/// Where an account went.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MovedTo {
    /// The account that has everything now.
    pub account: AccountId,
    /// The customer who turned out to be another one.
    pub gone: CustomerId,
    /// Who they are there.
    pub survivor: CustomerId,
    /// What carries it out: whoever follows makes sure first that it was.
    pub follow_up: CompactString,
}

/// Who brought a customer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Referred {
    /// The account that is rewarded for it.
    pub by: AccountId,
    /// Whether the customer has bought something since, so that all there is for it has been given.
    pub has_bought: bool,
}

/// A person of the account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub customer: CustomerId,
    /// When they were enrolled; none: a card used before anybody enrolled.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub enrolled_at: Option<Timestamp>,
    /// What is known of them.
    pub facts: Vec<FactKnown>,
    /// What they agreed to.
    pub consents: Consents,
    /// The cashier who they are; none: nobody has said that they are one.
    pub staff: Option<StaffOf>,
}

/// A fact as known: when, from where, how far trusted. The value lies sealed elsewhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FactKnown {
    /// The profile field.
    pub fact: FactId,
    /// When it became known.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub known_at: Timestamp,
    /// Where it came from.
    pub source: FactSource,
    /// Whether somebody checked it.
    pub confirmed: bool,
    /// The customer would not say.
    pub refused: bool,
    /// What rules may read of it: one of a few answers that they tell apart, or a day of the year.
    pub readable: Option<CompactString>,
    /// The code that was asked for to confirm it; none: none was of late.
    pub code: Option<CodeAsked>,
}

/// Where a fact came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum FactSource {
    /// Told at the till.
    Till,
    /// Told at enrolment.
    Enrolment,
    /// Imported.
    Import,
}

/// Consents, apart from each other.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Consents {
    /// To the keeping of data, since when.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub data_since: Option<Timestamp>,
    /// To marketing, since when.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub marketing_since: Option<Timestamp>,
}

/// A counter over receipts: `counted ÷ every` thresholds are due, each rewarded once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counter {
    /// The campaign that counts.
    pub campaign: CampaignId,
    /// Counted so far, in thousandths; a return lowers it, not below zero.
    pub counted_milli: i64,
    /// Thresholds rewarded so far; never lowered but by a return that took the reward back.
    pub rewarded: i64,
    /// Of what calendar the stretches are: as it was divided when something was counted last. None: there are none.
    pub calendar: Option<Calendar>,
    /// What counts only for a time, by its stretch of the calendar, ascending; beside what stands above. Where
    /// stretches are counted themselves: the last of them.
    pub stretches: Vec<CountedStretch>,
}

/// What this account, or a member of it, used of a campaign. The spans lie in each other: no less was used in the longer one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UseCount {
    /// The campaign.
    pub campaign: CampaignId,
    /// Who of the account used it, where each member has a limit of their own; none: whoever.
    pub member: Option<CustomerId>,
    /// Ever.
    pub ever: Usage,
    /// The last business date of a use.
    #[serde(with = "crate::encode::day")]
    pub day: Date,
    /// On that day.
    pub on_day: Usage,
    /// In that day's month.
    pub in_month: Usage,
}

/// A personal coupon.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PersonalCoupon {
    /// Its code as printed.
    pub code: CompactString,
    /// The campaign that it opens.
    pub campaign: CampaignId,
    /// The receipt that earned it.
    pub issued_by: ReceiptId,
    /// The reward of that receipt.
    pub reward: RewardId,
    /// From when it can be used.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::required")]
    pub valid_from: Timestamp,
    /// Until when, exclusive; none: for ever.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub valid_until: Option<Timestamp>,
    /// The receipt that used it.
    pub used_by: Option<ReceiptId>,
}

impl PersonalCoupon {
    /// Whether a presented code is this coupon's: its code, or the number that is printed for it.
    #[must_use]
    pub fn is(&self, presented: &str) -> bool {
        self.code == presented || is_ean13(presented) && ean13(&self.code) == presented
    }
}

/// What is known of the customer's buying, in constant space.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Statistics {
    /// Receipts settled.
    pub visits: u32,
    /// When the first was sold.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub first_sold_at: Option<Timestamp>,
    /// When the last was sold.
    #[serde(with = "jiff::fmt::serde::timestamp::nanosecond::optional")]
    pub last_sold_at: Option<Timestamp>,
    /// Minor units paid for all receipts less all refunds, per currency code, sorted.
    pub spent_minor: Vec<(CompactString, i64)>,
    /// When they came of late and what they spent, at most [`crate::limits::GAPS_MAX`] gaps.
    pub habits: Habits,
}

/// What an account holds of an asset at a time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Balance {
    /// The asset.
    pub asset: AssetId,
    /// Vested and not expired, debt taken off: may be below zero.
    pub vested: Units,
    /// Not vested yet.
    pub pending: Units,
    /// Held by open quotes.
    pub held: Units,
}

impl Account {
    /// An account of one person who was never seen before.
    #[must_use]
    pub fn new(id: AccountId, customer: CustomerId, now: Timestamp) -> Self {
        let member = Member { customer, enrolled_at: None, facts: Vec::new(), consents: Consents::default(), staff: None };
        Self {
            id,
            members: vec![member],
            blocked: false,
            erased_at: None,
            moved_to: None,
            merged: Vec::new(),
            lots: Vec::new(),
            open_quotes: Vec::new(),
            counters: Vec::new(),
            uses: Vec::new(),
            coupons: Vec::new(),
            tiers: Vec::new(),
            prizes: Vec::new(),
            tickets: Vec::new(),
            waiting: Vec::new(),
            seen: Vec::new(),
            statistics: Statistics::default(),
            booked_at_last: now,
            outcomes: 0,
            referred: None,
        }
    }

    /// Whether what was sold to that account comes back to this one.
    #[must_use]
    pub fn stands_for(&self, account: &AccountId) -> bool {
        self.id == *account || self.merged.contains(account)
    }

    /// The time at which something is booked now: never before what was booked already (H70).
    #[must_use]
    pub fn booked_at(&self, now: Timestamp) -> Timestamp {
        now.max(self.booked_at_last)
    }
}
