//! Operators: what they do with which kinds.

use std::cmp::Ordering;

use super::{Checker, Lowered, fit, fit_list};
use crate::cel::code::{Code, Entry, List, Read, TextCode};
use crate::cel::error::Span;
use crate::cel::expr::{Arithmetic, Expr, Operator, Relation};
use crate::cel::kind::Scalar;
use crate::cel::value::Value;

impl Checker<'_> {
    pub(super) fn negate(&mut self, inner: &Expr, span: Span) -> Lowered {
        let (code, kind) = self.one(inner);
        if !(kind.is_number() || kind == Scalar::Duration) {
            let message = format!("`-` needs a number behind it, but this is {}", self.words(kind));
            self.error(inner.span, message);
            return self.failed();
        }
        Lowered::One(Code::Negate(Box::new(code), span), kind)
    }

    pub(super) fn binary(&mut self, operator: Operator, sides: &[Expr; 2], span: Span) -> Lowered {
        match operator {
            Operator::In => self.contained(sides),
            Operator::Relation(relation) => self.relation(relation, sides, span),
            Operator::Arithmetic(arithmetic) => self.arithmetic(arithmetic, sides, span),
        }
    }

    fn relation(&mut self, relation: Relation, [left, right]: &[Expr; 2], span: Span) -> Lowered {
        let equality = matches!(relation, Relation::Equal | Relation::NotEqual);
        match (self.lower(left), self.lower(right)) {
            (Lowered::One(a, a_kind), Lowered::One(b, b_kind)) => {
                self.compared_with_known(&a, &b, right.span);
                self.compared_with_known(&b, &a, left.span);
                if let Some(kind) = a_kind.common(b_kind).filter(|kind| !matches!(kind, Scalar::Record(_)))
                    && let (Some(a), Some(b)) = (fit(a, a_kind, kind), fit(b, b_kind, kind))
                {
                    return Lowered::One(compare(relation, a, b), Scalar::Bool);
                }
                self.not_comparable(relation, (left, a_kind), (right, b_kind), span);
            }
            (Lowered::Many(a, a_kind), Lowered::Many(b, b_kind)) if equality => {
                if let Some(kind) = a_kind.common(b_kind).filter(|kind| !matches!(kind, Scalar::Record(_))) {
                    let same = Code::SameList(Box::new([fit_list(a, a_kind, kind), fit_list(b, b_kind, kind)]));
                    let code = if relation == Relation::Equal { same } else { Code::Not(Box::new(same)) };
                    return Lowered::One(code, Scalar::Bool);
                }
                self.error(span, "these two lists cannot be compared: they hold different things");
            }
            (Lowered::Many(..), Lowered::One(_, kind)) | (Lowered::One(_, kind), Lowered::Many(..))
                if kind != Scalar::Unknown =>
            {
                let message = format!("a list cannot be compared with {}", self.words(kind));
                self.error_help(span, message, "write `value in list`, or compare its `.size()`");
            }
            (Lowered::Table(_), _) => self.table_is_no_value(left),
            (_, Lowered::Table(_)) => self.table_is_no_value(right),
            // A mistake in the one side has been told.
            (Lowered::Many(..), Lowered::One(..)) | (Lowered::One(..), Lowered::Many(..)) => {}
            (Lowered::Many(..), Lowered::Many(..)) => {
                self.error(span, format!("`{}` does not work on lists", relation.symbol()));
            }
        }
        self.failed()
    }

    fn not_comparable(&mut self, relation: Relation, left: (&Expr, Scalar), right: (&Expr, Scalar), span: Span) {
        let ((left, a), (right, b)) = (left, right);
        let message = format!("{} cannot be compared with {}", self.words(a), self.words(b));
        let texts = matches!((a, b), (Scalar::Text, other) | (other, Scalar::Text) if other.is_number());
        if a == Scalar::Bool && matches!(&left.node, crate::cel::expr::Node::Binary { .. }) {
            let middle = relation.symbol();
            let shown = right.span.of(self.text);
            return self.error_help(span, message, format!("write two comparisons with `&&`: `… && … {middle} {shown}`"));
        }
        match (texts, a, b) {
            (true, Scalar::Text, _) => {
                let shown = left.span.of(self.text);
                self.error_help(span, message, format!("write `decimal({shown})` to read a number from the text"));
            }
            (true, _, _) => self.error_help(span, message, "write the number without quotes"),
            (false, Scalar::Date, Scalar::Text) | (false, Scalar::Text, Scalar::Date) => {
                self.error_help(span, message, "write a date as `date(\"2026-12-24\")`");
            }
            (false, Scalar::Timestamp, _) | (false, _, Scalar::Timestamp) => {
                self.error_help(span, message, "write a time as `timestamp(\"2026-12-24T18:00:00Z\")`");
            }
            (false, Scalar::Duration, _) | (false, _, Scalar::Duration) => {
                self.error_help(span, message, "write a length of time as `duration(\"24h\")`");
            }
            _ => self.error(span, message),
        }
    }

    /// Tells of a comparison that can never be true.
    fn compared_with_known(&mut self, read: &Code, constant: &Code, span: Span) {
        if let Code::Read(Read { slot, entry: Entry::None, .. }) = read {
            self.check_known(*slot, constant, span);
        }
    }

    fn contained(&mut self, [left, right]: &[Expr; 2]) -> Lowered {
        let (value, kind) = self.one(left);
        let (list, item) = match self.lower(right) {
            Lowered::Table(table) => {
                let Some(name) = fit(value, kind, Scalar::Text) else {
                    self.error(left.span, format!("a name in quotes is wanted here, but this is {}", self.words(kind)));
                    return self.failed();
                };
                return match self.entry(table, name, left.span, left.span.to(right.span)) {
                    Lowered::One(Code::Read(read), _) => Lowered::One(Code::Has(Box::new(read)), Scalar::Bool),
                    Lowered::Many(list, _) => Lowered::One(not_empty(list), Scalar::Bool),
                    Lowered::One(..) | Lowered::Table(_) => self.failed(),
                };
            }
            Lowered::Many(list, item) => (list, item),
            Lowered::One(_, Scalar::Unknown) => return self.failed(),
            Lowered::One(_, Scalar::Text) => {
                let help = format!("write `{}.contains({})`", right.span.of(self.text), left.span.of(self.text));
                self.error_help(right.span, "`in` needs a list behind it, but this is a text", help);
                return self.failed();
            }
            Lowered::One(_, other) => {
                self.error(right.span, format!("`in` needs a list behind it, but this is {}", self.words(other)));
                return self.failed();
            }
        };
        let Some(common) = kind.common(item).filter(|kind| !matches!(kind, Scalar::Record(_))) else {
            let message = format!("this is {}, but the list holds {}", self.words(kind), self.plural(item));
            self.error(left.span, message);
            return self.failed();
        };
        if let List::Read(Read { slot, entry: Entry::None, .. }) = &list {
            self.check_known(*slot, &value, left.span);
        }
        let list = fit_list(list, item, common);
        let Some(value) = fit(value, kind, common) else { return self.failed() };
        if let (Code::Read(Read { slot, entry: Entry::None, .. }), List::Constant(values)) = (&value, &list) {
            for constant in values {
                self.check_known(*slot, &Code::Constant(constant.clone()), right.span);
            }
        }
        Lowered::One(one_of(value, list), Scalar::Bool)
    }

    fn arithmetic(&mut self, arithmetic: Arithmetic, [left, right]: &[Expr; 2], span: Span) -> Lowered {
        let ((a, a_kind), (b, b_kind)) = match (self.lower(left), self.lower(right)) {
            (Lowered::One(a, a_kind), Lowered::One(b, b_kind)) => ((a, a_kind), (b, b_kind)),
            (Lowered::Many(a, a_kind), Lowered::Many(b, b_kind)) if arithmetic == Arithmetic::Add => {
                let Some(kind) = a_kind.common(b_kind) else {
                    self.error(span, "these two lists cannot be joined: they hold different things");
                    return self.failed();
                };
                return Lowered::Many(List::Join(Box::new([fit_list(a, a_kind, kind), fit_list(b, b_kind, kind)])), kind);
            }
            _ => {
                self.error(span, format!("`{}` does not work on a list or table", arithmetic.symbol()));
                return self.failed();
            }
        };
        if a_kind == Scalar::Unknown || b_kind == Scalar::Unknown {
            return self.failed();
        }
        let Some((operands, kind)) = operands(arithmetic, a_kind, b_kind) else {
            self.no_arithmetic(arithmetic, (left, a_kind), (right, b_kind), span);
            return self.failed();
        };
        let (Some(a), Some(b)) = (fit(a, a_kind, operands.unwrap_or(a_kind)), fit(b, b_kind, operands.unwrap_or(b_kind))) else {
            return self.failed();
        };
        if kind == Scalar::Text {
            return Lowered::One(Code::Text(Box::new(TextCode::Join([a, b])), span), kind);
        }
        Lowered::One(Code::Arithmetic(arithmetic, Box::new([a, b]), span), kind)
    }

    fn no_arithmetic(&mut self, arithmetic: Arithmetic, left: (&Expr, Scalar), right: (&Expr, Scalar), span: Span) {
        let ((left, a), (right, b)) = (left, right);
        let message = format!("`{}` does not work on {} and {}", arithmetic.symbol(), self.words(a), self.words(b));
        let (l, r) = (left.span.of(self.text), right.span.of(self.text));
        match (a, b) {
            (Scalar::Date, Scalar::Date) => self.error_help(span, message, format!("write `{l}.daysSince({r})`")),
            (Scalar::Text, _) if b.is_number() => {
                self.error_help(span, message, format!("write `{l} + string({r})`, or `decimal({l})`"))
            }
            (_, Scalar::Text) if a.is_number() => {
                self.error_help(span, message, format!("write `string({l}) + {r}`, or `decimal({r})`"))
            }
            _ if a.is_number() && b.is_number() => self.error_help(span, message, "`%` is for whole numbers only"),
            _ => self.error(span, message),
        }
    }
}

