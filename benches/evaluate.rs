//! Evaluation alone, and what the search for the best deal costs where much competes.
//!
//! 12 lines, 100 campaigns, about 15 of which are candidates: the aim is 10 µs. Receipts made to be hard for the
//! search (overlapping mix and match on 200 lines, 30 campaigns over the same goods, 5,000 equal units): the aim is
//! 50 ms with the default effort; 5,000 equal units at most twice the cost of 5.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a measurement on data of its own")]

#[path = "../rules/examples/evaluate_rate/among.rs"]
mod among;
#[path = "../rules/examples/evaluate_rate/data.rs"]
mod data;
#[path = "../rules/examples/evaluate_rate/hard.rs"]
mod hard;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use tessera_rules::{Effort, evaluate};

/// That of the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn at() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn evaluation(criterion: &mut Criterion) {
    let (revision, catalogue, receipt, standing) = (data::revision(), data::catalogue(), data::receipt(), data::standing());
    criterion.bench_function("evaluate, 12 lines, 100 campaigns", |bencher| {
        bencher.iter(|| evaluate(&revision, &catalogue, black_box(&standing), black_box(&receipt), at(), Effort::default()));
    });
}

fn contested(criterion: &mut Criterion) {
    let (catalogue, standing) = (data::catalogue(), data::standing());
    for (name, revision, receipt) in &hard::cases() {
        let once = || evaluate(revision, &catalogue, black_box(&standing), black_box(receipt), at(), Effort::default());
        let decision = once();
        println!(
            "{name}: {} of {}, {} steps, proven {}, at most {} more",
            (decision.before - decision.after).minor(),
            decision.before.minor(),
            decision.steps,
            decision.proven,
            decision.bound.minor()
        );
        criterion.bench_function(name, |bencher| bencher.iter(once));
    }
}

/// The same twenty campaigns among few and among many others.
fn among_many(criterion: &mut Criterion) {
    let (catalogue, standing) = (data::catalogue(), data::standing());
    let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    for (lines, campaigns) in [(12, 1_000), (12, 100_000), (100, 10_000)] {
        let (revision, receipt) = (among::revision_of(campaigns), among::receipt_of(lines));
        criterion.bench_function(&format!("evaluate, {lines} lines, 20 of {campaigns} campaigns"), |bencher| {
            bencher.iter(|| evaluate(&revision, &catalogue, black_box(&standing), black_box(&receipt), at, Effort::default()));
        });
    }
}

criterion_group!(benches, evaluation, among_many, contested);
criterion_main!(benches);
