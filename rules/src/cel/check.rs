//! From the tree as written to code that can be evaluated: names looked up, kinds made to fit, all mistakes at once.

mod access;
mod call;
mod operator;
mod text;
mod words;

use std::collections::BTreeSet;

use compact_str::CompactString;

use super::code::{Code, List, Place, Read};
use super::environment::{Environment, Slot};
use super::error::{CelError, Span};
use super::expr::{Expr, Node};
use super::kind::Scalar;
use super::value::{Handle, Value};

/// What a part of an expression has become.
enum Lowered {
    One(Code, Scalar),
    Many(List, Scalar),
    Table(Table),
}

/// Something with an entry for each name.
struct Table {
    /// Without a name yet.
    read: Read,
    item: Scalar,
    /// Whether each entry is a list.
    many: bool,
}

/// A checked expression, not yet wrapped for its users.
pub(crate) struct Checked {
    pub(crate) code: Code,
    pub(crate) slots: BTreeSet<Slot>,
}

/// Checks a tree whose value is to be of one kind.
pub(crate) fn check(root: &Expr, text: &str, environment: &Environment, wanted: Scalar) -> Result<Checked, Vec<CelError>> {
    let mut checker =
        Checker { environment, text, locals: Vec::new(), slots: BTreeSet::new(), errors: Vec::new(), guessed: false };
    let (code, kind) = checker.one(root);
    let code = match fit(code, kind, wanted) {
        Some(code) => code,
        None => {
            checker.wrong_result(root.span, kind, wanted);
            checker.nothing().0
        }
    };
    // INVARIANT: no guess is ever evaluated. Without a mistake told, only an empty list leaves something unknown.
    if checker.guessed && checker.errors.is_empty() {
        checker.error(root.span, "this speaks of the elements of a list that is always empty");
    }
    if checker.errors.is_empty() {
        Ok(Checked { code, slots: checker.slots })
    } else {
        checker.errors.sort_by_key(|error| error.span);
        Err(checker.errors)
    }
}

struct Checker<'e> {
    environment: &'e Environment,
    text: &'e str,
    /// The variables of the loops around, the innermost last.
    locals: Vec<(CompactString, Scalar)>,
    slots: BTreeSet<Slot>,
    errors: Vec<CelError>,
    /// Code stands where the kind of something could not be known.
    guessed: bool,
}

