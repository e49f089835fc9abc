//! One call through the gateway: forwarded under its clock, repeated once where that is safe, and ended
//! in time by the gateway itself where no engine does (P1).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use tessera_contract::refusal::{Refusal, retry_after};
use tessera_contract::unchanged::{LastTexts, unchanged};
use tessera_proto::billing::v1::{BasisReason, ErrorReason, QuoteRequest};
use tokio::time::{Instant, sleep, timeout_at};
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::{Code, Response, Status};
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::call::{Call, Kind};
use crate::clock::CallClock;
use crate::config::{GatewayConfig, GatewayError};
use crate::days::Book;
use crate::drain::Live;
use crate::in_flight::Class;
use crate::limits::{ATTEMPT_MIN, RETRY_JITTER_MS_MAX, RETRY_PAUSE_MS_MIN, RETRY_SHARE, RETRY_WINDOW};
use crate::metadata::{GATEWAY_ID_KEY, crossing, passed_on};
use crate::observe::{self, Maker, Tally};
use crate::pack::Shelf;
use crate::routing;
use crate::spool::Spool;
use crate::upstream::{Failed, Upstream};

mod closing;
mod hedged;
mod packed;
mod spooled;

/// Forwards calls.
pub(crate) struct Forwarder {
    config: GatewayConfig,
    gateway_id: AsciiMetadataValue,
    upstream: Upstream,
    repeats: TpsBudget,
    spool: Option<Arc<Spool>>,
    pack: Option<Arc<Shelf>>,
    /// There is one where there is a spool.
    days: Option<Book>,
    live: Live,
    tally: Tally,
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Forwarder")
            .field("config", &self.config)
            .field("upstream", &self.upstream)
            .finish_non_exhaustive()
    }
}

impl Forwarder {
    pub(crate) fn new(config: GatewayConfig) -> Result<Self, GatewayError> {
        let length = config.gateway_id.len();
        let value = AsciiMetadataValue::try_from(config.gateway_id.as_str()).ok();
        let Some(gateway_id) = value.filter(|_| (1..=64).contains(&length)) else {
            return Err(GatewayError::GatewayId { gateway_id: config.gateway_id });
        };
        // The spool first: its lock is also that of the book in its folder.
        let spool = config.spool.clone().map(Spool::open).transpose()?.map(Arc::new);
        let days = config.spool.as_ref().map(|spool| Book::open(spool.folder.join("till-days"))).transpose()?;
        Ok(Self {
            upstream: Upstream::new(&config.engines, config.identity.as_ref(), config.dialler.as_ref())?,
            gateway_id,
            spool,
            days,
            pack: config.pack.clone().map(|pack| Arc::new(Shelf::new(pack, config.identity.clone(), config.time_of_day.clone()))),
            config,
            repeats: TpsBudget::new(RETRY_WINDOW, 1, RETRY_SHARE),
            live: Live::default(),
            tally: Tally::default(),
        })
    }

    pub(crate) fn spool(&self) -> Option<&Arc<Spool>> {
        self.spool.as_ref()
    }

    pub(crate) fn days(&self) -> Option<&Book> {
        self.days.as_ref()
    }

