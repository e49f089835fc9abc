//! Exact factors: percentages, multipliers and worths as written in a program, without floats.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::{Rounding, divide};

/// A fraction that is not negative, kept exactly as numerator and denominator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Ratio {
    numerator: i64,
    denominator: i64,
}

impl Ratio {
    /// One.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// Nothing.
    pub const NOTHING: Self = Self { numerator: 0, denominator: 1 };

    /// `numerator ÷ denominator`; none where the first is negative or the second not positive.
    #[must_use]
    pub const fn new(numerator: i64, denominator: i64) -> Option<Self> {
        if numerator < 0 || denominator <= 0 { None } else { Some(Self { numerator, denominator }) }
    }

    /// Exactly the decimal; none where it is negative or too long for 64 bits.
    #[must_use]
    pub fn from_decimal(decimal: Decimal) -> Option<Self> {
        let short = decimal.normalize();
        let numerator = i64::try_from(short.mantissa()).ok()?;
        Self::new(numerator, 10_i64.checked_pow(short.scale())?)
    }

    /// The same divided by a positive whole number; none where it does not fit.
    #[must_use]
    pub fn divided_by(self, divisor: i64) -> Option<Self> {
        Self::new(self.numerator, self.denominator.checked_mul(divisor)?)
    }

    /// The product, in lowest terms; none where it does not fit.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let numerator = i128::from(self.numerator).checked_mul(i128::from(other.numerator))?;
        let denominator = i128::from(self.denominator).checked_mul(i128::from(other.denominator))?;
        let common = common_divisor(numerator, denominator);
        let part = |number: i128| i64::try_from(number.checked_div(common)?).ok();
        Self::new(part(numerator)?, part(denominator)?)
    }

    /// The upper number.
    #[must_use]
    pub const fn numerator(self) -> i64 {
        self.numerator
    }

    /// The lower number, above zero.
    #[must_use]
    pub const fn denominator(self) -> i64 {
        self.denominator
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// `value × self`, rounded; none where it does not fit.
    #[must_use]
    pub fn of(self, value: i64, rounding: Rounding) -> Option<i64> {
        divide(i128::from(value).checked_mul(i128::from(self.numerator))?, i128::from(self.denominator), rounding)
    }

    /// `value ÷ self`, rounded; none where self is zero or it does not fit.
    #[must_use]
    pub fn divide(self, value: i64, rounding: Rounding) -> Option<i64> {
        divide(i128::from(value).checked_mul(i128::from(self.denominator))?, i128::from(self.numerator), rounding)
    }
}

/// The greatest common divisor of two numbers that are not negative, at least 1.
pub(crate) fn common_divisor(a: i128, b: i128) -> i128 {
    if a == 1 || b == 1 {
        return 1;
    }
    let (mut a, mut b) = (a, b);
    while b > 0 {
        let rest = a.checked_rem(b).unwrap_or(0);
        (a, b) = (b, rest);
    }
    a.max(1)
}
