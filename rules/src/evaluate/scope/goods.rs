//! What a condition sees of goods: a line as rung up with what the catalogue says of it, and a product of the catalogue.

use std::borrow::Cow;

use super::words::{kind, price_reason};
use super::{Facts, price, thousandths};
use crate::attribute::{CATEGORY, Property, SKU};
use crate::catalogue::{Entry, Product, ProductKind};
use crate::cel::{LineField, ProductField, Value};
use crate::evaluate::basket::Allowed;
use crate::receipt::{Line, Measure};

/// A line and what the catalogue knows of it.
#[derive(Debug)]
pub(super) struct LineFacts<'a> {
    pub(super) line: &'a Line,
    pub(super) product: Option<&'a Product>,
    pub(super) properties: Cow<'a, [Property]>,
}

impl LineFacts<'_> {
    /// The values of a property, or of the category at its depths.
    pub(super) fn values<'v, 'n>(&'v self, name: &'n str) -> impl Iterator<Item = &'v str> + use<'v, 'n> {
        values_of(&self.properties, name)
    }

    /// [`ranked`] of its properties.
    pub(super) fn ranked(&self, name: &str, place: usize) -> Option<&str> {
        ranked(&self.properties, name, place)
    }

    pub(super) fn field(&self, field: LineField, facts: &Facts<'_, '_>) -> Option<Value<'_>> {
        let line = self.line;
        Some(match field {
            LineField::Id => Value::text(line.id.as_str()),
            LineField::Sku => Value::text(line.sku.as_str()),
            LineField::Name => Value::text(&self.product?.name),
            LineField::Quantity => thousandths(line.quantity.milli()),
            LineField::Measured => Value::Bool(line.measure == Measure::Measured),
            LineField::Amount => facts.money(line.amount),
            LineField::UnitPrice => price(line.unit_price),
            LineField::RegularPrice => price(line.regular_unit_price.unwrap_or(line.unit_price)),
            LineField::PriceReason => Value::text(price_reason(line.price_reason)),
            LineField::TaxCode => Value::text(line.tax_code.as_ref()?.as_str()),
            LineField::Kind => Value::text(kind(self.product.map_or(ProductKind::Goods, |product| product.kind))),
            LineField::Category => Value::text(self.values(CATEGORY).max()?),
            LineField::TakesDiscount => Value::Bool(Allowed::of(line, self.product).takes_discount),
            LineField::Earns => Value::Bool(Allowed::of(line, self.product).earns),
            LineField::Categories | LineField::Attribute | LineField::Values => return None,
        })
    }
}

/// What the catalogue says of a product.
pub(super) fn product_field(entry: &Entry, field: ProductField) -> Option<Value<'_>> {
    let product = &entry.product;
    Some(match field {
        ProductField::Sku => Value::text(product.sku.as_str()),
        ProductField::Name => Value::text(&product.name),
        ProductField::Price => price(product.price?),
        ProductField::Kind => Value::text(kind(product.kind)),
        ProductField::Category => Value::text(values_of(&entry.properties, CATEGORY).max()?),
        ProductField::Categories | ProductField::Attribute | ProductField::Values => return None,
    })
}

/// A name that is a property of its own: the number and the path have fields.
pub(super) fn is_property(name: &str) -> bool {
    name != SKU && name != CATEGORY
}

/// The values of a property, or of the category at its depths.
pub(super) fn values_of<'v, 'n>(properties: &'v [Property], name: &'n str) -> impl Iterator<Item = &'v str> + use<'v, 'n> {
    properties.iter().filter(move |property| property.name == name).map(|property| property.value.as_str())
}

/// The value before which so many others stand. Paths begin with each other, so their order is that of depth; a till may
/// send a value twice.
pub(super) fn ranked<'v>(properties: &'v [Property], name: &str, place: usize) -> Option<&'v str> {
    let before = |(at, value): (usize, &str)| {
        values_of(properties, name).enumerate().filter(|(other_at, other)| (*other, *other_at) < (value, at)).count()
    };
    values_of(properties, name).enumerate().find(|value| before(*value) == place).map(|(_, value)| value)
}
