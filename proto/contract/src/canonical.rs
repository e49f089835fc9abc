//! The canonical encoding of what an id stands for, and its BLAKE3 hash.
//!
//! Same id and same hash: the same request again. Same id and other hash: a conflict (H2). The bytes that
//! are hashed, version 1; nothing in them depends on the wire's encoding:
//!
//! | value | bytes |
//! | --- | --- |
//! | text, bytes | length in bytes as `u32`, then the bytes (texts as UTF-8) |
//! | integer, time's seconds | `i64` |
//! | enum | its number as `i64`; where the contract reads "unspecified" as another value, that value's |
//! | flag | one byte, 0 or 1 |
//! | absent message or optional | one byte 0 |
//! | present message or optional | one byte 1, then its fields |
//! | choice of several (`oneof`) | one byte, 0 for none or the place of the case from 1, then its value |
//! | list | its length as `u32`, then the items |
//! | time | present: 1, seconds, nanoseconds |
//!
//! All integers are little-endian. A hash begins with its domain as a text (`tessera.settle.1` and so on),
//! then come the fields in the order in which the functions here name them, each once, absent ones too.
//! No maps, no sorting. The basket's hash, which nothing keeps but a token, has a shorter form of its own.
//!
//! How a customer was identified enters the hash. It cannot be read from it; but whoever knows all other
//! fields can test a guess of a phone number against it, so hashes are kept where outcomes are kept and
//! are printed nowhere else.

mod basket;
mod content;
mod encoder;

use std::fmt;

pub use basket::basket_hash;
pub(crate) use content::claim_code_as_printed;
pub use content::{answers_hash, claim_hash, enrol_hash, hand_over_hash, return_hash, settle_hash};

macro_rules! hash {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub [u8; 32]);

        impl fmt::Display for $name {
            /// Prints it in hexadecimal digits.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

hash! {
    /// Hash of the content that a receipt's or request's id stands for.
    ContentHash
}
hash! {
    /// Hash of everything that a quote's decision depends on but the tenders and the stage: it says
    /// whether a settled receipt is the one that was quoted.
    BasketHash
}

#[cfg(test)]
mod tests;