    pub(crate) fn pack(&self) -> Option<&Arc<Shelf>> {
        self.pack.as_ref()
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    pub(crate) fn config(&self) -> &GatewayConfig {
        &self.config
    }

    pub(crate) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Answers a call before its clock runs out: the engine's bytes or error unchanged, else what the
    /// call's kind leaves to the gateway.
    pub(crate) async fn answer(
        &self,
        call: Call,
        body: Bytes,
        metadata: &MetadataMap,
        clock: CallClock,
    ) -> Result<Response<Bytes>, Status> {
        let mut crossing = crossing(metadata);
        crossing.insert(GATEWAY_ID_KEY, self.gateway_id.clone());
        let sent = Sent { call, body: &body, metadata: &crossing, clock: &clock };
        let (maker, answer) = match (&self.spool, call.kind()) {
            (Some(spool), Kind::Advice) => self.advise(spool, sent).await,
            (Some(spool), Kind::Read) if call == Call::GetReceipt && spool.holds_any() => self.get_receipt(spool, sent).await,
            (_, Kind::Quote) => self.quote(sent).await,
            (_, Kind::Advice | Kind::Write | Kind::Read) => match self.ask(sent, clock.answer_at()).await {
                Ok(response) => (Maker::Engine, Ok(response)),
                Err(failed) => self.conclude(call, &body, &failed),
            },
        };
        self.tally.answered(call, maker, (&clock, self.config.now()));
        if let (Some(days), Ok(answer)) = (&self.days, &answer) {
            days.note_at(self.config.now(), call, body.clone(), answer.get_ref().clone());
        }
        answer
    }

    /// An engine's answer by then, or why there is none.
    async fn ask(&self, sent: Sent<'_>, until: Instant) -> Result<Response<Bytes>, Failed> {
        if !self.upstream.is_reachable() {
            return Err(Failed::Link(Refusal::EngineUnreachable.into_status()));
        }
        let ended = timeout_at(until, self.attempts(sent, until)).await.unwrap_or(Err(Failed::Overdue));
        match &ended {
            Ok(_) => self.live.answered(sent.clock.taken()),
            Err(failed) if is_choked(failed) => self.live.choked(self.config.budget),
            Err(Failed::Link(_) | Failed::Unread(_) | Failed::Engine(_) | Failed::Overdue) => {}
        }
        ended.map(cleaned)
    }

    /// Delivers from the spool: one attempt, for which nobody waits.
    pub(crate) async fn deliver(&self, call: Call, body: Bytes, within: Duration) -> Result<Response<Bytes>, Failed> {
        let mut metadata = MetadataMap::new();
        metadata.insert(GATEWAY_ID_KEY, self.gateway_id.clone());
        let engine = self.upstream.choose(self.key(call, &body), None);
        let until = Instant::now() + within;
        let sent = self.upstream.send(engine, call, (body, Class::Delivery), metadata, until);
        let end = timeout_at(until, sent).await.unwrap_or(Err(Failed::Overdue));
        end.inspect_err(|failed| count(call, failed))
    }

    /// By what a call is given to one of several engines.
    fn key(&self, call: Call, body: &Bytes) -> u64 {
        if self.upstream.has_another() { routing::key(call, body) } else { 0 }
    }

    async fn attempts(&self, sent: Sent<'_>, until: Instant) -> Result<Response<Bytes>, Failed> {
        let Sent { call, body, metadata, clock } = sent;
        if call.kind() == Kind::Read && self.upstream.has_another() {
            return self.hedged(sent, until).await;
        }
        self.repeats.deposit();
        let key = self.key(call, body);
        let engine = self.upstream.choose(key, None);
        let send = |engine| {
            let metadata = metadata.clone();
            self.upstream.send(engine, call, (body.clone(), Class::of(call)), metadata, until)
        };
        let failed = match send(engine).await {
            Ok(response) => return Ok(response),
            Err(failed) => failed,
        };
        count(call, &failed);
        let Some(pause) = self.pause_before_repeat(call, &failed) else {
            return Err(failed);
        };
        if clock.left() < pause + ATTEMPT_MIN || !self.repeats.withdraw() {
            return Err(failed);
        }
        observe::repeated(call);
        sleep(pause).await;
        let second = send(self.upstream.choose(key, Some(engine))).await;
        second.inspect_err(|failed| count(call, failed))
    }

    /// After which pause a call may be sent once more. None: not at all. A write is safe to repeat since
    /// its id is the same; a quote that an engine has answered, or a read, is the till's to repeat.
    fn pause_before_repeat(&self, call: Call, failed: &Failed) -> Option<Duration> {
        let asked = match (call.kind(), failed) {
            (Kind::Quote | Kind::Advice | Kind::Write, Failed::Link(_)) => Duration::ZERO,
            (Kind::Advice | Kind::Write, Failed::Engine(status))
                if matches!(status.code(), Code::Unavailable | Code::Aborted) =>
            {
                retry_after(status).unwrap_or_default()
            }
            (Kind::Quote, Failed::Engine(status)) if status.code() == Code::Unavailable && self.upstream.has_another() => {
                Duration::ZERO
            }
            // A repeat would be answered with the same, which cannot be read either.
            (Kind::Quote | Kind::Advice | Kind::Write, Failed::Engine(_) | Failed::Unread(_) | Failed::Overdue)
            | (Kind::Read, Failed::Link(_) | Failed::Unread(_) | Failed::Engine(_) | Failed::Overdue) => return None,
        };
        Some(asked.max(jitter()))
    }

    /// Ends a call that no engine answered.
    pub(super) fn conclude(&self, call: Call, body: &Bytes, failed: &Failed) -> (Maker, Result<Response<Bytes>, Status>) {
        let unknown = match failed {
            Failed::Engine(status) if call.kind() != Kind::Quote || is_of_the_receipt(status) => {
                return (Maker::EngineRefused, Err(passed_on(status)));
            }
            Failed::Overdue | Failed::Unread(_) => Refusal::OutcomeUnknown,
            Failed::Link(_) | Failed::Engine(_) => Refusal::EngineUnreachable,
        };
        match call.kind() {
            Kind::Advice | Kind::Write | Kind::Read => (Maker::Gateway, Err(unknown.into_status())),
            Kind::Quote => {
                let answer = last_answer(body, basis_reason(failed), &self.config);
                let maker = if answer.is_ok() { Maker::Unchanged } else { Maker::Gateway };
                (maker, answer.map(Response::new).map_err(Refusal::into_status))
            }
        }
    }
}

/// A call as it came.
#[derive(Debug, Clone, Copy)]
struct Sent<'a> {
    call: Call,
    body: &'a Bytes,
    metadata: &'a MetadataMap,
    clock: &'a CallClock,
}

