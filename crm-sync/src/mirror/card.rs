//! The card of an account: what its customers have and did, as the feed tells it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tessera_contract::convert::timestamp_from_wire;
use tessera_proto::billing::v1::{
    CodeState, FactTrust, FollowUpKind, Outcome, OutcomeKind, PrizeState, Reward, RewardKind, RewardWait,
};

use super::entry::{paid_minor, said_in};
use super::lots::{self, LotHeld, Step};
use super::place::Place;
use super::tier::{self, Gift, TierHeld};
use crate::limits::{FACTS_MAX, NAMED_MAX, RIGHTS_MAX};

/// What is known of an account. Holds no personal data beside opaque ids.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Card {
    /// The last outcome in it.
    pub folded: Place,
    /// Version of the account after that outcome.
    pub account_version: u64,
    /// Its customers, opaque, ascending.
    pub customers: Vec<String>,
    /// When something was sold first.
    pub first_sold_at: Option<Timestamp>,
    /// When something was sold last.
    pub last_sold_at: Option<Timestamp>,
    /// Receipts paid.
    pub visits: u64,
    /// Returns.
    pub returns: u64,
    /// Paid less given back, minor units, by currency code.
    pub spent_minor: BTreeMap<String, i64>,
    /// What is left of what was earned, and what is owed, in the order of earning. What has lapsed stays until that is posted.
    pub lots: Vec<LotHeld>,
    /// Personal coupons, the oldest first.
    pub coupons: Vec<CouponHeld>,
    /// Prizes, the oldest first.
    pub prizes: Vec<PrizeWon>,
    /// The tier that was last given or reached, by program.
    pub tiers: BTreeMap<String, TierHeld>,
    /// Good tickets, by draw.
    pub tickets: BTreeMap<String, i64>,
    /// Facts as known, by customer and fact; never their values.
    pub facts: Vec<FactTold>,
}

/// A personal coupon.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CouponHeld {
    /// Its code.
    pub code: String,
    /// What it opens.
    pub coupon_id: String,
    /// The campaign that gave it.
    pub campaign_id: String,
    /// The receipt that earned it.
    pub receipt_id: String,
    /// The reward of that receipt.
    pub reward_id: String,
    /// From when it is good; none: at once.
    pub valid_from: Option<Timestamp>,
    /// Until when; none: for ever.
    pub valid_until: Option<Timestamp>,
    /// The receipt that used it. Empty: none.
    pub used_by: String,
}

/// A prize.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PrizeWon {
    /// The receipt that won it.
    pub receipt_id: String,
    /// The reward of that receipt.
    pub reward_id: String,
    /// The campaign.
    pub campaign_id: String,
    /// What it is.
    pub prize_id: String,
    /// How many.
    pub quantity: i64,
    /// Where it stands, as the contract names it.
    pub state: String,
}

/// A fact as known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FactTold {
    /// Who said it.
    pub customer_id: String,
    /// The fact.
    pub fact_id: String,
    /// When.
    pub told_at: Option<Timestamp>,
    /// The customer would not say.
    pub refused: bool,
    /// How far it is trusted, as the contract names it.
    pub trust: String,
}

impl Card {
    /// Takes an outcome in, and says what days count of its lots.
    pub(super) fn take(&mut self, outcome: &Outcome, (place, version): (Place, u64), zone: &TimeZone) -> Vec<Step> {
        let steps = lots::carry_out(&mut self.lots, outcome, zone);
        self.folded = place;
        self.account_version = version;
        if self.is_of_account(outcome)
            && let Err(at) = self.customers.binary_search(&outcome.customer_id)
        {
            self.customers.insert(at, outcome.customer_id.clone());
        }
        self.visit(outcome);
        self.use_coupons(outcome);
        for reward in &outcome.rewards {
            self.take_reward(outcome, reward);
        }
        self.take_facts(outcome);
        self.forget_erased(outcome);
        self.leave_merged(outcome);
        self.stay_bounded();
        steps
    }

    /// Units of an asset that can be used at that time, and those that cannot yet.
    #[must_use]
    pub fn balance(&self, asset: &str, at: Timestamp) -> (i64, i64) {
        let held = self.lots.iter().filter(|lot| lot.origin.asset == asset && !lot.is_lapsed(at));
        held.fold((0, 0), |(usable, pending): (i64, i64), lot| {
            if lot.is_pending(at) {
                (usable, pending.saturating_add(lot.left))
            } else {
                (usable.saturating_add(lot.left), pending)
            }
        })
    }

