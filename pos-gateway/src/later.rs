//! What the contract has for gateways and nothing serves yet: rule packs and the close of a till's day.

use std::pin::Pin;

use tessera_contract::Refusal;
use tessera_proto::gateway::v1::gateway_service_server::GatewayService;
use tessera_proto::gateway::v1::{CloseTillDayRequest, CloseTillDayResponse, FollowPackRequest, FollowPackResponse};
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

/// Answers every call with `UNIMPLEMENTED` (`NOT_YET_SERVED`).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Later;

#[tonic::async_trait]
impl GatewayService for Later {
    type FollowPackStream = Pin<Box<dyn Stream<Item = Result<FollowPackResponse, Status>> + Send>>;

    async fn follow_pack(&self, _request: Request<FollowPackRequest>) -> Result<Response<Self::FollowPackStream>, Status> {
        Err(Refusal::NotYetServed { call: "FollowPack" }.into_status())
    }

    async fn close_till_day(&self, _request: Request<CloseTillDayRequest>) -> Result<Response<CloseTillDayResponse>, Status> {
        Err(Refusal::NotYetServed { call: "CloseTillDay" }.into_status())
    }
}
