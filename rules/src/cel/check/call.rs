//! Functions and loops.

use super::{Checker, Lowered, fit};
use crate::cel::code::{Code, Convert, Extreme, Fold, FoldKind, List, TextCode};
use crate::cel::error::Span;
use crate::cel::expr::{Expr, Name, Node};
use crate::cel::kind::Scalar;
use crate::cel::value::Value;
use crate::diagnostic::nearest;

/// Every function there is, by itself or behind a point.
pub(super) const FUNCTIONS: [&str; 35] = [
    "all",
    "contains",
    "date",
    "daysSince",
    "decimal",
    "duration",
    "endsWith",
    "exists",
    "existsOne",
    "exists_one",
    "filter",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "has",
    "int",
    "lowerAscii",
    "map",
    "matches",
    "max",
    "min",
    "orValue",
    "size",
    "startsWith",
    "string",
    "sum",
    "timestamp",
    "toDate",
    "upperAscii",
];

/// Loops in each other; each is one more value kept on the way.
const LOOPS_MAX: usize = 4;

impl Checker<'_> {
    pub(super) fn call(&mut self, expr: &Expr, target: Option<&Expr>, name: &Name, arguments: &[Expr]) -> Lowered {
        let span = expr.span;
        match (name.text.as_str(), target, arguments) {
            ("has", None, [place]) => match self.place(place) {
                Some((read, _)) => Lowered::One(Code::Has(Box::new(read)), Scalar::Bool),
                None => self.failed(),
            },
            ("orValue", Some(target), [default]) => self.or_value(target, default),
            ("size", Some(of), []) | ("size", None, [of]) => self.size(of, span),
            ("min", None, values) if !values.is_empty() => self.extreme(Extreme::Least, values),
            ("max", None, values) if !values.is_empty() => self.extreme(Extreme::Greatest, values),
            ("exists", Some(list), [variable, body]) => self.fold(FoldKind::Exists, list, variable, body, span),
            ("all", Some(list), [variable, body]) => self.fold(FoldKind::All, list, variable, body, span),
            ("exists_one" | "existsOne", Some(list), [variable, body]) => {
                self.fold(FoldKind::ExistsOne, list, variable, body, span)
            }
            ("sum", Some(list), [variable, body]) => self.fold(FoldKind::SumDecimal, list, variable, body, span),
            ("filter", Some(list), [variable, body]) => self.filter(list, variable, body),
            ("map", Some(list), [variable, body]) => self.map(list, variable, None, body),
            ("map", Some(list), [variable, condition, body]) => self.map(list, variable, Some(condition), body),
            ("contains", Some(a), [b]) => self.text_test(TextCode::Contains, a, b, span),
            ("startsWith", Some(a), [b]) => self.text_test(TextCode::StartsWith, a, b, span),
            ("endsWith", Some(a), [b]) => self.text_test(TextCode::EndsWith, a, b, span),
            ("matches", Some(text), [pattern]) | ("matches", None, [text, pattern]) => self.matches(text, pattern, span),
            ("lowerAscii", Some(text), []) => self.text(TextCode::Lower, text, Scalar::Text, span),
            ("upperAscii", Some(text), []) => self.text(TextCode::Upper, text, Scalar::Text, span),
            ("int", None, [value]) => self.convert(Convert::Int, value, span),
            ("decimal", None, [value]) => self.convert(Convert::Decimal, value, span),
            ("string", None, [value]) => self.convert(Convert::Text, value, span),
            ("timestamp", None, [value]) => self.convert(Convert::Timestamp, value, span),
            ("duration", None, [value]) => self.convert(Convert::Duration, value, span),
            ("date", None, [value]) => self.convert(Convert::Date, value, span),
            ("daysSince", Some(later), [earlier]) => {
                let days = [self.wanted(later, Scalar::Date), self.wanted(earlier, Scalar::Date)];
                Lowered::One(Code::DaysSince(Box::new(days)), Scalar::Int)
            }
            (part, Some(of), []) if part.starts_with("get") || part == "toDate" => self.part(name, of),
            _ => self.no_such_call(target, name, arguments),
        }
    }

    fn or_value(&mut self, target: &Expr, default: &Expr) -> Lowered {
        if !matches!(&target.node, Node::Member { optional: true, .. } | Node::Index { optional: true, .. }) {
            let message = "`orValue` needs a `?` before what may be missing";
            self.error_help(
                target.span,
                message,
                "write `line.attribute[?\"brand\"].orValue(\"none\")` or `customer.?tier.orValue(\"none\")`",
            );
            return self.failed();
        }
        let found = self.place(target);
        let (default_code, default_kind) = self.one(default);
        let Some((read, kind)) = found else { return self.failed() };
        // Read values keep their kind, so only the other value can be made to fit.
        match fit(default_code, default_kind, kind) {
            Some(code) => Lowered::One(Code::OrValue(Box::new((read, code))), kind),
            None => {
                let message = format!("{} is wanted here, but this is {}", self.words(kind), self.words(default_kind));
                self.error(default.span, message);
                self.failed()
            }
        }
    }

    fn size(&mut self, of: &Expr, span: Span) -> Lowered {
        match self.lower(of) {
            Lowered::Many(list, _) => Lowered::One(Code::Length(Box::new(list)), Scalar::Int),
            Lowered::One(code, Scalar::Text) => Lowered::One(Code::Text(Box::new(TextCode::Size(code)), span), Scalar::Int),
            Lowered::One(_, Scalar::Unknown) => self.failed(),
            Lowered::One(_, kind) => {
                let message = format!("only lists and texts have a size, but this is {}", self.words(kind));
                self.error(of.span, message);
                self.failed()
            }
            Lowered::Table(_) => {
                self.error(of.span, "only lists and texts have a size");
                self.failed()
            }
        }
    }

    /// The largest or smallest of several values of one kind.
    fn extreme(&mut self, extreme: Extreme, values: &[Expr]) -> Lowered {
        let mut common = Scalar::Unknown;
        let mut parts = Vec::with_capacity(values.len());
        for value in values {
            let (code, kind) = self.one(value);
            let ordered = !matches!(kind, Scalar::Bool | Scalar::Text | Scalar::Record(_));
            match common.common(kind).filter(|_| ordered) {
                Some(kind) => common = kind,
                None => {
                    let message =
                        format!("numbers, dates or times of one kind are wanted here, but this is {}", self.words(kind));
                    self.error(value.span, message);
                }
            }
            parts.push((code, kind));
        }
        let parts = parts.into_iter().filter_map(|(code, kind)| fit(code, kind, common)).collect();
        Lowered::One(Code::Extreme(extreme, parts), common)
    }

    /// Checks the list of a loop, and its body with the loop's variable known.
    fn looped<T>(&mut self, list: &Expr, variable: &Expr, body: impl FnOnce(&mut Self) -> T) -> Option<(List, Scalar, T)> {
        let (list, item) = self.many(list);
        let Node::Name(name) = &variable.node else {
            let help = "write `lines.exists(l, l.amount > 5.00)`";
            self.error_help(variable.span, "a name for the element stands first here", help);
            return None;
        };
        if self.locals.len() >= LOOPS_MAX {
            self.error(variable.span, format!("there are more than {LOOPS_MAX} loops in each other"));
            return None;
        }
        self.locals.push((name.clone(), item));
        let body = body(self);
        self.locals.pop();
        Some((list, item, body))
    }

    fn fold(&mut self, kind: FoldKind, list: &Expr, variable: &Expr, body: &Expr, span: Span) -> Lowered {
        let sum = matches!(kind, FoldKind::SumInt | FoldKind::SumDecimal);
        let checked = self.looped(list, variable, |checker| {
            if !sum {
                return (checker.wanted(body, Scalar::Bool), Scalar::Bool);
            }
            let (code, own) = checker.one(body);
            if own.is_number() {
                return (code, own);
            }
            let message = format!("only numbers have a sum, but this is {}", checker.words(own));
            checker.error(body.span, message);
            checker.nothing()
        });
        let Some((list, _, (body, result))) = checked else { return self.failed() };
        let kind = if sum && result == Scalar::Int { FoldKind::SumInt } else { kind };
        Lowered::One(Code::Fold(Box::new(Fold { kind, list, body }), span), result)
    }

    fn filter(&mut self, list: &Expr, variable: &Expr, body: &Expr) -> Lowered {
        match self.looped(list, variable, |checker| checker.wanted(body, Scalar::Bool)) {
            Some((list, item, body)) => Lowered::Many(List::Filter(Box::new((list, body))), item),
            None => self.failed(),
        }
    }

    fn map(&mut self, list: &Expr, variable: &Expr, condition: Option<&Expr>, body: &Expr) -> Lowered {
        let checked = self.looped(list, variable, |checker| {
            let condition = condition.map(|condition| checker.wanted(condition, Scalar::Bool));
            (condition, checker.one(body))
        });
        let Some((list, _, (condition, (body, kind)))) = checked else { return self.failed() };
        let list = match condition {
            Some(condition) => List::Filter(Box::new((list, condition))),
            None => list,
        };
        Lowered::Many(List::Map(Box::new((list, body))), kind)
    }

    fn no_such_call(&mut self, target: Option<&Expr>, name: &Name, arguments: &[Expr]) -> Lowered {
        // The parts are looked at all the same: their mistakes are told, too.
        if let Some(target) = target {
            self.lower(target);
        }
        let text = name.text.as_str();
        if let Some(example) = example(text) {
            let message = format!("`{text}` is not written like this");
            self.error_help(name.span, message, format!("write `{example}`"));
            return self.failed();
        }
        for argument in arguments {
            self.lower(argument);
        }
        let message = format!("there is no function `{text}`");
        let help = match (text, nearest(text, FUNCTIONS)) {
            ("double" | "float" | "number", _) => "write `decimal(…)`: numbers are exact here".to_owned(),
            ("uint", _) => "write `int(…)`".to_owned(),
            ("len" | "length", _) => "write `.size()`".to_owned(),
            ("lower" | "toLowerCase", _) => "write `.lowerAscii()`".to_owned(),
            ("any" | "some", _) => "write `.exists(x, …)`".to_owned(),
            (_, Some(near)) => format!("did you mean `{near}`?"),
            (_, None) => format!("there are {}", FUNCTIONS.join(", ")),
        };
        self.error_help(name.span, message, help);
        self.failed()
    }

    pub(super) fn constant_text(code: &Code) -> Option<&str> {
        if let Code::Constant(Value::Text(text)) = code { Some(text) } else { None }
    }
}

