//! The largest receipts with more rewards than an outcome has room to tell of line by line.

use tessera_proto::billing::v1;

use crate::testing::{Rig, as_quoted, give_back, line, quote, receipt};

const CARD: &str = "1001";
const CAMPAIGNS: usize = 60;
const LINES: i64 = 1_000;

/// Sixty campaigns, a point for each pound on everything from each.
fn campaigns() -> String {
    let earn = |number| {
        format!("  - {{id: points-on-everything-{number}, name: Earn, points: {{per: 1.00, units: 1, asset: points}}}}\n")
    };
    (0..CAMPAIGNS).map(earn).collect()
}

#[tokio::test]
async fn p1_a_sale_with_more_shares_than_a_row_holds_is_settled_and_comes_back_in_proportion() {
    let rig = Rig::with_campaigns(&campaigns()).await;
    let of = |number: i64| line(&format!("line-number-{number}"), "SOCKS", 1, 100);
    let receipt = receipt("A", Some(CARD), (0..LINES).map(of).collect());
    let quoted = rig.quote(quote(receipt.clone())).await.unwrap();
    let sold = rig.settle(as_quoted(receipt.clone(), &quoted)).await.unwrap().outcome.unwrap();
    assert_eq!(sold.rewards.len(), CAMPAIGNS);
    assert!(sold.lines.iter().all(|line| line.rewards.is_empty()), "there is no room for 60,000 shares");
    let all = LINES * i64::try_from(CAMPAIGNS).unwrap();
    assert_eq!(rig.points(CARD).await, all);
    let repeated = rig.settle(as_quoted(receipt.clone(), &quoted)).await.unwrap();
    assert_eq!(repeated.outcome.as_ref(), Some(&sold), "a repeat is the same");
    let back: Vec<v1::Line> = receipt.lines.iter().take(100).cloned().collect();
    let ids: Vec<String> = back.iter().map(|line| line.line_id.clone()).collect();
    let lines = ids.iter().map(String::as_str).zip(back).collect();
    rig.give_back(give_back("R", Some("A"), lines)).await.unwrap();
    assert_eq!(rig.points(CARD).await, all / 10 * 9, "a tenth of the goods, a tenth of the points");
    rig.outcomes().await;
}
