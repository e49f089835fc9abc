//! Connections to somebody who must show a certificate, and to whom the own one is shown.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};
use tower::Service;

use crate::files::Holder;
use crate::grant::Grant;
use crate::reload::Identity;

/// A connection to somebody who has shown a certificate.
pub(crate) type Dialled = TlsStream<TcpStream>;

/// Who is meant to be at the other end: a certificate that names a host does not make its holder this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Callee {
    /// An engine.
    Engine,
    /// An engine, or a gateway in front of it: whatever a till may be told to call.
    EngineOrGateway,
}

impl Callee {
    fn is_one(self, grant: &Grant) -> bool {
        match grant {
            Grant::Engine => true,
            Grant::Gateway(_) => self == Self::EngineOrGateway,
            Grant::Till { .. } | Grant::Mirror | Grant::Operator => false,
        }
    }
}

/// Connects by TLS, with the identity as it is at that moment.
#[derive(Clone, Debug)]
struct TlsConnector {
    identity: Identity,
    callee: Callee,
}

impl Service<Uri> for TlsConnector {
    type Response = TokioIo<Dialled>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { identity, callee } = self.clone();
        Box::pin(async move { dial(identity, uri, callee).await.map(TokioIo::new) })
    }
}

/// A connection by TLS to the host and port of a URI, where whoever is meant listens.
pub(crate) async fn dial(identity: Identity, uri: Uri, callee: Callee) -> io::Result<Dialled> {
    let no_host = || io::Error::other(format!("{uri} names no host and port"));
    let host = uri.host().ok_or_else(no_host)?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = uri.port_u16().ok_or_else(no_host)?;
    let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    let dialled = tokio_rustls::TlsConnector::from(identity.client()).connect(name, stream).await?;
    let shown = dialled.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let holder = shown.map(Holder::of).transpose().map_err(io::Error::other)?;
    match holder {
        Some(holder) if identity.has_revoked(&holder) => Err(io::Error::other("its certificate was revoked")),
        Some(holder) if holder.grants.any(|grant| callee.is_one(grant)) => Ok(dialled),
        Some(_) | None => Err(io::Error::other(format!("its certificate does not name it {callee}"))),
    }
}

impl fmt::Display for Callee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Engine => "an engine",
            Self::EngineOrGateway => "an engine or a gateway",
        })
    }
}

/// There is no way to an endpoint.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConnectError {
    /// A certificate must be shown, and there is none.
    #[error("{uri} asks for a certificate: say which with the settings tls.certificate, tls.key and tls.authorities")]
    NoIdentity {
        /// The endpoint.
        uri: Uri,
    },
    /// Nobody listens there.
    #[error("nobody listens at {uri}")]
    Nobody {
        /// The endpoint.
        uri: Uri,
    },
    /// No connection came about: mostly for a certificate that does not count, or that names another host.
    #[error("{uri}: {reason}")]
    NoAnswer {
        /// The endpoint.
        uri: Uri,
        /// Why.
        reason: String,
    },
    /// It is no address of a server.
    #[error("{uri} is no address: write http://HOST:PORT or https://HOST:PORT")]
    NoAddress {
        /// The endpoint.
        uri: Uri,
    },
}

/// A channel that connects when it is first used: by TLS, showing the own certificate and asking for one of whoever is
/// meant, where the endpoint is `https`. Must be called within a tokio runtime.
///
/// # Errors
/// The endpoint is no address, or is `https` and there is no identity.
pub fn channel(endpoint: &Endpoint, identity: Option<&Identity>, callee: Callee) -> Result<Channel, ConnectError> {
    Ok(match connector(endpoint, identity, callee)? {
        Some(connector) => endpoint.connect_with_connector_lazy(connector),
        None => endpoint.connect_lazy(),
    })
}

/// A channel that is connected.
///
/// # Errors
/// As for [`channel`], or nobody answers.
pub async fn connected(endpoint: &Endpoint, identity: Option<&Identity>, callee: Callee) -> Result<Channel, ConnectError> {
    let connected = match connector(endpoint, identity, callee)? {
        Some(connector) => endpoint.connect_with_connector(connector).await,
        None => endpoint.connect().await,
    };
    connected.map_err(|error| {
        let uri = endpoint.uri().clone();
        if is_nobody(&error) { ConnectError::Nobody { uri } } else { ConnectError::NoAnswer { uri, reason: causes(&error) } }
    })
}

fn connector(endpoint: &Endpoint, identity: Option<&Identity>, callee: Callee) -> Result<Option<TlsConnector>, ConnectError> {
    let uri = endpoint.uri();
    let is_address = uri.host().is_some_and(|host| !host.is_empty());
    match (uri.scheme_str(), identity) {
        (Some("http"), _) if is_address => Ok(None),
        (Some("https"), Some(identity)) if is_address => Ok(Some(TlsConnector { identity: identity.clone(), callee })),
        (Some("https"), None) => Err(ConnectError::NoIdentity { uri: uri.clone() }),
        _ => Err(ConnectError::NoAddress { uri: uri.clone() }),
    }
}

/// Whether the system said that nobody listens.
fn is_nobody(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut errors = std::iter::successors(Some(error), |error| error.source());
    errors.any(|error| error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
}

/// An error with what is below it: the transport's own says only that something broke.
fn causes(error: &dyn std::error::Error) -> String {
    let below = std::iter::successors(error.source(), |error| error.source());
    below.fold(error.to_string(), |text, error| format!("{text}: {error}"))
}
