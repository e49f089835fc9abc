//! What a case states against what came of it: only what is stated is compared. A list is complete: what it leaves
//! out must not be there.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::item::{Entry, Item, Moment, Value};
use crate::report::Difference;

/// What came of a case, in the words of the format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Got {
    Nothing,
    Text(String),
    Number(Decimal),
    Boolean(bool),
    /// None: never.
    Moment(Option<Timestamp>),
    List(Vec<Got>),
    /// Items without a name, told apart by their places alone.
    Sequence(Vec<Got>),
    Record(Vec<(&'static str, Got)>),
    /// Names and values; complete: what the case leaves out must be nothing.
    Named {
        entries: Vec<(String, Got)>,
        complete: bool,
    },
}

impl Got {
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(text.as_ref().to_owned())
    }

    /// A text, or nothing.
    pub(crate) fn maybe(text: Option<&str>) -> Self {
        text.map_or(Self::Nothing, Self::text)
    }

    pub(crate) fn count(count: impl Into<Decimal>) -> Self {
        Self::Number(count.into())
    }

    fn record(&self) -> &[(&'static str, Self)] {
        if let Self::Record(fields) = self { fields } else { &[] }
    }
}

/// Compares, and keeps what differs.
#[derive(Debug)]
pub(crate) struct Comparison<'z> {
    zone: &'z TimeZone,
    pub(crate) differences: Vec<Difference>,
}

impl<'z> Comparison<'z> {
    pub(crate) fn new(zone: &'z TimeZone) -> Self {
        Self { zone, differences: Vec::new() }
    }

    pub(crate) fn differ(&mut self, field: impl Into<String>, expected: impl fmt::Display, got: impl fmt::Display) {
        let difference = Difference { field: field.into(), expected: expected.to_string(), got: got.to_string() };
        self.differences.push(difference);
    }

    pub(crate) fn compare(&mut self, field: &str, expected: &Item, got: &Got) {
        let same = match (&expected.value, got) {
            (Value::List(items), Got::List(gots)) => return self.list(field, items, gots),
            (Value::List(items), Got::Sequence(gots)) => return self.sequence(field, items, gots),
            (Value::Map(entries), Got::Record(fields)) => return self.record(field, entries, fields),
            (Value::Map(entries), Got::Named { entries: named, complete }) => {
                return self.named(field, entries, named, *complete);
            }
            _ => self.is_same(expected, got),
        };
        if !same {
            self.differ(field, expected, self.shown(got));
        }
    }

    fn is_same(&self, expected: &Item, got: &Got) -> bool {
        match (&expected.value, got) {
            (Value::Text(a), Got::Text(b)) => a == b,
            (Value::Number(a), Got::Number(b)) => a == b,
            (Value::Boolean(a), Got::Boolean(b)) => a == b,
            (Value::Moment(Moment::Never), Got::Moment(got)) => got.is_none(),
            (Value::Moment(moment), Got::Moment(Some(got))) => moment.instant(self.zone) == Some(*got),
            _ => false,
        }
    }

