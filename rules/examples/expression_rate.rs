//! How long one evaluation of a condition takes, and one check of it.
//!
//! Run it with `cargo run --release -p tessera-rules --example expression_rate`.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people, on data of its own"
)]

use std::hint::black_box;
use std::time::Instant;

use jiff::Timestamp;
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use tessera_rules::cel::{
    Environment, Handle, LineField, ListPlace, ReceiptField, Scope, Slot, Subject, TimeField, Value, Variable, condition,
};

const ROUNDS: u32 = 5_000_000;

/// A receipt of twelve lines in the shape that an evaluation has it.
struct Sale {
    /// Amount in minor units, and properties by name.
    lines: Vec<(i64, Vec<(String, String)>)>,
    local: DateTime,
}

impl Sale {
    fn line(&self, record: Handle) -> Option<&(i64, Vec<(String, String)>)> {
        self.lines.get(if record == Handle::ROOT { 0 } else { usize::try_from(record.0).ok()? })
    }
}

impl Scope for Sale {
    fn field(&self, slot: Slot, record: Handle) -> Option<Value<'_>> {
        let variable = Variable::of(slot)?;
        if variable == Variable::Line(LineField::Amount) {
            return Some(Value::Decimal(Decimal::new(self.line(record)?.0, 2)));
        }
        (variable == Variable::Time(TimeField::Hour)).then(|| Value::Int(self.local.hour().into()))
    }

    fn entry(&self, slot: Slot, record: Handle, name: &str) -> Option<Value<'_>> {
        if Variable::of(slot)? != Variable::Line(LineField::Attribute) {
            return None;
        }
        let (_, properties) = self.line(record)?;
        properties.iter().find(|(known, _)| known == name).map(|(_, value)| Value::text(value))
    }

    fn length(&self, list: ListPlace<'_>) -> usize {
        if Variable::of(list.slot) == Some(Variable::Receipt(ReceiptField::Lines)) { self.lines.len() } else { 0 }
    }

    fn item(&self, _: ListPlace<'_>, place: usize) -> Option<Value<'_>> {
        (place < self.lines.len()).then(|| Value::Record(Handle(u32::try_from(place).unwrap())))
    }

    fn local(&self, _: Timestamp) -> DateTime {
        self.local
    }
}

fn main() {
    let properties = |brand: &str| {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        vec![pair("colour", "red"), pair("brand", brand), pair("size", "42")]
    };
    let lines = (0..12).map(|place| (550 + place, properties(if place == 0 { "Acme" } else { "Other" }))).collect();
    let sale = Sale { lines, local: "2026-11-22T09:30:00".parse().unwrap() };
    let environment = Environment::of_program(Subject::Line);
    let conditions = [
        "line.attribute[\"brand\"] == \"Acme\" && line.amount >= 5.00 && time.hour < 11",
        "line.amount >= 5.00",
        "time.hour < 11",
        "line.attribute[\"brand\"] in [\"Best\", \"Acme\", \"Other\", \"Own\"]",
        "line.amount * 0.9 - 1.50 > 3",
        "lines.exists(l, l.attribute[\"brand\"] == \"None\" && l.amount > 5)",
        "lines.sum(l, l.amount) >= 20.00",
        "line.attribute[\"brand\"].matches('^A[a-z]+$')",
    ];
    for text in conditions {
        let expression = condition(text, &environment).unwrap();
        let mut best = f64::MAX;
        for _ in 0..3 {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                black_box(black_box(&expression).holds(black_box(&sale), &mut 10_000)).unwrap();
            }
            best = best.min(start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
        }
        println!("{best:7.1} ns  {text}");
    }
    let start = Instant::now();
    let rounds = ROUNDS / 100;
    for _ in 0..rounds {
        black_box(condition(black_box(conditions[0]), &environment)).unwrap();
    }
    println!("{:7.1} ns  to read and check the first", start.elapsed().as_secs_f64() * 1e9 / f64::from(rounds));
}
