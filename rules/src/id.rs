//! Identifiers: a type each, so that no two can be swapped.

use std::borrow::Borrow;
use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Why a text is no identifier.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IdError {
    /// Nothing is there.
    #[error("must not be empty")]
    Empty,
    /// Too many characters.
    #[error("has {length} characters, at most {limit}")]
    TooLong {
        /// How many there are.
        length: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A character that identifiers do not have.
    #[error("has a character at place {place} that is not one of A-Z a-z 0-9 . _ : / - + # @")]
    Character {
        /// Byte place, from 0.
        place: usize,
    },
}

const fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'/' | b'-' | b'+' | b'#' | b'@')
}

fn checked(text: &str, limit: usize) -> Result<CompactString, IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > limit {
        return Err(IdError::TooLong { length: text.len(), limit });
    }
    match text.bytes().position(|byte| !is_id_byte(byte)) {
        Some(place) => Err(IdError::Character { place }),
        None => Ok(CompactString::from(text)),
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $limit:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(CompactString);

        impl $name {
            /// At most so many characters.
            pub const LENGTH_MAX: usize = $limit;

            /// Reads one: 1 to [`Self::LENGTH_MAX`] characters of `A-Z a-z 0-9 . _ : / - + # @`.
            ///
            /// # Errors
            /// Says what is wrong with the text, without the text.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                checked(text, $limit).map(Self)
            }

            /// The text.
            #[must_use]
            #[inline]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            #[inline]
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id! {
    /// One sale, return or other message of a till: minted by the till, kept for every repeat.
    ReceiptId, 64
}
id! {
    /// A position of a receipt; the engine's own begin with `+`.
    LineId, 32
}
id! {
    /// A shop.
    StoreId, 32
}
id! {
    /// A cash register, unique in its store.
    TillId, 32
}
id! {
    /// Who sits at the till.
    CashierId, 32
}
id! {
    /// A way to sell, such as `till`, `web` or `app`.
    ChannelId, 32
}

id! {
    /// Something that happens to a customer, which rewards may wait for.
    EventId, 32
}
id! {
    /// A person or household member, opaque: never a card or phone number.
    CustomerId, 40
}
id! {
    /// The aggregate kept for one or more customers.
    AccountId, 40
}
id! {
    /// A loyalty program.
    ProgramId, 32
}
id! {
    /// A campaign, unique over all programs of a revision.
    CampaignId, 48
}
id! {
    /// What an account holds: points, bonus money and the like. `money` is kept for the sale's currency.
    AssetId, 32
}
id! {
    /// A step of a program's status.
    TierId, 32
}
id! {
    /// A named condition over customers, or an imported list.
    SegmentId, 32
}
id! {
    /// Things with serial numbers that cashiers hand out, such as stickers or printed coupons.
    SeriesId, 32
}
id! {
    /// A profile field.
    FactId, 32
}
id! {
    /// A reward inside its outcome; also what a till declines.
    RewardId, 64
}
id! {
    /// A tax rate's code as the till names it.
    TaxCode, 16
}

impl EventId {
    /// The customer is enrolled: the one event that no program names.
    #[must_use]
    pub fn enrolment() -> Self {
        #[expect(clippy::expect_used, reason = "nine letters are an id")]
        Self::parse("enrolment").expect("letters are an id")
    }
}

impl ChannelId {
    /// The channel of a sale that names none.
    #[must_use]
    pub fn till() -> Self {
        Self(CompactString::const_new("till"))
    }
}

/// An article number as the till sends it: any printable text of 1 to 64 bytes, since real catalogues
/// have blanks and letters in theirs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sku(CompactString);

impl Sku {
    /// At most so many bytes.
    pub const LENGTH_MAX: usize = 64;

    /// Reads one.
    ///
    /// # Errors
    /// Empty, too long, or with a control character.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        if text.len() > Self::LENGTH_MAX {
            return Err(IdError::TooLong { length: text.len(), limit: Self::LENGTH_MAX });
        }
        match text.char_indices().find(|(_, character)| character.is_control()) {
            Some((place, _)) => Err(IdError::Character { place }),
            None => Ok(Self(CompactString::from(text))),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sku({})", self.0)
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for Sku {
    fn borrow(&self) -> &str {
        &self.0
    }
}
