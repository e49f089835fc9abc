//! Outcomes as the messages that they are stored, answered and followed as: one encoding for all three.

use bytes::Bytes;
use prost::{DecodeError, Message as _};
use tessera_proto::billing::v1;

mod read;
mod write;

pub(crate) use read::outcome_from_wire;
pub(crate) use write::{Extras, outcome_to_wire};

/// An outcome message: as stored, and as the struct it was just made from, where it was.
///
/// The bytes are the struct's encoding, which is the same each time: no map, and fields in their order.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    made: Option<Box<v1::Outcome>>,
}

impl Message {
    /// Encodes an outcome that was just made.
    pub(crate) fn made(outcome: v1::Outcome) -> Self {
        Self { bytes: Bytes::from(outcome.encode_to_vec()), made: Some(Box::new(outcome)) }
    }

    /// Takes what was read from storage.
    pub(crate) fn stored(bytes: Bytes) -> Self {
        Self { bytes, made: None }
    }

    /// The outcome.
    ///
    /// # Errors
    /// What was read from storage is no outcome.
    pub(crate) fn outcome(self) -> Result<v1::Outcome, DecodeError> {
        match self.made {
            Some(outcome) => Ok(*outcome),
            None => v1::Outcome::decode(self.bytes),
        }
    }
}

/// The format that is written; a reader refuses a higher one.
pub(crate) const FORMAT: u32 = 1;

#[cfg(test)]
mod tests;
