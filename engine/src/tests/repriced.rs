//! Returns that price anew what is kept: previewed, carried out, parked, of a sale that was claimed, and by the rules of
//! the sale whatever is in force by then.

use std::time::Duration;

use tessera_contract::convert::timestamp_to_wire;
use tessera_proto::billing::v1;
use tessera_rules::revision::Source;

use super::super::testing::*;
use super::claims::{claim, claim_of, opened};
use crate::clock::Clock as _;

const CARD: &str = "1001";

/// Three pairs of socks for two, and a point a pound.
const SOCKS: &str = "  - {id: socks, name: Three for two, on: {sku: [SOCKS]}, n_for_m: {take: 3, pay: 2}}\n";

async fn publish(rig: &Rig, conventions: &str, campaigns: &str, at: jiff::Timestamp) {
    let text = format!(
        "program: club\nlanguage: 1\nname: Club\ncurrency: GBP\nclaim_within_hours: 48\n{conventions}assets: [{{id: points, kind: points, scale: 0, worth_minor: 1}}]\ncampaigns:\n  - {{id: earn, name: Earn, points: {{per: 1.00, units: 1, asset: points}}}}\n{campaigns}"
    );
    rig.engine.programs().publish(&[Source { name: "club.yaml".to_owned(), text }], at).await.unwrap();
}

async fn rig() -> Rig {
    let rig = Rig::new().await;
    rig.pass(Duration::from_secs(1));
    publish(&rig, "conventions: {returned_rewards: repriced_kept}\n", SOCKS, opened()).await;
    rig
}

fn socks(id: &str, card: Option<&str>) -> v1::Receipt {
    v1::Receipt { sold_at: Some(timestamp_to_wire(opened())), ..receipt(id, card, vec![line("1", "SOCKS", 3, 1_000)]) }
}

fn back(id: &str, of: &str, pieces: i64) -> v1::ReturnRequest {
    give_back(id, Some(of), vec![("1", line("1", "SOCKS", pieces, 1_000))])
}

fn refund(response: &v1::ReturnResponse) -> (i64, i64) {
    let answer = response.answer.as_ref().unwrap();
    let points = answer.taken_back.iter().map(|reward| reward.units).sum();
    (answer.lines.iter().map(|line| line.refund_minor).sum(), points)
}

#[tokio::test]
async fn p5_what_is_kept_is_priced_anew_by_the_rules_of_the_sale_and_the_preview_says_so() {
    let rig = rig().await;
    rig.sell(socks("A", Some(CARD))).await;
    assert_eq!(rig.points(CARD).await, 20);
    // By now three cost what three cost, and returns go in proportion.
    rig.pass(Duration::from_secs(1));
    let now = opened().checked_add(Duration::from_secs(1)).unwrap();
    publish(&rig, "", "", now).await;
    let table = [(0, 0, 20), (1_000, -10, 10), (1_000, -10, 0)];
    for (step, (minor, units, left)) in table.into_iter().enumerate() {
        let request = back(&format!("R{step}"), "A", 1);
        let preview = v1::ReturnRequest { mode: i32::from(v1::ReturnMode::Preview), ..request.clone() };
        let previewed = rig.give_back(preview).await.unwrap();
        let done = rig.give_back(request.clone()).await.unwrap();
        assert_eq!((refund(&previewed), refund(&done)), ((minor, units), (minor, units)), "step {step}");
        assert_eq!(rig.points(CARD).await, left);
        assert_eq!(rig.give_back(request).await.unwrap().outcome, done.outcome, "a repeat is the same");
    }
    rig.outcomes().await;
}

