//! Thresholds and grants: whatever stands under `give` and lowers no price.

use jiff::{Timestamp, ToSpan};

use super::added::needs_stock;
use super::candidates::{Candidate, Reason};
use super::draft::{Draft, Effect};
use super::earning::Multiplier;
use crate::asset::Asset;
use crate::counting::Counted;
use crate::decision::{Choice, RewardKind};
use crate::id::{AssetId, Sku, TierId};
use crate::limits::COUPONS_AT_ONCE_MAX;
use crate::mechanic::{Act, Give, Mechanic};
use crate::money::{Amount, Quantity, extend};
use crate::standing::CustomerStanding;

impl<'a> Draft<'a, '_> {
    /// Rewards in the order of their campaigns.
    pub(super) fn rewards(&mut self, candidates: &[Candidate<'a>]) {
        let mut multipliers = self.multipliers(candidates);
        // What counts points comes after what gives them.
        let counts_points =
            |candidate: &Candidate<'_>| candidate.campaign.counting().is_some_and(|counting| counting.counted == Counted::Points);
        let rewards = candidates.iter().filter(|candidate| candidate.act == Act::Rewards);
        let (first, last) = (rewards.clone().filter(|one| !counts_points(one)), rewards.filter(|one| counts_points(one)));
        for candidate in first.chain(last) {
            if let Mechanic::Multiply { .. } = candidate.campaign.mechanic {
                continue;
            }
            let effect = if self.gives_nothing(candidate.campaign.program_place) {
                Err(Reason::Braked)
            } else if self.step(candidate.lines.len()) {
                // What counts goes on counting beyond its limits.
                let counts = candidate.campaign.counting().is_some();
                let within = if counts { Ok(()) } else { self.within_common(candidate) };
                let able = within.and_then(|()| self.spent_enough(candidate));
                let able = able.and_then(|()| self.may_cost(candidate));
                able.and_then(|()| self.act_reward(candidate, &mut multipliers))
            } else {
                Err(Reason::StepsUsedUp)
            };
            match effect {
                Ok(effect) => {
                    self.use_common(candidate, &effect);
                    self.effects.push(effect);
                }
                Err(reason) => self.refuse(candidate.place, reason),
            }
        }
        self.multiplied(&multipliers);
        self.reach_tiers();
    }

    pub(super) fn asset(&self, id: &AssetId) -> Option<&'a Asset> {
        self.case.revision.asset(id)
    }

    /// A threshold that lowers no price.
    fn spend_rewards(
        &mut self,
        candidate: &Candidate<'_>,
        at_least: Amount,
        give: &Give,
        repeating: bool,
    ) -> Result<Effect, Reason> {
        let times = self.times_spent(candidate, at_least, repeating)?;
        let added_worth = self.give(candidate, give, times)?;
        self.or_fall_back(candidate, Effect { place: candidate.place, times, discount: 0, added_worth })
    }

    /// Gives something `times` over; returns the worth of goods.
    pub(super) fn give(&mut self, candidate: &Candidate<'_>, give: &Give, times: i64) -> Result<i64, Reason> {
        let many = |count: u32| u32::try_from(i64::from(count).saturating_mul(times)).unwrap_or(u32::MAX);
        let kind = match give {
            Give::Points { asset, units } => return self.give_points(candidate, asset, units.units().saturating_mul(times)),
            Give::Gift { sku, quantity } => return self.gift(candidate, sku, *quantity, times),
            Give::Choice { skus, quantity } => return self.choice(candidate, skus, *quantity, times),
            Give::Coupon { campaign, days } => {
                let until = self.until(candidate, *days);
                for number in 0..usize::try_from(times).unwrap_or(1).min(COUPONS_AT_ONCE_MAX) {
                    let kind = RewardKind::DiscountLater { coupon: campaign.clone() };
                    self.reward(candidate, number, kind, None).ok_or(Reason::NothingToTakeOff)?.expires_at = until;
                }
                return Ok(0);
            }
            Give::Status { tier, days, extends } => return self.give_status(candidate, tier, (*days, *extends)),
            Give::Prize { prize, count, .. } => RewardKind::Prize { prize: prize.clone(), count: many(*count) },
            Give::Tickets { draw, count } => RewardKind::Ticket { draw: draw.clone(), count: many(*count) },
            // These act on the basket.
            Give::Percent(_) | Give::Amount(_) => return Err(Reason::NothingToTakeOff),
        };
        self.reward(candidate, 0, kind, None).ok_or(Reason::NothingToTakeOff)?;
        Ok(0)
    }

    fn give_points(&mut self, candidate: &Candidate<'_>, asset: &AssetId, units: i64) -> Result<i64, Reason> {
        let asset = self.asset(asset).ok_or(Reason::NothingToTakeOff)?;
        let weights: Vec<i64> = candidate.lines.iter().map(|line| self.earning(candidate, *line)).collect();
        let units = candidate.campaign.caps.units.map_or(units, |cap| units.min(cap.units()));
        let units = units.min(self.left(candidate).value);
        let earned_on = self.shares(&candidate.lines, &weights, units);
        let reward = self.reward_units(candidate, 0, asset, units).ok_or(Reason::NothingToTakeOff)?;
        reward.earned_on = earned_on;
        Ok(0)
    }

    /// A tier. Who has it already keeps it at least as long as before, and where it extends, so many days longer: it
    /// vests when what was held would have ended.
    fn give_status(
        &mut self,
        candidate: &Candidate<'_>,
        tier: &TierId,
        (days, extends): (Option<u32>, bool),
    ) -> Result<i64, Reason> {
        let from_now = self.until(candidate, days);
        let program = &candidate.campaign.program;
        let holds = |held: &&CustomerStanding| held.tiers.iter().any(|(known, held)| known == program && held == tier);
        let held = self.case.customer.filter(holds);
        let ends = |held: &CustomerStanding| held.tiers_until.iter().find(|(known, _)| known == program).map(|(_, until)| *until);
        let (from, until) = match (held.map(ends), from_now) {
            (None, until) | (_, until @ None) => (None, until),
            (Some(None), Some(_)) => (None, None),
            (Some(Some(end)), Some(until)) if extends => (Some(end), Some(self.later(candidate, end, days).unwrap_or(until))),
            (Some(Some(end)), Some(until)) => (None, Some(until.max(end))),
        };
        let kind = RewardKind::Status { tier: tier.clone(), reached: false };
        let reward = self.reward(candidate, 0, kind, None).ok_or(Reason::NothingToTakeOff)?;
        reward.expires_at = until;
        reward.vests_at = from.unwrap_or(reward.vests_at).max(reward.vests_at);
        Ok(0)
    }

    /// So many days after some time, in the program's time zone.
    fn later(&self, candidate: &Candidate<'_>, from: Timestamp, days: Option<u32>) -> Option<Timestamp> {
        let zone = &self.case.revision.programs().get(candidate.campaign.program_place)?.time_zone;
        let later = zone.to_datetime(from).checked_add(i64::from(days?).days()).ok()?;
        zone.to_timestamp(later).ok()
    }

    /// The end of the day so many days after the sale, in the program's time zone.
    pub(super) fn until(&self, candidate: &Candidate<'_>, days: Option<u32>) -> Option<Timestamp> {
        let zone = &self.case.revision.programs().get(candidate.campaign.program_place)?.time_zone;
        let days = i64::from(days?).saturating_add(1);
        let day = self.case.local(candidate.campaign).date().checked_add(days.days()).ok()?;
        zone.to_timestamp(day.at(0, 0, 0, 0)).ok()
    }

    /// One of several products. Until the customer has chosen nothing is given; what is due stays due.
    fn choice(&mut self, candidate: &Candidate<'_>, skus: &[Sku], quantity: Quantity, times: i64) -> Result<i64, Reason> {
        let id = candidate.campaign.reward_id(0).ok_or(Reason::NothingToTakeOff)?;
        if self.declined(id.as_str()) {
            return Err(Reason::Declined);
        }
        let can_be_had = |sku: &&Sku| {
            let product = self.case.catalogue.product(sku);
            let gone = product.is_none_or(|product| needs_stock(product.kind)) && self.out_of_stock(sku);
            !gone && product.and_then(|product| product.unit_price_min).is_none_or(|least| !least.is_positive())
        };
        let options: Vec<Sku> = skus.iter().filter(can_be_had).cloned().collect();
        if options.is_empty() {
            return Err(Reason::OutOfStock);
        }
        if self.case.is_too_late(candidate.act) {
            return Ok(self.least_worth(&options, quantity, times));
        }
        let asked = self.case.receipt.choices.iter().find(|chosen| chosen.choice == id).map(|chosen| &chosen.sku);
        let chosen = asked.filter(|sku| options.contains(sku)).cloned();
        let text = self.case.cashier_words(candidate.campaign.program_place, &candidate.campaign.text).clone();
        let campaign = candidate.campaign.id.clone();
        self.choices.push(Choice { id, campaign, options, quantity, chosen: chosen.clone(), text });
        self.gift(candidate, &chosen.ok_or(Reason::ChoiceOpen)?, quantity, times)
    }

    /// What the cheapest of several products is worth: nobody has chosen.
    fn least_worth(&self, options: &[Sku], quantity: Quantity, times: i64) -> i64 {
        let worth = |sku: &Sku| {
            let price = self.case.catalogue.product(sku)?.price?;
            extend(quantity, price, self.basket.currency).map(Amount::minor)
        };
        options.iter().map(|sku| worth(sku).unwrap_or(0)).min().unwrap_or(0).saturating_mul(times)
    }

    /// One candidate among the rewards.
    fn act_reward(&mut self, candidate: &Candidate<'_>, multipliers: &mut [Multiplier<'_, '_>]) -> Result<Effect, Reason> {
        match &candidate.campaign.mechanic {
            Mechanic::Points { per, units, asset } => self.points(candidate, (*per, *units), asset, multipliers),
            Mechanic::Spend { at_least, give, repeating } => self.spend_rewards(candidate, *at_least, give, *repeating),
            Mechanic::Count(counting) => self.count(candidate, counting),
            Mechanic::Grant { give } => self.grant(candidate, give),
            // These act at another level.
            Mechanic::Off { .. }
            | Mechanic::PriceList { .. }
            | Mechanic::Ladder { .. }
            | Mechanic::Set { .. }
            | Mechanic::Multiply { .. }
            | Mechanic::ExtraUnits { .. }
            | Mechanic::Offer { .. } => Err(Reason::NothingToTakeOff),
        }
    }

    fn grant(&mut self, candidate: &Candidate<'_>, give: &Give) -> Result<Effect, Reason> {
        let added_worth = self.give(candidate, give, 1)?;
        self.or_fall_back(candidate, Effect { place: candidate.place, times: 1, discount: 0, added_worth })
    }
}
