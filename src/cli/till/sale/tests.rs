//! Requests that are made around what a person wrote.

use tessera_proto::billing::v1::{Adjustment, Answer, ChangedLine, Line, SoldPart, Totals};

use super::*;

#[test]
fn a_bare_receipt_and_a_whole_request_are_told_apart_by_their_fields() {
    let bare = quote_request(&Input::of(r#"{"receiptId":"r1","lines":[]}"#)).unwrap();
    assert_eq!((bare.receipt.unwrap().receipt_id.as_str(), bare.quote_no), ("r1", 1));
    let whole = quote_request(&Input::of(r#"{"receipt":{"receiptId":"r1"},"quoteNo":"7"}"#)).unwrap();
    assert_eq!((whole.receipt.unwrap().receipt_id.as_str(), whole.quote_no), ("r1", 7));
    let other_name = quote_request(&Input::of(r#"{"quote_no":3}"#)).unwrap();
    assert_eq!((other_name.receipt, other_name.quote_no), (None, 3));
}

fn quoted(status: QuoteStatus) -> QuoteResponse {
    let part = |quantity_milli, amount_minor, off| SoldPart {
        quantity_milli,
        unit_price_micros: 900_000,
        amount_minor,
        adjustments: vec![Adjustment { campaign_id: "c".into(), amount_minor: off, ..Adjustment::default() }],
    };
    let changed = ChangedLine { line_id: "1".into(), parts: vec![part(1_000, 80, -10)], ..ChangedLine::default() };
    let added = ChangedLine {
        line_id: "+1".into(),
        added: true,
        sku: "CRISPS".into(),
        decline_id: "+1".into(),
        parts: vec![part(1_000, 0, 0)],
        ..ChangedLine::default()
    };
    let answer = Answer {
        lines: vec![changed, added],
        totals_after: Some(Totals { amount_minor: 80, due_minor: 80, ..Totals::default() }),
        ..Answer::default()
    };
    QuoteResponse { status: status.into(), answer: Some(answer), quote_token: vec![1, 2].into(), ..QuoteResponse::default() }
}

fn receipt() -> Receipt {
    let line = Line { line_id: "1".into(), sku: "CRISPS".into(), quantity_milli: 1_000, amount_minor: 90, ..Line::default() };
    Receipt {
        receipt_id: "r1".into(),
        currency_code: "GBP".into(),
        lines: vec![line],
        cash_rounding_minor: -2,
        ..Receipt::default()
    }
}

#[test]
fn a_bare_receipt_settles_as_quoted_with_the_token_and_paid_in_cash() {
    let request = settle_request(receipt(), &quoted(QuoteStatus::Ok), 3, &[]).unwrap();
    let sold = request.receipt.unwrap();
    assert_eq!(sold.lines[0].sold_parts[0].amount_minor, 80);
    assert_eq!(request.added_lines.len(), 1);
    assert_eq!((&request.quote_token[..], request.attempt), (&[1, 2][..], 3));
    assert_eq!((sold.tenders.len(), sold.tenders[0].amount_minor), (1, 78), "the rounding is the customer's");
}

#[test]
fn what_is_declined_is_left_out_and_named() {
    let request = settle_request(receipt(), &quoted(QuoteStatus::Ok), 0, &["+1".to_owned()]).unwrap();
    assert!(request.added_lines.is_empty());
    assert_eq!(request.declined_ids, ["+1"]);
}

#[test]
fn tenders_that_are_given_stay() {
    let paid = Tender { kind: TenderKind::Card.into(), amount_minor: 80, ..Tender::default() };
    let receipt = Receipt { tenders: vec![paid.clone()], ..receipt() };
    let request = settle_request(receipt, &quoted(QuoteStatus::Ok), 0, &[]).unwrap();
    assert_eq!(request.receipt.unwrap().tenders, [paid]);
}

#[test]
fn a_quote_that_promises_nothing_settles_nothing_and_says_what_to_do() {
    for (status, part) in [(QuoteStatus::Voided, "--attempt"), (QuoteStatus::Superseded, "SUPERSEDED")] {
        let error = settle_request(receipt(), &quoted(status), 0, &[]).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_void_takes_store_and_till_from_the_receipts_id_unless_they_are_said() {
    let args = |receipt_id: &str, store: Option<&str>, till: Option<&str>| VoidArgs {
        receipt_id: receipt_id.to_owned(),
        store: store.map(str::to_owned),
        till: till.map(str::to_owned),
        attempt: 1,
    };
    let places = |args| void_request(args).map(|request| (request.store_id, request.till_id));
    assert_eq!(places(args("S1/T9/20261122/1/a", None, None)).unwrap(), ("S1".to_owned(), "T9".to_owned()));
    assert_eq!(places(args("r1", Some("S2"), Some("T2"))).unwrap(), ("S2".to_owned(), "T2".to_owned()));
    assert!(places(args("r1", None, Some("T2"))).unwrap_err().to_string().contains("--store"));
}

#[test]
fn an_id_from_the_command_line_goes_into_a_receipt_that_has_none_and_never_over_another() {
    let mut bare = Receipt::default();
    take_id(&mut bare, Some("r7")).unwrap();
    take_id(&mut bare, Some("r7")).unwrap();
    take_id(&mut bare, None).unwrap();
    assert_eq!(bare.receipt_id, "r7");
    assert!(take_id(&mut bare, Some("r8")).unwrap_err().to_string().contains("the file says r7"));
}
