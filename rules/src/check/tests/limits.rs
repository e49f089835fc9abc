//! What limits, caps and budgets may be about.

use super::{found, said};

#[test]
fn what_adds_units_is_limited_in_uses_alone() {
    let adding = [
        ("free_units: from_basket", "extra_units: {every: 10, add: 1}"),
        ("free_units: added", "extra_units: {every: 10, add: 1}"),
        ("free_units: added", "n_for_m: {take: 3, pay: 2}"),
        ("free_units: added", "nth_unit: {nth: 3, free: true}"),
    ];
    let cheaper = [
        ("free_units: from_basket", "n_for_m: {take: 3, pay: 2}"),
        ("free_units: added", "nth_unit: {nth: 3, percent_off: 50}"),
        ("free_units: added", "buy_get: {buy: {units: 2}, get: {free: true}}"),
    ];
    let none = "error: nothing here takes money off";
    let added = "error: this campaign takes no money off: it adds units";
    let money = [
        ("limits: {per_receipt: {value: 1.00}}", none),
        ("limits: {per_customer: {value: 1.00}}", none),
        ("limits: {per_customer_day: {value: 1.00}}", none),
        ("limits: {per_customer_month: {value: 1.00}}", none),
        ("limits: {per_day: {value: 1.00}}", none),
        ("budget: {amount: 1.00}", none),
        ("caps: {per_line: 1.00}", added),
        ("caps: {per_receipt: 1.00}", added),
        ("caps: {percent_of_basket: 5}", added),
    ];
    let uses = ["limits: {per_receipt: 1, per_customer: 2, per_day: 3}", "budget: {uses: 5}"];
    let check = |(convention, mechanic): (&str, &str), limit: &str, expected: &[&str]| {
        let text = format!(
            "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nconventions: {{{convention}}}\ncampaigns:\n\
             - {{id: a, name: A, {mechanic}, {limit}}}\n"
        );
        let all: Vec<String> = found(&[text]).iter().map(said).collect();
        assert_eq!(all, expected, "{convention}: {mechanic}, {limit}");
    };
    for (limit, error) in money {
        adding.iter().for_each(|campaign| check(*campaign, limit, &[error]));
        cheaper.iter().for_each(|campaign| check(*campaign, limit, &[]));
    }
    for limit in uses {
        adding.iter().chain(&cheaper).for_each(|campaign| check(*campaign, limit, &[]));
    }
}
