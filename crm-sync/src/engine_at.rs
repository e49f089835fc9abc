//! Where an engine is, and what is shown to it there.

use std::fmt;

use tessera_identity::{Callee, ConnectError, Identity, channel};
use tonic::transport::{Channel, Endpoint, Error};

/// An engine's address, and the certificate of whoever calls it.
#[derive(Clone, Debug)]
pub struct EngineAt {
    endpoint: String,
    identity: Option<Identity>,
}

/// An engine cannot be called at an address.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    /// It is none.
    #[error("the endpoint {endpoint:?} is no address of the form http://HOST:PORT")]
    None {
        /// As it was given.
        endpoint: String,
        /// What is wrong with it.
        source: Error,
    },
    /// It asks for a certificate that there is not.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl EngineAt {
    /// At `endpoint`; where that is `https`, `identity` is shown and the engine must show that it is one.
    #[must_use]
    pub fn new(endpoint: impl Into<String>, identity: Option<Identity>) -> Self {
        Self { endpoint: endpoint.into(), identity }
    }

    /// Its address, as it was given.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A connection that is made when it is first used. Must be called within a tokio runtime.
    pub(crate) fn channel(&self, timed: impl FnOnce(Endpoint) -> Endpoint) -> Result<Channel, AddressError> {
        let endpoint = Endpoint::from_shared(self.endpoint.clone());
        let endpoint = endpoint.map_err(|source| AddressError::None { endpoint: self.endpoint.clone(), source })?;
        Ok(channel(&timed(endpoint), self.identity.as_ref(), Callee::Engine)?)
    }
}

impl From<&str> for EngineAt {
    /// Without a certificate.
    fn from(endpoint: &str) -> Self {
        Self::new(endpoint, None)
    }
}

impl From<&String> for EngineAt {
    /// Without a certificate.
    fn from(endpoint: &String) -> Self {
        Self::new(endpoint, None)
    }
}

impl fmt::Display for EngineAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.endpoint)
    }
}
