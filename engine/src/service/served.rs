//! The billing service as it is served: the generated one, but for the calls whose answers carry an outcome as
//! stored bytes, which the generated code has no type for.

use std::convert::Infallible;
use std::task::{Context, Poll};

use tessera_contract::limits::MESSAGE_BYTES_MAX;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::BillingServiceServer;
use tonic::body::Body;
use tonic::codegen::{Body as HttpBody, BoxFuture, Service, StdError, http};
use tonic::server::{Grpc, NamedService, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use super::answers::{ConverseAnswer, SettleAnswer};
use super::{Billing, converse};

const SETTLE: &str = "/tessera.billing.v1.BillingService/Settle";
const CONVERSE: &str = "/tessera.billing.v1.BillingService/Converse";

/// A billing service for a server, with the contract's limits of a message.
#[derive(Clone, Debug)]
pub struct ServedBilling {
    billing: Billing,
    generated: BillingServiceServer<Billing>,
}

impl ServedBilling {
    /// Serves it.
    #[must_use]
    pub fn new(billing: Billing) -> Self {
        let generated = BillingServiceServer::new(billing.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Self { billing, generated }
    }
}

impl NamedService for ServedBilling {
    const NAME: &'static str = <BillingServiceServer<Billing> as NamedService>::NAME;
}

impl<B> Service<http::Request<B>> for ServedBilling
where
    B: HttpBody + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let billing = || self.billing.clone();
        match request.uri().path() {
            SETTLE => {
                let method = SettleMethod(billing());
                Box::pin(async move { Ok(grpc().unary(method, request).await) })
            }
            CONVERSE => {
                let method = ConverseMethod(billing());
                Box::pin(async move { Ok(grpc().streaming(method, request).await) })
            }
            _ => self.generated.call(request),
        }
    }
}

fn grpc<T, U>() -> Grpc<ProstCodec<T, U>>
where
    T: prost::Message + Send + 'static,
    U: prost::Message + Default + Send + 'static,
{
    Grpc::new(ProstCodec::default()).apply_max_message_size_config(Some(MESSAGE_BYTES_MAX), Some(MESSAGE_BYTES_MAX))
}

struct SettleMethod(Billing);

impl UnaryService<v1::SettleRequest> for SettleMethod {
    type Response = SettleAnswer;
    type Future = BoxFuture<Response<Self::Response>, Status>;

    fn call(&mut self, request: Request<v1::SettleRequest>) -> Self::Future {
        let billing = self.0.clone();
        Box::pin(async move { billing.settle_as_stored(request).await.map(Response::new).map_err(Status::from) })
    }
}

struct ConverseMethod(Billing);

impl StreamingService<v1::ConverseRequest> for ConverseMethod {
    type Response = ConverseAnswer;
    type ResponseStream = converse::Answers;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Streaming<v1::ConverseRequest>>) -> Self::Future {
        let answers = self.0.converse_as_stored(request);
        Box::pin(async move { Ok(Response::new(answers)) })
    }
}
