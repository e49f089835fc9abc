//! Follows the pack at an engine: what comes is looked at, kept on disk, and then decides.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tessera_contract::CONTRACT_MINOR;
use tessera_contract::convert::timestamp_from_wire;
use tessera_contract::limits::PACK_CONTENT_BYTES_MAX;
use tessera_contract::pack::{OpenedPack, PackError, PackHash, PackHead, SignedPackHead};
use tessera_proto::gateway::v1::gateway_service_client::GatewayServiceClient;
use tessera_proto::gateway::v1::{FollowPackRequest, FollowPackResponse};
use tokio::time::{sleep, timeout};
use tonic::Status;

use super::disk::{self, DiskError};
use super::{Held, Shelf};
use crate::limits::{FOLLOW_AGAIN_AFTER, FOLLOW_SILENT_MAX};
use crate::upstream::Upstream;

/// Why a stream was given up.
#[derive(Debug, thiserror::Error)]
enum Given {
    #[error("{0}")]
    Status(#[from] Status),
    #[error("no word for longer than there may be none")]
    Silent,
    #[error("a head that the engines' key has not signed for the stores of this gateway")]
    Head,
    #[error("chunks that make no pack")]
    Chunks,
    #[error("{0}")]
    Pack(#[from] PackError),
    #[error("the gateway is going down")]
    GoingDown,
}

/// What has come of a content.
struct Coming {
    signed: SignedPackHead,
    bytes: BytesMut,
    chunks: u32,
}

/// Loads what is on disk, then follows the engines for as long as the gateway is there.
pub(crate) async fn follow(shelf: Arc<Shelf>, upstream: &Upstream, gateway_id: &str) {
    let loading = Arc::clone(&shelf);
    match tokio::task::spawn_blocking(move || disk::load(&loading.config)).await {
        Ok(Ok(Some(held))) => shelf.hold(held),
        Ok(Ok(None)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the rule pack on disk is not used"),
        Err(error) => tracing::error!(%error, "the rule pack on disk could not be read"),
    }
    for attempt in 0_usize.. {
        let channel = upstream.channel(attempt);
        let client = GatewayServiceClient::new(channel);
        if let Err(given) = stream(&shelf, client, gateway_id).await {
            tracing::info!(why = %given, "the rule pack is not followed for a moment");
        }
        sleep(FOLLOW_AGAIN_AFTER).await;
    }
}

async fn stream(
    shelf: &Arc<Shelf>,
    mut client: GatewayServiceClient<tonic::transport::Channel>,
    gateway_id: &str,
) -> Result<(), Given> {
    let request = FollowPackRequest {
        contract_minor: CONTRACT_MINOR,
        gateway_id: gateway_id.to_owned(),
        store_ids: shelf.config.stores.iter().map(|store| store.as_str().to_owned()).collect(),
        pack_hash: shelf.held().map(|held| held.signed.head.pack.0.to_vec()).unwrap_or_default(),
    };
    let opening = timeout(FOLLOW_SILENT_MAX, client.follow_pack(request));
    let mut responses = opening.await.map_err(|_| Given::Silent)??.into_inner();
    let mut coming = None;
    loop {
        let next = timeout(FOLLOW_SILENT_MAX, responses.message()).await.map_err(|_| Given::Silent)??;
        let Some(response) = next else { return Ok(()) };
        let signed = signed(&response).filter(|signed| disk::is_for(&shelf.config, signed)).ok_or(Given::Head)?;
        if response.chunk_count == 0 {
            told(shelf, signed).await?;
        } else if let Some((signed, content)) = gather(&mut coming, signed, response)? {
            taken(shelf, signed, content).await?;
        }
    }
}

/// Adds a chunk; the whole content where it was the last one.
fn gather(
    coming: &mut Option<Coming>,
    signed: SignedPackHead,
    response: FollowPackResponse,
) -> Result<Option<(SignedPackHead, Bytes)>, Given> {
    if response.chunk_index == 0 {
        *coming = Some(Coming { signed: signed.clone(), bytes: BytesMut::new(), chunks: 0 });
    }
    let mut gathered = coming.take().filter(|coming| coming.signed == signed && coming.chunks == response.chunk_index);
    let gathering = gathered.as_mut().ok_or(Given::Chunks)?;
    if gathering.bytes.len().saturating_add(response.chunk.len()) > PACK_CONTENT_BYTES_MAX {
        return Err(Given::Chunks);
    }
    gathering.bytes.extend_from_slice(&response.chunk);
    gathering.chunks = gathering.chunks.saturating_add(1);
    if gathering.chunks < response.chunk_count {
        *coming = gathered;
        return Ok(None);
    }
    Ok(gathered.map(|gathered| (gathered.signed, gathered.bytes.freeze())))
}

/// A word on the pack that is there.
async fn told(shelf: &Arc<Shelf>, signed: SignedPackHead) -> Result<(), Given> {
    let held = shelf.held().filter(|held| held.signed.head.pack == signed.head.pack).ok_or(Given::Chunks)?;
    shelf.hold(Held { opened: Arc::clone(&held.opened), signed: signed.clone() });
    let shelf = Arc::clone(shelf);
    apart(move || kept(disk::keep_head(&shelf.config, &signed))).await
}

/// Another pack: it decides from now on, also where the disk does not take it.
async fn taken(shelf: &Arc<Shelf>, signed: SignedPackHead, content: Bytes) -> Result<(), Given> {
    let shelf = Arc::clone(shelf);
    let work = move || {
        let opened = Arc::new(OpenedPack::open(signed.head.pack, &content)?);
        tracing::info!(pack = %signed.head.pack, revision = signed.head.revision, catalogue = signed.head.catalogue, "rule pack");
        shelf.hold(Held { opened, signed: signed.clone() });
        let keeping = disk::keep_content(&shelf.config, signed.head.pack, &content);
        kept(keeping.and_then(|()| disk::keep_head(&shelf.config, &signed)))
    };
    apart(work).await
}

fn kept(keeping: Result<(), DiskError>) -> Result<(), Given> {
    if let Err(error) = keeping {
        tracing::error!(%error, "the rule pack is not on disk: a restart without an engine would be without it");
    }
    Ok(())
}

async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Given> + Send + 'static) -> Result<T, Given> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Given::GoingDown))
}

fn signed(response: &FollowPackResponse) -> Option<SignedPackHead> {
    let head = response.head.as_ref()?;
    let head = PackHead {
        pack: PackHash(head.pack_hash.as_slice().try_into().ok()?),
        revision: head.revision,
        catalogue: head.catalogue,
        stores: head.stores_hash.as_slice().try_into().ok()?,
        stated_at: timestamp_from_wire(head.stated_at.as_ref()?)?,
        valid_until: timestamp_from_wire(head.valid_until.as_ref()?)?,
    };
    Some(SignedPackHead { head, signature: response.signature.as_slice().try_into().ok()? })
}
