//! Numbers as people write them, made of whole numbers alone.

use tessera_rules::money::{Amount, Currency, Rounding, Units, divide};

/// `-1234.50`: a whole number of the smallest unit as a decimal with so many digits, as programs read it.
pub(crate) fn plain(smallest: i64, digits: u32) -> String {
    let (whole, fraction) = parts(smallest, digits);
    format!("{}{whole}{fraction}", sign(smallest))
}

/// `-1,234.50`, for people.
pub(crate) fn grouped(smallest: i64, digits: u32) -> String {
    let (whole, fraction) = parts(smallest, digits);
    let mut text = String::with_capacity(whole.len().saturating_mul(2));
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && whole.len().saturating_sub(place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{}{text}{fraction}", sign(smallest))
}

/// `+1,234.50` for a difference; `0` for none.
pub(crate) fn difference(smallest: i64, digits: u32) -> String {
    match smallest {
        0 => "0".to_owned(),
        1.. => format!("+{}", grouped(smallest, digits)),
        ..0 => grouped(smallest, digits),
    }
}

pub(crate) fn amount(amount: Amount, currency: Currency) -> String {
    grouped(amount.minor(), currency.minor_digits())
}

pub(crate) fn units(units: Units, scale: u32) -> String {
    grouped(units.units(), scale)
}

/// `2.35 %`, half up; `–` of nothing.
pub(crate) fn percent(part: Amount, whole: Amount) -> String {
    let hundredths = divide(i128::from(part.minor()).saturating_mul(10_000), i128::from(whole.minor()), Rounding::HalfUp);
    hundredths.map_or_else(|| "–".to_owned(), |hundredths| format!("{} %", grouped(hundredths, 2)))
}

fn sign(number: i64) -> &'static str {
    if number < 0 { "-" } else { "" }
}

/// What stands before the point, and the point with what stands behind it.
fn parts(smallest: i64, digits: u32) -> (String, String) {
    let places = usize::try_from(digits).unwrap_or(0);
    let text = format!("{:0>width$}", smallest.unsigned_abs(), width = places.saturating_add(1));
    let (whole, fraction) = text.split_at(text.len().saturating_sub(places));
    let fraction = if places == 0 { String::new() } else { format!(".{fraction}") };
    (whole.to_owned(), fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_with_their_digits_and_signs() {
        for (smallest, digits, plainly, for_people, as_difference) in [
            (0, 2, "0.00", "0.00", "0"),
            (-5, 2, "-0.05", "-0.05", "-0.05"),
            (123_456_789, 2, "1234567.89", "1,234,567.89", "+1,234,567.89"),
            (-1_000, 0, "-1000", "-1,000", "-1,000"),
            (100, 0, "100", "100", "+100"),
            (i64::MIN, 3, "-9223372036854775.808", "-9,223,372,036,854,775.808", "-9,223,372,036,854,775.808"),
        ] {
            assert_eq!(plain(smallest, digits), plainly);
            assert_eq!(grouped(smallest, digits), for_people);
            assert_eq!(difference(smallest, digits), as_difference);
        }
    }

    #[test]
    fn percentages_are_rounded_half_up_and_of_nothing_there_are_none() {
        let minor = Amount::from_minor;
        for (part, whole, text) in
            [(1, 3, "33.33 %"), (5, 100_000, "0.01 %"), (-1, 2, "-50.00 %"), (1, 0, "–"), (12, 1, "1,200.00 %")]
        {
            assert_eq!(percent(minor(part), minor(whole)), text);
        }
    }
}
