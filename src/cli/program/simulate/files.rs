//! The receipts of the named files, and the products that lie beside them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tessera_rules::catalogue::Product;
use tessera_rules::id::Sku;
use tessera_rules::money::Currency;

use super::Receipts;
use crate::cli::Failure;
use crate::receipt_files::sale::Sale;
use crate::receipt_files::{Format, import_file};
use crate::replay::{progress, tell};

/// Receipts that cannot be simulated together.
#[derive(Debug, thiserror::Error)]
enum FilesFailure {
    /// One id twice.
    #[error("receipt {receipt_id} stands in {} and in {}: leave one of them out", first.display(), second.display())]
    Twice { receipt_id: String, first: PathBuf, second: PathBuf },
    /// Amounts of two currencies cannot be added.
    #[error("receipt {receipt_id} in {} is in {found}, the ones before it in {expected}: simulate each currency by itself", file.display())]
    Currencies { receipt_id: String, file: PathBuf, found: String, expected: String },
    /// One product in two ways.
    #[error("product {sku} is not the same beside {} as beside {}: say by --catalogue FILE what it is", first.display(), second.display())]
    Products { sku: String, first: PathBuf, second: PathBuf },
}

/// Reads all files; products beside them only where none are named otherwise.
///
/// # Errors
/// A file cannot be used, or not together with the others.
pub(super) fn read(files: &[PathBuf], format: Option<Format>, with_products: bool, quiet: bool) -> Result<Receipts, Failure> {
    let mut all: Option<(Vec<Arc<Sale>>, Currency)> = None;
    let mut ids: HashMap<String, PathBuf> = HashMap::new();
    let mut known: BTreeMap<Sku, (PathBuf, Product)> = BTreeMap::new();
    for file in files {
        let format = format.map_or_else(|| Format::of(file), Ok)?;
        let bar = progress(quiet, "reading", "{msg} {wide_bar} {bytes}/{total_bytes}");
        let imported = import_file(file, format, &bar);
        bar.finish_and_clear();
        let (import, products) = imported?;
        import.remarks.iter().for_each(|remark| tell(remark));
        let (sales, currency) = all.get_or_insert_with(|| (Vec::new(), import.currency));
        for sale in &import.sales {
            check(sale, file, *currency, &mut ids)?;
        }
        sales.extend(import.sales);
        if with_products {
            keep(&mut known, file, products)?;
        }
    }
    let (sales, currency) = all.ok_or("no file of receipts is named")?;
    let products = known.into_values().map(|(_, product)| product).collect();
    Ok(Receipts { sales, currency, products, remarks: Vec::new() })
}

fn check(sale: &Sale, file: &Path, currency: Currency, ids: &mut HashMap<String, PathBuf>) -> Result<(), FilesFailure> {
    let receipt_id = || sale.receipt_id.clone();
    if sale.currency != currency {
        let (found, expected) = (sale.currency.code().to_owned(), currency.code().to_owned());
        return Err(FilesFailure::Currencies { receipt_id: receipt_id(), file: file.to_owned(), found, expected });
    }
    match ids.insert(receipt_id(), file.to_owned()) {
        Some(first) => Err(FilesFailure::Twice { receipt_id: receipt_id(), first, second: file.to_owned() }),
        None => Ok(()),
    }
}

/// Adds the products beside a file to those beside the files before it.
fn keep(known: &mut BTreeMap<Sku, (PathBuf, Product)>, file: &Path, products: Vec<Product>) -> Result<(), FilesFailure> {
    for product in products {
        match known.get(&product.sku) {
            Some((first, other)) if *other != product => {
                let (first, second) = (first.clone(), file.to_owned());
                return Err(FilesFailure::Products { sku: product.sku.to_string(), first, second });
            }
            Some(_) => {}
            None => {
                known.insert(product.sku.clone(), (file.to_owned(), product));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(sku: &str, name: &str) -> Product {
        Product::new(Sku::parse(sku).unwrap(), name)
    }

    #[test]
    fn products_beside_every_file_are_known_and_two_ways_of_one_are_refused() {
        let (first, second) = (Path::new("march/t.csv"), Path::new("april/t.csv"));
        let mut known = BTreeMap::new();
        keep(&mut known, first, vec![product("A", "Apples"), product("B", "Bread")]).unwrap();
        keep(&mut known, second, vec![product("B", "Bread"), product("C", "Cheese")]).unwrap();
        assert_eq!(known.keys().map(Sku::as_str).collect::<Vec<_>>(), ["A", "B", "C"]);
        let refused = keep(&mut known, second, vec![product("A", "Avocados")]).unwrap_err().to_string();
        assert_eq!(
            refused,
            "product A is not the same beside march/t.csv as beside april/t.csv: say by --catalogue FILE what it is"
        );
    }
}
