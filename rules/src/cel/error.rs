//! What can be wrong with an expression: mistakes found when it is published, and faults of one evaluation.

use std::fmt;

/// A part of an expression's text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Span {
    /// Bytes before it.
    pub offset: u16,
    /// Its bytes; zero at the end of the text.
    pub length: u16,
}

impl Span {
    /// The bytes from `from` up to `to`; what lies beyond 65,535 bytes is cut, no expression is that long.
    pub(crate) fn between(from: usize, to: usize) -> Self {
        let short = |place: usize| u16::try_from(place).unwrap_or(u16::MAX);
        Self { offset: short(from), length: short(to).saturating_sub(short(from)) }
    }

    /// From the beginning of one part to the end of another.
    pub(crate) fn to(self, last: Self) -> Self {
        Self { offset: self.offset, length: last.end().saturating_sub(self.offset) }
    }

    fn end(self) -> u16 {
        self.offset.saturating_add(self.length)
    }

    /// The part itself; nothing where it does not lie in the text.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(usize::from(self.offset)..usize::from(self.end())).unwrap_or_default()
    }

    /// Characters before it and characters in it, for a caret under the text.
    #[must_use]
    pub fn characters(self, text: &str) -> (u32, u32) {
        let before = text.get(..usize::from(self.offset)).unwrap_or(text);
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        (count(before), count(self.of(text)))
    }
}

/// One mistake in an expression.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct CelError {
    /// Where it stands.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl CelError {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Why one evaluation has no value. [`crate::cel::Expression::explain`] says it in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{fault}")]
// A whole machine word: results are handed up many levels, and odd sizes are copied in pieces.
#[repr(align(8))]
pub struct EvalError {
    /// What happened.
    pub fault: EvalFault,
    /// The part of the expression that it happened in.
    pub span: Span,
}

/// What happened in an evaluation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EvalFault {
    /// A number, date or text became larger than the language has.
    Overflow,
    /// Something was divided by zero.
    DivisionByZero,
    /// An attribute, fact, optional field or place of a list is not there.
    Missing,
    /// A text is not the number, date or time that it was taken for.
    NotReadable,
    /// The steps that the caller allowed are used up.
    StepsUsedUp,
    /// The scope gave another kind of value than it declared.
    WrongKind,
}

impl fmt::Display for EvalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "the result is too large",
            Self::DivisionByZero => "division by zero",
            Self::Missing => "the value is not there",
            Self::NotReadable => "the text cannot be read as what is wanted",
            Self::StepsUsedUp => "the evaluation takes too many steps",
            Self::WrongKind => "the value is of another kind than declared",
        })
    }
}
