//! What campaigns give for something else than a receipt: for enrolling, for answers, for bringing a customer.

use std::cmp::Reverse;

use compact_str::CompactString;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::asset::Asset;
use crate::campaign::Campaign;
use crate::decision::{Reward, RewardKind};
use crate::id::{FactId, StoreId};
use crate::mechanic::{Give, Mechanic};
use crate::revision::Revision;
use crate::usage::{Usage, UsageLimits};

/// What a campaign is for, where that is no receipt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Occasion {
    /// A customer enrols.
    Enrolment,
    /// A customer has answered all of these.
    Answers(Vec<FactId>),
    /// A customer whom somebody has brought comes so far; who brought them gets it.
    Referral(Brought),
}

/// How far a customer has come whom somebody brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Brought {
    /// Enrolled.
    Enrolled,
    /// Bought something for the first time.
    FirstReceipt,
}

/// Something that has happened, for which campaigns may give a bonus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happening<'a> {
    /// A customer enrolled.
    Enrolled,
    /// A customer answered.
    Answered {
        /// What they answered now, refusals apart.
        now: &'a [FactId],
        /// All that is known of them, what was answered now included.
        known: &'a [FactId],
    },
    /// A customer whom somebody brought came so far.
    Referred(Brought),
}

/// What a campaign gives for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bonus {
    /// The reward; no goods earned it.
    pub reward: Reward,
    /// How often an account may get it.
    pub limits: UsageLimits,
    /// How often each member of the account may, not all together.
    pub per_member: bool,
}

impl Happening<'_> {
    fn fits(self, occasion: &Occasion) -> bool {
        match (self, occasion) {
            (Self::Enrolled, Occasion::Enrolment) => true,
            (Self::Answered { now, known }, Occasion::Answers(facts)) => {
                facts.iter().any(|fact| now.contains(fact)) && facts.iter().all(|fact| known.contains(fact))
            }
            (Self::Referred(brought), Occasion::Referral(wanted)) => brought == *wanted,
            (Self::Enrolled | Self::Answered { .. } | Self::Referred(_), _) => false,
        }
    }
}

impl Revision {
    /// What its campaigns give for something that happened then in that store, by priority and id. Texts are in
    /// `language`, or in the program's own.
    #[must_use]
    pub fn bonuses(&self, happening: Happening<'_>, at: Timestamp, store: &StoreId, language: Option<&str>) -> Vec<Bonus> {
        let mut fitting: Vec<&Campaign> = self
            .campaigns()
            .iter()
            .filter(|campaign| campaign.occasion.as_ref().is_some_and(|occasion| happening.fits(occasion)))
            .collect();
        fitting.sort_by_key(|campaign| (Reverse(campaign.priority), campaign.id.clone()));
        fitting.into_iter().filter_map(|campaign| self.bonus(campaign, at, store, language)).collect()
    }

    fn bonus(&self, campaign: &Campaign, at: Timestamp, store: &StoreId, language: Option<&str>) -> Option<Bonus> {
        let zone = &self.programs().get(campaign.program_place)?.time_zone;
        campaign.validity.check(at, || zone.to_datetime(at)).ok()?;
        if campaign.stores.as_ref().is_some_and(|stores| stores.binary_search(store).is_err()) {
            return None;
        }
        let Mechanic::Grant { give } = &campaign.mechanic else { return None };
        let (kind, asset, days) = self.given(give)?;
        if asset.is_some_and(|asset| asset.is_over(at)) {
            return None;
        }
        let until = days.and_then(|days| end_of_day(zone, at, days));
        let reward = Reward {
            id: campaign.reward_id(0)?,
            campaign: campaign.id.clone(),
            program: campaign.program.clone(),
            kind,
            vests_at: asset.map_or(at, |asset| asset.vests_at(at)),
            expires_at: asset.map_or(until, |asset| asset.expires_at(at)),
            waits_for: Vec::new(),
            awaits: None,
            held: None,
            earned_on: Vec::new(),
            on_return: campaign.on_return,
            fallback: false,
            text: campaign.text.in_language(language).clone(),
        };
        let (limits, per_member) = limits_of(campaign);
        Some(Bonus { reward, limits, per_member })
    }

    /// What is given, of which asset, and for how many days.
    fn given(&self, give: &Give) -> Option<(RewardKind, Option<&Asset>, Option<u32>)> {
        Some(match give {
            Give::Points { asset, units } => {
                let asset = self.asset(asset)?;
                (asset.reward_of(*units), Some(asset), None)
            }
            Give::Coupon { campaign, days } => (RewardKind::DiscountLater { coupon: campaign.clone() }, None, *days),
            Give::Prize { prize, count, .. } => (RewardKind::Prize { prize: prize.clone(), count: *count }, None, None),
            Give::Tickets { draw, count } => (RewardKind::Ticket { draw: draw.clone(), count: *count }, None, None),
            Give::Status { .. } | Give::Percent(_) | Give::Amount(_) | Give::Gift { .. } | Give::Choice { .. } => return None,
        })
    }
}

/// A customer enrols once, so nothing need be counted; answers are rewarded once to who gave them where nothing else is said.
fn limits_of(campaign: &Campaign) -> (UsageLimits, bool) {
    let once = UsageLimits { ever: Usage { uses: 1, ..Usage::UNLIMITED }, ..UsageLimits::NONE };
    match (&campaign.limits.per_customer, &campaign.occasion) {
        (Some(said), _) => (**said, campaign.limits.per_member),
        (None, Some(Occasion::Answers(_))) => (once, true),
        (None, Some(Occasion::Enrolment | Occasion::Referral(_)) | None) => (UsageLimits::NONE, false),
    }
}

/// The end of the day so many days later, in the program's time zone.
fn end_of_day(zone: &TimeZone, at: Timestamp, days: u32) -> Option<Timestamp> {
    let day = zone.to_datetime(at).date().checked_add(i64::from(days).saturating_add(1).days()).ok()?;
    zone.to_timestamp(day.at(0, 0, 0, 0)).ok()
}

/// Why a campaign for something else gives nothing on a receipt, in a marketer's words.
pub(crate) fn words(occasion: &Occasion) -> CompactString {
    CompactString::const_new(match occasion {
        Occasion::Enrolment => "it is given for enrolling, not for a receipt",
        Occasion::Answers(_) => "it is given for answers, not for a receipt",
        Occasion::Referral(_) => "it is given to who brings a customer, not for a receipt",
    })
}

#[cfg(test)]
mod tests;
