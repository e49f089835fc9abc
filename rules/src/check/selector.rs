//! Selectors on products.

use super::Checker;
use super::keys::Keys;
use super::keys::campaign::EXCEPT;
use super::read::Fields;
use crate::attribute::{CATEGORY, SKU};
use crate::id::Sku;
use crate::selector::{Clause, Selector};
use crate::tree::Node;

impl Checker<'_> {
    /// `on`, `to` or `suggest`: every key given must hold.
    pub(super) fn selector(&mut self, node: &Node, keys: &'static Keys) -> Selector {
        let Some(fields) = self.fields(node, keys) else { return Selector::default() };
        let clauses = self.clauses(&fields);
        let measured = fields.get("measured").and_then(|node| self.boolean(node));
        let except = match fields.get("except") {
            Some(node) => self.fields(node, &EXCEPT).map_or_else(Vec::new, |fields| self.clauses(&fields)),
            None => Vec::new(),
        };
        self.not_all_excepted(node, &clauses, &except);
        Selector { clauses, except, measured }
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

    fn clauses(&mut self, fields: &Fields<'_>) -> Vec<Clause> {
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
                clauses.extend(self.clause(&field.key, &field.value));
            }
        }
        clauses
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
