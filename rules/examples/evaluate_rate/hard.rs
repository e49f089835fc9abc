//! Receipts and programs that are made to be hard for the search for the best deal.

use std::fmt::Write;

use jiff::Timestamp;
use tessera_rules::id::{LineId, Sku};
use tessera_rules::money::{Quantity, UnitPrice, extend};
use tessera_rules::receipt::Receipt;
use tessera_rules::{Revision, Source};

use crate::data;

/// Lines of so many units, each with its own article and price.
fn receipt(lines: usize, units: i64, price: impl Fn(usize) -> i64) -> Receipt {
    let mut receipt = data::receipt();
    let line = receipt.lines[0].clone();
    receipt.lines = (0..lines)
        .map(|place| {
            let mut line = line.clone();
            line.id = LineId::parse(&(place + 1).to_string()).unwrap();
            line.sku = Sku::parse(&format!("P{place}")).unwrap();
            line.quantity = Quantity::from_milli(units * 1_000);
            line.unit_price = UnitPrice::from_micros(price(place) * 10_000);
            line.amount = extend(line.quantity, line.unit_price, receipt.currency).unwrap();
            line
        })
        .collect();
    receipt
}

fn program(campaigns: impl IntoIterator<Item = String>) -> Revision {
    let mut text = String::from("program: p\nlanguage: 1\nname: P\ncurrency: GBP\ncampaigns:\n");
    for (place, campaign) in campaigns.into_iter().enumerate() {
        writeln!(text, "- {{id: c{place}, name: C, {campaign}}}").unwrap();
    }
    let source = Source { name: "hard".into(), text };
    Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).unwrap().revision
}

/// Articles `from`, `from + by`, … below 200.
fn goods(from: usize, by: usize) -> String {
    let skus: Vec<String> = (from..200).step_by(by).map(|sku| format!("P{sku}")).collect();
    format!("on: {{sku: [{}]}}", skus.join(", "))
}

fn mix_and_match() -> Revision {
    program((0..20).map(|number| {
        let (first, second) = (goods(number % 7, 3 + number % 4), goods(number % 5, 2 + number % 3));
        let (units, price) = (1 + number % 3, 300 + 40 * number);
        format!(
            "mix_and_match: {{groups: [{{{first}, units: {units}}}, {{{second}, units: 2}}], price: {}.{:02}}}",
            price / 100,
            price % 100
        )
    }))
}

fn thirty() -> Revision {
    program((0..30).map(|number| match number % 5 {
        0 => format!("n_for_m: {{take: {}, pay: {}}}", 2 + number % 4, 1 + number % 4),
        1 => format!("percent_off: {}", 5 + number),
        2 => format!("amount_off: 0.{:02}, limits: {{per_receipt: {}}}", 10 + number, 2 + number % 3),
        3 => format!("nth_unit: {{nth: {}, percent_off: {}}}", 2 + number % 3, 40 + number),
        _ => format!("mix_and_match: {{groups: [{{units: {}}}], price: {}.50}}", 2 + number % 4, 2 + number % 4),
    }))
}

fn few() -> Revision {
    program(["n_for_m: {take: 3, pay: 2}", "percent_off: 10", "nth_unit: {nth: 2, percent_off: 50}"].map(str::to_owned))
}

/// What each is, its program and its receipt.
pub(crate) fn cases() -> Vec<(&'static str, Revision, Receipt)> {
    vec![
        (
            "overlapping mix and match, 200 lines",
            mix_and_match(),
            receipt(200, 1, |place| 99 + 7 * i64::try_from(place % 37).unwrap()),
        ),
        ("30 campaigns, 12 lines", thirty(), receipt(12, 3, |place| 99 + 31 * i64::try_from(place).unwrap())),
        ("3 campaigns, 5 equal units", few(), receipt(1, 5, |_| 199)),
        ("3 campaigns, 5,000 equal units", few(), receipt(1, 5_000, |_| 199)),
        ("1 campaign, 5 equal units", program(["n_for_m: {take: 3, pay: 2}".to_owned()]), receipt(1, 5, |_| 199)),
        ("1 campaign, 5,000 equal units", program(["n_for_m: {take: 3, pay: 2}".to_owned()]), receipt(1, 5_000, |_| 199)),
        ("3 campaigns, 12 lines", few(), receipt(12, 3, |place| 99 + 31 * i64::try_from(place).unwrap())),
    ]
}
