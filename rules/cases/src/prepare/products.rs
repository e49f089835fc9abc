//! Products of a case or a product file.

use compact_str::CompactString;
use tessera_rules::catalogue::{Product, ProductKind};
use tessera_rules::id::{Sku, TaxCode};
use tessera_rules::receipt::Attribute;

use super::{id, price};
use crate::item::Item;
use crate::marks::Marks;

/// The products of a list, as far as they are sound.
pub(crate) fn products(items: &[Item], marks: &mut Marks<'_>) -> Vec<Product> {
    items.iter().filter_map(|item| product(item, marks)).collect()
}

fn product(item: &Item, marks: &mut Marks<'_>) -> Option<Product> {
    let sku = id(item.get("sku")?, Sku::parse, marks)?;
    let name = item.text_of("name").unwrap_or(sku.as_str()).to_owned();
    let mut product = Product::new(sku, &name);
    product.kind = kind(item.text_of("kind"));
    product.tax_code = item.get("tax_code").and_then(|item| id(item, TaxCode::parse, marks));
    product.price = item.get("price").and_then(|item| price(item, marks));
    product.unit_price_min = item.get("unit_price_min").and_then(|item| price(item, marks));
    product.unit_price_max = item.get("unit_price_max").and_then(|item| price(item, marks));
    product.no_discount = item.is("no_discount");
    product.no_earn = item.is("no_earn");
    product.no_redeem = item.is("no_redeem");
    let path = item.text_of("category").unwrap_or_default().trim_matches('/');
    product.categories = path.split('/').filter(|_| !path.is_empty()).map(CompactString::from).collect();
    product.attributes = attributes(item);
    Some(product)
}

fn kind(word: Option<&str>) -> ProductKind {
    match word {
        Some("service") => ProductKind::Service,
        Some("deposit") => ProductKind::Deposit,
        Some("certificate_sale") => ProductKind::CertificateSale,
        Some("top_up") => ProductKind::TopUp,
        Some("bag") => ProductKind::Bag,
        Some("donation") => ProductKind::Donation,
        // The shape lets only these words pass.
        Some(_) | None => ProductKind::Goods,
    }
}

/// Attributes of a product or line: a name may have several values.
pub(super) fn attributes(item: &Item) -> Vec<Attribute> {
    let entries = item.get("attributes").map_or(&[][..], Item::entries);
    let values = entries.iter().flat_map(|entry| entry.item.list().iter().map(move |value| (entry.key.as_str(), value)));
    values
        .filter_map(|(name, value)| {
            Some(Attribute { name: CompactString::from(name), value: CompactString::from(value.text()?) })
        })
        .collect()
}
