//! Arithmetic, texts, dates and times.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};

use super::{Loops, Machine, Scope, convert, steps_of};
use crate::cel::code::{Code, Part, TextCode};
use crate::cel::error::{EvalError, EvalFault, Span};
use crate::cel::expr::Arithmetic;
use crate::cel::number;
use crate::cel::value::{Value, wrong_kind};
use crate::limits::EXPRESSION_TEXT_BYTES_MAX;

impl<'a, S: Scope + ?Sized> Machine<'a, S> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "called by `value` for the arms that stand here")]
    pub(super) fn operation(&mut self, code: &'a Code, loops: Loops<'_, 'a>) -> Result<Value<'a>, EvalError> {
        match code {
            Code::Widen(inner) => Ok(Value::Decimal(self.value(inner, loops)?.into_int()?.into())),
            Code::Negate(inner, span) => {
                let value = self.value(inner, loops)?;
                let negative = match value {
                    Value::Int(value) => value.checked_neg().map(Value::Int),
                    Value::Decimal(value) => Some(Value::Decimal(number::negate(value))),
                    Value::Duration(value) => value.checked_neg().map(Value::Duration),
                    _ => return wrong_kind(),
                };
                negative.ok_or(EvalError { fault: EvalFault::Overflow, span: *span })
            }
            Code::Arithmetic(arithmetic, sides, span) => {
                let [left, right] = &**sides;
                let (left, right) = (self.value(left, loops)?, self.value(right, loops)?);
                calculate(*arithmetic, &left, &right).map_err(|fault| EvalError { fault, span: *span })
            }
            Code::Extreme(extreme, parts) => self.extreme(*extreme, parts, loops),
            Code::Text(text, span) => self.text(text, *span, loops),
            Code::Convert(kind, inner, span) => {
                let value = self.value(inner, loops)?;
                if let Value::Text(text) = &value {
                    self.spend(steps_of(text.len()))?;
                }
                convert::convert(*kind, &value).map_err(|fault| EvalError { fault, span: *span })
            }
            Code::Part(part, inner) => {
                let value = self.value(inner, loops)?;
                self.part(*part, value)
            }
            Code::DaysSince(sides) => {
                let [later, earlier] = &**sides;
                match (self.value(later, loops)?, self.value(earlier, loops)?) {
                    (Value::Date(later), Value::Date(earlier)) => Ok(Value::Int(days_between(earlier, later))),
                    _ => wrong_kind(),
                }
            }
            _ => wrong_kind(),
        }
    }

    fn text(&mut self, text: &'a TextCode, span: Span, loops: Loops<'_, 'a>) -> Result<Value<'a>, EvalError> {
        match text {
            TextCode::Contains(sides) => self.test(sides, |text, part| text.contains(part), loops),
            TextCode::StartsWith(sides) => self.test(sides, |text, part| text.starts_with(part), loops),
            TextCode::EndsWith(sides) => self.test(sides, |text, part| text.ends_with(part), loops),
            TextCode::Matches(text, pattern) => {
                let text = self.value(text, loops)?.into_text()?;
                self.spend(steps_of(text.len()).saturating_mul(8))?;
                Ok(Value::Bool(pattern.is_match(&text)))
            }
            TextCode::Join([left, right]) => {
                let (left, right) = (self.value(left, loops)?.into_text()?, self.value(right, loops)?.into_text()?);
                let length = left.len().saturating_add(right.len());
                self.spend(steps_of(length))?;
                if length > EXPRESSION_TEXT_BYTES_MAX {
                    return Err(EvalError { fault: EvalFault::Overflow, span });
                }
                Ok(Value::owned([left, right].concat()))
            }
            TextCode::Lower(text) => self.changed(text, str::to_ascii_lowercase, loops),
            TextCode::Upper(text) => self.changed(text, str::to_ascii_uppercase, loops),
            TextCode::Size(text) => {
                let text = self.value(text, loops)?.into_text()?;
                self.spend(steps_of(text.len()))?;
                Ok(Value::Int(i64::try_from(text.chars().count()).unwrap_or(i64::MAX)))
            }
        }
    }

    fn test(
        &mut self,
        [a, b]: &'a [Code; 2],
        test: fn(&str, &str) -> bool,
        loops: Loops<'_, 'a>,
    ) -> Result<Value<'a>, EvalError> {
        let (a, b) = (self.value(a, loops)?.into_text()?, self.value(b, loops)?.into_text()?);
        self.spend(steps_of(a.len().saturating_add(b.len())))?;
        Ok(Value::Bool(test(&a, &b)))
    }

    fn changed(&mut self, text: &'a Code, change: fn(&str) -> String, loops: Loops<'_, 'a>) -> Result<Value<'a>, EvalError> {
        let text = self.value(text, loops)?.into_text()?;
        self.spend(steps_of(text.len()))?;
        Ok(Value::owned(change(&text)))
    }

    /// A part of a date, of a time on the local clock, or of a length of time.
    fn part(&self, part: Part, value: Value<'a>) -> Result<Value<'a>, EvalError> {
        let seconds = if let Value::Duration(length) = value {
            length.as_secs()
        } else if let Value::Timestamp(at) = value {
            return Ok(clock_part(part, self.scope.local(at)));
        } else if let Value::Date(date) = value {
            return Ok(clock_part(part, date.into()));
        } else {
            return wrong_kind();
        };
        match part {
            Part::Hours => Ok(Value::Int(seconds / 3_600)),
            Part::Minutes => Ok(Value::Int(seconds / 60)),
            Part::Seconds => Ok(Value::Int(seconds)),
            Part::FullYear
            | Part::Month
            | Part::Date
            | Part::DayOfMonth
            | Part::DayOfWeek
            | Part::DayOfYear
            | Part::LocalDate => wrong_kind(),
        }
    }
}

/// Months, days of the month, of the week and of the year count from 0 as CEL counts them; `getDate` from 1.
fn clock_part(part: Part, at: DateTime) -> Value<'static> {
    Value::Int(match part {
        Part::FullYear => i64::from(at.year()),
        Part::Month => i64::from(at.month()).saturating_sub(1),
        Part::Date => i64::from(at.day()),
        Part::DayOfMonth => i64::from(at.day()).saturating_sub(1),
        Part::DayOfWeek => i64::from(at.weekday().to_sunday_zero_offset()),
        Part::DayOfYear => i64::from(at.day_of_year()).saturating_sub(1),
        Part::Hours => i64::from(at.hour()),
        Part::Minutes => i64::from(at.minute()),
        Part::Seconds => i64::from(at.second()),
        Part::LocalDate => return Value::Date(at.date()),
    })
}

fn days_between(earlier: Date, later: Date) -> i64 {
    later.duration_since(earlier).as_hours().div_euclid(24)
}

fn calculate<'v>(arithmetic: Arithmetic, left: &Value<'_>, right: &Value<'_>) -> Result<Value<'v>, EvalFault> {
    let result = match (left, right) {
        (Value::Int(a), Value::Int(b)) => ints(arithmetic, *a, *b)?.map(Value::Int),
        (Value::Decimal(a), Value::Decimal(b)) => match arithmetic {
            Arithmetic::Add => number::add(*a, *b),
            Arithmetic::Subtract => number::subtract(*a, *b),
            Arithmetic::Multiply => number::multiply(*a, *b),
            Arithmetic::Divide if b.is_zero() => return Err(EvalFault::DivisionByZero),
            Arithmetic::Divide => number::divide(*a, *b),
            Arithmetic::Remainder => return Err(EvalFault::WrongKind),
        }
        .map(Value::Decimal),
        _ => times(arithmetic, left, right)?,
    };
    result.ok_or(EvalFault::Overflow)
}

fn ints(arithmetic: Arithmetic, a: i64, b: i64) -> Result<Option<i64>, EvalFault> {
    Ok(match arithmetic {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide | Arithmetic::Remainder if b == 0 => return Err(EvalFault::DivisionByZero),
        Arithmetic::Divide => a.checked_div(b),
        Arithmetic::Remainder => a.checked_rem(b),
    })
}

fn times<'v>(arithmetic: Arithmetic, left: &Value<'_>, right: &Value<'_>) -> Result<Option<Value<'v>>, EvalFault> {
    let moved = |at: Timestamp, by: SignedDuration| at.checked_add(by).ok().map(Value::Timestamp);
    Ok(match (arithmetic, left, right) {
        (Arithmetic::Add, Value::Timestamp(at), Value::Duration(by))
        | (Arithmetic::Add, Value::Duration(by), Value::Timestamp(at)) => moved(*at, *by),
        (Arithmetic::Subtract, Value::Timestamp(at), Value::Duration(by)) => by.checked_neg().and_then(|by| moved(*at, by)),
        (Arithmetic::Subtract, Value::Timestamp(a), Value::Timestamp(b)) => Some(Value::Duration(a.duration_since(*b))),
        (Arithmetic::Add, Value::Duration(a), Value::Duration(b)) => a.checked_add(*b).map(Value::Duration),
        (Arithmetic::Subtract, Value::Duration(a), Value::Duration(b)) => a.checked_sub(*b).map(Value::Duration),
        _ => return Err(EvalFault::WrongKind),
    })
}
