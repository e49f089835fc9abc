//! An independent implementation of CEL as the judge of ours, where both apply: whole numbers, texts, conditions,
//! lists and loops. Equal values, and an error where there is an error.

use jiff::Timestamp;
use jiff::civil::DateTime;
use proptest::prelude::*;

use crate::cel::kind::{Kind, Scalar};
use crate::cel::{Declared, Environment, Handle, ListPlace, Scope, Slot, Value, check, parse};

/// The same variables in both worlds.
#[derive(Clone, Debug)]
struct Known {
    numbers: [i64; 3],
    truths: [bool; 2],
    texts: [String; 2],
    many: Vec<i64>,
    words: Vec<String>,
}

const NUMBERS: [&str; 3] = ["a", "b", "c"];
const TRUTHS: [&str; 2] = ["p", "q"];
const TEXTS: [&str; 2] = ["s", "t"];

impl Scope for Known {
    fn field(&self, slot: Slot, _: Handle) -> Option<Value<'_>> {
        let place = usize::from(slot.0 % 10);
        match slot.0 / 10 {
            0 => self.numbers.get(place).map(|value| Value::Int(*value)),
            1 => self.truths.get(place).map(|value| Value::Bool(*value)),
            _ => self.texts.get(place).map(|value| Value::text(value)),
        }
    }

    fn entry(&self, _: Slot, _: Handle, _: &str) -> Option<Value<'_>> {
        None
    }

    fn length(&self, list: ListPlace<'_>) -> usize {
        if list.slot.0 == 30 { self.many.len() } else { self.words.len() }
    }

    fn item(&self, list: ListPlace<'_>, place: usize) -> Option<Value<'_>> {
        if list.slot.0 == 30 {
            self.many.get(place).map(|value| Value::Int(*value))
        } else {
            self.words.get(place).map(|value| Value::text(value))
        }
    }

    fn local(&self, at: Timestamp) -> DateTime {
        jiff::tz::TimeZone::UTC.to_datetime(at)
    }
}

fn environment() -> Environment {
    let mut environment = Environment::new();
    let groups: [(&[&str], Scalar, u16); 3] =
        [(&NUMBERS, Scalar::Int, 0), (&TRUTHS, Scalar::Bool, 10), (&TEXTS, Scalar::Text, 20)];
    for (names, kind, first) in groups {
        for (slot, name) in (first..).zip(names) {
            environment.variable(Declared::new(name, Kind::One(kind), Slot(slot), ""));
        }
    }
    environment.variable(Declared::new("many", Kind::List(Scalar::Int), Slot(30), ""));
    environment.variable(Declared::new("words", Kind::List(Scalar::Text), Slot(31), ""));
    environment
}

/// What ours says: a value as text, or that there is none.
fn ours(text: &str, known: &Known) -> Option<String> {
    let expr = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let expression = check(&expr, &environment(), Scalar::Unknown).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
    let value = expression.eval(known, &mut 1_000_000).ok()?;
    Some(if let Value::Text(value) = value {
        format!("{value:?}")
    } else if let Value::Int(value) = value {
        value.to_string()
    } else {
        value.into_bool().unwrap().to_string()
    })
}

/// What the judge says.
fn theirs(text: &str, known: &Known) -> Option<String> {
    let program = cel::Program::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut context = cel::Context::default();
    for (name, value) in NUMBERS.into_iter().zip(known.numbers) {
        context.add_variable_from_value(name, value);
    }
    for (name, value) in TRUTHS.into_iter().zip(known.truths) {
        context.add_variable_from_value(name, value);
    }
    for (name, value) in TEXTS.into_iter().zip(&known.texts) {
        context.add_variable_from_value(name, value.clone());
    }
    context.add_variable_from_value("many", known.many.clone());
    context.add_variable_from_value("words", known.words.clone());
    let value = program.execute(&context).ok()?;
    Some(if let cel::Value::String(value) = value {
        format!("{value:?}")
    } else if let cel::Value::Int(value) = value {
        value.to_string()
    } else {
        (value == cel::Value::Bool(true)).to_string()
    })
}

fn known() -> impl Strategy<Value = Known> {
    let number = prop_oneof![4 => -3_i64..10, 1 => Just(i64::MAX), 1 => Just(i64::MIN)];
    let word = "[aäB é\\\\'\"]{0,3}";
    (
        [number.clone(), number.clone(), number.clone()],
        any::<[bool; 2]>(),
        [word, word],
        prop::collection::vec(number, 0..4),
        prop::collection::vec(word, 0..4),
    )
        .prop_map(|(numbers, truths, texts, many, words)| Known { numbers, truths, texts, many, words })
}

