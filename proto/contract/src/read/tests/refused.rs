//! P11: what is refused, and at which field.

use tessera_proto::billing::v1;
use tessera_proto::billing::v1::customer_identity::Identity;

use super::{faults_of, quote_faults, receipt_faults, return_faults, settle_faults};
use crate::limits;
use crate::read::{read_answer_prompts, read_claim, read_enrol, read_get_receipt, read_hand_over, read_identify, read_void};
use crate::sample;

type ReceiptRow = (&'static str, fn(&mut v1::Receipt), &'static [&'static str]);

#[test]
fn p11_a_line_at_fault_names_the_field() {
    let table: &[ReceiptRow] = &[
        ("no lines", |r| r.lines.clear(), &["receipt.lines"]),
        ("1,001 lines", |r| r.lines = (1..=1_001).map(sample::line).collect(), &["receipt.lines"]),
        ("duplicate line ids", |r| r.lines[1].line_id = "L1".to_owned(), &["receipt.lines[1].line_id"]),
        ("quantity 0", |r| r.lines[1].quantity_milli = 0, &["receipt.lines[1].quantity_milli"]),
        ("negative quantity", |r| r.lines[1].quantity_milli = -1_000, &["receipt.lines[1].quantity_milli"]),
        ("quantity too large", |r| r.lines[0].quantity_milli = i64::MAX, &["receipt.lines[0].quantity_milli"]),
        (
            "half a piece",
            |r| r.lines[0].quantity_milli = 2_500,
            &["receipt.lines[0].quantity_milli", "receipt.lines[0].amount_minor"],
        ),
        ("negative price", |r| r.lines[0].unit_price_micros = -1, &["receipt.lines[0].unit_price_micros"]),
        ("negative amount", |r| r.lines[0].amount_minor = -1, &["receipt.lines[0].amount_minor"]),
        ("amount beyond tolerance", |r| r.lines[0].amount_minor = 599, &["receipt.lines[0].amount_minor"]),
        (
            "negative regular price",
            |r| r.lines[0].regular_unit_price_micros = Some(-1),
            &["receipt.lines[0].regular_unit_price_micros"],
        ),
        ("no line id", |r| r.lines[0].line_id.clear(), &["receipt.lines[0].line_id"]),
        ("line id of the engine", |r| r.lines[0].line_id = "+1".to_owned(), &["receipt.lines[0].line_id"]),
        ("line id too long", |r| r.lines[0].line_id = "L".repeat(33), &["receipt.lines[0].line_id"]),
        ("no sku", |r| r.lines[0].sku.clear(), &["receipt.lines[0].sku"]),
        ("sku with control character", |r| r.lines[0].sku = "a\u{7}".to_owned(), &["receipt.lines[0].sku"]),
        ("description too long", |r| r.lines[0].description = "ü".repeat(129), &["receipt.lines[0].description"]),
        ("description with line feed", |r| r.lines[0].description = "a\nb".to_owned(), &["receipt.lines[0].description"]),
        ("sold parts in a quote", |r| r.lines[0].sold_parts = sample::sold_parts(), &["receipt.lines[0].sold_parts"]),
        ("101 marks", |r| r.lines[0].marks = vec!["m".to_owned(); 101], &["receipt.lines[0].marks"]),
        ("empty mark", |r| r.lines[0].marks[0].clear(), &["receipt.lines[0].marks[0]"]),
        (
            "attribute twice",
            |r| {
                let attribute = r.lines[0].attributes[0].clone();
                r.lines[0].attributes.push(attribute);
            },
            &["receipt.lines[0].attributes[1].name"],
        ),
        ("unnamed attribute", |r| r.lines[0].attributes[0].name.clear(), &["receipt.lines[0].attributes[0].name"]),
        ("tax code too long", |r| r.lines[0].tax_code = "A".repeat(17), &["receipt.lines[0].tax_code"]),
    ];
    check_receipts(table);
}

#[test]
fn p11_a_receipts_identity_place_and_times_at_fault_name_the_field() {
    let table: &[ReceiptRow] = &[
        ("receipt id too long", |r| r.receipt_id = "r".repeat(65), &["receipt.receipt_id"]),
        ("receipt id with control character", |r| r.receipt_id = "S1\u{0}T4".to_owned(), &["receipt.receipt_id"]),
        ("receipt id of a follow-up", |r| r.receipt_id = "S1/T4#1".to_owned(), &["receipt.receipt_id"]),
        ("no receipt id", |r| r.receipt_id.clear(), &["receipt.receipt_id"]),
        ("no time", |r| r.sold_at = None, &["receipt.sold_at"]),
        ("a time in the far future", |r| r.sold_at.as_mut().expect("is there").seconds += 24 * 3_600 + 1, &["receipt.sold_at"]),
        ("a time out of range", |r| r.sold_at.as_mut().expect("is there").nanos = -1, &["receipt.sold_at"]),
        ("no business date", |r| r.business_date.clear(), &["receipt.business_date"]),
        ("a day that is not", |r| r.business_date = "2026-02-30".to_owned(), &["receipt.business_date"]),
        ("a date of another form", |r| r.business_date = "22.11.2026".to_owned(), &["receipt.business_date"]),
        ("a signed date", |r| r.business_date = "2026-+1-01".to_owned(), &["receipt.business_date"]),
        ("no store", |r| r.store_id.clear(), &["receipt.store_id"]),
        ("no till", |r| r.till_id.clear(), &["receipt.till_id"]),
        ("channel with a blank", |r| r.channel_id = "the web".to_owned(), &["receipt.channel_id"]),
        ("channel too long", |r| r.channel_id = "w".repeat(33), &["receipt.channel_id"]),
        ("cashier with a blank", |r| r.cashier_id = "C 7".to_owned(), &["receipt.cashier_id"]),
    ];
    check_receipts(table);
}

#[test]
fn p11_a_receipts_currency_codes_tenders_and_customer_at_fault_name_the_field() {
    let table: &[ReceiptRow] = &[
        ("unknown currency", |r| r.currency_code = "XYZ".to_owned(), &["receipt.currency_code"]),
        ("currency in small letters", |r| r.currency_code = "eur".to_owned(), &["receipt.currency_code"]),
        ("no currency", |r| r.currency_code.clear(), &["receipt.currency_code"]),
        ("21 codes", |r| r.codes = (0..21).map(code).collect(), &["receipt.codes"]),
        ("code twice", |r| r.codes = vec![code(1), code(1)], &["receipt.codes[1].code"]),
        ("empty code", |r| r.codes[0].code.clear(), &["receipt.codes[0].code"]),
        ("redeem nothing", |r| r.redeem_requested[0].amount = None, &["receipt.redeem_requested[0].units"]),
        (
            "redeem 0",
            |r| r.redeem_requested[0].amount = Some(v1::redeem_request::Amount::Units(0)),
            &["receipt.redeem_requested[0].units"],
        ),
        (
            "redeem not the most",
            |r| r.redeem_requested[0].amount = Some(v1::redeem_request::Amount::Max(false)),
            &["receipt.redeem_requested[0].max"],
        ),
        (
            "redeem an asset twice",
            |r| r.redeem_requested = vec![r.redeem_requested[0].clone(); 2],
            &["receipt.redeem_requested[1].asset_id"],
        ),
        ("33 tenders", |r| r.tenders = vec![sample::tender(); 33], &["receipt.tenders"]),
        ("tender without kind", |r| r.tenders[0].kind = 0, &["receipt.tenders[0].kind"]),
        ("negative tender", |r| r.tenders[0].amount_minor = -1, &["receipt.tenders[0].amount_minor"]),
        ("asset on a card tender", |r| r.tenders[0].asset_id = "points".to_owned(), &["receipt.tenders[0].asset_id"]),
        (
            "asset tender without asset",
            |r| r.tenders[0].kind = i32::from(v1::TenderKind::Asset),
            &["receipt.tenders[0].asset_id"],
        ),
        ("brand too long", |r| r.tenders[0].brand = "b".repeat(33), &["receipt.tenders[0].brand"]),
        ("rounding too large", |r| r.cash_rounding_minor = i64::MIN, &["receipt.cash_rounding_minor"]),
        ("fiscal document without number", |r| r.fiscal.as_mut().expect("is there").number.clear(), &["receipt.fiscal.number"]),
        ("15 columns", |r| r.till_columns = 15, &["receipt.till_columns"]),
        ("81 columns", |r| r.till_columns = 81, &["receipt.till_columns"]),
        ("columns beyond 16 bits", |r| r.till_columns = u32::MAX, &["receipt.till_columns"]),
        ("language with a blank", |r| r.language = "de AT".to_owned(), &["receipt.language"]),
        ("nobody identified", |r| r.customer.as_mut().expect("is there").identity = None, &["receipt.customer"]),
        ("phone without plus", |r| identify(r, Identity::Phone("004930123456".to_owned())), &["receipt.customer.phone"]),
        ("card too short", |r| identify(r, Identity::CardNumber("123".to_owned())), &["receipt.customer.card_number"]),
        ("empty qr", |r| identify(r, Identity::Qr(String::new())), &["receipt.customer.qr"]),
        ("customer id too long", |r| identify(r, Identity::CustomerId("c".repeat(65))), &["receipt.customer.customer_id"]),
    ];
    check_receipts(table);
}

fn check_receipts(table: &[ReceiptRow]) {
    for (name, change, expected) in table {
        assert_eq!(receipt_faults(change), *expected, "{name}");
    }
}

fn code(number: usize) -> v1::PresentedCode {
    v1::PresentedCode { code: format!("CODE{number}"), entry_method: 0 }
}

fn identify(receipt: &mut v1::Receipt, identity: Identity) {
    receipt.customer = Some(v1::CustomerIdentity { identity: Some(identity), entry_method: 0 });
}

#[test]
fn h17_quantity_times_price_that_does_not_fit_is_refused() {
    let faults = receipt_faults(|receipt| {
        receipt.lines[0].quantity_milli = limits::LINE_QUANTITY_MILLI_MAX;
        receipt.lines[0].unit_price_micros = limits::UNIT_PRICE_MICROS_MAX;
    });
    assert_eq!(faults, ["receipt.lines[0].unit_price_micros"]);
    for number in [i64::MAX, i64::MIN] {
        let faults = receipt_faults(|receipt| {
            let line = &mut receipt.lines[0];
            (line.quantity_milli, line.unit_price_micros, line.amount_minor) = (number, number, number);
        });
        let expected = ["receipt.lines[0].quantity_milli", "receipt.lines[0].unit_price_micros", "receipt.lines[0].amount_minor"];
        assert_eq!(faults, expected);
    }
}

#[test]
fn h17_an_amount_may_differ_by_the_tolerance_and_no_more() {
    for (amount, expected) in [(595, 1), (596, 0), (597, 0), (598, 0), (599, 1)] {
        assert_eq!(receipt_faults(|receipt| receipt.lines[0].amount_minor = amount).len(), expected, "{amount}");
    }
}

#[test]
fn p11_a_quote_at_fault_names_the_field_and_all_faults_are_told_at_once() {
    type Row = (&'static str, fn(&mut v1::QuoteRequest), &'static [&'static str]);
    let table: &[Row] = &[
        ("no receipt", |q| q.receipt = None, &["receipt"]),
        ("no quote number", |q| q.quote_no = 0, &["quote_no"]),
        ("11 offers", |q| q.offers_max = Some(11), &["offers_max"]),
        ("101 declined", |q| q.declined_ids = vec!["a".to_owned(); 101], &["declined_ids"]),
        ("empty declined id", |q| q.declined_ids = vec![String::new()], &["declined_ids[0]"]),
        ("201 to explain", |q| q.explain_ids = vec!["a".to_owned(); 201], &["explain_ids"]),
        ("choice of nothing", |q| q.choices[0].option_ids.clear(), &["choices[0].option_ids"]),
        ("superseded id with a blank", |q| q.supersedes_receipt_id = "a b".to_owned(), &["supersedes_receipt_id"]),
        (
            "many",
            |q| {
                q.quote_no = 0;
                let receipt = q.receipt.as_mut().expect("is there");
                receipt.store_id.clear();
                receipt.lines[1].amount_minor = -5;
                receipt.language = "?".to_owned();
            },
            &["quote_no", "receipt.store_id", "receipt.lines[1].amount_minor", "receipt.language"],
        ),
    ];
    for (name, change, expected) in table {
        assert_eq!(quote_faults(change), *expected, "{name}");
    }
}

#[test]
fn h18_an_unknown_enum_value_is_refused_at_its_path() {
    type Row<R> = (fn(&mut R), &'static str);
    let receipts: &[Row<v1::Receipt>] = &[
        (|r| r.lines[0].quantity_kind = 99, "receipt.lines[0].quantity_kind"),
        (|r| r.lines[0].price_reason = 99, "receipt.lines[0].price_reason"),
        (|r| r.codes[0].entry_method = 99, "receipt.codes[0].entry_method"),
        (|r| r.customer.as_mut().expect("is there").entry_method = -1, "receipt.customer.entry_method"),
        (|r| r.redeem_requested[0].redeem_as = 99, "receipt.redeem_requested[0].redeem_as"),
        (|r| r.tenders[0].kind = 99, "receipt.tenders[0].kind"),
        (|r| r.till_charset = 99, "receipt.till_charset"),
    ];
    for (change, expected) in receipts {
        assert_eq!(receipt_faults(change), [*expected]);
    }
    assert_eq!(quote_faults(|quote| quote.stage = 99), ["stage"]);
    let settles: &[Row<v1::SettleRequest>] = &[
        (|s| s.added_lines[0].quantity_kind = 99, "added_lines[0].quantity_kind"),
        (|s| s.instruction_results[0].state = 99, "instruction_results[0].state"),
        (|s| s.redemptions[0].redeem_as = 99, "redemptions[0].redeem_as"),
        (|s| s.delivery.as_mut().expect("is there").route = 99, "delivery.route"),
    ];
    for (change, expected) in settles {
        assert_eq!(settle_faults(change), [*expected]);
    }
    let returns: &[Row<v1::ReturnRequest>] = &[
        (|r| r.mode = 99, "mode"),
        (|r| r.lines[0].quantity_kind = 99, "lines[0].quantity_kind"),
        (|r| r.tenders[0].kind = 99, "tenders[0].kind"),
        (|r| r.till_charset = 99, "till_charset"),
    ];
    for (change, expected) in returns {
        assert_eq!(return_faults(change), [*expected]);
    }
}

#[test]
fn h18_a_later_contract_is_refused_before_anything_is_looked_at() {
    let later = crate::CONTRACT_MINOR + 1;
    let faults = quote_faults(|quote| (quote.contract_minor, quote.receipt) = (later, None));
    assert_eq!(faults, ["UPGRADE_ENGINE"]);
    assert_eq!(settle_faults(|settle| (settle.contract_minor, settle.receipt) = (later, None)), ["UPGRADE_ENGINE"]);
    assert_eq!(return_faults(|request| (request.contract_minor, request.mode) = (later, 99)), ["UPGRADE_ENGINE"]);
}

#[test]
fn p11_a_return_at_fault_names_the_field() {
    type Row = (&'static str, fn(&mut v1::ReturnRequest), &'static [&'static str]);
    let table: &[Row] = &[
        ("no mode", |r| r.mode = 0, &["mode"]),
        ("no lines", |r| r.lines.clear(), &["lines"]),
        (
            "1,001 lines",
            |r| r.lines = (0..1_001).map(|n| v1::ReturnedLine { line_id: format!("R{n}"), ..r.lines[0].clone() }).collect(),
            &["lines"],
        ),
        ("line twice", |r| r.lines = vec![r.lines[0].clone(); 2], &["lines[1].line_id"]),
        ("quantity 0", |r| r.lines[0].quantity_milli = 0, &["lines[0].quantity_milli"]),
        (
            "its own original",
            |r| r.original = Some(v1::return_request::Original::OriginalReceiptId(r.receipt_id.clone())),
            &["original_receipt_id"],
        ),
        (
            "amount beyond tolerance without original",
            |r| (r.original, r.lines[0].amount_minor) = (None, 250),
            &["lines[0].amount_minor"],
        ),
        ("unknown currency", |r| r.currency_code = "???".to_owned(), &["currency_code"]),
        ("no time", |r| r.returned_at = None, &["returned_at"]),
        ("reason too long", |r| r.lines[0].reason = "x".repeat(65), &["lines[0].reason"]),
        ("no till", |r| r.till_id.clear(), &["till_id"]),
    ];
    for (name, change, expected) in table {
        assert_eq!(return_faults(change), *expected, "{name}");
    }
    assert!(
        return_faults(|request| request.lines[0].amount_minor = 0).is_empty(),
        "with an original the amount is the engine's or the fact"
    );
}

#[test]
fn p11_the_other_calls_name_their_fields_too() {
    let void = v1::VoidRequest { receipt_id: "a b".to_owned(), ..v1::VoidRequest::default() };
    assert_eq!(faults_of(void, |_| (), read_void), ["receipt_id", "store_id", "till_id"]);
    assert_eq!(faults_of(v1::GetReceiptRequest::default(), |_| (), read_get_receipt), ["receipt_id"]);
    assert_eq!(faults_of(v1::IdentifyRequest::default(), |_| (), read_identify), ["customer", "store_id"]);
    let faults = faults_of(v1::ClaimRequest::default(), |_| (), read_claim);
    assert_eq!(faults, ["request_id", "receipt_id", "claim_code", "customer", "claimed_at"]);
    for (typed, code) in [("7k3qm-x2r8p", "7K3QMX2R8P"), (" O0lI1 ", "00111"), ("7K3QMX2R8P", "7K3QMX2R8P")] {
        let request = v1::ClaimRequest { claim_code: typed.to_owned(), ..sample::claim() };
        assert_eq!(read_claim(&request, &sample::context()).expect("is good").code, code, "{typed}");
    }
    let faults = faults_of(v1::HandOverRequest::default(), |_| (), read_hand_over);
    assert_eq!(faults, ["request_id", "customer", "receipt_id", "reward_id", "state", "store_id", "handed_over_at"]);
    let due = |request: &mut v1::HandOverRequest| request.state = i32::from(v1::PrizeState::Due);
    assert_eq!(faults_of(sample::hand_over(), due, read_hand_over), ["state"]);
    type Enrol = (fn(&mut v1::EnrolRequest), &'static [&'static str]);
    let table: &[Enrol] = &[
        (|e| e.data_consent = false, &["data_consent"]),
        (|e| (e.card_number, e.phone) = (String::new(), String::new()), &["card_number"]),
        (|e| e.phone = "12345".to_owned(), &["phone"]),
        (|e| e.answers = vec![sample::answer(); 2], &["answers[1].fact_id"]),
        (|e| e.answers[0].value.clear(), &["answers[0].value"]),
        (|e| e.answers[0].refused = true, &["answers[0].value"]),
        (|e| e.enrolled_at = None, &["enrolled_at"]),
    ];
    for (change, expected) in table {
        assert_eq!(faults_of(sample::enrol(), change, read_enrol), *expected);
    }
    assert_eq!(faults_of(sample::answer_prompts(), |request| request.answers.clear(), read_answer_prompts), ["answers"]);
}

#[test]
fn p11_a_message_full_of_faults_neither_ends_the_process_nor_outgrows_an_error() {
    let receipt = v1::Receipt { lines: vec![v1::Line::default(); 1_000], ..sample::receipt(1) };
    let refused = crate::read::read_quote(&v1::QuoteRequest { receipt: Some(receipt), ..sample::quote() }, &sample::context());
    let Err(crate::Refusal::Invalid(faults)) = refused else { panic!("it has faults") };
    assert!(faults.len() <= limits::FAULTS_MAX + 1);
}
