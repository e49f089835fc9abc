//! Tests of the numbers as people read them.

use super::*;
use crate::receipt_files::currency;

#[test]
fn money_has_its_currency_and_groups_of_three() {
    let table = [
        (0, "GBP 0.00"),
        (5, "GBP 0.05"),
        (-5, "GBP -0.05"),
        (100_000, "GBP 1,000.00"),
        (986_703_936, "GBP 9,867,039.36"),
        (-56_886_474, "GBP -568,864.74"),
    ];
    for (minor, text) in table {
        assert_eq!(money(Amount::from_minor(minor), currency("GBP")), text);
    }
    assert_eq!(money(Amount::from_minor(1_234), currency("JPY")), "JPY 1,234");
}

#[test]
fn numbers_are_grouped_by_three() {
    for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (123_456, "123,456"), (1_469_307, "1,469,307")] {
        assert_eq!(grouped(number), text);
    }
    assert_eq!(signed(-1_000), "-1,000");
}
