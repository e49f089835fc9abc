//! Receipts that are paid: what would have changed lines becomes its fallback, less what they already show.

use super::fixture::{customer, decide, receipt, rewards};
use crate::campaign::PRICE_MAX;
use crate::decision::{Note, RewardKind};
use crate::id::{CampaignId, LineId, Sku};
use crate::money::{Amount, Quantity, UnitPrice};
use crate::receipt::{AddedGoods, Given, Stage};

#[test]
fn what_comes_too_late_may_become_a_coupon() {
    let body = "campaigns:\n- {id: x, name: X, coupon_only: true, percent_off: 5}\n- {id: a, name: A, priority: 1, percent_off: 10, fallback: {coupon: {campaign: x, days: 7}}}\n";
    let mut basket = receipt("MILK 10x1.00");
    basket.stage = Stage::Paid;
    let late = decide(body, &customer(), &basket);
    assert!(matches!(&late.rewards[0].kind, RewardKind::DiscountLater { coupon } if coupon.as_str() == "x"));
    assert_eq!(
        (late.rewards[0].fallback, late.rewards[0].expires_at.unwrap().to_string().as_str()),
        (true, "2026-11-30T00:00:00Z")
    );
    // The receipt shows it already.
    basket.given =
        vec![Given { campaign: CampaignId::parse("a").unwrap(), line: None, amount: Amount::from_minor(100), added: vec![] }];
    assert!(decide(body, &customer(), &basket).rewards.is_empty());
}

#[test]
fn goods_that_a_paid_receipt_shows_as_added_are_not_paid_in_points_too() {
    let body = "campaigns:\n- {id: a, name: A, spend: {at_least: 5.00, give: {gift: {sku: PENNE}}, repeating: true}, fallback: {points: points}}\n- {id: e, name: E, on: {sku: MILK}, extra_units: {every: 5, add: 1}, fallback: {points: points}}\n";
    let mut basket = receipt("MILK 10x1.00");
    basket.stage = Stage::Paid;
    let goods = |sku: &str, pieces: i64, unit_price: Option<i64>| AddedGoods {
        sku: Sku::parse(sku).unwrap(),
        quantity: Quantity::from_milli(pieces * 1_000),
        unit_price: unit_price.map(UnitPrice::from_micros),
    };
    let shown = |id: &str, added| Given { campaign: CampaignId::parse(id).unwrap(), line: None, amount: Amount::ZERO, added };
    let table = [
        (vec![], "e.0 200 points instead\na.0 400 points instead"),
        (vec![shown("a", vec![goods("PENNE", 1, None)])], "e.0 200 points instead\na.0 200 points instead"),
        (vec![shown("e", vec![goods("MILK", 1, Some(1_000_000))])], "e.0 100 points instead\na.0 400 points instead"),
        (vec![shown("a", vec![goods("PENNE", 2, None)]), shown("e", vec![goods("MILK", 3, Some(1_000_000))])], ""),
    ];
    for (given, expected) in table {
        basket.given = given;
        assert_eq!(rewards(&decide(body, &customer(), &basket)), expected);
    }
}

#[test]
fn what_a_campaign_shows_lessens_the_fallback_of_others_of_its_group_on_the_same_lines() {
    let better = "- {id: d, name: D, on: {sku: [MILK, PENNE]}, percent_off: 10, fallback: {points: points}}\n- {id: c, name: C, on: {sku: MILK}, percent_off: 20, fallback: {points: points}}\n";
    let set = "- {id: d, name: D, on: {sku: MILK}, percent_off: 10, fallback: {points: points}}\n- {id: c, name: C, on: {sku: MILK}, n_for_m: {take: 3, pay: 2}, fallback: {points: points}}\n";
    let apart = better.replace("id: c,", "id: c, group: other,");
    let shared = format!("conventions: {{units: shared}}\ncampaigns:\n{better}");
    let [better, set, apart] = [better, set, &apart].map(|campaigns| format!("campaigns:\n{campaigns}"));
    let shown = |id: &str, line: Option<&str>, minor: i64| Given {
        campaign: CampaignId::parse(id).unwrap(),
        line: line.map(|line| LineId::parse(line).unwrap()),
        amount: Amount::from_minor(minor),
        added: vec![],
    };
    let table = [
        (&better, "MILK 1x10.00", vec![shown("d", Some("1"), 100)], "c.0 100 points instead"),
        (
            &better,
            "MILK 1x10.00 PENNE 1x5.00",
            vec![shown("d", Some("1"), 100), shown("d", Some("2"), 50)],
            "c.0 100 points instead",
        ),
        (&better, "MILK 1x10.00 PENNE 1x5.00", vec![shown("d", Some("2"), 80)], "c.0 200 points instead"),
        (&better, "MILK 1x10.00", vec![shown("d", None, 100)], "c.0 200 points instead"),
        (&better, "MILK 1x10.00", vec![shown("d", Some("1"), 250)], ""),
        (
            &better,
            "MILK 1x10.00 MILK 1x10.00",
            vec![shown("d", Some("1"), 100), shown("d", Some("2"), 100)],
            "c.0 200 points instead",
        ),
        (&set, "MILK 4x1.00", vec![shown("d", Some("1"), 40)], "c.0 70 points instead"),
        (&apart, "MILK 1x10.00", vec![shown("d", Some("1"), 100)], "c.0 180 points instead"),
        (&shared, "MILK 1x10.00", vec![shown("d", Some("1"), 100)], "c.0 200 points instead"),
    ];
    for (body, goods, given, expected) in table {
        let mut basket = receipt(goods);
        (basket.stage, basket.given) = (Stage::Paid, given.clone());
        assert_eq!(rewards(&decide(body, &customer(), &basket)), expected, "{goods} {given:?}");
    }
}

#[test]
fn what_was_sold_at_its_largest_price_is_worth_no_more_afterwards() {
    let body = "campaigns:\n- {id: a, name: A, percent_off: 10, fallback: {points: points}}\n- {id: s, name: S, group: spend, spend: {at_least: 9.00, give: {amount: 1.00}}, fallback: {points: points}}\n- {id: e, name: E, points: {per: 1.00, units: 1, asset: points}}\n";
    let shown = |id: &str, minor: i64| Given {
        campaign: CampaignId::parse(id).unwrap(),
        line: Some(LineId::parse("1").unwrap()),
        amount: Amount::from_minor(minor),
        added: vec![],
    };
    // What the receipt shows, the rewards, what is to be paid, and whether it is told that the line is too dear.
    let table = [
        ("as quoted", vec![shown(PRICE_MAX, 200), shown("a", 80)], "e.0 7 points", 800, false),
        ("its price alone", vec![shown(PRICE_MAX, 200)], "a.0 80 points instead\ne.0 8 points", 800, false),
        (
            "lowered by too little",
            vec![shown(PRICE_MAX, 100)],
            "a.0 100 points instead\ns.0 100 points instead\ne.0 9 points",
            1_000,
            true,
        ),
        ("not lowered", vec![], "a.0 100 points instead\ns.0 100 points instead\ne.0 10 points", 1_000, true),
    ];
    for (name, given, expected, paid, told) in table {
        let mut basket = receipt("PILLS 1x10.00");
        (basket.stage, basket.given) = (Stage::Paid, given);
        let late = decide(body, &customer(), &basket);
        assert_eq!((rewards(&late).as_str(), late.after), (expected, Amount::from_minor(paid)), "{name}");
        assert_eq!(late.notes.iter().any(|note| matches!(note, Note::AbovePriceMax { .. })), told, "{name}");
    }
}