/// Texts of expressions of one kind; `x` is the variable of the loop around, where there is one.
fn number(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(NUMBERS.to_vec()).prop_map(str::to_owned),
        (-3_i64..10).prop_map(|value| value.to_string()),
        Just("9223372036854775807".to_owned()),
        Just("0x1f".to_owned()),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let (n, t, l, w, c) = (number(depth - 1), text(depth - 1), numbers(depth - 1), words(depth - 1), condition(depth - 1));
    prop_oneof![
        2 => leaf,
        3 => (n.clone(), prop::sample::select(vec!["+", "-", "*", "/", "%"]), n.clone()).prop_map(|(a, o, b)| format!("({a} {o} {b})")),
        1 => n.clone().prop_map(|a| format!("-({a})")),
        1 => t.prop_map(|a| format!("size({a})")),
        1 => l.clone().prop_map(|a| format!("{a}.size()")),
        1 => w.prop_map(|a| format!("size({a})")),
        1 => (l, n.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
        1 => (c, n.clone(), n).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
    ]
    .boxed()
}

fn text(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(TEXTS.to_vec()).prop_map(str::to_owned),
        prop::sample::select(vec!["''", "'a'", "\"Bä\"", "'\\u00e9\\n'", "r'a\\'", "'''a'b'''"]).prop_map(str::to_owned),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let (t, w, n, c) = (text(depth - 1), words(depth - 1), number(depth - 1), condition(depth - 1));
    prop_oneof![
        2 => leaf,
        2 => (t.clone(), t.clone()).prop_map(|(a, b)| format!("({a} + {b})")),
        1 => (w, n.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
        1 => (c, t.clone(), t).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        1 => n.prop_map(|a| format!("string({a})")),
    ]
    .boxed()
}

fn condition(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(TRUTHS.to_vec()).prop_map(str::to_owned),
        any::<bool>().prop_map(|value| value.to_string()),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let (n, t, l, w, c) = (number(depth - 1), text(depth - 1), numbers(depth - 1), words(depth - 1), condition(depth - 1));
    let relation = || prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let inner = c.clone();
    prop_oneof![
        1 => leaf,
        3 => (n.clone(), relation(), n.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
        2 => (t.clone(), relation(), t.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
        3 => (c.clone(), prop::sample::select(vec!["&&", "||"]), c.clone()).prop_map(|(a, o, b)| format!("(({a}) {o} ({b}))")),
        1 => c.clone().prop_map(|a| format!("!({a})")),
        1 => (n.clone(), l.clone()).prop_map(|(a, b)| format!("{a} in {b}")),
        1 => (t.clone(), w.clone()).prop_map(|(a, b)| format!("{a} in {b}")),
        1 => l.clone().prop_map(|a| format!("{a} != [] && !(a in []) && [].size() == 0")),
        1 => (l.clone(), l.clone()).prop_map(|(a, b)| format!("{a} == {b}")),
        1 => (t.clone(), prop::sample::select(vec!["contains", "startsWith", "endsWith"]), t).prop_map(|(a, f, b)| format!("{a}.{f}({b})")),
        3 => (l, prop::sample::select(vec!["exists", "all", "exists_one"]), prop::sample::select(vec!["x > a", "1 / x == 1", "x % 2 == 0", "x in many", "many.exists(y, x + y == b)"]), inner)
            .prop_map(|(a, f, body, c)| format!("{a}.{f}(x, {body} || ({c}))")),
        1 => (w, prop::sample::select(vec!["exists", "all", "exists_one"])).prop_map(|(a, f)| format!("{a}.{f}(w, w + 'a' > s)")),
    ]
    .boxed()
}

fn numbers(depth: u32) -> BoxedStrategy<String> {
    if depth == 0 {
        return prop::sample::select(vec!["many", "many.filter(x, x > 100)", "[1, 2, 3]"]).prop_map(str::to_owned).boxed();
    }
    let (n, l) = (number(depth - 1), numbers(depth - 1));
    prop_oneof![
        2 => Just("many".to_owned()),
        2 => prop::collection::vec(n, 1..3).prop_map(|parts| format!("[{}]", parts.join(", "))),
        1 => l.clone().prop_map(|a| format!("{a}.filter(x, 6 / x > 1)")),
        1 => l.clone().prop_map(|a| format!("{a}.map(x, x * x)")),
        1 => l.clone().prop_map(|a| format!("{a}.map(x, x > 0, 10 - x)")),
        1 => (l.clone(), l).prop_map(|(a, b)| format!("({a} + {b})")),
    ]
    .boxed()
}

fn words(depth: u32) -> BoxedStrategy<String> {
    if depth == 0 {
        return prop::sample::select(vec!["words", "['a', 'Bä']"]).prop_map(str::to_owned).boxed();
    }
    let (t, w) = (text(depth - 1), words(depth - 1));
    prop_oneof![
        2 => Just("words".to_owned()),
        2 => prop::collection::vec(t, 1..3).prop_map(|parts| format!("[{}]", parts.join(", "))),
        1 => w.clone().prop_map(|a| format!("{a}.filter(w, w != 'a')")),
        1 => w.prop_map(|a| format!("{a}.map(w, w + s)")),
    ]
    .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_expressions_give_what_an_independent_implementation_gives(
        text in prop_oneof![number(3), text(3), condition(3)],
        known in known(),
    ) {
        prop_assume!(text.len() <= 2_000);
        prop_assert_eq!(ours(&text, &known), theirs(&text, &known), "{}", text);
    }
}
