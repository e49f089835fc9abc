//! What the evaluation and the ledger did, in the words of the case format.

mod decision;
mod ledger;

use rust_decimal::Decimal;
use tessera_rules::decision::RewardKind;
use tessera_rules::id::{AssetId, CampaignId};
use tessera_rules::money::{Amount, Quantity, UnitPrice, Units};
use tessera_rules::receipt::{RedeemMode, TenderKind};
use tessera_rules::usage::Usage;

use crate::compare::Got;
use crate::prepare::Bench;

/// Puts numbers into the units of the format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'b> {
    bench: &'b Bench,
}

/// `value` of units of 10^-digits.
fn decimal(value: i64, digits: u32) -> Decimal {
    Decimal::try_from_i128_with_scale(i128::from(value), digits).unwrap_or(Decimal::MAX)
}

impl<'b> Words<'b> {
    pub(crate) fn new(bench: &'b Bench) -> Self {
        Self { bench }
    }

    /// Money in major units with all digits of the currency.
    pub(crate) fn amount(self, amount: Amount) -> Got {
        Got::Number(decimal(amount.minor(), self.bench.currency.minor_digits()))
    }

    fn units(self, asset: &AssetId, units: Units) -> Got {
        let scale = self.bench.revision.asset(asset).map_or(0, |asset| asset.scale);
        Got::Number(decimal(units.units(), u32::from(scale)))
    }

    /// Digits after the point of what limits of a campaign count as its value: those of the asset that it gives, else
    /// of the currency.
    pub(crate) fn value_digits(self, campaign: &CampaignId) -> u32 {
        let asset = self.bench.revision.valued_in(campaign);
        asset.map_or(self.bench.currency.minor_digits(), |asset| u32::from(asset.scale))
    }

    /// What was used of a campaign: uses, units and value, under these names.
    fn usage(self, campaign: &CampaignId, usage: Usage, names: [&'static str; 3]) -> Vec<(&'static str, Got)> {
        let [uses, units, value] = names;
        let shown = decimal(usage.value, self.value_digits(campaign));
        vec![(uses, Got::count(usage.uses)), (units, Got::count(usage.units)), (value, Got::Number(shown))]
    }

    fn quantity(self, quantity: Quantity) -> Got {
        Self::milli(quantity.milli())
    }

    fn price(self, price: UnitPrice) -> Got {
        Got::Number(decimal(price.micros(), 6).normalize())
    }

    fn milli(milli: i64) -> Got {
        Got::Number(decimal(milli, 3).normalize())
    }

    /// What a reward is: the word for it and its value.
    fn kind(self, kind: &RewardKind) -> Vec<(&'static str, Got)> {
        let of_asset = |word: &'static str, asset: &AssetId, units: Units| {
            vec![(word, self.units(asset, units)), ("asset", Got::text(asset.as_str()))]
        };
        match kind {
            RewardKind::DiscountNow { amount } => vec![("discount", self.amount(*amount))],
            RewardKind::DiscountLater { coupon } => vec![("coupon", Got::text(coupon.as_str()))],
            RewardKind::BonusMoney { asset, units } => of_asset("bonus_money", asset, *units),
            RewardKind::Points { asset, units } => of_asset("points", asset, *units),
            RewardKind::Certificate { asset, units } => of_asset("certificate", asset, *units),
            RewardKind::Money { asset, units } => of_asset("money", asset, *units),
            RewardKind::Prize { prize, count } => vec![("prize", Got::text(prize)), ("count", Got::count(*count))],
            RewardKind::Status { tier, .. } => vec![("tier", Got::text(tier.as_str()))],
            RewardKind::Ticket { draw, count } => vec![("ticket", Got::text(draw)), ("count", Got::count(*count))],
        }
    }
}

/// The sums of values of the same name, in the order of their first appearance.
fn summed(values: impl Iterator<Item = (String, i64)>) -> Vec<(String, i64)> {
    let mut sums: Vec<(String, i64)> = Vec::new();
    for (name, value) in values {
        match sums.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum = sum.saturating_add(value),
            None => sums.push((name, value)),
        }
    }
    sums
}

fn mode(mode: RedeemMode) -> Got {
    Got::text(match mode {
        RedeemMode::Discount => "discount",
        RedeemMode::Tender => "tender",
    })
}

fn tender_kind(kind: TenderKind) -> Got {
    Got::text(match kind {
        TenderKind::Cash => "cash",
        TenderKind::Card => "card",
        TenderKind::Certificate => "certificate",
        TenderKind::Asset => "asset",
        TenderKind::Transfer => "transfer",
        TenderKind::Other => "other",
    })
}
