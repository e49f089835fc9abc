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
    let change = |uses, value| v1::UseChange { campaign_id: "staff".to_owned(), uses, units: uses, value };
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
