//! People who may change the programs: Ed25519 keys with names and roles. The engine knows public keys only;
//! a private key stays in its person's file.

use tessera_contract::signing::PublicKey;

/// Characters of a person's name.
pub const NAME_CHARACTERS_MAX: usize = 100;

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
    use tessera_contract::signing::PrivateKey;

    use super::*;

    fn person(name: &str, seed: u8, roles: &[Role]) -> Person {
        Person { name: name.to_owned(), key: PrivateKey::from_seed(&[seed; 32]).public(), roles: roles.to_vec() }
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
