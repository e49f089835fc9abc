//! End-to-end tests: the binary as its users meet it, and the repository as its papers describe it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets what it does not expect ends there"
)]

mod end_to_end {
    mod architecture;
    mod bad_input;
    mod certificates;
    mod crm;
    mod draws;
    mod faults;
    mod follow_ups;
    mod ledger;
    mod notices;
    mod papers;
    mod programs;
    mod replay;
    mod segments;
    mod server;
    mod simulate;
    mod sources;
    mod supply_chain;
    mod tidy;
    mod till_days;
}
