//! Worth of asset units, exact to a millionth of a minor unit: a point that is worth a third of a cent must neither be
//! rounded away on each receipt nor rounded up on each.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

use tessera_rules::money::{Amount, Rounding, Units, divide};
use tessera_rules::ratio::Ratio;

/// Millionths of a minor unit in one.
const MILLIONTHS: i128 = 1_000_000;

/// Money in millionths of a minor unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(crate) struct Worth(i128);

impl Worth {
    /// Exactly an amount.
    pub(crate) fn of_amount(amount: Amount) -> Self {
        Self(i128::from(amount.minor()).saturating_mul(MILLIONTHS))
    }

    /// What units are worth, each worth `ratio` minor units, rounded half up to the millionth.
    pub(crate) fn of_units(units: Units, ratio: Ratio) -> Self {
        let numerator = i128::from(units.units()).saturating_mul(i128::from(ratio.numerator()));
        let whole = numerator
            .checked_mul(MILLIONTHS)
            .and_then(|scaled| divide(scaled, i128::from(ratio.denominator()), Rounding::HalfUp).map(i128::from));
        // Beyond 64 bits of millionths the fraction of a minor unit is nothing beside the amount.
        let minor = || divide(numerator, i128::from(ratio.denominator()), Rounding::HalfUp).map_or(0, i128::from);
        Self(whole.unwrap_or_else(|| minor().saturating_mul(MILLIONTHS)))
    }

    /// Parts in proportion to weights that sum to it exactly; what is left over goes to the last.
    pub(crate) fn shared(self, weights: &[i64]) -> Vec<Self> {
        let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
        let mut left = self;
        let last = weights.len().saturating_sub(1);
        let part = |(place, weight): (usize, &i64)| {
            let part = self.0.saturating_mul(i128::from(*weight)).checked_div(whole).map_or(Self::default(), Self);
            let part = if place == last { left } else { part };
            left = left - part;
            part
        };
        weights.iter().enumerate().map(part).collect()
    }

    pub(crate) const fn magnitude(self) -> u128 {
        self.0.unsigned_abs()
    }

    pub(crate) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whole minor units, half up.
    pub(crate) fn rounded(self) -> Amount {
        Amount::from_minor(divide(self.0, MILLIONTHS, Rounding::HalfUp).unwrap_or(i64::MAX))
    }

    /// Whole minor units for each, which sum to their rounded sum: what is left over goes to the largest fractions, the
    /// earlier first among equals.
    pub(crate) fn rounded_together(all: &[Self]) -> Vec<Amount> {
        let floor = |worth: &Self| worth.0.div_euclid(MILLIONTHS);
        let total = i128::from(all.iter().copied().sum::<Self>().rounded().minor());
        let floors: Vec<i128> = all.iter().map(floor).collect();
        let left = total.saturating_sub(floors.iter().sum());
        let mut places: Vec<usize> = (0..all.len()).collect();
        places.sort_by_key(|place| std::cmp::Reverse(all.get(*place).map(|worth| worth.0.rem_euclid(MILLIONTHS))));
        let up = usize::try_from(left).unwrap_or(0);
        let mut amounts = floors;
        for place in places.into_iter().take(up) {
            if let Some(amount) = amounts.get_mut(place) {
                *amount = amount.saturating_add(1);
            }
        }
        amounts.into_iter().map(|minor| Amount::from_minor(i64::try_from(minor).unwrap_or(i64::MAX))).collect()
    }
}

impl Add for Worth {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Worth {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Worth {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Worth {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millionths(all: &[i128]) -> Vec<Worth> {
        all.iter().map(|worth| Worth(*worth)).collect()
    }

    #[test]
    fn parts_are_rounded_so_that_they_sum_to_the_rounded_sum() {
        for (parts, rounded) in [
            (vec![], vec![]),
            (vec![1_500_000], vec![2]),
            (vec![333_333, 333_333, 333_334], vec![0, 0, 1]),
            (vec![500_000, 500_000], vec![1, 0]),
            (vec![400_000, 400_000, 400_000], vec![1, 0, 0]),
            (vec![-500_000, 500_000], vec![0, 0]),
            (vec![-333_333, -333_333, -333_334], vec![0, 0, -1]),
            (vec![7_000_000, 0, -2_000_000], vec![7, 0, -2]),
        ] {
            let worths = millionths(&parts);
            let amounts: Vec<i64> = Worth::rounded_together(&worths).into_iter().map(Amount::minor).collect();
            assert_eq!(amounts, rounded, "{parts:?}");
            assert_eq!(amounts.iter().sum::<i64>(), worths.into_iter().sum::<Worth>().rounded().minor(), "{parts:?}");
        }
    }

    #[test]
    fn shares_sum_to_the_whole() {
        for (worth, weights, shares) in [
            (10, vec![1], vec![10]),
            (10, vec![1, 1, 1], vec![3, 3, 4]),
            (-7, vec![500_000, 500_000], vec![-3, -4]),
            (5, vec![], vec![]),
        ] {
            assert_eq!(Worth(worth).shared(&weights), millionths(&shares), "{worth} {weights:?}");
        }
    }

    #[test]
    fn units_worth_a_fraction_of_a_minor_unit_are_not_rounded_away() {
        let third = Ratio::new(1, 3).unwrap();
        let one = Worth::of_units(Units::from_units(1), third);
        assert_eq!(one, Worth(333_333));
        assert_eq!(Worth::of_units(Units::from_units(-3), third), Worth(-1_000_000));
        let large = Worth::of_units(Units::from_units(i64::MAX), Ratio::new(1, 1).unwrap());
        assert_eq!(large.rounded().minor(), i64::MAX);
    }
}
