//! The index beside a naive scan of all campaigns, and the search for the best deal beside a brute force that tries every
//! combination on single units. Both must come to the same; what they cost is the figure.
//!
//! `cargo bench -p tessera-rules --bench twins --features naive`
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement on data of its own")]

#[path = "../examples/evaluate_rate/among.rs"]
mod among;
#[path = "../examples/evaluate_rate/data.rs"]
mod data;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use tessera_rules::decision::Decision;
use tessera_rules::id::{LineId, Sku};
use tessera_rules::money::{Quantity, UnitPrice, extend};
use tessera_rules::receipt::Receipt;
use tessera_rules::{Effort, Revision, Source, evaluate, evaluate_naively};

/// That of the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A scan of 100,000 campaigns takes more steps than a receipt has.
const UNBOUNDED: Effort = Effort { steps_max: u64::MAX };

fn at() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn index(criterion: &mut Criterion) {
    let (catalogue, standing) = (data::catalogue(), data::standing());
    let mut group = criterion.benchmark_group("12 lines, about 20 campaigns match");
    for campaigns in [100, 1_000, 10_000, 100_000] {
        // A hundred are of every kind; of more, the same twenty match.
        let (revision, receipt) = match campaigns {
            100 => (data::revision(), data::receipt()),
            _ => (among::revision_of(campaigns), among::receipt_of(12)),
        };
        let indexed = || evaluate(&revision, &catalogue, black_box(&standing), black_box(&receipt), at(), Effort::default());
        let scanned = || evaluate_naively(&revision, &catalogue, black_box(&standing), black_box(&receipt), at(), UNBOUNDED);
        // What the index leaves out takes no steps, and is all that tells both apart.
        let plain = |decision: Decision| Decision { steps: 0, ..decision };
        assert_eq!(plain(indexed()), plain(scanned()), "both decide the same");
        group.bench_function(BenchmarkId::new("index", campaigns), |bencher| bencher.iter(indexed));
        group.bench_function(BenchmarkId::new("naive scan", campaigns), |bencher| bencher.iter(scanned));
    }
    group.finish();
}

/// Three for two, a tenth off (each unit is a line, so it is rounded by itself), 40 off two units, 70 off any two.
const PROGRAM: &str = "program: p\nlanguage: 1\nname: P\ncurrency: GBP\ncampaigns:\n- {id: a, name: A, n_for_m: {take: 3, pay: 2}}\n- {id: b, name: B, percent_off: 10}\n- {id: c, name: C, amount_off: 0.40, limits: {per_receipt: 2}}\n- {id: d, name: D, mix_and_match: {groups: [{units: 2}], amount_off: 0.70}}\n";
const TENTH: i64 = 10;
const FORTY: (i64, usize) = (40, 2);
const SEVENTY: i64 = 70;

/// Single units, each a line of its own.
fn units_of(units: usize) -> Receipt {
    let mut receipt = data::receipt();
    let line = receipt.lines[0].clone();
    receipt.lines = (0..units)
        .map(|place| {
            let mut line = line.clone();
            line.id = LineId::parse(&(place + 1).to_string()).unwrap();
            line.sku = Sku::parse(&format!("P{place}")).unwrap();
            line.quantity = Quantity::from_milli(1_000);
            line.unit_price = UnitPrice::from_micros((120 + 35 * i64::try_from(place % 4).unwrap()) * 10_000);
            line.amount = extend(line.quantity, line.unit_price, receipt.currency).unwrap();
            line
        })
        .collect();
    receipt
}

/// Every way to use single units, by plain recursion: the most that can be taken off.
fn brute_force(prices: &[i64], used: &mut [bool], forties: usize) -> i64 {
    let Some(first) = used.iter().position(|used| !used) else { return 0 };
    used[first] = true;
    let mut best = brute_force(prices, used, forties);
    best = best.max((prices[first] * TENTH + 50) / 100 + brute_force(prices, used, forties));
    if forties < FORTY.1 {
        best = best.max(FORTY.0.min(prices[first]) + brute_force(prices, used, forties + 1));
    }
    for second in first + 1..prices.len() {
        if used[second] {
            continue;
        }
        used[second] = true;
        best = best.max(SEVENTY + brute_force(prices, used, forties));
        for third in second + 1..prices.len() {
            if !used[third] {
                used[third] = true;
                let cheapest = prices[first].min(prices[second]).min(prices[third]);
                best = best.max(cheapest + brute_force(prices, used, forties));
                used[third] = false;
            }
        }
        used[second] = false;
    }
    used[first] = false;
    best
}

fn best_deal(criterion: &mut Criterion) {
    let (catalogue, standing) = (data::catalogue(), data::standing());
    let source = Source { name: "p".into(), text: PROGRAM.to_owned() };
    let revision = Revision::compile(1, Timestamp::UNIX_EPOCH, &[source]).unwrap().revision;
    let mut group = criterion.benchmark_group("4 campaigns compete");
    group.sample_size(10);
    for units in [4, 6, 8, 9] {
        let receipt = units_of(units);
        let prices: Vec<i64> = receipt.lines.iter().map(|line| line.amount.minor()).collect();
        let searched = || evaluate(&revision, &catalogue, black_box(&standing), black_box(&receipt), at(), Effort::default());
        let forced = || brute_force(black_box(&prices), &mut vec![false; prices.len()], 0);
        let decision = searched();
        assert!(decision.proven, "small receipts are searched to the end");
        assert_eq!((decision.before - decision.after).minor(), forced(), "both find the best");
        group.bench_function(BenchmarkId::new("search", units), |bencher| bencher.iter(searched));
        group.bench_function(BenchmarkId::new("brute force", units), |bencher| bencher.iter(forced));
    }
    group.finish();
}

criterion_group!(benches, index, best_deal);
criterion_main!(benches);
