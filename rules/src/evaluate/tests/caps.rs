//! Limits in units and money of what one campaign takes off.

use super::fixture::{customer, decide, lines, receipt};

fn check(table: &[(&str, &str, &str)]) {
    for (campaigns, basket, expected) in table {
        let head = if campaigns.starts_with("cheapest") { "conventions: {limited_units: cheapest}\n" } else { "" };
        let campaigns = campaigns.trim_start_matches("cheapest ");
        let decision = decide(&format!("{head}campaigns:\n{campaigns}\n"), &customer(), &receipt(basket));
        assert_eq!(lines(&decision), *expected, "{campaigns} on {basket}");
    }
}

#[test]
fn p6_a_cap_gives_back_what_is_beyond_it_in_proportion() {
    check(&[
        (
            "- {id: a, name: A, percent_off: 50, caps: {per_receipt: 3.00}}",
            "MILK 2x1.00 BLUE 1x4.00",
            "1: 2=1.00(a -1.00)\n2: 1=2.00(a -2.00)",
        ),
        (
            "- {id: a, name: A, percent_off: 50, caps: {per_receipt: 1.00}}",
            "MILK 2x1.00 BLUE 1x4.00",
            "1: 2=1.67(a -0.33)\n2: 1=3.33(a -0.67)",
        ),
        (
            "- {id: a, name: A, percent_off: 50, caps: {per_line: 1.50}}",
            "MILK 2x1.00 BLUE 1x4.00",
            "1: 2=1.00(a -1.00)\n2: 1=2.50(a -1.50)",
        ),
        (
            "- {id: a, name: A, percent_off: 50, caps: {percent_of_basket: 10}}",
            "MILK 2x1.00 BLUE 1x4.00",
            "1: 2=1.80(a -0.20)\n2: 1=3.60(a -0.40)",
        ),
        ("- {id: a, name: A, percent_off: 50, limits: {per_receipt: {value: 1.00}}}", "BLUE 1x4.00", "1: 1=3.00(a -1.00)"),
        (
            "- {id: a, name: A, amount_off: 5.00, level: basket, caps: {per_receipt: 2.00}}",
            "BLUE 1x4.00 RED 1x4.00",
            "1: 1=3.00(a -1.00)\n2: 1=3.00(a -1.00)",
        ),
        // What comes later sees the prices that stand.
        (
            "- {id: a, name: A, percent_off: 50, caps: {per_receipt: 1.00}}\n- {id: b, name: B, group: x, percent_off: 10, level: basket}",
            "BLUE 1x4.00",
            "1: 1=2.70(a -1.00)(b -0.30)",
        ),
    ]);
}

#[test]
fn p6_a_limit_in_units_takes_the_dearest_or_the_cheapest() {
    check(&[
        (
            "- {id: a, name: A, percent_off: 50, limits: {per_receipt: {units: 2}}}",
            "MILK 3x1.00 BLUE 1x4.00",
            "1: 1=0.50(a -0.50) 2=2.00\n2: 1=2.00(a -2.00)",
        ),
        (
            "cheapest - {id: a, name: A, percent_off: 50, limits: {per_receipt: {units: 2}}}",
            "MILK 3x1.00 BLUE 1x4.00",
            "1: 2=1.00(a -1.00) 1=1.00",
        ),
        ("- {id: a, name: A, amount_off: 0.30, limits: {per_receipt: {units: 1}}}", "MILK 3x1.00", "1: 1=0.70(a -0.30) 2=2.00"),
        ("- {id: a, name: A, percent_off: 50, limits: {per_receipt: {units: 9}}}", "MILK 3x1.00", "1: 3=1.50(a -1.50)"),
    ]);
}
