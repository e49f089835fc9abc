//! One connection for one command: no repeats and no last answer of its own, so that a person sees what the server
//! really said.

use tessera_identity::{Callee, ConnectError};
use tessera_proto::billing::v1::billing_service_client::BillingServiceClient;
use tessera_proto::billing::v1::{
    AnswerPromptsRequest, AnswerPromptsResponse, ClaimRequest, ClaimResponse, EnrolRequest, EnrolResponse, GetReceiptRequest,
    GetReceiptResponse, IdentifyRequest, IdentifyResponse, QuoteRequest, QuoteResponse, ReturnRequest, ReturnResponse,
    SettleRequest, SettleResponse, VoidRequest, VoidResponse,
};
use tessera_till::{BUDGET_DEFAULT, CallName, MESSAGE_BYTES_MAX, Refusal};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use super::failure::TillFailure;
use crate::cli::reach::identity_for;

/// The way to a gateway or an engine.
#[derive(Clone, Debug)]
pub(in super::super) struct Link {
    endpoint: String,
    client: BillingServiceClient<Channel>,
}

impl Link {
    /// Connects when it is first used. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The endpoint is no address, or asks for a certificate that there is not.
    pub(in super::super) fn open(endpoint: &str) -> Result<Self, TillFailure> {
        let no_address = || TillFailure::Endpoint { endpoint: endpoint.to_owned() };
        let parsed = Endpoint::from_shared(endpoint.to_owned()).map_err(|_| no_address())?;
        if parsed.uri().port().is_none() {
            return Err(no_address());
        }
        let identity = identity_for(&parsed).map_err(|why| TillFailure::Identity(why.to_string()))?;
        let channel = tessera_identity::channel(
            &parsed.connect_timeout(BUDGET_DEFAULT).tcp_nodelay(true),
            identity.as_ref(),
            Callee::EngineOrGateway,
        );
        let channel = channel.map_err(|why| match why {
            ConnectError::NoAddress { .. } => no_address(),
            ConnectError::NoIdentity { .. } | ConnectError::Nobody { .. } | ConnectError::NoAnswer { .. } => {
                TillFailure::Identity(why.to_string())
            }
        })?;
        let client = BillingServiceClient::new(channel)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        Ok(Self { endpoint: endpoint.to_owned(), client })
    }

    pub(in super::super) async fn quote(&self, request: QuoteRequest) -> Result<QuoteResponse, TillFailure> {
        self.end(CallName::Quote, self.client.clone().quote(within_budget(request)).await)
    }

    pub(super) async fn settle(&self, request: SettleRequest) -> Result<SettleResponse, TillFailure> {
        self.end(CallName::Settle, self.client.clone().settle(within_budget(request)).await)
    }

    pub(super) async fn void(&self, request: VoidRequest) -> Result<VoidResponse, TillFailure> {
        self.end(CallName::Void, self.client.clone().void(within_budget(request)).await)
    }

    pub(super) async fn return_goods(&self, request: ReturnRequest) -> Result<ReturnResponse, TillFailure> {
        self.end(CallName::Return, self.client.clone().r#return(within_budget(request)).await)
    }

    pub(super) async fn get_receipt(&self, request: GetReceiptRequest) -> Result<GetReceiptResponse, TillFailure> {
        self.end(CallName::GetReceipt, self.client.clone().get_receipt(within_budget(request)).await)
    }

    pub(super) async fn claim(&self, request: ClaimRequest) -> Result<ClaimResponse, TillFailure> {
        self.end(CallName::Claim, self.client.clone().claim(within_budget(request)).await)
    }

    pub(super) async fn identify(&self, request: IdentifyRequest) -> Result<IdentifyResponse, TillFailure> {
        self.end(CallName::Identify, self.client.clone().identify(within_budget(request)).await)
    }

    pub(super) async fn enrol(&self, request: EnrolRequest) -> Result<EnrolResponse, TillFailure> {
        self.end(CallName::Enrol, self.client.clone().enrol(within_budget(request)).await)
    }

    pub(super) async fn answer_prompts(&self, request: AnswerPromptsRequest) -> Result<AnswerPromptsResponse, TillFailure> {
        self.end(CallName::AnswerPrompts, self.client.clone().answer_prompts(within_budget(request)).await)
    }

    fn end<T>(&self, call: CallName, ended: Result<Response<T>, Status>) -> Result<T, TillFailure> {
        ended.map(Response::into_inner).map_err(|status| TillFailure::Call {
            call,
            endpoint: self.endpoint.clone(),
            refusal: Box::new(Refusal::from(status)),
        })
    }
}

/// A till's budget goes with every call.
fn within_budget<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(BUDGET_DEFAULT);
    request
}
