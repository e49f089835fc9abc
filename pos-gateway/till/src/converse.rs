//! One stream that many callers share: each call is a future of its own with its own budget, a slow one
//! never blocks a fast one, and a stream that breaks or closes is replaced by the next call.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tessera_identity::Identity;
use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Reply;
use tessera_proto::billing::v1::{ConverseRequest, ConverseResponse};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use crate::config::channel;
use crate::limits::{BUDGET_MS_MAX, CLOSING_READ_MAX, STREAM_QUEUE_MAX};
use crate::refusal::{Refusal, TillError};
use crate::route::service_client;

/// A stream to the server that many callers share. Cheap to clone; the stream ends with the last clone.
#[derive(Debug, Clone)]
pub struct Conversation {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: BillingServiceClient<Channel>,
    channel: Channel,
    correlation_ids: AtomicU64,
    current: Mutex<Option<OpenStream>>,
}

/// The sending side of a stream. Dropping the last clone half-closes it, and the server ends it when
/// the last open call has been answered.
#[derive(Debug, Clone)]
struct OpenStream {
    outbound: mpsc::Sender<ConverseRequest>,
    pending: Arc<Pending>,
}

/// The calls of one stream that wait for their answer.
#[derive(Debug, Default)]
struct Pending {
    calls: Mutex<PendingCalls>,
}

#[derive(Debug, Default)]
struct PendingCalls {
    /// No further call may begin here.
    closed: bool,
    by_correlation_id: HashMap<u64, oneshot::Sender<Result<Reply, Refusal>>>,
}

impl Conversation {
    /// A stream to this endpoint; it is opened by the first call. Must be called within a tokio
    /// runtime.
    ///
    /// # Errors
    ///
    /// The endpoint is no address, or asks for a certificate and there is none.
    pub fn connect(endpoint: &str, identity: Option<&Identity>) -> Result<Self, TillError> {
        let channel = channel(endpoint, identity)?;
        Ok(Self {
            shared: Arc::new(Shared {
                client: service_client(channel.clone()),
                channel,
                correlation_ids: AtomicU64::new(1),
                current: Mutex::new(None),
            }),
        })
    }

    /// The connection of the stream, for calls beside it.
    pub(crate) fn channel(&self) -> Channel {
        self.shared.channel.clone()
    }

    /// One call with its own budget. It is not repeated here: `TillClient::over` does that.
    ///
    /// # Errors
    ///
    /// What the server answered, or that the stream broke or the time ran out (then the call is
    /// unknown).
    pub async fn call(&self, call: Call, budget: Duration) -> Result<Reply, Refusal> {
        let deadline = Instant::now() + budget;
        let correlation_id = self.shared.correlation_ids.fetch_add(1, Ordering::Relaxed);
        let (stream, answer) = self.begin(correlation_id);
        let _forget = Forget { pending: Arc::clone(&stream.pending), correlation_id };
        let request = ConverseRequest {
            correlation_id,
            budget_ms: u32::try_from(budget.as_millis()).unwrap_or(BUDGET_MS_MAX).clamp(1, BUDGET_MS_MAX),
            call: Some(call),
        };
        let work = async {
            // A stream that broke meanwhile has told the waiting side so already.
            let _ = stream.outbound.send(request).await;
            answer.await.unwrap_or_else(|_| Err(broken("the stream ended")))
        };
        timeout_at(deadline, work).await.unwrap_or_else(|_| Err(Refusal::overdue()))
    }

    /// Announces a call on the open stream, or on a new one where there is none.
    fn begin(&self, correlation_id: u64) -> (OpenStream, oneshot::Receiver<Result<Reply, Refusal>>) {
        let (answered, answer) = oneshot::channel();
        let mut current = lock(&self.shared.current);
        let open = current.take().filter(|stream| stream.pending.is_open());
        let stream = open.unwrap_or_else(|| OpenStream::open(self.shared.client.clone()));
        stream.pending.insert(correlation_id, answered);
        *current = Some(stream.clone());
        (stream, answer)
    }
}

