//! The ways from the command line to running parts: with the certificate of the configuration, where it has one.

use std::net::SocketAddr;

use tessera_identity::{Callee, ConnectError, Identity, connected};
use tonic::transport::{Channel, Endpoint};

use super::{Failure, read_config};
use crate::config::Config;

/// How an address of the configuration is written by who calls it.
pub(crate) fn endpoint(config: &Config, address: SocketAddr) -> String {
    format!("{}://{address}", if config.tls.is_some() { "https" } else { "http" })
}

/// The certificate of the configuration.
///
/// # Errors
/// Its files cannot be used.
pub(crate) fn identity(config: &Config) -> Result<Option<Identity>, Failure> {
    Ok(config.tls.clone().map(Identity::open).transpose()?)
}

/// A connection to an address of the configuration; none: nobody answers there.
///
/// # Errors
/// The files of the own certificate cannot be used, or somebody answers and no connection comes of it.
pub(crate) async fn reach(config: &Config, address: SocketAddr) -> Result<Option<Channel>, Failure> {
    let identity = identity(config)?;
    let endpoint = Endpoint::from_shared(endpoint(config, address))?;
    match connected(&endpoint, identity.as_ref(), Callee::EngineOrGateway).await {
        Ok(channel) => Ok(Some(channel)),
        Err(ConnectError::Nobody { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What is shown to an endpoint that was named: the certificate that the environment names, where it is `https`.
///
/// # Errors
/// The environment has faults, or the files cannot be used.
pub(crate) fn identity_for(endpoint: &Endpoint) -> Result<Option<Identity>, Failure> {
    if endpoint.uri().scheme_str() == Some("https") { identity(&read_config(None)?) } else { Ok(None) }
}
