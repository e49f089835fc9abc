//! A summary of an outcome: an entry of an account's history, and a receipt of a till's day.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_contract::convert::timestamp_from_wire;
use tessera_proto::billing::v1::{
    Outcome, OutcomeFlag, OutcomeKind, RecordedAnswer, Redemption, Reward, RewardKind, RewardWait, Totals,
};

/// Minor units as paid, or as given back: what is deducted from a refund is not given back.
pub(super) fn paid_minor(outcome: &Outcome) -> i64 {
    let is_return = outcome.kind == i32::from(OutcomeKind::Return);
    let of = |totals: &Totals| if is_return { totals.due_minor } else { totals.amount_minor };
    outcome.totals_after.as_ref().map_or(0, of)
}

/// What one outcome did, without its lines: those are the engine's to show.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The outcome.
    pub outcome_id: String,
    /// What kind of commit it was, as the contract names it.
    pub kind: String,
    /// The receipt. Empty: none.
    pub receipt_id: String,
    /// The receipt whose goods came back or that was claimed. Empty: none.
    pub original_receipt_id: String,
    /// The account. Empty: a receipt without a customer.
    pub account_id: String,
    /// The customer, opaque. Empty: nobody known.
    pub customer_id: String,
    /// The store. Empty: none took part.
    pub store_id: String,
    /// The till. Empty: none took part.
    pub till_id: String,
    /// The cashier. Empty: nobody.
    pub cashier_id: String,
    /// By the till's clock; none: no till took part.
    pub sold_at: Option<Timestamp>,
    /// When the engine booked it.
    pub booked_at: Option<Timestamp>,
    /// The till's trading day. Empty: no till took part.
    pub business_date: String,
    /// The ledger day.
    pub booking_date: String,
    /// Currency of the amounts. Empty: no amounts.
    pub currency_code: String,
    /// Sum as rung up, minor units.
    pub before_minor: i64,
    /// Sum as paid, or as given back.
    pub after_minor: i64,
    /// Rewards given, or taken back below zero.
    pub rewards: Vec<EntryReward>,
    /// What was spent, or given back below zero.
    pub redemptions: Vec<EntryRedemption>,
    /// Facts that were answered, and those that were refused.
    pub answers: Vec<EntryAnswer>,
    /// Offers that were shown.
    pub offers: Vec<EntryOffer>,
    /// What was out of the ordinary, as the contract names it.
    pub flags: Vec<String>,
    /// Until when the customer must have been told; none: no notice is due.
    pub notice_due_at: Option<Timestamp>,
}

/// A reward of an entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EntryReward {
    /// Its id in the receipt.
    pub reward_id: String,
    /// The program.
    pub program_id: String,
    /// The campaign.
    pub campaign_id: String,
    /// Its kind, as the contract names it.
    pub kind: String,
    /// What is given: asset, prize, tier, draw or coupon.
    pub what: String,
    /// How many: units of the asset, prizes, tickets; 1 for a coupon or tier; below zero: taken back.
    pub units: i64,
    /// Minor units that it is worth or gives; 0: not in money.
    pub amount_minor: i64,
    /// It waits for answers, a visit or an event.
    pub waits: bool,
}

/// A redemption of an entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EntryRedemption {
    /// The asset.
    pub asset_id: String,
    /// Smallest units.
    pub units: i64,
    /// What they paid, minor units.
    pub amount_minor: i64,
}

/// An answer of an entry; its value is not here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EntryAnswer {
    /// The fact.
    pub fact_id: String,
    /// Who answered.
    pub customer_id: String,
    /// The customer would not say.
    pub refused: bool,
}

/// An offer of an entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EntryOffer {
    /// The offer.
    pub offer_id: String,
    /// It was shown to the customer.
    pub shown: bool,
    /// The customer took it.
    pub taken: bool,
}

