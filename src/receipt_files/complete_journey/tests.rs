//! Tests of the households' importer, its coupons, its catalogue and its program.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use tessera_rules::catalogue::Catalogue;
use tessera_rules::money::amount_tolerance;
use tessera_rules::{Revision, Source};

use super::*;

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/complete-journey/transactions.csv")
}

fn imported(file: &Path) -> Import {
    import(file, &ProgressBar::hidden()).unwrap()
}

fn read(rows: &str) -> Result<Import, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("transactions.csv");
    std::fs::write(&file, format!("{}\n{rows}", COLUMNS.join(","))).unwrap();
    import(&file, &ProgressBar::hidden())
}

/// Baskets, lines and minor units that are sent, and those that are set aside.
fn sums(import: &Import) -> (usize, usize, i64, Vec<(&'static str, u64, i64)>) {
    let lines = || import.sales.iter().flat_map(|sale| &sale.lines);
    let aside = import.set_aside.iter().map(|(reason, aside)| (reason.name(), aside.lines, aside.amount.minor()));
    (import.sales.len(), lines().count(), lines().map(|line| line.amount.minor()).sum(), aside.collect())
}

fn codes(import: &Import) -> Vec<(String, Vec<&str>)> {
    let with = import.sales.iter().filter(|sale| !sale.codes.is_empty());
    with.map(|sale| (sale.receipt_id.clone(), sale.codes.iter().map(AsRef::as_ref).collect())).collect()
}

#[test]
fn the_sample_sums_to_what_was_written_into_it() {
    let import = imported(&sample());
    assert_eq!(sums(&import), (26, 77, 46_109, vec![("ZERO_QUANTITY", 5, 35)]));
    assert_eq!((import.receipts_read, import.lines_read), (27, 82));
    assert!(import.sales.iter().all(|sale| sale.kind == SaleKind::Settle && sale.currency.code() == "USD"));
}

#[test]
fn an_amount_is_what_the_line_cost_before_its_discounts() {
    // sales_value 2.89, loyalty 0.00, match 0.45, maker's coupon 0.55: shelf price 1.67 each.
    let import = read("900,330,1,5,2,2.89,0.00,0.55,0.45,1,2017-01-01T11:53:26Z\n").unwrap();
    let line = &import.sales[0].lines[0];
    assert_eq!((line.amount.minor(), line.unit_price.micros(), line.quantity.milli()), (334, 1_670_000, 2_000));
}

#[test]
fn every_unit_price_lies_within_the_contracts_tolerance_of_its_amount() {
    for (units, dollars) in [("3", "1.00"), ("7", "0.01"), ("8030", "19.27"), ("97", "123.45")] {
        let import = read(&format!("900,330,1,5,{units},{dollars},0.00,0.00,0.00,1,2017-01-01T11:53:26Z\n")).unwrap();
        let line = &import.sales[0].lines[0];
        let currency = import.currency;
        let extended = tessera_rules::money::extend(line.quantity, line.unit_price, currency).unwrap();
        let off = (extended.minor() - line.amount.minor()).abs();
        assert!(off <= amount_tolerance(line.quantity, currency).minor(), "{units} for {dollars}: {off} off");
    }
}

#[test]
fn petrol_is_measured_and_everything_else_counted() {
    for (units, measure) in
        [("1", Measure::Counted), ("100", Measure::Counted), ("101", Measure::Measured), ("8030", Measure::Measured)]
    {
        let import = read(&format!("900,330,1,5,{units},19.27,0.00,0.00,0.00,1,2017-01-01T11:53:26Z\n")).unwrap();
        assert_eq!(import.sales[0].lines[0].measure, measure, "{units}");
    }
}

#[test]
fn days_are_those_of_new_york_and_household_numbers_become_card_numbers() {
    let table = [
        ("2017-01-01T04:59:59Z", "330/1/20161231/1/0"),
        ("2017-01-01T05:00:00Z", "330/1/20170101/1/0"),
        ("2017-07-01T03:59:59Z", "330/1/20170630/1/0"),
        ("2017-07-01T04:00:00Z", "330/1/20170701/1/0"),
    ];
    for (time, id) in table {
        let import = read(&format!("900,330,1,5,1,1.00,0.00,0.00,0.00,1,{time}\n")).unwrap();
        assert_eq!(import.sales[0].receipt_id, id, "{time}");
        assert_eq!(import.sales[0].customer.as_deref(), Some("00000900"));
    }
}

#[test]
fn a_coupon_is_shown_once_with_the_first_basket_of_its_day_that_holds_its_product() {
    let import = imported(&sample());
    let expected = [
        ("304/1/20230311/9000000003/0", vec!["77000000011", "77000000022"]),
        ("304/1/20230312/9000000006/0", vec!["77000000011"]),
        // By UTC this basket is of the next day.
        ("12/1/20230317/9000000025/0", vec!["77000000011"]),
        // The household's earlier basket of that day holds nothing of the coupon.
        ("12/1/20230315/9000000027/0", vec!["77000000033"]),
    ];
    let expected: Vec<(String, Vec<&str>)> = expected.into_iter().map(|(id, codes)| (id.to_owned(), codes)).collect();
    assert_eq!(codes(&import), expected);
    let told = "coupons: 5 shown; 3 fit no basket of their household and day, 1 are listed twice for one day, 0 are beyond the 20 codes of a receipt";
    assert_eq!(import.remarks, [told]);
}

#[test]
fn a_receipt_takes_at_most_twenty_codes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("transactions.csv", format!("{}\n7,1,1,5,1,9.00,0.00,0.00,0.00,1,2017-01-01T15:00:00Z\n", COLUMNS.join(",")));
    let coupons: String = (0..23).map(|code| format!("90{code:02},5,1\n")).collect();
    write("coupons.csv", format!("coupon_upc,product_id,campaign_id\n{coupons}"));
    let redemptions: String = (0..23).map(|code| format!("7,90{code:02},1,2017-01-01\n")).collect();
    write("coupon_redemptions.csv", format!("household_id,coupon_upc,campaign_id,redemption_date\n{redemptions}"));
    let import = imported(&folder.path().join("transactions.csv"));
    assert_eq!(import.sales[0].codes.len(), 20);
    assert!(import.remarks[0].contains("20 shown") && import.remarks[0].contains("3 are beyond"), "{:?}", import.remarks);
}

