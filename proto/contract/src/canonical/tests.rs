//! H2: any change of the content changes the hash, no change of the envelope does; and the bytes are fixed.

use serde_json::Value;
use tessera_proto::billing::v1;

use super::*;
use crate::read::{read_quote, read_settle};
use crate::sample;

/// All ways to change one thing in a message in JSON: each scalar, each list made shorter, each field
/// removed.
fn changes(value: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    collect(value, value, String::new(), &mut found);
    found
}

fn collect(root: &Value, value: &Value, pointer: String, found: &mut Vec<(String, Value)>) {
    let mut put = |other: Value| {
        let mut changed = root.clone();
        *changed.pointer_mut(&pointer).expect("is there") = other;
        found.push((pointer.clone(), changed));
    };
    match value {
        Value::String(text) => put(Value::String(changed_text(text))),
        Value::Bool(flag) => put(Value::Bool(!flag)),
        Value::Number(number) => put(Value::from(number.as_i64().expect("is whole") + 1)),
        Value::Array(items) => {
            put(Value::Array(items.iter().skip(1).cloned().collect()));
            let doubled: Vec<Value> = items.iter().chain(items.first()).cloned().collect();
            put(Value::Array(doubled));
            for (index, item) in items.iter().enumerate() {
                collect(root, item, format!("{pointer}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let mut without = root.clone();
                without.pointer_mut(&pointer).and_then(Value::as_object_mut).expect("is an object").remove(name);
                found.push((format!("{pointer}/{name} removed"), without));
                collect(root, field, format!("{pointer}/{name}"), found);
            }
        }
        Value::Null => {}
    }
}

/// Another text of the same form: the JSON form writes enums, times, bytes and 64-bit numbers as strings.
fn changed_text(text: &str) -> String {
    let enums = [
        ("QUANTITY_KIND_COUNTED", "QUANTITY_KIND_MEASURED"),
        ("PRICE_REASON_MARKDOWN", "PRICE_REASON_STAFF"),
        ("ENTRY_METHOD_TYPED", "ENTRY_METHOD_SCANNED"),
        ("ENTRY_METHOD_SCANNED", "ENTRY_METHOD_TYPED"),
        ("REDEEM_AS_TENDER", "REDEEM_AS_DISCOUNT"),
        ("TENDER_KIND_CARD", "TENDER_KIND_CASH"),
        ("TILL_CHARSET_LATIN1", "TILL_CHARSET_ASCII"),
        ("RETURN_MODE_DONE", "RETURN_MODE_PREVIEW"),
        ("INSTRUCTION_STATE_DONE", "INSTRUCTION_STATE_REFUSED"),
        ("PRIZE_STATE_HANDED_OVER", "PRIZE_STATE_CANCELLED"),
        ("DELIVERY_ROUTE_DIRECT", "DELIVERY_ROUTE_SPOOL"),
        ("AQID", "AQIE"),
    ];
    if let Some((_, other)) = enums.iter().find(|(name, _)| *name == text) {
        return (*other).to_owned();
    }
    if let Ok(number) = text.parse::<i64>() {
        return (number + 1).to_string();
    }
    if text.ends_with("+00:00") || text.ends_with('Z') {
        return text.replace("2026", "2025");
    }
    if text.len() > 60 {
        return text.replacen("Bw", "Cw", 1);
    }
    format!("{text}x")
}

/// Changes under these pointers leave the hash as it is; all others change it.
fn check<R>(request: &R, hash: impl Fn(&R) -> ContentHash, envelope: &[&str])
where
    R: serde::Serialize + serde::de::DeserializeOwned + PartialEq,
{
    let first = hash(request);
    let changes = changes(&serde_json::to_value(request).expect("is JSON"));
    assert!(changes.len() > 20);
    for (pointer, changed) in changes {
        let changed: R = serde_json::from_value(changed).unwrap_or_else(|error| panic!("{pointer}: {error}"));
        if changed == *request {
            continue;
        }
        let is_envelope = envelope.iter().any(|field| pointer.starts_with(field));
        let reads_the_same = pointer.ends_with("/quantityKind removed");
        assert_eq!(hash(&changed) == first, is_envelope || reads_the_same, "{pointer}");
    }
}

#[test]
fn h2_any_change_of_the_content_changes_the_hash_and_no_change_of_the_envelope_does() {
    let envelope = [
        "/contractMinor",
        "/quoteToken",
        "/attempt",
        "/declinedIds",
        "/instructionResults",
        "/offerResults",
        "/answers",
        "/redemptions",
        "/delivery",
    ];
    check(&full_settle(), settle_hash, &envelope);
    let mut request = sample::return_goods();
    request.training = true;
    request.tenders[0].asset_id = "points".to_owned();
    check(&request, return_hash, &["/contractMinor", "/mode", "/attempt", "/delivery"]);
    let mut request = sample::enrol();
    request.answers[0].refused = true;
    check(&request, enrol_hash, &["/contractMinor", "/confirmationCode", "/delivery"]);
    let mut request = sample::answer_prompts();
    request.answers[0].refused = true;
    check(&request, answers_hash, &["/contractMinor", "/delivery"]);
    check(&sample::hand_over(), hand_over_hash, &["/contractMinor", "/delivery"]);
    check(&sample::claim(), claim_hash, &["/contractMinor", "/delivery"]);
}

/// A settle in which no field of the content has its default, since JSON leaves defaults out.
fn full_settle() -> v1::SettleRequest {
    let mut request = sample::settle();
    request.added_lines[0].sold_parts[0].unit_price_micros = 1;
    request.added_lines[0].sold_parts[0].amount_minor = 1;
    let adjustment = &mut request.added_lines[0].sold_parts[0].adjustments[0];
    (adjustment.amount_minor, adjustment.tax_code) = (1, "B".to_owned());
    let receipt = request.receipt.as_mut().expect("is there");
    receipt.training = true;
    receipt.tenders[0].asset_id = "points".to_owned();
    for line in &mut receipt.lines {
        (line.no_discount, line.no_earn) = (true, true);
    }
    request
}

#[test]
fn h2_the_kind_of_an_identity_an_original_and_a_wish_counts() {
    use v1::customer_identity::Identity;
    let settle = |identity: Option<Identity>, wish: Option<v1::redeem_request::Amount>| {
        let mut request = sample::settle();
        let receipt = request.receipt.as_mut().expect("is there");
        receipt.customer.as_mut().expect("is there").identity = identity;
        receipt.redeem_requested[0].amount = wish;
        settle_hash(&request)
    };
    let text = || "9901".to_owned();
    let hashes = [
        settle(None, None),
        settle(Some(Identity::CardNumber(text())), None),
        settle(Some(Identity::Qr(text())), None),
        settle(Some(Identity::Phone(text())), None),
        settle(Some(Identity::CustomerId(text())), None),
        settle(None, Some(v1::redeem_request::Amount::Units(1))),
        settle(None, Some(v1::redeem_request::Amount::Max(true))),
    ];
    for (place, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..place].contains(hash), "{place}");
    }
    let mut request = sample::return_goods();
    let by_id = return_hash(&request);
    request.original = Some(v1::return_request::Original::OriginalFiscal(v1::FiscalDocument::default()));
    assert_ne!(by_id, return_hash(&request));
}

