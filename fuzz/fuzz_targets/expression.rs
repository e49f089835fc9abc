//! Any text as an expression: read, checked, explained and evaluated on a fixed receipt, within its steps.
//!
//! Beside no panic: places lie in the text, the same evaluation has the same result, and steps only fall.
#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use libfuzzer_sys::fuzz_target;
use rust_decimal::Decimal;
use tessera_rules::cel::{
    Environment, EvalFault, Expression, Handle, Kind, ListPlace, Scalar, Scope, Slot, Subject, Value, check, parse,
};

const STEPS: u64 = 20_000;

/// Has some value of the declared kind for everything, and misses every third thing.
struct Sale {
    environment: Environment,
}

impl Sale {
    fn kind(&self, slot: Slot) -> Option<Kind> {
        let fields = self.environment.records().iter().flat_map(|record| &record.fields);
        fields.chain(self.environment.variables()).find(|declared| declared.slot == slot).map(|declared| declared.kind)
    }

    fn value(&self, slot: Slot, seed: usize) -> Option<Value<'_>> {
        let kind = match self.kind(slot)? {
            Kind::One(kind) | Kind::List(kind) | Kind::Named(kind) | Kind::NamedList(kind) => kind,
        };
        let small = i64::try_from(seed % 7).unwrap_or(0);
        Some(match kind {
            Scalar::Bool => Value::Bool(seed % 2 == 0),
            Scalar::Int => Value::Int([0, 1, -3, 12, i64::MAX, i64::MIN, 7][seed % 7]),
            Scalar::Decimal => Value::Decimal([Decimal::ZERO, Decimal::new(1_250, 2), Decimal::MAX, Decimal::MIN][seed % 4]),
            Scalar::Text => Value::text(["", "Acme", "goods", "2026-11-22", "12", "monday", "größe"][seed % 7]),
            Scalar::Timestamp => Value::Timestamp([Timestamp::UNIX_EPOCH, Timestamp::MAX, Timestamp::MIN][seed % 3]),
            Scalar::Duration => Value::Duration(jiff::SignedDuration::from_secs(small)),
            Scalar::Date => {
                Value::Date([jiff::civil::Date::MAX, jiff::civil::Date::MIN, jiff::civil::date(2026, 2, 28)][seed % 3])
            }
            Scalar::Record(_) => Value::Record(Handle(u32::try_from(seed).unwrap_or(0))),
            Scalar::Unknown => return None,
        })
    }
}

impl Scope for Sale {
    fn field(&self, slot: Slot, record: Handle) -> Option<Value<'_>> {
        let seed = usize::from(slot.0).wrapping_add(usize::try_from(record.0).unwrap_or(0));
        if seed % 3 == 2 { None } else { self.value(slot, seed) }
    }

    fn entry(&self, slot: Slot, _: Handle, name: &str) -> Option<Value<'_>> {
        if name.len() % 3 == 2 { None } else { self.value(slot, name.len()) }
    }

    fn length(&self, list: ListPlace<'_>) -> usize {
        list.name.map_or(5, |name| name.len() % 4)
    }

    fn item(&self, list: ListPlace<'_>, place: usize) -> Option<Value<'_>> {
        if place < self.length(list) { self.value(list.slot, place) } else { None }
    }

    fn local(&self, at: Timestamp) -> DateTime {
        jiff::tz::TimeZone::UTC.to_datetime(at)
    }
}

fn evaluate(expression: &Expression, sale: &Sale) {
    let mut steps = STEPS;
    let first = expression.eval(sale, &mut steps);
    assert!(steps <= STEPS, "steps only fall");
    let mut again = STEPS;
    assert_eq!(first, expression.eval(sale, &mut again), "the same evaluation has the same result");
    assert_eq!(steps, again, "and costs the same");
    if let Err(error) = first {
        assert!(error.fault != EvalFault::WrongKind, "the checker has ruled this out: {}", expression.text());
        assert!(!expression.explain(error).is_empty());
    }
}

static SALE: LazyLock<Sale> = LazyLock::new(|| Sale { environment: Environment::of_program(Subject::Line) });

fuzz_target!(|text: &str| {
    let Ok(expr) = parse(text) else { return };
    for wanted in [Scalar::Bool, Scalar::Decimal, Scalar::Text, Scalar::Unknown] {
        match check(&expr, &SALE.environment, wanted) {
            Ok(expression) => evaluate(&expression, &SALE),
            Err(errors) => {
                assert!(!errors.is_empty());
                for error in errors {
                    let end = usize::from(error.span.offset) + usize::from(error.span.length);
                    assert!(text.is_char_boundary(usize::from(error.span.offset)) && text.is_char_boundary(end));
                }
            }
        }
    }
});
