//! Reading typed values out of a tree; each says what is wrong and what to write instead.

use std::ops::RangeInclusive;

use compact_str::CompactString;
use rust_decimal::Decimal;

use super::Checker;
use super::keys::Keys;
use crate::diagnostic::nearest;
use crate::id::IdError;
use crate::limits::LINE_AMOUNT_MAX;
use crate::money::{Amount, Currency};
use crate::ratio::Ratio;
use crate::tree::{Field, Kind, Node, Span};

/// The fields of a map, those that are not of the language already reported.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n> {
    fields: &'n [Field],
    /// Where the map begins.
    pub(super) at: Span,
    keys: &'static Keys,
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.fields.iter().find(|field| field.key == key).map(|field| &field.value)
    }

    /// Where a key stands, else where the map begins.
    pub(super) fn place_of(&self, key: &str) -> Span {
        self.fields.iter().find(|field| field.key == key).map_or(self.at, |field| field.at)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }
}

/// `one of a, b, c`.
pub(super) fn listed<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    format!("one of {}", words.join(", "))
}

impl Checker<'_> {
    /// A map of these keys; reports keys that it has not and keys that it lacks.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, keys: &'static Keys) -> Option<Fields<'n>> {
        let fields = self.pairs(node, keys.what)?;
        for field in fields.iter().filter(|field| keys.names().all(|name| name != field.key)) {
            let help = match nearest(&field.key, keys.names()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("{} has {}", keys.what, listed(keys.names()).replace("one of", "the keys")),
            };
            self.error_with_help(field.at, format!("{} has no key `{}`", keys.what, field.key), help);
        }
        let fields = Fields { fields, at: node.at, keys };
        for key in keys.keys.iter().filter(|key| key.required && !fields.has(key.name)) {
            self.error_with_help(
                fields.at,
                format!("{} needs `{}`", keys.what, key.name),
                format!("add a line `{}: …`", key.name),
            );
        }
        Some(fields)
    }

    /// A map whose keys are the author's.
    pub(super) fn pairs<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Field]> {
        if let Kind::Map(fields) = &node.kind {
            return Some(fields);
        }
        self.error_with_help(node.at, format!("{what} must be a map of `key: value` lines"), "indent its keys below it");
        None
    }

    /// The one key of those of which exactly one must stand.
    pub(super) fn only<'n>(&mut self, fields: &Fields<'n>) -> Option<&'n Field> {
        let one_of = fields.keys.one_of;
        let found: Vec<&Field> = fields.fields.iter().filter(|field| one_of.contains(&field.key.as_str())).collect();
        if let [only] = found.as_slice() {
            return Some(only);
        }
        let what = fields.keys.what;
        let message = if found.is_empty() {
            format!("{what} needs {}", listed(one_of.iter().copied()))
        } else {
            let names: Vec<&str> = found.iter().map(|field| field.key.as_str()).collect();
            format!("{what} has only one of these, not {}: {}", names.len(), names.join(", "))
        };
        self.error_with_help(fields.at, message, format!("write exactly {}", listed(one_of.iter().copied())));
        None
    }

    /// The items of a list; one value alone is a list of one.
    pub(super) fn list<'n>(&mut self, node: &'n Node) -> Vec<&'n Node> {
        match &node.kind {
            Kind::List(nodes) => nodes.iter().collect(),
            Kind::Scalar { .. } if node.is_nothing() => {
                self.error(node.at, "a value is missing here");
                Vec::new()
            }
            Kind::Scalar { .. } | Kind::Map(_) => vec![node],
        }
    }

    /// Any text.
    pub(super) fn word<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        match &node.kind {
            Kind::Scalar { text, .. } if !node.is_nothing() => Some(text),
            Kind::Scalar { .. } => {
                self.error(node.at, "a value is missing here");
                None
            }
            Kind::List(_) | Kind::Map(_) => {
                self.error(node.at, "a single value must stand here");
                None
            }
        }
    }

    pub(super) fn words(&mut self, node: &Node) -> Vec<CompactString> {
        let nodes = self.list(node);
        nodes.into_iter().filter_map(|item| self.word(item).map(CompactString::from)).collect()
    }

    pub(super) fn id<T>(&mut self, node: &Node, parse: impl FnOnce(&str) -> Result<T, IdError>) -> Option<T> {
        let word = self.word(node)?;
        match parse(word) {
            Ok(id) => Some(id),
            Err(error) => {
                self.error(node.at, format!("`{word}` is no identifier: it {error}"));
                None
            }
        }
    }

    /// A word that must be one of those defined.
    pub(super) fn reference<'n, 'k>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) -> Option<&'n str> {
        let word = self.word(node)?;
        if known.clone().any(|id| id == word) {
            return Some(word);
        }
        let help = match nearest(word, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.clone().next().is_none() => format!("this file defines no {what}"),
            None => format!("write {}", listed(known)),
        };
        self.error_with_help(node.at, format!("there is no {what} `{word}`"), help);
        None
    }

    /// A word out of a fixed few.
    pub(super) fn choice<T: Copy>(&mut self, node: &Node, choices: &[(&str, T)]) -> Option<T> {
        let word = self.word(node)?;
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return Some(*value);
        }
        let names = choices.iter().map(|(name, _)| *name);
        let help = match nearest(word, names.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write {}", listed(names)),
        };
        self.error_with_help(node.at, format!("`{word}` is not possible here"), help);
        None
    }

    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        self.choice(node, &[("true", true), ("false", false)])
    }

    pub(super) fn integer(&mut self, node: &Node, range: RangeInclusive<i64>) -> Option<i64> {
        let word = self.word(node)?;
        match word.parse::<i64>() {
            Ok(value) if range.contains(&value) => Some(value),
            Ok(value) => {
                self.error(node.at, format!("{value} is out of range: {} to {}", range.start(), range.end()));
                None
            }
            Err(_) => {
                self.error(node.at, format!("`{word}` is no whole number"));
                None
            }
        }
    }

    /// A decimal number, exactly as written.
    pub(super) fn decimal(&mut self, node: &Node) -> Option<Decimal> {
        let word = self.word(node)?;
        match Decimal::from_str_exact(word) {
            Ok(decimal) => Some(decimal),
            Err(_) => {
                let help = if word.contains(',') {
                    "write the decimal point as `.`, and no thousands separators"
                } else {
                    "write digits with a point, such as `1.50`"
                };
                self.error_with_help(node.at, format!("`{word}` is no number"), help);
                None
            }
        }
    }

    /// A factor above zero and at most so much.
    pub(super) fn factor(&mut self, node: &Node, what: &str, most: i64) -> Option<Ratio> {
        let decimal = self.decimal(node)?;
        if decimal <= Decimal::ZERO || decimal > Decimal::from(most) {
            self.error(node.at, format!("{what} must be above 0 and at most {most}"));
            return None;
        }
        let ratio = Ratio::from_decimal(decimal);
        if ratio.is_none() {
            self.error(node.at, format!("{what} has too many digits"));
        }
        ratio
    }

    /// A percentage above 0 and at most 100, as a share of one.
    pub(super) fn percent(&mut self, node: &Node) -> Option<Ratio> {
        self.factor(node, "a percentage", 100)?.divided_by(100)
    }

    /// Money above zero, exact in the currency's minor unit.
    pub(super) fn money(&mut self, node: &Node, currency: Currency) -> Option<Amount> {
        let minor = self.scaled(
            node,
            currency.minor_digits(),
            &format!("{} has {} digits after the point", currency.code(), currency.minor_digits()),
        )?;
        if minor > LINE_AMOUNT_MAX.minor() {
            self.error(node.at, "the amount is too large");
            return None;
        }
        Some(Amount::from_minor(minor))
    }

    /// A decimal above zero as a whole number of units of 10^-digits.
    pub(super) fn scaled(&mut self, node: &Node, digits: u32, help: &str) -> Option<i64> {
        let decimal = self.decimal(node)?;
        let factor = Decimal::from(10_i64.checked_pow(digits)?);
        let scaled = decimal.checked_mul(factor).filter(|scaled| scaled.fract().is_zero());
        let Some(whole) = scaled
            .and_then(|scaled| i64::try_from(scaled.normalize().mantissa()).ok().filter(|_| scaled.normalize().scale() == 0))
        else {
            self.error_with_help(node.at, format!("`{decimal}` has too many digits"), help);
            return None;
        };
        if whole <= 0 {
            self.error(node.at, format!("`{decimal}` must be above 0"));
            return None;
        }
        Some(whole)
    }
}

/// A language tag: letters and digits in parts of 1 to 8, with hyphens between.
pub(super) fn is_language(tag: &str) -> bool {
    tag.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && tag.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
}