#[test]
fn h2_no_field_of_the_content_has_its_default_in_the_message_that_is_changed() {
    let request = full_settle();
    let printed = format!("{:?} {:?}", request.receipt, request.added_lines);
    let zero_for_a_reason = ["unit_price_micros: 0", "amount_minor: 0", "nanos: 0"];
    let printed = zero_for_a_reason.iter().fold(printed, |printed, field| printed.replace(field, ""));
    for default in [r#": """#, ": 0", ": false", "Unspecified", "None"] {
        assert!(!printed.contains(default), "{default}: {printed}");
    }
}

#[test]
fn h2_a_text_cannot_slip_from_one_field_into_the_next() {
    let mut one = sample::settle();
    let mut other = sample::settle();
    let receipt = one.receipt.as_mut().expect("is there");
    (receipt.store_id, receipt.till_id) = ("AB".to_owned(), "C".to_owned());
    let receipt = other.receipt.as_mut().expect("is there");
    (receipt.store_id, receipt.till_id) = ("A".to_owned(), "BC".to_owned());
    assert_ne!(settle_hash(&one), settle_hash(&other));
}

#[test]
fn h2_unspecified_is_hashed_as_what_it_is_read_as() {
    let mut request = sample::settle();
    request.receipt.as_mut().expect("is there").lines[0].quantity_kind = 0;
    assert_eq!(settle_hash(&request), settle_hash(&sample::settle()));
    let mut sold_by = |channel: &str| {
        request.receipt.as_mut().expect("is there").channel_id = channel.to_owned();
        settle_hash(&request)
    };
    assert_eq!(sold_by(""), sold_by("till"));
    assert_ne!(sold_by(""), sold_by("app"));
}

