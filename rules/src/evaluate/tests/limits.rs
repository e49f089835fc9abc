//! What one customer, or all together, may use of a campaign: in uses, units and value, by spans of time.

use super::fixture::{customer, decide, known, lines, receipt, rewards};
use crate::decision::{Decision, Promise};
use crate::id::CampaignId;
use crate::receipt::{Explain, Stage};
use crate::standing::{Standing, Uses};
use crate::usage::Usage;

/// Uses, units and value.
type Used = (i64, i64, i64);

/// Ever, today and this month.
type Spans = [Used; 3];

fn used(spans: Spans) -> Standing {
    let [ever, today, this_month] = spans.map(|(uses, units, value)| Usage { uses, units, value });
    known(|customer| customer.uses = vec![Uses { campaign: CampaignId::parse("a").unwrap(), ever, today, this_month }])
}

fn of(campaign: &str, standing: &Standing, basket: &str) -> Decision {
    let mut receipt = receipt(basket);
    receipt.explain = Explain::Named(vec![CampaignId::parse("a").unwrap()]);
    decide(&format!("campaigns:\n- {{id: a, name: A, {campaign}}}\n"), standing, &receipt)
}

/// Uses, units and value promised.
fn promised(decision: &Decision) -> Option<Used> {
    decision.promises.iter().find_map(|promise| match promise {
        Promise::Uses { usage, .. } => Some((usage.uses, usage.units, usage.value)),
        Promise::Units { .. } | Promise::Threshold { .. } | Promise::Code { .. } | Promise::Budget { .. } => None,
    })
}

#[test]
fn p4_what_a_customer_used_in_each_span_is_not_had_again() {
    let none = [(0, 0, 0); 3];
    let staff = "percent_off: 50, limits: {per_customer_month: {value: 10.00}}";
    let units = "percent_off: 50, limits: {per_customer_day: {units: 3}, per_customer: {units: 4}}";
    let amount = "amount_off: 1.00, limits: {per_customer_month: {uses: 4}}";
    let table: [(&str, Spans, &str, &str, Option<Used>); 11] = [
        (staff, none, "MILK 4x4.00", "1: 4=8.00(a -8.00)", Some((1, 4, 800))),
        (staff, [(9, 9, 9_000), (0, 0, 0), (1, 1, 250)], "MILK 4x4.00", "1: 4=8.50(a -7.50)", Some((1, 4, 750))),
        (staff, [(9, 9, 9_000), (0, 0, 0), (1, 1, 1_000)], "MILK 4x4.00", "", None),
        (staff, [(9, 9, 9_000), (9, 9, 999), (1, 1, 999)], "MILK 1x4.00", "1: 1=3.99(a -0.01)", Some((1, 1, 1))),
        (units, none, "MILK 5x2.00", "1: 3=3.00(a -3.00) 2=4.00", Some((1, 3, 300))),
        (units, [(2, 2, 0), (0, 0, 0), (0, 0, 0)], "MILK 5x2.00", "1: 2=2.00(a -2.00) 3=6.00", Some((1, 2, 200))),
        (units, [(2, 2, 0), (2, 2, 0), (2, 2, 0)], "MILK 5x2.00", "1: 1=1.00(a -1.00) 4=8.00", Some((1, 1, 100))),
        (units, [(9, 9, 9), (0, 0, 0), (0, 0, 0)], "MILK 5x2.00", "", None),
        (amount, [(9, 9, 9), (0, 0, 0), (3, 3, 3)], "MILK 5x2.00", "1: 1=1.00(a -1.00) 4=8.00", Some((1, 1, 100))),
        (
            "n_for_m: {take: 3, pay: 2}, limits: {per_customer: 2}",
            none,
            "MILK 9x1.00",
            "1: 7=7.00 2=0.00(a -2.00)",
            Some((2, 2, 200)),
        ),
        ("percent_off: 5, limits: {per_receipt: 1}", none, "MILK 4x1.00", "1: 4=3.80(a -0.20)", None),
    ];
    for (campaign, spans, basket, expected, promise) in table {
        let decision = of(campaign, &used(spans), basket);
        assert_eq!((lines(&decision).as_str(), promised(&decision)), (expected, promise), "{campaign} with {spans:?}");
    }
}

/// The amount due, the bound where it is not proven, and the uses promised.
fn due(limits: &str, own: [&str; 3], basket: &str) -> (i64, Option<i64>, i64) {
    let campaigns: String =
        ["on: {sku: A}, amount_off: 0.30", "on: {sku: [A, B]}, amount_off: 0.20", "n_for_m: {take: 2, pay: 1}"]
            .iter()
            .zip(own)
            .enumerate()
            .map(|(place, (campaign, own))| format!("- {{id: c{place}, name: C, {campaign}{own}}}\n"))
            .collect();
    let decision = decide(&format!("{limits}campaigns:\n{campaigns}"), &customer(), &receipt(basket));
    let bound = (!decision.proven).then(|| decision.bound.minor());
    (decision.after.minor(), bound, promised(&decision).map_or(0, |(uses, _, _)| uses))
}

