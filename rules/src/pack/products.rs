//! The products that some campaigns need: those that they are about or give, and those that behave otherwise than an
//! article that nobody knows.

use std::collections::BTreeSet;

use crate::attribute::AttributeKey;
use crate::campaign::Campaign;
use crate::catalogue::{Catalogue, Entry, Product, ProductKind};
use crate::cel::{ReceiptField, Variable};
use crate::id::Sku;
use crate::mechanic::{Give, Mechanic};
use crate::selector::{Bounds, Selector};

/// Bytes that a product takes beside its texts.
const PRODUCT_BYTES: usize = 64;

/// The products that the campaigns need, by number.
///
/// Of an article that is not among them only its number is known: it is sold as any goods are, and no selector of these
/// campaigns means it.
pub(super) fn needed(catalogue: &Catalogue, campaigns: &[&Campaign]) -> Vec<Product> {
    if campaigns.iter().any(|campaign| looks_at_lines(campaign)) {
        return catalogue.products().cloned().collect();
    }
    let given: BTreeSet<&Sku> = campaigns.iter().flat_map(|campaign| gives(campaign)).collect();
    let keys: BTreeSet<AttributeKey> = campaigns.iter().flat_map(|campaign| keys(campaign)).collect();
    let meant: BTreeSet<&Sku> =
        keys.into_iter().flat_map(|key| catalogue.entries_with(key)).map(|entry| &entry.product.sku).collect();
    let bounds: Vec<&Bounds> = campaigns.iter().flat_map(|campaign| selectors(campaign)).flat_map(|on| &on.bounds).collect();
    let lies = |entry: &Entry| bounds.iter().any(|bounds| bounds.holds(&entry.properties));
    let is_needed = |entry: &&Entry| {
        let product = &entry.product;
        !is_plain(product) || given.contains(&product.sku) || meant.contains(&product.sku) || lies(entry)
    };
    catalogue.entries().filter(is_needed).map(|entry| entry.product.clone()).collect()
}

/// About how many bytes they take.
pub(super) fn bytes(products: &[Product]) -> usize {
    let texts = |product: &Product| {
        let attributes = product.attributes.iter().map(|attribute| attribute.name.len().saturating_add(attribute.value.len()));
        let categories = product.categories.iter().map(|category| category.len());
        attributes.chain(categories).fold(product.name.len().saturating_add(product.sku.as_str().len()), usize::saturating_add)
    };
    products.iter().map(|product| texts(product).saturating_add(PRODUCT_BYTES)).fold(0, usize::saturating_add)
}

/// Whether prices do to it what they do to an article that nobody knows.
fn is_plain(product: &Product) -> bool {
    product.kind == ProductKind::Goods
        && !product.no_discount
        && !product.no_earn
        && !product.no_redeem
        && product.unit_price_min.is_none()
        && product.unit_price_max.is_none()
}

/// A free condition may ask for anything that the catalogue knows of a line.
fn looks_at_lines(campaign: &Campaign) -> bool {
    let of_lines = |variable| matches!(variable, Variable::Line(_) | Variable::Receipt(ReceiptField::Lines));
    campaign.free_conditions().any(|free| free.expression.slots().filter_map(Variable::of).any(of_lines))
}

fn selectors(campaign: &Campaign) -> impl Iterator<Item = &Selector> {
    std::iter::once(&campaign.on).chain(campaign.mechanic.groups().iter().filter_map(|group| group.on.as_ref()))
}

fn keys(campaign: &Campaign) -> impl Iterator<Item = AttributeKey> {
    selectors(campaign).flat_map(|selector| selector.clauses.iter().chain(&selector.except)).flat_map(|clause| clause.keys())
}

fn gives(campaign: &Campaign) -> &[Sku] {
    match &campaign.mechanic {
        Mechanic::Spend { give, .. } | Mechanic::Grant { give } => match give {
            Give::Gift { sku, .. } => std::slice::from_ref(sku),
            Give::Choice { skus, .. } => skus,
            Give::Percent(_)
            | Give::Amount(_)
            | Give::Points { .. }
            | Give::Prize { .. }
            | Give::Coupon { .. }
            | Give::Status { .. }
            | Give::Tickets { .. } => &[],
        },
        Mechanic::Off { .. }
        | Mechanic::PriceList { .. }
        | Mechanic::Ladder { .. }
        | Mechanic::Set { .. }
        | Mechanic::ExtraUnits { .. }
        | Mechanic::Points { .. }
        | Mechanic::Multiply { .. }
        | Mechanic::Count(_)
        | Mechanic::Offer { .. } => &[],
    }
}
