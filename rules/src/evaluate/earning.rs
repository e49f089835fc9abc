//! What goods earn: points for money, units, a measure or the visit, times the tier's multiplier and those of
//! `multiply_points` campaigns, rounded down once per campaign and receipt.

use std::borrow::Cow;

use super::basket::By;
use super::candidates::{Candidate, Reason};
use super::draft::{Draft, Effect};
use crate::conventions::{Conventions, Thresholds};
use crate::id::AssetId;
use crate::mechanic::{EarnPer, Mechanic};
use crate::money::{Quantity, Rounding, Units, divide};
use crate::ratio::{Ratio, common_divisor};

/// A campaign that multiplies what others give, and whether it did.
#[derive(Debug)]
pub(super) struct Multiplier<'c, 'a> {
    candidate: &'c Candidate<'a>,
    asset: &'c AssetId,
    by: Ratio,
    used: bool,
}

impl<'a> Draft<'a, '_> {
    /// The conventions of a candidate's program.
    pub(super) fn conventions(&self, candidate: &Candidate<'_>) -> Conventions {
        let program = self.case.revision.programs().get(candidate.campaign.program_place);
        program.map(|program| program.conventions).unwrap_or_default()
    }

    /// What a threshold of this campaign sees of a line.
    pub(super) fn threshold_amount(&self, candidate: &Candidate<'_>, line: usize) -> i64 {
        match self.conventions(candidate).thresholds {
            Thresholds::AfterLineOffers => self.after_lines.get(line).copied().unwrap_or(0),
            Thresholds::AsRungUp => self.basket.lines.get(line).map_or(0, |line| line.original()),
        }
    }

    /// What a line earns on: what is paid for it, less what an asset has paid unless the program lets that earn.
    pub(super) fn earning(&self, candidate: &Candidate<'_>, place: usize) -> i64 {
        let Some(line) = self.basket.lines.get(place).filter(|line| line.earns) else { return 0 };
        let paid = line.amount().saturating_sub(line.not_earning);
        let redeemed = if self.conventions(candidate).redeemed_earns {
            let changes = line.runs.iter().flat_map(|run| &run.changes);
            let off = changes.filter(|change| matches!(change.by, By::Redeem(_))).map(|change| change.minor);
            line.redeemed_not_earning.saturating_sub(off.fold(0, i64::saturating_add))
        } else {
            0
        };
        paid.saturating_add(redeemed).max(0)
    }

    /// What a line counts for an earning campaign: minor units, units or thousandths. Units at zero earn nothing.
    fn counted_for(&self, candidate: &Candidate<'_>, per: EarnPer, place: usize) -> i64 {
        let money = self.earning(candidate, place);
        let Some(line) = self.basket.lines.get(place).filter(|_| money > 0) else { return 0 };
        let paid = line.runs.iter().filter(|run| !run.added && run.amount > 0);
        match per {
            EarnPer::Money(_) => money,
            EarnPer::Units(_) if !line.counted() => 1,
            EarnPer::Units(_) => paid.map(|run| Quantity::from_milli(run.milli).pieces()).fold(0, i64::saturating_add),
            EarnPer::Measure(_) => paid.map(|run| run.milli).fold(0, i64::saturating_add),
            // Spread over the lines only to know what a return takes back.
            EarnPer::Visit => money,
        }
    }

    /// Whether any of a campaign's goods cost something: who comes for nothing has not visited.
    pub(super) fn is_visit(&self, candidate: &Candidate<'_>) -> bool {
        let lines = candidate.lines.iter().filter_map(|line| self.basket.lines.get(*line));
        lines.into_iter().any(|line| line.merchandise && line.amount() > 0)
    }

    /// Units of an asset for what is bought, rounded down once for the receipt.
    pub(super) fn points(
        &mut self,
        candidate: &Candidate<'_>,
        (per, units): (EarnPer, Units),
        asset: &AssetId,
        multipliers: &mut [Multiplier<'_, '_>],
    ) -> Result<Effect, Reason> {
        let weights: Vec<i64> = candidate.lines.iter().map(|line| self.counted_for(candidate, per, *line)).collect();
        let tier = self.tier_multiplier(candidate);
        let mut factors: Vec<Ratio> = candidate.lines.iter().map(|line| factor(tier, multipliers, asset, *line)).collect();
        let (counted, per_minor) = match per {
            EarnPer::Money(amount) => (weights.as_slice(), amount.minor()),
            EarnPer::Units(units) => (weights.as_slice(), units),
            EarnPer::Measure(quantity) => (weights.as_slice(), quantity.milli()),
            EarnPer::Visit if !self.is_visit(candidate) => return Err(Reason::SpendMore),
            EarnPer::Visit => {
                // One visit, with every multiplier that is about any of its goods.
                factors = vec![factors.iter().copied().max_by(compare).unwrap_or(tier)];
                ([1].as_slice(), 1)
            }
        };
        let earned = self.earned(candidate, counted, &factors, (per_minor, units))?;
        let earned = candidate.campaign.caps.units.map_or(earned, |cap| earned.min(cap.units()));
        let earned = earned.min(self.left(candidate).value);
        let asset_rule = self.asset(asset).ok_or(Reason::NothingToTakeOff)?;
        let shares = if let EarnPer::Visit = per { Cow::Borrowed(weights.as_slice()) } else { weighted(&weights, &factors) };
        let earned_on = self.shares(&candidate.lines, &shares, earned);
        let reward = self.reward_units(candidate, 0, asset_rule, earned).ok_or(Reason::SpendMore)?;
        reward.earned_on = earned_on;
        for multiplier in multipliers.iter_mut().filter(|multiplier| multiplier.asset == asset) {
            let about = candidate.lines.iter().zip(&weights).filter(|(_, weight)| **weight > 0);
            multiplier.used |= about.into_iter().any(|(line, _)| multiplier.candidate.lines.binary_search(line).is_ok());
        }
        Ok(Effect { place: candidate.place, times: 1, discount: 0, added_worth: 0 })
    }

    /// Σ weight × factor, times units over what they are given for, times the share that a tender paid; down.
    fn earned(
        &self,
        candidate: &Candidate<'_>,
        weights: &[i64],
        factors: &[Ratio],
        (per, units): (i64, Units),
    ) -> Result<i64, Reason> {
        let (sum, of) = sum_of(weights, factors).ok_or(Reason::TooLarge)?;
        let tender = candidate.campaign.conditions.tender.as_ref().filter(|tender| tender.at_least.is_none());
        let share = tender.and_then(|tender| self.case.tender_share(tender)).unwrap_or(Ratio::ONE);
        let common = common_divisor(i128::from(share.numerator()), i128::from(share.denominator()));
        let part = |number: i64| i128::from(number).checked_div(common);
        let product = || {
            let above = sum.checked_mul(i128::from(units.units()))?.checked_mul(part(share.numerator())?)?;
            let below = of.checked_mul(i128::from(per))?.checked_mul(part(share.denominator())?)?;
            divide(above, below, Rounding::Down)
        };
        product().ok_or(Reason::TooLarge)
    }

    fn tier_multiplier(&self, candidate: &Candidate<'_>) -> Ratio {
        let Some(tier) = self.case.tier(candidate.campaign) else { return Ratio::ONE };
        let program = self.case.revision.programs().get(candidate.campaign.program_place);
        let known = program.and_then(|program| program.tiers.iter().find(|known| known.id == *tier));
        known.map_or(Ratio::ONE, |tier| tier.multiplier)
    }

    /// The campaigns that multiply on this receipt.
    pub(super) fn multipliers<'c>(&mut self, candidates: &'c [Candidate<'a>]) -> Vec<Multiplier<'c, 'a>> {
        let mut multipliers = Vec::new();
        for candidate in candidates {
            let Mechanic::Multiply { asset, by } = &candidate.campaign.mechanic else { continue };
            match self.spent_enough(candidate) {
                Ok(()) => multipliers.push(Multiplier { candidate, asset, by: *by, used: false }),
                Err(reason) => self.refuse(candidate.place, reason),
            }
        }
        multipliers
    }

    /// Those that multiplied something were applied.
    pub(super) fn multiplied(&mut self, multipliers: &[Multiplier<'_, '_>]) {
        for multiplier in multipliers {
            let place = multiplier.candidate.place;
            if multiplier.used {
                self.effects.push(Effect { place, times: 1, discount: 0, added_worth: 0 });
            } else {
                self.refuse(place, Reason::NothingToMultiply);
            }
        }
    }
}

