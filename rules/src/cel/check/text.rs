//! Functions on texts, conversions, and the parts of dates and times.

use super::{Checker, Lowered};
use crate::cel::code::{Code, Convert, Part, TextCode};
use crate::cel::error::Span;
use crate::cel::eval::convert;
use crate::cel::expr::{Expr, Name};
use crate::cel::kind::Scalar;
use crate::limits::{EXPRESSION_DEPTH_MAX, EXPRESSION_PATTERN_BYTES_MAX};

impl Checker<'_> {
    pub(super) fn text_test(&mut self, test: fn([Code; 2]) -> TextCode, a: &Expr, b: &Expr, span: Span) -> Lowered {
        let sides = [self.wanted(a, Scalar::Text), self.wanted(b, Scalar::Text)];
        Lowered::One(Code::Text(Box::new(test(sides)), span), Scalar::Bool)
    }

    pub(super) fn text(&mut self, change: fn(Code) -> TextCode, text: &Expr, kind: Scalar, span: Span) -> Lowered {
        let text = self.wanted(text, Scalar::Text);
        Lowered::One(Code::Text(Box::new(change(text)), span), kind)
    }

    /// The pattern must stand there as a text, so that it is compiled once and its size is known.
    pub(super) fn matches(&mut self, text: &Expr, pattern: &Expr, span: Span) -> Lowered {
        let text = self.wanted(text, Scalar::Text);
        let code = self.wanted(pattern, Scalar::Text);
        let Some(written) = Self::constant_text(&code) else {
            self.error(pattern.span, "the pattern must be written out in quotes here");
            return self.failed();
        };
        let nesting = u32::try_from(EXPRESSION_DEPTH_MAX).unwrap_or(u32::MAX);
        let built = regex::RegexBuilder::new(written)
            .size_limit(EXPRESSION_PATTERN_BYTES_MAX)
            .dfa_size_limit(EXPRESSION_PATTERN_BYTES_MAX)
            .nest_limit(nesting)
            .build();
        match built {
            Ok(pattern) => Lowered::One(Code::Text(Box::new(TextCode::Matches(text, pattern)), span), Scalar::Bool),
            Err(regex::Error::CompiledTooBig(_)) => {
                let help = "use fewer or smaller repetitions, and [A-Za-z0-9] instead of \\w";
                self.error_help(pattern.span, "this pattern is too large", help);
                self.failed()
            }
            Err(fault) => {
                let told = fault.to_string();
                let reason = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
                self.error(pattern.span, format!("this is no pattern: {reason}"));
                self.failed()
            }
        }
    }

    pub(super) fn convert(&mut self, convert: Convert, value: &Expr, span: Span) -> Lowered {
        let (code, kind) = self.one(value);
        let result = convert.result();
        if kind == Scalar::Unknown {
            return self.failed();
        }
        if kind == result {
            return Lowered::One(code, kind);
        }
        if !convert.takes(kind) {
            let message = format!("{} cannot be made of {}", self.words(result), self.words(kind));
            self.error(value.span, message);
            return self.failed();
        }
        // What is written out is converted once, and a mistake in it is told now.
        if let Code::Constant(constant) = &code
            && convert != Convert::Text
        {
            return match convert::convert(convert, constant) {
                Ok(value) => Lowered::One(Code::Constant(value), result),
                Err(_) => {
                    let message = format!("this is not {}", self.words(result));
                    self.error_help(value.span, message, convert.example());
                    self.failed()
                }
            };
        }
        Lowered::One(Code::Convert(convert, Box::new(code), span), result)
    }

    pub(super) fn part(&mut self, name: &Name, of: &Expr) -> Lowered {
        let part = match name.text.as_str() {
            "getFullYear" => Part::FullYear,
            "getMonth" => Part::Month,
            "getDate" => Part::Date,
            "getDayOfMonth" => Part::DayOfMonth,
            "getDayOfWeek" => Part::DayOfWeek,
            "getDayOfYear" => Part::DayOfYear,
            "getHours" => Part::Hours,
            "getMinutes" => Part::Minutes,
            "getSeconds" => Part::Seconds,
            "toDate" => Part::LocalDate,
            _ => {
                self.error_help(
                    name.span,
                    format!("there is no function `{}`", name.text),
                    "such as `getHours` or `getFullYear`",
                );
                return self.failed();
            }
        };
        let (code, kind) = self.one(of);
        let clock = matches!(part, Part::Hours | Part::Minutes | Part::Seconds);
        let possible = match kind {
            Scalar::Unknown => return self.failed(),
            Scalar::Timestamp => true,
            Scalar::Date => !clock && part != Part::LocalDate,
            Scalar::Duration => clock,
            Scalar::Bool | Scalar::Int | Scalar::Decimal | Scalar::Text | Scalar::Record(_) => false,
        };
        if !possible {
            let message = format!("`{}` does not work on {}", name.text, self.words(kind));
            self.error(of.span, message);
            return self.failed();
        }
        let result = if part == Part::LocalDate { Scalar::Date } else { Scalar::Int };
        Lowered::One(Code::Part(part, Box::new(code)), result)
    }
}

impl Convert {
    /// What comes out.
    const fn result(self) -> Scalar {
        match self {
            Self::Int => Scalar::Int,
            Self::Decimal => Scalar::Decimal,
            Self::Text => Scalar::Text,
            Self::Timestamp => Scalar::Timestamp,
            Self::Duration => Scalar::Duration,
            Self::Date => Scalar::Date,
        }
    }

    /// Whether it can be made of this.
    const fn takes(self, kind: Scalar) -> bool {
        match self {
            Self::Int => matches!(kind, Scalar::Decimal | Scalar::Text),
            Self::Decimal => matches!(kind, Scalar::Int | Scalar::Text),
            Self::Text => matches!(kind, Scalar::Int | Scalar::Decimal | Scalar::Bool | Scalar::Date),
            Self::Timestamp | Self::Duration | Self::Date => matches!(kind, Scalar::Text),
        }
    }

    /// How it is written.
    const fn example(self) -> &'static str {
        match self {
            Self::Int => "write `int(\"12\")`",
            Self::Decimal => "write `decimal(\"1.5\")`",
            Self::Text => "write `string(12)`",
            Self::Timestamp => "write `timestamp(\"2026-12-24T18:00:00Z\")`",
            Self::Duration => {
                "write hours, minutes and seconds, such as `duration(\"36h\")` or `duration(\"1h30m\")`, or days: `duration(\"30d\")`"
            }
            Self::Date => "write `date(\"2026-12-24\")`",
        }
    }
}
