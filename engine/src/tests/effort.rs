//! Little time for a quote leaves parts of its answer out, and takes nothing from the customer.

use std::sync::Arc;

use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_storage::MemoryStorage;
use tonic::Request;

use super::super::testing::*;
use crate::{Settings, layout};

/// So many campaigns that give points on so many lines that the least effort is too little for them.
async fn busy(settings: Settings) -> (Rig, v1::Receipt) {
    crowd(settings, "1.00", (20, 100)).await
}

/// Campaigns that each give a point for so much, and lines of 1.00.
async fn crowd(settings: Settings, per: &str, (campaigns, lines): (u32, usize)) -> (Rig, v1::Receipt) {
    crowd_with(settings, per, (campaigns, lines), "").await
}

/// The same with more campaigns.
async fn crowd_with(settings: Settings, per: &str, (campaigns, lines): (u32, usize), more: &str) -> (Rig, v1::Receipt) {
    let campaign =
        |number: u32| format!("  - {{id: earn-{number}, name: Points, points: {{per: {per}, units: 1, asset: points}}}}\n");
    let rig = Rig::over(Arc::new(MemoryStorage::with_claims_first(&layout::SPACES)), settings).await;
    rig.publish(&(0..campaigns).map(campaign).chain([more.to_owned()]).collect::<String>()).await;
    let lines = (0..lines).map(|number| line(&number.to_string(), "OTHER", 1, 100)).collect();
    (rig, receipt("A", Some("1001"), lines))
}

/// Quotes as a till does that waits for so long at most.
async fn quote_within(rig: &Rig, goods: &v1::Receipt, milliseconds: u32) -> v1::QuoteResponse {
    let mut request = Request::new(quote(goods.clone()));
    request.metadata_mut().insert("grpc-timeout", format!("{milliseconds}m").parse().unwrap());
    rig.billing.quote(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn what_a_quote_had_no_time_for_is_named_and_its_settle_gives_the_rewards_all_the_same() {
    const ALL: i64 = 20 * 100;
    let (rig, goods) = busy(settings()).await;
    let hurried = quote_within(&rig, &goods, 3).await;
    let answer = hurried.answer.as_ref().unwrap();
    assert_eq!(
        answer.dropped_parts().collect::<Vec<_>>(),
        [v1::AnswerPart::Rewards, v1::AnswerPart::Prompts, v1::AnswerPart::Instructions, v1::AnswerPart::Offers]
    );
    assert!(answer.rewards.is_empty() && answer.prompts.is_empty());
    let outcome = rig.settle(as_quoted(goods, &hurried)).await.unwrap().outcome.unwrap();
    assert!(outcome.flags().any(|flag| flag == v1::OutcomeFlag::DiffersFromQuote));
    assert!(!outcome.flags().any(|flag| flag == v1::OutcomeFlag::UnexplainedChange));
    assert_eq!(rig.points("1001").await, ALL);
    rig.outcomes().await;
}

/// A gift for points, one for so many goods, and one that a customer has once.
const GIFTS: &str = "  - {id: bag, name: A bag for 300 points, code: BAG, grant: {give: {gift: {sku: BAG, quantity: 1}}}, costs: {units: 300, asset: points}}
  - {id: counted, name: A bag for every hundred, on: {sku: [OTHER]}, customers_only: true, count: {every: 100, give: {gift: {sku: BAG, quantity: 1}}}}
  - {id: once, name: A bag once, code: BAG, grant: {give: {gift: {sku: BAG, quantity: 1}}}, limits: {per_customer: 1}, budget: {uses: 1}}
";

/// The campaigns whose gifts an answer adds.
fn gifts(quoted: &v1::QuoteResponse) -> Vec<&str> {
    let lines = quoted.answer.as_ref().unwrap().lines.iter();
    lines.filter(|line| line.added).map(|line| line.parts[0].adjustments[0].campaign_id.as_str()).collect()
}

#[tokio::test]
async fn p4_a_gift_that_nobody_was_told_of_costs_nothing_and_uses_nothing_up() {
    let (rig, goods) = crowd_with(settings(), "1.00", (20, 100), GIFTS).await;
    rig.sell(receipt("W", Some("1001"), vec![line("1", "HAT", 1, 1_500)])).await;
    assert_eq!(rig.points("1001").await, 300);
    let code = v1::PresentedCode { code: "BAG".to_owned(), ..Default::default() };
    let goods = v1::Receipt { codes: vec![code], ..goods };
    let hurried = quote_within(&rig, &goods, 3).await;
    assert_eq!(hurried.answer.as_ref().unwrap().dropped_parts().next(), Some(v1::AnswerPart::Rewards));
    assert!(gifts(&hurried).is_empty());
    let outcome = rig.settle(as_quoted(goods.clone(), &hurried)).await.unwrap().outcome.unwrap();
    assert_eq!((outcome.redemptions.len(), outcome.lines.len()), (0, 100));
    assert_eq!(rig.points("1001").await, 300 + 20 * 100);
    // All of it is there for the next sale, whose quote has the time.
    let next = v1::Receipt { receipt_id: "B".to_owned(), ..goods };
    let told = rig.quote(quote(next.clone())).await.unwrap();
    assert_eq!(gifts(&told), ["bag", "counted", "once"]);
    let outcome = rig.settle(as_quoted(next, &told)).await.unwrap().outcome.unwrap();
    assert_eq!((outcome.redemptions.len(), outcome.lines.len()), (1, 103));
    rig.outcomes().await;
}

#[tokio::test]
async fn a_sale_gives_every_reward_though_they_are_more_than_any_quote_has_steps_for() {
    let (rig, goods) = crowd(settings(), "{visit: true}", (201, 1_000)).await;
    let quoted = rig.quote(quote(goods.clone())).await.unwrap();
    assert_eq!(quoted.answer.as_ref().unwrap().dropped_parts().next(), Some(v1::AnswerPart::Rewards));
    let outcome = rig.settle(as_quoted(goods, &quoted)).await.unwrap().outcome.unwrap();
    assert_eq!(outcome.rewards.len(), 201);
    assert_eq!(rig.points("1001").await, 201);
}

#[tokio::test]
async fn with_the_time_that_a_till_leaves_nothing_is_left_out() {
    let (rig, goods) = busy(settings()).await;
    for milliseconds in [60_000, 99_999_999] {
        let quoted = quote_within(&rig, &goods, milliseconds).await;
        assert_eq!(quoted.answer.unwrap().dropped_parts, [0; 0]);
    }
    assert_eq!(rig.quote(quote(goods)).await.unwrap().answer.unwrap().dropped_parts, [0; 0], "no limit");
}

#[tokio::test]
async fn h19_a_replays_quotes_do_not_depend_on_their_time() {
    let (rig, goods) = busy(Settings { replay: true, ..settings() }).await;
    assert_eq!(quote_within(&rig, &goods, 3).await.answer.unwrap().dropped_parts, [0; 0]);
}