impl OpenStream {
    fn open(client: BillingServiceClient<Channel>) -> Self {
        let (outbound, messages) = mpsc::channel(STREAM_QUEUE_MAX);
        let pending = Arc::new(Pending::default());
        tokio::spawn(run(client, messages, Arc::clone(&pending)));
        Self { outbound, pending }
    }
}

/// Opens the stream and hands out its answers until it ends.
async fn run(mut client: BillingServiceClient<Channel>, messages: mpsc::Receiver<ConverseRequest>, pending: Arc<Pending>) {
    let opened = client.converse(ReceiverStream::new(messages)).await;
    let end = match opened {
        Ok(response) => read(response.into_inner(), &pending).await,
        Err(status) => Some(status),
    };
    let refusal = end.map_or_else(|| broken("the server ended the stream"), as_broken);
    pending.fail_all(&refusal);
}

/// Reads until the stream ends; after `closing` only as long as the server may take.
async fn read(mut inbound: Streaming<ConverseResponse>, pending: &Pending) -> Option<Status> {
    loop {
        match inbound.message().await {
            Ok(Some(ConverseResponse { result: Some(Reply::Closing(_)), .. })) => break,
            Ok(Some(response)) => pending.answer(response),
            Ok(None) => return None,
            Err(status) => return Some(status),
        }
    }
    pending.close();
    let rest = async {
        loop {
            match inbound.message().await {
                Ok(Some(response)) => pending.answer(response),
                Ok(None) => return None,
                Err(status) => return Some(status),
            }
        }
    };
    timeout(CLOSING_READ_MAX, rest).await.ok().flatten()
}

impl Pending {
    fn is_open(&self) -> bool {
        !lock(&self.calls).closed
    }

    /// A call on a stream that has just broken fails at once: its sender is dropped.
    fn insert(&self, correlation_id: u64, answered: oneshot::Sender<Result<Reply, Refusal>>) {
        let mut calls = lock(&self.calls);
        if !calls.closed {
            calls.by_correlation_id.insert(correlation_id, answered);
        }
    }

    fn answer(&self, response: ConverseResponse) {
        let waiting = lock(&self.calls).by_correlation_id.remove(&response.correlation_id);
        let (Some(waiting), Some(result)) = (waiting, response.result) else {
            return; // The caller's time ran out before.
        };
        let end = if let Reply::Error(error) = result { Err(Refusal::from(error)) } else { Ok(result) };
        // A caller who left meanwhile has no use for it.
        let _ = waiting.send(end);
    }

    fn close(&self) {
        lock(&self.calls).closed = true;
    }

    fn fail_all(&self, refusal: &Refusal) {
        let waiting: Vec<_> = {
            let mut calls = lock(&self.calls);
            calls.closed = true;
            calls.by_correlation_id.drain().map(|(_, call)| call).collect()
        };
        for call in waiting {
            let _ = call.send(Err(refusal.clone()));
        }
    }

    fn forget(&self, correlation_id: u64) {
        lock(&self.calls).by_correlation_id.remove(&correlation_id);
    }
}

/// Forgets a call whose caller left, so that what nobody reads does not add up.
struct Forget {
    pending: Arc<Pending>,
    correlation_id: u64,
}

impl Drop for Forget {
    fn drop(&mut self) {
        self.pending.forget(self.correlation_id);
    }
}

fn broken(message: &str) -> Refusal {
    Refusal::link(Code::Unavailable, message)
}

/// The end of a stream says nothing about a single call but that it is unknown, unless the caller is not
/// let in at all.
fn as_broken(status: Status) -> Refusal {
    if matches!(status.code(), Code::PermissionDenied | Code::Unauthenticated) {
        return Refusal::from(status);
    }
    broken(&format!("the stream broke: {}", status.message()))
}

/// The data are whole even where a holder of the lock panicked: every change is one operation.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
