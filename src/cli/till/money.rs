//! Amounts, quantities, prices and asset units as people write them.

use tessera_rules::money::Currency;

/// Writes amounts of one currency.
#[derive(Clone, Debug)]
pub(in super::super) struct Money {
    digits: usize,
    code: String,
}

impl Money {
    /// Of a currency by its code; one that is not known is written with two digits.
    pub(in super::super) fn new(code: &str) -> Self {
        let digits = Currency::from_code(code).map_or(2, Currency::minor_digits);
        Self { digits: usize::try_from(digits).unwrap_or(2), code: code.to_owned() }
    }

    /// An amount in minor units: `-1.50`.
    pub(in super::super) fn of(&self, minor: i64) -> String {
        decimal(minor, self.digits)
    }

    /// The same with the currency: `12.00 GBP`.
    pub(in super::super) fn named(&self, minor: i64) -> String {
        format!("{} {}", self.of(minor), self.code).trim_end().to_owned()
    }

    /// A unit price in micros: at least the currency's digits, and more where there are more.
    pub(in super::super) fn price(&self, micros: i64) -> String {
        let mut text = decimal(micros, 6);
        let kept = text.len().saturating_sub(6_usize.saturating_sub(self.digits));
        while text.len() > kept && text.ends_with('0') {
            text.pop();
        }
        text.trim_end_matches('.').to_owned()
    }
}

/// A quantity in thousandths: `3`, `0.35`.
pub(in super::super) fn quantity(milli: i64) -> String {
    let text = decimal(milli, 3);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Units of an asset with this many decimal places.
pub(in super::super) fn units(units: i64, scale: u32) -> String {
    decimal(units, usize::try_from(scale).unwrap_or(0))
}

/// Reads a quantity as [`quantity`] writes it; none: not above 0, or more than three digits after the point.
pub(super) fn parse_quantity_milli(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
        return None;
    }
    format!("{whole}{fraction:0<3}").parse().ok().filter(|milli| *milli > 0)
}

/// A whole number of the smallest unit as a decimal with so many digits.
fn decimal(smallest: i64, digits: usize) -> String {
    let sign = if smallest < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", smallest.unsigned_abs(), width = digits.saturating_add(1));
    let (whole, fraction) = text.split_at(text.len().saturating_sub(digits));
    if digits == 0 { format!("{sign}{text}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_digits_of_their_currency() {
        for (code, minor, text) in [
            ("GBP", 0, "0.00"),
            ("GBP", -5, "-0.05"),
            ("GBP", 123_456, "1234.56"),
            ("JPY", 1_500, "1500"),
            ("KWD", -1_234, "-1.234"),
            ("?", 199, "1.99"),
            ("GBP", i64::MIN, "-92233720368547758.08"),
        ] {
            assert_eq!(Money::new(code).of(minor), text, "{code} {minor}");
        }
    }

    #[test]
    fn prices_show_no_more_digits_than_they_have() {
        for (code, micros, text) in [
            ("GBP", 1_459_000, "1.459"),
            ("GBP", 1_500_000, "1.50"),
            ("GBP", 1, "0.000001"),
            ("JPY", 120_000_000, "120"),
            ("JPY", 100_500_000, "100.5"),
        ] {
            assert_eq!(Money::new(code).price(micros), text, "{code} {micros}");
        }
    }

    #[test]
    fn quantities_are_read_as_they_are_written() {
        for (milli, text) in [(1_000, "1"), (350, "0.35"), (10_000, "10"), (1_001, "1.001")] {
            assert_eq!(quantity(milli), text);
            assert_eq!(parse_quantity_milli(text), Some(milli));
        }
        for text in ["", "0", "-1", "1.0001", "1.", ".5", "x", "1,5", "99999999999999999999"] {
            assert_eq!(parse_quantity_milli(text), None, "{text}");
        }
    }
}
