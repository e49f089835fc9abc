//! A numbered immutable snapshot of products, indexed by article number and by property.

use std::collections::HashMap;
use std::fmt;

use compact_str::CompactString;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

use crate::attribute::{AttributeKey, CATEGORY, KeyMap, Property, SKU};
use crate::id::{Sku, TaxCode};
use crate::limits::{CATALOGUE_PRODUCTS_MAX, CATEGORY_DEPTH_MAX};
use crate::money::UnitPrice;
use crate::receipt::Attribute;

/// What kind of thing is sold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// Things.
    #[default]
    Goods,
    /// Work done.
    Service,
    /// Bottle deposits and the like: no discount, no earning.
    Deposit,
    /// A gift certificate being sold: no discount, no earning.
    CertificateSale,
    /// Money loaded onto something: no discount, no earning.
    TopUp,
    /// A carrier bag.
    Bag,
    /// A gift to somebody else: no discount, no earning.
    Donation,
}

impl ProductKind {
    /// Whether this kind takes discounts and earns; money in another shape does neither.
    #[must_use]
    pub const fn is_merchandise(self) -> bool {
        match self {
            Self::Goods | Self::Service | Self::Bag => true,
            Self::Deposit | Self::CertificateSale | Self::TopUp | Self::Donation => false,
        }
    }
}

/// One article.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its number.
    pub sku: Sku,
    /// Its name for people.
    pub name: CompactString,
    /// What kind of thing it is.
    #[serde(default)]
    pub kind: ProductKind,
    /// Its tax rate's code, used for lines that the engine adds.
    #[serde(default)]
    pub tax_code: Option<TaxCode>,
    /// Its ordinary price, used for the worth of gifts; the till's price counts for what is sold.
    #[serde(default)]
    pub price: Option<UnitPrice>,
    /// It takes no discount.
    #[serde(default)]
    pub no_discount: bool,
    /// It earns nothing.
    #[serde(default)]
    pub no_earn: bool,
    /// It cannot be paid by points or bonus money.
    #[serde(default)]
    pub no_redeem: bool,
    /// No discount takes one unit below this price.
    #[serde(default)]
    pub unit_price_min: Option<UnitPrice>,
    /// No unit may be sold above this price.
    #[serde(default)]
    pub unit_price_max: Option<UnitPrice>,
    /// Its place in the tree, from the root; at most 16 deep.
    #[serde(default)]
    pub categories: Vec<CompactString>,
    /// Its properties; one name may have several values.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
}

impl Product {
    /// An article with a number and a name, and nothing else said about it.
    #[must_use]
    pub fn new(sku: Sku, name: &str) -> Self {
        Self {
            sku,
            name: CompactString::from(name),
            kind: ProductKind::Goods,
            tax_code: None,
            price: None,
            no_discount: false,
            no_earn: false,
            no_redeem: false,
            unit_price_min: None,
            unit_price_max: None,
            categories: Vec::new(),
            attributes: Vec::new(),
        }
    }
}

/// One thing wrong with a product.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogueFault {
    /// Which product, from 0 in the order given.
    pub place: usize,
    /// Its number.
    pub sku: Sku,
    /// What is wrong with it.
    pub message: &'static str,
}

impl fmt::Display for CatalogueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "product {} (`{}`): {}", self.place.saturating_add(1), self.sku, self.message)
    }
}

/// Why a list of products is no catalogue: every fault at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CatalogueError {
    /// More products than a catalogue may have.
    TooMany {
        /// How many there are.
        products: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Products that cannot be.
    Faults(Vec<CatalogueFault>),
}

impl std::error::Error for CatalogueError {}

impl fmt::Display for CatalogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { products, limit } => write!(f, "the catalogue has {products} products, at most {limit} are possible"),
            Self::Faults(faults) => {
                write!(f, "the catalogue has {} faults", faults.len())?;
                for fault in faults {
                    write!(f, "\n{fault}")?;
                }
                Ok(())
            }
        }
    }
}

/// A product and its properties as keys, article number and every depth of its path among them.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) product: Product,
    /// Sorted by key.
    pub(crate) properties: Vec<Property>,
}

type SkuMap = HashMap<Sku, u32, FxBuildHasher>;

/// The products of one day, immutable.
#[derive(Debug)]
pub struct Catalogue {
    number: u64,
    hash: [u8; 32],
    /// Sorted by article number.
    entries: Vec<Entry>,
    by_sku: SkuMap,
    by_property: KeyMap<Vec<u32>>,
}

