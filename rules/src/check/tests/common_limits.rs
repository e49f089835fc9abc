//! Limits that several campaigns, or redemptions, use up together.

use super::{found, said};

const HEAD: &str = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\n\
    assets:\n- {id: points, kind: points, worth_minor: 1, redeem: {minimum_units: 1}}\n\
    zones: [{id: city, stores: [S1]}]\nsegments: [{id: staff, list: staff}]\n";
const CAMPAIGNS: &str = "campaigns:\n- {id: off, name: Off, on: {sku: A}, percent_off: 5}\n\
    - {id: set, name: Set, on: {sku: B}, n_for_m: {take: 3, pay: 2}}\n\
    - {id: more, name: More, on: {sku: C}, extra_units: {every: 10, add: 1}}\n\
    - {id: earn, name: Earn, points: {per: 1.00, units: 1, asset: points}}\n";

#[test]
fn a_limit_of_its_own_has_a_meaning_for_what_uses_it_up() {
    let table: [(&str, &[&str]); 19] = [
        ("{id: l, per_customer_month: {value: 5.00}}", &[]),
        ("{id: l, asset: points, per_customer_day: {points: 5}}", &[]),
        ("{id: l, redeemed: points, per_customer_day: {points: 5}}", &[]),
        ("{id: l, zones: city, segments: staff, budget: {amount: 500.00}}", &[]),
        ("{id: l, campaigns: [off, set, earn], per_day: 5}", &[]),
        ("{id: l, campaigns: off, per_day: {units: 5}}", &[]),
        ("{id: l}", &["error: this limit limits nothing"]),
        ("{id: l, campaigns: of, per_day: 5}", &["error: there is no campaign `of`"]),
        ("{id: l, campaigns: [off, earn], per_day: {value: 5.00}}", &["error: the campaign `earn` does not use this limit up"]),
        ("{id: l, campaigns: [off, more], per_day: 5}", &[]),
        ("{id: l, campaigns: [off, more], per_day: {value: 5.00}}", &["error: the campaign `more` does not use this limit up"]),
        ("{id: l, campaigns: set, per_day: {units: 5}}", &["error: the campaign `set` does not use this limit up"]),
        (
            "{id: l, campaigns: off, asset: points, per_day: {points: 5}}",
            &["error: the campaign `off` does not use this limit up"],
        ),
        ("{id: l, asset: points, per_day: {value: 5.00}}", &["error: nothing here takes money off"]),
        ("{id: l, per_day: {points: 5}}", &["error: nothing here gives points"]),
        ("{id: l, asset: pionts, per_day: 5}", &["error: there is no asset `pionts`"]),
        ("{id: l, redeemed: points, campaigns: off, per_day: 5}", &["error: `campaigns` and `redeemed` contradict each other"]),
        ("{id: l, per_day: 5}\n- {id: l, per_day: 5}", &["error: the limit `l` is defined already, on line 10"]),
        (
            "{id: l, per_customer_day: {value: 5.00}, per_customer_month: {value: 4.00}}",
            &["warning: `per_customer_day: {value: 5.00}` is never reached: `per_customer_month` allows 4.00"],
        ),
    ];
    for (limit, expected) in table {
        let all = found(&[format!("{HEAD}limits:\n- {limit}\n{CAMPAIGNS}")]);
        assert_eq!(all.iter().map(said).collect::<Vec<_>>(), expected, "{limit}");
    }
}

#[test]
fn a_limit_that_nothing_uses_up_is_warned_of() {
    let text =
        format!("{HEAD}limits:\n- {{id: l, asset: points, per_day: 5}}\ncampaigns:\n- {{id: a, name: A, percent_off: 5}}\n");
    let all = found(&[text]);
    assert_eq!(all.iter().map(said).collect::<Vec<_>>(), ["warning: no campaign of this file uses this limit up"]);
}

#[test]
fn no_campaign_has_a_name_under_which_limits_are_counted() {
    let all = found(&[format!("{HEAD}campaigns:\n- {{id: limit:l, name: A, percent_off: 5}}\n")]);
    let message = "error: an id must not begin with `limit:`: such ids name redemptions, costs, limits, prices, instructions and added lines";
    assert_eq!(all.iter().map(said).collect::<Vec<_>>(), [message]);
}
