//! Revisions in which the same twenty campaigns match among more and more others.

use std::fmt::Write;

use jiff::Timestamp;
use tessera_rules::id::LineId;
use tessera_rules::receipt::{Line, Receipt};
use tessera_rules::{Revision, Source};

use crate::data;

/// So many campaigns, of which the same twenty match the receipt: found by goods, store, code or condition.
pub(crate) fn revision_of(campaigns: usize) -> Revision {
    const FILE: usize = 5_000;
    let files = (0..campaigns.div_ceil(FILE)).map(|number| {
        let mut text = format!("program: p{number}\nlanguage: 1\nname: P\ncurrency: GBP\ncampaigns:\n");
        for place in number * FILE..campaigns.min((number + 1) * FILE) {
            let what = if place < 20 { matching(place) } else { other(place) };
            writeln!(text, "- {{id: c{place}, name: N, group: g{}, {what}}}", place % 20).unwrap();
        }
        Source { name: format!("rate-{number}"), text }
    });
    let files: Vec<Source> = files.collect();
    Revision::compile(1, Timestamp::UNIX_EPOCH, &files).unwrap().revision
}

fn matching(place: usize) -> String {
    let skus = [5, 12, 24, 37, 46, 58, 103, 122, 134, 166];
    match place {
        10 => "stores: [S], amount_off: 1.00, level: basket".to_owned(),
        11 => "code: HELLO, amount_off: 1.00, level: basket".to_owned(),
        12 => "when: receipt.amount >= 5, amount_off: 1.00, level: basket".to_owned(),
        13..20 => format!("on: {{category: c{}}}, percent_off: 5", place - 13),
        _ => format!("on: {{sku: P{}}}, percent_off: 10", skus[place]),
    }
}

fn other(place: usize) -> String {
    match place % 5 {
        0 => format!("stores: [S{place}], percent_off: 5, level: basket"),
        1 => format!("code: CODE{place}, amount_off: 1.00, level: basket"),
        2 => format!("on: {{attribute: {{brand: X{place}}}}}, n_for_m: {{take: 3, pay: 2}}"),
        _ => format!("on: {{sku: [Q{place}, Q{}]}}, percent_off: 10", place + 1),
    }
}

/// The twelve lines again and again, up to so many.
pub(crate) fn receipt_of(lines: usize) -> Receipt {
    let mut receipt = data::receipt();
    receipt.codes = vec!["HELLO".into()];
    let twelve = receipt.lines.clone();
    let again =
        (0..lines).map(|place| Line { id: LineId::parse(&(place + 1).to_string()).unwrap(), ..twelve[place % 12].clone() });
    receipt.lines = again.collect();
    receipt
}