impl Entry {
    /// The summary of an outcome of this account.
    #[must_use]
    pub fn of(outcome: &Outcome, account: &str) -> Self {
        let time = |at: &Option<tessera_proto::Timestamp>| at.as_ref().and_then(timestamp_from_wire);
        Self {
            outcome_id: outcome.outcome_id.clone(),
            kind: OutcomeKind::try_from(outcome.kind).unwrap_or_default().as_str_name().to_owned(),
            receipt_id: outcome.receipt_id.clone(),
            original_receipt_id: outcome.original_receipt_id.clone(),
            account_id: account.to_owned(),
            customer_id: outcome.customer_id.clone(),
            store_id: outcome.store_id.clone(),
            till_id: outcome.till_id.clone(),
            cashier_id: outcome.cashier_id.clone(),
            sold_at: time(&outcome.sold_at),
            booked_at: time(&outcome.booked_at),
            business_date: outcome.business_date.clone(),
            booking_date: outcome.booking_date.clone(),
            currency_code: outcome.currency_code.clone(),
            before_minor: outcome.totals_before.as_ref().map_or(0, |totals| totals.amount_minor),
            after_minor: paid_minor(outcome),
            rewards: outcome.rewards.iter().map(EntryReward::of).collect(),
            redemptions: outcome.redemptions.iter().map(EntryRedemption::of).collect(),
            answers: answers(outcome),
            offers: offers(outcome),
            flags: outcome.flags.iter().map(|flag| flag_name(*flag)).collect(),
            notice_due_at: time(&outcome.notice_due_at),
        }
    }
}

impl EntryReward {
    fn of(reward: &Reward) -> Self {
        let kind = RewardKind::try_from(reward.kind).unwrap_or_default();
        let (what, units) = given(reward, kind);
        Self {
            reward_id: reward.reward_id.clone(),
            program_id: reward.program_id.clone(),
            campaign_id: reward.campaign_id.clone(),
            kind: kind.as_str_name().to_owned(),
            what: what.to_owned(),
            units,
            amount_minor: reward.amount_minor,
            waits: reward.waits_for() != RewardWait::Unspecified,
        }
    }
}

/// What a reward gives and how many of it.
fn given(reward: &Reward, kind: RewardKind) -> (&str, i64) {
    match kind {
        RewardKind::Prize => reward.prize.as_ref().map_or(("", 0), |prize| (&prize.prize_id, prize.quantity)),
        RewardKind::DiscountLater => (reward.coupon.as_ref().map_or("", |coupon| &coupon.coupon_id), 1),
        RewardKind::Status => (&reward.tier_id, 1),
        RewardKind::DrawTicket => (&reward.draw_id, reward.draw_tickets),
        RewardKind::Points | RewardKind::BonusMoney | RewardKind::GiftCertificate | RewardKind::MoneyToAccount => {
            (&reward.asset_id, reward.units)
        }
        RewardKind::DiscountNow | RewardKind::Unspecified => ("", 0),
    }
}

impl EntryRedemption {
    fn of(redemption: &Redemption) -> Self {
        let Redemption { asset_id, units, amount_minor, .. } = redemption;
        Self { asset_id: asset_id.clone(), units: *units, amount_minor: *amount_minor }
    }
}

/// What the customer said, and what was confirmed of it. A code that is sent for a redemption says nothing of a fact.
pub(super) fn said_in(outcome: &Outcome) -> impl Iterator<Item = &RecordedAnswer> {
    outcome.recorded_answers.iter().filter(|_| outcome.kind() != OutcomeKind::Code)
}

fn answers(outcome: &Outcome) -> Vec<EntryAnswer> {
    said_in(outcome)
        .map(|answer| EntryAnswer {
            fact_id: answer.fact_id.clone(),
            customer_id: answer.customer_id.clone(),
            refused: answer.refused,
        })
        .collect()
}

fn offers(outcome: &Outcome) -> Vec<EntryOffer> {
    let offers = outcome.offer_results.iter();
    offers.map(|offer| EntryOffer { offer_id: offer.offer_id.clone(), shown: offer.shown, taken: offer.taken }).collect()
}

fn flag_name(flag: i32) -> String {
    OutcomeFlag::try_from(flag).map_or_else(|_| format!("OUTCOME_FLAG_{flag}"), |flag| flag.as_str_name().to_owned())
}