    fn record(&mut self, field: &str, entries: &[Entry], fields: &[(&'static str, Got)]) {
        for entry in entries {
            let got = fields.iter().find(|(key, _)| *key == entry.key).map_or(&Got::Nothing, |(_, got)| got);
            self.compare(&below(field, &entry.key), &entry.item, got);
        }
    }

    fn named(&mut self, field: &str, entries: &[Entry], named: &[(String, Got)], complete: bool) {
        for entry in entries {
            let got = named.iter().find(|(name, _)| *name == entry.key).map(|(_, got)| got);
            // Nothing of something is not listed.
            let zero = entry.item.value == Value::Number(Decimal::ZERO);
            if got.is_some() || !zero {
                self.compare(&below(field, &entry.key), &entry.item, got.unwrap_or(&Got::Nothing));
            }
        }
        let stated = |name: &str| entries.iter().any(|entry| entry.key == name);
        let is_zero = |got: &Got| matches!(got, Got::Number(number) if number.is_zero());
        for (name, got) in named.iter().filter(|(name, got)| complete && !stated(name) && !is_zero(got)) {
            self.differ(below(field, name), "nothing", self.shown(got));
        }
    }

    fn sequence(&mut self, field: &str, items: &[Item], gots: &[Got]) {
        for (place, item) in items.iter().enumerate() {
            let here = below(field, &place.saturating_add(1).to_string());
            self.compare(&here, item, gots.get(place).unwrap_or(&Got::Nothing));
        }
        for (place, got) in gots.iter().enumerate().skip(items.len()) {
            self.differ(below(field, &place.saturating_add(1).to_string()), "nothing", self.shown(got));
        }
    }

    /// Pairs what has the same name, so that one that is missing does not make all behind it differ.
    fn list(&mut self, field: &str, items: &[Item], gots: &[Got]) {
        let mut left: Vec<Option<&Got>> = gots.iter().map(Some).collect();
        let mut order = Vec::new();
        let key = gots.first().and_then(|got| got.record().first()).map(|(key, _)| *key);
        for (number, item) in (1_usize..).zip(items) {
            let place_of = |is: &dyn Fn(&Got) -> bool| left.iter().position(|got| got.is_some_and(is));
            let found = place_of(&|got| self.is_meant(item, got) && self.is_equal(item, got))
                .or_else(|| place_of(&|got| self.is_meant(item, got)));
            let name = below(field, &name_of(item, key, number));
            match found.and_then(|place| Some((place, left.get_mut(place)?.take()?))) {
                Some((place, got)) => {
                    order.push(place);
                    self.compare(&name, item, got);
                }
                None => self.differ(name, item, "nothing"),
            }
        }
        for got in left.into_iter().flatten() {
            self.differ(field, "nothing", self.shown(got));
        }
        if !order.is_sorted() {
            let names: Vec<String> = (1..).zip(items).map(|(number, item)| name_of(item, key, number)).collect();
            let shown: Vec<String> = gots.iter().map(|got| self.shown(identity(got).unwrap_or(got))).collect();
            self.differ(format!("{field} in this order"), names.join(", "), shown.join(", "));
        }
    }

    /// Whether both have the same name, the first field, and speak of the same things; where they are no maps,
    /// whether they are equal.
    fn is_meant(&self, item: &Item, got: &Got) -> bool {
        let fields = got.record();
        let Some((key, name)) = fields.first() else { return self.is_same(item, got) };
        let says = |entry: &Entry| fields.iter().any(|(key, _)| *key == entry.key);
        item.get(key).is_none_or(|stated| self.is_same(stated, name)) && item.entries().iter().all(says)
    }

    fn is_equal(&self, item: &Item, got: &Got) -> bool {
        let mut trial = Self::new(self.zone);
        trial.compare("", item, got);
        trial.differences.is_empty()
    }

    fn shown(&self, got: &Got) -> String {
        match got {
            Got::Nothing => "nothing".to_owned(),
            Got::Text(text) => text.clone(),
            Got::Number(number) => number.to_string(),
            Got::Boolean(boolean) => boolean.to_string(),
            Got::Moment(None) => "never".to_owned(),
            Got::Moment(Some(instant)) => self.zone.to_datetime(*instant).to_string(),
            Got::List(items) | Got::Sequence(items) if items.is_empty() => "none".to_owned(),
            Got::List(items) | Got::Sequence(items) => {
                format!("[{}]", items.iter().map(|item| self.shown(item)).collect::<Vec<_>>().join(", "))
            }
            Got::Record(fields) => self.map(fields.iter().map(|(key, got)| (*key, got))),
            Got::Named { entries, .. } => self.map(entries.iter().map(|(name, got)| (name.as_str(), got))),
        }
    }

    /// What says something of a map.
    fn map<'g>(&self, fields: impl Iterator<Item = (&'g str, &'g Got)>) -> String {
        let says = |got: &Got| match got {
            Got::Nothing | Got::Boolean(false) => false,
            Got::List(items) | Got::Sequence(items) => !items.is_empty(),
            Got::Named { entries, .. } => !entries.is_empty(),
            Got::Text(_) | Got::Number(_) | Got::Boolean(true) | Got::Moment(_) | Got::Record(_) => true,
        };
        let shown: Vec<String> =
            fields.filter(|(_, got)| says(got)).map(|(key, got)| format!("{key}: {}", self.shown(got))).collect();
        format!("{{{}}}", shown.join(", "))
    }
}

/// A field inside another.
pub(crate) fn below(field: &str, name: &str) -> String {
    if field.is_empty() { name.to_owned() } else { format!("{field} / {name}") }
}

/// What an expected item is called: the value that names such items, else its place.
fn name_of(item: &Item, key: Option<&str>, number: usize) -> String {
    match (&item.value, key.and_then(|key| item.get(key))) {
        (Value::Map(_), Some(name)) => name.to_string(),
        (Value::Map(_), None) => number.to_string(),
        _ => item.to_string(),
    }
}

fn identity(got: &Got) -> Option<&Got> {
    got.record().first().map(|(_, name)| name)
}