/// The last answer to an encoded quote; it is decoded here and nowhere else.
fn last_answer(bytes: &Bytes, reason: BasisReason, config: &GatewayConfig) -> Result<Bytes, Refusal> {
    let request =
        QuoteRequest::decode(bytes.clone()).map_err(|_| Refusal::fault("receipt", "the request is no readable quote"))?;
    let texts = LastTexts { reward_follows: &config.reward_follows_text, unchanged: &config.unchanged_text };
    unchanged(&request, reason, texts).map(|answer| answer.encode_to_vec().into())
}

fn basis_reason(failed: &Failed) -> BasisReason {
    match failed {
        Failed::Overdue => BasisReason::Deadline,
        Failed::Link(_) => BasisReason::LinkDown,
        Failed::Engine(status) if status.code() == Code::DeadlineExceeded => BasisReason::Deadline,
        Failed::Engine(_) | Failed::Unread(_) => BasisReason::EngineError,
    }
}

/// Whether a quote's error says something of the receipt or the caller, which the till must see, and not
/// of the engine, in whose place the gateway answers.
fn is_of_the_receipt(status: &Status) -> bool {
    match status.code() {
        Code::InvalidArgument
        | Code::AlreadyExists
        | Code::NotFound
        | Code::OutOfRange
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::Unimplemented => true,
        Code::FailedPrecondition => Refusal::from_status(status) != Some(ErrorReason::UpgradeEngine),
        Code::ResourceExhausted => Refusal::from_status(status) == Some(ErrorReason::LimitExceeded),
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => false,
    }
}

/// Whether an attempt says that the engine has more to do than it can.
pub(crate) fn is_choked(failed: &Failed) -> bool {
    match failed {
        Failed::Overdue => true,
        Failed::Link(_) | Failed::Unread(_) => false,
        Failed::Engine(status) if status.code() == Code::ResourceExhausted => {
            Refusal::from_status(status) != Some(ErrorReason::LimitExceeded)
        }
        Failed::Engine(status) => status.code() == Code::DeadlineExceeded,
    }
}

fn count(call: Call, failed: &Failed) {
    match failed {
        Failed::Overdue => observe::attempt_failed(call, Code::DeadlineExceeded, true),
        Failed::Link(status) => {
            tracing::debug!(call = call.name(), %status, "no engine");
            observe::attempt_failed(call, status.code(), true);
        }
        Failed::Engine(status) | Failed::Unread(status) => observe::attempt_failed(call, status.code(), false),
    }
}

fn cleaned(response: Response<Bytes>) -> Response<Bytes> {
    let (metadata, body, _extensions) = response.into_parts();
    Response::from_parts(crossing(&metadata), body, tonic::Extensions::new())
}

/// A pause by chance; without a source of chance the shortest.
fn jitter() -> Duration {
    let chance = getrandom::u32().map_or(0, u64::from);
    Duration::from_millis(RETRY_PAUSE_MS_MIN + chance % (RETRY_JITTER_MS_MAX + 1))
}
