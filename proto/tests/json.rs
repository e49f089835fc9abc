//! The JSON form of the messages is proto3's standard one, the same that `grpcurl` reads and writes.

use prost::Message as _;
use tessera_proto::Timestamp;
use tessera_proto::billing::v1::{
    CustomerIdentity, EntryMethod, Line, QuantityKind, QuoteResponse, QuoteStatus, Receipt, customer_identity::Identity,
};

fn receipt() -> Receipt {
    Receipt {
        receipt_id: "S1/T1/20261122/7/a1".into(),
        sold_at: Some(Timestamp { seconds: 1_795_338_000, nanos: 0 }),
        customer: Some(CustomerIdentity {
            identity: Some(Identity::CardNumber("4000123".into())),
            entry_method: EntryMethod::Scanned.into(),
        }),
        currency_code: "EUR".into(),
        lines: vec![Line {
            line_id: "1".into(),
            quantity_milli: 2_000,
            quantity_kind: QuantityKind::Counted.into(),
            unit_price_micros: 1_250_000,
            amount_minor: 250,
            regular_unit_price_micros: Some(0),
            ..Line::default()
        }],
        cash_rounding_minor: -2,
        ..Receipt::default()
    }
}

#[test]
fn a_receipt_has_the_standard_json_form() {
    let json = serde_json::to_value(receipt()).unwrap();
    let expected = serde_json::json!({
        "receiptId": "S1/T1/20261122/7/a1",
        "soldAt": "2026-11-22T09:00:00+00:00",
        "customer": { "cardNumber": "4000123", "entryMethod": "ENTRY_METHOD_SCANNED" },
        "currencyCode": "EUR",
        "lines": [{
            "lineId": "1",
            "quantityMilli": "2000",
            "quantityKind": "QUANTITY_KIND_COUNTED",
            "unitPriceMicros": "1250000",
            "amountMinor": "250",
            "regularUnitPriceMicros": "0",
        }],
        "cashRoundingMinor": "-2",
    });
    assert_eq!(json, expected);
}

#[test]
fn json_and_wire_carry_the_same_receipt() {
    let json = serde_json::to_string(&receipt()).unwrap();
    let from_json: Receipt = serde_json::from_str(&json).unwrap();
    let from_wire = Receipt::decode(receipt().encode_to_vec().as_slice()).unwrap();
    assert_eq!(from_json, from_wire);
    assert_eq!(from_json, receipt());
}

#[test]
fn proto_names_plain_numbers_and_z_times_are_read_too() {
    let text = r#"{"receipt_id":"a","sold_at":"2026-11-22T09:00:00Z","cash_rounding_minor":-2}"#;
    let read: Receipt = serde_json::from_str(text).unwrap();
    assert_eq!((read.receipt_id.as_str(), read.cash_rounding_minor, read.sold_at), ("a", -2, receipt().sold_at));
}

#[test]
fn an_unknown_field_or_enum_value_is_refused_by_name() {
    for (text, named) in [(r#"{"amount":1}"#, "amount"), (r#"{"tillCharset":"TILL_CHARSET_KLINGON"}"#, "TILL_CHARSET_KLINGON")] {
        let error = serde_json::from_str::<Receipt>(text).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn opaque_bytes_are_base64() {
    let response =
        QuoteResponse { status: QuoteStatus::Ok.into(), quote_token: vec![0xfb, 0xff, 0x00].into(), ..QuoteResponse::default() };
    let json = serde_json::to_value(&response).unwrap();
    assert_eq!(json["quoteToken"], "+/8A");
    assert_eq!(serde_json::from_value::<QuoteResponse>(json).unwrap(), response);
}
