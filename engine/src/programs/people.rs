//! People who may change the programs: Ed25519 keys with names and roles. The engine knows public keys only;
//! a private key stays in its person's file.

use std::fmt;

use data_encoding::HEXLOWER_PERMISSIVE;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use super::statement::Statement;

/// What a public key's text begins with.
const PUBLIC: &str = "ed25519:";
/// What a private key's text begins with: nobody takes it for the public one.
const PRIVATE: &str = "ed25519-private:";
/// Characters of a person's name.
pub const NAME_CHARACTERS_MAX: usize = 100;

/// A person's public key. Written as `ed25519:` and 64 hex digits.
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

    /// Whether the person signed exactly this. Strict: one signature has one form.
    #[must_use]
    pub fn has_signed(&self, statement: &Statement<'_>, signature: &[u8; 64]) -> bool {
        self.has_signed_text(&statement.text(), signature)
    }

    /// The same of any text that names what it is for.
    #[must_use]
    pub fn has_signed_text(&self, text: &str, signature: &[u8; 64]) -> bool {
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

/// A person's private key; `Debug` does not show it (H81).
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// A new one, from the system's randomness.
    ///
    /// # Errors
    /// The system has none.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self::from_seed(&seed))
    }

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

    /// Its text, for the person's file and nothing else: `ed25519-private:` and 64 hex digits.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PRIVATE}{}", HEXLOWER_PERMISSIVE.encode(self.0.as_bytes()))
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs a statement.
    #[must_use]
    pub fn sign(&self, statement: &Statement<'_>) -> [u8; 64] {
        self.sign_text(&statement.text())
    }

    /// Signs any text that names what it is for.
    #[must_use]
    pub fn sign_text(&self, text: &str) -> [u8; 64] {
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

/// What a person may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Publishes, withdraws, rolls back.
    Marketer,
    /// Approves what another person published; withdraws, rolls back.
    Approver,
    /// Corrects accounts.
    Finance,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Marketer, Self::Approver, Self::Finance];

    /// As it stands in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Marketer => "marketer",
            Self::Approver => "approver",
            Self::Finance => "finance",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == text)
    }
}

/// A configured person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// For history, 1 to [`NAME_CHARACTERS_MAX`] characters without control characters.
    pub name: String,
    /// Whose signature is theirs.
    pub key: PublicKey,
    /// What they may do.
    pub roles: Vec<Role>,
}

impl Person {
    fn has_one_of(&self, roles: &[Role]) -> bool {
        self.roles.iter().any(|role| roles.contains(role))
    }
}

/// Everybody who is configured; nobody: changes are unsigned.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct People(Vec<Person>);

/// A list of people that cannot be told apart.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PeopleFault {
    /// No name, or one that would spoil a table.
    #[error("person {place}: the name must have 1 to {NAME_CHARACTERS_MAX} characters, no line breaks")]
    Name {
        /// Which one, from 1.
        place: usize,
    },
    /// Two have one name, and history could not tell who it was.
    #[error("the name {0} stands twice")]
    NameTwice(String),
    /// One key twice would be two persons for four eyes.
    #[error("{0} and {1} have the same key")]
    KeyTwice(String, String),
    /// Without a role there is nothing to do.
    #[error("{0} has no role: marketer, approver, finance")]
    NoRole(String),
}

impl People {
    /// Takes the people of a configuration.
    ///
    /// # Errors
    /// Two with one name or key, or one without name or role.
    pub fn new(people: Vec<Person>) -> Result<Self, PeopleFault> {
        for (place, person) in people.iter().enumerate() {
            let characters = person.name.chars().count();
            if person.name.trim().is_empty() || characters > NAME_CHARACTERS_MAX || person.name.chars().any(char::is_control) {
                return Err(PeopleFault::Name { place: place.saturating_add(1) });
            }
            if person.roles.is_empty() {
                return Err(PeopleFault::NoRole(person.name.clone()));
            }
            for other in people.iter().take(place) {
                if other.name == person.name {
                    return Err(PeopleFault::NameTwice(person.name.clone()));
                }
                if other.key == person.key {
                    return Err(PeopleFault::KeyTwice(other.name.clone(), person.name.clone()));
                }
            }
        }
        Ok(Self(people))
    }

    /// Whether nobody is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose key it is.
    #[must_use]
    pub fn find(&self, key: &PublicKey) -> Option<&Person> {
        self.0.iter().find(|person| person.key == *key)
    }

    /// Whose key it is, if the person has one of the roles.
    pub(crate) fn with_role(&self, key: &PublicKey, roles: &[Role]) -> Result<&Person, MissingRight> {
        let person = self.find(key).ok_or(MissingRight::Unknown)?;
        if person.has_one_of(roles) { Ok(person) } else { Err(MissingRight::Role(person.name.clone())) }
    }

    /// Whether one could publish and another approve.
    pub(super) fn can_have_four_eyes(&self) -> bool {
        self.0.iter().any(|one| {
            one.roles.contains(&Role::Marketer)
                && self.0.iter().any(|other| other.key != one.key && other.roles.contains(&Role::Approver))
        })
    }
}

/// Why a key may not do something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum MissingRight {
    /// It is nobody's.
    Unknown,
    /// The person of this name has other roles.
    Role(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(name: &str, seed: u8, roles: &[Role]) -> Person {
        Person { name: name.to_owned(), key: PrivateKey::from_seed(&[seed; 32]).public(), roles: roles.to_vec() }
    }

    #[test]
    fn a_key_is_read_as_it_is_written_and_a_private_one_does_not_show_itself() {
        let key = PrivateKey::from_seed(&[7; 32]);
        assert_eq!(PublicKey::parse(&key.public().to_string()), Some(key.public()));
        assert_eq!(PrivateKey::parse(&key.reveal()).unwrap().public(), key.public());
        assert_eq!(format!("{key:?}"), "PrivateKey(***)");
        assert_ne!(PrivateKey::new().unwrap().public(), PrivateKey::new().unwrap().public());
        for wrong in ["", "ed25519:", "ed25519:00", &key.reveal(), &key.public().to_string().replace("ed25519:", "")] {
            assert_eq!(PublicKey::parse(wrong), None, "{wrong}");
        }
        // The neutral point: every signature would fit.
        assert_eq!(PublicKey::parse(&format!("ed25519:01{}", "00".repeat(31))), None);
    }

    #[test]
    fn p11_people_who_cannot_be_told_apart_are_no_configuration() {
        let marketer = [Role::Marketer];
        let table = [
            (vec![person("Anna", 1, &marketer), person("Anna", 2, &marketer)], "stands twice"),
            (vec![person("Anna", 1, &marketer), person("Ben", 1, &marketer)], "same key"),
            (vec![person("Anna", 1, &[])], "no role"),
            (vec![person(" ", 1, &marketer)], "name"),
            (vec![person("A\nB", 1, &marketer)], "name"),
        ];
        for (people, text) in table {
            let fault = People::new(people).unwrap_err().to_string();
            assert!(fault.contains(text), "{fault}");
        }
    }

    #[test]
    fn four_eyes_need_a_marketer_and_another_who_approves() {
        let both = [Role::Marketer, Role::Approver];
        let can = |people: Vec<Person>| People::new(people).unwrap().can_have_four_eyes();
        assert!(!can(vec![]));
        assert!(!can(vec![person("Anna", 1, &both)]));
        assert!(!can(vec![person("Anna", 1, &[Role::Marketer]), person("Ben", 2, &[Role::Marketer])]));
        assert!(can(vec![person("Anna", 1, &both), person("Ben", 2, &[Role::Approver])]));
    }
}
