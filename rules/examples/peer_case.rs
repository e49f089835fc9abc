//! The case of `benches/peers` in this engine: everything that an answer holds, not only who matches.
//!
//! `cargo run --release -p tessera-rules --example peer_case -- CASE.json`
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a program for people, on data of its own"
)]

#[path = "evaluate_rate/data.rs"]
#[expect(dead_code, reason = "this case has goods and campaigns of its own")]
mod data;

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tessera_rules::catalogue::{Catalogue, Product};
use tessera_rules::id::{LineId, Sku};
use tessera_rules::money::{Amount, Quantity, UnitPrice};
use tessera_rules::receipt::{Attribute, Line, Receipt};
use tessera_rules::standing::Standing;
use tessera_rules::{Effort, Revision, Source, evaluate};

fn main() {
    let path = std::env::args().nth(1).expect("the case's file");
    let case: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (revision, catalogue, receipt) = (revision(&case), catalogue(&case), receipt(&case));
    let standing = Standing::default();
    let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let once = || evaluate(&revision, &catalogue, black_box(&standing), black_box(&receipt), at, Effort::default());
    let decision = once();
    let mut times: Vec<Duration> = (0..5).map(|_| time(|| drop(black_box(once())))).collect();
    times.sort();
    println!(
        "tessera: {} campaigns, discount {}, {:.1} us a receipt",
        revision.campaigns().len(),
        decision.before.minor() - decision.after.minor(),
        times[2].as_secs_f64() * 1e6
    );
}

fn time(once: impl Fn()) -> Duration {
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < Duration::from_secs(1) {
        once();
        count += 1;
    }
    start.elapsed() / count
}

fn revision(case: &Value) -> Revision {
    let mut text = String::from("program: peers\nlanguage: 1\nname: Peers\ncurrency: GBP\ncampaigns:\n");
    for campaign in case["campaigns"].as_array().unwrap() {
        let (id, brand) = (campaign["id"].as_str().unwrap(), campaign["brand"].as_str().unwrap());
        let (colour, percent) = (campaign["colour"].as_str().unwrap(), &campaign["percent"]);
        let on = format!("on: {{attribute: {{brand: {brand}, colour: {colour}}}}}");
        writeln!(text, "- {{id: {id}, name: Off, {on}, percent_off: {percent}}}").unwrap();
    }
    Revision::compile(1, Timestamp::UNIX_EPOCH, &[Source { name: "peers".into(), text }]).unwrap().revision
}

fn catalogue(case: &Value) -> Catalogue {
    let product = |line: &Value| {
        let mut product = Product::new(Sku::parse(line["sku"].as_str().unwrap()).unwrap(), "Something");
        product.attributes =
            ["brand", "colour"].map(|name| Attribute { name: name.into(), value: line[name].as_str().unwrap().into() }).to_vec();
        product
    };
    Catalogue::new(1, case["lines"].as_array().unwrap().iter().map(product).collect()).unwrap()
}

fn receipt(case: &Value) -> Receipt {
    let any = data::receipt();
    let line = |line: &Value| {
        let minor = line["amount"].as_i64().unwrap();
        Line {
            id: LineId::parse(line["id"].as_str().unwrap()).unwrap(),
            sku: Sku::parse(line["sku"].as_str().unwrap()).unwrap(),
            quantity: Quantity::ONE,
            unit_price: UnitPrice::from_micros(minor * 10_000),
            amount: Amount::from_minor(minor),
            ..any.lines[0].clone()
        }
    };
    Receipt { lines: case["lines"].as_array().unwrap().iter().map(line).collect(), ..any.clone() }
}
