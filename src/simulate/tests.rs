//! Tests of the what-if: a slow twin, threads, sums, and a small sample reviewed by hand.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use tessera_rules::catalogue::Product;
use tessera_rules::id::Sku;
use tessera_rules::money::{Amount, UnitPrice};
use tessera_rules::revision::Source;

use super::report::{Dimension, Figures, Report};
use super::*;
use crate::receipt_files::sale::SaleKind;
use crate::receipt_files::tests::shared_data;
use crate::receipt_files::{Format, import_file};

mod made;
mod sample;
mod twin;
mod who;

/// Currency, assets and tiers that the programs of these tests share.
pub(super) const HEAD: &str = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\nassets:\n- {id: points, kind: points, worth_minor: 0.5, expires: {after_days: 30}}\n- {id: bonus, kind: bonus_money, scale: 2, worth_minor: 1}\ncampaigns:\n";

pub(super) fn rules(name: &str, campaigns: &str) -> Rules {
    compiled(name, format!("{HEAD}{campaigns}"))
}

fn compiled(name: &str, text: String) -> Rules {
    let source = Source { name: format!("{name}.yaml"), text };
    let compiled = Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).unwrap_or_else(|error| panic!("{error}"));
    let mut gift = Product::new(Sku::parse("GIFT").unwrap(), "A gift");
    gift.price = Some(UnitPrice::from_micros(4_990_000));
    let catalogue = Catalogue::new(1, vec![gift]).unwrap();
    Rules { name: name.to_owned(), revision: Arc::new(compiled.revision), catalogue: Arc::new(catalogue) }
}

pub(super) fn question(current: &str, draft: &str, sales: Vec<Arc<Sale>>, threads: usize) -> Question {
    Question {
        rules: Both { current: rules("current", current), draft: rules("draft", draft) },
        currency: sales.first().unwrap().currency,
        sales,
        lists: CustomerLists::default(),
        remarks: Vec::new(),
        weeks: 0,
        threads,
    }
}

pub(super) fn answer(question: &Question) -> Report {
    simulate(question, &ProgressBar::hidden()).unwrap()
}

/// Campaigns of every kind of cost: prices, goods, units of two assets, counters and limits over receipts.
pub(super) const CURRENT: &str = "- {id: points, name: A point a pound, points: {asset: points, per: 1.00, units: 1}}\n- {id: three-two, name: Three for two, on: {sku: [A1, A2]}, n_for_m: {take: 3, pay: 2}, funded_by: {supplier: 33.3, own: 66.7}}\n- {id: gone, name: Ends today, on: {sku: [A3]}, percent_off: 5}\n";
pub(super) const DRAFT: &str = "- {id: points, name: Three points a pound, points: {asset: points, per: 1.00, units: 3}}\n- {id: three-two, name: Three for two, on: {sku: [A1, A2]}, n_for_m: {take: 3, pay: 2}, funded_by: supplier}\n- {id: tenth, name: Every fourth, on: {sku: [A4, A5]}, count: {every: 4, give: {points: {asset: points, units: 21}}}, funded_by: supplier}\n- {id: more, name: Two and one, on: {sku: [A6]}, extra_units: {every: 2, add: 1}}\n- {id: once, name: Once a customer, on: {sku: [A7]}, amount_off: 0.50, limits: {per_customer: 1}}\n- {id: bonus, name: Bonus, on: {sku: [A8]}, points: {asset: bonus, per: 1.00, units: 7}}\n";

#[test]
fn totals_are_those_of_a_slow_twin_on_one_thread() {
    let question = question(CURRENT, DRAFT, made::sales(400), 1);
    let report = answer(&question);
    for which in Which::BOTH {
        let twin = twin::Twin::of(question.rules.of(which), &question.sales);
        let total = report.total.figures.of(which);
        assert_eq!(total.discount, twin.discount, "{which:?}");
        assert_eq!(total.turnover, twin.turnover, "{which:?}");
        assert_eq!(total.goods, twin.goods, "{which:?}");
        assert_eq!((total.receipts, total.touched), (twin.receipts, twin.touched), "{which:?}");
        let units: BTreeMap<String, i64> =
            report.assets.iter().map(|asset| (asset.id.clone(), asset.figures.of(which).issued.units())).collect();
        assert_eq!(units, twin.issued, "{which:?}");
        let unspent: BTreeMap<String, i64> =
            report.assets.iter().map(|asset| (asset.id.clone(), asset.figures.of(which).unspent.units())).collect();
        assert_eq!(unspent, twin.unspent, "{which:?}");
    }
    let draft = &report.total.figures.draft;
    let all = [draft.discount, draft.goods, draft.worth, draft.unspent];
    assert!(all.iter().all(|amount| amount.is_positive()), "every kind of cost is met: {draft:?}");
    assert!(report.assets.iter().any(|asset| asset.figures.draft.lapsed.is_positive()), "some points lapse");
}

