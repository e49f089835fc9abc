//! Many tills on one stream. Each message becomes a single call to an engine with a clock of its own:
//! so it has the same deadline, repeat and last answer as any other call, another engine can take it
//! over, and an engine's connection that breaks breaks no till's stream. A second stream behind would
//! save some microseconds a call and need all of that once more.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message as _;
use tessera_contract::convert::duration_to_wire;
use tessera_contract::refusal::call_error;
use tessera_contract::{Refusal, unreadable};
use tessera_identity::Caller;
use tessera_proto::billing::v1::Closing;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Status, Streaming};

use crate::admit::admit;
use crate::clock::CallClock;
use crate::forward::Forwarder;
use crate::limits::{
    BUDGET_DEFAULT, BUDGET_MS_MAX, CLOSING_AT_SHUTDOWN_MAX, CLOSING_MAX, OPEN_CALLS_MAX, STREAM_AGE_JITTER_S_MAX,
    STREAM_QUEUE_MAX,
};

mod envelope;

use envelope::{RequestEnvelope, ResponseEnvelope, UnreadResult};

/// Serves one stream; what comes back are its answers.
pub(crate) fn open(
    (forwarder, caller): (Arc<Forwarder>, Caller),
    going_down: watch::Receiver<bool>,
    metadata: MetadataMap,
    inbound: Streaming<Bytes>,
) -> ReceiverStream<Result<Bytes, Status>> {
    let (outbound, answers) = mpsc::channel(STREAM_QUEUE_MAX);
    let session =
        Session { forwarder, caller, metadata: Arc::new(metadata), outbound, open: HashSet::new(), calls: JoinSet::new() };
    tokio::spawn(session.run(inbound, going_down));
    ReceiverStream::new(answers)
}

/// One stream.
struct Session {
    forwarder: Arc<Forwarder>,
    caller: Caller,
    metadata: Arc<MetadataMap>,
    outbound: mpsc::Sender<Result<Bytes, Status>>,
    /// Correlation ids of the calls that are under way.
    open: HashSet<u64>,
    calls: JoinSet<ResponseEnvelope>,
}

/// The stream cannot go on: the till is gone, or has been told why.
struct Ended;

impl Session {
    async fn run(mut self, inbound: Streaming<Bytes>, going_down: watch::Receiver<bool>) {
        // Whatever ends the stream, calls that are under way go on to their end: nobody waits for
        // them, but a write that is sent half is worse than one that is repeated.
        let _ended = self.serve(inbound, going_down).await;
        self.calls.detach_all();
    }

    async fn serve(&mut self, mut inbound: Streaming<Bytes>, mut going_down: watch::Receiver<bool>) -> Result<(), Ended> {
        let mut reading = true;
        let mut closing = false;
        // First the age at which the stream is told to close, then the end of its closing.
        let mut ends_at = Instant::now() + age(self.forwarder.config().stream_age);
        while reading || !self.calls.is_empty() {
            tokio::select! {
                message = inbound.message(), if reading && self.open.len() < OPEN_CALLS_MAX => {
                    match message {
                        Ok(Some(bytes)) => self.begin(bytes).await?,
                        Ok(None) => reading = false,
                        Err(broken) => return self.end_with_unreadable(&broken).await,
                    }
                }
                Some(done) = self.calls.join_next() => match done {
                    Ok(answer) => self.send(answer).await?,
                    // A call that panicked has lost its id, so all open ones are told to be unknown.
                    Err(_panicked) => return self.end_with(Refusal::OutcomeUnknown).await,
                },
                () = sleep_until(ends_at) => {
                    if closing {
                        return Ok(());
                    }
                    closing = true;
                    ends_at = self.announce_closing(CLOSING_MAX).await?;
                }
                () = signalled(&mut going_down), if !closing => {
                    closing = true;
                    ends_at = self.announce_closing(CLOSING_AT_SHUTDOWN_MAX).await?;
                }
            }
        }
        Ok(())
    }

