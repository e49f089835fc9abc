//! The products that the simulated tills sell, and the lines they ring up.

use std::collections::BTreeMap;

use tessera_proto::billing::v1::{Line, QuantityKind};
use tessera_rules::catalogue::Product;
use tessera_rules::money::{Rounding, divide};

use super::shopper::Item;

/// Micros of the major unit in a minor unit of the sample's pounds, times thousandths of a unit.
const MICRO_MILLIS_PER_PENNY: i128 = 10_000 * 1_000;

/// Products by number.
#[derive(Debug)]
pub(super) struct Goods(BTreeMap<String, Product>);

impl Goods {
    pub(super) fn new(products: Vec<Product>) -> Self {
        Self(products.into_iter().map(|product| (product.sku.as_str().to_owned(), product)).collect())
    }

    /// What people call it; its number where nobody says.
    pub(super) fn name<'a>(&'a self, sku: &'a str) -> &'a str {
        self.0.get(sku).map_or(sku, |product| product.name.as_str())
    }

    /// The lines of a basket at the products' ordinary prices, in pence.
    pub(super) fn lines(&self, items: &[Item]) -> Vec<Line> {
        items.iter().zip(1_usize..).map(|(item, place)| self.line(item, place)).collect()
    }

    fn line(&self, item: &Item, place: usize) -> Line {
        let product = self.0.get(&item.sku);
        let price_micros = product.and_then(|product| product.price).map_or(0, |price| price.micros());
        let exact = i128::from(price_micros).saturating_mul(i128::from(item.quantity_milli));
        let kind = if item.measured { QuantityKind::Measured } else { QuantityKind::Counted };
        Line {
            line_id: place.to_string(),
            sku: item.sku.clone(),
            quantity_milli: item.quantity_milli,
            quantity_kind: kind.into(),
            unit_price_micros: price_micros,
            amount_minor: divide(exact, MICRO_MILLIS_PER_PENNY, Rounding::HalfUp).unwrap_or(0),
            tax_code: product
                .and_then(|product| product.tax_code.as_ref())
                .map_or_else(String::new, |code| code.as_str().to_owned()),
            ..Line::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_rung_up_at_the_ordinary_price_rounded_half_up() {
        let goods = Goods::new(crate::product_file::read_text("sample", super::super::PRODUCTS).unwrap());
        let item = |sku: &str, quantity_milli, measured| Item { sku: sku.to_owned(), quantity_milli, measured };
        let lines = goods.lines(&[item("COMTE-KG", 284, true), item("CRISPS", 10_000, false), item("NOBODY", 1_000, false)]);
        let amounts: Vec<(i64, i64)> = lines.iter().map(|line| (line.unit_price_micros, line.amount_minor)).collect();
        assert_eq!(amounts, [(18_900_000, 537), (900_000, 900), (0, 0)]);
        assert_eq!((lines[1].line_id.as_str(), lines[1].tax_code.as_str()), ("2", "S"));
    }
}
