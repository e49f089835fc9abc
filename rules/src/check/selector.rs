//! Selectors on products.

use rust_decimal::Decimal;

use super::Checker;
use super::keys::Keys;
use super::keys::campaign::{BETWEEN, EXCEPT};
use super::read::Fields;
use crate::attribute::{CATEGORY, SKU};
use crate::id::Sku;
use crate::selector::{Bounds, Clause, Selector};
use crate::tree::{Kind, Node};

impl Checker<'_> {
    /// `on`, `to` or `suggest`: every key given must hold.
    pub(super) fn selector(&mut self, node: &Node, keys: &'static Keys) -> Selector {
        let Some(fields) = self.fields(node, keys) else { return Selector::default() };
        let mut bounds = Vec::new();
        let clauses = self.clauses(&fields, &mut bounds);
        let measured = fields.get("measured").and_then(|node| self.boolean(node));
        let wanted = bounds.len();
        let except = match fields.get("except") {
            Some(node) => self.fields(node, &EXCEPT).map_or_else(Vec::new, |fields| self.clauses(&fields, &mut bounds)),
            None => Vec::new(),
        };
        bounds.iter_mut().skip(wanted).for_each(|bounds| bounds.excepted = true);
        self.not_all_excepted(node, &clauses, &except);
        Selector { clauses, except, bounds, measured }
    }

    /// What `except` takes away again cannot be meant.
    fn not_all_excepted(&mut self, node: &Node, clauses: &[Clause], except: &[Clause]) {
        if clauses.iter().any(|clause| except.iter().any(|except| except.covers(clause))) {
            self.warn(
                node.at,
                "these goods contradict each other: `except` takes all of them away",
                "the campaign is unreachable; remove one of the two",
            );
        }
    }

    fn clauses(&mut self, fields: &Fields<'_>, bounds: &mut Vec<Bounds>) -> Vec<Clause> {
        let mut clauses = Vec::new();
        if let Some(node) = fields.get("sku") {
            for item in self.list(node) {
                self.id(item, Sku::parse);
            }
            clauses.extend(self.clause(SKU, node));
        }
        if let Some(node) = fields.get("category") {
            clauses.extend(self.clause(CATEGORY, node));
        }
        if let Some(node) = fields.get("attribute")
            && let Some(attributes) = self.pairs(node, "`attribute`")
        {
            for field in attributes {
                if field.key == SKU || field.key == CATEGORY {
                    self.error_with_help(
                        field.at,
                        format!("`{}` is no attribute", field.key),
                        format!("move `{}` out of `attribute`", field.key),
                    );
                }
                match &field.value.kind {
                    Kind::Map(_) => bounds.extend(self.bounds(&field.key, &field.value)),
                    Kind::Scalar { .. } | Kind::List(_) => clauses.extend(self.clause(&field.key, &field.value)),
                }
            }
        }
        clauses
    }

    /// The numbers between which an attribute lies, both among them.
    fn bounds(&mut self, name: &str, node: &Node) -> Option<Bounds> {
        let fields = self.fields(node, &BETWEEN)?;
        let mut number = |key: &str| {
            let node = fields.get(key)?;
            let number = self.decimal(node)?;
            if number <= Decimal::ZERO {
                self.error_with_help(node.at, "a number above zero must stand here", "change it, or leave it out");
            }
            Some(number)
        };
        let (at_least, at_most) = (number("at_least"), number("at_most"));
        if !fields.has("at_least") && !fields.has("at_most") {
            self.error_with_help(node.at, format!("nothing is said of `{name}`"), "add `at_least`, `at_most` or both");
        }
        if let (Some(least), Some(most)) = (at_least, at_most)
            && most < least
        {
            self.error_with_help(fields.place_of("at_most"), "no number is between these", "change them");
        }
        Some(Bounds { name: name.into(), at_least, at_most, excepted: false })
    }

    fn clause(&mut self, name: &str, node: &Node) -> Option<Clause> {
        let values = self.words(node);
        // A path may be written with a slash before or after it.
        let slash: &[char] = if name == CATEGORY { &['/'] } else { &[] };
        let clause = Clause::any_of(name, values.iter().map(|value| value.trim_matches(slash)));
        if clause.is_none() {
            self.error_with_help(node.at, format!("`{name}` lists nothing"), "list at least one value, or leave it out");
        }
        clause
    }
}
