//! The till's service on the wire, by the path of each method, with messages unread.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tessera_contract::{Refusal, unreadable};
use tessera_identity::Caller;
use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::{Request, Response, Status, Streaming};
use tower::{Service, service_fn};

use crate::admit::admit;
use crate::call::Call;
use crate::clock::{CallClock, given};
use crate::codec::Unread;
use crate::converse;
use crate::forward::Forwarder;
use crate::limits::MESSAGE_BYTES_MAX;

/// The service that tills call.
#[derive(Debug, Clone)]
pub(crate) struct BillingRelay {
    pub(crate) forwarder: Arc<Forwarder>,
    /// True once the gateway is going down.
    pub(crate) going_down: Arc<watch::Sender<bool>>,
}

impl NamedService for BillingRelay {
    const NAME: &'static str = "tessera.billing.v1.BillingService";
}

impl Service<http::Request<Body>> for BillingRelay {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let path = request.uri().path();
        if path == "/tessera.billing.v1.BillingService/Converse" {
            return Box::pin(self.clone().stream(request));
        }
        match Call::of_path(path) {
            Some(call) => Box::pin(self.clone().single(call, request)),
            None => Box::pin(ready(Ok(Refusal::NotYetServed { call: "a call of this name" }.into_status().into_http()))),
        }
    }
}

impl BillingRelay {
    async fn single(self, call: Call, request: http::Request<Body>) -> Result<http::Response<Body>, Infallible> {
        let forward = service_fn(move |request: Request<Bytes>| {
            let forwarder = Arc::clone(&self.forwarder);
            async move {
                let clock = CallClock::start(given(request.metadata()), forwarder.config().budget);
                let (metadata, extensions, body) = request.into_parts();
                admit(&Caller::of(&extensions), call, &body)?;
                forwarder.answer(call, body, &metadata, clock).await
            }
        });
        Ok(unreadable::response(grpc().unary(forward, request).await))
    }

    async fn stream(self, request: http::Request<Body>) -> Result<http::Response<Body>, Infallible> {
        let open = service_fn(move |request: Request<Streaming<Bytes>>| {
            open(Arc::clone(&self.forwarder), self.going_down.subscribe(), request)
        });
        Ok(grpc().streaming(open, request).await)
    }
}

type Answers = Response<ReceiverStream<Result<Bytes, Status>>>;

fn open(
    forwarder: Arc<Forwarder>,
    going_down: watch::Receiver<bool>,
    request: Request<Streaming<Bytes>>,
) -> Ready<Result<Answers, Status>> {
    let (metadata, extensions, inbound) = request.into_parts();
    let answers = converse::open((forwarder, Caller::of(&extensions)), going_down, metadata, inbound);
    ready(Ok(Response::new(answers)))
}

fn grpc() -> Grpc<Unread> {
    Grpc::new(Unread).max_decoding_message_size(MESSAGE_BYTES_MAX).max_encoding_message_size(MESSAGE_BYTES_MAX)
}
