//! Which products a campaign is about: clauses over properties, all of which must hold.

use std::borrow::Cow;

use compact_str::CompactString;
use rust_decimal::Decimal;

use crate::attribute::{AttributeKey, CATEGORY, Property, SKU};
use crate::catalogue::Entry;
use crate::receipt::{Line, Measure};

/// One of several properties: `brand` is `A` or `B`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Clause {
    /// Sorted by key; never empty.
    properties: Vec<Property>,
}

impl Clause {
    /// A clause over values of one name; none without values.
    pub(crate) fn any_of<'v>(name: &str, values: impl IntoIterator<Item = &'v str>) -> Option<Self> {
        let mut properties: Vec<Property> = values.into_iter().map(|value| Property::new(name, value)).collect();
        properties.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| a.value.cmp(&b.value)));
        properties.dedup();
        (!properties.is_empty()).then_some(Self { properties })
    }

    fn holds(&self, item: &[Property]) -> bool {
        item.iter().any(|has| {
            let from = self.properties.partition_point(|wanted| wanted.key < has.key);
            self.properties.iter().skip(from).take_while(|wanted| wanted.key == has.key).any(|wanted| wanted.is(has))
        })
    }

    /// The keys of which an item must have one.
    pub(crate) fn keys(&self) -> impl Iterator<Item = AttributeKey> {
        self.properties.iter().map(|property| property.key)
    }

    /// Whether each of the other's values is one of its own, or lies below one in the tree of categories.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.properties.iter().all(|wanted| {
            self.properties.iter().any(|own| {
                own.is(wanted)
                    || (own.name == CATEGORY
                        && wanted.name == CATEGORY
                        && wanted.value.strip_prefix(own.value.as_str()).is_some_and(|rest| rest.starts_with('/')))
            })
        })
    }

    /// Whether an item can have one of both clauses' values, as far as the clauses alone say.
    pub(crate) fn may_meet(&self, other: &Self) -> bool {
        let below = |above: &Property, below: &Property| {
            below.value.strip_prefix(above.value.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.properties.iter().any(|a| {
            other.properties.iter().any(|b| a.name != b.name || a.is(b) || (a.name == CATEGORY && (below(a, b) || below(b, a))))
        })
    }

    /// The name and the values that it lists.
    pub(crate) fn properties(&self) -> &[Property] {
        &self.properties
    }

    /// How many values it lists.
    pub(crate) fn len(&self) -> usize {
        self.properties.len()
    }
}

/// An attribute that is a number, and lies where it is wanted or must not lie.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Bounds {
    pub(crate) name: CompactString,
    pub(crate) at_least: Option<Decimal>,
    pub(crate) at_most: Option<Decimal>,
    /// Goods for which it holds are not meant; else no others are.
    pub(crate) excepted: bool,
}

impl Bounds {
    /// Whether one of the item's values of that name is such a number; what is no number lies nowhere.
    pub(crate) fn holds(&self, item: &[Property]) -> bool {
        let lies =
            |number: Decimal| self.at_least.is_none_or(|least| least <= number) && self.at_most.is_none_or(|most| number <= most);
        let of_name = item.iter().filter(|has| has.name == self.name);
        of_name.filter_map(|has| Decimal::from_str_exact(has.value.trim()).ok()).any(lies)
    }

    /// Whether no number is in both.
    fn is_apart(&self, other: &Self) -> bool {
        let below = |a: &Self, b: &Self| a.at_most.zip(b.at_least).is_some_and(|(most, least)| most < least);
        self.name == other.name && !self.excepted && !other.excepted && (below(self, other) || below(other, self))
    }
}

/// Which products are meant: every clause holds, and none of the exceptions. Without clauses: everything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Selector {
    pub(crate) clauses: Vec<Clause>,
    pub(crate) except: Vec<Clause>,
    /// Numbers between which attributes lie, or do not lie. No index finds a campaign by them.
    pub(crate) bounds: Vec<Bounds>,
    /// Only measured goods, or only counted ones.
    pub(crate) measured: Option<bool>,
}

impl Selector {
    /// Whether it leaves nothing out.
    pub(crate) fn takes_all(&self) -> bool {
        self.clauses.is_empty() && self.except.is_empty() && self.bounds.is_empty() && self.measured.is_none()
    }

    /// The one article that it means; none: it means several, or names none.
    pub(crate) fn only_sku(&self) -> Option<&str> {
        let [clause] = self.clauses.as_slice() else { return None };
        let [property] = clause.properties() else { return None };
        (property.name == SKU).then_some(property.value.as_str())
    }

    /// Whether an item with these properties is meant.
    pub(crate) fn matches(&self, item: &[Property], measure: Measure) -> bool {
        self.measured.is_none_or(|wanted| wanted == matches!(measure, Measure::Measured)) && self.matches_product(item)
    }

    /// Whether a product may be meant by both, as far as the selectors alone say.
    pub(crate) fn may_meet(&self, other: &Self) -> bool {
        let apart = |a: &Clause, b: &Clause| !a.may_meet(b);
        let measures = !matches!((self.measured, other.measured), (Some(a), Some(b)) if a != b);
        let clauses = !self.clauses.iter().any(|a| other.clauses.iter().any(|b| apart(a, b)));
        let excepted = |one: &Self, two: &Self| one.clauses.iter().any(|a| two.except.iter().any(|b| b.covers(a)));
        let bounds = !self.bounds.iter().any(|a| other.bounds.iter().any(|b| a.is_apart(b)));
        measures && clauses && bounds && !excepted(self, other) && !excepted(other, self)
    }

    /// Whether a product with these properties is meant, however it is measured.
    pub(crate) fn matches_product(&self, item: &[Property]) -> bool {
        self.clauses.iter().all(|clause| clause.holds(item))
            && !self.except.iter().any(|clause| clause.holds(item))
            && self.bounds.iter().all(|bounds| bounds.holds(item) != bounds.excepted)
    }
}

/// The properties of a line: the catalogue's, and the line's own, which win over them by name.
pub(crate) fn properties_of<'c>(line: &Line, entry: Option<&'c Entry>) -> Cow<'c, [Property]> {
    let own = |name: &str| line.attributes.iter().any(|attribute| attribute.name == name);
    match entry {
        Some(entry) if line.attributes.is_empty() => Cow::Borrowed(&entry.properties),
        known => {
            let mut properties: Vec<Property> = match known {
                Some(entry) => entry.properties.iter().filter(|property| !own(&property.name)).cloned().collect(),
                None => vec![Property::new(SKU, line.sku.as_str())],
            };
            let free = line.attributes.iter().filter(|attribute| attribute.name != SKU && attribute.name != CATEGORY);
            properties.extend(free.map(|attribute| Property::new(&attribute.name, &attribute.value)));
            // The number and the path are the product's own and cannot be won over.
            if let Some(entry) = known {
                let taken = entry
                    .properties
                    .iter()
                    .filter(|property| (property.name == SKU || property.name == CATEGORY) && own(&property.name));
                properties.extend(taken.cloned());
            }
            Cow::Owned(properties)
        }
    }
}
