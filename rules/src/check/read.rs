//! Reading typed values out of a tree; each says what is wrong and what to write instead.

use std::ops::RangeInclusive;

use compact_str::CompactString;
use rust_decimal::Decimal;

use super::Checker;
use crate::diagnostic::nearest;
use crate::id::IdError;
use crate::limits::{LINE_AMOUNT_MAX, TEXT_CHARACTERS_MAX};
use crate::money::{Amount, Currency};
use crate::ratio::Ratio;
use crate::text::Text;
use crate::tree::{Field, Kind, Node, Span};

/// The fields of a map, whose keys are known to be known.
#[derive(Clone, Copy)]
pub(super) struct Fields<'n> {
    fields: &'n [Field],
    /// Where the map begins.
    pub(super) at: Span,
    what: &'static str,
}

impl<'n> Fields<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.fields.iter().find(|field| field.key == key).map(|field| &field.value)
    }

    /// Where a key stands, else where the map begins.
    pub(super) fn place_of(&self, key: &str) -> Span {
        self.fields.iter().find(|field| field.key == key).map_or(self.at, |field| field.at)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'n Field> {
        self.fields.iter()
    }
}

/// `one of a, b, c`.
fn listed<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    format!("one of {}", words.join(", "))
}

impl Checker<'_> {
    /// A map with only these keys; an empty list of keys takes any.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, what: &'static str, known: &[&str]) -> Option<Fields<'n>> {
        let Kind::Map(fields) = &node.kind else {
            self.error_with_help(node.at, format!("{what} must be a map of `key: value` lines"), "indent its keys below it");
            return None;
        };
        for field in fields.iter().filter(|field| !known.is_empty() && !known.contains(&field.key.as_str())) {
            let help = match nearest(&field.key, known.iter().copied()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("{what} has {}", listed(known.iter().copied()).replace("one of", "the keys")),
            };
            self.error_with_help(field.at, format!("{what} has no key `{}`", field.key), help);
        }
        Some(Fields { fields, at: node.at, what })
    }

    pub(super) fn require<'n>(&mut self, fields: &Fields<'n>, key: &str) -> Option<&'n Node> {
        let node = fields.get(key);
        if node.is_none() {
            self.error_with_help(fields.at, format!("{} needs `{key}`", fields.what), format!("add a line `{key}: …`"));
        }
        node
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

    /// A text for people: plain, or a map of languages that has the default one.
    pub(super) fn text(&mut self, node: &Node, language_default: &str) -> Option<Text> {
        let Kind::Map(fields) = &node.kind else {
            return self.line(node).map(Text::plain);
        };
        let mut default = None;
        let mut translations = Vec::new();
        for field in fields {
            if !is_language(&field.key) {
                let help = if field.key.contains(' ') {
                    "put a text with a comma into quotes"
                } else {
                    "write a language tag such as `en` or `de-AT`"
                };
                self.error_with_help(field.at, format!("`{}` is no language", field.key), help);
            }
            let Some(line) = self.line(&field.value) else { continue };
            if field.key == language_default {
                default = Some(line);
            }
            translations.push((CompactString::from(field.key.as_str()), CompactString::from(line)));
        }
        if default.is_none() {
            self.error_with_help(
                node.at,
                format!("the text is missing in the default language `{language_default}`"),
                format!("add a line `{language_default}: …`"),
            );
        }
        default.map(|default| Text::with(default, translations))
    }

    /// A text of printable characters that a screen or footer can hold.
    fn line<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let word = self.word(node)?;
        if word.trim().is_empty() {
            self.error(node.at, "the text is empty");
            return None;
        }
        if word.chars().count() > TEXT_CHARACTERS_MAX {
            self.error(node.at, format!("the text is longer than {TEXT_CHARACTERS_MAX} characters"));
            return None;
        }
        if word.chars().any(char::is_control) {
            self.error_with_help(node.at, "the text has a line break or another control character", "write it on one line");
            return None;
        }
        Some(word)
    }
}

/// A language tag: letters and digits in parts of 1 to 8, with hyphens between.
pub(super) fn is_language(tag: &str) -> bool {
    tag.split('-').all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && tag.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
}
