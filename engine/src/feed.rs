//! The feed service: every outcome that was committed, from a cursor on.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::Stream;
use prost::Message as _;
use tessera_contract::refusal::Refusal;
use tessera_proto::billing::v1::Outcome;
use tessera_proto::feed::v1::feed_service_server::FeedService;
use tessera_proto::feed::v1::{FollowRequest, FollowResponse};
use tessera_storage::{Cursor, FeedEntry, Storage, StorageError, Wanted};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::engine::Engine;
use crate::layout::{ACCOUNTS, OUTCOME};
use crate::service::closed;

/// Entries read at once where the request names no number.
const BATCH_DEFAULT: usize = 1_000;
/// Entries that may be read at once.
const BATCH_MAX: usize = 10_000;
/// Bytes of a cursor.
const CURSOR_BYTES_MAX: usize = 256;
/// Outcomes on their way to a follower that does not read.
const IN_FLIGHT_MAX: usize = 256;

/// The feed service over an engine's storage.
#[derive(Clone, Debug)]
pub struct Feed {
    storage: Arc<dyn Storage>,
    closing: watch::Receiver<bool>,
}

impl Feed {
    /// The service; when `closing` becomes true, streams end.
    #[must_use]
    pub fn new(engine: &Engine, closing: watch::Receiver<bool>) -> Self {
        Self { storage: Arc::clone(engine.storage()), closing }
    }
}

type Responses = Pin<Box<dyn Stream<Item = Result<FollowResponse, Status>> + Send>>;

#[tonic::async_trait]
impl FeedService for Feed {
    type FollowStream = Responses;

    async fn follow(&self, request: Request<FollowRequest>) -> Result<Response<Self::FollowStream>, Status> {
        let request = request.into_inner();
        if request.cursor.len() > CURSOR_BYTES_MAX {
            return Err(Refusal::UnknownCursor.into_status());
        }
        let batch = match usize::try_from(request.batch_limit).unwrap_or(BATCH_MAX) {
            0 => BATCH_DEFAULT,
            wanted if wanted <= BATCH_MAX => wanted,
            _ => return Err(Refusal::fault("batch_limit", "must be 0 to 10,000").into_status()),
        };
        let (responses, stream) = mpsc::channel(IN_FLIGHT_MAX);
        let follower =
            Follower { storage: Arc::clone(&self.storage), responses, batch, until_caught_up: request.until_caught_up };
        let closing = self.closing.clone();
        tokio::spawn(async move { follower.follow(Cursor(request.cursor), closing).await });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

/// One stream.
struct Follower {
    storage: Arc<dyn Storage>,
    responses: mpsc::Sender<Result<FollowResponse, Status>>,
    batch: usize,
    until_caught_up: bool,
}

impl Follower {
    async fn follow(self, mut cursor: Cursor, mut closing: watch::Receiver<bool>) {
        let mut moved = self.storage.feed_moved();
        loop {
            // Marked as seen before reading, so that what is committed while reading wakes us again.
            moved.borrow_and_update();
            match self.send_what_is_there(&mut cursor).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(refusal) => {
                    let _ = self.responses.send(Err(refusal.into_status())).await;
                    return;
                }
            }
            if self.until_caught_up {
                return;
            }
            tokio::select! {
                changed = moved.changed() => if changed.is_err() { return },
                () = closed(&mut closing) => {
                    let _ = self.responses.send(Err(Refusal::ShuttingDown.into_status())).await;
                    return;
                }
                () = self.responses.closed() => return,
            }
        }
    }

    /// Sends every entry behind the cursor; false where the follower has left.
    async fn send_what_is_there(&self, cursor: &mut Cursor) -> Result<bool, Refusal> {
        loop {
            let entries = self.storage.feed(cursor, self.batch, Wanted::Kind(OUTCOME)).await.map_err(|error| refusal(&error))?;
            if entries.is_empty() {
                return Ok(true);
            }
            for entry in entries {
                for response in responses(&entry)? {
                    if self.responses.send(Ok(response)).await.is_err() {
                        return Ok(false);
                    }
                }
                *cursor = entry.cursor;
            }
        }
    }
}

/// A commit of several outcomes is as many responses; only the last one's cursor lies behind the commit,
/// so a follower that resumes between them gets the commit again, whole.
fn responses(entry: &FeedEntry) -> Result<Vec<FollowResponse>, Refusal> {
    let outcomes: Vec<&Bytes> = entry.rows.iter().map(|row| &row.value).collect();
    let last = outcomes.len().saturating_sub(1);
    let of_account = entry.partition.space == ACCOUNTS;
    let account_id = if of_account { String::from_utf8_lossy(&entry.partition.key).into_owned() } else { String::new() };
    outcomes
        .into_iter()
        .enumerate()
        .map(|(place, bytes)| {
            let outcome = Outcome::decode(bytes.clone()).map_err(|error| {
                tracing::error!(%error, "an outcome in the feed cannot be read");
                Refusal::Quarantined
            })?;
            Ok(FollowResponse {
                cursor: if place == last { entry.cursor.0.clone() } else { Bytes::new() },
                sequence: entry.committed.sequence,
                chain_hash: Bytes::copy_from_slice(&entry.committed.chain.0),
                account_id: account_id.clone(),
                account_version: if of_account { entry.committed.version.0 } else { 0 },
                outcome: Some(outcome),
            })
        })
        .collect()
}

fn refusal(error: &StorageError) -> Refusal {
    tracing::warn!(%error, "the feed cannot be read");
    match error {
        StorageError::Misuse(_) => Refusal::UnknownCursor,
        StorageError::Stopped(_) | StorageError::Unavailable(_) => Refusal::StorageStopped,
        StorageError::Damaged { .. } => Refusal::Quarantined,
    }
}
