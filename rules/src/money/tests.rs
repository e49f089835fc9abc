//! Tests of amounts and roundings.

use proptest::prelude::*;

use super::*;

#[test]
fn h17_roundings_agree_with_their_definitions() {
    let table = [
        (5, 2, Rounding::HalfUp, 3),
        (-5, 2, Rounding::HalfUp, -3),
        (5, 2, Rounding::HalfEven, 2),
        (7, 2, Rounding::HalfEven, 4),
        (-5, 2, Rounding::HalfEven, -2),
        (-7, 2, Rounding::HalfEven, -4),
        (9, 5, Rounding::Down, 1),
        (-9, 5, Rounding::Down, -1),
    ];
    for (numerator, denominator, rounding, expected) in table {
        assert_eq!(divide(numerator, denominator, rounding), Some(expected), "{numerator} ÷ {denominator} {rounding:?}");
    }
    assert_eq!(divide(1, 0, Rounding::HalfUp), None);
    assert_eq!(divide(i128::MAX, 1, Rounding::Down), None);
}

#[test]
fn h17_fuel_and_three_digit_currencies_extend_exactly() {
    let table = [
        ("GBP", 10_000, 1_459_000, 1_459),
        ("GBP", 1_000, 1_000, 0),
        ("GBP", 1_000, 5_000, 1),
        ("JPY", 2_000, 150_000_000, 300),
        ("KWD", 1_500, 1_234_000, 1_851),
    ];
    for (code, milli, micros, minor) in table {
        let currency = Currency::from_code(code).unwrap();
        let got = extend(Quantity::from_milli(milli), UnitPrice::from_micros(micros), currency);
        assert_eq!(got, Some(Amount::from_minor(minor)), "{code} {milli} × {micros}");
    }
    let pound = Currency::from_code("GBP").unwrap();
    assert_eq!(extend(Quantity::from_milli(i64::MAX), UnitPrice::from_micros(i64::MAX), pound), None);
    assert_eq!(Currency::from_code("XXY"), None);
}

proptest! {
    /// In words of 64 bits as beyond them.
    #[test]
    fn p6_a_split_depends_on_the_proportions_of_weights_alone(
        total in -10_000_000_i64..10_000_000,
        weights in prop::collection::vec(0_i64..1_000_000, 1..40),
    ) {
        let great: Vec<i64> = weights.iter().map(|weight| weight << 42).collect();
        for leftover in [Leftover::LargestRemainder, Leftover::FirstLines, Leftover::LastLines] {
            prop_assert_eq!(split_by(total, &weights, leftover), split_by(total, &great, leftover));
        }
    }

    #[test]
    fn p6_a_split_sums_to_its_total(total in -10_000_000_i64..10_000_000, weights in prop::collection::vec(0_i64..1_000_000, 1..40)) {
        let parts = split(total, &weights);
        if weights.iter().any(|weight| *weight > 0) {
            prop_assert_eq!(parts.iter().sum::<i64>(), total);
        } else {
            prop_assert!(parts.iter().all(|part| *part == 0));
        }
        for (part, weight) in parts.iter().zip(&weights) {
            prop_assert!(*weight > 0 || *part == 0, "nothing is put where there is no weight");
            let sum: i64 = weights.iter().sum();
            if sum > 0 {
                let exact = i128::from(total) * i128::from(*weight);
                prop_assert!((i128::from(*part) * i128::from(sum) - exact).abs() < i128::from(sum), "no part is off by a unit");
            }
        }
    }
}
