//! Tests of files of JSON lines.

use std::path::PathBuf;

use super::super::sale::SaleKind;
use super::*;

fn sample() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/receipts.jsonl");
    std::fs::read_to_string(file).unwrap()
}

fn read(text: &[u8]) -> Result<Import, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("receipts.jsonl");
    std::fs::write(&file, text).unwrap();
    import(&file, &ProgressBar::hidden())
}

#[test]
fn receipts_and_returns_are_read_with_all_that_they_tell() {
    let import = read(sample().as_bytes()).unwrap();
    assert_eq!((import.receipts_read, import.lines_read, import.currency.code()), (5, 6, "GBP"));
    let kinds: Vec<SaleKind> = import.sales.iter().map(|sale| sale.kind).collect();
    use SaleKind::{Return, Settle};
    assert_eq!(kinds, [Settle, Settle, Settle, Return, Settle]);
    let customers: Vec<Option<&str>> = import.sales.iter().map(|sale| sale.customer.as_deref()).collect();
    assert_eq!(customers, [Some("90000001"), None, Some("90000001"), None, Some("+447700900123")]);
    assert_eq!(import.sales[3].original.as_deref(), Some("S1/1/20260302/1/a"));
    // What only the message tells is not lost on the way to the engine.
    let paid = import.sales[4].quote_request();
    assert_eq!(paid.stage(), v1::QuoteStage::Tender);
    assert_eq!(paid.receipt.unwrap().tenders.len(), 1);
    assert_eq!(import.sales[3].return_request().mode(), v1::ReturnMode::Done);
}

#[test]
fn marks_of_editors_and_empty_lines_are_left_out() {
    let text = format!("\u{feff}{}", sample().replace('\n', "\r\n\r\n"));
    assert_eq!(read(text.as_bytes()).unwrap().sales.len(), 5);
}

#[test]
fn p11_a_broken_line_is_told_with_line_field_and_what_is_wanted() {
    let good = sample().lines().next().unwrap().to_owned();
    let table = [
        (good.replace("\"GBP\"", "\"POUNDS\""), "line 2: currency_code"),
        (good.replace("\"soldAt\":\"2026-03-02T10:00:00Z\",", ""), "line 2: sold_at is required"),
        (good.replace("\"soldAt\":\"2026", "\"soldAt\":\"2026x"), "line 2, column"),
        (good.replace("\"600\"", "\"-600\""), "line 2: lines[0].amount_minor"),
        (good.replace("\"storeId\"", "\"shopId\""), "unknown field `shopId`"),
        (good.replace("quantityMilli\":\"3000\"", "quantityMilli\":\"three\""), "(lines[0].quantityMilli)"),
        (format!("{good}{good}"), "something stands behind the object; write one receipt a line"),
        ("[1, 2]".to_owned(), "line 2, column"),
        ("{".to_owned(), "line 2, column"),
    ];
    for (line, told) in table {
        let error = read(format!("{good}\n{line}\n").as_bytes()).unwrap_err().to_string();
        assert!(error.contains(told) && error.contains("receipts.jsonl, line 2"), "{line}\n{error}");
    }
    let faults = read(b"{}\n").unwrap_err().to_string();
    assert!(faults.contains("receipt_id is required") || faults.contains("receipt_id must"), "{faults}");
    assert!(faults.contains("store_id") && faults.contains("a line that can be read looks like this"), "{faults}");
}

#[test]
fn the_example_that_faults_show_can_be_read() {
    assert_eq!(read(EXAMPLE.as_bytes()).unwrap().sales.len(), 1);
}

#[test]
fn hostile_lines_end_in_an_error() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let long = format!("{{\"receiptId\":\"{}\"}}", "x".repeat(LINE_BYTES_MAX));
    for text in [deep.as_bytes(), long.as_bytes(), b"\xff\xfe{}", b"\0\0\0", b"{\"lines\":[{\"amountMinor\":1e400}]}"] {
        assert!(read(text).is_err());
    }
    assert!(matches!(read(b"\n\n"), Err(SourceError::NoReceipts { .. })));
}
