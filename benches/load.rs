//! Load: what the engine keeps of the throughput and latency of a plain echo, on this machine, in this run.
//!
//! `cargo bench --bench load` measures quotes and durable settles against an echo service that speaks the
//! same messages. `benches/README.md` says what is compared, and holds the figures.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement on data of its own: it ends at the first surprise, and its figures are for people"
)]

#[path = "load/arrivals.rs"]
mod arrivals;
#[path = "load/ask.rs"]
mod ask;
#[path = "load/caller.rs"]
mod caller;
#[path = "load/child.rs"]
mod child;
#[path = "load/data.rs"]
mod data;
#[path = "load/echo.rs"]
mod echo;
#[path = "load/measure.rs"]
mod measure;
#[path = "load/options.rs"]
mod options;
#[path = "load/plan.rs"]
mod plan;
#[path = "load/report.rs"]
mod report;
#[path = "load/server.rs"]
mod server;

use clap::Parser as _;

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let options = options::Options::parse();
    match child::role() {
        Some(role) => server::run(&role, &options),
        None => plan::run(&options),
    }
}

/// Two worker threads, for clients and for each server: the figures are those of two cores.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}
