//! Accounts, lots, holds, postings, returns: pure `(state, command, now) → (state, outcome)`.
//!
//! No clock, no storage, no randomness: the same state and command give the same bytes (H19).
#![warn(clippy::float_arithmetic)]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod account;
pub mod adjust;
mod arithmetic;
pub mod aside;
pub mod bonus;
mod booking;
pub mod card;
pub mod check;
pub mod claim;
pub mod closing;
pub mod code;
pub mod confirm;
mod counter;
pub mod day;
pub mod draw;
pub mod encode;
pub mod entry;
pub mod erase;
pub mod follow_up;
mod grant;
pub mod hold;
pub mod limits;
pub mod lot;
pub mod merge;
pub mod order;
pub mod outcome;
pub mod posting;
pub mod prize;
pub mod profile;
pub mod quote;
pub mod return_goods;
pub mod review;
pub mod right;
mod seen;
pub mod series;
pub mod settle;
pub mod standing;
pub mod terms;
pub mod tier;
pub mod transfer;
mod uses;
pub mod void;

#[cfg(test)]
mod history;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod twin;
