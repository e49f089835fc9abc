//! What becomes of good input.

use tessera_proto::billing::v1;
use tessera_rules::receipt::{Explain, Measure, RedeemMode, Stage, TenderKind};

use crate::read::{
    GetReceiptInput, Identity, OriginalReceipt, ReturnMode, read_answer_prompts, read_enrol, read_get_receipt, read_quote,
    read_return, read_settle,
};
use crate::sample;

#[test]
fn a_quote_is_read_whole() {
    let input = read_quote(&sample::quote(), &sample::context()).expect("is good");
    let receipt = &input.receipt;
    assert_eq!((receipt.id.as_str(), receipt.stage, receipt.lines.len()), ("S1/T4/20261122/000123/9f3a", Stage::Tender, 2));
    assert_eq!((receipt.currency.code(), receipt.total().minor(), receipt.lines[0].measure), ("EUR", 1_194, Measure::Counted));
    assert_eq!((receipt.redeem[0].units.map(|units| units.units()), receipt.redeem[0].mode), (Some(500), RedeemMode::Tender));
    assert_eq!((receipt.tenders[0].kind, receipt.tenders[0].amount.minor()), (TenderKind::Card, 1_000));
    assert_eq!((receipt.declined[0].as_str(), receipt.choices[0].sku.as_str()), ("+3.1", "5901234123457"));
    assert!(matches!(&receipt.explain, Explain::Candidates(named) if named.len() == 1));
    assert_eq!((receipt.offers_max, receipt.language.as_deref()), (Some(3), Some("de-AT")));
    assert!(matches!(&input.customer, Some(Identity::Phone(phone)) if phone.expose() == "+4930123456"));
    assert_eq!((input.quote_no, input.attempt, input.cash_rounding.minor(), input.display.columns), (1, 2, -2, 32));
    assert_eq!(input.display.charset, v1::TillCharset::Latin1);
}

#[test]
fn what_is_left_out_gets_the_contracts_defaults() {
    let line = v1::Line { quantity_kind: 0, price_reason: 0, ..sample::line(1) };
    let receipt = v1::Receipt {
        customer: None,
        codes: Vec::new(),
        redeem_requested: Vec::new(),
        tenders: Vec::new(),
        fiscal: None,
        till_columns: 0,
        till_charset: 0,
        language: String::new(),
        cashier_id: String::new(),
        lines: vec![line],
        ..sample::receipt(1)
    };
    let request = v1::QuoteRequest { receipt: Some(receipt), quote_no: 1, ..v1::QuoteRequest::default() };
    let input = read_quote(&request, &sample::context()).expect("is good");
    assert_eq!((input.receipt.stage, input.display.columns, input.display.charset), (Stage::Total, 40, v1::TillCharset::Unicode));
    assert_eq!(
        (input.receipt.lines[0].measure, input.customer, input.receipt.explain),
        (Measure::Counted, None, Explain::Nothing)
    );
    assert_eq!((input.receipt.offers_max, input.receipt.language, input.receipt.place.cashier), (None, None, None));
}

#[test]
fn times_that_are_odd_are_noted_and_not_refused() {
    let day = 24 * 3_600;
    let table = [
        (0, "2026-11-22", false, false),
        (-3, "2026-11-22", true, false),
        (-2, "2026-11-22", false, false),
        (-8, "2026-11-14", false, true),
    ];
    for (days, business_date, is_off, is_late) in table {
        let mut request = sample::settle();
        let receipt = request.receipt.as_mut().expect("is there");
        receipt.sold_at.as_mut().expect("is there").seconds += days * day;
        receipt.business_date = business_date.to_owned();
        let notes = read_settle(&request, &sample::context()).expect("is good").notes;
        assert_eq!((notes.business_date_is_off, notes.told_late), (is_off, is_late), "{days} {business_date}");
    }
}

#[test]
fn a_return_enrolment_answers_and_a_question_are_read() {
    let input = read_return(&sample::return_goods(), &sample::context()).expect("is good");
    assert_eq!((input.mode, input.lines[0].amount.minor()), (ReturnMode::Done, 199));
    assert!(matches!(&input.original, OriginalReceipt::Receipt(id) if id.as_str() == "S1/T4/20261122/000123/9f3a"));
    let input = read_enrol(&sample::enrol(), &sample::context()).expect("is good");
    assert_eq!(
        (input.answers.len(), input.marketing_consent, input.business_date.to_string()),
        (1, true, "2026-11-22".to_owned())
    );
    let request = v1::AnswerPromptsRequest { business_date: String::new(), ..sample::answer_prompts() };
    let input = read_answer_prompts(&request, &sample::context()).expect("is good");
    assert_eq!(input.business_date.to_string(), "2026-11-22", "that of the answer");
    let wanted = v1::get_receipt_request::Receipt::ReceiptId("S1/T4/1".to_owned());
    let request = v1::GetReceiptRequest { contract_minor: 0, receipt: Some(wanted) };
    assert!(
        matches!(read_get_receipt(&request, &sample::context()), Ok(GetReceiptInput::Receipt(id)) if id.as_str() == "S1/T4/1")
    );
}

#[test]
fn h81_what_is_personal_is_not_printed() {
    let marker = "+4930123456";
    let quote = read_quote(&sample::quote(), &sample::context()).expect("is good");
    let settle = read_settle(&sample::settle(), &sample::context()).expect("is good");
    let enrol = read_enrol(&sample::enrol(), &sample::context()).expect("is good");
    let answers = read_answer_prompts(&sample::answer_prompts(), &sample::context()).expect("is good");
    let printed = format!("{quote:?} {settle:?} {enrol:?} {answers:?}");
    for planted in [marker, "9901000017", "1970-01-01", "123456\""] {
        assert!(!printed.contains(planted), "{planted}");
    }
}
