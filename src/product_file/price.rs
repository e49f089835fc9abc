//! Prices of a product file: decimal text to millionths, exactly.

use tessera_rules::limits::UNIT_PRICE_MAX;
use tessera_rules::money::UnitPrice;

/// Digits after the point.
const MICRO_DIGITS: usize = 6;

/// Reads a price such as `12`, `1.459` or `0.05`: digits, and a point with one to six more. No text says what is
/// wanted better than the error.
pub(super) fn parse(text: &str) -> Result<UnitPrice, String> {
    let wanted = || format!("{} must be a price such as 1.50: digits, a point and at most six digits", super::shown(text));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || fraction.len() > MICRO_DIGITS {
        return Err(wanted());
    }
    let micros = format!("{whole}{fraction:0<MICRO_DIGITS$}").parse().map(UnitPrice::from_micros);
    match micros {
        Ok(price) if price <= UNIT_PRICE_MAX => Ok(price),
        Ok(_) | Err(_) => {
            Err(format!("{} is above the highest price, {}", super::shown(text), UNIT_PRICE_MAX.micros() / 1_000_000))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_text_becomes_millionths_exactly() {
        for (text, micros) in [
            ("0", 0),
            ("12", 12_000_000),
            ("1.5", 1_500_000),
            ("1.459", 1_459_000),
            ("0.000001", 1),
            ("0.1", 100_000),
            ("007.10", 7_100_000),
            ("1000000000", 1_000_000_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(UnitPrice::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_is_wanted() {
        for text in ["", ".", "1.", ".5", "-1", "+1", "1,50", "1.0000001", "1e3", "1_000", " 1", "1.5.0", "£1", "٣"] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains("must be a price such as 1.50"), "{text}: {problem}");
        }
        for text in ["1000000000.000001", "99999999999999999999"] {
            let problem = parse(text).unwrap_err();
            assert!(problem.contains("above the highest price, 1000000000"), "{text}: {problem}");
        }
    }
}
