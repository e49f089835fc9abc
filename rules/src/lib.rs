//! The program language: text → tree → checked → compiled → evaluated. Pure: no clock, no randomness, no I/O.

pub mod decision;
pub mod id;
pub mod money;
pub mod receipt;
pub mod standing;
