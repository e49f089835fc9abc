//! Evaluation: exact, bounded by steps, and without allocation but for texts and lists that an expression makes.
//!
//! Errors are absorbed as CEL demands: `false && error` is false and `true || error` is true, whatever the order;
//! `exists` and `all` are `||` and `&&` over their list. Used-up steps are never absorbed.

pub(super) mod convert;
mod list;
mod operation;

use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::code::{Code, Entry, Extreme, Place, Read};
use super::environment::Slot;
use super::error::{EvalError, EvalFault, Span};
use super::expr::Relation;
use super::value::{Handle, Value, wrong_kind};

/// Where the values of variables and fields come from.
///
/// The same question must have the same answer as long as an evaluation lasts, and be of the declared kind.
pub trait Scope {
    /// A variable, or a field of a record; none where it is not there.
    fn field(&self, slot: Slot, record: Handle) -> Option<Value<'_>>;
    /// An entry of a table by its name; none where it is not there.
    fn entry(&self, slot: Slot, record: Handle, name: &str) -> Option<Value<'_>>;
    /// How many elements a list has.
    fn length(&self, list: ListPlace<'_>) -> usize;
    /// An element of a list, from 0; none beyond its end.
    fn item(&self, list: ListPlace<'_>, place: usize) -> Option<Value<'_>>;
    /// A point in time on the clock by which the program counts its days.
    fn local(&self, at: Timestamp) -> DateTime;
}

/// Which list of a scope is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListPlace<'n> {
    /// The variable or field.
    pub slot: Slot,
    /// Whose field.
    pub record: Handle,
    /// In a table of lists: which one.
    pub name: Option<&'n str>,
}

/// The value of a loop's variable, and the loops further out.
#[derive(Debug)]
struct Frame<'f, 'a> {
    value: Value<'a>,
    outer: Option<&'f Self>,
}

/// The loops around a part; none at the top.
type Loops<'f, 'a> = Option<&'f Frame<'f, 'a>>;

/// One evaluation.
pub(super) struct Machine<'a, S: ?Sized> {
    scope: &'a S,
    steps_left: u64,
}

/// Steps that so many bytes of text cost.
fn steps_of(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).div_euclid(64)
}

impl<'a, S: Scope + ?Sized> Machine<'a, S> {
    pub(super) fn new(scope: &'a S, steps_left: u64) -> Self {
        Self { scope, steps_left }
    }

    pub(super) fn steps_left(&self) -> u64 {
        self.steps_left
    }

    pub(super) fn run(&mut self, code: &'a Code) -> Result<Value<'a>, EvalError> {
        self.value(code, None)
    }

    pub(super) fn holds(&mut self, code: &'a Code) -> Result<bool, EvalError> {
        self.truth(code, None)
    }

    /// Counts steps before they are done.
    #[inline]
    fn spend(&mut self, steps: u64) -> Result<(), EvalError> {
        match self.steps_left.checked_sub(steps) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => self.used_up(),
        }
    }

    #[cold]
    #[inline(never)]
    fn used_up(&mut self) -> Result<(), EvalError> {
        self.steps_left = 0;
        Err(EvalError { fault: EvalFault::StepsUsedUp, span: Span::default() })
    }

