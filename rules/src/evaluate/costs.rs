//! Campaigns that cost units of an asset: goods for points and a price, opened by a code or by the customer's choice.

use compact_str::format_compact;

use super::candidates::{Candidate, Reason};
use super::draft::{Draft, Effect};
use crate::campaign::{COST_PREFIX, Cost};
use crate::decision::{Choice, Promise, Redemption};
use crate::id::{AssetId, RewardId, Sku};
use crate::limits::CHOICE_OPTIONS_MAX;
use crate::mechanic::{Act, Give, Mechanic};
use crate::money::{Amount, Quantity, Units};
use crate::receipt::RedeemMode;

impl Draft<'_, '_> {
    /// Units of an asset that the customer may still spend on this receipt.
    pub(super) fn spendable(&self, asset: &AssetId) -> i64 {
        let available = self.case.customer.map(|customer| customer.available.as_slice()).unwrap_or_default();
        let held = available.iter().find(|(known, _)| known == asset).map_or(0, |(_, units)| units.units());
        let spent = self.spent.iter().filter(|(known, _)| known == asset).map(|(_, units)| *units);
        held.saturating_sub(spent.fold(0, i64::saturating_add)).max(0).min(self.redemption_left(asset))
    }

    /// How often a candidate can be paid for; without a price in units as often as one likes.
    pub(super) fn times_paid(&self, candidate: &Candidate<'_>) -> i64 {
        let times = |cost: &Cost| self.spendable(&cost.asset).checked_div(cost.units.units()).unwrap_or(0);
        candidate.campaign.cost.as_ref().map_or(i64::MAX, times)
    }

    /// Whether a candidate that costs units may take them: the customer wants it and has enough.
    pub(super) fn may_cost(&mut self, candidate: &Candidate<'_>) -> Result<(), Reason> {
        let Some(cost) = &candidate.campaign.cost else { return Ok(()) };
        if self.case.is_too_late(candidate.act) {
            return Err(Reason::TooLate);
        }
        if self.declined(&format_compact!("{COST_PREFIX}{}", candidate.campaign.id)) {
            return Err(Reason::Declined);
        }
        if let Some(why) = self.case.standing.no_promises {
            return Err(Reason::NotPromised(why));
        }
        if self.spendable(&cost.asset) < cost.units.units() {
            return Err(Reason::TooFewHeld);
        }
        if candidate.campaign.opens_by_choice() && self.chosen_goods(candidate)?.is_none() {
            return Err(Reason::ChoiceOpen);
        }
        Ok(())
    }

    /// Offers the goods of which the customer may choose one; what was chosen, if anything was.
    fn chosen_goods(&mut self, candidate: &Candidate<'_>) -> Result<Option<Sku>, Reason> {
        let id = candidate.campaign.reward_id(0).ok_or(Reason::NothingToTakeOff)?;
        if self.declined(id.as_str()) {
            return Err(Reason::Declined);
        }
        let text = self.case.cashier_words(candidate.campaign.program_place, &candidate.campaign.text).clone();
        let chosen = candidate.chosen.clone();
        let (campaign, options) = (candidate.campaign.id.clone(), candidate.options.clone());
        self.choices.push(Choice { id, campaign, options, quantity: Quantity::ONE, chosen: chosen.clone(), text });
        Ok(chosen)
    }

    /// Takes what a candidate cost off what the customer may spend.
    pub(super) fn pay_cost(&mut self, candidate: &Candidate<'_>, effect: &Effect) {
        let Some(cost) = &candidate.campaign.cost else { return };
        let units = cost.units.units().saturating_mul(effect.times);
        let Ok(id) = RewardId::parse(&format_compact!("{COST_PREFIX}{}", candidate.campaign.id)) else { return };
        self.spent.push((cost.asset.clone(), units));
        self.use_redeemed(&cost.asset, units);
        let amount = Amount::from_minor(effect.discount.saturating_add(effect.added_worth));
        let (asset, units) = (cost.asset.clone(), Units::from_units(units));
        self.promises.push(Promise::Units { asset: asset.clone(), units });
        self.redemptions.push(Redemption { id, asset, units, amount, mode: RedeemMode::Discount, paid_on: Vec::new() });
    }
}

impl crate::campaign::Campaign {
    /// Whether only the customer's choice among the goods of the receipt opens it, since it costs units and has no code.
    pub(super) fn opens_by_choice(&self) -> bool {
        let by_itself = matches!(self.mechanic, Mechanic::Grant { give: Give::Choice { .. } });
        self.cost.is_some() && self.codes.is_empty() && !self.coupon_only && !by_itself && self.mechanic.act() <= Act::Basket
    }
}

/// Of the goods of a receipt that a campaign is about, those that a customer may choose from, sorted.
pub(super) fn options<'s>(skus: impl Iterator<Item = &'s Sku>) -> Vec<Sku> {
    let mut options: Vec<Sku> = skus.cloned().collect();
    options.sort();
    options.dedup();
    options.truncate(CHOICE_OPTIONS_MAX);
    options
}
