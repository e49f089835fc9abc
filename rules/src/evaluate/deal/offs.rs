//! What an offer takes off one unit: exact fractions of minor units, rounded over what the program says.

use crate::conventions::{Conventions, PercentOf, RoundedPer};
use crate::evaluate::basket::{Basket, Spot};
use crate::mechanic::Off;
use crate::money::{Rounding, UnitPrice, divide, extend_rounded};
use crate::ratio::Ratio;

use super::units::{Class, unit_at};

/// A fraction of minor units, not negative. Aligned as all else here: for the 16 bytes of an `i128` allocators take a
/// slow path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C, packed(8))]
pub(super) struct Part {
    pub(super) numerator: i128,
    pub(super) denominator: i64,
}

impl Part {
    pub(super) fn whole(minor: i64) -> Self {
        Self { numerator: i128::from(minor), denominator: 1 }
    }

    pub(super) fn is_positive(self) -> bool {
        self.numerator > 0
    }

    /// Whether it needs no rounding.
    pub(super) fn is_whole(self) -> bool {
        self.numerator.checked_rem(i128::from(self.denominator)) == Some(0)
    }

    pub(super) fn times(self, units: i64) -> i128 {
        self.numerator.saturating_mul(i128::from(units))
    }

    /// In fractions of a minor unit of which there are `scale`, rounded up.
    pub(super) fn scaled_up(self, scale: i64) -> i64 {
        let scaled = self.numerator.saturating_mul(i128::from(scale));
        let up = scaled.saturating_add(i128::from(self.denominator).saturating_sub(1));
        i64::try_from(up.checked_div(i128::from(self.denominator)).unwrap_or(i128::MAX)).unwrap_or(i64::MAX)
    }

    pub(super) fn rounded(self, rounding: Rounding) -> i64 {
        divide(self.numerator, i128::from(self.denominator), rounding).unwrap_or(0)
    }
}

/// A percentage of one unit, at most down to its minimum price.
pub(super) fn percent_of_unit(ratio: Ratio, class: &Class, conventions: &Conventions) -> Part {
    let base = match conventions.percent_of {
        PercentOf::Remainder => class.amount,
        PercentOf::Original => class.rung,
    };
    let most = i128::from(class.room).saturating_mul(i128::from(ratio.denominator()));
    let numerator = i128::from(base).saturating_mul(i128::from(ratio.numerator())).min(most);
    let part = Part { numerator, denominator: ratio.denominator() };
    match conventions.rounded_per {
        RoundedPer::Unit => Part::whole(part.rounded(conventions.rounding).min(class.room)),
        RoundedPer::Adjustment | RoundedPer::Line | RoundedPer::Receipt => part,
    }
}

/// What is taken off one unit of a class.
pub(super) fn off_unit(off: Off, class: &Class, conventions: &Conventions, basket: &Basket<'_>) -> Part {
    match off {
        Off::Percent(ratio) => percent_of_unit(ratio, class, conventions),
        Off::Amount(amount) => Part::whole(amount.minor().min(class.room)),
        Off::Price(price) => {
            let target = price_of_run(price, class.spot(), conventions, basket)
                .map_or(i64::MAX, |(target, all)| unit_at(target, all, class.rank));
            Part::whole(class.amount.saturating_sub(target).clamp(0, class.room))
        }
    }
}

/// What a whole run costs at a price for one unit, and its units: units of the run bear its rounding together.
pub(super) fn price_of_run(price: UnitPrice, spot: Spot, conventions: &Conventions, basket: &Basket<'_>) -> Option<(i64, i64)> {
    let (line, run) = basket.run(spot)?;
    let quantity = crate::money::Quantity::from_milli(run.milli);
    let amount = extend_rounded(quantity, price, basket.currency, conventions.rounding)?;
    Some((amount.minor(), line.units(run)))
}
