//! The variables of the program language: declared once, documented, and each where it may be spoken of.

use crate::cel::{Environment, Kind, Scalar, Subject, Variable, condition};

fn known(text: &str, subject: Subject) -> Result<(), String> {
    let told = |error: crate::cel::CelError| format!("{} ({})", error.message, error.help.unwrap_or_default());
    condition(text, &Environment::of_program(subject)).map(|_| ()).map_err(|mut errors| told(errors.remove(0)))
}

#[test]
fn every_field_is_documented_and_has_a_slot_of_its_own() {
    let environment = Environment::of_program(Subject::Line);
    let mut slots = Vec::new();
    for field in environment.records().iter().flat_map(|record| &record.fields) {
        assert!(field.text.ends_with('.') && field.text.len() > 7, "{}: {}", field.name, field.text);
        assert!(Variable::of(field.slot).is_some(), "{}", field.name);
        slots.push(field.slot);
    }
    let count = slots.len();
    slots.sort();
    slots.dedup();
    assert_eq!((slots.len(), count), (74, 74));
}

#[test]
fn conditions_of_the_trade_are_understood() {
    let lines = [
        "line.attribute[\"brand\"] == \"Acme\" && line.amount >= 5.00 && time.hour < 11",
        "has(line.attribute.brand) && line.attribute.brand in ['Acme', 'Best']",
        "'Acme' in line.values['brand'] && line.kind == 'goods'",
        "'food/dairy' in line.categories || line.category.startsWith('books')",
        "line.unit_price < line.regular_price * 0.9 && line.price_reason != 'staff'",
        "line.measured && line.quantity >= 0.250",
        "receipt.lines.exists(l, l.sku == line.sku && l.id != line.id)",
    ];
    for text in lines {
        assert_eq!(known(text, Subject::Line), Ok(()), "{text}");
    }
    let receipts = [
        "lines.filter(l, l.attribute[?'brand'].orValue('') == 'Acme').sum(l, l.amount) >= 20",
        "receipt.tenders.exists(t, t.kind == 'card' && t.amount > 10)",
        "receipt.amount >= 50 && receipt.codes.size() == 0 && !receipt.training",
        "customer.known && customer.?tier.orValue('none') == 'gold'",
        "'seniors' in customer.segments && time.weekday in ['monday', 'tuesday']",
        "account.balance['points'] >= 100 && account.counter['bottles'] < 10 && account.visits > 3",
        "has(customer.fact['birthday']) && date(customer.fact['birthday']).getMonth() == time.date.getMonth()",
        "customer.enrolled_days > 365 || time.now - customer.enrolled_at < duration('30d')",
        "'city' in store.zones && store.id != 'S1' && time.month == 12 && time.day <= 24",
    ];
    for text in receipts {
        assert_eq!(known(text, Subject::Receipt), Ok(()), "{text}");
        assert_eq!(known(text, Subject::Line), Ok(()), "{text}");
    }
    assert_eq!(known("customer.known && account.visits > 3 && time.year > 2025", Subject::Customer), Ok(()));
}

#[test]
fn what_can_never_be_is_told() {
    let table = [
        ("time.weekday == 'Monday'", "\"Monday\" never stands here (did you mean \"monday\"?)"),
        (
            "line.kind in ['goods', 'food']",
            "\"food\" never stands here (there is \"goods\", \"service\", \"deposit\", \"certificate_sale\", \"top_up\", \"bag\", \"donation\")",
        ),
        (
            "brand == 'Acme'",
            "`brand` is not known here (known are `line`, `receipt`, `customer`, `account`, `store`, `time`, `lines`; a text stands in quotes: \"brand\")",
        ),
        ("line.brand == 'Acme'", "a line has no field `brand` (did you mean `line.attribute[\"brand\"]`?)"),
        ("line.ammount > 5", "a line has no field `ammount` (did you mean `line.amount`?)"),
        ("amount > 5", "`amount` is not known here (did you mean `line.amount`?)"),
        (
            "receipt.lines.amount > 5",
            "`receipt.lines` is a list of lines; it has no field `amount` (write `receipt.lines.exists(x, x.amount …)`)",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(known(text, Subject::Line), Err(expected.to_owned()), "{text}");
    }
    let elsewhere =
        "`line` is not known here (this condition is about the whole receipt: write `lines.exists(l, l.amount > 5.00)`)";
    assert_eq!(known("line.amount > 5", Subject::Receipt), Err(elsewhere.to_owned()));
    let elsewhere = "`receipt` is not known here (this condition is about the customer alone: `customer`, `account` and `time` are known here)";
    assert_eq!(known("receipt.amount > 5", Subject::Customer), Err(elsewhere.to_owned()));
}

#[test]
fn names_that_a_program_defines_are_checked_once_they_are_known() {
    let mut environment = Environment::of_program(Subject::Receipt);
    let slot = environment.slot_of("account", "balance").unwrap();
    environment.know(slot, ["points", "bonus"]);
    let errors = condition("account.balance['pionts'] > 5", &environment).unwrap_err();
    assert_eq!(errors[0].help.as_deref(), Some("did you mean \"points\"?"));
    assert!(condition("account.balance.points > 5", &environment).is_ok());
}

#[test]
fn what_a_condition_reads_is_known() {
    let expression =
        condition("receipt.amount > 5 && account.balance.points > 3", &Environment::of_program(Subject::Receipt)).unwrap();
    let mut read: Vec<Variable> = expression.slots().filter_map(Variable::of).collect();
    read.sort();
    assert_eq!(read.len(), 2);
    let kinds = Environment::of_program(Subject::Receipt);
    assert!(kinds.variables().iter().all(|variable| matches!(variable.kind, Kind::One(Scalar::Record(_)) | Kind::List(_))));
}
