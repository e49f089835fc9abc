//! What gateways ask beside the tills' calls: to follow a rule pack, and to close a till's day.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::Stream;
use tessera_contract::limits::{PACK_STORES_MAX, SHORT_TEXT_CHARACTERS_MAX};
use tessera_contract::pack::PackHash;
use tessera_contract::read::check_contract_minor;
use tessera_contract::refusal::Refusal;
use tessera_contract::till_day::{SaidDay, read_close};
use tessera_identity::{Caller, NotAllowed};
use tessera_proto::gateway::v1::gateway_service_server::GatewayService;
use tessera_proto::gateway::v1::{CloseTillDayRequest, CloseTillDayResponse, FollowPackRequest, FollowPackResponse};
use tessera_rules::id::StoreId;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::follow::Follower;
use crate::engine::Engine;

/// Responses on their way to a gateway that does not read: of the largest pack 2 MiB.
const IN_FLIGHT_MAX: usize = 4;

/// The service over an engine's packs.
#[derive(Clone, Debug)]
pub(crate) struct GatewayCalls {
    engine: Engine,
    closing: watch::Receiver<bool>,
}

impl GatewayCalls {
    /// The service; when `closing` becomes true, streams end.
    pub(crate) fn new(engine: Engine, closing: watch::Receiver<bool>) -> Self {
        Self { engine, closing }
    }
}

#[tonic::async_trait]
impl GatewayService for GatewayCalls {
    type FollowPackStream = Pin<Box<dyn Stream<Item = Result<FollowPackResponse, Status>> + Send>>;

    async fn follow_pack(&self, request: Request<FollowPackRequest>) -> Result<Response<Self::FollowPackStream>, Status> {
        let caller = Caller::of(request.extensions());
        let request = request.into_inner();
        let (stores, has) = read(&request).map_err(Refusal::into_status)?;
        admit(&caller, &stores).map_err(|_| Refusal::ForeignStore.into_status())?;
        let (responses, stream) = mpsc::channel(IN_FLIGHT_MAX);
        let core = &self.engine.core;
        let follower = Follower { packs: Arc::clone(&core.packs), clock: Arc::clone(&core.clock), stores, has, responses };
        tracing::info!(gateway = request.gateway_id, stores = request.store_ids.len(), "a gateway follows its rule pack");
        tokio::spawn(follower.follow(self.closing.clone()));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn close_till_day(&self, request: Request<CloseTillDayRequest>) -> Result<Response<CloseTillDayResponse>, Status> {
        let caller = Caller::of(request.extensions());
        let request = request.into_inner();
        let admitted = caller.speaks_for(&request.store_id, &request.till_id);
        admitted.map_err(|_| Refusal::ForeignStore.into_status())?;
        let said = read_said(&request).map_err(Refusal::into_status)?;
        let closed = self.engine.core.close_till_day(&said, &request.gateway_id).await;
        closed.map(Response::new).map_err(Refusal::into_status)
    }
}

/// A gateway gets the pack of its own stores (H73).
fn admit(caller: &Caller, stores: &[StoreId]) -> Result<(), NotAllowed> {
    match stores {
        [] => caller.forwards_for(None),
        stores => stores.iter().try_for_each(|store| caller.forwards_for(Some(store.as_str()))),
    }
}

fn read_said(request: &CloseTillDayRequest) -> Result<SaidDay, Refusal> {
    if !request.gateway_id.is_empty() && !is_gateway_id(&request.gateway_id) {
        return Err(Refusal::fault("gateway_id", "must have 1 to 64 printable ASCII characters"));
    }
    read_close(request)
}

fn is_gateway_id(id: &str) -> bool {
    (1..=SHORT_TEXT_CHARACTERS_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn read(request: &FollowPackRequest) -> Result<(Vec<StoreId>, Option<PackHash>), Refusal> {
    check_contract_minor(request.contract_minor)?;
    if !is_gateway_id(&request.gateway_id) {
        return Err(Refusal::fault("gateway_id", "must have 1 to 64 printable ASCII characters"));
    }
    if request.store_ids.len() > PACK_STORES_MAX {
        return Err(Refusal::fault("store_ids", "has more than 10,000 stores"));
    }
    let wrong = |place: usize| Refusal::fault(format!("store_ids[{place}]"), "is no store id");
    let stores = request.store_ids.iter().enumerate().map(|(place, id)| StoreId::parse(id).map_err(|_| wrong(place)));
    let stores = stores.collect::<Result<_, _>>()?;
    if request.pack_hash.is_empty() {
        return Ok((stores, None));
    }
    let hash = request.pack_hash.as_slice().try_into();
    Ok((stores, Some(PackHash(hash.map_err(|_| Refusal::fault("pack_hash", "must have 32 bytes or none"))?))))
}
