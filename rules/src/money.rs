//! Amounts, quantities, prices and asset units: integers with a type each, and every rounding there is.
//!
//! The ranges are checked where a value comes in (`limits.rs` proves that a receipt's sums fit), so the
//! operators here are plain integer arithmetic with overflow checks on in every profile.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, BitAnd, BitOr, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::conventions::Leftover;

macro_rules! integer {
    ($(#[$doc:meta])* $name:ident, $get:ident, $from:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// From the plain integer of the unit that the type's text names.
            #[must_use]
            pub const fn $from(value: i64) -> Self {
                Self(value)
            }

            /// The plain integer of the unit that the type's text names.
            #[must_use]
            pub const fn $get(self) -> i64 {
                self.0
            }

            /// Whether it is nothing.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// Whether it is below nothing.
            #[must_use]
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            /// Whether it is above nothing.
            #[must_use]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// The sum, or none where it does not fit.
            #[must_use]
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        #[expect(clippy::arithmetic_side_effects, reason = "ranges are checked at the edge and overflow checks are on in every profile")]
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }

        #[expect(clippy::arithmetic_side_effects, reason = "ranges are checked at the edge and overflow checks are on in every profile")]
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }

        #[expect(clippy::arithmetic_side_effects, reason = "ranges are checked at the edge and overflow checks are on in every profile")]
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        #[expect(clippy::arithmetic_side_effects, reason = "ranges are checked at the edge and overflow checks are on in every profile")]
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        #[expect(clippy::arithmetic_side_effects, reason = "ranges are checked at the edge and overflow checks are on in every profile")]
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }

        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                values.fold(Self::ZERO, Add::add)
            }
        }
    };
}

integer! {
    /// Money in minor units of the receipt's currency (pence, cents).
    Amount, minor, from_minor
}
integer! {
    /// A quantity in thousandths: 1 piece is 1,000, 250 g sold by the kilogram is 250.
    Quantity, milli, from_milli
}
integer! {
    /// A price of one unit in micros (10⁻⁶) of the currency's major unit: 1.459 is 1,459,000.
    UnitPrice, micros, from_micros
}
integer! {
    /// An amount of an asset in the asset's smallest unit.
    Units, units, from_units
}

impl Quantity {
    /// One piece.
    pub const ONE: Self = Self(1_000);

    /// Whole pieces in it; measured goods count as one elsewhere, not here.
    #[must_use]
    pub const fn pieces(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whether it is a whole number of pieces.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.0.rem_euclid(1_000) == 0
    }
}

/// A currency of ISO 4217 and how many digits its minor unit has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Reads a three-letter code; none where ISO 4217 has no such currency in use.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        iso_currency::Currency::from_code(code).filter(|known| known.exponent().is_some()).map(Self)
    }

    /// The three-letter code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits of the minor unit: 2 for pounds, 0 for yen, 3 for dinars.
    #[must_use]
    pub fn minor_digits(self) -> u32 {
        self.0.exponent().map_or(2, u32::from)
    }
}

/// How a fraction of a unit becomes a whole one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// A half goes away from zero.
    #[default]
    HalfUp,
    /// A half goes to the even neighbour.
    HalfEven,
    /// Towards zero.
    Down,
}

/// `numerator ÷ denominator`, rounded; `denominator` must be positive.
///
/// Returns none where the result does not fit 64 bits or the denominator is not positive.
#[must_use]
pub fn divide(numerator: i128, denominator: i128, rounding: Rounding) -> Option<i64> {
    if denominator <= 0 {
        return None;
    }
    let (whole, rest) = quotient(numerator, denominator);
    let rest = rest.checked_abs()?;
    let twice = rest.checked_mul(2)?;
    let away = match rounding {
        Rounding::Down => false,
        Rounding::HalfUp => twice >= denominator,
        Rounding::HalfEven => twice > denominator || (twice == denominator && whole.checked_rem(2)? != 0),
    };
    let step = if numerator < 0 { -1 } else { 1 };
    i64::try_from(if away { whole.checked_add(step)? } else { whole }).ok()
}

/// Quotient towards zero and what is left, by a denominator above zero. Numbers of money nearly always fit 64 bits, and
/// dividing those takes a fraction of the time.
fn quotient(numerator: i128, denominator: i128) -> (i128, i128) {
    if let (Ok(numerator), Ok(denominator)) = (i64::try_from(numerator), i64::try_from(denominator))
        && let (Some(whole), Some(rest)) = (numerator.checked_div(denominator), numerator.checked_rem(denominator))
    {
        return (i128::from(whole), i128::from(rest));
    }
    (numerator.checked_div(denominator).unwrap_or(0), numerator.checked_rem(denominator).unwrap_or(0))
}

/// `value × part ÷ whole`, rounded; exact in between.
#[must_use]
pub fn proportion(value: i64, part: i64, whole: i64, rounding: Rounding) -> Option<i64> {
    divide(i128::from(value).checked_mul(i128::from(part))?, i128::from(whole), rounding)
}

/// Ten to the power by which `quantity × unit price` exceeds a minor unit: milli × micros over minor digits.
fn price_scale(currency: Currency) -> i128 {
    match currency.minor_digits() {
        // Those of most currencies.
        2 => 10_000_000,
        digits => 10_i128.saturating_pow(9_u32.saturating_sub(digits)),
    }
}

/// Quantity × unit price in minor units, half up; none where it does not fit.
#[must_use]
pub fn extend(quantity: Quantity, price: UnitPrice, currency: Currency) -> Option<Amount> {
    extend_rounded(quantity, price, currency, Rounding::HalfUp)
}

