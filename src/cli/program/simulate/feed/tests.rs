//! Tests of outcomes read as receipts.

use tessera_proto::billing::v1::{Adjustment, CodeVerdict, OutcomeLine, QuantityKind, Redemption, SoldPart, Tender, TenderKind};

use super::*;

fn line(id: &str, milli: i64, rung_up: i64) -> OutcomeLine {
    OutcomeLine {
        line_id: id.to_owned(),
        sku: "A".to_owned(),
        quantity_milli: milli,
        quantity_kind: QuantityKind::Counted.into(),
        unit_price_micros: 1_000_000,
        rung_up_minor: rung_up,
        paid_minor: rung_up,
        ..OutcomeLine::default()
    }
}

fn outcome(kind: OutcomeKind, id: &str, lines: Vec<OutcomeLine>) -> Outcome {
    Outcome {
        format: 1,
        outcome_id: id.to_owned(),
        kind: kind.into(),
        receipt_id: id.to_owned(),
        store_id: "S1".to_owned(),
        till_id: "1".to_owned(),
        sold_at: Some(tessera_proto::Timestamp { seconds: 1_795_000_000, nanos: 0 }),
        business_date: "2026-11-18".to_owned(),
        currency_code: "GBP".to_owned(),
        lines,
        ..Outcome::default()
    }
}

fn read(outcomes: Vec<Outcome>) -> Result<Receipts, Failure> {
    let mut read = Read::new(Currency::from_code("GBP").unwrap());
    outcomes.into_iter().try_for_each(|outcome| read.take(outcome))?;
    read.finish()
}

fn part(milli: i64, minor: i64, by: i64) -> SoldPart {
    let adjustments = vec![Adjustment { campaign_id: "c".to_owned(), amount_minor: by, ..Adjustment::default() }];
    SoldPart { quantity_milli: milli, amount_minor: minor, adjustments, ..SoldPart::default() }
}

#[test]
fn a_sale_is_what_the_till_rang_up_without_what_campaigns_did() {
    // Ten bought, one made free and one added; and a gift on a line of its own.
    let mut bought = line("1", 11_000, 1_000);
    bought.parts = vec![part(9_000, 900, 0), part(1_000, 0, -100), part(1_000, 0, 0)];
    let gift = OutcomeLine { added: true, campaign_id: "c".to_owned(), ..line("+1", 1_000, 0) };
    let mut sold = outcome(OutcomeKind::Settle, "R1", vec![bought, gift]);
    sold.customer_id = "c7".to_owned();
    sold.code_verdicts = vec![CodeVerdict { code: "SUMMER".to_owned(), ..CodeVerdict::default() }];
    sold.redemptions = vec![Redemption { asset_id: "points".to_owned(), units: 30, amount_minor: 30, ..Redemption::default() }];
    sold.tenders = vec![Tender { kind: TenderKind::Cash.into(), amount_minor: 870, ..Tender::default() }];
    let receipts = read(vec![sold]).unwrap();
    let sale = &receipts.sales[0];
    assert_eq!((sale.lines.len(), sale.lines[0].quantity.milli(), sale.lines[0].amount.minor()), (1, 10_000, 1_000));
    assert_eq!((sale.customer.as_deref(), sale.codes.len()), (Some("customer:c7"), 1));
    let receipt = sale.receipt();
    assert_eq!((receipt.redeem_requested.len(), receipt.tenders.len()), (1, 1));
    assert!(receipts.remarks[0].contains("no attributes of lines"), "{:?}", receipts.remarks);
}

#[test]
fn goods_come_back_to_the_receipt_that_they_were_sold_on() {
    let mut back = line("1", 2_000, 200);
    (back.original_line_id, back.paid_minor) = ("1".to_owned(), 150);
    let mut returned = outcome(OutcomeKind::Return, "R2", vec![back]);
    returned.original_receipt_id = "R1".to_owned();
    let receipts = read(vec![outcome(OutcomeKind::Settle, "R1", vec![line("1", 3_000, 300)]), returned]).unwrap();
    let back = &receipts.sales[1];
    assert_eq!((back.kind, back.original.as_deref(), back.lines[0].amount.minor()), (SaleKind::Return, Some("R1"), 150));
    assert_eq!(back.return_request().lines[0].original_line_id, "1");
}

#[test]
fn a_claimed_sale_is_its_customers_and_what_is_no_sale_is_counted() {
    let mut claim = outcome(OutcomeKind::Claim, "R1#claim", vec![line("1", 1_000, 100)]);
    (claim.original_receipt_id, claim.customer_id) = ("R1".to_owned(), "c7".to_owned());
    let mut euro = outcome(OutcomeKind::Settle, "R3", vec![line("1", 1_000, 100)]);
    euro.currency_code = "EUR".to_owned();
    let sold = |id: &str| outcome(OutcomeKind::Settle, id, vec![line("1", 1_000, 100)]);
    let enrolled = outcome(OutcomeKind::Enrolment, "e", Vec::new());
    let receipts = read(vec![sold("R1"), sold("R2"), enrolled, claim, euro]).unwrap();
    let customers: Vec<Option<&str>> = receipts.sales.iter().map(|sale| sale.customer.as_deref()).collect();
    assert_eq!(customers, [Some("customer:c7"), None]);
    assert_eq!(receipts.sales[0].receipt().customer, outcome::identity("c7".to_owned()));
    assert!(receipts.remarks[1].starts_with("1 sales and returns in other currencies than GBP"), "{:?}", receipts.remarks);
    assert!(receipts.remarks[2].starts_with("1 outcomes without goods"), "{:?}", receipts.remarks);
}

#[test]
fn p11_one_receipt_that_cannot_be_read_does_not_end_the_reading() {
    // Eleven units in one part, one of them added: the price and amount are of ten.
    let mut merged = line("1", 11_000, 1_000);
    merged.parts = vec![part(11_000, 1_000, 0)];
    let good = outcome(OutcomeKind::Settle, "R2", vec![line("1", 1_000, 100)]);
    let receipts = read(vec![outcome(OutcomeKind::Settle, "R1", vec![merged]), good]).unwrap();
    assert_eq!(receipts.sales.len(), 1);
    assert!(receipts.remarks[1].contains("1 outcomes could not be read as receipts"), "{:?}", receipts.remarks);
    assert!(receipts.remarks[1].contains("the first of them R1: "), "{:?}", receipts.remarks);
}

#[test]
fn p11_a_feed_that_cannot_be_used_says_why() {
    let later = Outcome { format: 2, ..outcome(OutcomeKind::Settle, "R1", vec![line("1", 1_000, 100)]) };
    let broken = Outcome { store_id: String::new(), ..outcome(OutcomeKind::Settle, "R1", vec![line("1", 1_000, 100)]) };
    for (outcomes, told) in [
        (vec![later], "outcome R1 is of a later format, 2"),
        (vec![broken], "1 outcomes could not be read as receipts and were left out, the first of them R1: "),
        (Vec::new(), "the feed holds no sale in GBP"),
    ] {
        let refused = read(outcomes).unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
}
