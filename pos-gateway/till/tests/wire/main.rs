//! The till library against real servers on real sockets: lost answers, dead and hanging servers,
//! refusals, and the shared stream.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "a test that meets what it does not expect ends there"
)]

mod advices;
mod conversation;
mod quotes;
mod server;
