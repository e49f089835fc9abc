//! What an expression can be about: exact values, borrowed from the receipt wherever they stand there already.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::error::{EvalError, EvalFault, Span};
use super::number;

/// One value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// Yes or no.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// An exact decimal; money stands in major units.
    Decimal(Decimal),
    /// A text.
    Text(Cow<'a, str>),
    /// A point in time.
    Timestamp(Timestamp),
    /// A length of time.
    Duration(SignedDuration),
    /// A day.
    Date(Date),
    /// Something with fields.
    Record(Handle),
}

/// Which one of the records of a kind is meant; only the scope that gave it knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handle(pub u32);

impl Handle {
    /// The variable itself: the receipt, the line that the condition is about, the customer.
    pub const ROOT: Self = Self(u32::MAX);
}

impl<'a> Value<'a> {
    /// A text that stands somewhere else.
    #[must_use]
    pub const fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    /// A text of its own.
    pub(crate) fn owned(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }

    /// The same without a copy of its text.
    #[inline]
    pub(crate) fn borrowed(&'a self) -> Self {
        match self {
            Self::Text(text) => Self::Text(Cow::Borrowed(text)),
            Self::Bool(value) => Self::Bool(*value),
            Self::Int(value) => Self::Int(*value),
            Self::Decimal(value) => Self::Decimal(*value),
            Self::Timestamp(value) => Self::Timestamp(*value),
            Self::Duration(value) => Self::Duration(*value),
            Self::Date(value) => Self::Date(*value),
            Self::Record(value) => Self::Record(*value),
        }
    }

    /// The order of two values of one kind; none where they are of different kinds or have no order.
    #[inline(always)]
    pub(crate) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Decimal(a), Self::Decimal(b)) => Some(number::compare(*a, *b)),
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Timestamp(a), Self::Timestamp(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// Whether both are the same; none where they cannot be compared.
    #[inline(always)]
    pub(crate) fn same(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a == b),
            _ => self.order(other).map(Ordering::is_eq),
        }
    }

    #[inline]
    pub(crate) fn into_bool(self) -> Result<bool, EvalError> {
        if let Self::Bool(value) = self { Ok(value) } else { wrong_kind() }
    }

    #[inline]
    pub(crate) fn into_int(self) -> Result<i64, EvalError> {
        if let Self::Int(value) = self { Ok(value) } else { wrong_kind() }
    }

    #[inline]
    pub(crate) fn into_text(self) -> Result<Cow<'a, str>, EvalError> {
        if let Self::Text(value) = self { Ok(value) } else { wrong_kind() }
    }
}

/// What the checker has ruled out, unless a scope gives another kind than it declared.
#[cold]
#[inline(never)]
pub(crate) fn wrong_kind<T>() -> Result<T, EvalError> {
    Err(EvalError { fault: EvalFault::WrongKind, span: Span::default() })
}
