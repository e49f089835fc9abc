//! The product list beside the receipts as a catalogue.

use std::path::Path;

use indicatif::ProgressBar;
use tessera_rules::catalogue::Product;
use tessera_rules::id::Sku;
use tessera_rules::receipt::Attribute;

use super::super::source::{Row, SourceError, Table};
use super::coupons::{Coupons, beside};

const COLUMNS: [&str; 7] =
    ["product_id", "manufacturer_id", "department", "brand", "product_category", "product_type", "package_size"];
const PRODUCT: usize = 0;
const DEPARTMENT: usize = 2;
const BRAND: usize = 3;
const CATEGORY: usize = 4;
const TYPE: usize = 5;

/// The attribute that names a coupon which is good for the product.
pub(super) const COUPON_ATTRIBUTE: &str = "coupon";

/// The products beside a file of receipts, each with the coupons that are good for it; empty where the list is not there.
///
/// # Errors
/// The list or the coupons are there and are broken.
pub(crate) fn catalogue_beside(receipts: &Path) -> Result<Vec<Product>, SourceError> {
    let Some(file) = beside(receipts, "products") else {
        return Ok(Vec::new());
    };
    let coupons = Coupons::beside(receipts)?.unwrap_or_default();
    let by_product = coupons.by_product();
    let mut table = Table::open(&file, &COLUMNS, &ProgressBar::hidden())?;
    let mut products = Vec::new();
    while let Some(row) = table.next_row()? {
        let codes = by_product.get(row.text(PRODUCT)).map_or(&[][..], Vec::as_slice);
        products.push(product_of(&row, codes)?);
    }
    Ok(products)
}

fn product_of(row: &Row<'_>, codes: &[&str]) -> Result<Product, SourceError> {
    let sku = Sku::parse(row.text(PRODUCT)).map_err(|error| row.fault(PRODUCT, error))?;
    let path: Vec<&str> =
        [DEPARTMENT, CATEGORY, TYPE].into_iter().map(|column| row.text(column)).take_while(|step| !step.is_empty()).collect();
    // Products have no names of their own: the last step of their path says most.
    let mut product = Product::new(sku, path.last().copied().unwrap_or_else(|| row.text(PRODUCT)));
    product.categories = path.into_iter().map(Into::into).collect();
    let own = [("department", DEPARTMENT), ("brand", BRAND), ("product_category", CATEGORY), ("product_type", TYPE)];
    product.attributes = own
        .into_iter()
        .map(|(name, column)| (name, row.text(column)))
        .filter(|(_, value)| !value.is_empty())
        .chain(codes.iter().map(|code| (COUPON_ATTRIBUTE, *code)))
        .map(|(name, value)| Attribute { name: name.into(), value: value.into() })
        .collect();
    Ok(product)
}
