//! The gateway between real sockets: what it forwards, how it ends a call that no engine answers, and
//! how it stops.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets what it does not expect ends there"
)]

mod closing;
mod engine;
mod engines;
mod packed;
mod serving;
mod single;
mod spooled;
mod stream;
