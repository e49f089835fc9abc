//! The engines behind the gateway: one connection each. An account goes to the same engine as long as that one
//! answers (rendezvous hashing), so that its caches and queues are of use.

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use hyper_util::rt::TokioIo;
use metrics::gauge;
use tessera_contract::Refusal;
use tessera_identity::{Callee, Identity};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tower::service_fn;

use crate::call::Call;
use crate::codec::Unread;
use crate::config::{Dialler, GatewayError};
use crate::forward::is_choked;
use crate::in_flight::{Class, InFlight};
use crate::limits::{HEADER_BYTES_MAX, MESSAGE_BYTES_MAX, PROBE_MAX, UNANSWERED_MAX};

/// The engines.
#[derive(Debug)]
pub(crate) struct Upstream {
    engines: Vec<Engine>,
    /// Whether one of them answers.
    reachable: watch::Sender<bool>,
}

#[derive(Debug)]
struct Engine {
    uri: Uri,
    channel: Channel,
    /// The last call or question was answered, or there has been none.
    up: AtomicBool,
    /// Questions in a row that were not answered.
    unanswered: AtomicU32,
    in_flight: InFlight,
}

/// How an engine took the question whether it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probed {
    Serves,
    /// It says no, or nobody listens there.
    Refuses,
    /// No answer in time: gone, stopped, or busy.
    Silent,
}

/// Place of an engine in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EngineIndex(usize);

/// How an attempt failed.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The time ran out, or the engine's transport said so without a word from the engine itself.
    Overdue,
    /// No connection, or it broke.
    Link(Status),
    /// The engine's answer cannot be read here: it may well have done what it was asked.
    Unread(Status),
    /// The engine answered with an error.
    Engine(Status),
}

impl Upstream {
    pub(crate) fn new(uris: &[Uri], identity: Option<&Identity>, dialler: Option<&Dialler>) -> Result<Self, GatewayError> {
        if uris.is_empty() {
            return Err(GatewayError::NoEngine);
        }
        let engines = uris.iter().map(|uri| Engine::new(uri, identity, dialler)).collect::<Result<_, _>>()?;
        Ok(Self { engines, reachable: watch::Sender::new(true) })
    }

    /// The engine for this key: of those that are up the one whose hash with the key is greatest, where none is up of
    /// all. `after` one failed: another, if there is one.
    pub(crate) fn choose(&self, key: u64, after: Option<EngineIndex>) -> EngineIndex {
        let failed = after.map(|EngineIndex(place)| place);
        let rank =
            |(place, engine): &(usize, &Engine)| (Some(*place) != failed, engine.up.load(Ordering::Relaxed), engine.weight(key));
        let best = self.engines.iter().enumerate().max_by_key(rank);
        EngineIndex(best.map_or(0, |(place, _)| place))
    }

    /// A connection for what is not a till's call: that of an engine that is up, another one at each attempt.
    pub(crate) fn channel(&self, attempt: usize) -> Channel {
        let up: Vec<&Engine> = self.engines.iter().filter(|engine| engine.up.load(Ordering::Relaxed)).collect();
        let all: Vec<&Engine> = if up.is_empty() { self.engines.iter().collect() } else { up };
        let chosen = attempt.checked_rem(all.len()).and_then(|place| all.get(place));
        #[expect(clippy::expect_used, reason = "`new` takes one engine at least")]
        chosen.expect("there is an engine").channel.clone()
    }

    /// Whether one of the engines answers.
    pub(crate) fn is_reachable(&self) -> bool {
        *self.reachable.borrow()
    }

    /// Tells when that changes.
    pub(crate) fn reachable(&self) -> watch::Receiver<bool> {
        self.reachable.subscribe()
    }

    /// Each engine's address, and whether it answered when it was last asked or called.
    pub(crate) fn engines(&self) -> Vec<(String, bool)> {
        self.engines.iter().map(|engine| (engine.uri.to_string(), engine.up.load(Ordering::Relaxed))).collect()
    }

    /// Puts how many calls are under way, and may be, into the metrics.
    pub(crate) fn note_metrics(&self) {
        for engine in &self.engines {
            let (limit, count) = engine.in_flight.now();
            gauge!("tessera_gateway_in_flight_limit", "engine" => engine.uri.to_string()).set(limit);
            gauge!("tessera_gateway_in_flight", "engine" => engine.uri.to_string()).set(f64::from(count));
        }
    }

    /// Whether a second attempt would go to another engine.
    pub(crate) fn has_another(&self) -> bool {
        self.engines.len() > 1
    }

