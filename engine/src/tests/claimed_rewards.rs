//! What a claim leaves untouched: what it does not give stays due, unused and unlimited for the sales that follow.

use std::time::Duration;

use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::billing::v1;
use tessera_rules::revision::Source;

use super::super::testing::*;
use super::claims::{claim, claim_of, opened};

const HOUR: Duration = Duration::from_secs(3_600);

/// A program that lets sales be claimed for two days, one that does for a day, and one that does not.
const PROGRAMS: [(&str, &str); 3] = [
    (
        "club",
        "claim_within_hours: 48
assets: [{id: points, kind: points, scale: 0, worth_minor: 1}]
campaigns:
  - {id: earn, name: Earn, points: {per: 1.00, units: 1, asset: points}}
  - {id: once, name: A tenth off once, on: {sku: [SOCKS]}, percent_off: 10, limits: {per_customer: 1}, fallback: {points: points}}
  - {id: issue, name: A coupon, on: {sku: [CARD]}, grant: {give: {coupon: {campaign: half, days: 9}}}}
  - {id: half, name: Half price, on: {sku: [HAT]}, coupon_only: true, percent_off: 50, fallback: {points: points}}
",
    ),
    (
        "day",
        "claim_within_hours: 24
assets: [{id: stars, kind: points, scale: 0, worth_minor: 1}]
campaigns:
  - {id: star, name: A star for each pound, points: {per: 1.00, units: 1, asset: stars}}
",
    ),
    (
        "never",
        "assets: [{id: dots, kind: points, scale: 0, worth_minor: 1}]
campaigns:
  - {id: bottles, name: Every third bottle, on: {sku: [BOTTLE]}, count: {every: 3, give: {points: {units: 50, asset: dots}}}}
",
    ),
];

async fn rig() -> Rig {
    let rig = Rig::new().await;
    rig.pass(Duration::from_secs(1));
    let source = |(name, rest): (&str, &str)| Source {
        name: format!("{name}.yaml"),
        text: format!("program: {name}\nlanguage: 1\nname: {name}\ncurrency: GBP\n{rest}"),
    };
    rig.engine.programs().publish(&PROGRAMS.map(source), opened()).await.unwrap();
    rig
}

fn goods(id: &str, card: Option<&str>, sku: &str, pieces: i64) -> v1::Receipt {
    let sold_at = Some(timestamp_to_wire(opened()));
    v1::Receipt { sold_at, ..receipt(id, card, vec![line("1", sku, pieces, 100)]) }
}

/// Sells without a customer, and claims it.
async fn claimed(rig: &Rig, receipt: v1::Receipt) -> v1::Outcome {
    let id = receipt.receipt_id.clone();
    let quoted = rig.quote(quote(receipt.clone())).await.unwrap();
    let code = quoted.answer.as_ref().unwrap().claim_code.clone();
    rig.settle(as_quoted(receipt, &quoted)).await.unwrap();
    claim(rig, claim_of(&format!("C-{id}"), &id, &code, "1001")).await.unwrap().outcome.unwrap()
}

fn given(outcome: &v1::Outcome) -> Vec<&str> {
    outcome.rewards.iter().map(|reward| reward.campaign_id.as_str()).collect()
}

fn due(quoted: &v1::QuoteResponse) -> i64 {
    quoted.answer.as_ref().unwrap().totals_after.as_ref().unwrap().amount_minor
}

#[tokio::test]
async fn p4_h74_a_claim_counts_nothing_for_a_program_that_lets_nothing_be_claimed() {
    let rig = rig().await;
    rig.sell(goods("A", Some("1001"), "BOTTLE", 2)).await;
    let outcome = claimed(&rig, goods("B", None, "BOTTLE", 2)).await;
    assert_eq!(given(&outcome), ["earn", "star"]);
    let third = rig.sell(goods("C", Some("1001"), "BOTTLE", 1)).await.outcome.unwrap();
    assert!(given(&third).contains(&"bottles"), "the third bottle that the program knows of: {:?}", given(&third));
    rig.outcomes().await;
}

