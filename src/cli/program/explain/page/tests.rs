//! Tests of the page of an explanation, on answers of the engine itself.

use tessera_proto::billing::v1::{Line, QuoteRequest};
use tessera_rules::revision::Source;

use super::super::apart;
use super::*;

const PROGRAM: &str = "
program: club
language: 1
name: Club
currency: GBP
assets:
  - {id: points, kind: points, scale: 0, worth_minor: 1}
campaigns:
  - id: tenth
    name: A tenth off socks
    on: {sku: [SOCKS]}
    percent_off: 10
  - id: earn
    name: A point for each pound
    points: {per: 1.00, units: 1, asset: points}
  - id: packs
    name: Ten packs become eleven
    on: {sku: [PACK]}
    extra_units: {every: 10, add: 1}
  - id: hats
    name: Half price hats
    on: {sku: [HAT]}
    percent_off: 50
";

fn line(id: &str, sku: &str, pieces: i64, pence: i64) -> Line {
    Line {
        line_id: id.to_owned(),
        sku: sku.to_owned(),
        quantity_milli: pieces * 1_000,
        unit_price_micros: pence * 10_000,
        amount_minor: pieces * pence,
        ..Line::default()
    }
}

async fn explained(campaigns: &[&str]) -> (Receipt, Answer) {
    let receipt = Receipt {
        receipt_id: "R1".to_owned(),
        sold_at: Some(tessera_proto::Timestamp { seconds: 1_795_000_000, nanos: 0 }),
        business_date: "2026-11-18".to_owned(),
        store_id: "S1".to_owned(),
        till_id: "T1".to_owned(),
        cashier_id: "anna".to_owned(),
        currency_code: "GBP".to_owned(),
        lines: vec![line("1", "SOCKS", 3, 333), line("2", "PACK", 10, 120), line("3", "MILK", 1, 99)],
        ..Receipt::default()
    };
    let request = QuoteRequest {
        receipt: Some(receipt.clone()),
        quote_no: 1,
        explain: true,
        explain_ids: campaigns.iter().map(|id| (*id).to_owned()).collect(),
        ..QuoteRequest::default()
    };
    let sources = vec![Source { name: "club.yaml".to_owned(), text: PROGRAM.to_owned() }];
    let response = apart::quote(sources, None, &request).await.unwrap();
    (receipt, response.answer.unwrap())
}

#[tokio::test]
async fn p6_the_page_tells_each_campaign_and_adds_up_to_the_totals() {
    let (receipt, answer) = explained(&["hats"]).await;
    adds_up(&receipt, &answer).unwrap();
    let page = page("revision 1, catalogue 0", &receipt, &answer);
    let row = |name: &str| {
        page.lines().find(|line| line.trim_start().starts_with(name)).unwrap_or_else(|| panic!("no {name} in\n{page}"))
    };
    for part in ["yes", "3", "-1.00"] {
        assert!(row("tenth").contains(part), "{page}");
    }
    assert!(row("hats").contains("no") && row("hats").contains("none of its products is on the receipt"), "{page}");
    assert!(row("2 ").contains("10 → 11"), "{page}");
    assert!(row("total").contains("22.98") && row("total").contains("21.98"), "{page}");
    assert!(row("3 ").contains("0.99"), "{page}");
}

#[tokio::test]
async fn p6_an_answer_that_does_not_add_up_is_a_fault_that_is_told() {
    let (receipt, mut answer) = explained(&[]).await;
    answer.explanation[0].amount_minor -= 1;
    assert!(adds_up(&receipt, &answer).unwrap_err().to_string().contains("fault of the engine"));
    let (receipt, mut answer) = explained(&[]).await;
    answer.totals_after.as_mut().unwrap().amount_minor += 1;
    assert!(adds_up(&receipt, &answer).unwrap_err().to_string().contains("the lines sum to"));
}
