//! Shapes: what may stand where in a case file. One check finds every unknown key, wrong type and missing value.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use tessera_rules::diagnostic::nearest;
use tessera_rules::tree::{Field, Kind, Node, Span};

use crate::item::{Entry, Item, Moment, Value};
use crate::marks::Marks;

/// What may stand at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// Any text.
    Text,
    /// A decimal number, exactly as written.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A date, a date and time, either with an offset, or `never`.
    Moment,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A list; one value alone is a list of one.
    List(&'static Shape),
    /// A map with known keys.
    Map(&'static Table),
    /// A map whose keys are names.
    Named(&'static Shape),
    /// The path of a file, or else this.
    PathOr(&'static Shape),
    /// Paths of files, or a program written out.
    Program,
}

/// The keys of a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// What the map is, as mistakes name it.
    pub(crate) what: &'static str,
    /// What a value without a map around it is: the value of this key.
    pub(crate) short: Option<&'static str>,
    /// Each key and what stands there.
    pub(crate) keys: &'static [(&'static str, Shape)],
    /// Keys that must be there.
    pub(crate) required: &'static [&'static str],
}

/// Keys that are looked at for one that was misspelt.
const FIELDS_GUESSED_MAX: usize = 64;

/// Checks a tree against a shape, whose mistakes are noted, and makes items of it.
#[derive(Debug)]
pub(crate) struct Shaper<'m, 't> {
    marks: &'m mut Marks<'t>,
}

impl<'m, 't> Shaper<'m, 't> {
    pub(crate) fn new(marks: &'m mut Marks<'t>) -> Self {
        Self { marks }
    }

    /// `line_end` is the first line that is surely not the node's any more.
    pub(crate) fn item(&mut self, node: &Node, shape: &Shape, line_end: u32) -> Item {
        let value = match shape {
            Shape::Map(table) => return self.map(node, table, line_end),
            Shape::List(inner) => self.list(node, inner, line_end),
            Shape::Named(inner) => self.named(node, inner, line_end),
            Shape::PathOr(inner) => match &node.kind {
                Kind::Scalar { .. } => self.scalar(node, &Shape::Text),
                Kind::List(_) | Kind::Map(_) => return self.item(node, inner, line_end),
            },
            Shape::Program => match &node.kind {
                Kind::Scalar { .. } | Kind::List(_) => self.list(node, &Shape::Text, line_end),
                Kind::Map(_) => Value::Inline { lines_end: line_end },
            },
            Shape::Text | Shape::Number | Shape::Boolean | Shape::Moment | Shape::Word(_) => self.scalar(node, shape),
        };
        Item { at: node.at, value }
    }

    fn map(&mut self, node: &Node, table: &'static Table, line_end: u32) -> Item {
        let Kind::Map(fields) = &node.kind else {
            return self.short(node, table, line_end);
        };
        let mut entries = Vec::new();
        for (place, field) in fields.iter().enumerate() {
            let Some((_, shape)) = table.keys.iter().find(|(key, _)| *key == field.key) else {
                self.unknown_key(field, table);
                continue;
            };
            let end = fields.get(place.saturating_add(1)).map_or(line_end, |next| next.at.line);
            let item = self.item(&field.value, shape, end);
            entries.push(Entry { key: field.key.clone(), at: field.at, item });
        }
        self.require(node.at, fields, table);
        Item { at: node.at, value: Value::Map(entries) }
    }

    /// A value without a map around it.
    fn short(&mut self, node: &Node, table: &'static Table, line_end: u32) -> Item {
        let short = table.short.and_then(|short| table.keys.iter().find(|(key, _)| *key == short));
        let nothing_wanted = node.is_nothing() && table.required.is_empty();
        let Some((key, shape)) = short.filter(|_| !nothing_wanted) else {
            if !nothing_wanted {
                let help = Some("indent its keys below it".to_owned());
                self.marks.error(node.at, format!("{} must be a map of `key: value` lines", table.what), help);
            }
            return Item { at: node.at, value: if nothing_wanted { Value::Map(Vec::new()) } else { Value::Nothing } };
        };
        let item = self.item(node, shape, line_end);
        let entries = vec![Entry { key: (*key).to_owned(), at: node.at, item }];
        Item { at: node.at, value: Value::Map(entries) }
    }

    /// A required key that was only misspelt is told as that.
    fn require(&mut self, at: Span, fields: &[Field], table: &'static Table) {
        let is_there = |key: &str| fields.iter().any(|field| field.key == key);
        let is_misspelt =
            |key: &'static str| fields.iter().take(FIELDS_GUESSED_MAX).any(|field| nearest(&field.key, [key]).is_some());
        for key in table.required.iter().filter(|key| !is_there(key) && !is_misspelt(key)) {
            self.marks.error(at, format!("{} needs `{key}`", table.what), Some(format!("add a line `{key}: …`")));
        }
    }

