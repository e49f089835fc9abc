//! Acts: what was done to the programs, one document each, chained by hashes. They are appended and never
//! changed; which revision is in force when follows from them alone.

use blake3::Hash;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tessera_contract::signing::PublicKey;

use super::statement::{StatedAct, Statement};

/// One thing that was done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Act {
    /// When, by the engine's clock; never before the act that it follows (H70).
    pub(super) at: Timestamp,
    /// By whom.
    pub(super) by: By,
    /// What.
    pub(super) done: Done,
    /// Hash of the act before.
    #[serde(with = "hex")]
    pub(super) previous: Hash,
}

/// By whom something was done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Somebody at this machine who did not sign.
    Nobody,
    /// The engine, from the program files of its configuration.
    Configuration,
    /// A person who signed.
    Person {
        /// The name as configured then.
        name: String,
        /// The public key, as text.
        key: String,
        /// The signature over the act's statement, 128 hex digits.
        signature: String,
    },
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Done {
    /// A revision was made.
    Published(Publication),
    /// A second person agreed to it.
    Approved {
        /// Its number.
        revision: u64,
    },
    /// It was taken back before its start.
    Withdrawn {
        /// Its number.
        revision: u64,
    },
}

/// A revision as it was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Publication {
    pub(super) revision: u64,
    /// BLAKE3 over its sources, under which they are stored.
    #[serde(with = "hex")]
    pub(super) content: Hash,
    /// The start that was asked for; none: at once.
    pub(super) starts: Option<Timestamp>,
    /// The revision whose sources it has, where it is a rollback.
    pub(super) restores: Option<u64>,
    /// Whether changing it needs a second person: one of its programs says `four_eyes: true`, or it was gone
    /// back to from a revision of which this holds.
    pub(super) four_eyes: bool,
    /// Whether it waits for a second person.
    pub(super) needs_approval: bool,
    pub(super) campaigns: u64,
    pub(super) note: String,
}

impl Publication {
    /// What its maker signs; `after` is the hash of the act that made the revision before.
    pub(super) fn statement(&self, after: Hash) -> Statement<'_> {
        let note = self.note.as_str();
        let act = match self.restores {
            None => StatedAct::Publish { starts: self.starts, note, after },
            Some(restores) => StatedAct::RollBack { restores, note, after },
        };
        Statement { revision: self.revision, content: self.content, act }
    }
}

impl Act {
    /// As it is stored.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub(super) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads it back, with its hash.
    ///
    /// # Errors
    /// It is no act.
    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, Hash), serde_json::Error> {
        Ok((serde_json::from_slice(bytes)?, hash_of(bytes)))
    }
}

/// The hash of a stored act. It covers the hash of the act before, and so all of them.
pub(super) fn hash_of(bytes: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"tessera act 1");
    hasher.update(bytes);
    hasher.finalize()
}

impl By {
    /// A person's signature.
    pub(super) fn person(name: &str, key: &PublicKey, signature: &[u8; 64]) -> Self {
        let signature = data_encoding::HEXLOWER.encode(signature);
        Self::Person { name: name.to_owned(), key: key.to_string(), signature }
    }

    /// Whether it is this person.
    pub(super) fn is(&self, key: &PublicKey) -> bool {
        match self {
            Self::Person { key: known, .. } => PublicKey::parse(known).as_ref() == Some(key),
            Self::Nobody | Self::Configuration => false,
        }
    }

    /// Whether the signature, where there is one, fits the statement.
    pub(super) fn stands_for(&self, statement: &Statement<'_>) -> bool {
        let Self::Person { key, signature, .. } = self else { return true };
        let Ok(signature) = data_encoding::HEXLOWER.decode(signature.as_bytes()) else { return false };
        let (Some(key), Ok(signature)) = (PublicKey::parse(key), <[u8; 64]>::try_from(signature)) else { return false };
        key.has_signed(&statement.text(), &signature)
    }
}

/// Hashes as hex in JSON.
mod hex {
    use blake3::Hash;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hash.to_hex().as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(deserializer)?;
        Hash::from_hex(text).map_err(serde::de::Error::custom)
    }
}