    /// Begins the call of one message, or answers what is wrong with its envelope.
    async fn begin(&mut self, bytes: Bytes) -> Result<(), Ended> {
        let Ok(message) = RequestEnvelope::decode(bytes) else {
            let unreadable = Refusal::fault("call", "the message cannot be read");
            return self.end_with(unreadable).await;
        };
        let correlation_id = message.correlation_id;
        let fault = if correlation_id == 0 {
            Some(Refusal::fault("correlation_id", "must be above 0"))
        } else if self.open.contains(&correlation_id) {
            Some(Refusal::fault("correlation_id", "is in use on this stream"))
        } else if message.budget_ms > BUDGET_MS_MAX {
            Some(Refusal::fault("budget_ms", "must be at most 60,000"))
        } else {
            None
        };
        let (call, body) = match (fault, message.call) {
            (None, Some(call)) => call.into_parts(),
            (Some(fault), _) => return self.send_unopened(correlation_id, fault).await,
            (None, None) => {
                let missing = Refusal::fault("call", "is missing or of a later contract");
                return self.send_unopened(correlation_id, missing).await;
            }
        };
        if let Err(refused) = admit(&self.caller, call, &body) {
            let result = Some(UnreadResult::Error(call_error(&refused)));
            return self.write(&ResponseEnvelope { correlation_id, result }).await;
        }
        let given = match message.budget_ms {
            0 => BUDGET_DEFAULT,
            given => Duration::from_millis(given.into()),
        };
        let clock = CallClock::start(Some(given), self.forwarder.config().budget);
        let forwarder = Arc::clone(&self.forwarder);
        let metadata = Arc::clone(&self.metadata);
        self.open.insert(correlation_id);
        self.calls.spawn(async move {
            let answered = forwarder.answer(call, body, &metadata, clock).await;
            let result = match answered {
                Ok(response) => UnreadResult::answer(call, response.into_inner()),
                Err(status) => UnreadResult::Error(call_error(&status)),
            };
            ResponseEnvelope { correlation_id, result: Some(result) }
        });
        Ok(())
    }

    async fn announce_closing(&self, within: Duration) -> Result<Instant, Ended> {
        let closing = Closing { within: Some(duration_to_wire(within)) };
        self.write(&ResponseEnvelope { correlation_id: 0, result: Some(UnreadResult::Closing(closing)) }).await?;
        Ok(Instant::now() + within)
    }

    async fn send(&mut self, answer: ResponseEnvelope) -> Result<(), Ended> {
        self.open.remove(&answer.correlation_id);
        self.write(&answer).await
    }

    /// Answers a message that never became a call: an open call with the same id stays open.
    async fn send_unopened(&self, correlation_id: u64, refusal: Refusal) -> Result<(), Ended> {
        let result = Some(UnreadResult::Error(refusal.into_call_error()));
        self.write(&ResponseEnvelope { correlation_id, result }).await
    }

    /// Waits while the till does not read: its calls are then not read on either.
    async fn write(&self, answer: &ResponseEnvelope) -> Result<(), Ended> {
        let bytes = answer.encode_to_vec().into();
        self.outbound.send(Ok(bytes)).await.map_err(|_| Ended)
    }

    async fn end_with(&self, refusal: Refusal) -> Result<(), Ended> {
        // A till that is gone need not be told.
        let _ = self.outbound.send(Err(refusal.into_status())).await;
        Err(Ended)
    }

    /// Ends a stream that cannot be read on: the till is gone, or sent what is told to it.
    async fn end_with_unreadable(&self, broken: &Status) -> Result<(), Ended> {
        match unreadable::refusal(broken) {
            Some(refusal) => self.end_with(refusal).await,
            None => Err(Ended),
        }
    }
}

/// Ends when the gateway goes down.
async fn signalled(going_down: &mut watch::Receiver<bool>) {
    // The sender lives as long as the service; without it nothing more would come either way.
    let _ = going_down.wait_for(|down| *down).await;
}

/// The age at which a stream is told to close, with what chance adds.
fn age(age: Duration) -> Duration {
    let chance = getrandom::u32().map_or(0, u64::from) % (STREAM_AGE_JITTER_S_MAX + 1);
    age + Duration::from_secs(chance)
}
