//! The bytes of a pack: program files and products, each value in one form.

use bytes::Bytes;
use tessera_rules::catalogue::{Product, ProductKind};
use tessera_rules::money::UnitPrice;
use tessera_rules::receipt::Attribute;
use tessera_rules::revision::Source;

use super::PackHash;
use crate::compact::{CompactReader, CompactWriter};
use crate::limits::PACK_PRODUCTS_MAX;

/// What content begins with: what it is, and the version of its form.
const BEGIN: [u8; 8] = *b"TESSPK\0\x01";
/// Every kind of product in the order of its number.
const KINDS: [ProductKind; 7] = [
    ProductKind::Goods,
    ProductKind::Service,
    ProductKind::Deposit,
    ProductKind::CertificateSale,
    ProductKind::TopUp,
    ProductKind::Bag,
    ProductKind::Donation,
];

/// What a pack decides by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackContent {
    /// Its program files.
    pub sources: Vec<Source>,
    /// Its products.
    pub products: Vec<Product>,
}

impl PackContent {
    /// The bytes. Equal contents have equal bytes, and others have others.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut writer = CompactWriter::after(BEGIN.to_vec());
        writer.list(&self.sources, |writer, source| {
            writer.text(&source.name);
            writer.text(&source.text);
        });
        writer.list(&self.products, product);
        writer.into_bytes().into()
    }

    /// The hash of these bytes.
    #[must_use]
    pub fn hash_of(bytes: &[u8]) -> PackHash {
        PackHash(*blake3::hash(bytes).as_bytes())
    }

    /// Reads bytes; none where they are not one content in this form and nothing else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = CompactReader::of(bytes.strip_prefix(&BEGIN)?);
        let source =
            |reader: &mut CompactReader<'_>| Some(Source { name: reader.plain()?.to_owned(), text: reader.plain()?.to_owned() });
        let sources = reader.list(source)?;
        let products = reader.list_up_to(PACK_PRODUCTS_MAX, read_product)?;
        reader.is_at_end().then_some(Self { sources, products })
    }
}

fn product<'a>(writer: &mut CompactWriter<'a>, product: &'a Product) {
    writer.text(product.sku.as_str());
    writer.text(&product.name);
    writer.byte(kind(product.kind));
    writer.optional(product.tax_code.as_ref(), |writer, code| writer.name(code.as_str()));
    let flags = [product.no_discount, product.no_earn, product.no_redeem];
    flags.into_iter().for_each(|flag| writer.byte(u8::from(flag)));
    for price in [product.price, product.unit_price_min, product.unit_price_max] {
        writer.optional(price, |writer, price| writer.signed(price.micros()));
    }
    writer.list(&product.categories, |writer, category| writer.name(category));
    writer.list(&product.attributes, |writer, attribute| {
        writer.name(&attribute.name);
        writer.name(&attribute.value);
    });
}

/// Its place among [`KINDS`].
fn kind(kind: ProductKind) -> u8 {
    match kind {
        ProductKind::Goods => 0,
        ProductKind::Service => 1,
        ProductKind::Deposit => 2,
        ProductKind::CertificateSale => 3,
        ProductKind::TopUp => 4,
        ProductKind::Bag => 5,
        ProductKind::Donation => 6,
    }
}

fn read_product(reader: &mut CompactReader<'_>) -> Option<Product> {
    let mut product = Product::new(reader.text()?, reader.plain()?);
    product.kind = *KINDS.get(usize::from(reader.byte()?))?;
    product.tax_code = reader.optional(CompactReader::name)?;
    product.no_discount = reader.flag()?;
    product.no_earn = reader.flag()?;
    product.no_redeem = reader.flag()?;
    let price = |reader: &mut CompactReader<'_>| reader.signed().map(UnitPrice::from_micros);
    product.price = reader.optional(price)?;
    product.unit_price_min = reader.optional(price)?;
    product.unit_price_max = reader.optional(price)?;
    product.categories = reader.list(CompactReader::name)?;
    product.attributes = reader.list(|reader| Some(Attribute { name: reader.name()?, value: reader.name()? }))?;
    Some(product)
}
