//! The samples that the demo shows and the README speaks of: they must fit each other.

use tessera_proto::billing::v1::{QuoteRequest, Receipt, ReturnRequest, SettleRequest};
use tessera_rules::catalogue::Catalogue;
use tessera_rules::id::Sku;
use tessera_rules::revision::Revision;

use super::*;

const RECEIPT: &str = include_str!("../../../deploy/examples/receipt.json");
const QUOTE: &str = include_str!("../../../deploy/examples/quote.json");
const SETTLE: &str = include_str!("../../../deploy/examples/settle.json");
const RETURN: &str = include_str!("../../../deploy/examples/return.json");

#[test]
fn the_sample_program_has_no_mistakes_and_no_warnings() {
    let source = Source { name: "sample.yaml".to_owned(), text: PROGRAM.to_owned() };
    let compiled = Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(compiled.warnings.0.is_empty(), "{:?}", compiled.warnings);
}

#[test]
fn the_examples_sell_sample_products_at_their_prices() {
    let products = product_file::read_text("sample", PRODUCTS).unwrap();
    let catalogue = Catalogue::new(1, products).unwrap();
    let receipt: Receipt = serde_json::from_str(RECEIPT).unwrap();
    let quote: QuoteRequest = serde_json::from_str(QUOTE).unwrap();
    let settle: SettleRequest = serde_json::from_str(SETTLE).unwrap();
    for sale in [&receipt, quote.receipt.as_ref().unwrap(), settle.receipt.as_ref().unwrap()] {
        assert_eq!(sale.lines, receipt.lines, "one basket in all of them");
        for line in &sale.lines {
            let product =
                catalogue.product(&Sku::parse(&line.sku).unwrap()).unwrap_or_else(|| panic!("{} is no product", line.sku));
            assert_eq!(product.price.unwrap().micros(), line.unit_price_micros, "{}", line.sku);
            assert_eq!(product.tax_code.as_ref().unwrap().as_str(), line.tax_code, "{}", line.sku);
            let exact = line.unit_price_micros * line.quantity_milli;
            assert_eq!(exact, line.amount_minor * 10_000_000, "{}", line.sku);
        }
    }
}

#[test]
fn the_example_return_gives_back_goods_of_the_example_settle() {
    let settle: SettleRequest = serde_json::from_str(SETTLE).unwrap();
    let returned: ReturnRequest = serde_json::from_str(RETURN).unwrap();
    let sale = settle.receipt.unwrap();
    let original = tessera_proto::billing::v1::return_request::Original::OriginalReceiptId(sale.receipt_id);
    assert_eq!(returned.original, Some(original));
    for line in &returned.lines {
        let sold = sale.lines.iter().find(|sold| sold.line_id == line.original_line_id).unwrap();
        assert_eq!(sold.sku, line.sku);
        assert!(line.quantity_milli <= sold.quantity_milli);
    }
}

#[test]
fn an_address_that_is_taken_gives_way_to_a_free_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    assert_eq!(free(address).port(), 0);
    drop(taken);
}
