//! Bad input at the wire: whatever a till sends, to the gateway or to the engine, a clear error names the field, nothing
//! changes, and the process goes on (P11).

use bytes::Bytes;
use jiff::{Timestamp, ToSpan as _};
use prost::Message;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::refusal::{Refusal, call_error};
use tessera_contract::sold::sold_as_quoted;
use tessera_gateway::Unread;
use tessera_proto::billing::v1::{self, ErrorReason, NoteCode, OutcomeFlag, ReceiptState};
use tokio::runtime::Runtime;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::server::Server;

/// The id of every bad receipt: it must stay unknown.
const BAD: &str = "S1/T9/20261122/1/bad";
/// Stands in a message where bytes that are no UTF-8 are put.
const NOT_UTF8: &str = "not-utf-8";

type Spoil = fn(&mut v1::Receipt);

/// What is done to a good receipt, and the field that the error must name.
const RECEIPTS: &[(&str, Spoil, &str)] = &[
    ("no lines", |receipt| receipt.lines.clear(), "receipt.lines"),
    ("1,001 lines", |receipt| receipt.lines = (0..1_001).map(|n| line(&n.to_string(), "X", 1, 1)).collect(), "receipt.lines"),
    ("a line id twice", |receipt| receipt.lines.push(line("1", "X", 1, 1)), "receipt.lines[1].line_id"),
    ("no quantity", |receipt| receipt.lines[0].quantity_milli = 0, "receipt.lines[0].quantity_milli"),
    ("a quantity below zero", |receipt| receipt.lines[0].quantity_milli = -1_000, "receipt.lines[0].quantity_milli"),
    ("half a piece", |receipt| receipt.lines[0].quantity_milli = 500, "receipt.lines[0].quantity_milli"),
    ("a price beyond all", |receipt| receipt.lines[0].unit_price_micros = i64::MAX, "receipt.lines[0].unit_price_micros"),
    ("quantity × price overflows", overflow, "receipt.lines[0].unit_price_micros"),
    ("an amount that disagrees", |receipt| receipt.lines[0].amount_minor += 2, "receipt.lines[0].amount_minor"),
    ("an unknown currency", |receipt| receipt.currency_code = "XXY".to_owned(), "receipt.currency_code"),
    ("no currency", |receipt| receipt.currency_code.clear(), "receipt.currency_code"),
    ("an id too long", |receipt| receipt.receipt_id = "x".repeat(65), "receipt.receipt_id"),
    ("an id with a control character", |receipt| receipt.receipt_id = "a\u{7}".to_owned(), "receipt.receipt_id"),
    ("no id", |receipt| receipt.receipt_id.clear(), "receipt.receipt_id"),
    ("an id that is no UTF-8", |receipt| receipt.receipt_id = NOT_UTF8.to_owned(), "receipt.receipt_id"),
    ("a text that is no UTF-8", |receipt| receipt.lines[0].description = NOT_UTF8.to_owned(), "receipt.lines.description"),
    ("a sale in the far future", |receipt| receipt.sold_at.as_mut().unwrap().seconds += 3 * 86_400, "receipt.sold_at"),
    ("no time", |receipt| receipt.sold_at = None, "receipt.sold_at"),
    ("a date that is none", |receipt| receipt.business_date = "2026-02-30".to_owned(), "receipt.business_date"),
    ("an unknown enum value", |receipt| receipt.lines[0].price_reason = 99, "receipt.lines[0].price_reason"),
    (
        "an unknown tender",
        |receipt| receipt.tenders.push(v1::Tender { kind: 77, ..Default::default() }),
        "receipt.tenders[0].kind",
    ),
    (
        "a payment card in a description",
        |receipt| receipt.lines[0].description = "4111 1111 1111 1111".to_owned(),
        "receipt.lines[0].description",
    ),
    (
        "21 codes",
        |receipt| receipt.codes = (0..21).map(|n| v1::PresentedCode { code: format!("C{n}"), entry_method: 0 }).collect(),
        "receipt.codes",
    ),
];

