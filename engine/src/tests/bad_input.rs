//! Bad input: a clear error that names the field, nothing changed, and the engine goes on (P11).

use super::super::testing::*;
use crate::layout;
use tessera_proto::billing::v1;
use tessera_storage::Storage as _;
use tonic_types::StatusExt as _;

type Spoil = fn(&mut v1::Receipt);

/// What is done to a good receipt, and the field that the error must name.
const TABLE: &[(&str, Spoil, &str)] = &[
    ("no lines", |receipt| receipt.lines.clear(), "receipt.lines"),
    ("1,001 lines", |receipt| receipt.lines = (0..1_001).map(|n| line(&n.to_string(), "X", 1, 1)).collect(), "receipt.lines"),
    ("a line id twice", |receipt| receipt.lines.push(line("1", "X", 1, 1)), "receipt.lines[1].line_id"),
    ("no quantity", |receipt| receipt.lines[0].quantity_milli = 0, "receipt.lines[0].quantity_milli"),
    ("a quantity below zero", |receipt| receipt.lines[0].quantity_milli = -1_000, "receipt.lines[0].quantity_milli"),
    ("half a piece", |receipt| receipt.lines[0].quantity_milli = 500, "receipt.lines[0].quantity_milli"),
    ("quantity × price overflows", |receipt| receipt.lines[0].unit_price_micros = i64::MAX, "receipt.lines[0].unit_price_micros"),
    ("an amount that disagrees", |receipt| receipt.lines[0].amount_minor += 2, "receipt.lines[0].amount_minor"),
    ("an unknown currency", |receipt| receipt.currency_code = "XXY".to_owned(), "receipt.currency_code"),
    ("an id too long", |receipt| receipt.receipt_id = "x".repeat(65), "receipt.receipt_id"),
    ("an id with a control character", |receipt| receipt.receipt_id = "a\u{7}".to_owned(), "receipt.receipt_id"),
    ("no id", |receipt| receipt.receipt_id.clear(), "receipt.receipt_id"),
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

fn names(status: &tonic::Status, field: &str) -> bool {
    status
        .get_error_details()
        .bad_request()
        .is_some_and(|bad| bad.field_violations.iter().any(|violation| violation.field == field))
}

#[tokio::test]
async fn p11_bad_input_is_an_error_that_names_its_field_and_changes_nothing() {
    let rig = Rig::new().await;
    for (what, spoil, field) in TABLE {
        let mut bad = receipt("A", Some("1001"), vec![line("1", "SOCKS", 1, 500)]);
        spoil(&mut bad);
        for status in [rig.quote(quote(bad.clone())).await.unwrap_err(), rig.settle(unquoted(bad.clone())).await.unwrap_err()] {
            assert_eq!(status.code(), tonic::Code::InvalidArgument, "{what}: {status:?}");
            assert!(names(&status, field), "{what}: {field} is not named in {:?}", status.get_error_details());
        }
    }
    assert!(rig.outcomes().await.is_empty());
    for space in [layout::ACCOUNTS, layout::RECEIPTS] {
        assert!(rig.storage.heads(space, None, 10).await.unwrap().is_empty(), "nothing was written");
    }
    // All faults at once, and the next good receipt goes through.
    let mut two = receipt("A", None, vec![line("1", "SOCKS", 1, 500)]);
    two.currency_code.clear();
    two.lines[0].quantity_milli = -5;
    let status = rig.quote(quote(two)).await.unwrap_err();
    assert!(names(&status, "receipt.currency_code") && names(&status, "receipt.lines[0].quantity_milli"));
    assert_eq!(rig.sell(receipt("A", None, vec![line("1", "SOCKS", 1, 500)])).await.status(), v1::SettleStatus::Committed);
}

#[tokio::test]
async fn p11_a_return_in_another_currency_than_its_sale_is_refused() {
    let rig = Rig::new().await;
    rig.sell(receipt("A", None, vec![line("1", "SOCKS", 1, 500)])).await;
    let mut back = give_back("B", Some("A"), vec![("1", line("1", "SOCKS", 1, 500))]);
    back.currency_code = "EUR".to_owned();
    for mode in [v1::ReturnMode::Preview, v1::ReturnMode::Done] {
        back.mode = i32::from(mode);
        assert!(names(&rig.give_back(back.clone()).await.unwrap_err(), "currency_code"));
    }
    assert_eq!(rig.outcomes().await.len(), 1);
}

#[tokio::test]
async fn an_article_that_nobody_knows_is_sold_and_noted() {
    let rig = Rig::new().await;
    let quoted = rig.quote(quote(receipt("A", None, vec![line("1", "NEVER-HEARD-OF", 1, 500)]))).await.unwrap();
    let note = &quoted.answer.unwrap().notes[0];
    assert_eq!((note.code(), note.line_id.as_str()), (v1::NoteCode::UnknownSku, "1"));
}
