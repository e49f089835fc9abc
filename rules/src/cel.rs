//! Conditions: CEL's syntax and meaning over a typed subset, checked when they are published and evaluated exactly.
//!
//! There are no floats: a literal with a point is an exact decimal, and so is money, in major units. Beyond CEL:
//! whole numbers and decimals may be mixed, `sum`, `min`, `max`, `date`, `daysSince`, days in `duration`. A value
//! that may be missing is asked for by `has(a.b)`, `"b" in a`, or `a.?b.orValue(c)`; without, it is an error of the
//! evaluation. Absent from CEL: bytes, unsigned numbers, `null`, tables in braces, lists of lists, types as values.

mod check;
mod code;
mod environment;
mod error;
mod eval;
mod expr;
mod kind;
mod lexer;
mod literal;
mod number;
mod parse;
mod value;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use environment::tessera::{
    AccountField, CustomerField, KINDS, LineField, PRICE_REASONS, ProductField, ReceiptField, STAGES, StoreField, Subject,
    TENDER_KINDS, TenderField, TimeField, Variable, WEEKDAYS,
};
pub use environment::{Declared, Environment, Record, Slot};
pub use error::{CelError, EvalError, EvalFault, Span};
pub use eval::{ListPlace, Scope};
pub use kind::{Kind, RecordId, Scalar};
pub use value::{Handle, Value};

/// An expression that has been read, but not yet checked.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    text: Arc<str>,
    root: expr::Expr,
}

/// An expression that has been checked, ready to be evaluated any number of times.
#[derive(Clone, Debug)]
pub struct Expression {
    text: Arc<str>,
    code: code::Code,
    slots: BTreeSet<Slot>,
}

/// Reads the text of an expression.
///
/// # Errors
/// The first place that is no expression, or that goes beyond a limit of length, depth or size.
pub fn parse(text: &str) -> Result<Expr, CelError> {
    Ok(Expr { root: parse::parse(text)?, text: Arc::from(text) })
}

/// Checks an expression whose value is to be of one kind: `Scalar::Bool` for a condition.
///
/// # Errors
/// All mistakes at once, in the order of their places.
pub fn check(expr: &Expr, environment: &Environment, wanted: Scalar) -> Result<Expression, Vec<CelError>> {
    let checked = check::check(&expr.root, &expr.text, environment, wanted)?;
    Ok(Expression { text: Arc::clone(&expr.text), code: checked.code, slots: checked.slots })
}

/// Reads and checks a condition.
///
/// # Errors
/// As [`parse`] and [`check`].
pub fn condition(text: &str, environment: &Environment) -> Result<Expression, Vec<CelError>> {
    let expr = parse(text).map_err(|error| vec![error])?;
    check(&expr, environment, Scalar::Bool)
}

/// By what was written: only expressions that were checked in the same environment may be compared.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

impl Expression {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which variables and fields it reads, in the order of their slots.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        self.slots.iter().copied()
    }

    /// Its value. Takes what it used from `steps`: about one for each part, each element of a loop and each 64
    /// bytes of text.
    ///
    /// # Errors
    /// Overflow, division by zero, something that is not there or not readable, or no steps left.
    pub fn eval<'a>(&'a self, scope: &'a (impl Scope + ?Sized), steps: &mut u64) -> Result<Value<'a>, EvalError> {
        let mut machine = eval::Machine::new(scope, *steps);
        let result = machine.run(&self.code);
        *steps = machine.steps_left();
        result
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// As [`Self::eval`]; [`EvalFault::WrongKind`] where it is no condition.
    pub fn holds(&self, scope: &(impl Scope + ?Sized), steps: &mut u64) -> Result<bool, EvalError> {
        let mut machine = eval::Machine::new(scope, *steps);
        let result = machine.holds(&self.code);
        *steps = machine.steps_left();
        result
    }

    /// An error of its evaluation in words, with the part that it happened in.
    #[must_use]
    pub fn explain(&self, error: EvalError) -> String {
        let part = error.span.of(&self.text);
        let text = if part.is_empty() { &self.text } else { part };
        format!("`{text}`: {}", error.fault)
    }
}

#[cfg(test)]
mod tests;