/// What both sides are taken for, where that is one kind, and what comes out.
fn operands(arithmetic: Arithmetic, a: Scalar, b: Scalar) -> Option<(Option<Scalar>, Scalar)> {
    use Scalar::{Duration, Int, Text, Timestamp};
    if a.is_number() && b.is_number() {
        let kind = a.common(b)?;
        return (arithmetic != Arithmetic::Remainder || kind == Int).then_some((Some(kind), kind));
    }
    match (arithmetic, a, b) {
        (Arithmetic::Add, Text, Text) => Some((None, Text)),
        (Arithmetic::Add, Timestamp, Duration) | (Arithmetic::Add, Duration, Timestamp) => Some((None, Timestamp)),
        (Arithmetic::Subtract, Timestamp, Duration) => Some((None, Timestamp)),
        (Arithmetic::Subtract, Timestamp, Timestamp) => Some((None, Duration)),
        (Arithmetic::Add | Arithmetic::Subtract, Duration, Duration) => Some((None, Duration)),
        _ => None,
    }
}

/// Whether a value is in a list; constants are sorted, so that long lists are searched and not walked.
fn one_of(value: Code, list: List) -> Code {
    let List::Constant(values) = list else { return Code::In(Box::new((value, list))) };
    let mut values = values.into_vec();
    values.sort_by(|a, b| a.order(b).unwrap_or(Ordering::Equal));
    values.dedup_by(|a, b| a.same(b) == Some(true));
    Code::OneOf(Box::new(value), values.into_boxed_slice())
}

fn not_empty(list: List) -> Code {
    let length = Code::Length(Box::new(list));
    compare(Relation::Greater, length, Code::Constant(Value::Int(0)))
}

/// A comparison; what is written out stands last.
fn compare(relation: Relation, left: Code, right: Code) -> Code {
    match (left, right) {
        (left, Code::Constant(value)) => Code::CompareWith(relation, Box::new((left, value))),
        (Code::Constant(value), right) => Code::CompareWith(relation.mirrored(), Box::new((right, value))),
        (left, right) => Code::Compare(relation, Box::new([left, right])),
    }
}
