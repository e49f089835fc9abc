//! What a certificate lets its holder do.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What every grant begins with.
const SCHEME: &str = "tessera://";

/// What stands for all stores.
const ALL: &str = "*";

/// Characters of ids that a path segment has as they are (RFC 3986, section 2.3).
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Stores that somebody may speak for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stores {
    /// Every store.
    All,
    /// The store of this id.
    One(String),
}

/// One thing that a certificate lets its holder be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Grant {
    /// A till.
    Till {
        /// Its store.
        store: String,
        /// Its id there.
        till: String,
    },
    /// A gateway of tills.
    Gateway(Stores),
    /// An engine.
    Engine,
    /// A follower of the feed.
    Mirror,
    /// Somebody who runs the system.
    Operator,
}

/// A URI that begins like a grant and is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "`{uri}` is no grant: write tessera://till/STORE/TILL, tessera://gateway/STORE, tessera://engine, tessera://mirror or tessera://operator"
)]
pub struct GrantError {
    /// The URI.
    pub uri: String,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = |text| utf8_percent_encode(text, &ESCAPED);
        match self {
            Self::Till { store, till } => write!(f, "{SCHEME}till/{}/{}", escaped(store), escaped(till)),
            Self::Gateway(Stores::All) => write!(f, "{SCHEME}gateway/{ALL}"),
            Self::Gateway(Stores::One(store)) => write!(f, "{SCHEME}gateway/{}", escaped(store)),
            Self::Engine => write!(f, "{SCHEME}engine"),
            Self::Mirror => write!(f, "{SCHEME}mirror"),
            Self::Operator => write!(f, "{SCHEME}operator"),
        }
    }
}

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(uri: &str) -> Result<Self, GrantError> {
        let wrong = || GrantError { uri: uri.to_owned() };
        let mut segments = uri.strip_prefix(SCHEME).ok_or_else(wrong)?.split('/');
        let id = |segment: Option<&str>| {
            let read = percent_decode_str(segment?).decode_utf8().ok()?;
            Some(read.into_owned()).filter(|id| !id.is_empty())
        };
        let grant = match segments.next() {
            Some("till") => id(segments.next()).zip(id(segments.next())).map(|(store, till)| Self::Till { store, till }),
            Some("gateway") => match segments.next() {
                Some(ALL) => Some(Self::Gateway(Stores::All)),
                store => id(store).map(|store| Self::Gateway(Stores::One(store))),
            },
            Some("engine") => Some(Self::Engine),
            Some("mirror") => Some(Self::Mirror),
            Some("operator") => Some(Self::Operator),
            Some(_) | None => None,
        };
        grant.filter(|_| segments.next().is_none()).ok_or_else(wrong)
    }
}

/// All that one certificate lets its holder be.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grants(Vec<Grant>);

impl Grants {
    /// Of the URIs in a certificate; those of other schemes are somebody else's.
    ///
    /// # Errors
    /// One begins like a grant and is none: what was meant is not guessed.
    pub fn of_uris<'a>(uris: impl IntoIterator<Item = &'a str>) -> Result<Self, GrantError> {
        uris.into_iter().filter(|uri| uri.starts_with(SCHEME)).map(str::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is one of these.
    #[must_use]
    pub fn any(&self, of: impl Fn(&Grant) -> bool) -> bool {
        self.0.iter().any(of)
    }

    /// Whether its holder may send what says that it comes from this till.
    #[must_use]
    pub fn speaks_for(&self, store: &str, till: &str) -> bool {
        self.any(|grant| match grant {
            Grant::Till { store: own, till: id } => own == store && id == till,
            Grant::Gateway(Stores::All) => true,
            Grant::Gateway(Stores::One(own)) => own == store,
            Grant::Engine | Grant::Mirror | Grant::Operator => false,
        })
    }

    /// Whether its holder forwards for the tills of this store; none: of every store.
    #[must_use]
    pub fn forwards_for(&self, store: Option<&str>) -> bool {
        self.any(|grant| match (grant, store) {
            (Grant::Gateway(Stores::All), _) => true,
            (Grant::Gateway(Stores::One(own)), Some(store)) => own == store,
            (Grant::Gateway(Stores::One(_)), None) => false,
            (Grant::Till { .. } | Grant::Engine | Grant::Mirror | Grant::Operator, _) => false,
        })
    }

    /// The grants.
    pub fn iter(&self) -> std::slice::Iter<'_, Grant> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Grants {
    type Item = &'a Grant;
    type IntoIter = std::slice::Iter<'a, Grant>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_as_they_are_written() {
        let till = |store: &str, till: &str| Grant::Till { store: store.to_owned(), till: till.to_owned() };
        let table = [
            (till("S1", "T1"), "tessera://till/S1/T1"),
            (till("a/b", "x@y#1"), "tessera://till/a%2Fb/x%40y%231"),
            (Grant::Gateway(Stores::One("S1".to_owned())), "tessera://gateway/S1"),
            (Grant::Gateway(Stores::One("*".to_owned())), "tessera://gateway/%2A"),
            (Grant::Gateway(Stores::All), "tessera://gateway/*"),
            (Grant::Engine, "tessera://engine"),
            (Grant::Mirror, "tessera://mirror"),
            (Grant::Operator, "tessera://operator"),
        ];
        for (grant, uri) in table {
            assert_eq!((grant.to_string().as_str(), uri.parse()), (uri, Ok(grant)));
        }
        for uri in [
            "tessera://",
            "tessera://till/S1",
            "tessera://till/S1/",
            "tessera://till/S1/T1/x",
            "tessera://gateway/",
            "tessera://root",
        ] {
            assert_eq!(uri.parse::<Grant>(), Err(GrantError { uri: uri.to_owned() }));
        }
    }

    #[test]
    fn h73_who_speaks_for_whom() {
        let table: [(&[&str], [bool; 3]); 7] = [
            (&["tessera://till/S1/T1"], [true, false, false]),
            (&["tessera://gateway/S1"], [true, true, false]),
            (&["tessera://gateway/S2"], [false, false, true]),
            (&["tessera://gateway/S2", "tessera://till/S1/T1"], [true, false, true]),
            (&["tessera://gateway/*"], [true, true, true]),
            (&["tessera://engine", "tessera://mirror", "tessera://operator"], [false, false, false]),
            (&["spiffe://somebody/else"], [false, false, false]),
        ];
        for (uris, expected) in table {
            let grants = Grants::of_uris(uris.iter().copied()).unwrap();
            let spoken = [("S1", "T1"), ("S1", "T2"), ("S2", "T1")].map(|(store, till)| grants.speaks_for(store, till));
            assert_eq!(spoken, expected, "{uris:?}");
        }
        assert!(Grants::of_uris(["tessera://till/S1/T1", "tessera://gatway/S1"]).is_err(), "no mistake is read as nothing");
    }
}
