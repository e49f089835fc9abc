//! Outcomes as the messages that they are stored, answered and followed as: one encoding for all three.

mod fields;
mod read;
mod write;

pub(crate) use read::{PostedOutcome, outcome_from_wire};
pub(crate) use write::{Extras, book_to_wire, encode_outcome, reason_to_wire};

/// The format that is written; a reader refuses a higher one.
pub(crate) const FORMAT: u32 = 1;

#[cfg(test)]
mod tests;