#[test]
fn p7_the_answer_is_the_same_on_any_number_of_threads() {
    let sales = made::sales(600);
    let one = answer(&question(CURRENT, DRAFT, sales.clone(), 1));
    for threads in [2, 3, 7] {
        assert_eq!(answer(&question(CURRENT, DRAFT, sales.clone(), threads)), one, "{threads} threads");
    }
    assert_eq!(one.changed.len(), 20);
}

/// What must sum to the total in each table.
fn sums(figures: &Figures) -> Vec<i64> {
    let amounts = [figures.discount, figures.goods, figures.worth, figures.cost, figures.unspent];
    amounts.iter().map(|amount| amount.minor()).chain(figures.units.iter().map(|units| units.units())).collect()
}

pub(super) fn assert_tables_sum_to_the_total(report: &Report) {
    for table in report.tables.iter().filter(|table| table.dimension.splits_cost()) {
        for which in Which::BOTH {
            let total = sums(report.total.figures.of(which));
            let mut summed = vec![0; total.len()];
            for row in &table.rows {
                for (sum, part) in summed.iter_mut().zip(sums(row.figures.of(which))) {
                    *sum += part;
                }
            }
            assert_eq!(summed, total, "{:?}, {which:?}", table.dimension);
            if table.dimension.splits_receipts() {
                let turnover: Amount = table.rows.iter().map(|row| row.figures.of(which).turnover).sum();
                let receipts: i64 = table.rows.iter().map(|row| row.figures.of(which).receipts).sum();
                let total = report.total.figures.of(which);
                assert_eq!((turnover, receipts), (total.turnover, total.receipts), "{:?}", table.dimension);
            }
        }
    }
    for which in Which::BOTH {
        let total = report.total.figures.of(which);
        assert_eq!(total.cost, total.discount + total.goods + total.worth);
        for asset in &report.assets {
            let figures = asset.figures.of(which);
            assert_eq!(figures.issued, figures.redeemed + figures.lapsed + figures.unspent);
        }
    }
}

#[test]
fn p5_every_table_sums_to_the_total_exactly() {
    let report = answer(&question(CURRENT, DRAFT, made::sales(500), 2));
    assert!(report.rows(Dimension::Store).len() > 2 && report.rows(Dimension::Month).len() > 2);
    assert_tables_sum_to_the_total(&report);
}

#[test]
fn a_draft_equal_to_the_current_revision_changes_nothing() {
    let report = answer(&question(DRAFT, DRAFT, made::sales(200), 2));
    assert!(report.is_same() && report.changed.is_empty());
    let rows = report.tables.iter().flat_map(|table| &table.rows).chain([&report.total]);
    for row in rows {
        assert!(sums(&row.figures.draft) == sums(&row.figures.current), "{}", row.key);
    }
    assert!(!report.total.figures.draft.cost.is_zero());
    assert!(readable::text(&report).contains("gives exactly what the current revision gives"));
    assert!(page::content(&report).contains("gives exactly what the current revision gives"));
}

#[test]
fn the_order_of_the_files_does_not_matter_for_the_sums() {
    let mut sales = made::sales(300);
    let forward = answer(&question(CURRENT, DRAFT, sales.clone(), 1));
    sales.reverse();
    let backward = answer(&question(CURRENT, DRAFT, sales, 1));
    assert_eq!(forward.total, backward.total);
    assert_eq!(forward.tables, backward.tables);
}

#[test]
fn a_draft_of_a_later_year_does_something_once_the_receipts_are_moved() {
    let later = "- {id: later, name: Later, valid: {from: 2031-01-01, until: 2032-01-01}, percent_off: 10}\n";
    let mut asked = question(CURRENT, later, made::sales(50), 1);
    let now = answer(&asked);
    assert!(now.total.figures.draft.cost.is_zero());
    assert!(now.remarks.iter().any(|note| note.contains("--as-of DATE")), "{:?}", now.remarks);
    asked.weeks = 270;
    let moved = answer(&asked);
    assert!(moved.total.figures.draft.cost.is_positive());
    assert_eq!(moved.first_day, now.first_day.checked_add(jiff::SignedDuration::from_hours(270 * 7 * 24)).unwrap());
    assert_eq!(moved.first_day.weekday(), now.first_day.weekday());
}

