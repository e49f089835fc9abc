//! Limits and budgets from the quote to the outcome, with holds, shortfalls and returns.

use std::time::Duration;

use super::super::testing::*;
use tessera_proto::billing::v1;

/// Half price, but no more than five pounds off a month.
const STAFF: &str = "  - {id: staff, name: Staff, percent_off: 50, limits: {per_customer_month: {value: 5.00}}}";

fn basket(id: &str, pence: i64) -> v1::Receipt {
    receipt(id, Some("1001"), vec![line("1", "SOCKS", 1, pence)])
}

fn due(quoted: &v1::QuoteResponse) -> i64 {
    quoted.answer.as_ref().unwrap().totals_after.as_ref().unwrap().amount_minor
}

fn is_short(outcome: &v1::Outcome) -> bool {
    outcome.flags.contains(&i32::from(v1::OutcomeFlag::SettledWithShortfall))
}

#[tokio::test]
async fn p4_a_limit_in_money_is_held_by_open_quotes_counted_by_settles_and_freed_by_returns() {
    let rig = Rig::with_campaigns(STAFF).await;
    let first = rig.quote(quote(basket("A", 800))).await.unwrap();
    assert_eq!(due(&first), 400);
    assert!(first.held_until.is_some(), "four of the five pounds are promised");
    let second = rig.quote(quote(basket("B", 800))).await.unwrap();
    assert_eq!(due(&second), 700, "one pound is left");
    let third = rig.quote(quote(basket("C", 800))).await.unwrap();
    assert_eq!(due(&third), 800);
    let sold = rig.settle(as_quoted(basket("A", 800), &first)).await.unwrap().outcome.unwrap();
    let change = |uses, value| v1::UseChange {
        campaign_id: "staff".to_owned(),
        uses,
        units: uses,
        value,
        by_campaign_id: String::new(),
        ..Default::default()
    };
    assert!(!is_short(&sold));
    assert_eq!(sold.use_changes, [change(1, 400)]);
    let back = rig.give_back(give_back("R", Some("A"), vec![("1", line("1", "SOCKS", 1, 400))])).await.unwrap();
    assert_eq!(back.outcome.unwrap().use_changes, [change(-1, -400)]);
    let again = rig.quote(quote(basket("D", 1_200))).await.unwrap();
    assert_eq!(due(&again), 800, "four pounds are there again, one is promised to the other quote");
    rig.outcomes().await;
}

#[tokio::test]
async fn p4_what_is_settled_after_its_hold_beyond_a_limit_is_flagged_as_shortfall() {
    let rig = Rig::with_campaigns(STAFF).await;
    let first = rig.quote(quote(basket("A", 800))).await.unwrap();
    rig.pass(Duration::from_secs(16 * 60));
    let second = rig.quote(quote(basket("B", 800))).await.unwrap();
    assert_eq!(due(&second), 400, "the first quote's time is over");
    let sold = rig.settle(as_quoted(basket("B", 800), &second)).await.unwrap().outcome.unwrap();
    assert!(!is_short(&sold));
    let late = rig.settle(as_quoted(basket("A", 800), &first)).await.unwrap().outcome.unwrap();
    assert!(is_short(&late), "it was paid so; eight pounds instead of five are counted");
    assert!(late.flags.contains(&i32::from(v1::OutcomeFlag::HoldExpired)));
    rig.outcomes().await;
}

/// Two campaigns that together take no more than five pounds off a month, and at most two pounds spent in points a day.
const TOGETHER: &str = "  - {id: earn, name: A point a pound, points: {per: 1.00, units: 1, asset: points}}
  - {id: socks, name: Socks, on: {sku: [SOCKS]}, percent_off: 50}
  - {id: mugs, name: Mugs, on: {sku: [MUG]}, percent_off: 50}
limits:
  - {id: all, per_customer_month: {value: 5.00}, budget: {amount: 8.00}}
  - {id: spent, redeemed: points, per_customer_day: {points: 200}}";

#[tokio::test]
async fn p4_a_limit_of_several_campaigns_is_held_counted_and_freed_and_known_after_a_restart() {
    let rig = Rig::with_campaigns(TOGETHER).await;
    let mugs = |id: &str, card| receipt(id, Some(card), vec![line("1", "MUG", 1, 800)]);
    let first = rig.quote(quote(basket("A", 800))).await.unwrap();
    assert_eq!((due(&first), first.held_until.is_some()), (400, true), "four of the five pounds are promised");
    let second = rig.quote(quote(mugs("B", "1001"))).await.unwrap();
    assert_eq!(due(&second), 700, "one pound is left for the other campaign");
    rig.void(v1::VoidRequest { quote_token: second.quote_token, ..void("B", 1) }).await.unwrap();
    let sold = rig.settle(as_quoted(basket("A", 800), &first)).await.unwrap().outcome.unwrap();
    let change = |sign| v1::UseChange {
        campaign_id: "limit:all".to_owned(),
        uses: sign,
        units: sign,
        value: 400 * sign,
        by_campaign_id: "socks".to_owned(),
        per_member: false,
    };
    assert!(!is_short(&sold));
    assert_eq!(sold.use_changes, [change(1)]);
    let again = Rig::over(std::sync::Arc::clone(&rig.storage), settings()).await;
    again.publish(TOGETHER).await;
    let third = again.quote(quote(mugs("C", "1001"))).await.unwrap();
    assert_eq!(due(&third), 700, "it is counted in the account");
    again.void(v1::VoidRequest { quote_token: third.quote_token, ..void("C", 1) }).await.unwrap();
    let back = again.give_back(give_back("R", Some("A"), vec![("1", line("1", "SOCKS", 1, 400))])).await.unwrap();
    assert_eq!(back.outcome.unwrap().use_changes, [change(-1)]);
    assert_eq!(due(&again.quote(quote(mugs("D", "1001"))).await.unwrap()), 400, "the customer's month is free again");
    assert_eq!(due(&again.quote(quote(mugs("E", "1002"))).await.unwrap()), 800, "of the budget eight are used or promised");
    again.outcomes().await;
}