#[test]
fn h2_a_large_receipt_hashes_the_same_in_pieces_as_whole() {
    let mut request = sample::settle();
    request.receipt = Some(sample::receipt(1_000));
    let first = settle_hash(&request);
    assert_eq!(first, settle_hash(&request.clone()));
    request.receipt.as_mut().expect("is there").lines[999].amount_minor += 1;
    assert_ne!(first, settle_hash(&request));
}

#[test]
fn h2_the_encoding_of_version_1_is_fixed() {
    let mut at_the_till = sample::settle();
    at_the_till.receipt.as_mut().expect("is there").channel_id.clear();
    at_the_till.referred_by = None;
    let by_themselves = v1::EnrolRequest { referred_by: None, ..sample::enrol() };
    let table = [
        (settle_hash(&at_the_till), "0f2f9ca12dd534712a4b7a83d37584f69b4c7df49eb51f0ce0d9378fa0bd4d5a"),
        (return_hash(&sample::return_goods()), "f00f7cb998567edeeb52ecbbc6f12d533972305efad8b86b878b64c9a53ea2e8"),
        (enrol_hash(&by_themselves), "0590e3d0142ac777fb460be43c5183815e20f41ca8077ca5bf660ac850e46e33"),
        (answers_hash(&sample::answer_prompts()), "81985f832c577b40c7ed7c59224fcd46f8b0d1124e44ee717ca8149cb79fda4f"),
        (claim_hash(&sample::claim()), "9c285c5a8058f01c7dbe4c466d3d4455822d77be8d8c009f70c6f0d986c53b5c"),
        (hand_over_hash(&sample::hand_over()), "2e2deea3ef3043716d1358fc0ef701e77b916e8186fa0108715dca5c3594565c"),
    ];
    for (hash, expected) in table {
        assert_eq!(hash.to_string(), expected);
    }
}

#[test]
fn the_form_of_the_baskets_hash_is_fixed_so_that_engines_of_two_builds_agree() {
    let quote = read_quote(&sample::quote(), &sample::context()).expect("is good");
    assert_eq!(
        basket_hash(&quote.receipt, quote.customer.as_ref()).to_string(),
        "dd4fd02ad085ddfe9efe9da7d532210bbb2287053d9c8749ffd1fb085a7b2316"
    );
}

#[test]
fn h2_a_short_encoding_written_out_by_hand_hashes_the_same() {
    let request = v1::EnrolRequest { request_id: "R".to_owned(), data_consent: true, ..v1::EnrolRequest::default() };
    let mut bytes = vec![15, 0, 0, 0];
    bytes.extend_from_slice(b"tessera.enrol.1");
    bytes.extend_from_slice(&[1, 0, 0, 0, b'R']); // request_id
    bytes.extend_from_slice(&[0; 4 + 4 + 4]); // card_number, phone, answers
    bytes.extend_from_slice(&[1, 0]); // data_consent, marketing_consent
    bytes.extend_from_slice(&[0; 4 * 4]); // language, store_id, till_id, cashier_id
    bytes.push(0); // enrolled_at
    bytes.extend_from_slice(&[0; 4]); // business_date
    assert_eq!(enrol_hash(&request), ContentHash(blake3::hash(&bytes).into()));
}

#[test]
fn the_receipt_that_is_settled_is_known_as_the_one_that_was_quoted() {
    let quoted = read_quote(&sample::quote(), &sample::context()).expect("is good");
    let request = v1::SettleRequest { declined_ids: vec!["+3.1".to_owned()], added_lines: Vec::new(), ..sample::settle() };
    let settled = read_settle(&request, &sample::context()).expect("is good");
    let hash = |receipt: &tessera_rules::receipt::Receipt, customer: &Option<crate::read::Identity>| {
        basket_hash(receipt, customer.as_ref())
    };
    let first = hash(&quoted.receipt, &quoted.customer);
    assert_eq!(first, hash(&settled.receipt, &settled.customer), "stage, tenders and sold parts do not count");
    assert_ne!(first, hash(&settled.receipt, &None));
    let mut other = settled.receipt.clone();
    other.lines[1].amount += tessera_rules::money::Amount::from_minor(1);
    assert_ne!(first, hash(&other, &settled.customer));
    let mut other = settled.receipt.clone();
    other.declined.clear();
    assert_ne!(first, hash(&other, &settled.customer));
    let mut other = settled.receipt.clone();
    other.channel = tessera_rules::id::ChannelId::till();
    assert_ne!(first, hash(&other, &settled.customer));
    let mut other = settled.receipt;
    other.codes.clear();
    assert_ne!(first, hash(&other, &settled.customer));
}
