//! Wire types to rule types and back, validation with field paths, canonical hash, card-number check, tokens.
//!
//! Pure: no I/O, no storage, no clock, no randomness. What a caller must supply (the time, a nonce) is an
//! argument. Nothing here prints a value that a till sent: errors name fields, and [`Pii`] prints `***`.

pub mod canonical;
pub mod card_number;
mod compact;
pub mod convert;
pub mod fault;
pub mod gateway_word;
pub mod limits;
pub mod pack;
pub mod pii;
pub mod place;
pub mod read;
pub mod refusal;
pub mod render;
pub mod signing;
pub mod sold;
pub mod till_day;
pub mod token;
pub mod unchanged;
pub mod unreadable;

pub use fault::Fault;
pub use pii::Pii;
pub use refusal::Refusal;

/// Minor version of the contract that this build speaks; a request built with a later one is refused
/// (`UPGRADE_ENGINE`).
pub const CONTRACT_MINOR: u32 = 0;

#[cfg(test)]
mod sample;
