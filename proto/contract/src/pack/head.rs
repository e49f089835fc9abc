//! The head of a pack: an engine's signed word that a content is in force, for which stores and until when.
//!
//! What is signed is the text below, whose form is the contract's (`tessera/gateway/v1/gateway_service.proto`); a change
//! of it needs another first line. It is also what a gateway keeps on its disk.

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use tessera_rules::id::StoreId;

use super::PackHash;
use crate::signing::{PrivateKey, PublicKey, SIGNATURE_BYTES};

/// What every head begins with, so that its signature is good for nothing else.
const FIRST_LINE: &str = "tessera rule pack, head 1";
/// What is hashed before the stores.
const STORES_DOMAIN: &str = "tessera.pack.stores.1";

/// What an engine says of a pack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PackHead {
    /// The content.
    pub pack: PackHash,
    /// The revision in force, of which the pack is a part; 0: none.
    pub revision: u64,
    /// The catalogue in force; 0: none.
    pub catalogue: u64,
    /// For which stores: see [`stores_hash`].
    pub stores: [u8; 32],
    /// When the engine said so.
    pub stated_at: Timestamp,
    /// Until when that is good; the next revision may start then.
    pub valid_until: Timestamp,
}

/// A head and its signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedPackHead {
    /// What is said.
    pub head: PackHead,
    /// Over [`PackHead::text`].
    pub signature: [u8; SIGNATURE_BYTES],
}

/// Hash of a set of stores, in whatever order they are named; of none: every store.
#[must_use]
pub fn stores_hash(stores: &[StoreId]) -> [u8; 32] {
    let mut names: Vec<&str> = stores.iter().map(StoreId::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let mut hasher = blake3::Hasher::new();
    hasher.update(STORES_DOMAIN.as_bytes());
    for name in names {
        hasher.update(b"\n").update(name.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

impl PackHead {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { pack, revision, catalogue, stores, stated_at, valid_until } = self;
        let stores = HEXLOWER.encode(stores);
        format!(
            "{FIRST_LINE}\npack: {pack}\nrevision: {revision}\ncatalogue: {catalogue}\nstores: {stores}\n\
             stated at: {stated_at}\nvalid until: {valid_until}\n"
        )
    }

    /// Signs it.
    #[must_use]
    pub fn signed(self, key: &PrivateKey) -> SignedPackHead {
        let signature = key.sign(&self.text());
        SignedPackHead { head: self, signature }
    }
}

impl SignedPackHead {
    /// Whether the key's owner said exactly this.
    #[must_use]
    pub fn is_of(&self, key: &PublicKey) -> bool {
        key.has_signed(&self.head.text(), &self.signature)
    }

    /// The head's text and its signature, as they are kept in a file.
    #[must_use]
    pub fn to_file(&self) -> String {
        format!("{}signature: {}\n", self.head.text(), HEXLOWER.encode(&self.signature))
    }

    /// Reads such a file; none where it is another text. Whoever uses it looks at the signature.
    #[must_use]
    pub fn from_file(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        lines.next().filter(|line| *line == FIRST_LINE)?;
        let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(": ");
        let head = PackHead {
            pack: PackHash(hex(value("pack")?)?),
            revision: value("revision")?.parse().ok()?,
            catalogue: value("catalogue")?.parse().ok()?,
            stores: hex(value("stores")?)?,
            stated_at: value("stated at")?.parse().ok()?,
            valid_until: value("valid until")?.parse().ok()?,
        };
        let signed = Self { head, signature: hex(value("signature")?)? };
        (signed.to_file() == text).then_some(signed)
    }
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}
