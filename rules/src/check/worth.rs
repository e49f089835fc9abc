//! What a campaign gives back against what it takes: more than the goods are worth is a mistake.

use std::collections::BTreeMap;

use super::program::Scope;
use super::{Checker, Site};
use crate::asset::Asset;
use crate::campaign::Campaign;
use crate::id::AssetId;
use crate::limits::EARN_UNITS_PER_MINOR_MAX;
use crate::mechanic::{EarnPer, Give, Mechanic};
use crate::money::{Amount, Units};
use crate::ratio::Ratio;
use crate::tree::Span;

impl Checker<'_> {
    /// Points for money, with the highest tier's multiplier.
    pub(super) fn worth_of_points(&mut self, at: Span, (per, units): (Amount, Units), asset: &Asset, scope: &Scope) {
        let highest = scope.program.tiers.iter().map(|tier| tier.multiplier).max_by(|a, b| compare(*a, *b)).unwrap_or(Ratio::ONE);
        let highest = if compare(highest, Ratio::ONE).is_lt() { Ratio::ONE } else { highest };
        let units_most = i128::from(units.units()).saturating_mul(i128::from(highest.numerator()));
        let limit = i128::from(per.minor())
            .saturating_mul(i128::from(highest.denominator()))
            .saturating_mul(i128::from(EARN_UNITS_PER_MINOR_MAX));
        if units_most > limit {
            self.error(
                at,
                format!(
                    "with the highest tier's multiplier one minor unit would earn more than {EARN_UNITS_PER_MINOR_MAX} units"
                ),
            );
            return;
        }
        let Some(worth) = asset.worth else { return };
        // Both sides times all denominators.
        let given = units_most.saturating_mul(i128::from(worth.numerator()));
        let taken = i128::from(per.minor())
            .saturating_mul(i128::from(highest.denominator()))
            .saturating_mul(i128::from(worth.denominator()));
        self.judge(at, given.cmp(&taken), "the points");
    }

    /// Points for money that one campaign multiplies: what it multiplies may stand before or after it.
    pub(super) fn worth_of_multiplied(&mut self, campaigns: &[Campaign], sites: &[Site], scope: &Scope) {
        let highest = scope.program.tiers.iter().map(|tier| tier.multiplier).max_by(|a, b| compare(*a, *b)).unwrap_or(Ratio::ONE);
        let highest = if compare(highest, Ratio::ONE).is_lt() { Ratio::ONE } else { highest };
        let mut earned: BTreeMap<&AssetId, (Amount, Units)> = BTreeMap::new();
        for campaign in campaigns {
            let Mechanic::Points { per: EarnPer::Money(per), units, asset } = &campaign.mechanic else { continue };
            let most = earned.entry(asset).or_insert((*per, *units));
            let of = |units: Units, per: Amount| i128::from(units.units()).saturating_mul(i128::from(per.minor()));
            if of(*units, most.0) > of(most.1, *per) {
                *most = (*per, *units);
            }
        }
        for (campaign, site) in campaigns.iter().zip(sites) {
            let Mechanic::Multiply { asset, by } = &campaign.mechanic else { continue };
            let worth = scope.assets.iter().find(|known| known.id == *asset).and_then(|asset| asset.worth);
            let (Some(worth), Some((per, units))) = (worth, earned.get(asset)) else { continue };
            if compare(*by, Ratio::ONE).is_gt() {
                let given = [highest, *by, worth].map(|ratio| i128::from(ratio.numerator()));
                let taken = [highest, *by, worth].map(|ratio| i128::from(ratio.denominator()));
                let given = given.into_iter().fold(i128::from(units.units()), i128::saturating_mul);
                let taken = taken.into_iter().fold(i128::from(per.minor()), i128::saturating_mul);
                self.judge(site.id, given.cmp(&taken), "the multiplied points");
            }
        }
    }

    /// Something given for so much spent.
    pub(super) fn worth_of_spend(&mut self, at: Span, (at_least, give): (Amount, &Give), scope: &Scope) {
        match give {
            Give::Amount(amount) => self.judge(at, amount.cmp(&at_least), "the discount"),
            Give::Points { asset, units } => {
                let worth = scope.assets.iter().find(|known| known.id == *asset).and_then(|asset| asset.worth_of(*units));
                if let Some(worth) = worth {
                    self.judge(at, worth.cmp(&at_least), "the points");
                }
            }
            Give::Percent(_)
            | Give::Gift { .. }
            | Give::Choice { .. }
            | Give::Prize { .. }
            | Give::Coupon { .. }
            | Give::Status { .. }
            | Give::Tickets { .. } => {}
        }
    }

    fn judge(&mut self, at: Span, order: std::cmp::Ordering, what: &str) {
        let help = "look at the amounts and at the asset's `worth_minor`";
        if order.is_gt() {
            self.error_with_help(at, format!("{what} would be worth more than the goods that they are given for"), help);
        } else if order.is_eq() {
            self.warn(at, format!("{what} would be worth as much as the goods that they are given for"), help);
        }
    }
}

fn compare(a: Ratio, b: Ratio) -> std::cmp::Ordering {
    let left = i128::from(a.numerator()).saturating_mul(i128::from(b.denominator()));
    left.cmp(&i128::from(b.numerator()).saturating_mul(i128::from(a.denominator())))
}
