//! Counters and quotes that are open at the same time: a threshold is rewarded to one, and opens nothing before it is paid.

use super::super::testing::*;
use tessera_proto::billing::v1;

fn basket(id: &str, sku: &str, pieces: i64) -> v1::Receipt {
    receipt(id, Some("1001"), vec![line("1", sku, pieces, 100)])
}

fn applied(quoted: &v1::QuoteResponse, campaign: &str) -> bool {
    quoted.answer.as_ref().unwrap().rewards.iter().any(|reward| reward.campaign_id == campaign)
}

#[tokio::test]
async fn p4_of_two_open_quotes_of_a_day_one_is_promised_what_the_day_is_rewarded_with() {
    for (counted, in_a_row) in [("days", false), ("weeks", false), ("months", false), ("weeks", true)] {
        let rig = Rig::with_campaigns(&format!(
            "  - {{id: visit, name: Visit, count: {{counted: {counted}, in_a_row: {in_a_row}, every: 1, give: {{points: {{units: 50, asset: points}}}}}}}}"
        ))
        .await;
        let first = rig.quote(quote(basket("A", "SOCKS", 1))).await.unwrap();
        let second = rig.quote(quote(basket("B", "SOCKS", 1))).await.unwrap();
        assert_eq!((applied(&first, "visit"), applied(&second, "visit")), (true, false), "{counted}");
        for (id, quoted) in [("B", second), ("A", first)] {
            rig.settle(as_quoted(basket(id, "SOCKS", 1), &quoted)).await.unwrap();
        }
        assert_eq!(rig.points("1001").await, 50, "{counted}");
        rig.outcomes().await;
    }
}

#[tokio::test]
async fn p4_what_an_open_quote_is_promised_to_count_opens_nothing_before_it_is_paid() {
    let rig = Rig::with_campaigns(
        "  - {id: bottles, name: Bottles, on: {sku: [BOTTLE]}, count: {every: 3, give: {points: {units: 50, asset: points}}}}
  - {id: faithful, name: Faithful, on: {sku: [SOCKS]}, when: {counted: {campaign: bottles, at_least: 3}}, grant: {give: {points: {units: 7, asset: points}}}}",
    )
    .await;
    let first = rig.quote(quote(basket("A", "BOTTLE", 3))).await.unwrap();
    assert!(applied(&first, "bottles"));
    let next = || v1::QuoteRequest { quote_no: 2, ..quote(basket("B", "SOCKS", 1)) };
    assert!(!applied(&rig.quote(quote(basket("B", "SOCKS", 1))).await.unwrap(), "faithful"), "nothing is paid");
    rig.settle(as_quoted(basket("A", "BOTTLE", 3), &first)).await.unwrap();
    assert!(applied(&rig.quote(next()).await.unwrap(), "faithful"));
}