#[tokio::test]
async fn a_sale_to_nobody_known_and_one_that_was_claimed_are_priced_anew_too() {
    for claimed in [false, true] {
        let rig = rig().await;
        let quoted = rig.quote(quote(socks("A", None))).await.unwrap();
        let code = quoted.answer.as_ref().unwrap().claim_code.clone();
        rig.settle(as_quoted(socks("A", None), &quoted)).await.unwrap();
        if claimed {
            claim(&rig, claim_of("C1", "A", &code, CARD)).await.unwrap();
            assert_eq!(rig.points(CARD).await, 20);
        }
        let first = rig.give_back(back("R1", "A", 1)).await.unwrap();
        // What was claimed goes in proportion: the sale was priced for nobody.
        assert_eq!(refund(&first), (0, if claimed { -7 } else { 0 }));
        let rest = rig.give_back(back("R2", "A", 2)).await.unwrap();
        assert_eq!(refund(&rest), (2_000, if claimed { -13 } else { 0 }));
        assert_eq!(rig.points(CARD).await, 0);
        rig.outcomes().await;
    }
}

#[tokio::test]
async fn a_return_that_came_before_its_sale_is_priced_by_the_sales_rules() {
    let rig = rig().await;
    let parked = rig.give_back(back("R1", "A", 1)).await.unwrap();
    assert_eq!(parked.status(), v1::ReturnStatus::Parked);
    rig.sell(socks("A", Some(CARD))).await;
    let done = rig.give_back(back("R1", "A", 1)).await.unwrap();
    assert_eq!(done.outcome.unwrap().totals_after.unwrap().due_minor, 0, "two are kept and cost as much");
    assert_eq!((rig.points(CARD).await, refund(&rig.give_back(back("R2", "A", 2)).await.unwrap())), (20, (2_000, -20)));
    rig.outcomes().await;
}

#[tokio::test]
async fn a_sale_that_is_kept_for_its_returns_names_nobody() {
    let rig = rig().await;
    let sold = rig.sell(socks("A", Some(CARD))).await.outcome.unwrap();
    let account = tessera_rules::id::AccountId::parse(&sold.account_id).unwrap();
    let partition = crate::layout::account(&account);
    let id = tessera_rules::id::ReceiptId::parse("A").unwrap();
    let kept = tessera_storage::Storage::row(rig.storage.as_ref(), &partition, &crate::layout::sale_row(&id)).await.unwrap();
    let kept = <v1::SettleRequest as prost::Message>::decode(kept.unwrap()).unwrap();
    assert!(kept.receipt.unwrap().customer.is_none() && kept.quote_token.is_empty());
}

