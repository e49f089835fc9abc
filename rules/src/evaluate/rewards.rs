//! Points, thresholds that give points or gifts, and counters over receipts.

use super::candidates::{Candidate, Reason};
use super::draft::{Draft, Effect};
use crate::asset::Asset;
use crate::decision::{CounterMove, Note, Promise};
use crate::id::AssetId;
use crate::mechanic::{EarnPer, Give, Mechanic};
use crate::money::{Amount, Quantity, Rounding, Units, divide};
use crate::ratio::Ratio;

impl<'a> Draft<'a, '_> {
    fn asset(&self, id: &AssetId) -> Option<&'a Asset> {
        self.case.revision.asset(id)
    }

    /// What a line earns on: what is paid for it, less what an asset has paid.
    fn earning(&self, place: usize) -> i64 {
        let Some(line) = self.basket.lines.get(place).filter(|line| line.earns) else { return 0 };
        line.amount().saturating_sub(line.not_earning).max(0)
    }

    /// Units per money with the tier's multiplier, rounded down once for the receipt.
    pub(super) fn points(
        &mut self,
        candidate: &Candidate<'_>,
        (per, units): (Amount, Units),
        asset: &AssetId,
    ) -> Result<Effect, Reason> {
        let weights: Vec<i64> = candidate.lines.iter().map(|line| self.earning(*line)).collect();
        let base = weights.iter().copied().fold(0, i64::saturating_add);
        let multiplier = self.multiplier(candidate);
        let numerator =
            i128::from(base).saturating_mul(i128::from(units.units())).saturating_mul(i128::from(multiplier.numerator()));
        let denominator = i128::from(per.minor()).saturating_mul(i128::from(multiplier.denominator()));
        let earned = divide(numerator, denominator, Rounding::Down).unwrap_or(0);
        let asset = self.asset(asset).ok_or(Reason::NothingToTakeOff)?;
        let earned_on = self.shares(&candidate.lines, &weights, earned);
        let reward = self.reward_units(candidate, 0, asset, earned).ok_or(Reason::SpendMore)?;
        reward.earned_on = earned_on;
        Ok(Effect { place: candidate.place, times: 1, discount: 0, added_worth: 0 })
    }

    fn multiplier(&self, candidate: &Candidate<'_>) -> Ratio {
        let Some(tier) = self.case.tier(candidate.campaign) else { return Ratio::ONE };
        let program = self.case.revision.programs().get(candidate.campaign.program_place);
        let known = program.and_then(|program| program.tiers.iter().find(|known| known.id == *tier));
        known.map_or(Ratio::ONE, |tier| tier.multiplier)
    }

    /// A threshold that gives points or a gift.
    pub(super) fn spend_rewards(
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

    /// Counts units over receipts. Every threshold is rewarded once: those due are what all units counted so far
    /// have crossed, less those rewarded; what cannot be given now stays due.
    pub(super) fn count(&mut self, candidate: &Candidate<'_>, every: i64, give: &Give) -> Result<Effect, Reason> {
        let campaign = &candidate.campaign.id;
        let units =
            candidate.lines.iter().filter_map(|line| self.basket.lines.get(*line)).map(super::basket::BasketLine::units_rung);
        let counted_milli = units.fold(0, i64::saturating_add).saturating_mul(Quantity::ONE.milli());
        let customer = self.case.customer.ok_or(Reason::NoCustomer)?;
        let before = customer
            .counters
            .binary_search_by(|counter| counter.campaign.cmp(campaign))
            .ok()
            .and_then(|place| customer.counters.get(place));
        let (so_far, rewarded_before) = before.map_or((0, 0), |counter| (counter.counted_milli, counter.rewarded));
        let threshold = every.saturating_mul(Quantity::ONE.milli());
        let crossed = so_far.saturating_add(counted_milli).checked_div(threshold).unwrap_or(0);
        let due = crossed.saturating_sub(rewarded_before).clamp(0, candidate.uses_left);
        let given = if due == 0 {
            Err(Reason::TooFewUnits)
        } else if self.case.standing.promises_exhausted {
            self.notes.push(Note::TooManyOpenQuotes { campaign: campaign.clone() });
            Err(Reason::TooManyOpenQuotes)
        } else if self.case.paid() && candidate.campaign.mechanic.changes_lines() && candidate.campaign.fallback.is_none() {
            Err(Reason::TooLate)
        } else {
            self.give(candidate, give, due).and_then(|added_worth| {
                let effect = Effect { place: candidate.place, times: due, discount: 0, added_worth };
                self.or_fall_back(candidate, effect)
            })
        };
        let rewarded = if given.is_ok() { due } else { 0 };
        self.counters.push(CounterMove { campaign: campaign.clone(), counted_milli, rewarded });
        let effect = given?;
        self.promises.push(Promise::Threshold { campaign: campaign.clone(), counted_milli, rewarded });
        Ok(effect)
    }

    /// Gives points or gifts `times` over; returns the worth of gifts.
    fn give(&mut self, candidate: &Candidate<'_>, give: &Give, times: i64) -> Result<i64, Reason> {
        match give {
            Give::Points { asset, units } => {
                let asset = self.asset(asset).ok_or(Reason::NothingToTakeOff)?;
                let weights: Vec<i64> = candidate.lines.iter().map(|line| self.earning(*line)).collect();
                let units = units.units().saturating_mul(times);
                let earned_on = self.shares(&candidate.lines, &weights, units);
                let reward = self.reward_units(candidate, 0, asset, units).ok_or(Reason::NothingToTakeOff)?;
                reward.earned_on = earned_on;
                Ok(0)
            }
            Give::Gift { sku, quantity } => self.gift(candidate, sku, *quantity, times),
            // Checked away where the program is read.
            Give::Percent(_)
            | Give::Amount(_)
            | Give::Choice { .. }
            | Give::Prize { .. }
            | Give::Coupon { .. }
            | Give::Status { .. }
            | Give::Tickets { .. } => Err(Reason::NothingToTakeOff),
        }
    }

    /// What a campaign that comes too late to change lines becomes: points worth the same, less what the receipt
    /// already shows of it.
    pub(super) fn fall_back(&mut self, candidate: &Candidate<'_>, effect: Effect) -> Result<Effect, Reason> {
        let Some(asset) = candidate.campaign.fallback.as_ref().and_then(|asset| self.asset(asset)) else {
            return Err(Reason::TooLate);
        };
        if self.case.customer.is_none() {
            return Err(Reason::NoCustomer);
        }
        let shown = self
            .case
            .receipt
            .given
            .iter()
            .filter(|given| given.campaign == candidate.campaign.id)
            .map(|given| given.amount.minor());
        let worth = effect.discount.saturating_add(effect.added_worth).saturating_sub(shown.fold(0, i64::saturating_add));
        let units = asset.units_for(Amount::from_minor(worth)).map_or(0, Units::units);
        let reward = self.reward_units(candidate, 0, asset, units).ok_or(Reason::TooLate)?;
        reward.fallback = true;
        Ok(Effect { discount: 0, ..effect })
    }

    /// One candidate among the rewards.
    pub(super) fn act_reward(&mut self, candidate: &Candidate<'_>) -> Result<Effect, Reason> {
        match &candidate.campaign.mechanic {
            Mechanic::Points { per: EarnPer::Money(per), units, asset } => self.points(candidate, (*per, *units), asset),
            Mechanic::Spend { at_least, give, repeating } => self.spend_rewards(candidate, *at_least, give, *repeating),
            Mechanic::Count { every, give, .. } => self.count(candidate, *every, give),
            // These act at another level.
            Mechanic::Off { .. }
            | Mechanic::PriceList { .. }
            | Mechanic::Ladder { .. }
            | Mechanic::Set { .. }
            | Mechanic::Points { .. }
            | Mechanic::Multiply { .. }
            | Mechanic::Grant { .. }
            | Mechanic::ExtraUnits { .. }
            | Mechanic::Offer { .. } => Err(Reason::NothingToTakeOff),
        }
    }

    /// An effect on lines stands, unless the receipt is paid.
    fn or_fall_back(&mut self, candidate: &Candidate<'_>, effect: Effect) -> Result<Effect, Reason> {
        if self.case.paid() && candidate.campaign.mechanic.changes_lines() {
            self.fall_back(candidate, effect)
        } else {
            Ok(effect)
        }
    }
}
