//! A world for expressions: a few variables of every kind, with fixed values.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::cel::kind::{Kind, Scalar};
use crate::cel::{CelError, Declared, Environment, EvalError, EvalFault, Handle, ListPlace, Scope, Slot, Value};

/// What is declared, in the order of its slots.
const VARIABLES: [(&str, Kind); 12] = [
    ("one", Kind::One(Scalar::Int)),
    ("price", Kind::One(Scalar::Decimal)),
    ("name", Kind::One(Scalar::Text)),
    ("yes", Kind::One(Scalar::Bool)),
    ("nothing", Kind::One(Scalar::Text)),
    ("numbers", Kind::List(Scalar::Int)),
    ("words", Kind::List(Scalar::Text)),
    ("points", Kind::Named(Scalar::Decimal)),
    ("tags", Kind::NamedList(Scalar::Text)),
    ("now", Kind::One(Scalar::Timestamp)),
    ("today", Kind::One(Scalar::Date)),
    ("big", Kind::One(Scalar::Int)),
];

/// Name, amount, colour of each item.
const ITEMS: [(&str, i64, Option<&str>); 3] = [("shoe", 4_999, Some("red")), ("lace", 250, None), ("spray", 799, Some("red"))];

pub(super) fn environment() -> Environment {
    let mut environment = Environment::new();
    let field = |name, kind, slot| Declared::new(name, Kind::One(kind), Slot(slot), "");
    let item = environment.record(
        "item",
        vec![
            field("name", Scalar::Text, 20),
            field("amount", Scalar::Decimal, 21),
            field("colour", Scalar::Text, 22).optional().known(["red", "blue"]),
            Declared::new("attribute", Kind::Named(Scalar::Text), Slot(23), ""),
        ],
    );
    let shop = environment.record("shop", vec![field("town", Scalar::Text, 30), field("rank", Scalar::Int, 31)]);
    for (slot, (name, kind)) in (0..).zip(VARIABLES) {
        let declared = Declared::new(name, kind, Slot(slot), "");
        environment.variable(if name == "nothing" { declared.optional() } else { declared });
    }
    environment.variable(Declared::new("items", Kind::List(Scalar::Record(item)), Slot(40), ""));
    environment.variable(Declared::new("shop", Kind::One(Scalar::Record(shop)), Slot(41), ""));
    environment.elsewhere("line", "write `items.exists(i, …)`");
    environment
}

/// The values; `broken` gives another kind than declared.
pub(super) struct World;

impl Scope for World {
    fn field(&self, slot: Slot, record: Handle) -> Option<Value<'_>> {
        let item = usize::try_from(record.0).ok().and_then(|place| ITEMS.get(place));
        Some(match slot.0 {
            0 => Value::Int(1),
            1 => Value::Decimal(Decimal::new(1_250, 2)),
            2 => Value::text("Anna"),
            3 => Value::Bool(true),
            9 => Value::Timestamp("2026-11-22T23:30:15Z".parse().unwrap()),
            10 => Value::Date("2026-11-23".parse().unwrap()),
            11 => Value::Int(i64::MAX),
            20 => Value::text(item?.0),
            21 => Value::Decimal(Decimal::new(item?.1, 2)),
            22 => Value::text(item?.2?),
            30 => Value::text("Bern"),
            31 => Value::Int(2),
            _ => return None,
        })
    }

    fn entry(&self, slot: Slot, record: Handle, name: &str) -> Option<Value<'_>> {
        match (slot.0, name) {
            (7, "silver") => Some(Value::Decimal(Decimal::from(120))),
            (23, "size") => (record.0 == 0).then(|| Value::text("42")),
            _ => None,
        }
    }

    fn length(&self, list: ListPlace<'_>) -> usize {
        match (list.slot.0, list.name) {
            (5 | 40, _) => 3,
            (6, _) | (8, Some("brand")) => 2,
            _ => 0,
        }
    }

    fn item(&self, list: ListPlace<'_>, place: usize) -> Option<Value<'_>> {
        if place >= self.length(list) {
            return None;
        }
        Some(match list.slot.0 {
            5 => Value::Int([1, 2, 3][place]),
            6 => Value::text(["red", "Blue"][place]),
            8 => Value::text(["Acme", "Best"][place]),
            _ => Value::Record(Handle(u32::try_from(place).unwrap())),
        })
    }

    fn local(&self, at: Timestamp) -> DateTime {
        TimeZone::fixed(jiff::tz::offset(1)).to_datetime(at)
    }
}

pub(super) const STEPS: u64 = 10_000;

/// The value of an expression of any kind.
pub(super) fn run(text: &str) -> Result<Result<Value<'static>, EvalError>, Vec<CelError>> {
    let environment = environment();
    let expr = crate::cel::parse(text).map_err(|error| vec![error])?;
    let expression = crate::cel::check(&expr, &environment, Scalar::Unknown)?;
    let mut steps = STEPS;
    Ok(expression.eval(&World, &mut steps).map(owned))
}

fn owned(value: Value<'_>) -> Value<'static> {
    match value {
        Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
        Value::Bool(value) => Value::Bool(value),
        Value::Int(value) => Value::Int(value),
        Value::Decimal(value) => Value::Decimal(value),
        Value::Timestamp(value) => Value::Timestamp(value),
        Value::Duration(value) => Value::Duration(value),
        Value::Date(value) => Value::Date(value),
        Value::Record(value) => Value::Record(value),
    }
}

/// A value or error as the tables below write it.
pub(super) fn shown(text: &str) -> String {
    match run(text) {
        Err(errors) => format!("mistake: {}", errors[0].message),
        Ok(Err(error)) => fault(error.fault).to_owned(),
        Ok(Ok(value)) => match value {
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Decimal(value) => format!("{value}d"),
            Value::Text(value) => format!("{value:?}"),
            Value::Timestamp(value) => value.to_string(),
            Value::Duration(value) => format!("{}s", value.as_secs()),
            Value::Date(value) => value.to_string(),
            Value::Record(value) => format!("record {}", value.0),
        },
    }
}

pub(super) fn fault(fault: EvalFault) -> &'static str {
    match fault {
        EvalFault::Overflow => "overflow",
        EvalFault::DivisionByZero => "division",
        EvalFault::Missing => "missing",
        EvalFault::NotReadable => "unreadable",
        EvalFault::StepsUsedUp => "steps",
        EvalFault::WrongKind => "kind",
    }
}