/// Cheaper for gold, early in the day, and once for everybody together.
const THEN: &str = "  - {id: gold, name: A tenth for gold, tiers: [gold], on: {sku: [SOCKS]}, percent_off: 10}
  - {id: card, name: Gold for a day, on: {sku: [CARD]}, grant: {give: {status: {tier: gold, days: 1}}}}
  - {id: early, name: A fifth early, valid: {hours: [\"09:00-10:10\"]}, on: {sku: [EARLY]}, percent_off: 20}
  - {id: mug, name: A mug for half, on: {sku: [MUG]}, percent_off: 50}
  - {id: first, name: The first for half, on: {sku: [FIRST]}, percent_off: 50}
";

/// A sale of three pieces of one of the goods, all at 10.00, of which one comes back in the end.
struct Story {
    what: &'static str,
    sku: &'static str,
    /// What was sold before it, to whom.
    before: Option<(&'static str, &'static str)>,
    /// Between its quote and its settle.
    minutes: u64,
    /// What is sold after it, to whom.
    after: Option<(&'static str, &'static str)>,
    /// Between sale and return.
    days: u64,
    /// For the first piece.
    refund: i64,
}

const STORIES: [Story; 6] = [
    Story { what: "nothing", sku: "SOCKS", before: None, minutes: 0, after: None, days: 0, refund: 1_000 },
    Story {
        what: "a tier has ended since",
        sku: "SOCKS",
        before: Some(("CARD", CARD)),
        minutes: 0,
        after: None,
        days: 3,
        refund: 900,
    },
    Story {
        what: "a tier was bought since",
        sku: "SOCKS",
        before: None,
        minutes: 0,
        after: Some(("CARD", CARD)),
        days: 0,
        refund: 1_000,
    },
    Story { what: "quoted early, sold late", sku: "EARLY", before: None, minutes: 12, after: None, days: 1, refund: 800 },
    Story {
        what: "the common limit was used up before",
        sku: "FIRST",
        before: Some(("MUG", "2002")),
        minutes: 0,
        after: None,
        days: 0,
        refund: 1_000,
    },
    Story {
        what: "the common limit was used by the sale",
        sku: "FIRST",
        before: None,
        minutes: 0,
        after: Some(("MUG", "2002")),
        days: 0,
        refund: 500,
    },
];

async fn told(story: &Story) {
    let rig = Rig::new().await;
    rig.pass(Duration::from_secs(1));
    let head = "tiers: [{id: gold}]\nlimits: [{id: half, campaigns: [mug, first], budget: {uses: 1}}]\nconventions: {returned_rewards: repriced_kept}\n";
    publish(&rig, head, THEN, opened()).await;
    let sold = |id: &str, card: &str, sku: &str, pieces| v1::Receipt {
        sold_at: Some(timestamp_to_wire(rig.clock.now())),
        ..receipt(id, Some(card), vec![line("1", sku, pieces, 1_000)])
    };
    if let Some((sku, card)) = story.before {
        rig.sell(sold("B", card, sku, 1)).await;
    }
    let quoted = rig.quote(quote(sold("A", CARD, story.sku, 3))).await.unwrap();
    rig.pass(Duration::from_secs(60 * story.minutes));
    rig.settle(as_quoted(sold("A", CARD, story.sku, 3), &quoted)).await.unwrap();
    if let Some((sku, card)) = story.after {
        rig.sell(sold("C", card, sku, 1)).await;
    }
    rig.pass(Duration::from_secs(86_400 * story.days));
    let mut refunds = Vec::new();
    for (id, pieces) in [("R1", 1), ("R2", 2)] {
        let request = give_back(id, Some("A"), vec![("1", line("1", story.sku, pieces, 1_000))]);
        refunds.push(refund(&rig.give_back(request).await.unwrap()).0);
    }
    let paid = quoted.answer.unwrap().totals_after.unwrap().due_minor;
    assert_eq!(refunds, [story.refund, paid - story.refund], "{}", story.what);
    rig.outcomes().await;
}

#[tokio::test]
async fn p5_what_is_kept_is_priced_with_what_the_sale_was_decided_with() {
    for story in &STORIES {
        told(story).await;
    }
}

#[tokio::test]
async fn p5_a_gift_that_the_store_lacked_at_the_sale_is_not_thought_given_when_goods_come_back() {
    let rig = Rig::new().await;
    rig.pass(Duration::from_secs(1));
    let head =
        "limits: [{id: one, campaigns: [a-mug, b-thanks], per_customer: 1}]\nconventions: {returned_rewards: repriced_kept}\n";
    let campaigns = "  - {id: a-mug, name: A mug, on: {sku: [SOCKS]}, grant: {give: {gift: {sku: MUG}}}}
  - {id: b-thanks, name: Thanks, on: {sku: [SOCKS]}, grant: {give: {points: {units: 50, asset: points}}}}
";
    publish(&rig, head, campaigns, opened()).await;
    let stock = async |gone: &[&str], back: &[&str]| super::stock::set(&rig, "S1", false, (gone, back)).await.unwrap();
    stock(&["MUG", "TEA"], &[]).await;
    rig.sell(socks("A", Some(CARD))).await;
    assert_eq!(rig.points(CARD).await, 30 + 50, "no mug, so the thanks");
    stock(&[], &["MUG"]).await;
    rig.give_back(back("R1", "A", 1)).await.unwrap();
    assert_eq!(rig.points(CARD).await, 20 + 50, "the mug had not been given");
    rig.give_back(back("R2", "A", 2)).await.unwrap();
    assert_eq!(rig.points(CARD).await, 0);
    rig.outcomes().await;
}