/// Quantity × unit price in minor units; none where it does not fit.
#[must_use]
pub fn extend_rounded(quantity: Quantity, price: UnitPrice, currency: Currency, rounding: Rounding) -> Option<Amount> {
    let product = i128::from(quantity.milli()).checked_mul(i128::from(price.micros()))?;
    divide(product, price_scale(currency), rounding).map(Amount::from_minor)
}

/// The price of one unit at which `quantity` costs `amount`, half up; none where there is no quantity.
#[must_use]
pub fn unit_price(amount: Amount, quantity: Quantity, currency: Currency) -> Option<UnitPrice> {
    let scaled = i128::from(amount.minor()).checked_mul(price_scale(currency))?;
    divide(scaled, i128::from(quantity.milli()), Rounding::HalfUp).map(UnitPrice::from_micros)
}

/// How far a line's amount may lie from quantity × unit price: max(1 minor unit, half a micro × quantity,
/// rounded up), since a till rounds its price to micros before it multiplies.
#[must_use]
pub fn amount_tolerance(quantity: Quantity, currency: Currency) -> Amount {
    let halves = i128::from(quantity.milli().unsigned_abs());
    let scale = price_scale(currency).saturating_mul(2);
    let up = halves.saturating_add(scale.saturating_sub(1)).checked_div(scale).unwrap_or(0);
    Amount::from_minor(i64::try_from(up).unwrap_or(i64::MAX).max(1))
}

/// Splits `total` over `weights` in proportion by largest remainder, the earlier first among equals.
///
/// The parts sum to `total` exactly (P6). Weights must not be negative; where all are zero every part
/// is zero and the caller has the whole `total` left over.
#[must_use]
pub fn split(total: i64, weights: &[i64]) -> Vec<i64> {
    split_by(total, weights, Leftover::LargestRemainder).into_vec()
}

/// The parts of a split: most receipts have few lines.
pub(crate) type Parts = SmallVec<[i64; 16]>;

/// [`split`], with the units left over by rounding down given where the convention says.
#[must_use]
pub(crate) fn split_by(total: i64, weights: &[i64], leftover: Leftover) -> Parts {
    assert!(weights.iter().fold(0, |signs, weight| signs | weight) >= 0, "weights are not negative");
    let whole = total.unsigned_abs();
    let sum = weights.iter().fold(0_u64, |sum, weight| sum.saturating_add(weight.unsigned_abs()));
    // One list from the first to the last line: to move such a list is dearer than to fill it.
    let mut parts = Parts::new();
    parts.resize(weights.len(), 0);
    if sum == 0 {
        return parts;
    }
    // Numbers of 32 bits have products that fit a word, and so does a rest beside its place: by far the quickest.
    match (u32::try_from(whole), u32::try_from(sum)) {
        (Ok(_), Ok(_)) => {
            let portion = |weight: u64| {
                let product = whole.saturating_mul(weight);
                let floor = product.checked_div(sum).unwrap_or(0);
                (floor, product.saturating_sub(floor.saturating_mul(sum)) << PLACE_BITS)
            };
            portions(whole, weights, leftover, portion, &mut parts);
        }
        _ => {
            let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
            let portion = |weight: u64| {
                let (floor, rest) = quotient(i128::from(whole).saturating_mul(i128::from(weight)), sum);
                (u64::try_from(floor).unwrap_or(u64::MAX), rest.unsigned_abs() << PLACE_BITS)
            };
            portions(whole, weights, leftover, portion, &mut parts);
        }
    }
    let given = parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.unsigned_abs()));
    assert!(given == whole, "the parts sum to the total");
    if total < 0 {
        for part in &mut parts {
            *part = part.saturating_neg();
        }
    }
    parts
}

/// Bits of a weight's place beside its rest: a rest is below the sum of fewer than 2³² weights of 63 bits.
const PLACE_BITS: u32 = 32;

/// The parts of `whole`: the `portion` of each weight rounded down, which comes with what that leaves of it above
/// [`PLACE_BITS`], and one unit more for those whose turn it is.
fn portions<R>(whole: u64, weights: &[i64], leftover: Leftover, portion: impl Fn(u64) -> (u64, R), parts: &mut [i64])
where
    R: Ord + Copy + From<u32> + BitOr<Output = R> + BitAnd<Output = R>,
    u32: TryFrom<R>,
{
    let mut left = whole;
    // Each rest with its place: the greater the earlier in line for a unit.
    let mut rests: SmallVec<[R; 16]> = SmallVec::new();
    for ((weight, part), place) in weights.iter().zip(parts.iter_mut()).zip((0..=u32::MAX).rev()) {
        let (floor, own) = portion(weight.unsigned_abs());
        left = left.saturating_sub(floor);
        *part = i64::try_from(floor).unwrap_or(i64::MAX);
        rests.push(own | R::from(place));
    }
    let left = usize::try_from(left).unwrap_or(usize::MAX);
    let mut one_more = |place: usize| {
        if let Some(part) = parts.get_mut(place) {
            *part = part.saturating_add(1);
        }
    };
    // What weighs nothing gets nothing; fewer units are left over than there are others, also than rests above nothing.
    let others = || weights.iter().enumerate().filter(|(_, weight)| **weight > 0).map(|(place, _)| place);
    match leftover {
        Leftover::FirstLines => others().take(left).for_each(one_more),
        Leftover::LastLines => others().rev().take(left).for_each(one_more),
        Leftover::LargestRemainder => {
            if left > 0 {
                rests.sort_unstable_by(|a, b| b.cmp(a));
            }
            for rest in rests.iter().take(left) {
                let place = u32::try_from(*rest & R::from(u32::MAX)).map_or(u32::MAX, |place| u32::MAX.saturating_sub(place));
                one_more(usize::try_from(place).unwrap_or(usize::MAX));
            }
        }
    }
}

#[cfg(test)]
mod tests;
