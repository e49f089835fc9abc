//! What a person types and writes, and what is made of it.

use clap::Parser as _;
use jiff::Zoned;
use tessera_proto::billing::v1::{FieldViolation, QuoteRequest, Receipt, ReturnMode, ReturnRequest};
use tessera_till::{CallName, Refusal};
use tonic::Code;

use super::failure::TillFailure;
use super::input::Input;
use super::*;

#[derive(Debug, clap::Parser)]
struct Typed {
    #[command(flatten)]
    till: TillArgs,
}

fn typed(words: &str) -> Result<TillArgs, clap::Error> {
    Typed::try_parse_from(["till"].into_iter().chain(words.split(' '))).map(|typed| typed.till)
}

fn now() -> Zoned {
    "2026-11-22T10:15:00+01:00[+01:00]".parse().unwrap()
}

#[test]
fn options_may_stand_before_and_behind_the_call() {
    for words in ["--json quote a.json", "quote --json a.json", "quote a.json --endpoint http://h:1 --json"] {
        assert!(typed(words).unwrap().common.json, "{words}");
    }
    assert_eq!(typed("get r1").unwrap().common.endpoint, "http://127.0.0.1:7302");
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    for words in [
        "return",
        "return a.json --of r1",
        "return a.json --line 1=1",
        "identify",
        "identify a.json --card 1",
        "settle a.json --decline x --without-quote",
        "quote",
        "claim r1 --card 1",
        "claim r1 --code A --card 1 --cashier c",
    ] {
        assert!(typed(words).is_err(), "{words}");
    }
    for words in [
        "return --of r1 --line 1=2 --line 3 --done",
        "return -",
        "claim r1 --code A --card 1 --store S1 --cashier c",
        "identify --card 4000123",
        "settle - --decline a --decline b",
    ] {
        typed(words).unwrap();
    }
}

#[test]
fn bad_json_names_line_column_and_field() {
    for (text, line, field, part) in [
        ("{\n \"storeId\": \"S1\",\n \"lines\": [{\"lineId\": \"1\", \"amountMinor\": \"x\"}]\n}", 3, "lines[0].amountMinor", ""),
        ("{\"storeId\": \"S1\",\n \"store\": 1}", 2, "store", "unknown field `store`"),
        ("{\"storeId\": \"S1\"", 1, "", "EOF"),
        ("{} {}", 1, "", "trailing"),
        ("{\"tillCharset\": \"KLINGON\"}", 1, "tillCharset", "KLINGON"),
    ] {
        let error = Input::of(text).message::<Receipt>().unwrap_err();
        let TillFailure::Json { line: found, column, field: named, problem, .. } = &error else { panic!("{error}") };
        assert_eq!((*found, named.as_str()), (line, field), "{error}");
        assert!(*column > 0 && problem.contains(part), "{error}");
        assert!(error.to_string().starts_with(&format!("test.json, line {line}, column {column}: ")), "{error}");
    }
}

#[test]
fn what_a_till_would_mint_is_filled_in_and_told() {
    let mut request = QuoteRequest {
        receipt: Some(Receipt { store_id: "S1".into(), till_id: "T9".into(), ..Receipt::default() }),
        ..QuoteRequest::default()
    };
    let filled = fill::quote(&mut request, &now()).unwrap().join("; ");
    let receipt = request.receipt.unwrap();
    assert!(receipt.receipt_id.starts_with("S1/T9/20261122/1/"), "{}", receipt.receipt_id);
    assert_eq!((receipt.business_date.as_str(), request.quote_no), ("2026-11-22", 1));
    assert_eq!(receipt.sold_at.unwrap().seconds, now().timestamp().as_second());
    for told in ["soldAt", "businessDate 2026-11-22", &receipt.receipt_id, "quoteNo 1"] {
        assert!(filled.contains(told), "{told}: {filled}");
    }
}

