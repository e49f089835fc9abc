//! Tests of the web shop's importer.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use jiff::Timestamp;
use tessera_rules::money::Amount;

use super::*;
use crate::receipt_files::source::SourceError;

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/online-retail-ii.csv")
}

/// Receipts, lines and minor units of one kind, as the file signs them.
fn sums(import: &Import, kind: SaleKind) -> (usize, usize, i64) {
    let sales: Vec<_> = import.sales.iter().filter(|sale| sale.kind == kind).collect();
    let lines = sales.iter().map(|sale| sale.lines.len()).sum();
    let amount: Amount = sales.iter().flat_map(|sale| &sale.lines).map(|line| line.amount).sum();
    let sign = if kind == SaleKind::Return { -1 } else { 1 };
    (sales.len(), lines, sign * amount.minor())
}

fn aside(import: &Import) -> Vec<(&'static str, u64, i64)> {
    import.set_aside.iter().map(|(reason, aside)| (reason.name(), aside.lines, aside.amount.minor())).collect()
}

fn read(rows: &str) -> Result<Import, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receipts.csv");
    std::fs::write(&file, format!("{}\n{rows}", COLUMNS.join(","))).unwrap();
    import(&file, &ProgressBar::hidden())
}

#[test]
fn the_sample_sums_to_what_was_written_into_it() {
    let import = import(&sample(), &ProgressBar::hidden()).unwrap();
    assert_eq!(sums(&import, SaleKind::Settle), (24, 72, 282_089));
    assert_eq!(sums(&import, SaleKind::Return), (3, 4, -3_355));
    assert_eq!(aside(&import), [("ADJUSTMENT", 1, -25_040), ("CANCELLATION_NOT_NEGATIVE", 1, 3_170), ("WRITE_OFF", 2, 0)]);
    assert_eq!((import.receipts_read, import.lines_read), (31, 80));
}

#[test]
fn lines_that_stand_apart_make_one_receipt_at_its_first_place_and_time() {
    let import = import(&sample(), &ProgressBar::hidden()).unwrap();
    let (place, sale) = import.sales.iter().enumerate().find(|(_, sale)| sale.receipt_id == "WEB/1/20240304/700105/0").unwrap();
    assert_eq!(place, 4);
    assert_eq!(sale.at, "2024-03-04T13:28:00Z".parse::<Timestamp>().unwrap());
    assert_eq!(sale.customer.as_deref(), Some("90105"));
    let skus: Vec<&str> = sale.lines.iter().map(|line| line.sku.as_ref()).collect();
    assert_eq!(skus, ["K1001", "L310", "P010", "W550", "P010"]);
}

#[test]
fn receipts_keep_the_order_of_their_first_rows() {
    let import = import(&sample(), &ProgressBar::hidden()).unwrap();
    let ids: Vec<&str> = import.sales.iter().map(|sale| sale.receipt_id.as_str()).collect();
    let mut sorted = ids.clone();
    // The sample numbers its invoices upward; `C` sorts behind the digits, as the returns stand behind the sales.
    sorted.sort_unstable();
    assert_eq!(ids, sorted);
}

#[test]
fn texts_keep_their_commas_and_quotes_and_lose_blanks_at_their_ends() {
    let import = import(&sample(), &ProgressBar::hidden()).unwrap();
    let texts: Vec<&str> = import.sales.iter().flat_map(|sale| &sale.lines).map(|line| line.description.as_ref()).collect();
    for wanted in ["ENAMEL JUG, BLUE", "LINEN APRON \"BAKER\"", "SPICE RACK SMALL", "TIN OF BISCUITS £ SHAPE"] {
        assert!(texts.contains(&wanted), "{wanted} is missing");
    }
}

#[test]
fn amounts_round_half_up_line_by_line() {
    let table =
        [("1", "0.125", 13), ("3", "0.125", 38), ("4", "0.001", 0), ("5", "0.001", 1), ("7", "1.115", 781), ("2", "0", 0)];
    for (quantity, price, minor) in table {
        let import = read(&format!("1,X,,{quantity},2024-03-09 10:20:00,{price},,\n")).unwrap();
        assert_eq!(import.sales[0].lines[0].amount.minor(), minor, "{quantity} × {price}");
    }
    let back = read("C1,X,,-1,2024-03-09 10:20:00,0.125,,\n").unwrap();
    assert_eq!(back.sales[0].lines[0].amount.minor(), 13);
    assert_eq!(back.sales[0].lines[0].quantity.milli(), 1_000);
}

