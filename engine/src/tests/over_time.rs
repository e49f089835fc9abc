//! What is known of a customer over time, through the till: tiers that are reached, weeks in a row, answers that rules read.

use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService as _;
use tessera_rules::revision::Source;
use tessera_storage::Storage as _;
use tonic::Request;

use super::super::testing::*;

const OVER_TIME: &str = "
program: time
language: 1
name: Over time
currency: GBP
time_zone: Europe/London
assets: [{id: points, kind: points, worth_minor: 1}]
tiers: [{id: silver, name: Silver, reached: {counter: spent, at_least: 30.00, keeps: 1}}]
facts:
  - {id: favourite, text: Which aisle do you like best?}
  - {id: birthday, text: When is your birthday?}
  - {id: surname, text: Your surname?}
segments:
  - {id: coffee, fact: {id: favourite, values: [coffee]}}
campaigns:
  - {id: spent, name: Spent in two months, count: {counted: money, within: {months: 2}}}
  - {id: silver-mug, name: Mugs for silver, tiers: [silver], on: {sku: MUG}, percent_off: 10}
  - {id: coffee-price, name: Coffee for who likes it, segments: [coffee], on: {sku: COFFEE}, percent_off: 20}
  - {id: cake, name: Birthday cake, when: {birthday: {fact: birthday, days_before: 180, days_after: 180}}, on: {sku: CAKE}, percent_off: 50}
  - {id: win, name: Every second wins, when: {chance_percent: 50}, on: {sku: LUCK}, grant: {give: {prize: mug}}}
";

const CARD: &str = "1001";

async fn rig() -> Rig {
    let rig = Rig::new().await;
    let source = Source { name: "time.yaml".to_owned(), text: OVER_TIME.to_owned() };
    rig.engine.programs().publish(&[source], begin()).await.unwrap();
    rig
}

fn buy(id: &str, sku: &str) -> v1::Receipt {
    receipt(id, Some(CARD), vec![line("1", sku, 2, 2_000)])
}

async fn due(rig: &Rig, id: &str, sku: &str) -> i64 {
    rig.quote(quote(buy(id, sku))).await.unwrap().answer.unwrap().totals_after.unwrap().amount_minor
}

async fn tiers(rig: &Rig) -> Vec<String> {
    let request = v1::IdentifyRequest { customer: Some(customer(CARD)), store_id: "S1".to_owned(), ..Default::default() };
    let card = rig.billing.identify(Request::new(request)).await.unwrap().into_inner();
    card.tiers.into_iter().map(|tier| tier.tier_id).collect()
}

#[tokio::test]
async fn a_tier_is_reached_by_what_was_sold_seen_on_the_card_and_goes_with_what_comes_back() {
    let rig = rig().await;
    assert_eq!((due(&rig, "Q1", "MUG").await, tiers(&rig).await), (4_000, vec![]));
    let sold = rig.sell(buy("R1", "MUG")).await.outcome.unwrap();
    let status: Vec<_> = sold.rewards.iter().map(|reward| (reward.tier_id.as_str(), reward.tier_reached)).collect();
    assert_eq!(status, [("silver", true)]);
    assert_eq!((due(&rig, "Q2", "MUG").await, tiers(&rig).await), (3_600, vec!["silver".to_owned()]));
    rig.give_back(give_back("B", Some("R1"), vec![("1", line("1", "MUG", 1, 2_000))])).await.unwrap();
    assert_eq!((due(&rig, "Q3", "MUG").await, tiers(&rig).await), (4_000, vec![]));
    rig.outcomes().await;
}

#[tokio::test]
async fn h81_of_answers_rules_read_what_the_program_tells_apart_and_the_account_keeps_no_more() {
    let rig = rig().await;
    rig.sell(buy("R1", "TEA")).await;
    assert_eq!((due(&rig, "Q1", "COFFEE").await, due(&rig, "Q2", "CAKE").await), (4_000, 4_000));
    let answer =
        |fact: &str, value: &str| v1::PromptAnswer { fact_id: fact.to_owned(), value: value.to_owned(), ..Default::default() };
    let told = v1::AnswerPromptsRequest {
        request_id: "A1".to_owned(),
        customer: Some(customer(CARD)),
        answers: vec![answer("favourite", "coffee"), answer("birthday", "1961-08-04"), answer("surname", "Planted-Surname")],
        store_id: "S1".to_owned(),
        answered_at: Some(tessera_contract::convert::timestamp_to_wire(begin())),
        ..Default::default()
    };
    rig.billing.answer_prompts(Request::new(told.clone())).await.unwrap();
    assert_eq!((due(&rig, "Q3", "COFFEE").await, due(&rig, "Q4", "CAKE").await), (3_200, 2_000));
    let heads = rig.storage.heads(crate::layout::ACCOUNTS, None, 1_000).await.unwrap();
    let kept: String = heads.iter().map(|(_, head)| String::from_utf8_lossy(&head.value).into_owned()).collect();
    assert!(kept.contains("coffee") && kept.contains("08-04"), "what rules read is there");
    assert!(!kept.contains("1961") && !kept.contains("Planted"), "and nothing else");
    // Whoever likes something else now has told so.
    let other = v1::AnswerPromptsRequest { request_id: "A2".to_owned(), answers: vec![answer("favourite", "tea")], ..told };
    rig.billing.answer_prompts(Request::new(other)).await.unwrap();
    assert_eq!(due(&rig, "Q5", "COFFEE").await, 4_000);
}

#[tokio::test]
async fn a_chance_is_the_same_in_every_quote_and_in_the_sale_with_or_without_them() {
    let rig = rig().await;
    let mut won = 0;
    for number in 0..12 {
        let id = format!("R{number}");
        let quoted = rig.quote(quote(buy(&id, "LUCK"))).await.unwrap();
        let wins = !quoted.answer.as_ref().unwrap().rewards.is_empty();
        let again = rig.quote(quote(buy(&id, "LUCK"))).await.unwrap();
        assert_eq!(!again.answer.unwrap().rewards.is_empty(), wins, "{id} asked again");
        let mut request = as_quoted(buy(&id, "LUCK"), &quoted);
        request.quote_token.clear();
        let sold = rig.settle(request).await.unwrap().outcome.unwrap();
        assert_eq!(!sold.rewards.is_empty(), wins, "{id} sold without its token");
        won += u32::from(wins);
    }
    assert!((1..12).contains(&won), "{won} of 12 win");
}
