//! A checked expression as it is evaluated: names have become slots, kinds fit, literals are values.

use compact_str::CompactString;
use rust_decimal::Decimal;

use super::environment::Slot;
use super::error::Span;
use super::expr::{Arithmetic, Relation};
use super::value::Value;

/// What has one value.
#[derive(Clone, Debug)]
pub(crate) enum Code {
    Constant(Value<'static>),
    /// The variable of a loop, so many loops further out.
    Local(u8),
    /// A variable, field or named entry; an error where it is not there.
    Read(Read),
    /// Whether it is there.
    Has(Box<Read>),
    /// It, or something else where it is not there.
    OrValue(Box<(Read, Code)>),
    /// One element of a list.
    Item(Box<(List, Code)>, Span),
    Not(Box<Code>),
    Every(Box<[Code]>),
    Any(Box<[Code]>),
    Choose(Box<[Code; 3]>),
    Compare(Relation, Box<[Code; 2]>),
    /// A comparison with what is written out.
    CompareWith(Relation, Box<(Code, Value<'static>)>),
    /// Whether it is one of these, which are sorted.
    OneOf(Box<Code>, Box<[Value<'static>]>),
    In(Box<(Code, List)>),
    /// Whether two lists are the same.
    SameList(Box<[List; 2]>),
    /// A whole number as a decimal.
    Widen(Box<Code>),
    Negate(Box<Code>, Span),
    Arithmetic(Arithmetic, Box<[Code; 2]>, Span),
    Extreme(Extreme, Box<[Code]>),
    Text(Box<TextCode>, Span),
    Convert(Convert, Box<Code>, Span),
    Part(Part, Box<Code>),
    /// Days from the second to the first.
    DaysSince(Box<[Code; 2]>),
    Length(Box<List>),
    Fold(Box<Fold>, Span),
}

/// Where a value stands.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) slot: Slot,
    pub(crate) of: Place,
    pub(crate) entry: Entry,
    pub(crate) span: Span,
}

/// Which entry of a table is meant.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// It is no table.
    None,
    /// The one with this name.
    Named(CompactString),
    /// Worked out.
    Of(Box<Code>),
}

/// Which record is meant.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// The variable itself.
    Root,
    /// The variable of a loop.
    Local(u8),
    /// Worked out.
    Of(Box<Code>),
}

/// What has many values.
#[derive(Clone, Debug)]
pub(crate) enum List {
    Constant(Box<[Value<'static>]>),
    Built(Box<[Code]>),
    /// One that the scope has.
    Read(Read),
    Filter(Box<(List, Code)>),
    Map(Box<(List, Code)>),
    Choose(Box<(Code, List, List)>),
    Join(Box<[List; 2]>),
}

/// The largest or the smallest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Extreme {
    Least,
    Greatest,
}

/// What is done with texts.
#[derive(Clone, Debug)]
pub(crate) enum TextCode {
    Contains([Code; 2]),
    StartsWith([Code; 2]),
    EndsWith([Code; 2]),
    Matches(Code, regex::Regex),
    Join([Code; 2]),
    Lower(Code),
    Upper(Code),
    Size(Code),
}

/// To which kind a value is converted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Convert {
    Int,
    Decimal,
    Text,
    Timestamp,
    Duration,
    Date,
}

/// A part of a date, time or length of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    LocalDate,
}

/// A loop over a list.
#[derive(Clone, Debug)]
pub(crate) struct Fold {
    pub(crate) kind: FoldKind,
    pub(crate) list: List,
    pub(crate) body: Code,
}

/// What a loop is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FoldKind {
    Exists,
    All,
    ExistsOne,
    SumInt,
    SumDecimal,
}

impl FoldKind {
    /// What it is for an empty list.
    pub(crate) fn zero(self) -> Value<'static> {
        match self {
            Self::SumInt => Value::Int(0),
            Self::SumDecimal => Value::Decimal(Decimal::ZERO),
            Self::All => Value::Bool(true),
            Self::Exists | Self::ExistsOne => Value::Bool(false),
        }
    }
}
