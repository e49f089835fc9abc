//! Evaluation alone: 12 lines, 100 campaigns, about 15 of which are candidates. The aim is 10 µs.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement on data of its own")]

#[path = "../rules/examples/evaluate_rate/data.rs"]
mod data;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use tessera_rules::{Effort, evaluate};

fn evaluation(criterion: &mut Criterion) {
    let (revision, catalogue, receipt, standing) = (data::revision(), data::catalogue(), data::receipt(), data::standing());
    let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    criterion.bench_function("evaluate, 12 lines, 100 campaigns", |bencher| {
        bencher.iter(|| evaluate(&revision, &catalogue, black_box(&standing), black_box(&receipt), at, Effort::default()));
    });
}

criterion_group!(benches, evaluation);
criterion_main!(benches);