#[test]
fn receipts_without_coupons_beside_them_are_read_and_it_is_told() {
    let import = read("900,330,1,5,1,1.00,0.00,0.00,0.00,1,2017-01-01T11:53:26Z\n").unwrap();
    assert!(import.remarks[0].contains("no coupons are shown"));
}

#[test]
fn p11_a_value_that_cannot_be_is_named_by_row_and_column() {
    let table = [
        ("x,330,1,5,1,1.00,0.00,0.00,0.00,1,2017-01-01T11:53:26Z", "row 2, column `household_id`"),
        (
            "9,330,1,5,1,1.005,0.00,0.00,0.00,1,2017-01-01T11:53:26Z",
            "row 2, column `sales_value`: `1.005` is not a number of at most 2",
        ),
        ("9,330,1,5,1,1.00,-2.00,0.00,0.00,1,2017-01-01T11:53:26Z", "row 2, column `sales_value`: and the discounts sum to less"),
        ("9,330,1,5,1.5,1.00,0.00,0.00,0.00,1,2017-01-01T11:53:26Z", "row 2, column `quantity`"),
        ("9,330,b,5,1,1.00,0.00,0.00,0.00,1,2017-01-01T11:53:26Z", "row 2, column `basket_id`"),
        ("9,330,1,,1,1.00,0.00,0.00,0.00,1,2017-01-01T11:53:26Z", "row 2, column `product_id`: must not be empty"),
        ("9,,1,5,1,1.00,0.00,0.00,0.00,1,2017-01-01T11:53:26Z", "row 2, column `store_id`: must not be empty"),
        ("9,330,1,5,1,1.00,0.00,0.00,0.00,1,yesterday", "row 2, column `transaction_timestamp`: `yesterday` is not a time"),
    ];
    for (row, message) in table {
        let error = read(&format!("{row}\n")).unwrap_err().to_string();
        assert!(error.contains(message), "{row}\n{error}");
    }
}

#[test]
fn the_catalogue_has_paths_properties_and_coupons() {
    let products = products::catalogue_beside(&sample()).unwrap();
    let catalogue = Catalogue::new(1, products).unwrap();
    let described = |sku: &str| {
        let product = catalogue.product(&Sku::parse(sku).unwrap()).unwrap();
        let attributes: Vec<String> =
            product.attributes.iter().map(|attribute| format!("{}={}", attribute.name, attribute.value)).collect();
        (product.name.to_string(), product.categories.join("/"), attributes.join(" "))
    };
    let pasta = "department=GROCERY brand=National product_category=PASTA product_type=SPAGHETTI coupon=77000000011";
    assert_eq!(described("101"), ("SPAGHETTI".to_owned(), "GROCERY/PASTA/SPAGHETTI".to_owned(), pasta.to_owned()));
    assert_eq!(described("107").1, "MISCELLANEOUS");
    assert_eq!(described("103").2.matches("coupon=").count(), 1, "a coupon that is listed twice is one");
}

#[test]
fn the_program_has_points_and_a_campaign_for_each_coupon() {
    let coupons = coupons::Coupons::beside(&sample()).unwrap().unwrap();
    let text = program::text(&coupons);
    assert_eq!(text.matches("\n  - id: coupon-").count(), 4);
    assert!(text.contains(
        "    code: \"77000000011\"\n    on:\n      attribute:\n        coupon: [\"77000000011\"]\n    amount_off: 1.00\n"
    ));
    assert!(text.contains("      per: 1.00\n      units: 1\n      asset: points\n"));
}

#[test]
fn the_program_that_is_written_is_one_that_the_rules_take() {
    let real =
        crate::receipt_files::tests::shared_data("complete-journey").map(|folder| (folder.join("transactions.csv.gz"), 982));
    for (receipts, campaigns) in [(sample(), 5)].into_iter().chain(real) {
        let coupons = coupons::Coupons::beside(&receipts).unwrap().unwrap();
        let source = Source { name: "household.yaml".to_owned(), text: program::text(&coupons) };
        let compiled =
            Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).unwrap_or_else(|diagnostics| panic!("{diagnostics}"));
        assert_eq!(compiled.warnings.to_string(), "");
        assert_eq!(compiled.revision.campaigns().len(), campaigns);
    }
}

#[test]
fn the_real_file_is_accounted_for_to_the_cent() {
    let Some(folder) = crate::receipt_files::tests::shared_data("complete-journey") else { return };
    let import = imported(&folder.join("transactions.csv.gz"));
    let (baskets, lines, minor, aside) = sums(&import);
    assert_eq!((import.receipts_read, import.lines_read), (155_848, 1_469_307));
    assert_eq!((baskets, lines, minor, aside), (155_518, 1_460_438, 539_221_852, vec![("ZERO_QUANTITY", 8_869, 1_435)]));
    assert_eq!(lines, 1_469_307 - 8_869);
    assert!(import.sales.iter().all(|sale| sale.codes.len() <= 20));
    assert_eq!(products::catalogue_beside(&folder.join("transactions.csv.gz")).unwrap().len(), 92_331);
}
