//! An engine that does what a test tells it, message bytes unread, behind a proxy that can cut its
//! connections; and a till that sends bytes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tessera_gateway::{Gateway, GatewayConfig, GatewayError, Unread};
use tessera_identity::Listener;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use tower::{Service, service_fn};

pub(crate) const LONG: Duration = Duration::from_secs(30);
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// What the engine does with one call.
pub(crate) enum Act {
    Answer(Response<Bytes>),
    Fail(Status),
    /// The answer, when the test says so.
    AnswerAfter(watch::Receiver<bool>, Response<Bytes>),
    Hang,
    /// The connection breaks before the answer is out.
    Cut,
}

/// A call as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) metadata: MetadataMap,
    pub(crate) body: Bytes,
}

type Script = dyn Fn(usize, &Seen) -> Act + Send + Sync;

#[derive(Clone)]
pub(crate) struct FakeEngine {
    pub(crate) address: SocketAddr,
    script: Arc<Script>,
    seen: Arc<Mutex<Vec<Seen>>>,
    cut: Arc<watch::Sender<u64>>,
}

/// Starts an engine; the script gets the number of the call, from 0, and the call.
pub(crate) async fn start(script: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static) -> FakeEngine {
    start_with(script, Routes::new).await
}

/// The same with other services beside the tills'.
pub(crate) async fn start_with(
    script: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static,
    routes: impl FnOnce(FakeEngine) -> Routes,
) -> FakeEngine {
    let behind = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let engine = FakeEngine {
        address: front.local_addr().unwrap(),
        script: Arc::new(script),
        seen: Arc::default(),
        cut: Arc::new(watch::Sender::new(0)),
    };
    let to = behind.local_addr().unwrap();
    tokio::spawn(Server::builder().add_routes(routes(engine.clone())).serve_with_incoming(TcpListenerStream::new(behind)));
    let cut = Arc::clone(&engine.cut);
    tokio::spawn(async move {
        loop {
            let (mut near, _) = front.accept().await.unwrap();
            let mut cut = cut.subscribe();
            tokio::spawn(async move {
                let mut far = TcpStream::connect(to).await.unwrap();
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    _ = cut.changed() => {}
                }
            });
        }
    });
    engine
}

/// An address where nothing listens.
pub(crate) async fn nobody() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

pub(crate) fn answer(body: impl prost::Message) -> Act {
    Act::Answer(Response::new(body.encode_to_vec().into()))
}

/// A refusal as the engine makes it.
pub(crate) fn refusal(code: Code, reason: &str) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, "tessera", []);
    details.add_bad_request_violation("receipt.lines[0].sku", "is wrong");
    Status::with_error_details(code, "no", details)
}

impl FakeEngine {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    async fn act(self, method: String, request: Request<Bytes>) -> Result<Response<Bytes>, Status> {
        let (metadata, _, body) = request.into_parts();
        let act = {
            let call = Seen { method, metadata, body };
            let mut seen = self.seen.lock().unwrap();
            let act = (self.script)(seen.len(), &call);
            seen.push(call);
            act
        };
        match act {
            Act::Answer(response) => Ok(response),
            Act::Fail(status) => Err(status),
            Act::AnswerAfter(mut said, response) => {
                said.wait_for(|said| *said).await.unwrap();
                Ok(response)
            }
            Act::Hang => std::future::pending().await,
            Act::Cut => {
                self.cut.send_modify(|cuts| *cuts += 1);
                std::future::pending().await
            }
        }
    }
}

impl NamedService for FakeEngine {
    const NAME: &'static str = "tessera.billing.v1.BillingService";
}

impl Service<http::Request<Body>> for FakeEngine {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let engine = self.clone();
        let method = request.uri().path().rsplit('/').next().unwrap().to_owned();
        Box::pin(async move {
            let act = service_fn(move |request| engine.clone().act(method.clone(), request));
            Ok(tonic::server::Grpc::new(Unread).unary(act, request).await)
        })
    }
}

/// A gateway that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) served: JoinHandle<Result<(), GatewayError>>,
}

/// Starts a gateway in front of these engines.
pub(crate) async fn gateway(engines: &[SocketAddr], budget: Duration) -> Running {
    let uris = engines.iter().map(|address| format!("http://{address}").parse().unwrap()).collect();
    gateway_with(GatewayConfig { budget, ..GatewayConfig::new("g1", uris) }).await
}

pub(crate) async fn gateway_with(config: GatewayConfig) -> Running {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
    let address = listener.local_addr().unwrap();
    let gateway = Gateway::new(config).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        let shutdown = async {
            let _ = stopped.await;
        };
        gateway.serve(listener, shutdown).await
    });
    Running { address, stop: Some(stop), served }
}

pub(crate) fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).unwrap().tcp_nodelay(true).connect_lazy()
}

/// Sends bytes as a till.
pub(crate) async fn send(to: &Running, method: &str, request: Request<Bytes>) -> Result<Response<Bytes>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel(to.address));
    grpc.ready().await.unwrap();
    let path = format!("/tessera.billing.v1.BillingService/{method}");
    grpc.unary(request, path.parse().unwrap(), Unread).await
}
