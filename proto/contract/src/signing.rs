//! Ed25519 keys that sign texts: people's for what they publish, engines' for rule packs. Whoever checks knows public
//! keys only.
//!
//! INVARIANT: what is signed is a text whose first line names what it is for, so that no signature is good for
//! another thing.

use std::fmt;

use data_encoding::HEXLOWER_PERMISSIVE;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// What a public key's text begins with.
const PUBLIC: &str = "ed25519:";
/// What a private key's text begins with: nobody takes it for the public one.
const PRIVATE: &str = "ed25519-private:";
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// A public key. Written as `ed25519:` and 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key of these bytes; none where they are no key, or one that anybody could sign for.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        VerifyingKey::from_bytes(bytes).ok().filter(|key| !key.is_weak()).map(|_| Self(*bytes))
    }

    /// Reads its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(&unhex(text.strip_prefix(PUBLIC)?)?)
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether the key's owner signed exactly this text. Strict: one signature has one form.
    #[must_use]
    pub fn has_signed(&self, text: &str, signature: &[u8; SIGNATURE_BYTES]) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.0) else { return false };
        key.verify_strict(text.as_bytes(), &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", HEXLOWER_PERMISSIVE.encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A private key; `Debug` does not show it (H81).
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// The key of a seed (RFC 8032, 5.1.5).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Reads its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text.strip_prefix(PRIVATE)?).map(|seed| Self::from_seed(&seed))
    }

    /// Its text, for its owner's file and nothing else: `ed25519-private:` and 64 hex digits.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PRIVATE}{}", HEXLOWER_PERMISSIVE.encode(self.0.as_bytes()))
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs a text that names what it is for.
    #[must_use]
    pub fn sign(&self, text: &str) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(text.as_bytes()).to_bytes()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_a_private_one_does_not_show_itself() {
        let key = PrivateKey::from_seed(&[7; 32]);
        assert_eq!(PublicKey::parse(&key.public().to_string()), Some(key.public()));
        assert_eq!(PrivateKey::parse(&key.reveal()).unwrap().public(), key.public());
        assert_eq!(format!("{key:?}"), "PrivateKey(***)");
        for wrong in ["", "ed25519:", "ed25519:00", &key.reveal(), &key.public().to_string().replace("ed25519:", "")] {
            assert_eq!(PublicKey::parse(wrong), None, "{wrong}");
        }
        // The neutral point: every signature would fit.
        assert_eq!(PublicKey::parse(&format!("ed25519:01{}", "00".repeat(31))), None);
    }

    #[test]
    fn a_signature_is_good_for_one_text_of_one_key() {
        let (key, other) = (PrivateKey::from_seed(&[7; 32]), PrivateKey::from_seed(&[8; 32]));
        let signature = key.sign("this");
        assert!(key.public().has_signed("this", &signature));
        assert!(!key.public().has_signed("that", &signature) && !other.public().has_signed("this", &signature));
    }
}