    /// Assets of its lots, ascending, each once.
    #[must_use]
    pub fn assets(&self) -> Vec<&str> {
        let mut assets: Vec<&str> = self.lots.iter().map(|lot| lot.origin.asset.as_str()).collect();
        assets.sort_unstable();
        assets.dedup();
        assets
    }

    /// A customer who wanted to be forgotten: what they said and, where nobody else is in the account, what they had and did.
    fn forget_erased(&mut self, outcome: &Outcome) {
        if outcome.kind != i32::from(OutcomeKind::Erasure) {
            return;
        }
        self.facts.retain(|fact| fact.customer_id != outcome.customer_id);
        if self.customers.iter().all(|customer| *customer == outcome.customer_id) {
            self.keep_name();
        }
    }

    /// An account that became part of another one: nobody is told of it any more, and whoever is forgotten there is not known
    /// here.
    fn leave_merged(&mut self, outcome: &Outcome) {
        if outcome.follow_ups.iter().any(|follow_up| follow_up.kind() == FollowUpKind::Merge) {
            self.keep_name();
        }
    }

    fn keep_name(&mut self) {
        *self = Self {
            folded: self.folded,
            account_version: self.account_version,
            customers: std::mem::take(&mut self.customers),
            lots: std::mem::take(&mut self.lots),
            ..Self::default()
        };
    }

    /// Whether it names a customer of the account. Goods come back to an account also of whoever was merged into it.
    fn is_of_account(&self, outcome: &Outcome) -> bool {
        let is_return = outcome.kind == i32::from(OutcomeKind::Return);
        !outcome.customer_id.is_empty() && (!is_return || self.customers.is_empty())
    }

    fn visit(&mut self, outcome: &Outcome) {
        let sold_at = outcome.sold_at.as_ref().and_then(timestamp_from_wire);
        let sign = match OutcomeKind::try_from(outcome.kind).unwrap_or_default() {
            OutcomeKind::Settle => {
                self.visits = self.visits.saturating_add(1);
                self.first_sold_at = self.first_sold_at.or(sold_at).min(sold_at.or(self.first_sold_at));
                self.last_sold_at = self.last_sold_at.max(sold_at);
                1
            }
            OutcomeKind::Return => {
                self.returns = self.returns.saturating_add(1);
                -1
            }
            OutcomeKind::Claim
            | OutcomeKind::FollowUp
            | OutcomeKind::Adjustment
            | OutcomeKind::Answers
            | OutcomeKind::Enrolment
            | OutcomeKind::Event
            | OutcomeKind::Code
            | OutcomeKind::Review
            | OutcomeKind::Erasure
            | OutcomeKind::HandOver
            | OutcomeKind::Expiry
            | OutcomeKind::Unspecified => return,
        };
        let spent = self.spent_minor.entry(outcome.currency_code.clone()).or_default();
        *spent = spent.saturating_add(paid_minor(outcome).saturating_mul(sign));
    }

    /// What took effect is used; what a return names can be used again.
    fn use_coupons(&mut self, outcome: &Outcome) {
        let is_return = outcome.kind == i32::from(OutcomeKind::Return);
        for verdict in &outcome.code_verdicts {
            let used_by = if verdict.state == i32::from(CodeState::Applied) {
                outcome.receipt_id.as_str()
            } else if is_return && verdict.state == i32::from(CodeState::NotNeeded) {
                ""
            } else {
                continue;
            };
            if let Some(coupon) = self.coupons.iter_mut().find(|coupon| coupon.code == verdict.code) {
                used_by.clone_into(&mut coupon.used_by);
            }
        }
    }

    fn take_reward(&mut self, outcome: &Outcome, reward: &Reward) {
        if reward.waits_for() != RewardWait::Unspecified {
            return;
        }
        let is_return = outcome.kind == i32::from(OutcomeKind::Return);
        match RewardKind::try_from(reward.kind).unwrap_or_default() {
            RewardKind::DiscountLater => self.take_coupon(outcome, reward, is_return),
            RewardKind::Prize => self.take_prize(outcome, reward, is_return),
            RewardKind::Status => self.take_tier(outcome, reward, is_return),
            RewardKind::DrawTicket => {
                let good = self.tickets.entry(reward.draw_id.clone()).or_default();
                *good = good.saturating_add(reward.draw_tickets);
            }
            RewardKind::DiscountNow
            | RewardKind::BonusMoney
            | RewardKind::Points
            | RewardKind::GiftCertificate
            | RewardKind::MoneyToAccount
            | RewardKind::Unspecified => {}
        }
    }