    /// Sends the bytes of one call as soon as the engine has room for its class; what is left until then travels with them.
    pub(crate) async fn send(
        &self,
        EngineIndex(place): EngineIndex,
        call: Call,
        (body, class): (Bytes, Class),
        metadata: MetadataMap,
        until: Instant,
    ) -> Result<Response<Bytes>, Failed> {
        let Some(engine) = self.engines.get(place) else {
            return Err(Failed::Link(Refusal::EngineUnreachable.into_status()));
        };
        let Some(permit) = engine.in_flight.enter(class, until).await else { return Err(Failed::Overdue) };
        let mut request = Request::from_parts(metadata, tonic::Extensions::new(), body);
        request.set_timeout(until.saturating_duration_since(Instant::now()));
        let mut grpc = Grpc::new(engine.channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let ready = grpc.ready().await.map_err(|error| Status::from_error(error.into()));
        let end = match ready {
            Ok(()) => grpc.unary(request, call.path(), Unread).await,
            Err(status) => Err(status),
        };
        let end = end.map_err(Failed::of);
        match &end {
            Ok(_) if class.is_measured_by(call) => permit.answered(),
            Err(failed) if is_choked(failed) => permit.choked(),
            Ok(_) | Err(Failed::Overdue | Failed::Link(_) | Failed::Unread(_) | Failed::Engine(_)) => {}
        }
        match &end {
            Ok(_) | Err(Failed::Engine(_) | Failed::Unread(_)) => engine.up.store(true, Ordering::Relaxed),
            Err(Failed::Link(_)) => engine.up.store(false, Ordering::Relaxed),
            // It may be busy or gone; the next question tells.
            Err(Failed::Overdue) => {}
        }
        end
    }

    /// Asks every engine whether it serves; whether one does.
    pub(crate) async fn probe(&self) -> bool {
        let probed = futures_util::future::join_all(self.engines.iter().map(Engine::probe)).await;
        for (engine, probed) in self.engines.iter().zip(&probed) {
            engine.note(*probed);
        }
        let gone = self.engines.iter().all(|engine| engine.unanswered.load(Ordering::Relaxed) >= UNANSWERED_MAX);
        self.reachable.send_if_modified(|reachable| std::mem::replace(reachable, !gone) == gone);
        probed.contains(&Probed::Serves)
    }
}

impl Engine {
    /// A connection that is made when it is first used and notices a dead peer within 2.5 s (H52).
    fn new(uri: &Uri, identity: Option<&Identity>, dialler: Option<&Dialler>) -> Result<Self, GatewayError> {
        let endpoint = Endpoint::from(uri.clone())
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_millis(500))
            .http2_keep_alive_interval(Duration::from_secs(1))
            .keep_alive_timeout(Duration::from_millis(1_500))
            .keep_alive_while_idle(true)
            .http2_max_header_list_size(HEADER_BYTES_MAX);
        let channel = match dialler.cloned() {
            Some(dialler) => endpoint.connect_with_connector_lazy(service_fn(move |uri| {
                let dialled = dialler.dial(uri);
                async move { dialled.await.map(TokioIo::new) }
            })),
            None => tessera_identity::channel(&endpoint, identity, Callee::Engine)?,
        };
        Ok(Self {
            uri: uri.clone(),
            channel,
            up: AtomicBool::new(true),
            unanswered: AtomicU32::new(0),
            in_flight: InFlight::default(),
        })
    }

    /// How well it suits a key.
    fn weight(&self, key: u64) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&key.to_le_bytes()).update(self.uri.to_string().as_bytes());
        let mut weight = [0; 8];
        hasher.finalize_xof().fill(&mut weight);
        u64::from_le_bytes(weight)
    }

    /// Whether it says that it serves; one without a health service that answers at all does.
    async fn probe(&self) -> Probed {
        let mut health = HealthClient::new(self.channel.clone());
        let asked = health.check(HealthCheckRequest::default());
        let serves = match timeout(PROBE_MAX, asked).await {
            Ok(Ok(answer)) => answer.get_ref().status() == ServingStatus::Serving,
            Ok(Err(status)) => matches!(status.code(), Code::Unimplemented | Code::NotFound),
            Err(_) => return Probed::Silent,
        };
        if serves { Probed::Serves } else { Probed::Refuses }
    }

    /// One silence may be a busy engine; two in a row are a dead peer, found within three seconds (H52).
    fn note(&self, probed: Probed) {
        let unanswered = match probed {
            Probed::Serves => 0,
            Probed::Refuses => UNANSWERED_MAX,
            Probed::Silent => self.unanswered.load(Ordering::Relaxed).saturating_add(1),
        };
        self.unanswered.store(unanswered, Ordering::Relaxed);
        let up = unanswered == 0;
        if self.up.swap(up, Ordering::Relaxed) != up {
            tracing::info!(engine = %self.uri, up, "engine");
        }
    }
}

impl Failed {
    /// A status that was made on this side has the error that it was made from; a timeout without a
    /// reason was told by a transport and not by an engine; and one out of range without a reason says
    /// that the answer was too long to be read here. The engine that sent it is well.
    fn of(status: Status) -> Self {
        let told = Refusal::from_status(&status).is_some();
        let overdue = matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled);
        let unread = status.code() == Code::OutOfRange;
        if overdue && !told {
            Self::Overdue
        } else if unread && !told {
            Self::Unread(status)
        } else if status.source().is_some() {
            Self::Link(status)
        } else {
            Self::Engine(status)
        }
    }
}
