//! Sums of amounts and units that stay in range instead of wrapping round.
//!
//! Ranges are checked where values come in and lots are bounded, so a sum never reaches the end of 64
//! bits; were it to, the balance assertion before the write would find what saturation changed (H17).

use tessera_rules::money::{Amount, Quantity, Rounding, Units, proportion};

/// `a + b`.
pub(crate) fn plus(a: Units, b: Units) -> Units {
    Units::from_units(a.units().saturating_add(b.units()))
}

/// `a - b`.
pub(crate) fn minus(a: Units, b: Units) -> Units {
    Units::from_units(a.units().saturating_sub(b.units()))
}

/// `-a`.
pub(crate) fn negated(a: Units) -> Units {
    Units::from_units(a.units().saturating_neg())
}

/// `a + b`.
pub(crate) fn amount_plus(a: Amount, b: Amount) -> Amount {
    Amount::from_minor(a.minor().saturating_add(b.minor()))
}

/// `a - b`.
pub(crate) fn amount_minus(a: Amount, b: Amount) -> Amount {
    Amount::from_minor(a.minor().saturating_sub(b.minor()))
}

/// `-a`.
pub(crate) fn amount_negated(a: Amount) -> Amount {
    Amount::from_minor(a.minor().saturating_neg())
}

/// `a - b`, not below zero.
pub(crate) fn quantity_left(a: Quantity, b: Quantity) -> Quantity {
    Quantity::from_milli(a.milli().saturating_sub(b.milli()).max(0))
}

/// `a + b`.
pub(crate) fn quantity_plus(a: Quantity, b: Quantity) -> Quantity {
    Quantity::from_milli(a.milli().saturating_add(b.milli()))
}

/// What of `value` belongs to `part` of `whole`, half up; all of it where there is no whole.
pub(crate) fn share(value: i64, part: i64, whole: i64) -> i64 {
    if part >= whole {
        return value;
    }
    proportion(value, part, whole, Rounding::HalfUp).unwrap_or(value)
}

/// What of `value` falls to the step from `before` to `after` of `whole`, so that all steps sum to the value.
pub(crate) fn share_step(value: i64, before: i64, after: i64, whole: i64) -> i64 {
    share(value, after, whole).saturating_sub(share(value, before, whole))
}
