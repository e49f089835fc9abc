//! Ladders: the more, the cheaper. What each unit gets is fixed before the search by what was matched and is open when
//! the level begins, the units counted in the order of the receipt.
//!
//! A counted unit gets the step that it reaches: with a step from 6 on, the sixth. Measured goods and money are
//! divided where a step begins; a unit that is divided is rounded once by itself.

use smallvec::SmallVec;

use crate::conventions::{Conventions, RoundedPer, Thresholds};
use crate::evaluate::basket::{Basket, Spot};
use crate::evaluate::candidates::{Candidate, Reason};
use crate::evaluate::draft::Draft;
use crate::mechanic::{Measured, Off, Step};
use crate::money::{Quantity, divide, extend_rounded};
use crate::ratio::common_divisor;

use super::offs::{Part, off_unit, percent_of_unit};
use super::units::{Class, unit_at};

/// A stretch of a ladder: where it begins and ends, in thousandths of a unit or minor units.
type Stretch = (i64, i64);

impl Draft<'_, '_> {
    /// What is taken off one unit of each class.
    pub(super) fn ladder(
        &self,
        candidate: &Candidate<'_>,
        (measured, marginal): (Measured, bool),
        steps: &[Step],
        classes: &[Class],
    ) -> Result<Vec<Part>, Reason> {
        let conventions = self.conventions(candidate);
        let mut order: Vec<usize> = (0..classes.len())
            .filter(|place| classes.get(*place).is_some_and(|class| candidate.lines.binary_search(&class.line).is_ok()))
            .collect();
        order.sort_by_key(|place| classes.get(*place).map(|class| (class.line, class.run, class.rank)));
        let mut parts = vec![Part::whole(0); classes.len()];
        let lengths = order.iter().filter_map(|place| {
            let class = classes.get(*place)?;
            Some(self.length(class, measured, &conventions).saturating_mul(class.units))
        });
        let total = lengths.fold(0, i64::saturating_add);
        if steps.first().is_none_or(|step| total < step.from) {
            return Err(Reason::TooFewUnits);
        }
        let mut position = 0_i64;
        for place in order {
            let (Some(class), Some(part)) = (classes.get(place), parts.get_mut(place)) else { continue };
            let length = self.length(class, measured, &conventions);
            let reached = if marginal { position.saturating_add(length) } else { total };
            let divides = marginal && !self.whole_units(class, measured);
            *part = if divides {
                self.divided((position, length), class, (measured, steps), &conventions)
            } else {
                reached_by(steps, reached).map_or(Part::whole(0), |off| self.step_off(off, class, measured, &conventions))
            };
            position = position.saturating_add(length.saturating_mul(class.units));
        }
        // What several steps take off a line is rounded together.
        to_common(&mut parts);
        Ok(parts)
    }

    /// Whether a unit counts as one, however much it measures or costs.
    fn whole_units(&self, class: &Class, measured: Measured) -> bool {
        measured == Measured::Quantity && self.basket.lines.get(class.line).is_some_and(super::super::basket::BasketLine::counted)
    }

    /// How far one unit leads up the ladder.
    fn length(&self, class: &Class, measured: Measured, conventions: &Conventions) -> i64 {
        match (measured, conventions.thresholds) {
            (Measured::Quantity, _) => self.milli_of_unit(class),
            (Measured::Amount, Thresholds::AfterLineOffers) => class.amount,
            (Measured::Amount, Thresholds::AsRungUp) => class.rung,
        }
    }

    fn milli_of_unit(&self, class: &Class) -> i64 {
        let line = self.basket.lines.get(class.line);
        line.map_or(0, |line| if line.counted() { Quantity::ONE.milli() } else { line.line.quantity.milli() })
    }

    /// A step's offer on one unit; in a ladder of measures an amount is off each unit of the measure.
    fn step_off(&self, off: Off, class: &Class, measured: Measured, conventions: &Conventions) -> Part {
        match (off, measured) {
            (Off::Amount(amount), Measured::Quantity) => {
                let scaled = i128::from(amount.minor()).saturating_mul(i128::from(self.milli_of_unit(class)));
                let minor = divide(scaled, i128::from(Quantity::ONE.milli()), conventions.rounding).unwrap_or(0);
                Part::whole(minor.min(class.room))
            }
            (Off::Percent(_) | Off::Price(_) | Off::Amount(_), _) => off_unit(off, class, conventions, &self.basket),
        }
    }

    /// [`Self::step_off`] before it is rounded.
    fn exact_off(&self, off: Off, class: &Class, measured: Measured, conventions: &Conventions) -> Part {
        match (off, measured) {
            (Off::Percent(ratio), _) => {
                percent_of_unit(ratio, class, &Conventions { rounded_per: RoundedPer::Adjustment, ..*conventions })
            }
            (Off::Amount(amount), Measured::Quantity) => {
                let numerator = i128::from(amount.minor()).saturating_mul(i128::from(self.milli_of_unit(class)));
                Part { numerator, denominator: Quantity::ONE.milli() }
            }
            (Off::Price(_) | Off::Amount(_), _) => off_unit(off, class, conventions, &self.basket),
        }
    }

