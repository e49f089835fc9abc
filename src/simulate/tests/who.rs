//! Whose a receipt is, in which segments the buyer is, and who pays for what was given.

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

/// Keys of a table with receipts, touched receipts and discount of both sides.
fn rows_of(report: &Report, dimension: Dimension) -> Vec<(String, [i64; 3], [i64; 3])> {
    let figures = |figures: &Figures| [figures.receipts, figures.touched, figures.discount.minor()];
    let rows = report.rows(dimension).iter();
    rows.map(|row| (row.key.clone(), figures(&row.figures.current), figures(&row.figures.draft))).collect()
}

#[test]
fn a_receipt_counts_in_every_segment_that_its_buyer_is_in_on_that_side() {
    let segments = |regular: u32| {
        format!(
            "segments:\n- {{id: known, condition: customer.known}}\n- {{id: regulars, condition: account.visits >= {regular}}}\n"
        )
    };
    let off = "campaigns:\n- {id: off, name: Off, segments: [regulars], amount_off: 0.05}\n";
    let card = Some("90000001");
    let mut lines: Vec<String> = (0..4).map(|id| json_line(id, id, None, card)).collect();
    lines.push(json_line(4, 30, None, None));
    lines.push(json_line(5, 40, Some(3), card));
    let mut asked = question(CURRENT, DRAFT, sales(&lines), 2);
    let rules = |regular: u32| {
        let head = HEAD.replace("campaigns:\n", "");
        compiled("segments", format!("{head}{}{off}", segments(regular)))
    };
    asked.rules = Both { current: rules(2), draft: rules(1) };
    let report = answer(&asked);
    // Of four visits two are of a regular now and three under the draft; the last one's discount comes back with its goods.
    let expected = [
        ("(in none)".to_owned(), [1, 0, 0], [1, 0, 0]),
        ("known".to_owned(), [4, 2, 5], [4, 3, 10]),
        ("regulars".to_owned(), [2, 2, 5], [3, 3, 10]),
    ];
    let mut found = rows_of(&report, Dimension::Segment);
    found.sort();
    assert_eq!(found, expected);
    let total = &report.total.figures;
    assert_eq!((total.current.discount.minor(), total.draft.discount.minor()), (5, 10));
    assert_tables_sum_to_the_total(&report);
    assert!(readable::text(&report).contains("by segment (receipts"));
    let page = page::content(&report);
    assert!(page.contains("By segment") && page.contains("these rows do not sum to the total"));
}

#[test]
fn who_is_on_a_list_has_its_prices_for_as_long_as_the_list_says() {
    let staff =
        "segments:\n- {id: staff, list: staff-2026}\ncampaigns:\n- {id: off, name: Off, segments: [staff], amount_off: 0.05}\n";
    let cards = ["90000001", "90000002", "90000003"];
    let lines: Vec<String> =
        (0..6).map(|id| json_line(id, id * 10, None, Some(cards[usize::try_from(id % 3).unwrap()]))).collect();
    let mut asked = question(CURRENT, DRAFT, sales(&lines), 2);
    let draft = compiled("staff", format!("{}{staff}", HEAD.replace("campaigns:\n", "")));
    asked.rules = Both { current: rules("none", "- {id: other, name: Other, on: {sku: [ZZ]}, percent_off: 1}\n"), draft };
    let discount = |asked: &Question| answer(asked).total.figures.draft.discount.minor();
    let nobody = answer(&asked);
    assert_eq!(nobody.total.figures.draft.discount.minor(), 0);
    assert!(nobody.remarks.iter().any(|remark| remark.contains("staff-2026")), "{:?}", nobody.remarks);
    let list = tessera_rules::id::SegmentId::parse("staff-2026").unwrap();
    asked.lists.tell(&list);
    // The first for ever, the second until between its two receipts, at 10:10 and 10:40.
    asked.lists.add(&list, cards[0], None);
    asked.lists.add(&list, cards[1], Some("2026-03-02T10:40:00Z".parse().unwrap()));
    assert_eq!(discount(&asked), 15);
    assert!(!answer(&asked).remarks.iter().any(|remark| remark.contains("staff-2026")));
    asked.lists.add(&list, cards[1], Some("2026-03-02T10:40:01Z".parse().unwrap()));
    assert_eq!(discount(&asked), 20);
}

#[test]
fn a_revision_without_segments_has_no_table_of_them() {
    let report = answer(&question(CURRENT, DRAFT, made::sales(50), 1));
    assert!(report.rows(Dimension::Segment).is_empty());
    assert!(!readable::text(&report).contains("segment") && !page::content(&report).contains("segment"));
}