fn overflow(receipt: &mut v1::Receipt) {
    receipt.lines[0].quantity_milli = 1_000_000_000_000;
    receipt.lines[0].unit_price_micros = 1_000_000_000_000_000;
}

fn line(id: &str, sku: &str, pieces: i64, pence: i64) -> v1::Line {
    v1::Line {
        line_id: id.to_owned(),
        sku: sku.to_owned(),
        quantity_milli: pieces * 1_000,
        unit_price_micros: pence * 10_000,
        amount_minor: pieces * pence,
        ..Default::default()
    }
}

/// A good receipt of a customer who is not known yet, and who becomes known with it.
fn of_somebody(id: &str) -> v1::Receipt {
    let identity = v1::customer_identity::Identity::CardNumber("1001".to_owned());
    let customer = v1::CustomerIdentity { identity: Some(identity), ..Default::default() };
    v1::Receipt { customer: Some(customer), ..receipt(id) }
}

/// A good receipt, sold now.
fn receipt(id: &str) -> v1::Receipt {
    let now = Timestamp::now();
    v1::Receipt {
        receipt_id: id.to_owned(),
        sold_at: Some(timestamp_to_wire(now)),
        business_date: now.to_zoned(jiff::tz::TimeZone::UTC).date().to_string(),
        store_id: "S1".to_owned(),
        till_id: "T9".to_owned(),
        currency_code: "GBP".to_owned(),
        lines: vec![line("1", "NEVER-HEARD-OF", 1, 500)],
        ..Default::default()
    }
}

fn quote(receipt: v1::Receipt) -> v1::QuoteRequest {
    v1::QuoteRequest { receipt: Some(receipt), quote_no: 1, ..Default::default() }
}

fn settle(receipt: v1::Receipt, token: Bytes) -> v1::SettleRequest {
    v1::SettleRequest { receipt: Some(receipt), quote_token: token, ..Default::default() }
}

