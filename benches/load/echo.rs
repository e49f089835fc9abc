//! The yardstick: decodes the same requests, builds an answer of the engine's own size, encodes it.

use std::pin::Pin;

use tessera_contract::limits::MESSAGE_BYTES_MAX;
use tessera_proto::billing::v1;
use tessera_proto::billing::v1::billing_service_server::{BillingService, BillingServiceServer};
use tessera_proto::billing::v1::converse_request::Call;
use tessera_proto::billing::v1::converse_response::Result as Answered;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

/// Answers of a stream that may wait for the connection, as in the engine.
const STREAM_ANSWERS_MAX: usize = 1_024;

/// Answers every call with the same.
#[derive(Clone, Debug)]
pub(crate) struct Echo {
    pub(crate) quote: v1::QuoteResponse,
    pub(crate) settle: v1::SettleResponse,
}

impl Echo {
    /// The service with the engine's limits.
    pub(crate) fn service(self) -> BillingServiceServer<Self> {
        BillingServiceServer::new(self).max_decoding_message_size(MESSAGE_BYTES_MAX).max_encoding_message_size(MESSAGE_BYTES_MAX)
    }

    fn answer(&self, request: v1::ConverseRequest) -> v1::ConverseResponse {
        let result = match request.call {
            Some(Call::Quote(_)) => Answered::Quote(self.quote.clone()),
            Some(Call::Settle(_)) => Answered::Settle(self.settle.clone()),
            other => panic!("neither a quote nor a settle: {other:?}"),
        };
        v1::ConverseResponse { correlation_id: request.correlation_id, result: Some(result) }
    }
}

fn unused<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("the yardstick answers quotes and settles"))
}

#[tonic::async_trait]
impl BillingService for Echo {
    type ConverseStream = Pin<Box<dyn Stream<Item = Result<v1::ConverseResponse, Status>> + Send>>;

    async fn quote(&self, _: Request<v1::QuoteRequest>) -> Result<Response<v1::QuoteResponse>, Status> {
        Ok(Response::new(self.quote.clone()))
    }

    async fn settle(&self, _: Request<v1::SettleRequest>) -> Result<Response<v1::SettleResponse>, Status> {
        Ok(Response::new(self.settle.clone()))
    }

    /// One task reads, builds and hands over: there is nothing to wait for that a task of its own would help.
    async fn converse(&self, request: Request<Streaming<v1::ConverseRequest>>) -> Result<Response<Self::ConverseStream>, Status> {
        let (answers, stream) = mpsc::channel(STREAM_ANSWERS_MAX);
        let (echo, mut requests) = (self.clone(), request.into_inner());
        tokio::spawn(async move {
            while let Some(Ok(request)) = requests.next().await {
                if answers.send(Ok(echo.answer(request))).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn void(&self, _: Request<v1::VoidRequest>) -> Result<Response<v1::VoidResponse>, Status> {
        unused()
    }

    async fn r#return(&self, _: Request<v1::ReturnRequest>) -> Result<Response<v1::ReturnResponse>, Status> {
        unused()
    }

    async fn claim(&self, _: Request<v1::ClaimRequest>) -> Result<Response<v1::ClaimResponse>, Status> {
        unused()
    }

    async fn identify(&self, _: Request<v1::IdentifyRequest>) -> Result<Response<v1::IdentifyResponse>, Status> {
        unused()
    }

    async fn enrol(&self, _: Request<v1::EnrolRequest>) -> Result<Response<v1::EnrolResponse>, Status> {
        unused()
    }

    async fn answer_prompts(&self, _: Request<v1::AnswerPromptsRequest>) -> Result<Response<v1::AnswerPromptsResponse>, Status> {
        unused()
    }

    async fn hand_over(&self, _: Request<v1::HandOverRequest>) -> Result<Response<v1::HandOverResponse>, Status> {
        unused()
    }

    async fn get_receipt(&self, _: Request<v1::GetReceiptRequest>) -> Result<Response<v1::GetReceiptResponse>, Status> {
        unused()
    }
}
