//! Who makes a call, and what he may.

use std::net::{IpAddr, SocketAddr};

use tonic::Extensions;

use crate::grant::{Grant, Grants};
use crate::listen::{Certificate, Peer};

/// Who makes a call.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A part of this process.
    InProcess,
    /// Whoever shows no certificate, from where he calls.
    Address(SocketAddr),
    /// The holder of a certificate. What it lets him be ends when it is revoked, however long the call lasts.
    Holder(Certificate),
}

/// The caller may not do what he asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotAllowed {
    /// The certificate was revoked.
    #[error("the caller's certificate was revoked")]
    Revoked,
    /// It does not name what is asked for.
    #[error("the caller's certificate does not let him do this")]
    NotNamed,
    /// No certificate, from another machine.
    #[error("only callers on this machine may do this without a certificate")]
    Elsewhere,
}

impl Caller {
    /// Of a call, by what the transport put beside it.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        let Some(peer) = extensions.get::<Peer>() else { return Self::InProcess };
        match &peer.certificate {
            Some(shown) => Self::Holder(shown.clone()),
            None => Self::Address(peer.address),
        }
    }

    /// Whether he may send what says that it comes from this till. Without certificates whoever may connect may.
    ///
    /// # Errors
    /// He may not.
    pub fn speaks_for(&self, store: &str, till: &str) -> Result<(), NotAllowed> {
        match self {
            Self::InProcess | Self::Address(_) => Ok(()),
            Self::Holder(shown) => shown.lets(|grants| grants.speaks_for(store, till)),
        }
    }

    /// Whether he sends what a till of this store says. Without certificates whoever may connect may.
    ///
    /// # Errors
    /// He does not.
    pub fn is_of(&self, store: &str) -> Result<(), NotAllowed> {
        match self {
            Self::InProcess | Self::Address(_) => Ok(()),
            Self::Holder(shown) => shown.lets(|grants| {
                grants.forwards_for(Some(store))
                    || grants.any(|grant| matches!(grant, Grant::Till { store: own, .. } if own == store))
            }),
        }
    }

    /// Whether he sends what tills say, of whatever store.
    ///
    /// # Errors
    /// He does not.
    pub fn is_till_or_gateway(&self) -> Result<(), NotAllowed> {
        match self {
            Self::InProcess | Self::Address(_) => Ok(()),
            Self::Holder(_) => self.is(|grant| matches!(grant, Grant::Till { .. } | Grant::Gateway(_))),
        }
    }

    /// Whether he forwards for the tills of this store; none: of every store.
    ///
    /// # Errors
    /// He does not.
    pub fn forwards_for(&self, store: Option<&str>) -> Result<(), NotAllowed> {
        match self {
            Self::Holder(shown) => shown.lets(|grants| grants.forwards_for(store)),
            Self::InProcess | Self::Address(_) => self.is(|_| true),
        }
    }

    /// Whether he is one of these; without a certificate: whether he is on this machine.
    ///
    /// # Errors
    /// He is not.
    pub fn is(&self, one: impl Fn(&Grant) -> bool) -> Result<(), NotAllowed> {
        match self {
            Self::InProcess => Ok(()),
            Self::Address(address) if is_here(address.ip()) => Ok(()),
            Self::Address(_) => Err(NotAllowed::Elsewhere),
            Self::Holder(shown) => shown.lets(|grants| grants.any(one)),
        }
    }
}

impl Certificate {
    /// Whether it lets its holder do something now.
    fn lets(&self, may: impl FnOnce(&Grants) -> bool) -> Result<(), NotAllowed> {
        if self.is_revoked() {
            return Err(NotAllowed::Revoked);
        }
        if may(&self.grants) { Ok(()) } else { Err(NotAllowed::NotNamed) }
    }
}

fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
