//! A case file's content after its shape was checked: values that know their places.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use tessera_rules::tree::Span;

/// A value and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Item {
    pub(crate) at: Span,
    pub(crate) value: Value,
}

/// What a value is. Numbers stay decimals: what they count is known only beside a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    /// Nothing usable; the mistake is noted.
    Nothing,
    Text(String),
    Number(Decimal),
    Boolean(bool),
    Moment(Moment),
    List(Vec<Item>),
    Map(Vec<Entry>),
    /// A program written out in the file: the lines from the first to the one before the last.
    Inline {
        lines_end: u32,
    },
}

/// A key and its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: Span,
    pub(crate) item: Item,
}

/// A time as written: of the program's time zone, or exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    Never,
    Local(DateTime),
    Exact(Timestamp),
}

impl Moment {
    /// The instant; none: never, or beyond the calendar. A local time that comes twice is the first of the two.
    pub(crate) fn instant(self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Local(local) => zone.to_timestamp(local).ok(),
            Self::Exact(instant) => Some(instant),
        }
    }
}

impl Item {
    /// The value of a key of a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.item)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    pub(crate) fn list(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    pub(crate) fn number(&self) -> Option<Decimal> {
        if let Value::Number(number) = &self.value { Some(*number) } else { None }
    }

    pub(crate) fn moment(&self) -> Option<Moment> {
        if let Value::Moment(moment) = &self.value { Some(*moment) } else { None }
    }

    /// Whether a key of a map says `true`.
    pub(crate) fn is(&self, key: &str) -> bool {
        self.get(key).is_some_and(|item| item.value == Value::Boolean(true))
    }

    /// The items of a list under a key.
    pub(crate) fn items(&self, key: &str) -> &[Self] {
        self.get(key).map_or(&[], Self::list)
    }

    /// The texts of a list under a key.
    pub(crate) fn texts(&self, key: &str) -> impl Iterator<Item = &str> {
        self.items(key).iter().filter_map(Self::text)
    }

    /// A text under a key.
    pub(crate) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Nothing | Value::Inline { .. } => f.write_str("nothing"),
            Value::Text(text) => f.write_str(text),
            Value::Number(number) => write!(f, "{number}"),
            Value::Boolean(boolean) => write!(f, "{boolean}"),
            Value::Moment(Moment::Never) => f.write_str("never"),
            Value::Moment(Moment::Local(local)) => write!(f, "{local}"),
            Value::Moment(Moment::Exact(instant)) => write!(f, "{instant}"),
            Value::List(items) if items.is_empty() => f.write_str("none"),
            Value::List(items) => {
                let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", texts.join(", "))
            }
            Value::Map(entries) => {
                let texts: Vec<String> = entries.iter().map(|entry| format!("{}: {}", entry.key, entry.item)).collect();
                write!(f, "{{{}}}", texts.join(", "))
            }
        }
    }
}
