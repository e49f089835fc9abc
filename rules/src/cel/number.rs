//! Exact arithmetic on decimals: a result is exact or it is none. Only a quotient is rounded, to twelve digits
//! after the point, half to even; no operation depends on how a library rounds.

use std::cmp::Ordering;

use rust_decimal::Decimal;

/// Digits after the point of a quotient.
const QUOTIENT_SCALE: u32 = 12;

/// `mantissa ÷ 10^scale` exactly; none where that has more digits than a decimal can.
pub(crate) fn exact(mut mantissa: i128, mut scale: u32) -> Option<Decimal> {
    loop {
        if let Ok(decimal) = Decimal::try_from_i128_with_scale(mantissa, scale) {
            return Some(decimal);
        }
        if scale == 0 || mantissa.checked_rem(10)? != 0 {
            return None;
        }
        mantissa = mantissa.checked_div(10)?;
        scale = scale.checked_sub(1)?;
    }
}

/// Both at the larger scale of the two.
fn aligned(a: Decimal, b: Decimal) -> Option<(i128, i128, u32)> {
    let (a_scale, b_scale) = (a.scale(), b.scale());
    let scale = a_scale.max(b_scale);
    let at = |value: Decimal, own: u32| value.mantissa().checked_mul(10_i128.checked_pow(scale.checked_sub(own)?)?);
    Some((at(a, a_scale)?, at(b, b_scale)?, scale))
}

pub(crate) fn add(a: Decimal, b: Decimal) -> Option<Decimal> {
    if a.scale() == b.scale() {
        return exact(a.mantissa().checked_add(b.mantissa())?, a.scale());
    }
    let (a, b, scale) = aligned(short(a), short(b))?;
    exact(a.checked_add(b)?, scale)
}

pub(crate) fn subtract(a: Decimal, b: Decimal) -> Option<Decimal> {
    add(a, negate(b))
}

pub(crate) fn multiply(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (short(a), short(b));
    exact(a.mantissa().checked_mul(b.mantissa())?, a.scale().checked_add(b.scale())?)
}

/// The quotient to twelve digits after the point, half to even; `b` must not be zero.
pub(crate) fn divide(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (short(a), short(b));
    let shift = QUOTIENT_SCALE.checked_add(b.scale())?;
    let (mut numerator, mut denominator) = (a.mantissa(), b.mantissa());
    match shift.checked_sub(a.scale()) {
        Some(up) => numerator = numerator.checked_mul(10_i128.checked_pow(up)?)?,
        None => denominator = denominator.checked_mul(10_i128.checked_pow(a.scale().checked_sub(shift)?)?)?,
    }
    if denominator < 0 {
        (numerator, denominator) = (numerator.checked_neg()?, denominator.checked_neg()?);
    }
    Some(exact(quotient(numerator, denominator)?, QUOTIENT_SCALE)?.normalize())
}

/// The nearest whole number, half to even; `denominator` must be positive.
fn quotient(numerator: i128, denominator: i128) -> Option<i128> {
    let whole = numerator.checked_div(denominator)?;
    let twice = numerator.checked_rem(denominator)?.checked_abs()?.checked_mul(2)?;
    let away = twice > denominator || (twice == denominator && whole.checked_rem(2)? != 0);
    let step = if numerator < 0 { -1 } else { 1 };
    if away { whole.checked_add(step) } else { Some(whole) }
}

pub(crate) fn negate(value: Decimal) -> Decimal {
    let mut negative = value;
    negative.set_sign_positive(value.is_sign_negative() || value.is_zero());
    negative
}

/// Compares by value: 5 is 5.00.
#[inline]
pub(crate) fn compare(a: Decimal, b: Decimal) -> Ordering {
    if a.scale() == b.scale() {
        return a.mantissa().cmp(&b.mantissa());
    }
    match aligned(a, b) {
        Some((a, b, _)) => a.cmp(&b),
        // One of them has so many more digits that they do not fit side by side; the library compares in 192 bits.
        None => a.cmp(&b),
    }
}

/// The whole part; none where it does not fit 64 bits.
pub(crate) fn whole(value: Decimal) -> Option<i64> {
    i64::try_from(value.trunc().mantissa()).ok()
}

/// Without zeros at the end that would take the room of real digits.
fn short(value: Decimal) -> Decimal {
    if value.scale() > 6 { value.normalize() } else { value }
}
