//! Kinds of values, and what they are called when a marketer is told about them.

/// The kind of one value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Scalar {
    /// Yes or no.
    Bool,
    /// A whole number.
    Int,
    /// An exact decimal number.
    Decimal,
    /// A text.
    Text,
    /// A point in time.
    Timestamp,
    /// A length of time.
    Duration,
    /// A day.
    Date,
    /// A record, by its place in the environment.
    Record(RecordId),
    /// What an empty list holds, and what a mistake was made in: goes with everything.
    Unknown,
}

/// A kind of record in one environment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RecordId(pub(crate) u16);

/// The kind of a variable or field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// One value.
    One(Scalar),
    /// Many in an order.
    List(Scalar),
    /// One for each name, as `attribute["brand"]`.
    Named(Scalar),
    /// A list for each name, empty where nothing is known of it.
    NamedList(Scalar),
}

impl Scalar {
    /// Whether it can be calculated with as a number.
    pub(crate) const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::Decimal | Self::Unknown)
    }

    /// The kind that both can be taken for: a whole number is a decimal, too.
    pub(crate) fn common(self, other: Self) -> Option<Self> {
        match (self, other) {
            (a, b) if a == b => Some(a),
            (Self::Unknown, known) | (known, Self::Unknown) => Some(known),
            (Self::Int, Self::Decimal) | (Self::Decimal, Self::Int) => Some(Self::Decimal),
            _ => None,
        }
    }

    /// With its article: `a text`.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Bool => "a condition (yes or no)",
            Self::Int => "a whole number",
            Self::Decimal => "a number",
            Self::Text => "a text",
            Self::Timestamp => "a point in time",
            Self::Duration => "a length of time",
            Self::Date => "a date",
            Self::Record(_) => "a record",
            Self::Unknown => "something unknown",
        }
    }

    /// Several of it: `texts`.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Bool => "conditions",
            Self::Int => "whole numbers",
            Self::Decimal => "numbers",
            Self::Text => "texts",
            Self::Timestamp => "points in time",
            Self::Duration => "lengths of time",
            Self::Date => "dates",
            Self::Record(_) => "records",
            Self::Unknown => "nothing",
        }
    }
}
