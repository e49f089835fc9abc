//! Listening: connections as they come, or only those that have shown a certificate.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use crate::files::Holder;
use crate::grant::Grants;
use crate::reload::Identity;

/// How long a handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// Handshakes at once; more wait in the system's queue.
const HANDSHAKES_MAX: usize = 256;
/// How long no connection is taken after one could not be: descriptors run out.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// An address that is listened on.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    identity: Option<Identity>,
}

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Without certificates only callers on this machine are served.
    #[error(
        "{address} can be reached by other machines: without certificates (settings tls.*) only 127.0.0.1 and [::1] are listened on"
    )]
    NotLoopback {
        /// The address asked for.
        address: SocketAddr,
    },
    /// It is taken, or not this machine's.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

impl Listener {
    /// Takes an address: with an identity callers must show a certificate, wherever they are.
    ///
    /// # Errors
    /// It is taken; or it can be reached by other machines, and there is no identity.
    pub async fn bind(address: SocketAddr, identity: Option<Identity>) -> Result<Self, ListenError> {
        let tcp = match identity {
            None => loopback(address).await?,
            Some(_) => TcpListener::bind(address).await.map_err(|source| ListenError::Bind { address, source })?,
        };
        Ok(Self { tcp, identity })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Whether only callers on this machine reach it: to them services describe themselves.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.local_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback())
    }

    /// How its address is written by who calls it.
    #[must_use]
    pub fn endpoint(&self) -> Option<String> {
        let scheme = if self.identity.is_some() { "https" } else { "http" };
        self.local_addr().ok().map(|address| format!("{scheme}://{address}"))
    }

    /// The connections, those with certificates as they come through their handshakes. It ends when they are not taken
    /// any more.
    #[must_use]
    pub fn incoming(self) -> ReceiverStream<io::Result<Connection>> {
        let (hand, taken) = mpsc::channel(HANDSHAKES_MAX);
        tokio::spawn(accept(self, hand));
        ReceiverStream::new(taken)
    }
}

/// Takes an address that only this machine reaches, for what is served without certificates.
///
/// # Errors
/// It is taken, or other machines reach it.
pub async fn loopback(address: SocketAddr) -> Result<TcpListener, ListenError> {
    if !address.ip().to_canonical().is_loopback() {
        return Err(ListenError::NotLoopback { address });
    }
    TcpListener::bind(address).await.map_err(|source| ListenError::Bind { address, source })
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) certificate: Option<Certificate>,
}

/// The certificate that was shown on a connection, and whether it was revoked since.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub(crate) grants: Arc<Grants>,
    revoked: CancellationToken,
}

impl Certificate {
    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.is_cancelled()
    }
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    peer: Peer,
}

#[derive(Debug)]
enum Stream {
    Open(TcpStream),
    Secured(Box<Secured>),
}

/// A connection that breaks when its certificate is revoked.
#[derive(Debug)]
struct Secured {
    stream: TlsStream<TcpStream>,
    revoked: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Ends the watch over the certificate with the connection.
    _watch: DropGuard,
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

async fn accept(listener: Listener, hand: mpsc::Sender<io::Result<Connection>>) {
    let Listener { tcp, identity } = listener;
    loop {
        let Ok(place) = hand.clone().reserve_owned().await else { return };
        let connection = tokio::select! {
            () = hand.closed() => return,
            connection = tcp.accept() => connection,
        };
        match (connection, &identity) {
            (Ok((stream, address)), None) => drop(place.send(open(stream, address))),
            (Ok((stream, address)), Some(identity)) => {
                let identity = identity.clone();
                tokio::spawn(async move {
                    match timeout(HANDSHAKE_MAX, secure(stream, address, identity)).await {
                        Ok(Ok(secured)) => drop(place.send(Ok(secured))),
                        Ok(Err(error)) => refused(address, &error),
                        Err(_) => refused(address, &io::Error::from(io::ErrorKind::TimedOut)),
                    }
                });
            }
            (Err(error), _) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

fn open(stream: TcpStream, address: SocketAddr) -> io::Result<Connection> {
    stream.set_nodelay(true)?;
    Ok(Connection { stream: Stream::Open(stream), peer: Peer { address, certificate: None } })
}

fn refused(address: SocketAddr, error: &io::Error) {
    tracing::info!(%address, %error, "a connection showed no certificate that counts");
}

async fn secure(stream: TcpStream, address: SocketAddr, identity: Identity) -> io::Result<Connection> {
    stream.set_nodelay(true)?;
    let stream = TlsAcceptor::from(identity.server()).accept(stream).await?;
    let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let shown = shown.ok_or_else(|| io::Error::other("no certificate"))?;
    let holder = Holder::of(shown).map_err(io::Error::other)?;
    if identity.has_revoked(&holder) {
        return Err(io::Error::other("its certificate was revoked"));
    }
    let (revoked, ended) = (CancellationToken::new(), CancellationToken::new());
    let certificate = Certificate { grants: Arc::new(holder.grants.clone()), revoked: revoked.clone() };
    let watch = ended.clone().drop_guard();
    let cut = revoked.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = ended.cancelled() => {}
            () = identity.revoked(holder) => {
                tracing::warn!(%address, "a certificate in use was revoked; its connection is cut");
                cut.cancel();
            }
        }
    });
    let secured = Secured { stream, revoked: Box::pin(revoked.cancelled_owned()), _watch: watch };
    Ok(Connection { stream: Stream::Secured(Box::new(secured)), peer: Peer { address, certificate: Some(certificate) } })
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Open(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Secured(secured) => {
                if secured.revoked.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the certificate was revoked")));
                }
                Pin::new(&mut secured.stream).poll_read(context, buffer)
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Open(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Secured(secured) => Pin::new(&mut secured.stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Open(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Stream::Secured(secured) => Pin::new(&mut secured.stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Open(stream) => stream.is_write_vectored(),
            Stream::Secured(secured) => secured.stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Open(stream) => Pin::new(stream).poll_flush(context),
            Stream::Secured(secured) => Pin::new(&mut secured.stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Open(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Secured(secured) => Pin::new(&mut secured.stream).poll_shutdown(context),
        }
    }
}
