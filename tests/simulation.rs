//! Till, gateway, link and engine in one process under simulated time: what delays, drops, repeats and restarts make of a few
//! hundred sales and goods brought back, from a seed. Real processes show the same in hours (`tests/gateway_faults`).
//!
//! `cargo test --test simulation` plays a few seeds and an outage of three days; `TESSERA_SIMULATE_RUNS=1000` before it plays many seeds,
//! `TESSERA_SIMULATE_SEED=7` from a certain one, `TESSERA_SIMULATE_RECEIPTS=200000` an outage of that many receipts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that meets what it does not expect ends there"
)]

mod simulation {
    mod chance;
    mod link;
    mod notices;
    mod outage;
    mod play;
    mod till;
    mod world;
}