#[test]
fn p10_where_campaigns_share_a_limit_the_bound_is_honest() {
    let mut tight = 0;
    for (basket, most) in [("A 3x1.00 B 2x2.00", 2), ("A 2x1.00 B 1x3.00 B 2x1.00", 3), ("B 4x0.50 A 1x4.00", 1), ("A 5x1.00", 4)]
    {
        let limits = format!("limits:\n- {{id: l, campaigns: [c0, c1, c2], per_customer: {most}}}\n");
        let (after, bound, uses) = due(&limits, [""; 3], basket);
        assert!(uses <= most, "{basket}: {uses} of {most}");
        // Every way to share the limit out, as limits of the campaigns' own.
        let shares =
            (0..64).map(|number| [number % 4, number / 4 % 4, number / 16]).filter(|all| all.iter().sum::<i64>() <= most);
        let best =
            shares.map(|all| {
                let own = all.map(|uses| {
                    if uses == 0 { ", stores: [NOWHERE]".to_owned() } else { format!(", limits: {{per_receipt: {uses}}}") }
                });
                due("", [&own[0], &own[1], &own[2]], basket).0
            });
        let best = best.min().unwrap();
        assert!(after >= best && after - bound.unwrap_or(0) <= best, "{basket}: {after}, {bound:?}, {best}");
        tight += i64::from(after == best);
    }
    assert!(tight >= 3, "it is nearly always the best all the same: {tight}");
}

#[test]
fn p4_units_that_are_added_are_limited_in_uses_and_counted() {
    let campaign = "extra_units: {every: 10, add: 1}, limits: {per_customer: 2}";
    let none = (0, 0, 0);
    for (ever, expected, promise) in [
        (none, "1: 30=30.00 2=0.00(a 0.00)", Some((2, 0, 0))),
        ((1, 0, 0), "1: 30=30.00 1=0.00(a 0.00)", Some((1, 0, 0))),
        ((2, 0, 0), "", None),
    ] {
        let decision = of(campaign, &used([ever, none, none]), "CRISPS 30x1.00");
        assert_eq!((lines(&decision).as_str(), promised(&decision)), (expected, promise), "{ever:?} used");
    }
}

#[test]
fn p4_points_are_limited_in_points() {
    let campaign =
        "points: {per: 1.00, units: 10, asset: points}, limits: {per_customer_month: {points: 100}, per_receipt: {points: 70}}";
    for (this_month, basket, expected, promise) in [
        (0, "MILK 5x1.00", "a.0 50 points", Some((1, 0, 50))),
        (0, "MILK 9x1.00", "a.0 70 points", Some((1, 0, 70))),
        (60, "MILK 9x1.00", "a.0 40 points", Some((1, 0, 40))),
        (100, "MILK 9x1.00", "", None),
    ] {
        let decision = of(campaign, &used([(0, 0, 0), (0, 0, 0), (0, 0, this_month)]), basket);
        assert_eq!((rewards(&decision).as_str(), promised(&decision)), (expected, promise), "{this_month} this month");
    }
}

#[test]
fn the_first_reason_why_not_names_the_span_that_is_used_up() {
    let campaign = "percent_off: 5, limits: {per_customer: 9, per_customer_month: 4, per_customer_day: 2}";
    for (spans, why) in [
        ([(9, 0, 0), (2, 0, 0), (4, 0, 0)], "it has been used as often as its limits allow"),
        ([(8, 0, 0), (2, 0, 0), (4, 0, 0)], "it has been used today as often as its limits allow"),
        ([(8, 0, 0), (0, 0, 0), (4, 0, 0)], "it has been used this month as often as its limits allow"),
        ([(8, 0, 0), (1, 0, 0), (3, 0, 0)], "applied, times: 1, cheaper by 0.05 GBP"),
    ] {
        assert_eq!(of(campaign, &used(spans), "MILK 1x1.00").explained[0].why, why);
    }
}

#[test]
fn what_comes_too_late_uses_what_it_would_have_used() {
    let campaign = "percent_off: 50, fallback: {points: points}, limits: {per_customer_month: {value: 3.00}}";
    let mut paid = receipt("MILK 4x2.00");
    paid.stage = Stage::Paid;
    let decision = decide(&format!("campaigns:\n- {{id: a, name: A, {campaign}}}\n"), &customer(), &paid);
    assert_eq!((rewards(&decision).as_str(), promised(&decision)), ("a.0 300 points instead", Some((1, 4, 300))));
}
