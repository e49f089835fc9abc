//! The tree of an expression as it was written: names not yet looked up, kinds not yet known.

use compact_str::CompactString;

use super::error::Span;
use super::value::Value;

/// A part of an expression.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Expr {
    pub(crate) node: Node,
    pub(crate) span: Span,
    /// Levels below and including this one.
    pub(crate) depth: usize,
}

/// A name and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Name {
    pub(crate) text: CompactString,
    pub(crate) span: Span,
}

/// What a part is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Node {
    Literal(Value<'static>),
    Name(CompactString),
    List(Vec<Expr>),
    /// `target.name`, or `target.?name` where it may be missing.
    Member {
        target: Box<Expr>,
        name: Name,
        optional: bool,
    },
    /// `target[index]`, or `target[?index]` where it may be missing.
    Index {
        target: Box<Expr>,
        index: Box<Expr>,
        optional: bool,
    },
    Call {
        target: Option<Box<Expr>>,
        name: Name,
        arguments: Vec<Expr>,
    },
    Not(Box<Expr>),
    Negate(Box<Expr>),
    Binary {
        operator: Operator,
        sides: Box<[Expr; 2]>,
    },
    /// `a && b && …`, flat, so that long conditions are not deep.
    Every(Vec<Expr>),
    /// `a || b || …`, flat.
    Any(Vec<Expr>),
    /// `condition ? then : otherwise`.
    Choose(Box<[Expr; 3]>),
}

/// An operator between two parts, but for `&&` and `||`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Operator {
    Relation(Relation),
    In,
    Arithmetic(Arithmetic),
}

/// A comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// An operation on two numbers, texts, times or lists.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Relation {
    /// The same with its sides changed.
    pub(crate) const fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    /// As it is written.
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Arithmetic {
    /// As it is written.
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}