#[test]
fn each_unusable_line_is_set_aside_with_its_reason() {
    let table = [
        ("1", "-2", "0.00", "WRITE_OFF", 0),
        ("1", "-2", "1.50", "NEGATIVE_QUANTITY", -300),
        ("1", "0", "1.50", "ZERO_QUANTITY", 0),
        ("1", "2", "-1.50", "NEGATIVE_PRICE", -300),
        ("C1", "2", "1.50", "CANCELLATION_NOT_NEGATIVE", 300),
        ("C1", "0", "1.50", "CANCELLATION_NOT_NEGATIVE", 0),
        ("A1", "1", "-7.00", "ADJUSTMENT", -700),
        ("A1", "1", "7.00", "ADJUSTMENT", 700),
    ];
    for (invoice, quantity, price, reason, minor) in table {
        let import = read(&format!("{invoice},X,,{quantity},2024-03-09 10:20:00,{price},,\n")).unwrap();
        assert_eq!(aside(&import), [(reason, 1, minor)], "{invoice} {quantity} {price}");
        assert!(import.sales.is_empty());
        assert_eq!((import.receipts_read, import.lines_read), (1, 1));
    }
}

#[test]
fn p11_a_value_that_cannot_be_is_named_by_row_and_column() {
    let good = "1,X,,1,2024-03-09 10:20:00,1.00,12345,UK\n";
    let table = [
        ("1,X,,two,2024-03-09 10:20:00,1.00,,", "row 3, column `Quantity`: `two` is not a whole number"),
        ("1,X,,1,2024-03-09 10:20:00,1.0.0,,", "row 3, column `Price`: `1.0.0` is not a decimal number"),
        (
            "1,X,,1,2024-03-09 10:20:00,1.0000001,,",
            "row 3, column `Price`: `1.0000001` is not a number of at most 6 decimal places",
        ),
        ("1,X,,1,2024-02-30 10:20:00,1.00,,", "row 3, column `InvoiceDate`: `2024-02-30 10:20:00` is not a time"),
        ("1,X,,99999999999999999999,2024-03-09 10:20:00,1.00,,", "row 3, column `Quantity`"),
        ("1,X,,9000000000000,2024-03-09 10:20:00,1.00,,", "row 3, column `Quantity`"),
        ("1,X,,1,2024-03-09 10:20:00,9000000000,,", "row 3, column `Price`"),
        (",X,,1,2024-03-09 10:20:00,1.00,,", "row 3, column `Invoice`: must not be empty"),
        ("2,,,1,2024-03-09 10:20:00,1.00,,", "row 3, column `StockCode`: must not be empty"),
        ("2,X,,1,2024-03-09 10:20:00,1.00,1,", "row 3, column `Customer ID`"),
        ("1,X,,1,2024-03-09 10:20:00,1.00,54321,", "row 3, column `Customer ID`: differs from the customer"),
        ("in voice,X,,1,2024-03-09 10:20:00,1.00,,", "row 3, column `Invoice`: the receipt id made of it has a character"),
    ];
    for (row, message) in table {
        let error = read(&format!("{good}{row}\n")).unwrap_err().to_string();
        assert!(error.contains(message), "{row}\n{error}");
    }
}

#[test]
fn the_real_file_is_accounted_for_to_the_penny() {
    let Some(folder) = crate::receipt_files::tests::shared_data("online-retail-ii") else { return };
    let import = import(&folder.join("online_retail_ii_2009_2010.csv.gz"), &ProgressBar::hidden()).unwrap();
    assert_eq!(sums(&import, SaleKind::Settle), (21_212, 491_001, 986_703_936));
    assert_eq!(sums(&import, SaleKind::Return), (4_455, 9_876, -56_886_474));
    assert_eq!(
        aside(&import),
        [("ADJUSTMENT", 3, -13_655_202), ("CANCELLATION_NOT_NEGATIVE", 1, 37_357), ("WRITE_OFF", 2_057, 0)]
    );
    assert_eq!((import.receipts_read, import.lines_read), (27_728, 502_938));
    assert_eq!(986_703_936 - 56_886_474 + import.set_aside.amount().minor(), 916_199_617);
    let free = import
        .sales
        .iter()
        .filter(|sale| sale.kind == SaleKind::Settle)
        .flat_map(|sale| &sale.lines)
        .filter(|line| line.unit_price.is_zero());
    assert_eq!(free.count(), 1_452);
    assert_eq!(import.sales.iter().map(|sale| sale.lines.len()).max(), Some(582));
}
