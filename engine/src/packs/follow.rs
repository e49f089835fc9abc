//! One gateway that follows its pack: a head at once, again when something else is in force, and now and then so that the
//! gateway knows how old its pack is; content where it is another one than the gateway has.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tessera_contract::convert::timestamp_to_wire;
use tessera_contract::limits::{PACK_CHUNK_BYTES_MAX, PACK_CONTENT_BYTES_MAX};
use tessera_contract::pack::{PackHash, SignedPackHead};
use tessera_contract::refusal::Refusal;
use tessera_proto::gateway::v1::{FollowPackResponse, PackHead};
use tessera_rules::id::StoreId;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tonic::Status;

use super::{Made, Packs, PacksError};
use crate::clock::Clock;
use crate::service::closed;

/// How often it is looked whether something else is in force: memory alone is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After which time a head comes again.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// A stream.
pub(super) struct Follower {
    pub(super) packs: Arc<Packs>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stores: Vec<StoreId>,
    /// What the gateway has.
    pub(super) has: Option<PackHash>,
    pub(super) responses: mpsc::Sender<Result<FollowPackResponse, Status>>,
}

impl Follower {
    pub(super) async fn follow(mut self, mut closing: watch::Receiver<bool>) {
        let mut told: Option<((u64, u64), Instant)> = None;
        loop {
            let in_force = self.packs.in_force(self.clock.now());
            let is_due = told.is_none_or(|(numbers, at)| numbers != in_force || at.elapsed() >= TELL_EVERY);
            if is_due {
                told = Some((in_force, Instant::now()));
                if !self.tell().await {
                    return;
                }
            }
            tokio::select! {
                () = sleep(LOOK_EVERY) => {}
                () = closed(&mut closing) => return self.end(Refusal::ShuttingDown).await,
                () = self.responses.closed() => return,
            }
        }
    }

    /// Sends what is in force; false where the stream is over.
    async fn tell(&mut self) -> bool {
        let (made, signed) = match self.packs.current(&self.stores, self.clock.now()).await {
            Ok(current) => current,
            Err(error) => {
                tracing::error!(%error, "a gateway gets no rule pack");
                self.end(refusal(&error)).await;
                return false;
            }
        };
        for response in responses(&made, &signed, self.has) {
            if self.responses.send(Ok(response)).await.is_err() {
                return false;
            }
        }
        self.has = Some(made.hash);
        true
    }

    async fn end(&self, refusal: Refusal) {
        let _ = self.responses.send(Err(refusal.into_status())).await;
    }
}

fn refusal(error: &PacksError) -> Refusal {
    match error {
        PacksError::TooLarge { .. } => Refusal::LimitExceeded {
            what: "bytes of a rule pack",
            limit: u64::try_from(PACK_CONTENT_BYTES_MAX).unwrap_or(u64::MAX),
        },
        PacksError::Programs(_) | PacksError::Making { .. } | PacksError::Opening { .. } => Refusal::StorageStopped,
    }
}

/// The head alone where the gateway has the content, else the content's chunks, made one after another.
fn responses(made: &Made, signed: &SignedPackHead, has: Option<PackHash>) -> impl Iterator<Item = FollowPackResponse> {
    let content = if has == Some(made.hash) { Bytes::new() } else { made.content.clone() };
    let count = content.len().div_ceil(PACK_CHUNK_BYTES_MAX);
    let alone = FollowPackResponse {
        head: Some(head(signed)),
        signature: signed.signature.to_vec(),
        chunk_index: 0,
        chunk_count: number(count),
        chunk: Bytes::new(),
    };
    (0..count.max(1)).map(move |index| {
        let begin = index.saturating_mul(PACK_CHUNK_BYTES_MAX).min(content.len());
        let end = begin.saturating_add(PACK_CHUNK_BYTES_MAX).min(content.len());
        FollowPackResponse { chunk_index: number(index), chunk: content.slice(begin..end), ..alone.clone() }
    })
}

fn head(signed: &SignedPackHead) -> PackHead {
    let head = &signed.head;
    PackHead {
        pack_hash: head.pack.0.to_vec(),
        revision: head.revision,
        catalogue: head.catalogue,
        stores_hash: head.stores.to_vec(),
        stated_at: Some(timestamp_to_wire(head.stated_at)),
        valid_until: Some(timestamp_to_wire(head.valid_until)),
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