    fn take_coupon(&mut self, outcome: &Outcome, reward: &Reward, is_return: bool) {
        let Some(coupon) = reward.coupon.as_ref().filter(|coupon| !coupon.code.is_empty()) else { return };
        self.coupons.retain(|known| known.code != coupon.code);
        if is_return {
            return;
        }
        self.coupons.push(CouponHeld {
            code: coupon.code.clone(),
            coupon_id: coupon.coupon_id.clone(),
            campaign_id: reward.campaign_id.clone(),
            receipt_id: earned_by(outcome, reward),
            reward_id: reward.reward_id.clone(),
            valid_from: reward.vests_at.as_ref().and_then(timestamp_from_wire),
            valid_until: reward.expires_at.as_ref().and_then(timestamp_from_wire),
            used_by: String::new(),
        });
    }

    fn take_prize(&mut self, outcome: &Outcome, reward: &Reward, is_return: bool) {
        let Some(prize) = &reward.prize else { return };
        let receipt_id = earned_by(outcome, reward);
        let state = if is_return { PrizeState::Cancelled } else { PrizeState::try_from(prize.state).unwrap_or_default() };
        let state = state.as_str_name().to_owned();
        let mut known = self.prizes.iter_mut();
        match known.find(|known| known.receipt_id == receipt_id && known.reward_id == reward.reward_id) {
            Some(known) => known.state = state,
            None => self.prizes.push(PrizeWon {
                receipt_id,
                reward_id: reward.reward_id.clone(),
                campaign_id: reward.campaign_id.clone(),
                prize_id: prize.prize_id.clone(),
                quantity: prize.quantity,
                state,
            }),
        }
    }

    fn take_tier(&mut self, outcome: &Outcome, reward: &Reward, is_return: bool) {
        let (program, receipt_id) = (reward.program_id.as_str(), earned_by(outcome, reward));
        let Some(at) = outcome.booked_at.as_ref().and_then(timestamp_from_wire) else { return };
        if is_return {
            return tier::take_back(&mut self.tiers, program, &receipt_id, at);
        }
        let [vests_at, until] = [&reward.vests_at, &reward.expires_at].map(|time| time.as_ref().and_then(timestamp_from_wire));
        let gift = Gift { tier_id: reward.tier_id.clone(), receipt_id, vests_at, until };
        tier::give(&mut self.tiers, program, gift, at);
    }

    fn take_facts(&mut self, outcome: &Outcome) {
        let at = outcome.booked_at.as_ref().and_then(timestamp_from_wire);
        // A code that was wrong says nothing of the fact.
        for answer in said_in(outcome).filter(|answer| !answer.code_wrong) {
            self.facts.retain(|known| (&known.customer_id, &known.fact_id) != (&answer.customer_id, &answer.fact_id));
            self.facts.push(FactTold {
                customer_id: answer.customer_id.clone(),
                fact_id: answer.fact_id.clone(),
                told_at: at,
                refused: answer.refused,
                trust: FactTrust::try_from(answer.trust).unwrap_or_default().as_str_name().to_owned(),
            });
        }
    }

    fn stay_bounded(&mut self) {
        keep_newest(&mut self.coupons, RIGHTS_MAX);
        keep_newest(&mut self.prizes, RIGHTS_MAX);
        keep_newest(&mut self.facts, FACTS_MAX);
        while self.tickets.len() > NAMED_MAX {
            self.tickets.pop_first();
        }
        while self.tiers.len() > NAMED_MAX {
            self.tiers.pop_first();
        }
    }
}

/// The receipt that earned a reward: another one where it has waited for answers; of a prize that is handed over or of
/// goods that came back, the one of then.
fn earned_by(outcome: &Outcome, reward: &Reward) -> String {
    let named = [&reward.earned_by_receipt_id, &outcome.original_receipt_id, &outcome.receipt_id];
    named.into_iter().find(|id| !id.is_empty()).cloned().unwrap_or_default()
}

fn keep_newest<T>(list: &mut Vec<T>, count: usize) {
    list.drain(..list.len().saturating_sub(count));
}
