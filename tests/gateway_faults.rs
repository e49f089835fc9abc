//! Promise P1 under real faults: engine and gateway as processes of their own, a proxy of our own on both links,
//! tills that never stop, and a report of the slowest answer of each scenario.
//!
//! `cargo test --test gateway_faults -- --nocapture` takes about a minute; `TESSERA_FAULT_SECONDS=20
//! TESSERA_FAULT_TILLS=1000` before it is the long version.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that meets what it does not expect ends there, and its report is what it is for"
)]

mod gateway_faults {
    mod disk;
    mod drain;
    mod heartbeat;
    mod kills;
    mod proxy;
    mod report;
    mod run;
    mod scenarios;
    mod stage;
    mod thousand;
    mod tills;
}
