//! Converse: all calls on one stream, answered as they end.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::Stream;
use tessera_contract::refusal::Refusal;
use tessera_contract::unreadable;
use tessera_identity::Caller;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::converse_request::Call as Asked;
use tessera_proto::billing::v1::converse_response::Result as Answered;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::answers::{ConverseAnswer, Told};
use super::{admit, claim, customer, get_receipt, hand_over, observe, quote, return_goods, settle, void_receipt};
use crate::engine::Engine;

/// The answers of a stream.
pub(super) type Answers = Pin<Box<dyn Stream<Item = Result<ConverseAnswer, Status>> + Send>>;

/// Bounds of a stream.
#[derive(Clone, Copy, Debug)]
pub struct ConverseLimits {
    /// Calls that may be open at once on one stream; beyond it the stream is not read.
    pub open_calls_max: usize,
    /// The budget of a call that names none.
    pub budget_default: Duration,
    /// How long open calls may take once the stream is closing.
    pub closing_within: Duration,
}

impl Default for ConverseLimits {
    fn default() -> Self {
        Self { open_calls_max: 1_024, budget_default: Duration::from_millis(2_250), closing_within: Duration::from_secs(30) }
    }
}

/// Correlation ids of the calls that are open on a stream.
type OpenIds = Arc<Mutex<HashSet<u64>>>;

/// One stream being read.
struct Conversation {
    engine: Engine,
    caller: Caller,
    answers: mpsc::Sender<Result<ConverseAnswer, Status>>,
    open: Arc<Semaphore>,
    ids: OpenIds,
    limits: ConverseLimits,
}

/// Serves a stream until the caller half-closes, the engine closes, or the connection breaks.
pub(super) fn converse(
    (engine, caller): (Engine, Caller),
    requests: Streaming<v1::ConverseRequest>,
    closing: watch::Receiver<bool>,
    limits: ConverseLimits,
) -> Answers {
    let (answers, stream) = mpsc::channel(limits.open_calls_max);
    let open = Arc::new(Semaphore::new(limits.open_calls_max));
    let conversation = Conversation { engine, caller, answers, open, ids: OpenIds::default(), limits };
    tokio::spawn(conversation.serve(requests, closing));
    Box::pin(ReceiverStream::new(stream))
}

impl Conversation {
    /// Calls that were begun end even when the stream breaks: their tasks are their own (H14).
    async fn serve(self, mut requests: Streaming<v1::ConverseRequest>, mut closing: watch::Receiver<bool>) {
        let mut told = false;
        let mut closed_at = None;
        loop {
            let Ok(permit) = Arc::clone(&self.open).acquire_owned().await else { return };
            let next = tokio::select! {
                next = requests.next() => next,
                () = closed(&mut closing), if !told => {
                    told = true;
                    closed_at = tokio::time::Instant::now().checked_add(self.limits.closing_within);
                    if !self.tell_closing().await { return }
                    continue;
                }
                () = sleep_until(closed_at) => return,
            };
            match next {
                // The caller has half-closed; the stream ends when the last open call has been answered.
                None => return,
                Some(Err(status)) => {
                    let told = unreadable::refusal(&status).map_or(status, Refusal::into_status);
                    let _ = self.answers.send(Err(told)).await;
                    return;
                }
                Some(Ok(request)) => {
                    if let Err(refusal) = self.begin(&request) {
                        if !self.answer(request.correlation_id, error(refusal)).await {
                            return;
                        }
                        continue;
                    }
                    let (engine, answers, ids, limits) =
                        (self.engine.clone(), self.answers.clone(), Arc::clone(&self.ids), self.limits);
                    let admitted = request.call.as_ref().map_or(Ok(()), |call| admit(&self.caller, call));
                    let caller = self.caller.clone();
                    tokio::spawn(async move {
                        let correlation_id = request.correlation_id;
                        let told = match admitted {
                            Ok(()) => answer((&engine, &caller), request, limits).await,
                            Err(refusal) => error(refusal),
                        };
                        ids.lock().unwrap_or_else(PoisonError::into_inner).remove(&correlation_id);
                        let _ = answers.send(Ok(ConverseAnswer::new(correlation_id, told))).await;
                        drop(permit);
                    });
                }
            }
        }
    }

