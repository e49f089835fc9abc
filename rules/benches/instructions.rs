//! How many instructions the hot paths take: a figure that a busy machine does not change.
//!
//! Needs valgrind and the runner of the same version: `cargo install gungraun-runner --version 0.20.0`, then
//! `cargo bench -p tessera-rules --bench instructions`. What is built before an evaluation is not counted.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement on data of its own")]
#![expect(missing_docs, clippy::disallowed_types, reason = "what the macros make has no documents and opens a file")]

#[path = "../examples/evaluate_rate/among.rs"]
mod among;
#[path = "../examples/evaluate_rate/data.rs"]
mod data;
#[path = "../examples/evaluate_rate/hard.rs"]
mod hard;

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group, main};
use jiff::Timestamp;
use tessera_rules::catalogue::Catalogue;
use tessera_rules::decision::Decision;
use tessera_rules::receipt::Receipt;
use tessera_rules::standing::Standing;
use tessera_rules::{Effort, Revision, evaluate};

/// The arguments of an evaluation.
struct Case {
    revision: Revision,
    catalogue: Catalogue,
    standing: Standing,
    receipt: Receipt,
    at: Timestamp,
}

impl Case {
    fn of(revision: Revision, receipt: Receipt) -> Self {
        let at = "2026-11-22T12:00:00Z".parse().unwrap();
        let case = Self { revision, catalogue: data::catalogue(), standing: data::standing(), receipt, at };
        // What is made once at the first use is not counted.
        drop(case.decide());
        case
    }

    fn decide(&self) -> Decision {
        let (catalogue, standing, receipt) = (&self.catalogue, black_box(&self.standing), black_box(&self.receipt));
        evaluate(&self.revision, catalogue, standing, receipt, self.at, Effort::default())
    }
}

/// 12 lines and 100 campaigns, about 15 of them candidates.
fn usual() -> Case {
    Case::of(data::revision(), data::receipt())
}

/// The same twenty campaigns among so many.
fn among(campaigns: usize) -> Case {
    Case::of(among::revision_of(campaigns), among::receipt_of(12))
}

/// Equal units and campaigns that compete for them.
fn hard(named: &str) -> Case {
    let (_, revision, receipt) = hard::cases().into_iter().find(|(name, ..)| *name == named).unwrap();
    Case::of(revision, receipt)
}

#[library_benchmark]
#[bench::of_100_campaigns(usual())]
#[bench::of_1_000(among(1_000))]
#[bench::of_100_000(among(100_000))]
#[bench::equal_5(hard("3 campaigns, 5 equal units"))]
#[bench::equal_5_000(hard("3 campaigns, 5,000 equal units"))]
fn evaluation(case: Case) -> (Decision, Case) {
    // The case goes out again, so that taking it apart is not counted.
    (black_box(case.decide()), case)
}

library_benchmark_group!(name = evaluations, benchmarks = evaluation);

main!(library_benchmark_groups = evaluations);
