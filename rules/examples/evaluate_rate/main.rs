//! How long one evaluation takes.
//!
//! Run it with `cargo run --release -p tessera-rules --example evaluate_rate`; with `-- ROUNDS` it evaluates
//! the usual receipt so many times and stops, which is what a profiler wants.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program for people, on data of its own"
)]

mod among;
mod data;
mod hard;

use std::hint::black_box;
use std::time::Instant;

use jiff::Timestamp;
use tessera_rules::{Effort, evaluate};

/// That of the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: u32 = 200_000;
const HARD_ROUNDS: u32 = 20;

fn main() {
    let (revision, catalogue, receipt, standing) = (data::revision(), data::catalogue(), data::receipt(), data::standing());
    let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    let once = || evaluate(&revision, &catalogue, black_box(&standing), black_box(&receipt), at, Effort::default());
    let decision = once();
    println!(
        "{} lines, {} campaigns, {} applied, {} rewards, {} steps",
        receipt.lines.len(),
        revision.campaigns().len(),
        decision.applied.len(),
        decision.rewards.len(),
        decision.steps
    );
    let rounds = std::env::args().nth(1).map(|rounds| rounds.parse().unwrap());
    for _ in 0..3 {
        let start = Instant::now();
        for _ in 0..rounds.unwrap_or(ROUNDS) {
            black_box(once());
        }
        println!("{:?} each", start.elapsed() / rounds.unwrap_or(ROUNDS));
    }
    if rounds.is_some() {
        return;
    }
    among_many();
    for (name, revision, receipt) in hard::cases() {
        let once = || evaluate(&revision, &catalogue, black_box(&standing), black_box(&receipt), at, Effort::default());
        let decision = once();
        let start = Instant::now();
        for _ in 0..HARD_ROUNDS {
            black_box(once());
        }
        println!(
            "{name}: {:?} each, {} of {}, {} steps, proven {}, at most {} more",
            start.elapsed() / HARD_ROUNDS,
            (decision.before - decision.after).minor(),
            decision.before.minor(),
            decision.steps,
            decision.proven,
            decision.bound.minor()
        );
    }
}

/// The same twenty campaigns among few and among many others.
fn among_many() {
    let (catalogue, standing) = (data::catalogue(), data::standing());
    let at: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
    for (lines, campaigns, rounds) in [(12, 1_000, 500_u32), (12, 100_000, 500), (100, 10_000, 200)] {
        let begun = Instant::now();
        let revision = among::revision_of(campaigns);
        let loaded = begun.elapsed();
        let receipt = among::receipt_of(lines);
        let once = || evaluate(&revision, &catalogue, black_box(&standing), black_box(&receipt), at, Effort::default());
        let decision = once();
        let measured = |_| {
            let start = Instant::now();
            black_box(once());
            start.elapsed()
        };
        let mut each: Vec<std::time::Duration> = (0..rounds).map(measured).collect();
        each.sort_unstable();
        println!(
            "{lines} lines, {campaigns} campaigns (loaded in {loaded:?}): {} applied, {} steps, proven {}, median {:?}",
            decision.applied.len(),
            decision.steps,
            decision.proven,
            each[each.len() / 2]
        );
    }
}
