//! Tests that what the importers make is what the contract takes.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use jiff::Timestamp;
use tessera_contract::read::{ReadContext, read_quote, read_return};

use super::super::tests::shared_data;
use super::super::{Format, complete_journey, json_lines, online_retail};
use super::*;

fn import(file: &Path, format: Format) -> Import {
    let read = match format {
        Format::OnlineRetailIi => online_retail::import,
        Format::CompleteJourney => complete_journey::import,
        Format::JsonLines => json_lines::import,
    };
    read(file, &ProgressBar::hidden()).unwrap()
}

fn files() -> Vec<(PathBuf, Format)> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let mut files = vec![
        (samples.join("online-retail-ii.csv"), Format::OnlineRetailIi),
        (samples.join("complete-journey/transactions.csv"), Format::CompleteJourney),
    ];
    files.extend(
        shared_data("online-retail-ii").map(|folder| (folder.join("online_retail_ii_2009_2010.csv.gz"), Format::OnlineRetailIi)),
    );
    files.extend(shared_data("complete-journey").map(|folder| (folder.join("transactions.csv.gz"), Format::CompleteJourney)));
    files
}

#[test]
fn the_contract_takes_every_request_that_is_made_of_a_file() {
    for (file, format) in files() {
        for sale in import(&file, format).sales {
            let context = ReadContext { now: sale.at };
            let refusal = match sale.kind {
                SaleKind::Settle => read_quote(&sale.quote_request(), &context).err(),
                SaleKind::Return => read_return(&sale.return_request(), &context).err(),
            };
            assert!(refusal.is_none(), "{} of {}: {refusal:?}", sale.receipt_id, file.display());
        }
    }
}

#[test]
fn receipt_ids_are_distinct_and_the_same_on_every_reading() {
    for (file, format) in files() {
        let ids = |import: Import| -> Vec<String> { import.sales.iter().map(|sale| sale.receipt_id.clone()).collect() };
        let first = ids(import(&file, format));
        let distinct: std::collections::BTreeSet<&String> = first.iter().collect();
        assert_eq!(distinct.len(), first.len(), "{}", file.display());
        assert_eq!(first, ids(import(&file, format)), "{}", file.display());
    }
}

#[test]
fn a_receipt_without_a_customer_names_nobody() {
    let import = import(&files()[0].0, Format::OnlineRetailIi);
    let named = |sale: &&Arc<Sale>| sale.receipt().customer.is_some();
    let (with, without): (Vec<_>, Vec<_>) = import.sales.iter().partition(named);
    assert!(with.iter().all(|sale| sale.customer.is_some()));
    assert!(!without.is_empty() && without.iter().all(|sale| sale.customer.is_none()));
}

#[test]
fn times_before_1970_count_their_nanoseconds_forward() {
    let table = [
        ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
        ("1970-01-01T00:00:00.25Z", 0, 250_000_000),
        ("1969-12-31T23:59:59Z", -1, 0),
    ];
    for (text, seconds, nanos) in table {
        let time = wire_time(text.parse::<Timestamp>().unwrap());
        assert_eq!((time.seconds, time.nanos), (seconds, nanos), "{text}");
    }
}
