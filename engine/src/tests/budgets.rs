//! Budgets and limits over all customers: promised once, counted with the settle, known after a restart.

use std::sync::Arc;
use std::time::Duration;

use super::super::testing::*;
use tessera_proto::billing::v1;
use tokio::task::JoinSet;

/// Ten uses in all.
const USES: &str = "  - {id: off, name: Off, level: basket, amount_off: 1.00, budget: {uses: 10}}";
/// Five pounds in all.
const MONEY: &str = "  - {id: off, name: Off, percent_off: 50, budget: {amount: 5.00}, fallback: {points: points}}";
/// Two uses on each trading day.
const DAY: &str = "  - {id: off, name: Off, level: basket, amount_off: 1.00, limits: {per_day: 2}}";

fn basket(id: &str, card: Option<&str>, pence: i64) -> v1::Receipt {
    receipt(id, card, vec![line("1", "SOCKS", 1, pence)])
}

fn due(quoted: &v1::QuoteResponse) -> i64 {
    quoted.answer.as_ref().unwrap().totals_after.as_ref().unwrap().amount_minor
}

fn is_short(outcome: &v1::Outcome) -> bool {
    outcome.flags.contains(&i32::from(v1::OutcomeFlag::SettledWithShortfall))
}

#[tokio::test]
async fn p4_a_budget_in_money_is_held_by_open_quotes_of_known_and_unknown_customers() {
    let rig = Rig::with_campaigns(MONEY).await;
    let first = rig.quote(quote(basket("A", None, 600))).await.unwrap();
    assert_eq!((due(&first), first.held_until.is_some()), (300, true), "three of five pounds");
    let second = rig.quote(quote(basket("B", Some("1001"), 600))).await.unwrap();
    assert_eq!(due(&second), 400, "two are left");
    let third = rig.quote(quote(basket("C", None, 600))).await.unwrap();
    assert_eq!(due(&third), 600);
    let again = rig.quote(v1::QuoteRequest { quote_no: 2, ..quote(basket("A", None, 200)) }).await.unwrap();
    assert_eq!(due(&again), 100, "a quote replaces what its receipt held");
    let third = rig.quote(v1::QuoteRequest { quote_no: 2, ..quote(basket("C", None, 600)) }).await.unwrap();
    assert_eq!(due(&third), 400, "two pounds are free again");
    rig.void(void("C", 1)).await.unwrap();
    rig.pass(Duration::from_secs(14 * 60));
    assert_eq!(due(&rig.quote(quote(basket("D", None, 600))).await.unwrap()), 400, "a void lets go");
    let sold = rig.settle(as_quoted(basket("B", Some("1001"), 600), &second)).await.unwrap().outcome.unwrap();
    assert!(!is_short(&sold));
    rig.pass(Duration::from_secs(16 * 60));
    assert_eq!(due(&rig.quote(quote(basket("E", None, 1_000))).await.unwrap()), 700, "holds lapse; two pounds are used");
    rig.outcomes().await;
}

#[tokio::test]
async fn p4_what_is_settled_beyond_a_budget_is_flagged_and_what_is_evaluated_then_fits() {
    let rig = Rig::with_campaigns(MONEY).await;
    let first = rig.quote(quote(basket("A", None, 1_000))).await.unwrap();
    rig.pass(Duration::from_secs(16 * 60));
    // Without a quote nothing on lines can change: its fallback takes three of the five pounds.
    let unasked = rig.settle(unquoted(basket("B", Some("1001"), 600))).await.unwrap().outcome.unwrap();
    assert!(!is_short(&unasked));
    assert_eq!(rig.points("1001").await, 300);
    let late = rig.settle(as_quoted(basket("A", None, 1_000), &first)).await.unwrap().outcome.unwrap();
    assert!(is_short(&late), "five pounds were promised, two were left");
    let rest = rig.settle(unquoted(basket("C", Some("1001"), 600))).await.unwrap().outcome.unwrap();
    assert!(!is_short(&rest) && rest.applied_campaigns.is_empty(), "the budget is used up");
    rig.outcomes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_h5_sixty_at_once_never_use_more_than_the_budget() {
    let rig = Arc::new(Rig::with_campaigns(USES).await);
    let mut tasks = JoinSet::new();
    for number in 0..60 {
        let rig = Arc::clone(&rig);
        tasks.spawn(async move {
            let card = (number % 3 == 0).then(|| (1_000 + number).to_string());
            let goods = basket(&format!("R{number}"), card.as_deref(), 500);
            let quoted = rig.quote(quote(goods.clone())).await.unwrap();
            rig.settle(as_quoted(goods, &quoted)).await.unwrap().outcome.unwrap()
        });
    }
    let outcomes: Vec<v1::Outcome> = tasks.join_all().await;
    assert!(!outcomes.iter().any(is_short));
    let used = outcomes.iter().filter(|outcome| !outcome.applied_campaigns.is_empty()).count();
    assert_eq!(used, 10);
    rig.outcomes().await;
}

#[tokio::test]
async fn p3_p4_a_budget_is_known_after_a_restart() {
    let rig = Rig::with_campaigns(MONEY).await;
    rig.sell(basket("A", None, 600)).await;
    let again = Rig::over(Arc::clone(&rig.storage), settings()).await;
    again.publish(MONEY).await;
    assert_eq!(due(&again.quote(quote(basket("B", None, 600))).await.unwrap()), 400, "two of five pounds are left");
}

#[tokio::test]
async fn p4_a_limit_a_day_counts_trading_days() {
    let rig = Rig::with_campaigns(DAY).await;
    for (id, expected) in [("A", 400), ("B", 400), ("C", 500)] {
        let sold = rig.sell(basket(id, None, 500)).await.outcome.unwrap();
        assert_eq!(sold.totals_after.unwrap().amount_minor, expected, "{id}");
    }
    let mut next = basket("D", None, 500);
    next.business_date = "2026-11-23".to_owned();
    rig.pass(Duration::from_secs(86_400));
    assert_eq!(due(&rig.quote(quote(next)).await.unwrap()), 400);
    let again = Rig::over(Arc::clone(&rig.storage), settings()).await;
    again.publish(DAY).await;
    assert_eq!(due(&again.quote(quote(basket("E", None, 500))).await.unwrap()), 500, "the day is full after a restart too");
}