/// How a function is written.
fn example(name: &str) -> Option<&'static str> {
    Some(match name {
        "all" => "lines.all(l, l.amount > 5.00)",
        "contains" => "line.sku.contains(\"A\")",
        "date" => "date(\"2026-12-24\")",
        "daysSince" => "time.date.daysSince(date(\"2026-12-24\"))",
        "decimal" => "decimal(\"1.5\")",
        "duration" => "duration(\"24h\")",
        "endsWith" => "line.sku.endsWith(\"A\")",
        "exists" => "lines.exists(l, l.amount > 5.00)",
        "exists_one" | "existsOne" => "lines.exists_one(l, l.amount > 5.00)",
        "filter" => "lines.filter(l, l.amount > 5.00)",
        "has" => "has(customer.tier)",
        "int" => "int(\"12\")",
        "lowerAscii" => "line.sku.lowerAscii()",
        "map" => "lines.map(l, l.amount)",
        "matches" => "line.sku.matches(\"^A[0-9]+$\")",
        "max" => "max(1, 2)",
        "min" => "min(1, 2)",
        "orValue" => "customer.?tier.orValue(\"none\")",
        "size" => "lines.size()",
        "startsWith" => "line.sku.startsWith(\"A\")",
        "string" => "string(12)",
        "sum" => "lines.sum(l, l.amount)",
        "timestamp" => "timestamp(\"2026-12-24T18:00:00Z\")",
        "upperAscii" => "line.sku.upperAscii()",
        _ => return None,
    })
}
