//! Whose a receipt is, and who pays for what it was given.

use super::*;

/// A sale of `A2` at 1.05, or its return, as a line of a file of receipts.
fn json_line(id: u32, minute: u32, returns: Option<u32>, customer: Option<&str>) -> String {
    let time = format!("2026-03-02T10:{minute:02}:00Z");
    let kind = match returns {
        None => format!("\"soldAt\":\"{time}\""),
        Some(original) => format!("\"returnedAt\":\"{time}\",\"originalReceiptId\":\"R{original}\""),
    };
    let original_line = if returns.is_some() { "\"originalLineId\":\"1\"," } else { "" };
    let customer = customer.map_or_else(String::new, |card| format!(",\"customer\":{{\"cardNumber\":\"{card}\"}}"));
    format!(
        "{{\"receiptId\":\"R{id}\",{kind},\"businessDate\":\"2026-03-02\",\"storeId\":\"S1\",\"tillId\":\"1\",\"currencyCode\":\"GBP\",\"lines\":[{{\"lineId\":\"1\",{original_line}\"sku\":\"A2\",\"quantityMilli\":\"1000\",\"quantityKind\":\"QUANTITY_KIND_COUNTED\",\"unitPriceMicros\":\"1050000\",\"amountMinor\":\"105\"}}]{customer}}}\n"
    )
}

fn sales(lines: &[String]) -> Vec<Arc<Sale>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receipts.jsonl");
    std::fs::write(&file, lines.concat()).unwrap();
    import_file(&file, Format::JsonLines, &ProgressBar::hidden()).unwrap().0.sales
}

#[test]
fn a_sale_to_nobody_known_earns_nothing_whoever_brings_the_goods_back() {
    let points = "- {id: points, name: Points, points: {asset: points, per: 1.00, units: 10}}\n";
    // Each: the receipts, the points issued, the customers.
    let table: [(&[String], i64, u64); 4] = [
        (&[json_line(1, 0, None, None)], 0, 0),
        (&[json_line(1, 0, None, None), json_line(2, 5, Some(1), Some("90000001"))], 0, 1),
        (
            &[json_line(1, 0, None, None), json_line(2, 5, Some(1), Some("90000001")), json_line(3, 9, None, Some("90000001"))],
            10,
            1,
        ),
        // Somebody else brings a customer's goods back: what they earned goes, and it goes from whom it was given to.
        (&[json_line(1, 0, None, Some("90000001")), json_line(2, 5, Some(1), Some("90000002"))], 0, 2),
    ];
    for (place, (lines, issued, customers)) in table.into_iter().enumerate() {
        let report = answer(&question(points, points, sales(lines), 1));
        let asset = report.assets.iter().find(|asset| asset.id == "points").unwrap();
        assert_eq!((asset.figures.draft.issued.units(), report.customers), (issued, customers), "case {place}");
        assert_eq!(asset.figures.draft.unspent.units(), issued, "case {place}");
    }
}

#[test]
fn p5_two_halves_of_odd_amounts_are_shared_once_and_not_on_each_receipt() {
    // Five pence off each of 31 receipts: 155, of which each pays 77 or 78.
    let draft = "- {id: off, name: Off, amount_off: 0.05, funded_by: {own: 50, supplier: 50}}\n";
    let lines: Vec<String> = (0..31).map(|id| json_line(id, id, None, None)).collect();
    let report = answer(&question("- {id: other, name: Other, on: {sku: [ZZ]}, percent_off: 1}\n", draft, sales(&lines), 2));
    let paid: Vec<(String, i64, i64)> = report
        .rows(Dimension::Funder)
        .iter()
        .map(|row| (row.key.clone(), row.figures.draft.discount.minor(), row.figures.draft.touched))
        .collect();
    assert_eq!(paid, [("own".to_owned(), 78, 31), ("supplier".to_owned(), 77, 31)]);
    assert_tables_sum_to_the_total(&report);
}