    /// Takes the correlation id into use.
    fn begin(&self, request: &v1::ConverseRequest) -> Result<(), Refusal> {
        if request.correlation_id == 0 {
            return Err(Refusal::fault("correlation_id", "must be above 0"));
        }
        if self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(request.correlation_id) {
            Ok(())
        } else {
            Err(Refusal::fault("correlation_id", "is in use by an open call of this stream"))
        }
    }

    async fn answer(&self, correlation_id: u64, told: Told) -> bool {
        self.answers.send(Ok(ConverseAnswer::new(correlation_id, told))).await.is_ok()
    }

    async fn tell_closing(&self) -> bool {
        let within = Some(tessera_contract::convert::duration_to_wire(self.limits.closing_within));
        self.answer(0, Told::Other(Box::new(Answered::Closing(v1::Closing { within })))).await
    }
}

/// Ends when the engine is told to stop, or whoever could tell it is gone.
pub(crate) async fn closed(closing: &mut watch::Receiver<bool>) {
    // The guard of the value must not live across an await of the caller.
    let _ = closing.wait_for(|closing| *closing).await.map(drop);
}

/// Waits until then; where there is no such time, for ever.
async fn sleep_until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Carries out one call within its budget. What runs out of time is unknown to the caller, and goes on.
async fn answer(served: (&Engine, &Caller), request: v1::ConverseRequest, limits: ConverseLimits) -> Told {
    let begun = Instant::now();
    let budget = match request.budget_ms {
        0 => limits.budget_default,
        millis => Duration::from_millis(u64::from(millis.min(60_000))),
    };
    let Some(asked) = request.call else {
        return error(Refusal::fault("call", "is required"));
    };
    let name = name(&asked);
    let result = match tokio::time::timeout(budget, carry_out(served, asked, budget)).await {
        Ok(result) => result,
        Err(_) => Err(Refusal::OutcomeUnknown),
    };
    observe(name, begun, &result);
    result.unwrap_or_else(error)
}

fn error(refusal: Refusal) -> Told {
    Told::Other(Box::new(Answered::Error(refusal.into_call_error())))
}

fn name(asked: &Asked) -> &'static str {
    match asked {
        Asked::Quote(_) => "quote",
        Asked::Settle(_) => "settle",
        Asked::VoidReceipt(_) => "void",
        Asked::ReturnGoods(_) => "return",
        Asked::Claim(_) => "claim",
        Asked::Identify(_) => "identify",
        Asked::Enrol(_) => "enrol",
        Asked::AnswerPrompts(_) => "answer_prompts",
        Asked::HandOver(_) => "hand_over",
        Asked::GetReceipt(_) => "get_receipt",
    }
}

async fn carry_out((engine, caller): (&Engine, &Caller), asked: Asked, budget: Duration) -> Result<Told, Refusal> {
    let call = engine.call(None, Some(budget))?;
    let answered = match asked {
        Asked::Quote(request) => quote::quote(engine, request, &call).await.map(Answered::Quote),
        Asked::Settle(request) => {
            return settle::settle(engine, request, &call).await.map(|answer| Told::Settle(Box::new(answer)));
        }
        Asked::VoidReceipt(request) => void_receipt::void_receipt(engine, request, &call).await.map(Answered::VoidReceipt),
        Asked::ReturnGoods(request) => return_goods::return_goods(engine, request, &call).await.map(Answered::ReturnGoods),
        Asked::Identify(request) => customer::identify(engine, request, &call).await.map(Answered::Identify),
        Asked::Enrol(request) => customer::enrol(engine, request, &call).await.map(Answered::Enrol),
        Asked::AnswerPrompts(request) => customer::answer_prompts(engine, request, &call).await.map(Answered::AnswerPrompts),
        Asked::GetReceipt(request) => get_receipt::get_receipt((engine, caller), request, &call).await.map(Answered::GetReceipt),
        Asked::Claim(request) => claim::claim(engine, request, &call).await.map(Answered::Claim),
        Asked::HandOver(request) => hand_over::hand_over(engine, request, &call).await.map(Answered::HandOver),
    };
    answered.map(|answered| Told::Other(Box::new(answered)))
}
