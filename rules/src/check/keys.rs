//! The keys of the program language: one table, from which the checker knows what it may find and the JSON Schema
//! is written.

pub(crate) mod campaign;
pub(crate) mod mechanic;
pub(crate) mod program;

/// One key of a map.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// What it says, for the editor that completes it.
    pub(crate) about: &'static str,
}

/// A map of `key: value` lines.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Its name in the schema.
    pub(crate) name: &'static str,
    /// How messages call it.
    pub(crate) what: &'static str,
    pub(crate) keys: &'static [Key],
    /// Keys of which exactly one must stand; none: no such rule.
    pub(crate) one_of: &'static [&'static str],
}

/// What a value looks like.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Any text.
    Word,
    /// An identifier.
    Id,
    /// A text for people, in one or several languages.
    Text,
    /// An exact decimal above zero.
    Decimal,
    /// Above 0 and at most 100.
    Percent,
    Whole(i64, i64),
    Boolean,
    /// A date, or a date and time.
    Moment,
    /// `"09:00-11:00"`.
    Hours,
    /// One of a few words.
    Choice(fn() -> Vec<&'static str>),
    Map(&'static Keys),
    /// A list; one value alone is a list of one.
    Many(&'static Shape),
    /// A map whose keys are the author's.
    MapOf(&'static Shape),
    Either(&'static [Shape]),
}

impl Keys {
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.keys.iter().map(|key| key.name)
    }
}

pub(crate) const fn may(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, required: false, about }
}

pub(crate) const fn must(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, required: true, about }
}

pub(crate) const fn keys(name: &'static str, what: &'static str, keys: &'static [Key]) -> Keys {
    Keys { name, what, keys, one_of: &[] }
}

pub(crate) const fn one_of(
    name: &'static str,
    what: &'static str,
    keys: &'static [Key],
    one_of: &'static [&'static str],
) -> Keys {
    Keys { name, what, keys, one_of }
}

/// The words of a choice.
pub(crate) fn words<T>(choices: &[(&'static str, T)]) -> Vec<&'static str> {
    choices.iter().map(|(name, _)| *name).collect()
}
