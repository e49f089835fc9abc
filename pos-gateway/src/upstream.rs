//! The engines behind the gateway: one connection each, the first that answers is used.

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use tessera_contract::Refusal;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::call::Call;
use crate::codec::Unread;
use crate::config::GatewayError;
use crate::limits::{HEADER_BYTES_MAX, MESSAGE_BYTES_MAX, PROBE_MAX};

/// The engines, best first.
#[derive(Debug)]
pub(crate) struct Upstream {
    engines: Vec<Engine>,
}

#[derive(Debug)]
struct Engine {
    uri: Uri,
    channel: Channel,
    /// It answered last time, or has not been asked yet.
    up: AtomicBool,
}

/// Place of an engine in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EngineIndex(usize);

/// How an attempt failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The time ran out, or the engine's transport said so without a word from the engine itself.
    Overdue,
    /// No connection, it broke, or what came on it could not be read.
    Link(Status),
    /// The engine answered with an error.
    Engine(Status),
}

impl Upstream {
    pub(crate) fn new(uris: &[Uri]) -> Result<Self, GatewayError> {
        if uris.is_empty() {
            return Err(GatewayError::NoEngine);
        }
        let engines = uris.iter().map(Engine::new).collect::<Result<_, _>>()?;
        Ok(Self { engines })
    }

    /// The best engine that is up; where none is, the best one. `after` one failed: another, if there
    /// is one.
    pub(crate) fn choose(&self, after: Option<EngineIndex>) -> EngineIndex {
        let failed = after.map(|EngineIndex(place)| place);
        let up = |place: usize| self.engines.get(place).is_some_and(|engine| engine.up.load(Ordering::Relaxed));
        let others = || (0..self.engines.len()).filter(|place| Some(*place) != failed);
        let best = others().find(|place| up(*place)).or_else(|| others().next());
        EngineIndex(best.or(failed).unwrap_or(0))
    }

    /// Whether a second attempt would go to another engine.
    pub(crate) fn has_another(&self) -> bool {
        self.engines.len() > 1
    }

    /// Sends the bytes of one call; `left` travels with them.
    pub(crate) async fn send(
        &self,
        EngineIndex(place): EngineIndex,
        call: Call,
        body: Bytes,
        metadata: MetadataMap,
        left: Duration,
    ) -> Result<Response<Bytes>, Failed> {
        let Some(engine) = self.engines.get(place) else {
            return Err(Failed::Link(Refusal::EngineUnreachable.into_status()));
        };
        let mut request = Request::from_parts(metadata, tonic::Extensions::new(), body);
        request.set_timeout(left);
        let mut grpc = Grpc::new(engine.channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let ready = grpc.ready().await.map_err(|error| Status::from_error(error.into()));
        let end = match ready {
            Ok(()) => grpc.unary(request, call.path(), Unread).await,
            Err(status) => Err(status),
        };
        let end = end.map_err(Failed::of);
        let lost = matches!(end, Err(Failed::Link(_)));
        engine.up.store(!lost, Ordering::Relaxed);
        end
    }

    /// Asks every engine whether it serves; whether one does.
    pub(crate) async fn probe(&self) -> bool {
        let asked = self.engines.iter().map(Engine::serves);
        let up = futures_util::future::join_all(asked).await;
        for (engine, up) in self.engines.iter().zip(&up) {
            if engine.up.swap(*up, Ordering::Relaxed) != *up {
                tracing::info!(engine = %engine.uri, up, "engine");
            }
        }
        up.contains(&true)
    }
}

impl Engine {
    /// A connection that is made when it is first used and notices a dead peer within 2.5 s (H52).
    fn new(uri: &Uri) -> Result<Self, GatewayError> {
        let wrong = || GatewayError::Engine { uri: uri.clone() };
        if uri.scheme_str() != Some("http") || uri.host().is_none() {
            return Err(wrong());
        }
        let channel = Endpoint::new(uri.clone())
            .map_err(|_| wrong())?
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_millis(500))
            .http2_keep_alive_interval(Duration::from_secs(1))
            .keep_alive_timeout(Duration::from_millis(1_500))
            .keep_alive_while_idle(true)
            .http2_max_header_list_size(HEADER_BYTES_MAX)
            .connect_lazy();
        Ok(Self { uri: uri.clone(), channel, up: AtomicBool::new(true) })
    }

    /// Whether it says that it serves; one without a health service that answers at all does.
    async fn serves(&self) -> bool {
        let mut health = HealthClient::new(self.channel.clone());
        let asked = health.check(HealthCheckRequest::default());
        match timeout(PROBE_MAX, asked).await {
            Ok(Ok(answer)) => answer.get_ref().status() == ServingStatus::Serving,
            Ok(Err(status)) => matches!(status.code(), Code::Unimplemented | Code::NotFound),
            Err(_) => false,
        }
    }
}

impl Failed {
    /// A status that was made on this side has the error that it was made from; a timeout without a
    /// reason was told by a transport and not by an engine; and one out of range without a reason says
    /// that the answer was too long to be read here, so the call may well have taken effect.
    fn of(status: Status) -> Self {
        let told = Refusal::from_status(&status).is_some();
        let overdue = matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled);
        let unread = status.code() == Code::OutOfRange;
        if overdue && !told {
            Self::Overdue
        } else if status.source().is_some() || (unread && !told) {
            Self::Link(status)
        } else {
            Self::Engine(status)
        }
    }
}
