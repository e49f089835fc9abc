//! Conformance cases as data: a program, a catalogue, an account and a receipt, and what must come of them.
//!
//! The format is public: `rules/corpus/README.md`. Pure: whoever calls reads the files. A text goes through
//! [`read_file`] (every mistake at once, with its place), then [`CaseFile::run`] (one [`Report`] a case).
#![warn(clippy::arithmetic_side_effects, clippy::float_arithmetic)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, reason = "tests compute expected values on small numbers"))]

mod compare;
mod format;
mod item;
mod marks;
mod prepare;
mod promises;
mod read;
mod report;
mod run;
mod shape;
mod shown;

pub use read::{CaseFile, Files, read, read_file, read_products};
pub use report::{Difference, Report};
