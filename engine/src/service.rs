//! The billing service: each call parses, is carried out by the use case of its name, and is rendered.

mod answers;
mod claim;
mod converse;
mod customer;
mod get_receipt;
mod hand_over;
mod quote;
mod return_goods;
mod served;
mod settle;
mod shared;
mod void_receipt;

use std::pin::Pin;
use std::str::FromStr;
use std::time::{Duration, Instant};

use futures_util::stream::{Stream, StreamExt as _};
use jiff::Timestamp;
use prost::DecodeError;
use tessera_contract::place::Placed;
use tessera_contract::refusal::Refusal;
use tessera_identity::Caller;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingService;
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};

pub use converse::ConverseLimits;
pub(crate) use converse::closed;
pub use served::ServedBilling;

use answers::{ConverseAnswer, SettleAnswer};

use crate::engine::{Call, Engine};

/// Metadata by which a call in a storage made for replay carries its time, RFC 3339.
pub const REPLAY_TIME: &str = "tessera-replay-time";

/// The billing service over an engine.
#[derive(Clone, Debug)]
pub struct Billing {
    engine: Engine,
    closing: watch::Receiver<bool>,
    converse: ConverseLimits,
}

impl Billing {
    /// The service; when `closing` becomes true, streams are told to end.
    #[must_use]
    pub fn new(engine: Engine, closing: watch::Receiver<bool>, converse: ConverseLimits) -> Self {
        Self { engine, closing, converse }
    }

    /// A settle, its outcome as stored.
    async fn settle_as_stored(&self, request: Request<v1::SettleRequest>) -> Result<SettleAnswer, Refusal> {
        let begun = Instant::now();
        let result = match begin(&self.engine, request) {
            Ok((call, request)) => settle::settle(&self.engine, request, &call).await,
            Err(refusal) => Err(refusal),
        };
        observe("settle", begun, &result);
        result
    }

    /// A stream, its outcomes as stored.
    fn converse_as_stored(&self, request: Request<Streaming<v1::ConverseRequest>>) -> converse::Answers {
        let caller = Caller::of(request.extensions());
        converse::converse((self.engine.clone(), caller), request.into_inner(), self.closing.clone(), self.converse)
    }

    fn no_outcome(&self, error: &DecodeError) -> Status {
        self.engine.core.quarantined("outcome", error).into_status()
    }
}

/// Begins a call: its caller from the connection, its time and budget from the metadata.
fn begin<T: Placed>(engine: &Engine, request: Request<T>) -> Result<(Call, T), Refusal> {
    admit(&Caller::of(request.extensions()), request.get_ref())?;
    let metadata = request.metadata();
    let replay_time = match metadata.get(REPLAY_TIME) {
        None => None,
        Some(text) => {
            let time = text.to_str().ok().and_then(|text| Timestamp::from_str(text).ok());
            Some(time.ok_or_else(|| Refusal::fault(REPLAY_TIME, "must be a time in RFC 3339"))?)
        }
    };
    let budget = metadata.get("grpc-timeout").and_then(|text| text.to_str().ok()).and_then(grpc_timeout);
    let call = engine.call(replay_time, budget)?;
    Ok((call, request.into_inner()))
}

/// Nobody speaks for another's till (H73).
fn admit(caller: &Caller, request: &impl Placed) -> Result<(), Refusal> {
    let admitted = match request.place() {
        Some((store, till)) => caller.speaks_for(store, till),
        None => caller.is_till_or_gateway(),
    };
    admitted.map_err(|why| {
        metrics::counter!("tessera_engine_foreign_calls_total").increment(1);
        tracing::warn!(%why, place = ?request.place(), "a call was refused");
        Refusal::ForeignStore
    })
}

