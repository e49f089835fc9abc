//! Accounts, lots, holds, postings, returns: pure `(state, command, now) → (state, outcome)`.

pub mod account;
pub mod hold;
pub mod lot;
pub mod outcome;
pub mod posting;
