//! H79 over whole messages: a payment card's number in any text field is refused and nowhere repeated.

use serde_json::Value;
use tessera_proto::billing::v1;

use crate::card_number::tests::synthetic;
use crate::card_number::{holds_card_number, is_gtin};
use crate::read::{read_answer_prompts, read_enrol, read_quote, read_return, read_settle};
use crate::refusal::Refusal;
use crate::sample;

/// Texts that are none: enum names, times, dates, numbers beyond 32 bits and bytes stand as strings in
/// JSON too.
const NOT_TEXT: [&str; 14] = [
    "soldAt",
    "businessDate",
    "returnedAt",
    "enrolledAt",
    "answeredAt",
    "spooledAt",
    "quoteToken",
    "gatewaySignature",
    "kind",
    "state",
    "route",
    "mode",
    "stage",
    "tillCharset",
];

/// Numbers in JSON are strings where they have 64 bits; their names end so.
const NUMBER_ENDINGS: [&str; 7] = ["Milli", "Micros", "Minor", "units", "No", "Kind", "Reason"];

/// Paths of all text fields of a message in JSON, as pointers.
fn text_fields(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let is_text = !NOT_TEXT.contains(&name.as_str())
                    && !NUMBER_ENDINGS.iter().any(|ending| name.ends_with(ending))
                    && !matches!(name.as_str(), "entryMethod" | "redeemAs");
                if is_text {
                    text_fields(value, &format!("{pointer}/{name}"), found);
                }
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                text_fields(value, &format!("{pointer}/{index}"), found);
            }
        }
        Value::String(_) => found.push(pointer.to_owned()),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every text field of a message, one after the other, holds a number.
fn check<R>(request: &R, seeds: std::ops::Range<u64>, read: impl Fn(&R) -> Option<Refusal>)
where
    R: serde::Serialize + serde::de::DeserializeOwned,
{
    let clean = serde_json::to_value(request).expect("is JSON");
    let mut fields = Vec::new();
    text_fields(&clean, "", &mut fields);
    assert!(fields.len() > 8, "{fields:?}");
    let mut message = clean.clone();
    for seed in seeds {
        let number = synthetic(seed);
        let pointer = &fields[usize::try_from(seed).expect("fits") % fields.len()];
        let is_sku = pointer.ends_with("/sku") || pointer.contains("/optionIds/");
        if is_sku && is_gtin(&number) {
            continue;
        }
        let kept = std::mem::replace(message.pointer_mut(pointer).expect("is there"), Value::String(number.clone()));
        let request: R = serde_json::from_value(message.clone()).expect("is a message");
        *message.pointer_mut(pointer).expect("is there") = kept;
        let Some(refusal) = read(&request) else { panic!("{pointer} took a number, seed {seed}") };
        let printed =
            format!("{refusal:?} {} {} {:?}", refusal.till_text(), refusal.support_text(), refusal.clone().into_status());
        assert!(!printed.contains(&number), "{pointer} is repeated");
        assert!(!holds_card_number(&printed), "{pointer} is repeated");
        let is_too_long = pointer.ends_with("/taxCode")
            || pointer.ends_with("/language")
            || pointer.ends_with("/currencyCode")
            || pointer.ends_with("/phone");
        assert!(is_too_long || matches!(refusal, Refusal::CardNumber { .. }), "{pointer}: {refusal:?}");
    }
}

#[test]
fn h79_a_hundred_thousand_numbers_through_all_text_fields_are_refused_and_not_repeated() {
    let context = sample::context();
    check(&sample::quote(), 0..30_000, |request: &v1::QuoteRequest| read_quote(request, &context).err());
    check(&sample::settle(), 30_000..60_000, |request: &v1::SettleRequest| read_settle(request, &context).err());
    check(&sample::return_goods(), 60_000..80_000, |request: &v1::ReturnRequest| read_return(request, &context).err());
    check(&sample::enrol(), 80_000..90_000, |request: &v1::EnrolRequest| read_enrol(request, &context).err());
    check(&sample::answer_prompts(), 90_000..100_000, |request: &v1::AnswerPromptsRequest| {
        read_answer_prompts(request, &context).err()
    });
}

#[test]
fn h79_a_barcode_is_sold_though_it_looks_like_a_card() {
    let mut request = sample::quote();
    let receipt = request.receipt.as_mut().expect("is there");
    let both = (0..1_000_000_u64)
        .map(|number| format!("50{number:011}"))
        .find(|text| is_gtin(text) && holds_card_number(text))
        .expect("such numbers are not rare");
    receipt.lines[0].sku.clone_from(&both);
    assert!(read_quote(&request, &sample::context()).is_ok());
    let receipt = request.receipt.as_mut().expect("is there");
    receipt.lines[0].description = both;
    let refused = read_quote(&request, &sample::context());
    assert_eq!(refused, Err(Refusal::CardNumber { field: "receipt.lines[0].description".to_owned() }));
}

#[test]
fn h79_a_phone_that_begins_as_a_card_does_is_a_phone() {
    let phone =
        (0..100_000_u64).map(|number| format!("+62812{number:08}")).find(|text| holds_card_number(text)).expect("is not rare");
    let mut request = sample::enrol();
    request.phone = phone;
    assert!(read_enrol(&request, &sample::context()).is_ok());
}