    fn unknown_key(&mut self, field: &Field, table: &'static Table) {
        if self.marks.is_full() {
            return;
        }
        let known = table.keys.iter().map(|(key, _)| *key);
        let help = match nearest(&field.key, known.clone()) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("{} has the keys {}", table.what, listed(known)),
        };
        self.marks.error(field.at, format!("{} has no key `{}`", table.what, field.key), Some(help));
    }

    fn list(&mut self, node: &Node, inner: &Shape, line_end: u32) -> Value {
        match &node.kind {
            Kind::Scalar { .. } if node.is_nothing() => {
                self.missing(node.at, Some("write `[]` for none"));
                Value::Nothing
            }
            Kind::Scalar { .. } | Kind::Map(_) => Value::List(vec![self.item(node, inner, line_end)]),
            Kind::List(nodes) => {
                let ends = nodes.iter().skip(1).map(|next| next.at.line).chain([line_end]);
                Value::List(nodes.iter().zip(ends).map(|(node, end)| self.item(node, inner, end)).collect())
            }
        }
    }

    fn named(&mut self, node: &Node, inner: &Shape, line_end: u32) -> Value {
        let Kind::Map(fields) = &node.kind else {
            let help = Some("write `name: value`, or `{}` for none".to_owned());
            self.marks.error(node.at, "a map of names and values must stand here", help);
            return Value::Nothing;
        };
        let entry = |shaper: &mut Self, field: &Field| Entry {
            key: field.key.clone(),
            at: field.at,
            item: shaper.item(&field.value, inner, line_end),
        };
        Value::Map(fields.iter().map(|field| entry(self, field)).collect())
    }

    fn missing(&mut self, at: Span, help: Option<&str>) {
        self.marks.error(at, "a value is missing here", help.map(str::to_owned));
    }

    fn scalar(&mut self, node: &Node, shape: &Shape) -> Value {
        let text = match &node.kind {
            Kind::Scalar { .. } if node.is_nothing() => {
                self.missing(node.at, None);
                return Value::Nothing;
            }
            Kind::Scalar { text, .. } => text.as_str(),
            Kind::List(_) | Kind::Map(_) => {
                self.marks.error(node.at, "a single value must stand here", None);
                return Value::Nothing;
            }
        };
        let (value, help) = match shape {
            Shape::Number => (number(text), number_help(text)),
            Shape::Boolean => (boolean(text), "write `true` or `false`".to_owned()),
            Shape::Moment => {
                (moment(text), "write `2026-11-30`, `2026-11-30T18:00`, or `2026-11-30T18:00Z` for an exact instant".to_owned())
            }
            Shape::Word(words) => (word(text, words), word_help(text, words)),
            Shape::Text | Shape::List(_) | Shape::Map(_) | Shape::Named(_) | Shape::PathOr(_) | Shape::Program => {
                (Some(Value::Text(text.to_owned())), String::new())
            }
        };
        value.unwrap_or_else(|| {
            self.marks.error(node.at, format!("`{}` is not possible here", shortened(text)), Some(help));
            Value::Nothing
        })
    }
}

/// A text that fits a message.
pub(crate) fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    if text.chars().count() <= CHARACTERS_MAX {
        return text.to_owned();
    }
    text.chars().take(CHARACTERS_MAX).chain(['…']).collect()
}

fn listed<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn number(text: &str) -> Option<Value> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    Decimal::from_str_exact(text).ok().filter(|_| plain).map(Value::Number)
}

fn number_help(text: &str) -> String {
    let help = if text.contains(',') {
        "write the decimal point as `.`, and no thousands separators"
    } else {
        "write digits with a point, such as `1.50`"
    };
    help.to_owned()
}

fn boolean(text: &str) -> Option<Value> {
    match text {
        "true" => Some(Value::Boolean(true)),
        "false" => Some(Value::Boolean(false)),
        _ => None,
    }
}

fn word(text: &str, words: &[&str]) -> Option<Value> {
    words.contains(&text).then(|| Value::Text(text.to_owned()))
}

fn word_help(text: &str, words: &'static [&'static str]) -> String {
    match nearest(text, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write one of {}", listed(words.iter().copied())),
    }
}

fn moment(text: &str) -> Option<Value> {
    let exact = text.parse::<Timestamp>().ok().map(Moment::Exact);
    let local = || {
        if text.contains('T') || text.contains(' ') {
            text.parse::<DateTime>().ok().map(Moment::Local)
        } else {
            text.parse::<Date>().ok().map(|date| Moment::Local(date.at(0, 0, 0, 0)))
        }
    };
    let never = (text == "never").then_some(Moment::Never);
    never.or(exact).or_else(local).map(Value::Moment)
}