#[test]
fn what_is_given_stays_and_nothing_is_told() {
    let given = tessera_proto::Timestamp { seconds: 1_795_388_400, nanos: 0 };
    let receipt = Receipt {
        receipt_id: "S1/T1/20261122/7/a".into(),
        sold_at: Some(given),
        business_date: "2026-11-23".into(),
        ..Receipt::default()
    };
    let mut request = QuoteRequest { receipt: Some(receipt.clone()), quote_no: 4, ..QuoteRequest::default() };
    assert!(fill::quote(&mut request, &now()).unwrap().is_empty());
    assert_eq!((request.receipt, request.quote_no), (Some(receipt), 4));
}

#[test]
fn the_trading_day_follows_the_time_of_the_sale_where_only_that_is_given() {
    // An hour before midnight in UTC is the next day here.
    let sold_at = Some(tessera_proto::Timestamp { seconds: 1_795_390_200, nanos: 0 });
    let mut receipt = Receipt { receipt_id: "r".into(), sold_at, ..Receipt::default() };
    fill::receipt(&mut receipt, &now()).unwrap();
    assert_eq!(receipt.business_date, "2026-11-23");
}

#[test]
fn a_return_without_a_mode_is_a_preview() {
    let mut request = ReturnRequest { store_id: "S1".into(), till_id: "T9".into(), ..ReturnRequest::default() };
    let filled = fill::return_goods(&mut request, &now()).unwrap().join("; ");
    assert_eq!(request.mode(), ReturnMode::Preview);
    assert!(filled.contains("RETURN_MODE_PREVIEW"), "{filled}");
}

#[test]
fn an_id_cannot_be_minted_without_a_store_and_the_error_says_what_to_write() {
    let mut receipt = Receipt { till_id: "T9".into(), ..Receipt::default() };
    let error = fill::receipt(&mut receipt, &now()).unwrap_err().to_string();
    assert!(error.contains("storeId"), "{error}");
}

#[test]
fn endpoints_that_are_no_address_are_refused_with_what_to_say() {
    for endpoint in ["", "localhost", "127.0.0.1:7302", "http://", "http://h", "ftp://h:1"] {
        let refused = Link::open(endpoint);
        assert!(matches!(&refused, Err(TillFailure::Endpoint { .. })), "{endpoint}: {refused:?}");
    }
    assert!(matches!(Link::open("https://h:1"), Err(TillFailure::Identity(_))), "it asks for a certificate");
}

fn failure(code: Code, link: bool) -> String {
    let fault = FieldViolation { field: "receipt.lines[0].quantity_milli".into(), description: "must be above 0".into() };
    let refusal = Refusal {
        code,
        reason: "INVALID_RECEIPT".into(),
        message: "the receipt has a fault".into(),
        field_violations: if link { Vec::new() } else { vec![fault] },
        retry_after: None,
        link,
    };
    TillFailure::Call { call: CallName::Quote, endpoint: "http://127.0.0.1:7302".into(), refusal: Box::new(refusal) }.to_string()
}

#[test]
fn a_refusal_names_the_fields_and_what_to_do() {
    insta::assert_snapshot!(failure(Code::InvalidArgument, false), @r"
    Quote was refused: the receipt has a fault (INVALID_RECEIPT)
      receipt.lines[0].quantity_milli: must be above 0
      nothing changed; correct it and send it again
    ");
}

#[test]
fn a_single_fault_that_is_the_message_is_told_once() {
    let fault = FieldViolation { field: "lines".into(), description: "must not be empty".into() };
    let refusal = Refusal {
        code: Code::InvalidArgument,
        reason: "INVALID_RECEIPT".into(),
        message: "lines: must not be empty".into(),
        field_violations: vec![fault],
        retry_after: None,
        link: false,
    };
    let told = TillFailure::Call { call: CallName::Quote, endpoint: String::new(), refusal: Box::new(refusal) }.to_string();
    assert_eq!(told.matches("must not be empty").count(), 1, "{told}");
}

#[test]
fn a_connection_that_is_refused_says_how_to_start() {
    let told = failure(Code::Unavailable, true);
    for part in ["http://127.0.0.1:7302", "tessera serve", "tessera demo", "--endpoint"] {
        assert!(told.contains(part), "{told}");
    }
}

#[tokio::test]
async fn nobody_there_is_told_as_such() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Link::open(&endpoint).unwrap().quote(QuoteRequest::default()).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("nobody answers at {endpoint}")), "{error}");
}