impl Catalogue {
    /// Builds one; the order of the products does not matter.
    ///
    /// # Errors
    /// Every fault of every product: a number twice, prices that contradict each other, reserved or empty
    /// names of attributes, a path that is too deep.
    pub fn new(number: u64, products: Vec<Product>) -> Result<Self, CatalogueError> {
        if products.len() > CATALOGUE_PRODUCTS_MAX {
            return Err(CatalogueError::TooMany { products: products.len(), limit: CATALOGUE_PRODUCTS_MAX });
        }
        let mut faults: Vec<CatalogueFault> = Vec::new();
        for (place, product) in products.iter().enumerate() {
            faults.extend(faults_of(product).map(|message| CatalogueFault { place, sku: product.sku.clone(), message }));
        }
        let mut order: Vec<(usize, Product)> = products.into_iter().enumerate().collect();
        order.sort_by(|a, b| a.1.sku.cmp(&b.1.sku).then(a.0.cmp(&b.0)));
        for (before, after) in order.iter().zip(order.iter().skip(1)).filter(|(a, b)| a.1.sku == b.1.sku) {
            debug_assert!(before.0 < after.0, "equal numbers keep their order");
            faults.push(CatalogueFault {
                place: after.0,
                sku: after.1.sku.clone(),
                message: "its number stands in the catalogue already",
            });
        }
        if !faults.is_empty() {
            faults.sort_by_key(|fault| fault.place);
            return Err(CatalogueError::Faults(faults));
        }
        Ok(Self::indexed(number, order.into_iter().map(|(_, product)| product).collect()))
    }

    /// A catalogue without products: every article is unknown, and sold anyway.
    #[must_use]
    pub fn empty(number: u64) -> Self {
        Self::indexed(number, Vec::new())
    }

    fn indexed(number: u64, products: Vec<Product>) -> Self {
        let hash = hash_of(&products);
        let mut by_sku = SkuMap::default();
        let mut by_property: KeyMap<Vec<u32>> = KeyMap::default();
        let mut entries = Vec::with_capacity(products.len());
        for (place, product) in (0_u32..).zip(products) {
            let properties = properties_of(&product);
            for property in &properties {
                by_property.entry(property.key).or_default().push(place);
            }
            by_sku.insert(product.sku.clone(), place);
            entries.push(Entry { product, properties });
        }
        Self { number, hash, entries, by_sku, by_property }
    }

    /// Its number, which every outcome names.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// BLAKE3 over the products in the order of their numbers.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// How many products there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The product with this number.
    #[must_use]
    pub fn product(&self, sku: &Sku) -> Option<&Product> {
        self.entry(sku).map(|entry| &entry.product)
    }

    /// All products in the order of their numbers.
    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.entries.iter().map(|entry| &entry.product)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(crate) fn entry(&self, sku: &Sku) -> Option<&Entry> {
        self.entries.get(usize::try_from(*self.by_sku.get(sku)?).ok()?)
    }

    /// How many products have a property.
    pub(crate) fn count_with(&self, key: AttributeKey) -> usize {
        self.by_property.get(&key).map_or(0, Vec::len)
    }

    /// The products whose properties have this key, in the order of their numbers.
    pub(crate) fn entries_with(&self, key: AttributeKey) -> impl Iterator<Item = &Entry> {
        let places = self.by_property.get(&key).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.entries.get(usize::try_from(*place).ok()?))
    }
}

fn faults_of(product: &Product) -> impl Iterator<Item = &'static str> {
    let below_zero =
        [product.price, product.unit_price_min, product.unit_price_max].into_iter().flatten().any(UnitPrice::is_negative);
    let crossed = matches!((product.unit_price_min, product.unit_price_max), (Some(min), Some(max)) if min > max);
    let dear = matches!((product.price, product.unit_price_max), (Some(price), Some(max)) if price > max);
    let deep = product.categories.len() > CATEGORY_DEPTH_MAX;
    let reserved = product.attributes.iter().any(|attribute| attribute.name == SKU || attribute.name == CATEGORY);
    let nameless = product.attributes.iter().any(|attribute| attribute.name.is_empty());
    let nowhere = product.categories.iter().any(CompactString::is_empty);
    let text = |wrong: bool, message: &'static str| wrong.then_some(message);
    [
        text(below_zero, "a price is below zero"),
        text(crossed, "its minimum price is above its maximum price"),
        text(dear, "its price is above its maximum price"),
        text(deep, "its category path is deeper than 16"),
        text(nowhere, "its category path has an empty step"),
        text(reserved, "an attribute is called `sku` or `category`; these names are taken by the number and the path"),
        text(nameless, "an attribute has no name"),
    ]
    .into_iter()
    .flatten()
}

/// The keys of a product: its number, every depth of its path as `a/b/c`, and its attributes.
fn properties_of(product: &Product) -> Vec<Property> {
    let mut properties = vec![Property::new(SKU, product.sku.as_str())];
    let mut path = CompactString::default();
    for step in &product.categories {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(step);
        properties.push(Property::new(CATEGORY, &path));
    }
    properties.extend(product.attributes.iter().map(|attribute| Property::new(&attribute.name, &attribute.value)));
    properties.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.name.cmp(&b.name)).then_with(|| a.value.cmp(&b.value)));
    properties.dedup();
    properties
}

/// Over products sorted by number, each length first, so that no two lists share their bytes.
fn hash_of(products: &[Product]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"tessera catalogue 1");
    for product in products {
        let bytes = postcard::to_allocvec(product).unwrap_or_default();
        assert!(!bytes.is_empty(), "a product has plain fields only: it always encodes");
        hasher.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        hasher.update(&bytes);
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests;