#[tokio::test]
async fn p4_h74_a_claim_uses_no_limit_for_a_discount_that_it_does_not_give() {
    let rig = rig().await;
    let outcome = claimed(&rig, goods("A", None, "SOCKS", 5)).await;
    assert_eq!((given(&outcome), outcome.use_changes.len()), (vec!["earn", "star"], 0));
    assert_eq!(due(&rig.quote(quote(goods("B", Some("1001"), "SOCKS", 5))).await.unwrap()), 450);
    rig.outcomes().await;
}

#[tokio::test]
async fn p4_h74_a_claim_uses_no_coupon_for_a_discount_that_it_does_not_give() {
    let rig = rig().await;
    let issued = rig.sell(goods("A", Some("1001"), "CARD", 1)).await.outcome.unwrap();
    let code = issued.rewards.iter().find_map(|reward| reward.coupon.as_ref()).unwrap().code.clone();
    let presented = v1::PresentedCode { code, ..Default::default() };
    let with_code = |id: &str, card| v1::Receipt { codes: vec![presented.clone()], ..goods(id, card, "HAT", 2) };
    let outcome = claimed(&rig, with_code("B", None)).await;
    assert_eq!(given(&outcome), ["earn", "star"]);
    assert_eq!(due(&rig.quote(quote(with_code("C", Some("1001")))).await.unwrap()), 100, "half of two pounds");
    rig.outcomes().await;
}

#[tokio::test]
async fn h74_each_program_gives_within_its_own_hours_of_claiming_and_keeps_what_was_promised() {
    // Claimed after so many hours; carried out at once or, cut off in between, days later.
    let table = [(23, false, vec!["earn", "star"]), (25, false, vec!["earn"]), (23, true, vec!["earn", "star"])];
    for (hours, cut_off, expected) in table {
        let rig = rig().await;
        let receipt = goods("A", None, "SOCKS", 5);
        let quoted = rig.quote(quote(receipt.clone())).await.unwrap();
        let code = quoted.answer.as_ref().unwrap().claim_code.clone();
        rig.settle(as_quoted(receipt, &quoted)).await.unwrap();
        rig.pass(HOUR * hours);
        if cut_off {
            rig.storage.inject(2, tessera_storage::Fault::Unavailable);
            claim(&rig, claim_of("C1", "A", &code, "1001")).await.unwrap_err();
            rig.pass(HOUR * 100);
        }
        let outcome = claim(&rig, claim_of("C1", "A", &code, "1001")).await.unwrap().outcome.unwrap();
        assert_eq!(given(&outcome), expected, "after {hours} hours, cut off: {cut_off}");
    }
}

#[tokio::test]
async fn p4_h74_a_claim_gives_what_is_left_of_budgets_and_of_the_day_of_its_sale_once() {
    let rig = Rig::new().await;
    rig.pass(Duration::from_secs(1));
    let text = "program: club
language: 1
name: Club
currency: GBP
claim_within_hours: 48
assets: [{id: points, kind: points, scale: 0, worth_minor: 1}]
campaigns:
  - {id: earn, name: Earn, points: {per: 1.00, units: 10, asset: points}, budget: {points: 120}}
  - {id: first, name: The first of the day, grant: {give: {points: {units: 7, asset: points}}}, limits: {per_day: 2}}
";
    let source = Source { name: "club.yaml".to_owned(), text: text.to_owned() };
    rig.engine.programs().publish(&[source], opened()).await.unwrap();
    let units = |outcome: &v1::Outcome| outcome.rewards.iter().map(|reward| reward.units).collect::<Vec<_>>();
    let first = claimed(&rig, goods("A", None, "SOCKS", 5)).await;
    assert_eq!(units(&first), [50, 7]);
    let again = claim(&rig, claim_of("again", "A", "", "1001")).await;
    assert!(again.is_err() || again.unwrap().outcome.as_ref() == Some(&first), "once");
    let second = claimed(&rig, goods("B", None, "SOCKS", 5)).await;
    assert_eq!(units(&second), [50, 7]);
    let third = claimed(&rig, goods("C", None, "SOCKS", 5)).await;
    assert_eq!(units(&third), [20], "the rest of the budget, and two of the day were there");
    let sold = rig.sell(goods("D", Some("1001"), "SOCKS", 5)).await.outcome.unwrap();
    assert!(sold.rewards.is_empty(), "nothing is left for sales either: {:?}", given(&sold));
    rig.outcomes().await;
}