#[test]
fn texts_that_look_like_formulas_are_harmless_in_every_file() {
    let current = "- {id: '-bad', name: '=HYPERLINK(\"http://x\")', percent_off: 1, funded_by: '@SUM(A1)'}\n- {id: 'c', name: \"<script>alert('x')</script>\", percent_off: 1, funded_by: '-2+3'}\n";
    let report = answer(&question(current, CURRENT, made::sales(40), 1));
    let folder = tempfile::tempdir().unwrap();
    csv_files::write(&report, folder.path()).unwrap();
    let mut cells = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let file = entry.unwrap().path();
        for record in csv::Reader::from_path(&file).unwrap().records() {
            for cell in &record.unwrap() {
                cells += 1;
                let dangerous = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                assert!(!dangerous || cell.parse::<rust_decimal::Decimal>().is_ok(), "{cell} in {}", file.display());
            }
        }
    }
    assert!(cells > 100);
    let campaigns = std::fs::read_to_string(folder.path().join("campaigns.csv")).unwrap();
    assert!(campaigns.contains("'-bad,\"'=HYPERLINK(\"\"http://x\"\")\""), "{campaigns}");
    let page = page::content(&report);
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"));
    // A workbook keeps texts as texts, whatever they begin with.
    assert!(workbook::content(&report).unwrap().starts_with(b"PK"));
}

#[test]
fn the_page_loads_nothing_and_says_what_its_parts_are() {
    let page = page::content(&answer(&question(CURRENT, DRAFT, made::sales(200), 1)));
    for foreign in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.contains("default-src 'none'") && page.contains("<html lang=\"en\">"));
    assert_eq!(page.matches("<svg").count(), page.matches("role=\"img\"").count());
    assert_eq!(page.matches("<svg").count(), 2);
    assert_eq!(page.matches("<table").count(), page.matches("<table aria-labelledby").count());
    for balanced in ["section", "figure", "table", "tr", "td", "th", "div", "svg", "thead", "tbody", "tfoot"] {
        let opened = page.matches(&format!("<{balanced}>")).count() + page.matches(&format!("<{balanced} ")).count();
        assert_eq!(opened, page.matches(&format!("</{balanced}>")).count(), "{balanced}");
    }
}

#[test]
fn real_receipts_sum_up_on_both_sides() {
    let Some(folder) = shared_data("online-retail-ii") else { return };
    let file = folder.join("online_retail_ii_2009_2010.csv.gz");
    let (import, _) = import_file(&file, Format::of(&file).unwrap(), &ProgressBar::hidden()).unwrap();
    let sales: Vec<_> = import.sales.into_iter().take(5_000).collect();
    let amount = |kind: SaleKind| -> Amount {
        sales.iter().filter(|sale| sale.kind == kind).flat_map(|sale| &sale.lines).map(|line| line.amount).sum()
    };
    let expected = amount(SaleKind::Settle) - amount(SaleKind::Return);
    let current = "- {id: points, name: P, points: {asset: points, per: 1.00, units: 1}}\n- {id: hearts, name: H, on: {sku: [85123A]}, n_for_m: {take: 3, pay: 2}}\n";
    let draft = "- {id: points, name: P, points: {asset: points, per: 1.00, units: 2}}\n- {id: big, name: B, spend: {at_least: 300.00, give: {amount: 15.00}}, funded_by: supplier}\n";
    let report = answer(&question(current, draft, sales, 2));
    assert_eq!(report.receipts + report.returns, 5_000);
    // What was paid and what was given off is what the file holds.
    for which in Which::BOTH {
        let total = report.total.figures.of(which);
        assert_eq!(total.turnover + total.discount, expected, "{which:?}");
        assert!(total.discount.is_positive() && total.worth.is_positive(), "{which:?}");
    }
    assert_tables_sum_to_the_total(&report);
}

#[test]
fn the_sample_files_are_known_by_how_they_begin() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    for (file, format) in [
        ("online-retail-ii.csv", Format::OnlineRetailIi),
        ("complete-journey/transactions.csv", Format::CompleteJourney),
        ("receipts.jsonl", Format::JsonLines),
    ] {
        assert_eq!(Format::of(&samples.join(file)).unwrap(), format, "{file}");
    }
    let other = Format::of(&samples.join("README.md")).unwrap_err().to_string();
    assert!(other.contains("is no file of receipts") && other.contains("online-retail-ii: Invoice,StockCode"), "{other}");
}