/// A return of pieces of a good receipt.
fn give_back(id: &str, original: &str, pieces: i64, mode: v1::ReturnMode) -> v1::ReturnRequest {
    let goods = line("1", "NEVER-HEARD-OF", pieces, 500);
    let like = receipt(id);
    v1::ReturnRequest {
        receipt_id: id.to_owned(),
        mode: i32::from(mode),
        original: Some(v1::return_request::Original::OriginalReceiptId(original.to_owned())),
        returned_at: like.sold_at,
        business_date: like.business_date,
        store_id: like.store_id,
        till_id: like.till_id,
        currency_code: like.currency_code,
        lines: vec![v1::ReturnedLine {
            line_id: "1".to_owned(),
            original_line_id: "1".to_owned(),
            sku: goods.sku,
            quantity_milli: goods.quantity_milli,
            unit_price_micros: goods.unit_price_micros,
            amount_minor: goods.amount_minor,
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// Who is asked, on one connection.
struct Asked {
    name: &'static str,
    runtime: Runtime,
    channel: Channel,
}

impl Asked {
    fn new(name: &'static str, url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let endpoint = Endpoint::from_shared(url.to_owned()).unwrap();
        let channel = runtime.block_on(endpoint.connect()).unwrap();
        Self { name, runtime, channel }
    }

    fn send(&self, call: &str, message: Bytes) -> Result<Bytes, Status> {
        let path = PathAndQuery::try_from(format!("/tessera.billing.v1.BillingService/{call}")).unwrap();
        let mut client = Grpc::new(self.channel.clone());
        self.runtime.block_on(async {
            client.ready().await.unwrap();
            // Bytes, so that a message can be sent that no library would make.
            client.unary(Request::new(message), path, Unread).await.map(tonic::Response::into_inner)
        })
    }

    /// The answer to a message that must go through.
    fn ask<A: Message + Default>(&self, call: &str, message: &impl Message) -> A {
        let answer = self.send(call, message.encode_to_vec().into());
        A::decode(answer.unwrap_or_else(|status| panic!("{}: {call}: {status:?}", self.name))).unwrap()
    }

    /// The refusal of a message that must not; [`NOT_UTF8`] in it is made what it says.
    fn refused(&self, what: &str, call: &str, message: &impl Message) -> Status {
        let mut bytes = message.encode_to_vec();
        if let Some(place) = bytes.windows(NOT_UTF8.len()).position(|window| window == NOT_UTF8.as_bytes()) {
            bytes[place..place + NOT_UTF8.len()].fill(0xff);
        }
        let answer = self.send(call, bytes.into());
        answer.err().unwrap_or_else(|| panic!("{}: {call} with {what} went through", self.name))
    }

    /// What is known of a receipt.
    fn state(&self, id: &str) -> ReceiptState {
        let wanted = v1::get_receipt_request::Receipt::ReceiptId(id.to_owned());
        let request = v1::GetReceiptRequest { receipt: Some(wanted), ..Default::default() };
        self.ask::<v1::GetReceiptResponse>("GetReceipt", &request).state()
    }
}

/// The error is one of the input.
fn check_field(asked: &Asked, what: &str, status: &Status, field: &str) {
    assert_eq!(status.code(), Code::InvalidArgument, "{}: {what}: {status:?}", asked.name);
    check_names(asked, what, status, field);
}

/// The error names the field, and says something of it.
fn check_names(asked: &Asked, what: &str, status: &Status, field: &str) {
    let at = format!("{}: {what}", asked.name);
    let error = call_error(status);
    let named = error.field_violations.iter().find(|violation| violation.field == field);
    assert!(named.is_some_and(|violation| !violation.description.is_empty()), "{at}: {field} is not in {error:?}");
    assert!(!status.message().contains("4111"), "{at}: the value is repeated");
}

fn check_reason(asked: &Asked, what: &str, status: &Status, code: Code, reason: ErrorReason) {
    let told = (status.code(), Refusal::from_status(status));
    assert_eq!(told, (code, Some(reason)), "{}: {what}: {status:?}", asked.name);
}

#[test]
fn p11_bad_input_is_an_error_that_names_its_field_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"));
    for asked in [Asked::new("gateway", &server.gateway), Asked::new("engine", &server.engine_endpoint())] {
        let fed = server.fed();
        for (what, spoil, field) in RECEIPTS {
            let mut bad = of_somebody(BAD);
            spoil(&mut bad);
            let status = asked.refused(what, "Quote", &quote(bad.clone()));
            check_field(&asked, what, &status, field);
            let status = asked.refused(what, "Settle", &settle(bad, Bytes::new()));
            check_field(&asked, what, &status, field);
        }
        let long = v1::QuoteRequest { confirmation_code: "x".repeat(1 << 20), ..quote(receipt(BAD)) };
        let status = asked.refused("a message over the limit", "Quote", &long);
        check_reason(&asked, "a message over the limit", &status, Code::ResourceExhausted, ErrorReason::LimitExceeded);
        assert!(status.message().contains("1048576"), "{status:?}");
        // A gateway answers for an engine that is older than the till.
        if asked.name == "engine" {
            let later = v1::QuoteRequest { contract_minor: 1_000, ..quote(receipt(BAD)) };
            let status = asked.refused("a later contract", "Quote", &later);
            check_reason(&asked, "a later contract", &status, Code::FailedPrecondition, ErrorReason::UpgradeEngine);
            check_names(&asked, "a later contract", &status, "contract_minor");
        }
        let nothing = v1::QuoteRequest { quote_no: 1, ..Default::default() };
        check_field(&asked, "no receipt", &asked.refused("no receipt", "Quote", &nothing), "receipt");
        let nothing = v1::SettleRequest::default();
        check_field(&asked, "no receipt", &asked.refused("no receipt", "Settle", &nothing), "receipt");
        let status = asked.refused("bytes that are no message", "Quote", &"text".to_owned());
        check_field(&asked, "bytes that are no message", &status, "contract_minor");
        // All faults at once.
        let mut two = receipt(BAD);
        two.currency_code.clear();
        two.lines[0].quantity_milli = -5;
        let status = asked.refused("two faults", "Quote", &quote(two));
        check_field(&asked, "two faults", &status, "receipt.currency_code");
        check_field(&asked, "two faults", &status, "receipt.lines[0].quantity_milli");
        assert_eq!(asked.state(BAD), ReceiptState::Unknown, "{}: a bad receipt is known", asked.name);
        assert_eq!(server.fed(), fed, "{}: something was committed", asked.name);
        what_is_sold_all_the_same(&asked);
        what_cannot_come_back(&asked);
    }
}

/// An article that nobody knows, and tokens that are none: the sale is a fact, and the answer or the outcome says so.
fn what_is_sold_all_the_same(asked: &Asked) {
    let id = |name: &str| format!("S1/T9/20261122/{}/{name}", asked.name);
    let quoted = |name: &str| asked.ask::<v1::QuoteResponse>("Quote", &quote(receipt(&id(name))));
    let good = quoted("good");
    let answer = good.answer.as_ref().unwrap();
    let notes: Vec<_> = answer.notes.iter().map(v1::Note::code).collect();
    assert_eq!(notes, [NoteCode::NoRevision, NoteCode::UnknownSku], "{}: nobody has published a program here", asked.name);
    let token = good.quote_token.to_vec();
    let mut forged = token.clone();
    *forged.last_mut().unwrap() ^= 1;
    let tokens = [("forged", forged), ("cut", token[..40].to_vec()), ("anothers", quoted("other").quote_token.to_vec())];
    for (name, token) in tokens {
        let settled = asked.ask::<v1::SettleResponse>("Settle", &settle(receipt(&id(name)), token.into()));
        let outcome = settled.outcome.unwrap();
        let flags: Vec<OutcomeFlag> = outcome.flags().collect();
        assert!(flags.contains(&OutcomeFlag::TokenRejected), "{}: {name}: {flags:?}", asked.name);
        assert_eq!(outcome.totals_after.unwrap().amount_minor, 500, "what was paid is the fact");
    }
    let (sold, added_lines) = sold_as_quoted(&receipt(&id("good")), answer);
    let request = v1::SettleRequest { added_lines, ..settle(sold, good.quote_token.clone()) };
    let outcome = asked.ask::<v1::SettleResponse>("Settle", &request).outcome.unwrap();
    assert_eq!(outcome.flags().collect::<Vec<_>>(), [OutcomeFlag::UnknownSku], "{}", asked.name);
}

/// Returns that do not fit the sale of which they are.
fn what_cannot_come_back(asked: &Asked) {
    let sold = format!("S1/T9/20261122/{}/good", asked.name);
    for mode in [v1::ReturnMode::Preview, v1::ReturnMode::Done] {
        let mixed = v1::ReturnRequest { currency_code: "EUR".to_owned(), ..give_back(BAD, &sold, 1, mode) };
        let what = "another currency than the sale's";
        check_field(asked, what, &asked.refused(what, "Return", &mixed), "currency_code");
        let mut far = give_back(BAD, &sold, 1, mode);
        far.returned_at = Some(timestamp_to_wire(Timestamp::now().checked_add(72.hours()).unwrap()));
        let what = "a return in the far future";
        check_field(asked, what, &asked.refused(what, "Return", &far), "returned_at");
    }
    let what = "more than was sold";
    let status = asked.refused(what, "Return", &give_back(BAD, &sold, 2, v1::ReturnMode::Preview));
    check_reason(asked, what, &status, Code::FailedPrecondition, ErrorReason::MoreThanSold);
    check_names(asked, what, &status, "lines[0].quantity_milli");
    let what = "an unknown original";
    let status = asked.refused(what, "Return", &give_back(BAD, "S1/T9/20261122/1/never", 1, v1::ReturnMode::Preview));
    check_reason(asked, what, &status, Code::NotFound, ErrorReason::UnknownOriginal);
    check_names(asked, what, &status, "original_receipt_id");
    assert_eq!((asked.state(BAD), asked.state(&sold)), (ReceiptState::Unknown, ReceiptState::Settled), "{}", asked.name);
}
