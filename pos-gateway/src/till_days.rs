//! What tills ask beside their calls: to close their day. Rule packs are an engine's to serve.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::Stream;
use tessera_contract::Refusal;
use tessera_contract::till_day::read_close;
use tessera_identity::Caller;
use tessera_proto::gateway::v1::gateway_service_server::GatewayService;
use tessera_proto::gateway::v1::{CloseTillDayRequest, CloseTillDayResponse, FollowPackRequest, FollowPackResponse};
use tonic::{Request, Response, Status};

use crate::forward::Forwarder;

/// The service over a gateway.
#[derive(Debug)]
pub(crate) struct TillDays {
    pub(crate) forwarder: Arc<Forwarder>,
}

#[tonic::async_trait]
impl GatewayService for TillDays {
    type FollowPackStream = Pin<Box<dyn Stream<Item = Result<FollowPackResponse, Status>> + Send>>;

    async fn follow_pack(&self, _: Request<FollowPackRequest>) -> Result<Response<Self::FollowPackStream>, Status> {
        Err(Refusal::NotYetServed { call: "FollowPack" }.into_status())
    }

    async fn close_till_day(&self, request: Request<CloseTillDayRequest>) -> Result<Response<CloseTillDayResponse>, Status> {
        let caller = Caller::of(request.extensions());
        let request = request.into_inner();
        let admitted = caller.speaks_for(&request.store_id, &request.till_id);
        admitted.map_err(|_| Refusal::ForeignStore.into_status())?;
        let said = read_close(&request).map_err(Refusal::into_status)?;
        self.forwarder.close_said(&said).await.map(Response::new)
    }
}