    /// What is common comes first and is short; the rest is another call away.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`rest` knows every other arm")]
    fn value(&mut self, code: &'a Code, loops: Loops<'_, 'a>) -> Result<Value<'a>, EvalError> {
        self.spend(1)?;
        match code {
            Code::Constant(value) => Ok(value.borrowed()),
            Code::Read(read) => match self.read(read, loops)? {
                Some(value) => Ok(value),
                None => missing(read.span),
            },
            Code::Local(up) => local(*up, loops),
            _ => self.rest(code, loops),
        }
    }

    #[inline(never)]
    fn rest(&mut self, code: &'a Code, loops: Loops<'_, 'a>) -> Result<Value<'a>, EvalError> {
        match code {
            Code::Not(_)
            | Code::Every(_)
            | Code::Any(_)
            | Code::Compare(..)
            | Code::CompareWith(..)
            | Code::OneOf(..)
            | Code::In(_)
            | Code::SameList(_)
            | Code::Has(_) => self.truth_of(code, loops).map(Value::Bool),
            Code::OrValue(parts) => {
                let (read, default) = &**parts;
                match self.read(read, loops)? {
                    Some(value) => Ok(value),
                    None => self.value(default, loops),
                }
            }
            Code::Choose(parts) => {
                let [condition, then, otherwise] = &**parts;
                let chosen = if self.truth(condition, loops)? { then } else { otherwise };
                self.value(chosen, loops)
            }
            Code::Item(parts, span) => self.item(parts, *span, loops),
            Code::Length(list) => self.length(list, loops),
            Code::Fold(fold, span) => self.fold(fold, *span, loops),
            Code::Constant(_)
            | Code::Read(_)
            | Code::Local(_)
            | Code::Widen(_)
            | Code::Negate(..)
            | Code::Arithmetic(..)
            | Code::Extreme(..)
            | Code::Text(..)
            | Code::Convert(..)
            | Code::Part(..)
            | Code::DaysSince(_) => self.operation(code, loops),
        }
    }

    /// A condition, without making a value of what is common.
    #[expect(clippy::wildcard_enum_match_arm, reason = "a shorter way for what is common; `value` knows every arm")]
    fn truth(&mut self, code: &'a Code, loops: Loops<'_, 'a>) -> Result<bool, EvalError> {
        match code {
            Code::CompareWith(relation, sides) => {
                self.spend(1)?;
                self.compare_with(*relation, sides, loops)
            }
            Code::Every(_) | Code::Any(_) | Code::Compare(..) | Code::Not(_) | Code::OneOf(..) | Code::Has(_) => {
                self.spend(1)?;
                self.truth_of(code, loops)
            }
            _ => self.value(code, loops)?.into_bool(),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "called by `rest` and `truth` for the arms that stand here")]
    fn truth_of(&mut self, code: &'a Code, loops: Loops<'_, 'a>) -> Result<bool, EvalError> {
        match code {
            Code::Every(parts) => self.decided_by(false, parts, loops),
            Code::Any(parts) => self.decided_by(true, parts, loops),
            Code::Not(inner) => Ok(!self.truth(inner, loops)?),
            Code::CompareWith(relation, sides) => self.compare_with(*relation, sides, loops),
            Code::Compare(relation, sides) => {
                let [left, right] = &**sides;
                let (left, right) = (self.value(left, loops)?, self.value(right, loops)?);
                self.compare(*relation, &left, &right)
            }
            Code::OneOf(value, among) => {
                let value = self.value(value, loops)?;
                Ok(among.binary_search_by(|known| known.order(&value).unwrap_or(Ordering::Less)).is_ok())
            }
            Code::In(parts) => self.contained(parts, loops),
            Code::SameList(sides) => self.same_list(sides, loops),
            Code::Has(read) => Ok(self.read(read, loops)?.is_some()),
            _ => wrong_kind(),
        }
    }

    #[inline]
    fn compare_with(
        &mut self,
        relation: Relation,
        (left, right): &'a (Code, Value<'static>),
        loops: Loops<'_, 'a>,
    ) -> Result<bool, EvalError> {
        if let Code::Read(read) = left {
            self.spend(1)?;
            return match self.read(read, loops)? {
                Some(left) => self.compare(relation, &left, right),
                None => missing(read.span),
            };
        }
        let left = self.value(left, loops)?;
        self.compare(relation, &left, right)
    }

    #[inline(always)]
    fn compare(&mut self, relation: Relation, left: &Value<'_>, right: &Value<'_>) -> Result<bool, EvalError> {
        if let (Value::Text(a), Value::Text(b)) = (left, right) {
            self.spend(steps_of(a.len().min(b.len())))?;
        }
        match holds(relation, left, right) {
            Some(truth) => Ok(truth),
            None => wrong_kind(),
        }
    }

    /// Whether a part is `decisive`; else the opposite. A decisive part absorbs the errors of the others.
    fn decided_by(&mut self, decisive: bool, parts: &'a [Code], loops: Loops<'_, 'a>) -> Result<bool, EvalError> {
        let mut error = None;
        for part in parts {
            match self.truth(part, loops) {
                Ok(truth) if truth == decisive => return Ok(decisive),
                Ok(_) => {}
                Err(fault) => keep(&mut error, fault)?,
            }
        }
        error.map_or(Ok(!decisive), Err)
    }

    #[inline]
    fn read(&mut self, read: &'a Read, loops: Loops<'_, 'a>) -> Result<Option<Value<'a>>, EvalError> {
        let record = if matches!(read.of, Place::Root) { Handle::ROOT } else { self.record(&read.of, loops)? };
        match &read.entry {
            Entry::None => Ok(self.scope.field(read.slot, record)),
            Entry::Named(name) => Ok(self.scope.entry(read.slot, record, name)),
            Entry::Of(name) => {
                let name = self.value(name, loops)?.into_text()?;
                Ok(self.scope.entry(read.slot, record, &name))
            }
        }
    }

    fn record(&mut self, place: &'a Place, loops: Loops<'_, 'a>) -> Result<Handle, EvalError> {
        let value = match place {
            Place::Root => return Ok(Handle::ROOT),
            Place::Local(up) => local(*up, loops)?,
            Place::Of(code) => self.value(code, loops)?,
        };
        if let Value::Record(handle) = value { Ok(handle) } else { wrong_kind() }
    }

    /// The largest or smallest of values, the first among equals.
    fn extreme(&mut self, extreme: Extreme, parts: &'a [Code], loops: Loops<'_, 'a>) -> Result<Value<'a>, EvalError> {
        let mut best: Option<Value<'a>> = None;
        for part in parts {
            let value = self.value(part, loops)?;
            let wanted = match extreme {
                Extreme::Least => Ordering::Less,
                Extreme::Greatest => Ordering::Greater,
            };
            if best.as_ref().is_none_or(|best| value.order(best) == Some(wanted)) {
                best = Some(value);
            }
        }
        best.map_or_else(wrong_kind, Ok)
    }
}

#[cold]
fn missing<T>(span: Span) -> Result<T, EvalError> {
    Err(EvalError { fault: EvalFault::Missing, span })
}

/// Keeps the first error to be absorbed or told later; used-up steps are told at once.
fn keep(first: &mut Option<EvalError>, error: EvalError) -> Result<(), EvalError> {
    if error.fault == EvalFault::StepsUsedUp {
        return Err(error);
    }
    first.get_or_insert(error);
    Ok(())
}

fn local<'a>(up: u8, loops: Loops<'_, 'a>) -> Result<Value<'a>, EvalError> {
    let mut frame = loops;
    for _ in 0..up {
        frame = frame.and_then(|frame| frame.outer);
    }
    match frame {
        Some(frame) => Ok(frame.value.clone()),
        None => wrong_kind(),
    }
}

#[inline(always)]
fn holds(relation: Relation, left: &Value<'_>, right: &Value<'_>) -> Option<bool> {
    Some(match relation {
        Relation::Equal => left.same(right)?,
        Relation::NotEqual => !left.same(right)?,
        Relation::Less => left.order(right)?.is_lt(),
        Relation::LessOrEqual => left.order(right)?.is_le(),
        Relation::Greater => left.order(right)?.is_gt(),
        Relation::GreaterOrEqual => left.order(right)?.is_ge(),
    })
}