/// The tier's multiplier times those about a line. One that would not fit any more is left out.
fn factor(tier: Ratio, multipliers: &[Multiplier<'_, '_>], asset: &AssetId, line: usize) -> Ratio {
    let about = multipliers
        .iter()
        .filter(|multiplier| multiplier.asset == asset && multiplier.candidate.lines.binary_search(&line).is_ok());
    about.fold(tier, |product, multiplier| product.times(multiplier.by).unwrap_or(product))
}

fn compare(a: &Ratio, b: &Ratio) -> std::cmp::Ordering {
    let left = i128::from(a.numerator()).saturating_mul(i128::from(b.denominator()));
    left.cmp(&i128::from(b.numerator()).saturating_mul(i128::from(a.denominator())))
}

/// Weights in proportion to what each line earned; where all factors are equal, the weights themselves.
fn weighted<'w>(weights: &'w [i64], factors: &[Ratio]) -> Cow<'w, [i64]> {
    if factors.windows(2).all(|pair| pair.first() == pair.last()) {
        return Cow::Borrowed(weights);
    }
    let common = factors.iter().try_fold(1_i128, |common, factor| multiple(common, i128::from(factor.denominator())));
    let scaled = |weight: i64, factor: &Ratio| {
        let times = common?.checked_div(i128::from(factor.denominator()))?.checked_mul(i128::from(factor.numerator()))?;
        i64::try_from(i128::from(weight).checked_mul(times)?).ok()
    };
    let exact: Option<Vec<i64>> = weights.iter().zip(factors).map(|(weight, factor)| scaled(*weight, factor)).collect();
    let rounded =
        || weights.iter().zip(factors).map(|(weight, factor)| factor.of(*weight, Rounding::HalfUp).unwrap_or(*weight)).collect();
    Cow::Owned(exact.unwrap_or_else(rounded))
}

/// Σ weight × factor as a fraction; none where it does not fit.
fn sum_of(weights: &[i64], factors: &[Ratio]) -> Option<(i128, i128)> {
    let mut common = 1_i128;
    for factor in factors {
        common = multiple(common, i128::from(factor.denominator()))?;
    }
    let mut sum = 0_i128;
    for (weight, factor) in weights.iter().zip(factors) {
        let times = if common == 1 { 1 } else { common.checked_div(i128::from(factor.denominator()))? };
        let times = times.checked_mul(i128::from(factor.numerator()))?;
        sum = sum.checked_add(i128::from(*weight).checked_mul(times)?)?;
    }
    let divisor = common_divisor(sum, common);
    Some((sum.checked_div(divisor)?, common.checked_div(divisor)?))
}

/// The least common multiple.
fn multiple(a: i128, b: i128) -> Option<i128> {
    // The usual factor is a whole number.
    if b == 1 {
        return Some(a);
    }
    a.checked_div(common_divisor(a, b))?.checked_mul(b)
}