impl<'e> Checker<'e> {
    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(CelError::new(span, message));
    }

    fn error_help(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.errors.push(CelError::new(span, message).with_help(help));
    }

    /// Stands where a mistake has been told, and goes with everything, so that it is told once.
    fn nothing(&mut self) -> (Code, Scalar) {
        self.guessed = true;
        (Code::Constant(Value::Bool(false)), Scalar::Unknown)
    }

    fn failed(&mut self) -> Lowered {
        let (code, kind) = self.nothing();
        Lowered::One(code, kind)
    }

    /// A part that must have one value.
    fn one(&mut self, expr: &Expr) -> (Code, Scalar) {
        match self.lower(expr) {
            Lowered::One(code, kind) => (code, kind),
            Lowered::Many(_, kind) => {
                let message = format!("this is a list of {}, but one value is wanted here", self.plural(kind));
                self.error_help(expr.span, message, "use `.exists(x, …)`, `.all(x, …)`, `.size()` or `in`");
                self.nothing()
            }
            Lowered::Table(_) => {
                self.table_is_no_value(expr);
                self.nothing()
            }
        }
    }

    fn table_is_no_value(&mut self, table: &Expr) {
        let shown = table.span.of(self.text);
        let message = format!("`{shown}` has an entry for each name, and one of them is wanted here");
        self.error_help(table.span, message, format!("write `{shown}[\"name\"]`"));
    }

    /// A part that must be a list.
    fn many(&mut self, expr: &Expr) -> (List, Scalar) {
        match self.lower(expr) {
            Lowered::Many(list, kind) => (list, kind),
            Lowered::One(_, Scalar::Unknown) => (List::Constant(Box::default()), Scalar::Unknown),
            Lowered::One(_, kind) => {
                let message = format!("a list is wanted here, but this is {}", self.words(kind));
                self.error(expr.span, message);
                (List::Constant(Box::default()), Scalar::Unknown)
            }
            Lowered::Table(_) => {
                self.error(expr.span, "a list is wanted here, but this has an entry for each name");
                (List::Constant(Box::default()), Scalar::Unknown)
            }
        }
    }

    /// A part that must have one value of a kind.
    fn wanted(&mut self, expr: &Expr, wanted: Scalar) -> Code {
        let (code, kind) = self.one(expr);
        fit(code, kind, wanted).unwrap_or_else(|| {
            let message = format!("{} is wanted here, but this is {}", self.words(wanted), self.words(kind));
            self.error(expr.span, message);
            self.nothing().0
        })
    }

    fn wrong_result(&mut self, span: Span, kind: Scalar, wanted: Scalar) {
        let message = format!("the expression gives {}, but {} is wanted", self.words(kind), self.words(wanted));
        if wanted == Scalar::Bool {
            self.error_help(span, message, "compare it with something: `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`");
        } else {
            self.error(span, message);
        }
    }

    fn lower(&mut self, expr: &Expr) -> Lowered {
        match &expr.node {
            Node::Literal(value) => Lowered::One(Code::Constant(value.clone()), kind_of(value)),
            Node::Name(name) => self.name(name, expr.span),
            Node::List(parts) => self.list(parts),
            Node::Member { optional: true, .. } | Node::Index { optional: true, .. } => {
                self.error_help(expr.span, "`?` asks for something that may be missing", "write `.orValue(…)` behind it");
                self.failed()
            }
            Node::Member { target, name, .. } => self.member(expr, target, name),
            Node::Index { target, index, .. } => self.index(expr, target, index),
            Node::Call { target, name, arguments } => self.call(expr, target.as_deref(), name, arguments),
            Node::Not(inner) => Lowered::One(Code::Not(Box::new(self.wanted(inner, Scalar::Bool))), Scalar::Bool),
            Node::Negate(inner) => self.negate(inner, expr.span),
            Node::Binary { operator, sides } => self.binary(*operator, sides, expr.span),
            Node::Every(parts) => Lowered::One(Code::Every(self.conditions(parts)), Scalar::Bool),
            Node::Any(parts) => Lowered::One(Code::Any(self.conditions(parts)), Scalar::Bool),
            Node::Choose(parts) => self.choose(parts),
        }
    }

    fn conditions(&mut self, parts: &[Expr]) -> Box<[Code]> {
        parts.iter().map(|part| self.wanted(part, Scalar::Bool)).collect()
    }

    fn choose(&mut self, parts: &[Expr; 3]) -> Lowered {
        let [condition, then, otherwise] = parts;
        let condition = self.wanted(condition, Scalar::Bool);
        match (self.lower(then), self.lower(otherwise)) {
            (Lowered::One(a, a_kind), Lowered::One(b, b_kind)) => {
                if let Some(kind) = a_kind.common(b_kind)
                    && let (Some(a), Some(b)) = (fit(a, a_kind, kind), fit(b, b_kind, kind))
                {
                    return Lowered::One(Code::Choose(Box::new([condition, a, b])), kind);
                }
                let message = format!("the two choices differ: {} and {}", self.words(a_kind), self.words(b_kind));
                self.error(then.span.to(otherwise.span), message);
            }
            (Lowered::Many(a, a_kind), Lowered::Many(b, b_kind)) => {
                if let Some(kind) = a_kind.common(b_kind) {
                    let (a, b) = (fit_list(a, a_kind, kind), fit_list(b, b_kind, kind));
                    return Lowered::Many(List::Choose(Box::new((condition, a, b))), kind);
                }
                let message = format!("the two lists hold {} and {}", self.plural(a_kind), self.plural(b_kind));
                self.error(then.span.to(otherwise.span), message);
            }
            _ => self.error(then.span.to(otherwise.span), "one choice is a list or a table, the other is not"),
        }
        self.failed()
    }

    fn list(&mut self, parts: &[Expr]) -> Lowered {
        let mut kind = Scalar::Unknown;
        let mut items = Vec::with_capacity(parts.len());
        for part in parts {
            let (code, own) = match self.lower(part) {
                Lowered::One(code, own) => (code, own),
                Lowered::Many(..) | Lowered::Table(_) => {
                    self.error(part.span, "a list inside a list is no part of this language");
                    self.nothing()
                }
            };
            match kind.common(own) {
                Some(common) => kind = common,
                None => {
                    let message = format!("this is {}, but the list holds {} before it", self.words(own), self.plural(kind));
                    self.error(part.span, message);
                }
            }
            items.push((code, own));
        }
        let items: Vec<Code> = items.into_iter().filter_map(|(code, own)| fit(code, own, kind)).collect();
        let constant = |code: &Code| if let Code::Constant(value) = code { Some(value.clone()) } else { None };
        let list = match items.iter().map(constant).collect::<Option<Box<[Value<'static>]>>>() {
            Some(constants) => List::Constant(constants),
            None => List::Built(items.into_boxed_slice()),
        };
        Lowered::Many(list, kind)
    }
}

/// The kind of a literal.
fn kind_of(value: &Value<'_>) -> Scalar {
    match value {
        Value::Bool(_) => Scalar::Bool,
        Value::Int(_) => Scalar::Int,
        Value::Decimal(_) => Scalar::Decimal,
        Value::Text(_) => Scalar::Text,
        Value::Timestamp(_) => Scalar::Timestamp,
        Value::Duration(_) => Scalar::Duration,
        Value::Date(_) => Scalar::Date,
        Value::Record(_) => Scalar::Unknown,
    }
}

/// The same value as another kind; none where it cannot be taken for that.
fn fit(code: Code, kind: Scalar, wanted: Scalar) -> Option<Code> {
    match (code, kind, wanted) {
        (code, kind, wanted) if kind == wanted || kind == Scalar::Unknown || wanted == Scalar::Unknown => Some(code),
        (Code::Constant(Value::Int(value)), Scalar::Int, Scalar::Decimal) => Some(Code::Constant(Value::Decimal(value.into()))),
        (code, Scalar::Int, Scalar::Decimal) => Some(Code::Widen(Box::new(code))),
        _ => None,
    }
}

/// The same list with elements of another kind, which they are known to fit.
fn fit_list(list: List, kind: Scalar, wanted: Scalar) -> List {
    match (list, kind, wanted) {
        (List::Constant(values), Scalar::Int, Scalar::Decimal) => {
            let widened =
                |value: Value<'static>| if let Value::Int(value) = value { Value::Decimal(value.into()) } else { value };
            List::Constant(values.into_iter().map(widened).collect())
        }
        (list, Scalar::Int, Scalar::Decimal) => List::Map(Box::new((list, Code::Widen(Box::new(Code::Local(0)))))),
        (list, _, _) => list,
    }
}

/// The record that a code stands for.
fn place_of(code: Code) -> Place {
    if let Code::Local(up) = code {
        Place::Local(up)
    } else if matches!(code, Code::Constant(Value::Record(Handle::ROOT))) {
        Place::Root
    } else {
        Place::Of(Box::new(code))
    }
}