/// The value of `grpc-timeout`: up to eight digits and a unit (gRPC over HTTP/2).
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value.checked_mul(3_600)?)),
        "M" => Some(Duration::from_secs(value.checked_mul(60)?)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

/// Counts a call and how long it took.
fn observe<T>(name: &'static str, begun: Instant, result: &Result<T, Refusal>) {
    let outcome = match result {
        Ok(_) => "ok",
        Err(refusal) => refusal.reason_name(),
    };
    metrics::counter!("tessera_engine_calls_total", "call" => name, "result" => outcome).increment(1);
    metrics::histogram!("tessera_engine_call_seconds", "call" => name).record(begun.elapsed());
}

macro_rules! unary {
    ($engine:expr, $request:expr, $name:literal, $call:path) => {{
        let begun = Instant::now();
        let result = match begin($engine, $request) {
            Ok((call, request)) => $call($engine, request, &call).await,
            Err(refusal) => Err(refusal),
        };
        observe($name, begun, &result);
        result.map(Response::new).map_err(Status::from)
    }};
}

#[tonic::async_trait]
impl BillingService for Billing {
    type ConverseStream = Pin<Box<dyn Stream<Item = Result<v1::ConverseResponse, Status>> + Send>>;

    async fn quote(&self, request: Request<v1::QuoteRequest>) -> Result<Response<v1::QuoteResponse>, Status> {
        unary!(&self.engine, request, "quote", quote::quote)
    }

    async fn settle(&self, request: Request<v1::SettleRequest>) -> Result<Response<v1::SettleResponse>, Status> {
        let answer = self.settle_as_stored(request).await.map_err(Status::from)?;
        answer.into_response().map(Response::new).map_err(|error| self.no_outcome(&error))
    }

    async fn void(&self, request: Request<v1::VoidRequest>) -> Result<Response<v1::VoidResponse>, Status> {
        unary!(&self.engine, request, "void", void_receipt::void_receipt)
    }

    async fn r#return(&self, request: Request<v1::ReturnRequest>) -> Result<Response<v1::ReturnResponse>, Status> {
        unary!(&self.engine, request, "return", return_goods::return_goods)
    }

    async fn claim(&self, request: Request<v1::ClaimRequest>) -> Result<Response<v1::ClaimResponse>, Status> {
        unary!(&self.engine, request, "claim", claim::claim)
    }

    async fn identify(&self, request: Request<v1::IdentifyRequest>) -> Result<Response<v1::IdentifyResponse>, Status> {
        unary!(&self.engine, request, "identify", customer::identify)
    }

    async fn enrol(&self, request: Request<v1::EnrolRequest>) -> Result<Response<v1::EnrolResponse>, Status> {
        unary!(&self.engine, request, "enrol", customer::enrol)
    }

    async fn answer_prompts(
        &self,
        request: Request<v1::AnswerPromptsRequest>,
    ) -> Result<Response<v1::AnswerPromptsResponse>, Status> {
        unary!(&self.engine, request, "answer_prompts", customer::answer_prompts)
    }

    async fn hand_over(&self, request: Request<v1::HandOverRequest>) -> Result<Response<v1::HandOverResponse>, Status> {
        unary!(&self.engine, request, "hand_over", hand_over::hand_over)
    }

    async fn get_receipt(&self, request: Request<v1::GetReceiptRequest>) -> Result<Response<v1::GetReceiptResponse>, Status> {
        let (begun, caller) = (Instant::now(), Caller::of(request.extensions()));
        let result = match begin(&self.engine, request) {
            Ok((call, request)) => get_receipt::get_receipt((&self.engine, &caller), request, &call).await,
            Err(refusal) => Err(refusal),
        };
        observe("get_receipt", begun, &result);
        result.map(Response::new).map_err(Status::from)
    }

    async fn converse(&self, request: Request<Streaming<v1::ConverseRequest>>) -> Result<Response<Self::ConverseStream>, Status> {
        let (answers, billing) = (self.converse_as_stored(request), self.clone());
        let whole =
            move |answer: Result<ConverseAnswer, Status>| answer?.into_response().map_err(|error| billing.no_outcome(&error));
        Ok(Response::new(Box::pin(answers.map(whole))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_of_a_call_is_read_as_grpc_writes_it() {
        let table = [
            ("2250m", Some(Duration::from_millis(2250))),
            ("3S", Some(Duration::from_secs(3))),
            ("1H", Some(Duration::from_secs(3600))),
            ("7u", Some(Duration::from_micros(7))),
            ("12", None),
            ("", None),
            ("xm", None),
            ("2ж", None),
        ];
        for (text, expected) in table {
            assert_eq!(grpc_timeout(text), expected, "{text}");
        }
    }
}
