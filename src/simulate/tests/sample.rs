//! A small sample whose figures were worked out by hand.
//!
//! Points are worth half a penny and lapse after 30 days. Under the draft the first receipt (three A1 at 2.00, one B at
//! 4.50) pays 8.50 and earns 17 points, 8 of them on A1 and 9 on B; B comes back a month later, when the 9 are taken
//! back and the other 8 have lapsed. The third receipt earns 9, the last one (six A1) pays 8.00 and earns 16: 33 in all,
//! 25 unspent. Nobody is known on the second.

use super::*;

#[test]
fn the_reviewed_sample_comes_to_what_was_worked_out_by_hand() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/receipts.jsonl");
    let (import, _) = import_file(&file, Format::JsonLines, &ProgressBar::hidden()).unwrap();
    let current = "- {id: points, name: Points, points: {asset: points, per: 1.00, units: 1}}\n";
    let draft = "- {id: points, name: More points, points: {asset: points, per: 1.00, units: 2}}\n- {id: three, name: Three for two, on: {sku: [A1]}, n_for_m: {take: 3, pay: 2}, funded_by: supplier}\n";
    let report = answer(&question(current, draft, import.sales, 2));
    let text = readable::text(&report);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    assert_eq!(lines.join("\n"), include_str!("sample.txt").trim_end());
    assert_tables_sum_to_the_total(&report);
    let points = report.assets.iter().find(|asset| asset.id == "points").unwrap();
    for (which, units) in [(Which::Current, [22, 0, 6, 16, 8]), (Which::Draft, [33, 0, 8, 25, 13])] {
        let figures = points.figures.of(which);
        let found = [figures.issued, figures.redeemed, figures.lapsed, figures.unspent].map(|units| units.units());
        assert_eq!(found, units[..4], "{which:?}");
        assert_eq!(figures.unspent_worth.minor(), units[4], "{which:?}");
    }
    let most = &report.changed[0];
    assert_eq!(most.receipt_id, "S2/1/20260410/1/a");
    assert_eq!((most.figures.current.paid.minor(), most.figures.draft.paid.minor()), (1_200, 800));
    assert_eq!(most.figures.draft.campaigns, ["points", "three"]);
}