    /// A unit over which steps may begin.
    fn divided(
        &self,
        (from, length): Stretch,
        class: &Class,
        (measured, steps): (Measured, &[Step]),
        conventions: &Conventions,
    ) -> Part {
        let until = from.saturating_add(length);
        let inside = steps.iter().any(|step| from < step.from && step.from < until);
        if !inside || length == 0 {
            let off = reached_by(steps, from);
            return off.map_or(Part::whole(0), |off| self.step_off(off, class, measured, conventions));
        }
        let ends = steps.iter().skip(1).map(|step| step.from).chain([i64::MAX]);
        let mut shares: SmallVec<[Part; 4]> = SmallVec::new();
        for (step, end) in steps.iter().zip(ends) {
            let own = until.min(end).saturating_sub(from.max(step.from));
            if own > 0 {
                let whole = self.exact_off(step.off, class, measured, conventions);
                shares.push(Part { numerator: whole.times(own), ..whole });
            }
        }
        let common = to_common(&mut shares);
        let scaled = |share: &Part| {
            let times = common.checked_div(i128::from(share.denominator)).unwrap_or(1);
            share.numerator.saturating_mul(times)
        };
        let numerator = shares.iter().map(scaled).fold(0, i128::saturating_add);
        let denominator = common.saturating_mul(i128::from(length));
        let minor = divide(numerator, denominator, conventions.rounding).unwrap_or(0);
        Part::whole(minor.min(class.room))
    }
}

/// Gives fractions of minor units one denominator, where they have several; returns it.
fn to_common(parts: &mut [Part]) -> i128 {
    let mut common = 1_i128;
    for part in parts.iter() {
        let own = i128::from(part.denominator);
        common = common.checked_div(common_divisor(common, own)).unwrap_or(1).saturating_mul(own);
    }
    let Ok(denominator) = i64::try_from(common) else { return common };
    for part in parts.iter_mut().filter(|part| part.denominator > 1) {
        let times = common.checked_div(i128::from(part.denominator)).unwrap_or(1);
        *part = Part { numerator: part.numerator.saturating_mul(times), denominator };
    }
    common
}

/// The offer of the last step that is reached.
fn reached_by(steps: &[Step], reached: i64) -> Option<Off> {
    steps.iter().rev().find(|step| step.from <= reached).map(|step| step.off)
}

/// Ranks at which a marginal ladder changes within a run.
pub(super) fn ladder_cuts(
    basket: &Basket<'_>,
    spots: &[Spot],
    (measured, steps): (Measured, &[Step]),
    conventions: &Conventions,
) -> Vec<(Spot, i64)> {
    let mut cuts = Vec::new();
    let mut position = 0_i64;
    for spot in spots {
        let Some((line, run)) = basket.run(*spot) else { continue };
        let all = line.units(run);
        let total = match (measured, conventions.thresholds) {
            (Measured::Quantity, _) => run.milli,
            (Measured::Amount, Thresholds::AfterLineOffers) => run.amount,
            (Measured::Amount, Thresholds::AsRungUp) => run.original(),
        };
        // What the units before a rank come to.
        let before = |rank: i64| {
            let dearer = total.checked_rem(all).unwrap_or(0);
            unit_at(total, all, all).saturating_mul(rank).saturating_add(rank.min(dearer))
        };
        for from in steps.iter().map(|step| step.from.saturating_sub(position)).filter(|from| 0 < *from && *from <= total) {
            let each = unit_at(total, all, 0).max(1);
            let mut rank = from.checked_div(each).unwrap_or(0).saturating_sub(1).max(0);
            while rank < all && before(rank.saturating_add(1)) < from {
                // Past the dearer ranks the others are all alike.
                let short = from.saturating_sub(before(rank.saturating_add(1)));
                rank = rank.saturating_add(short.checked_div(each).unwrap_or(0).max(1));
            }
            cuts.extend([(*spot, rank), (*spot, rank.saturating_add(1))]);
        }
        position = position.saturating_add(total);
    }
    cuts
}

/// What a run would come to at a price, cut where its units differ.
pub(super) fn price_cut(
    price: crate::money::UnitPrice,
    basket: &Basket<'_>,
    spot: Spot,
    conventions: &Conventions,
) -> Option<(Spot, i64)> {
    let (line, run) = basket.run(spot)?;
    let quantity = Quantity::from_milli(run.milli);
    let target = extend_rounded(quantity, price, basket.currency, conventions.rounding)?;
    Some((spot, target.minor().checked_rem(line.units(run))?))
}