#[tokio::test]
async fn p4_redemption_has_a_limit_apart_from_what_is_earned() {
    let rig =
        Rig::with_campaigns(&format!("{TOGETHER}\n  - {{id: gain, asset: points, per_customer_day: {{points: 900}}}}")).await;
    rig.sell(receipt("A", Some("1001"), vec![line("1", "HAT", 1, 100_000)])).await;
    assert_eq!(rig.points("1001").await, 900, "of a thousand");
    let mut wish = receipt("B", Some("1001"), vec![line("1", "HAT", 1, 1_000)]);
    let amount = Some(v1::redeem_request::Amount::Max(true));
    wish.redeem_requested =
        vec![v1::RedeemRequest { asset_id: "points".into(), amount, redeem_as: v1::RedeemAs::Discount.into() }];
    let sold = rig.sell(wish.clone()).await.outcome.unwrap();
    assert_eq!(sold.totals_after.unwrap().amount_minor, 800, "two pounds a day");
    assert_eq!(rig.points("1001").await, 700, "and no more is earned today");
    wish.receipt_id = "C".to_owned();
    let quoted = rig.quote(quote(wish)).await.unwrap();
    assert_eq!(due(&quoted), 1_000);
    let cap = quoted.answer.unwrap().redeemable_max[0].cap;
    assert_eq!(cap, i32::from(v1::RedeemCap::Limit));
    rig.outcomes().await;
}

/// Socks for a pound and a hundred points, if the customer wants them.
const COSTS: &str = "  - {id: earn, name: A point a pound, points: {per: 1.00, units: 1, asset: points}}
  - {id: dear, name: Socks for 1.00 and 100 points, on: {sku: [SOCKS]}, fixed_price: 1.00, costs: {units: 100, asset: points}}";

#[tokio::test]
async fn p4_units_that_a_campaign_costs_are_chosen_held_spent_and_given_back_with_its_goods() {
    let rig = Rig::with_campaigns(COSTS).await;
    rig.sell(receipt("A", Some("1001"), vec![line("1", "HAT", 1, 15_000)])).await;
    let goods = |id: &str| receipt(id, Some("1001"), vec![line("1", "SOCKS", 1, 800), line("2", "HAT", 1, 200)]);
    let asked = rig.quote(quote(goods("B"))).await.unwrap();
    let choices = asked.answer.as_ref().unwrap().choices.clone();
    assert_eq!((due(&asked), choices.len(), choices[0].choice_id.as_str()), (1_000, 1, "dear.0"));
    let chosen = vec![v1::ChosenOption { choice_id: "dear.0".to_owned(), option_ids: vec!["SOCKS".to_owned()] }];
    let wanted = rig.quote(v1::QuoteRequest { quote_no: 2, choices: chosen, ..quote(goods("B")) }).await.unwrap();
    assert_eq!((due(&wanted), wanted.held_until.is_some()), (300, true));
    let other = rig.quote(quote(goods("C"))).await.unwrap();
    assert!(other.answer.unwrap().choices.is_empty(), "of 150 points 50 are left for the other quote");
    let sold = rig.settle(as_quoted(goods("B"), &wanted)).await.unwrap().outcome.unwrap();
    assert!(!is_short(&sold));
    assert_eq!((sold.redemptions.len(), sold.redemptions[0].redemption_id.as_str()), (1, "cost:dear"));
    assert_eq!(rig.points("1001").await, 150 - 100 + 3);
    rig.give_back(give_back("R", Some("B"), vec![("2", line("1", "HAT", 1, 200))])).await.unwrap();
    assert_eq!(rig.points("1001").await, 51, "the hat's two points are gone, and nothing was spent on it");
    let back = rig.give_back(give_back("S", Some("B"), vec![("1", line("1", "SOCKS", 1, 100))])).await.unwrap();
    assert_eq!(back.outcome.unwrap().redemptions[0].units, -100);
    assert_eq!(rig.points("1001").await, 150);
    rig.outcomes().await;
}
