//! The program language: text → tree → checked → compiled → evaluated. Pure: no clock, no randomness, no I/O.
#![warn(clippy::arithmetic_side_effects, clippy::float_arithmetic)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, reason = "tests compute expected values on small numbers"))]

pub mod asset;
mod attribute;
mod birthday;
pub mod brakes;
pub mod campaign;
pub mod cashier;
pub mod catalogue;
pub mod cel;
mod check;
mod common_limit;
mod condition;
pub mod conventions;
mod counting;
pub mod decision;
pub mod diagnostic;
pub mod effort;
pub mod evaluate;
pub mod habits;
pub mod id;
mod index;
pub mod limits;
mod mechanic;
pub mod money;
pub mod occasion;
pub mod pack;
pub mod program;
pub mod ratio;
pub mod receipt;
pub mod revision;
pub mod schema;
mod selector;
pub mod standing;
pub mod text;
pub mod tree;
pub mod usage;
mod validity;

pub use effort::Effort;
pub use evaluate::evaluate;
#[cfg(feature = "naive")]
pub use evaluate::evaluate_naively;
pub use revision::{Compiled, Revision, Source};
